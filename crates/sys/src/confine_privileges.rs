//! Giving up what walls are no hindrance to: some of root's capabilities.

/// What has an effect past all walls: reading memory and the kernel's, mounting, loading modules, devices, raw file handles.
/// Linux numbers them; without `no_new_privs`, root would have them again with the next program.
const PAST_WALLS: u64 = {
    const DAC_READ_SEARCH: u64 = 2;
    const NET_ADMIN: u64 = 12;
    const SYS_MODULE: u64 = 16;
    const SYS_RAWIO: u64 = 17;
    const SYS_PTRACE: u64 = 19;
    const SYS_ADMIN: u64 = 21;
    const SYS_BOOT: u64 = 22;
    const SYS_TIME: u64 = 25;
    const MKNOD: u64 = 27;
    const MAC_OVERRIDE: u64 = 32;
    const MAC_ADMIN: u64 = 33;
    const SYSLOG: u64 = 34;
    const PERFMON: u64 = 38;
    const BPF: u64 = 39;
    const CHECKPOINT_RESTORE: u64 = 40;
    1 << DAC_READ_SEARCH
        | 1 << NET_ADMIN
        | 1 << SYS_MODULE
        | 1 << SYS_RAWIO
        | 1 << SYS_PTRACE
        | 1 << SYS_ADMIN
        | 1 << SYS_BOOT
        | 1 << SYS_TIME
        | 1 << MKNOD
        | 1 << MAC_OVERRIDE
        | 1 << MAC_ADMIN
        | 1 << SYSLOG
        | 1 << PERFMON
        | 1 << BPF
        | 1 << CHECKPOINT_RESTORE
};

/// As the kernel has it: the version of this layout, and which thread; 0: this one.
#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

/// Those that have effect, that may be taken, that programs inherit: each the lower or the upper half.
#[repr(C)]
#[derive(Clone, Copy)]
struct Half {
    sets: [u32; 3],
}

/// Async-signal-safe. False: `errno` says why.
pub(crate) fn give_up_privileges() -> bool {
    let mut header = Header { version: 0x2008_0522, pid: 0 };
    let mut halves = [Half { sets: [0; 3] }; 2];
    // SAFETY: both are laid out as the kernel's of this version, and live until it returns.
    if unsafe { libc::syscall(libc::SYS_capget, &raw mut header, &raw mut halves) } != 0 {
        return false;
    }
    for (half, past) in halves.iter_mut().zip([PAST_WALLS as u32, (PAST_WALLS >> 32) as u32]) {
        half.sets = half.sets.map(|set| set & !past);
    }
    // SAFETY: as above.
    unsafe { libc::syscall(libc::SYS_capset, &raw const header, &raw const halves) == 0 }
}
