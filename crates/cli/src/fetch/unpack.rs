//! Takes one file out of a downloaded archive.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read, Seek, Write};
use std::path::Path;

use flate2::read::GzDecoder;
use veridic::data::catalog::{Check, Packing, sha256_of};

use super::error::{FetchError, nested};

/// # Errors
/// [`FetchError::NotAsPublished`] when the archive at `path` has another sha256.
pub(super) fn verify(path: &Path, url: &str, expected: &str) -> Result<(), FetchError> {
    let found = sha256_of(path)?;
    if found == expected {
        return Ok(());
    }
    let check = Check { what: "sha256 of the archive".to_owned(), expected: expected.to_owned(), found };
    Err(FetchError::NotAsPublished { url: url.to_owned(), path: path.to_owned(), differences: vec![check] })
}

/// Writes the content of `member` of the archive at `path` to `out`.
///
/// # Errors
/// [`FetchError::Archive`] when it is not there or the archive is broken, [`FetchError::Write`] when `out` fails.
pub(super) fn member(
    path: &Path,
    packing: Packing,
    member: &[&str],
    out: &mut tempfile::NamedTempFile,
    url: &str,
) -> Result<(), FetchError> {
    let target = out.path().to_owned();
    let mut out = Sink { out, failed: None };
    let archive = File::open(path).map(BufReader::new);
    let result = archive.and_then(|archive| match packing {
        Packing::Zip => from_zip(archive, member, &mut out),
        Packing::TarGz => from_tar(GzDecoder::new(archive), member, &mut out),
    });
    if let Some(source) = out.failed {
        return Err(FetchError::Write { path: target, source });
    }
    result.map_err(|error| FetchError::Archive {
        member: nested(member),
        reason: error.to_string(),
        url: url.to_owned(),
    })
}

fn from_zip(archive: impl Read + Seek, member: &[&str], out: &mut dyn Write) -> io::Result<()> {
    let Some((name, rest)) = member.split_first() else { return Ok(()) };
    let mut archive = zip::ZipArchive::new(archive).map_err(io::Error::other)?;
    let mut entry = archive.by_name(name).map_err(io::Error::other)?;
    if rest.is_empty() {
        io::copy(&mut entry, out)?;
        return Ok(());
    }
    // An archive in an archive is a few megabytes in every known set, and a zip needs to be read from its end.
    let mut inner = Vec::new();
    entry.read_to_end(&mut inner)?;
    from_zip(Cursor::new(inner), rest, out)
}

fn from_tar(archive: impl Read, member: &[&str], out: &mut dyn Write) -> io::Result<()> {
    for entry in tar::Archive::new(archive).entries()? {
        let mut entry = entry?;
        if entry.path()?.to_str() == member.first().copied() {
            io::copy(&mut entry, out)?;
            return Ok(());
        }
    }
    Err(io::Error::new(io::ErrorKind::NotFound, "it is not in the archive"))
}

/// Tells errors of writing from errors of reading.
struct Sink<'a> {
    out: &'a mut tempfile::NamedTempFile,
    failed: Option<io::Error>,
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write(bytes).map_err(|error| {
            let kind = error.kind();
            self.failed = Some(error);
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
