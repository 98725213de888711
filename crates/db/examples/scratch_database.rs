//! A throw-away database with today's schema, for `cargo xtask codegen`.
//!
//! `scratch_database <data folder>` prints the administrator's address of it and stays until its input ends.

use std::error::Error;
use std::io::Read;

use memoreel_db::embedded::{ADMIN_USER, EmbeddedOptions, EmbeddedPostgres};
use memoreel_db::{DatabaseAccess, prepare};
use memoreel_parts::Parts;

const DATABASE: &str = "memoreel";
/// Nobody but us can reach the socket, and the data is gone a minute later.
const PASSWORD: &str = "scratch";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let data_dir = std::env::args_os().nth(1).ok_or("usage: scratch_database <data folder>")?;
    let options = EmbeddedOptions::new(Parts::locate()?.postgres()?, data_dir, PASSWORD).throw_away();
    let postgres = EmbeddedPostgres::start(options).await?;
    let access =
        DatabaseAccess::new(postgres.connect_options("postgres", ADMIN_USER, PASSWORD), DATABASE, [0; 32]);
    prepare(&access).await?;
    println!("{}", postgres.connect_url(DATABASE, ADMIN_USER, PASSWORD));
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    postgres.stop().await?;
    Ok(())
}
