//! The speech worker as a program of its own, for the tests; the product runs it as a hidden verb of its binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    memoreel_ai_local::speech_worker_main()
}
