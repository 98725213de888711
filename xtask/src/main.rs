//! The project's own commands: `cargo xtask <verb>`.
//!
//! Each verb is a module. None may depend on a crate with compile-time-checked queries: `codegen` must run when the
//! data those are checked against is stale.

mod api;
mod bench;
mod ci;
mod codegen;
mod conform;
mod demo;
mod dependencies;
mod dev;
mod eval;
mod fuzz;
mod memory;
mod oidc_provider;
mod python;
mod scratch_database;
mod scratch_folder;
mod server_process;
mod session;
mod setup;
mod shell;
mod test;
mod tidy;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Fetch what the project needs and does not compile: ffmpeg, runtime parts, node modules
    Setup,
    /// Ingest the samples into a server of its own, report on it, and serve until Ctrl-C
    Demo(demo::Options),
    /// Run all tests: Rust, the web app's, and the browser's against a real server
    Test(test::Options),
    /// Measure how well the product does what it does, on recordings that say what is right
    Eval(eval::Options),
    /// Measure how fast the product is, beside something plain
    Bench(bench::Options),
    /// Feed our own parsers with bytes that nobody thought of, as long as is wanted
    Fuzz(fuzz::Options),
    /// Check a real server against its own description, operation by operation
    Conform(conform::Options),
    /// Run the server and the web app's development server, which reloads on change
    Dev,
    /// Do what continuous integration does, step by step
    Ci,
    /// Renew the generated files: offline query data, schema.sql, openapi.json, schema.gen.ts
    Codegen(codegen::Options),
    /// Look at licences, origins and known weaknesses of what we depend on
    Dependencies,
    /// Hold the rules that no compiler holds: crate edges, file lengths, words, where SQL may be
    Tidy,
}

fn main() -> ExitCode {
    let result = match Cli::parse().verb {
        Verb::Setup => setup::run(),
        Verb::Demo(options) => demo::run(&options),
        Verb::Test(options) => test::run(&options),
        Verb::Eval(options) => eval::run(&options),
        Verb::Bench(options) => bench::run(&options),
        Verb::Fuzz(options) => fuzz::run(&options),
        Verb::Conform(options) => conform::run(&options),
        Verb::Dev => dev::run(),
        Verb::Ci => ci::run(),
        Verb::Codegen(options) => codegen::run(&options),
        Verb::Dependencies => dependencies::run(),
        Verb::Tidy => tidy::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // With its causes and without a stack trace: these are messages for people.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
