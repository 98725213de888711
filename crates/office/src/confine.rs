//! What the kernel keeps the child from, whatever a document makes of it.
//!
//! LibreOffice's own settings are not enough: with all of them, slides of OpenDocument still fetch the pictures they link to.
#![expect(unsafe_code, reason = "what a child is confined to is said between its fork and its program")]

use crate::program::Program;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, Scope,
};
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::Path;
use tokio::process::Command;

/// Libraries: read and run.
const LIBRARIES: [&str; 4] = ["/usr/lib", "/usr/lib64", "/lib", "/lib64"];
/// What a script may call.
const TOOLS: [&str; 2] = ["/usr/bin", "/bin"];
/// Fonts, settings and parts of LibreOffice as distributions place them: read. Neither people's files nor those of this server are there.
const READ: [&str; 10] = [
    "/usr/share",
    "/usr/local/share/fonts",
    "/etc/fonts",
    "/etc/libreoffice",
    "/etc/ld.so.cache",
    "/var/cache/fontconfig",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/dev/urandom",
    "/dev/zero",
];
/// Where scripts send what nobody wants to see.
const NOWHERE: &str = "/dev/null";
/// The first version keeps files apart, and is needed; what later ones add is taken where it is there.
const NEEDED: ABI = ABI::V1;
const WANTED: ABI = ABI::V6;

/// Calls that take a path or a process wherever it is, and that LibreOffice converts without. Landlock governs the first from Linux 6.2 on
/// and signals from 6.12 on, rights and owners never. Those that take an open file may stay: opening is governed everywhere.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_truncate,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chmod,
    libc::SYS_fchmodat,
    FCHMODAT2,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_chown,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lchown,
    libc::SYS_fchownat,
    libc::SYS_kill,
    libc::SYS_tkill,
    // `abort` ends a process without it, too.
    libc::SYS_tgkill,
    libc::SYS_rt_sigqueueinfo,
    libc::SYS_rt_tgsigqueueinfo,
    libc::SYS_pidfd_send_signal,
    // Out of the group that ends with it.
    libc::SYS_setsid,
    libc::SYS_setpgid,
    libc::SYS_connect,
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
];
/// Not in `libc` for every processor; the same number on all.
const FCHMODAT2: libc::c_long = 452;
/// The bits that say of what kind a socket is; the others are flags.
const SOCKET_KIND: u64 = 0xf;
/// Whom the kernel signals when there is something to read (`F_SETOWN_EX`, `FIOSETOWN`, `SIOCSPGRP`).
const SET_OWNER_EX: libc::c_int = 15;
const SET_OWNER_BY_DEVICE: [libc::c_int; 2] = [0x8901, 0x8902];

/// What a child is confined to.
pub(crate) struct Confinement {
    files: OwnedFd,
    calls: BpfProgram,
}

impl Confinement {
    /// To `folder`, and to what `program` needs of the system. The reason is for whoever runs the server.
    pub(crate) fn new(folder: &Path, program: &Program) -> Result<Self, String> {
        let files = files(folder, program)
            .map_err(|error| format!("the kernel does not keep files apart: {error}"))?;
        let files = Option::<OwnedFd>::from(files).ok_or("the kernel does not keep files apart")?;
        let calls =
            calls().map_err(|error| format!("the kernel cannot keep it from the network: {error}"))?;
        Ok(Self { files, calls })
    }

    /// Confines what `command` starts.
    pub(crate) fn apply(self, command: &mut Command) {
        let Self { files, calls } = self;
        // SAFETY: the closure runs in the forked child before exec. It makes system calls alone, with a descriptor and a filter that
        // were made before the fork; it neither allocates nor takes locks.
        unsafe {
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0
                    || libc::syscall(libc::SYS_landlock_restrict_self, files.as_raw_fd(), 0) != 0
                {
                    return Err(io::Error::last_os_error());
                }
                seccompiler::apply_filter(&calls).map_err(|_| io::Error::last_os_error())
            });
        }
    }
}

