//! The image worker as a program of its own, for the tests and benches of this crate; the server has it as a hidden verb.

fn main() -> std::process::ExitCode {
    memoreel_images::image_worker_main()
}
