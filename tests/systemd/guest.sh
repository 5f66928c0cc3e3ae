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

# What was killed takes its time to go.
soon() {
    # shellcheck disable=SC2317  # called by check
    for _ in $(seq 300); do
        "$@" && return
        sleep 0.2
    done
    # shellcheck disable=SC2317
    return 1
}

printf '[queue.small]\nmemory = "64M"\n' >>/etc/ganger/ganger.toml
systemd-sysusers ganger.conf
check "it starts" systemctl start ganger
pid=$(show MainPID)
check "a job runs" ganger submit --wait true
check "it has stepped aside" grep -q "/ganger.$pid.self$" "/proc/$pid/cgroup"
check "it hands memory on" grep -q memory "$(group)/cgroup.subtree_control"

# A task above its own limit: the kernel kills it, with all that it has started, and nobody else.
check "a task above its limit fails" fails ganger submit --wait --queue small sh -c 'tail /dev/zero & wait'
check "the kernel held it to that" grep -q '^oom_kill [1-9]' "$(group)/memory.events"
check "nothing is left of it" soon fails pgrep tail
check "the service has not noticed" test "$(show MainPID)" = "$pid"

# The unit as a whole has little memory, and a task wants all of it: the kernel kills the largest process.
systemctl set-property --runtime ganger MemoryMax=200M MemorySwapMax=0
check "a task that takes all memory fails" fails ganger submit --wait tail /dev/zero
check "the kernel has killed it" journalctl -q -u ganger --grep 'killed by the OOM killer'
check "the service lives" test "$(show MainPID) $(show ActiveState)" = "$pid active"
check "the next job runs" ganger submit --wait true

check "it stops" systemctl stop ganger
check "it stops well" test "$(show Result)" = success

[[ $failed == 0 ]] || journalctl --no-pager -u ganger
exit "$failed"
