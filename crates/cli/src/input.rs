//! Data from standard input, as a file that readers can go through as they like.

use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use tempfile::TempPath;
use veridic::error::DataError;

use crate::error::CliError;

/// Data to be read.
#[derive(Debug)]
pub(crate) struct Input {
    path: PathBuf,
    /// What came from standard input, until this is dropped.
    held: Option<TempPath>,
}

impl Input {
    /// The file at `path`, or standard input for `-`.
    ///
    /// # Errors
    /// [`DataError::Write`] where there is no room for what is read.
    pub(crate) fn of(path: PathBuf) -> Result<Self, CliError> {
        if path.as_os_str() != "-" {
            return Ok(Self { path, held: None });
        }
        let held = copied(&mut io::stdin().lock()).map_err(|source| DataError::Write { path, source })?;
        Ok(Self { path: held.to_path_buf(), held: Some(held) })
    }

    /// Where it can be read.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it came from standard input and will be gone.
    pub(crate) fn passes(&self) -> bool {
        self.held.is_some()
    }
}

/// A temporary file with what `from` gives, named for what it is.
fn copied(from: &mut dyn io::Read) -> io::Result<TempPath> {
    let mut first = Vec::new();
    from.take(6).read_to_end(&mut first)?;
    let mut file = tempfile::Builder::new().prefix("standard-input-").suffix(ending(&first)).tempfile()?;
    file.write_all(&first)?;
    io::copy(from, &mut file)?;
    file.flush()?;
    Ok(file.into_temp_path())
}

/// The ending of files that begin so.
fn ending(first: &[u8]) -> &'static str {
    match first {
        [b'P', b'A', b'R', b'1', ..] => ".parquet",
        [b'P', b'K', 3, 4, ..] => ".zip",
        [0x1f, 0x8b, ..] => ".csv.gz",
        [0x93, b'N', b'U', b'M', b'P', b'Y', ..] => ".npy",
        _ => ".csv",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_named_for_what_it_is_and_gone_afterwards() {
        let text = b"a,b\n1,2\n3,4\n";
        let held = copied(&mut &text[..]).unwrap();
        assert_eq!(std::fs::read(&held).unwrap(), text);
        assert!(held.to_string_lossy().ends_with(".csv"));
        let path = held.to_path_buf();
        drop(held);
        assert!(!path.exists());
        assert_eq!(ending(b"PAR1\x15\x04"), ".parquet");
        assert_eq!(ending(&[0x1f, 0x8b, 8, 0, 0, 0]), ".csv.gz");
        assert_eq!((ending(b""), ending(b"x")), (".csv", ".csv"));
    }
}