/// Which files are reached, and as what. No port of the network is, nor anybody else's sockets and processes: what [`calls`] refuses is kept off
/// twice where the kernel can.
fn files(folder: &Path, program: &Program) -> Result<RulesetCreated, RulesetError> {
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let run = read | AccessFs::Execute;
    // Nothing that is written is run, leads elsewhere, or lets whoever opens it wait.
    let write = AccessFs::from_all(WANTED)
        & !(AccessFs::Execute
            | AccessFs::MakeBlock
            | AccessFs::MakeChar
            | AccessFs::MakeFifo
            | AccessFs::MakeSym
            | AccessFs::IoctlDev);
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::HardRequirement)
        .handle_access(AccessFs::from_all(NEEDED))?
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .handle_access(AccessNet::from_all(WANTED))?
        .scope(Scope::AbstractUnixSocket | Scope::Signal)?
        .create()?;
    for path in LIBRARIES {
        ruleset = allow(ruleset, Path::new(path), run)?;
    }
    for path in READ {
        ruleset = allow(ruleset, Path::new(path), read)?;
    }
    ruleset = allow(ruleset, Path::new(NOWHERE), AccessFs::ReadFile | AccessFs::WriteFile)?;
    match &program.installation {
        Some(installation) => ruleset = allow(ruleset, installation, run)?,
        None => {
            ruleset = allow(ruleset, &program.path, run)?;
            for path in TOOLS {
                ruleset = allow(ruleset, Path::new(path), run)?;
            }
        }
    }
    allow(ruleset, folder, write)
}

/// What is not there needs no rule.
fn allow(
    ruleset: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(place) = PathFd::new(path) else { return Ok(ruleset) };
    let access = if path.is_dir() { access } else { access & AccessFs::from_file(WANTED) };
    ruleset.add_rule(PathBeneath::new(place, access))
}

/// Which calls are refused: those that lead to other machines, or to other programs and files of this one.
fn calls() -> Result<BpfProgram, seccompiler::Error> {
    let [by_device, by_socket] = SET_OWNER_BY_DEVICE;
    let of_kind = SeccompCmpOp::MaskedEq(SOCKET_KIND);
    let mut refused = BTreeMap::from([
        // It makes one for itself, through which a second start of it would be told what to open. Those that need no connection would
        // reach whoever listens at a path, such as the system's log.
        (
            libc::SYS_socket,
            vec![
                argument(0, SeccompCmpOp::Ne, libc::AF_UNIX)?,
                argument(1, of_kind.clone(), libc::SOCK_DGRAM)?,
                argument(1, of_kind.clone(), libc::SOCK_RAW)?,
            ],
        ),
        (
            libc::SYS_socketpair,
            vec![argument(1, of_kind.clone(), libc::SOCK_DGRAM)?, argument(1, of_kind, libc::SOCK_RAW)?],
        ),
        // It puts that one where all may write, such as /tmp. Where nothing may be written, it is told by `OSL_SOCKET_PATH`.
        #[cfg(target_arch = "x86_64")]
        (libc::SYS_access, vec![argument(1, SeccompCmpOp::Eq, libc::W_OK)?]),
        (libc::SYS_faccessat, vec![argument(2, SeccompCmpOp::Eq, libc::W_OK)?]),
        (libc::SYS_faccessat2, vec![argument(2, SeccompCmpOp::Eq, libc::W_OK)?]),
        // Other ways to have somebody signalled, or to set somebody's limits so low that the kernel ends it.
        (
            libc::SYS_fcntl,
            vec![
                argument(1, SeccompCmpOp::Eq, libc::F_SETOWN)?,
                argument(1, SeccompCmpOp::Eq, SET_OWNER_EX)?,
            ],
        ),
        (
            libc::SYS_ioctl,
            vec![argument(1, SeccompCmpOp::Eq, by_device)?, argument(1, SeccompCmpOp::Eq, by_socket)?],
        ),
        (libc::SYS_prlimit64, vec![argument(0, SeccompCmpOp::Ne, 0)?]),
    ]);
    refused.extend(REFUSED.iter().map(|call| (*call, Vec::new())));
    let refusal = SeccompAction::Errno(libc::EACCES.cast_unsigned());
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let filter = SeccompFilter::new(refused, SeccompAction::Allow, refusal, architecture)?;
    Ok(filter.try_into()?)
}

fn argument(index: u8, operator: SeccompCmpOp, value: libc::c_int) -> Result<SeccompRule, BackendError> {
    let value = u64::from(value.cast_unsigned());
    SeccompRule::new(vec![SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)?])
}
