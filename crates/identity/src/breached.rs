//! Passwords that leaked elsewhere: a file of SHA-1 hashes in ascending order, one per line in hexadecimal, such as the
//! download of Have I Been Pwned (`HASH:count`). Tens of gigabytes are searched where they lie, by halving.

use sha1::{Digest, Sha1};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Seek, SeekFrom},
    path::Path,
};

const HASH_CHARS: usize = 40;
/// The longest line: a hash, a colon, a count, a line break.
const LINE_BYTES_MAX: u64 = 64;

/// Whether the list holds this password. Reads the disk.
///
/// # Errors
/// When the file cannot be read, or is no such list.
pub(crate) fn holds(list: &Path, password: &str) -> io::Result<bool> {
    let wanted = hex::encode_upper(Sha1::digest(password.as_bytes()));
    let mut file = BufReader::with_capacity(512, File::open(list)?);
    // The line that holds the hash, if there is one, begins in `from..to`.
    let (mut from, mut to) = (0, file.get_ref().metadata()?.len());
    while from < to {
        let middle = from + (to - from) / 2;
        let Some((begin, hash)) = line_from(&mut file, middle)? else {
            to = middle;
            continue;
        };
        match hash.cmp(&wanted) {
            std::cmp::Ordering::Equal => return Ok(true),
            std::cmp::Ordering::Less => from = begin + 1,
            std::cmp::Ordering::Greater => to = middle,
        }
    }
    Ok(false)
}

/// Whether the file looks like a list: its first line is a hash.
///
/// # Errors
/// When it cannot be read, or does not.
pub fn check_breached_passwords(list: &Path) -> io::Result<()> {
    let mut file = BufReader::new(File::open(list)?);
    line_from(&mut file, 0)?
        .map(drop)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "it is empty"))
}

/// The first line that begins at `at` or later: where, and its hash in capitals.
fn line_from(file: &mut BufReader<File>, at: u64) -> io::Result<Option<(u64, String)>> {
    let mut line = Vec::new();
    let mut begin = at;
    if at == 0 {
        file.seek(SeekFrom::Start(0))?;
    } else {
        // The byte before decides whether a line begins just here.
        file.seek(SeekFrom::Start(at - 1))?;
        begin = at - 1 + read_line(file, &mut line)?;
    }
    line.clear();
    read_line(file, &mut line)?;
    if line.is_empty() {
        return Ok(None);
    }
    let hash = line.get(..HASH_CHARS).filter(|hash| hash.iter().all(u8::is_ascii_hexdigit));
    let hash = hash.and_then(|hash| std::str::from_utf8(hash).ok()).ok_or_else(|| {
        io::Error::new(io::ErrorKind::InvalidData, "it holds a line that does not begin with a SHA-1 hash")
    })?;
    Ok(Some((begin, hash.to_ascii_uppercase())))
}

fn read_line(file: &mut BufReader<File>, line: &mut Vec<u8>) -> io::Result<u64> {
    let read = io::Read::take(&mut *file, LINE_BYTES_MAX).read_until(b'\n', line)?;
    Ok(read as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs, path::PathBuf};

    fn list(passwords: &[String], line: impl Fn(usize, String) -> String) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().expect("a folder");
        let mut hashes: Vec<_> =
            passwords.iter().map(|password| hex::encode_upper(Sha1::digest(password.as_bytes()))).collect();
        hashes.sort();
        let text: String = hashes.into_iter().enumerate().map(|(number, hash)| line(number, hash)).collect();
        let path = folder.path().join("list.txt");
        fs::write(&path, text).expect("writes");
        (folder, path)
    }

    #[test]
    fn every_password_of_the_list_is_found_and_no_other() {
        let passwords: Vec<String> = (0..257).map(|number| format!("password {number}")).collect();
        for count in [1, 2, 3, 256, 257] {
            let (_folder, path) = list(&passwords[..count], |number, hash| {
                format!("{hash}:{}\r\n", 7_u64.pow(number as u32 % 20))
            });
            for (number, password) in passwords.iter().enumerate() {
                assert_eq!(holds(&path, password).expect("reads"), number < count, "{count} {password}");
            }
            assert!(!holds(&path, "zebra crossing at noon").expect("reads"));
        }
    }

    #[test]
    fn bare_and_small_hashes_without_a_last_line_break_do_as_well() {
        let passwords: Vec<String> = (0..9).map(|number| format!("password {number}")).collect();
        let (_folder, path) = list(&passwords, |number, hash| {
            let end = if number == 8 { "" } else { "\n" };
            format!("{}{end}", hash.to_lowercase())
        });
        for password in &passwords {
            assert!(holds(&path, password).expect("reads"), "{password}");
        }
    }

    #[test]
    fn what_is_no_list_is_an_error_and_not_an_answer() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("list.txt");
        assert!(holds(&path, "password").is_err());
        fs::write(&path, "").expect("writes");
        assert!(!holds(&path, "password").expect("reads"));
        assert!(check_breached_passwords(&path).is_err());
        fs::write(&path, "password\n".repeat(100)).expect("writes");
        assert!(holds(&path, "password").is_err());
        assert!(check_breached_passwords(&path).is_err());
        fs::write(&path, format!("{}:1\n", "0".repeat(HASH_CHARS))).expect("writes");
        check_breached_passwords(&path).expect("a list");
    }
}
