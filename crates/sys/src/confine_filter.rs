//! The system calls that a process behind walls is refused: with EPERM, which does not look like a fault of the network or of
//! the disk.

use std::collections::BTreeMap;
use std::io;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

use crate::confine::{Sockets, Walls};

/// A call, and of which arguments it is refused; of none: always.
type Refusal = (libc::c_long, Vec<SeccompRule>);

/// Ready for the kernel.
pub(crate) fn filter(walls: &Walls) -> io::Result<BpfProgram> {
    let mut refused = around()?;
    refused.extend(sockets(walls.sockets)?);
    if walls.files.as_ref().is_some_and(|files| files.nothing_changes) {
        refused.extend(METADATA.iter().map(|call| (*call, Vec::new())));
    }
    let by_number = |(call, rules): Refusal| numbers(call).map(move |number| (number, rules.clone()));
    let rules: BTreeMap<_, _> = refused.into_iter().flat_map(by_number).collect();
    let (others, these) = (SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32));
    let machine = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    SeccompFilter::new(rules, others, these, machine).and_then(BpfProgram::try_from).map_err(io::Error::other)
}

/// What goes around walls: calls that are not made by system calls, the user's keyrings, and typing into a terminal for its
/// shell to read.
fn around() -> io::Result<Vec<Refusal>> {
    let whole = [libc::SYS_io_uring_setup, libc::SYS_add_key, libc::SYS_keyctl, libc::SYS_request_key];
    let typing = [libc::TIOCSTI, libc::TIOCLINUX].map(|request| when(1, SeccompCmpOp::Eq, request));
    let typing = typing.into_iter().collect::<io::Result<_>>()?;
    Ok(whole.map(|call| (call, Vec::new())).into_iter().chain([(libc::SYS_ioctl, typing)]).collect())
}

fn sockets(left: Sockets) -> io::Result<Vec<Refusal>> {
    Ok(match left {
        Sockets::All => Vec::new(),
        Sockets::Unix => vec![(libc::SYS_socket, vec![when(0, SeccompCmpOp::Ne, libc::AF_UNIX as u64)?])],
        Sockets::None => {
            // Of a pair of datagram sockets each can still send to whatever has a name.
            let datagrams = when(1, SeccompCmpOp::MaskedEq(TYPE), libc::SOCK_DGRAM as u64)?;
            vec![(libc::SYS_socket, Vec::new()), (libc::SYS_socketpair, vec![datagrams])]
        }
    })
}

/// A socket's type without its flags.
const TYPE: u64 = 0xf;

/// What landlock leaves: mode, owner, times and attributes of files, wherever they are.
const METADATA: &[libc::c_long] = &[
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utime,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_utimes,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_futimesat,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_utimensat,
    libc::SYS_setxattr,
    libc::SYS_lsetxattr,
    libc::SYS_fsetxattr,
    SETXATTRAT,
    libc::SYS_removexattr,
    libc::SYS_lremovexattr,
    libc::SYS_fremovexattr,
    REMOVEXATTRAT,
    FILE_SETATTR,
];

// The same number on every machine, and newer than the C library's headers.
const FCHMODAT2: libc::c_long = 452;
const SETXATTRAT: libc::c_long = 463;
const REMOVEXATTRAT: libc::c_long = 466;
const FILE_SETATTR: libc::c_long = 469;

fn when(argument: u8, op: SeccompCmpOp, value: u64) -> io::Result<SeccompRule> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, op, value);
    condition.and_then(|condition| SeccompRule::new(vec![condition])).map_err(io::Error::other)
}

/// The numbers of a call. A program for x86-64 can make it by those of x32 as well; that of another machine (i386) ends of
/// SIGSYS, whatever it calls.
fn numbers(call: libc::c_long) -> impl Iterator<Item = i64> {
    const X32: i64 = 0x4000_0000;
    let there = if call == libc::SYS_ioctl { 514 } else { call };
    let x32 = cfg!(target_arch = "x86_64").then_some(there | X32);
    [Some(call), x32].into_iter().flatten()
}
