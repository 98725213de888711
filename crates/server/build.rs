//! Makes sure that the folder of the built web app exists, so that the server compiles before the web app is built.

fn main() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/dist");
    if let Err(error) = std::fs::create_dir_all(&folder) {
        println!("cargo::warning=the web app's folder {} cannot be created: {error}", folder.display());
    }
    println!("cargo::rerun-if-changed=build.rs");
}
