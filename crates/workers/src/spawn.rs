//! Starting a process so that it cannot outlive us, whatever it is doing and however we end.
#![expect(unsafe_code, reason = "the parent-death signal has no safe interface")]

use std::io;
use std::sync::OnceLock;
use std::sync::mpsc::{Sender, channel};
use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

type Start = Box<dyn FnOnce() + Send>;

/// The parent-death signal is sent when the *thread* that started the child ends, and tokio's threads come and go. So one
/// thread, which never ends, starts them all.
fn starter() -> &'static Sender<Start> {
    static STARTER: OnceLock<Sender<Start>> = OnceLock::new();
    STARTER.get_or_init(|| {
        let (sender, receiver) = channel::<Start>();
        let started = std::thread::Builder::new().name("children".to_owned()).spawn(move || {
            for start in receiver {
                start();
            }
        });
        if let Err(error) = started {
            tracing::error!(%error, "the thread that starts processes could not be created");
        }
        sender
    })
}

/// Starts `command`, which is killed when this process ends. One that reads its input would find out by itself; one that works, or loops,
/// would not. What else `command` is to do before it runs it does first.
///
/// # Errors
/// It cannot be started.
pub async fn start(mut command: Command) -> io::Result<Child> {
    die_with_parent(&mut command);
    let (answer, answered) = oneshot::channel();
    let runtime = Handle::current();
    starter()
        .send(Box::new(move || {
            let _entered = runtime.enter();
            // The receiver is gone when the caller was dropped; the child is then killed as it is dropped here.
            let _ = answer.send(command.spawn());
        }))
        .map_err(|_| io::Error::other("there is no thread to start processes"))?;
    answered.await.map_err(|_| io::Error::other("the process was not started"))?
}

#[cfg(target_os = "linux")]
fn die_with_parent(command: &mut Command) {
    let parent = std::process::id();
    // SAFETY: the closure runs in the forked child before exec and calls async-signal-safe functions only; it neither allocates nor
    // takes locks, and captures an integer.
    unsafe {
        command.pre_exec(move || {
            if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                return Err(io::Error::last_os_error());
            }
            // It may have ended before it was asked for.
            if libc::getppid().cast_unsigned() != parent {
                return Err(io::Error::from_raw_os_error(libc::ESRCH));
            }
            Ok(())
        });
    }
}

#[cfg(not(target_os = "linux"))]
fn die_with_parent(_command: &mut Command) {}
