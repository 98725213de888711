//! `memoreel doctor` tries whatever may be set, and says which setting is wrong.

use crate::process::Installation;

#[tokio::test]
async fn the_doctor_tries_every_part_and_names_the_setting_that_is_wrong() {
    let installation = Installation::new();
    let stores = installation.data().join("stores.json");
    std::fs::write(&stores, r#"{ "archive": { "kind": "disk", "folder": "/proc/nowhere" } }"#).unwrap();
    for (name, value) in [
        ("MEMOREEL_STORES", stores.to_str().unwrap()),
        ("MEMOREEL_TESSERACT", "/nonexistent"),
        ("MEMOREEL_SOFFICE", "/nonexistent"),
        ("MEMOREEL_GENERATE_URL", "http://127.0.0.1:9/v1"),
    ] {
        installation.set(name, Some(value));
    }
    let ran = installation.run(&["doctor"]).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    assert!(!ran.status.success(), "{said}");
    for (part, setting) in [
        ("blob store", "MEMOREEL_STORES"),
        ("text in pictures", "MEMOREEL_TESSERACT"),
        ("pages of documents", "MEMOREEL_SOFFICE"),
        ("language model", "MEMOREEL_GENERATE_URL"),
    ] {
        let (_, of_part) =
            said.split_once(&format!("failed  {part}: ")).unwrap_or_else(|| panic!("{part}: {said}"));
        let remedy = of_part.lines().nth(1).unwrap();
        assert!(remedy.starts_with("        ") && remedy.contains(setting), "{part}: {said}");
    }
    assert!(said.contains("ok      documents: the word on a page of PDF was read"), "{said}");

    for name in ["MEMOREEL_STORES", "MEMOREEL_TESSERACT", "MEMOREEL_SOFFICE", "MEMOREEL_GENERATE_URL"] {
        installation.set(name, None);
    }
    let ran = installation.run(&["doctor"]).output().unwrap();
    let said = String::from_utf8(ran.stdout).unwrap();
    for well in ["ok      blob store: ", "ok      text in pictures: ", "ok      language model: none is set"]
    {
        assert!(said.contains(well), "{well}: {said}");
    }
}
