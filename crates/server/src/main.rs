//! `memoreel`: see `memoreel --help`.

/// Answers are made of many small pieces, which this gives out and takes back in a fraction of the C library's time; pages that hold none
/// any more go back to the system by themselves.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    memoreel_server::cli::main()
}
