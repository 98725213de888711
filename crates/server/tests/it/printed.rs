//! What commands do when nobody reads on what they print.

use crate::process::Installation;
use std::{fs::File, process::Stdio};

/// The program with these arguments, whose reader has gone before it begins; what it says went wrong, and whether it succeeded.
fn unread(installation: &Installation, arguments: &[&str]) -> (bool, String) {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = installation.run(arguments).stdout(writer).output().unwrap();
    (ran.status.success(), String::from_utf8(ran.stderr).unwrap())
}

#[tokio::test]
async fn a_command_whose_reader_is_gone_does_what_it_does_to_the_end() {
    let installation = Installation::new();
    let create = [
        "user",
        "create",
        "--email",
        "ada@example.com",
        "--name",
        "Ada",
        "--password",
        "zebra crossing at noon",
    ];
    let key = ["user", "key", "--email", "ada@example.com", "--name", "Another", "--keep"];
    for arguments in [&["openapi"][..], &["mails"], &create, &key, &["organization", "list"]] {
        let (succeeded, said) = unread(&installation, arguments);
        assert!(succeeded && !said.contains("panicked"), "{arguments:?}: {said}");
    }
    // The last thing it does, after it has told of the key.
    let kept = std::fs::read_to_string(installation.data().join("cli.json")).unwrap();
    assert!(kept.contains("mrl_"), "{kept}");
}

#[tokio::test]
async fn a_command_whose_progress_nobody_reads_fails_without_a_panic() {
    let installation = Installation::new();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let video = "00000000-0000-0000-0000-000000000007";
    let mut transcript =
        installation.run(&["transcript", video, "--api-key", "mrl_x", "--server", "http://127.0.0.1:9"]);
    let status = transcript.stdout(Stdio::null()).stderr(writer).status().unwrap();
    // A panic ends with 101.
    assert_eq!(status.code(), Some(1));
}

#[tokio::test]
async fn a_command_says_that_the_disk_was_full() {
    let installation = Installation::new();
    let full = File::options().write(true).open("/dev/full").unwrap();
    let ran = installation.run(&["openapi"]).stdout(full).output().unwrap();
    let said = String::from_utf8(ran.stderr).unwrap();
    assert_eq!(ran.status.code(), Some(1), "{said}");
    assert!(said.contains("memoreel: what was printed is not complete: "), "{said}");
}

#[tokio::test]
async fn a_command_that_finds_no_server_says_what_names_it() {
    let installation = Installation::new();
    let file = installation.data().join("notes.txt");
    std::fs::write(&file, "Notes").unwrap();
    for arguments in [&["search", "budget"][..], &["upload", file.to_str().unwrap()]] {
        let mut command = installation.run(arguments);
        let ran = command.args(["--api-key", "mrl_x", "--server", "http://127.0.0.1:9"]).output().unwrap();
        let said = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{said}");
        assert!(said.contains("does not answer") && said.contains("--server or MEMOREEL_URL"), "{said}");
    }
}
