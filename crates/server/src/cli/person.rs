//! `memoreel person`: erasing people, on the server's machine.

use super::{
    erasures::{Opened, print_report},
    print::{self, say},
};
use crate::config::{Accounts, Storage};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use memoreel_identity::{close_account_now, find_user};
use memoreel_kernel::{Clock, SystemClock};
use memoreel_privacy::{AskedBy, Subject};
use std::io::IsTerminal;

/// Looks after people.
#[derive(Debug, Args)]
pub(super) struct Person {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Remove everything of a person at once, without a time to take it back, and print what was removed
    Erase {
        #[command(flatten)]
        storage: Storage,
        #[command(flatten)]
        accounts: Box<Accounts>,
        /// Their address
        email: String,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

impl Person {
    pub(super) async fn run(self) -> Result<()> {
        let Verb::Erase { storage, accounts, email, yes } = self.verb;
        if !yes {
            confirm(&email)?;
        }
        let opened = Opened::open(&storage, &accounts).await?;
        let done = erase(&opened, &email).await;
        opened.close().await?;
        done
    }
}

async fn erase(opened: &Opened, email: &str) -> Result<()> {
    let db = &opened.database.db;
    let user = find_user(db, email).await?;
    let Some(user) = user else { bail!("there is no user with the address {email}") };
    close_account_now(db, user.id, SystemClock.now())
        .await
        .context("they cannot be erased; hand over or delete what they own alone first")?;
    let report = opened.eraser.erase(Subject::Person(user.id), AskedBy::Operator).await;
    let report = report
        .context("their account is closed; run this again, or wait for the server\'s hourly maintenance")?;
    say!("Everything of {} is erased.", user.id);
    print_report(&report);
    Ok(())
}

fn confirm(email: &str) -> Result<()> {
    if !std::io::stdin().is_terminal() {
        bail!("this cannot be undone; say --yes to go on without being asked");
    }
    print::ask(&format!("Everything of {email} will be gone. Type the address again to go on: "));
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    if line.trim() == email { Ok(()) } else { bail!("that is another address; nothing was erased") }
}
