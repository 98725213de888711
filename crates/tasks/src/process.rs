//! Names of those who hold leases, which tell whether their process is gone.

use std::path::Path;
use uuid::Uuid;

/// A name for something in this process that takes leases: `host/process/random/namespace`, the last where processes have such.
pub fn new_name() -> String {
    let (host, process, random) = (host(), std::process::id(), Uuid::now_v7().simple());
    match process_namespace() {
        Some(namespace) => format!("{host}/{process}/{random}/{namespace}"),
        None => format!("{host}/{process}/{random}"),
    }
}

/// Whether whoever has this name ran on this host, in a process that is gone. Leases are fenced, so that a wrong answer does no
/// harm but that what was done is done again.
pub fn is_gone(name: &str) -> bool {
    let is_there = |pid: &str| Path::new("/proc").join(pid).exists();
    is_gone_from(&host(), process_namespace().as_deref(), name, is_there)
}

/// The first part of names of this machine.
pub(crate) fn host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname")
        .map_or_else(|_| "localhost".to_owned(), |name| name.trim().replace('/', "-"))
}

/// Which processes this one sees: the inode of its namespace (`pid_namespaces(7)`). Containers may have one host name, but see only their own.
fn process_namespace() -> Option<String> {
    let link = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let inode: String = link.to_str()?.chars().filter(char::is_ascii_digit).collect();
    (!inode.is_empty()).then_some(inode)
}

/// The same for a host and a namespace. Names of before have none, and go by the host alone.
fn is_gone_from(host: &str, namespace: Option<&str>, name: &str, is_there: impl Fn(&str) -> bool) -> bool {
    let mut parts = name.split('/');
    let (Some(named_host), Some(pid)) = (parts.next(), parts.next()) else { return false };
    let named_namespace = parts.nth(1);
    let is_seen = named_host == host && (named_namespace.is_none() || named_namespace == namespace);
    let is_same_process = pid == std::process::id().to_string();
    is_seen && !is_same_process && !is_there(pid)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_would_be_seen_is_gone_when_nobody_sees_it() {
        let gone = |name: &str| is_gone_from("machine", Some("4026531836"), name, |pid| pid == "4000001");
        assert!(gone("machine/4000000/random/4026531836"));
        assert!(!gone("machine/4000001/random/4026531836"));
        // Another container of this host name, whose processes are its own.
        assert!(!gone("machine/4000000/random/4026532999"));
        assert!(!gone("another/4000000/random/4026531836"));
        // As they were named before.
        assert!(gone("machine/4000000/random"));
        assert!(!gone("machine/4000001/random"));
        assert!(!gone("another/4000000/random"));
        assert!(!gone("machine"));
        // Where there are no namespaces to be told, a name of one is not of here.
        assert!(!is_gone_from("machine", None, "machine/4000000/random/4026531836", |_| false));
    }

    #[test]
    fn a_name_says_of_its_own_process_that_it_is_there_and_of_one_like_it_that_it_is_not() {
        let name = new_name();
        assert!(!is_gone(&name));
        let of_nobody = name.replacen(&format!("/{}/", std::process::id()), "/4194305/", 1);
        assert!(is_gone(&of_nobody), "{of_nobody}");
        let elsewhere = format!("{of_nobody}0");
        assert_eq!(is_gone(&elsewhere), process_namespace().is_none(), "{elsewhere}");
    }
}
