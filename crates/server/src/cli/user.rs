//! `memoreel user`: accounts, made on the server's machine.

use super::credentials;
use crate::{
    config::{Folders, Storage},
    database::Database,
    secret,
};
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use memoreel_identity::{NewApiKey, NewUser, create_api_key, create_user, find_user, personal_caller};
use memoreel_kernel::SystemClock;
use std::{
    io::{BufRead, IsTerminal},
    path::PathBuf,
};

/// Creates users and API keys directly in the database.
#[derive(Debug, Args)]
pub(super) struct User {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create a user, with an API key that later calls on this machine use
    Create {
        #[command(flatten)]
        storage: Storage,
        /// E-mail address
        #[arg(long)]
        email: String,
        /// Name
        #[arg(long)]
        name: String,
        /// Password, at least 10 characters and not easily guessed; asked for on standard input if not given
        #[arg(long, env = "MEMOREEL_PASSWORD", hide_env_values = true)]
        password: Option<String>,
        /// Sorted list of SHA-1 hashes of passwords that leaked elsewhere
        #[arg(long, env = "MEMOREEL_BREACHED_PASSWORDS")]
        breached_passwords: Option<PathBuf>,
    },
    /// Create an API key for a user
    Key {
        #[command(flatten)]
        storage: Storage,
        /// E-mail address of the user
        #[arg(long)]
        email: String,
        /// What the key is for
        #[arg(long, default_value = "command line")]
        name: String,
    },
}

impl User {
    pub(super) async fn run(self) -> Result<()> {
        let storage = match &self.verb {
            Verb::Create { storage, .. } | Verb::Key { storage, .. } => storage,
        };
        let folders = Folders::from_environment()?;
        let secret = secret::load(storage.secret_key.as_deref(), &folders.data)?;
        let database = Database::open(storage, &folders, secret).await?;
        let done = self.verb.run(&database).await;
        database.close().await;
        done
    }
}

impl Verb {
    async fn run(self, database: &Database) -> Result<()> {
        let (db, clock) = (&database.db, SystemClock);
        let (email, key_name) = match self {
            Verb::Create { email, name, password, breached_passwords, .. } => {
                let password = password.map_or_else(read_password, Ok)?;
                let new = NewUser { email, name, password };
                let user = create_user(db, &clock, breached_passwords.as_deref(), new).await?;
                println!("Created {}.", user.email);
                (user.email, "command line".to_owned())
            }
            Verb::Key { email, name, .. } => (email, name),
        };
        let user = find_user(db, &email).await?;
        let Some(user) = user else { bail!("there is no user with the address {email}") };
        let caller = personal_caller(db, user.id).await?.context("this user has no personal organization")?;
        let new = NewApiKey { name: key_name, role: None, expires_at: None };
        let issued = create_api_key(db, &clock, &caller, new).await?;
        println!("API key (shown once): {}", issued.secret);
        println!("Kept for this machine's command line in {}.", credentials::keep(&issued.secret)?.display());
        Ok(())
    }
}

fn read_password() -> Result<String> {
    if std::io::stdin().is_terminal() {
        eprint!("Password (it is shown as you type): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
