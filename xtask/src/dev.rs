//! `dev`: the server, and in front of it the web app's development server, which passes requests on.

use std::process::Child;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::{server_process, setup, shell};

const POLL: Duration = Duration::from_millis(200);

pub fn run() -> Result<()> {
    setup::run()?;
    // The server embeds a build of the web app, so there must be a folder, even if nobody looks at it here.
    std::fs::create_dir_all(shell::ui().join("dist"))?;
    server_process::build_alone()?;
    let mut server = Running::start(shell::command(server_process::program()).arg("serve"))?;
    let mut ui = Running::start(shell::npm().args(["run", "dev"]))?;
    while server.lives() && ui.lives() {
        thread::sleep(POLL);
    }
    Ok(())
}

/// Asked to end when dropped. Ctrl-C reaches both by itself, because they are in the terminal's group.
struct Running(Child);

impl Running {
    fn start(command: &mut std::process::Command) -> Result<Self> {
        command.spawn().map(Self).with_context(|| format!("cannot run {}", command.get_program().display()))
    }

    fn lives(&mut self) -> bool {
        matches!(self.0.try_wait(), Ok(None))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.lives() {
            shell::succeeds(shell::command("kill").args(["-TERM", &self.0.id().to_string()]));
            let _ = self.0.wait();
        }
    }
}
