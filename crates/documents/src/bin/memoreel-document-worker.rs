//! The document worker as a program of its own, for the tests of this crate; the server has it as a hidden verb.

fn main() -> std::process::ExitCode {
    memoreel_documents::document_worker_main()
}
