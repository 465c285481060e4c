//! Secrets: only ever in files, only readable by their owner and group, never shown.

use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroize;

/// The longest secret that is read, in bytes. Certificates and keys are not secrets of this kind.
const MAX_BYTES: usize = 16 * 1024;

/// A secret and the file that it came from. It is wiped when dropped and shows itself as `***`.
#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    file: PathBuf,
}

impl Secret {
    /// These bytes, which came from `file`.
    pub fn new(bytes: Vec<u8>, file: PathBuf) -> Secret {
        Secret { bytes, file }
    }

    /// The secret itself. Name it only where it goes on the wire or into a key.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// The secret as text; `None` where it is not UTF-8. Passwords and tokens are checked to be text at load.
    pub fn expose_text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok()
    }

    /// The file it came from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Its length in bytes.
    #[allow(clippy::len_without_is_empty, reason = "no secret is empty")]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Reads a secret. One line end at its end (`\n` or `\r\n`) is not part of it.
    ///
    /// # Errors
    /// A sentence with the path: missing, not a file, readable by others, empty, or too long.
    pub(super) fn load(path: &Path) -> Result<Secret, String> {
        let file = open_private(path)?;
        // Room for the whole file at once: a growing vector would leave copies of the secret behind.
        let length =
            file.metadata().map_or(MAX_BYTES, |m| usize::try_from(m.len()).unwrap_or(MAX_BYTES).min(MAX_BYTES));
        let mut secret = Secret { bytes: Vec::with_capacity(length + 32), file: path.to_owned() };
        let limit = u64::try_from(MAX_BYTES + 1).unwrap_or(u64::MAX);
        file.take(limit).read_to_end(&mut secret.bytes).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        if secret.bytes.len() > MAX_BYTES {
            return Err(format!("{} is longer than {MAX_BYTES} bytes", path.display()));
        }
        if secret.bytes.last() == Some(&b'\n') {
            secret.bytes.pop();
            if secret.bytes.last() == Some(&b'\r') {
                secret.bytes.pop();
            }
        }
        if secret.bytes.is_empty() {
            return Err(format!("{} is empty; expected a secret", path.display()));
        }
        Ok(secret)
    }
}

/// Opens a file that holds something secret.
///
/// # Errors
/// A sentence with the path: missing, not a file, or readable by others (mode & 004).
pub(super) fn open_private(path: &Path) -> Result<File, String> {
    let file = open(path)?;
    let mode = file.metadata().map_err(|e| format!("cannot read {}: {e}", path.display()))?.mode();
    if mode & 0o004 != 0 {
        let mode = mode & 0o7777;
        return Err(format!("others can read {} (mode {mode:04o}); expected mode 0600 or 0640", path.display()));
    }
    Ok(file)
}

/// Opens an ordinary file; a pipe would hold up the start for ever.
///
/// # Errors
/// A sentence with the path: missing, or not a file.
pub(super) fn open(path: &Path) -> Result<File, String> {
    let found = fs::metadata(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    if !found.is_file() {
        return Err(format!("{} is not a file", path.display()));
    }
    File::open(path).map_err(|e| format!("cannot read {}: {e}", path.display()))
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn load(content: &[u8], mode: u32) -> Result<Secret, String> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("secret");
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        Secret::load(&path)
    }

    #[test]
    fn one_line_end_is_not_part_of_a_secret() {
        for (file, secret) in
            [("a b", "a b"), ("ab\n", "ab"), ("ab\r\n", "ab"), ("ab\n\n", "ab\n"), (" ab ", " ab "), ("ab\r", "ab\r")]
        {
            assert_eq!(load(file.as_bytes(), 0o600).unwrap().expose(), secret.as_bytes(), "{file:?}");
        }
    }

    #[test]
    fn a_secret_that_others_can_read_is_refused() {
        for mode in [0o644, 0o604, 0o666] {
            let message = load(b"hunter2", mode).unwrap_err();
            assert!(message.contains("others can read") && !message.contains("hunter2"), "{message}");
        }
        for mode in [0o600, 0o640, 0o400, 0o660] {
            assert!(load(b"hunter2", mode).is_ok(), "{mode:o}");
        }
    }

    #[test]
    fn nothing_is_not_a_secret() {
        for content in ["", "\n", "\r\n"] {
            assert!(load(content.as_bytes(), 0o600).unwrap_err().contains("empty"), "{content:?}");
        }
        assert!(load(&[b'x'; MAX_BYTES + 1], 0o600).unwrap_err().contains("longer"));
        assert!(Secret::load(Path::new("/nonexistent/secret")).unwrap_err().contains("/nonexistent/secret"));
        assert!(Secret::load(Path::new("/")).unwrap_err().contains("not a file"));
    }

    #[test]
    fn debug_shows_stars() {
        assert_eq!(format!("{:?}", Some(load(b"hunter2", 0o600).unwrap())), "Some(***)");
    }
}
