//! `memoreel user`: accounts, made on the server's machine.

use super::{
    credentials,
    print::{self, say},
};
use crate::{
    config::{Folders, Storage},
    database::Database,
    secret,
};
use anyhow::{Context, Result, bail};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use memoreel_identity::{
    NewApiKey, NewUser, create_api_key, create_user, find_user, member_caller, personal_caller,
};
use memoreel_kernel::{Clock, Role, SystemClock};
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

/// What a key is called that is made beside its account, or without a name.
const COMMAND_LINE: &str = "command line";

/// Where a key works, for how much, and how long.
#[derive(Debug, Default, Args)]
struct KeyLimits {
    /// Organization it works in, by id or name in addresses; the user's own if not given
    #[arg(long)]
    organization: Option<String>,
    /// What it may do at most: viewer, member, admin or owner; whatever the user may do if not given
    #[arg(long, value_parser = role)]
    role: Option<Role>,
    /// In how many days it ends; never if neither this nor --expires-at is given
    #[arg(long, value_name = "DAYS", conflicts_with = "expires_at", value_parser = clap::value_parser!(i64).range(1..=36_500))]
    expires_in_days: Option<i64>,
    /// When it ends, such as 2027-03-01T00:00:00Z
    #[arg(long, value_name = "TIME", value_parser = time)]
    expires_at: Option<DateTime<Utc>>,
}

/// Which key the command line goes on with.
#[derive(Debug, Args)]
struct Keeping {
    /// Let later calls on this machine use this key instead of the one they have
    #[arg(long)]
    keep: bool,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create a user, with an API key that later calls on this machine use unless they have one
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
        #[command(flatten)]
        keeping: Keeping,
    },
    /// Create an API key for a user
    Key {
        #[command(flatten)]
        storage: Storage,
        /// E-mail address of the user
        #[arg(long)]
        email: String,
        /// What the key is for
        #[arg(long, default_value = COMMAND_LINE)]
        name: String,
        #[command(flatten)]
        limits: KeyLimits,
        #[command(flatten)]
        keeping: Keeping,
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
        let (email, key_name, limits, keeping) = match self {
            Verb::Create { email, name, password, breached_passwords, keeping, .. } => {
                let password = password.map_or_else(read_password, Ok)?;
                let new = NewUser { email, name, password };
                let user = create_user(db, &clock, breached_passwords.as_deref(), new).await?;
                say!("Created {}.", user.email);
                (user.email, COMMAND_LINE.to_owned(), KeyLimits::default(), keeping)
            }
            Verb::Key { email, name, limits, keeping, .. } => (email, name, limits, keeping),
        };
        let user = find_user(db, &email).await?;
        let Some(user) = user else { bail!("there is no user with the address {email}") };
        let caller = match &limits.organization {
            Some(organization) => member_caller(db, user.id, organization)
                .await
                .with_context(|| format!("no key can be made for {email} in {organization}"))?,
            None => personal_caller(db, user.id).await?.context("this user has no personal organization")?,
        };
        let in_days = limits.expires_in_days.map(|days| clock.now() + TimeDelta::days(days));
        let new = NewApiKey { name: key_name, role: limits.role, expires_at: limits.expires_at.or(in_days) };
        let issued = create_api_key(db, &clock, &caller, new).await?;
        say!("API key (shown once): {}", issued.secret);
        match credentials::keep(&issued.secret, keeping.keep)? {
            Some(path) => say!("Kept for this machine's command line in {}.", path.display()),
            None => {
                say!("This machine's command line goes on with the key it has; --keep gives it a new one.")
            }
        }
        Ok(())
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::parse(text)
        .ok_or_else(|| format!("there is no such role; there are {}", Role::ALL.map(Role::as_str).join(", ")))
}

fn time(text: &str) -> Result<DateTime<Utc>, String> {
    text.parse().map_err(|_| "a time with its zone is needed, such as 2027-03-01T00:00:00Z".to_owned())
}

fn read_password() -> Result<String> {
    if std::io::stdin().is_terminal() {
        print::ask("Password (it is shown as you type): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
