//! The migrations are compiled in, and cargo does not know of files that come new.

fn main() {
    println!("cargo:rerun-if-changed=../../migrations");
}
