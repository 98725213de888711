//! `memoreel`: see `memoreel --help`.

fn main() -> std::process::ExitCode {
    memoreel_server::cli::main()
}
