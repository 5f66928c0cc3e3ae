#!/usr/bin/env bash
# What tests/systemd/guest.rs has checked inside: a line for each, and the journal if one does not hold. Nothing here is
# quick: qemu interprets.
set -u
export GANGER_CONNECT=unix:/run/ganger/ganger.sock
failed=0

check() {
    local what=$1
    shift
    if "$@"; then echo "ok $what"; else echo "NOT OK $what: $*"; failed=1; fi
}

show() { systemctl show --value -p "$1" ganger; }
group() { echo "/sys/fs/cgroup$(show ControlGroup)"; }
fails() {
    # shellcheck disable=SC2317  # called by check
    ! "$@"
}

systemd-sysusers ganger.conf
check "it starts" systemctl start ganger
pid=$(show MainPID)
check "a job runs" ganger submit --wait true
check "it has stepped aside" grep -q "/ganger.$pid.self$" "/proc/$pid/cgroup"
check "it hands memory on" grep -q memory "$(group)/cgroup.subtree_control"

# The unit as a whole has little memory, and a task wants all of it: the kernel kills the largest process.
systemctl set-property --runtime ganger MemoryMax=200M MemorySwapMax=0
check "a task that takes all memory fails" fails ganger submit --wait tail /dev/zero
check "the kernel has killed it" grep -q '^oom_kill [1-9]' "$(group)/memory.events"
check "the service lives" test "$(show MainPID) $(show ActiveState)" = "$pid active"
check "the next job runs" ganger submit --wait true

check "it stops" systemctl stop ganger
check "it stops well" test "$(show Result)" = success

[[ $failed == 0 ]] || journalctl --no-pager -u ganger
exit "$failed"
