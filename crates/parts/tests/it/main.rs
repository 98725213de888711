//! The pinned parts as `cargo xtask setup` fetched them: they unpack, and what they hold runs.
#![expect(clippy::unwrap_used, reason = "helpers of tests; a panic is how a test fails")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;

use memoreel_parts::{Folders, Parts, PartsError};

/// A cache of our own over the wheels that were fetched.
fn fresh_parts(cache: &Path) -> Parts {
    let fetched = Parts::locate().unwrap();
    fs::create_dir_all(cache).unwrap();
    symlink(fetched.folders().wheels(), cache.join("wheels")).unwrap();
    Parts::in_folders(Folders { data: cache.join("data"), cache: cache.to_owned() }).unwrap()
}

fn run(program: &Path, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn postgres_and_its_tools_run_from_the_unpacked_folder() {
    let cache = tempfile::tempdir().unwrap();
    let install = fresh_parts(cache.path()).postgres().unwrap();
    assert_eq!(run(&install.join("bin/postgres"), "--version"), "postgres (PostgreSQL) 18.4\n");
    // These load libpq from a folder beside the installation.
    for tool in ["initdb", "pg_dump", "pg_restore", "pg_basebackup", "psql"] {
        assert!(run(&install.join("bin").join(tool), "--version").contains("18.4"), "{tool}");
    }
    assert!(install.join("lib/postgresql/vector.so").is_file());
    assert!(install.join("share/postgresql/extension/vector.control").is_file());
}

#[test]
fn another_user_may_read_everything_that_was_unpacked() {
    let cache = tempfile::tempdir().unwrap();
    let parts = fresh_parts(cache.path());
    parts.postgres().unwrap();
    let mut folders = vec![parts.folders().parts()];
    let mut seen = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::metadata(&path).unwrap();
            let needed = if metadata.is_dir() { 0o755 } else { 0o644 };
            assert_eq!(metadata.permissions().mode() & needed, needed, "{}", path.display());
            seen += 1;
            if metadata.is_dir() {
                folders.push(path);
            }
        }
    }
    assert!(seen > 500, "{seen} files and folders");
}

#[test]
fn speech_and_embedder_are_complete_and_keep_their_library_layout() {
    let cache = tempfile::tempdir().unwrap();
    let parts = fresh_parts(cache.path());
    let speech = parts.speech().unwrap();
    for file in ["encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin"] {
        assert!(speech.model_dir.join(file).is_file(), "{file}");
    }
    let beside = speech.library.parent().unwrap().join("../moonshine_voice.libs");
    assert!(fs::read_dir(beside).unwrap().next().is_some(), "libmoonshine.so looks for ONNX Runtime there");
    let embedder = parts.embedder().unwrap();
    assert_eq!(fs::metadata(&embedder.safetensors).unwrap().len(), 90_868_376);
    assert!(embedder.tokenizer_json.is_file() && embedder.onnxruntime_library.is_file());
    fs::write(embedder.graph_cache_dir.join("graph"), "derived").unwrap();
}

#[test]
fn eight_at_once_unpack_once_and_a_killed_attempt_does_not_stand_in_the_way() {
    let cache = tempfile::tempdir().unwrap();
    let parts = fresh_parts(cache.path());
    let name = parts.manifest().part("onnxruntime").unwrap().folder_name();
    let partial = parts.folders().parts().join(format!("{name}.partial/onnxruntime"));
    fs::create_dir_all(&partial).unwrap();
    fs::write(partial.join("LICENSE"), "half of it").unwrap();
    let libraries: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(|| parts.embedder().unwrap())).collect();
        threads.into_iter().map(|thread| thread.join().unwrap().onnxruntime_library).collect()
    });
    assert!(libraries.iter().all(|library| library == &libraries[0] && library.is_file()));
    assert!(!parts.folders().parts().join(format!("{name}.partial")).exists());
    let licence = libraries[0].parent().unwrap().join("../LICENSE");
    assert!(fs::read_to_string(licence).unwrap().contains("MIT License"));
}

#[test]
fn a_file_that_is_not_the_pinned_one_is_refused_and_leaves_nothing() {
    let cache = tempfile::tempdir().unwrap();
    let folders = Folders { data: cache.path().join("data"), cache: cache.path().to_owned() };
    let parts = Parts::in_folders(folders).unwrap();
    let part = parts.manifest().part("speech").unwrap();
    fs::create_dir_all(parts.folders().wheels()).unwrap();
    fs::write(parts.folders().wheels().join(&part.file), "not a wheel").unwrap();
    let error = parts.speech().unwrap_err();
    assert!(
        matches!(&error, PartsError::HashMismatch { expected, .. } if *expected == part.sha256),
        "{error}"
    );
    assert!(!parts.folders().parts().join(part.folder_name()).exists());
}

#[test]
fn what_was_never_fetched_is_listed_and_the_error_names_the_command() {
    let cache = tempfile::tempdir().unwrap();
    let folders = Folders { data: cache.path().join("data"), cache: cache.path().to_owned() };
    let parts = Parts::in_folders(folders).unwrap();
    let missing: Vec<_> = parts.missing().into_iter().map(|part| part.name).collect();
    assert_eq!(
        missing,
        ["postgres", "speech", "embedding-model", "onnxruntime", "images", "heic", "documents"]
    );
    let error = parts.postgres().unwrap_err();
    assert!(error.to_string().contains("cargo xtask setup"), "{error}");
    assert_eq!(fresh_parts(&cache.path().join("other")).missing(), []);
}
