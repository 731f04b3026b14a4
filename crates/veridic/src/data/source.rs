//! Where bytes come from: a file, a gzip file, a member of a zip archive, or memory.

use std::fs::{self, File};
use std::io::{self, BufReader, Cursor, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder};
use ruzstd::decoding::StreamingDecoder;
use zip::{CompressionMethod, ZipArchive};

use crate::error::DataError;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZIP: &[u8] = b"PK\x03\x04";
const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
const WORKBOOKS: [&str; 5] = ["xlsx", "xlsm", "xlsb", "xlam", "ods"];
const BUFFER: usize = 1 << 16;

/// Something that can be read from the start, more than once.
#[derive(Debug, Clone)]
pub(crate) struct Source {
    name: PathBuf,
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    File,
    Member { archive: PathBuf, start: u64, packed: u64, deflated: bool },
    Memory(Arc<[u8]>),
}

impl Source {
    /// The file at `path`, which may be `archive.zip/member`; a `.zip` alone stands for its only table.
    pub(crate) fn find(path: &Path) -> Result<Self, DataError> {
        let Ok(metadata) = fs::metadata(path) else {
            return match archive_above(path) {
                Some(archive) => {
                    let member = path.strip_prefix(&archive).unwrap_or(path);
                    Self::member(&archive, Some(&member.to_string_lossy().replace('\\', "/")), path)
                }
                None => Err(not_found(path)),
            };
        };
        if metadata.is_dir() {
            return Err(DataError::Folder { path: path.to_owned() });
        }
        let source = Self { name: path.to_owned(), place: Place::File };
        if !metadata.is_file() {
            // A pipe cannot be read twice.
            let mut bytes = Vec::new();
            source.raw()?.read_to_end(&mut bytes).map_err(|error| source.error(error))?;
            return Ok(Self::memory(path, bytes));
        }
        let is_numpy = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("npz"));
        if source.head()?.starts_with(ZIP) && !is_numpy && !source.is_workbook()? {
            return Self::member(path, None, path);
        }
        Ok(source)
    }

    /// `bytes` that came from somewhere called `name`.
    pub(crate) fn memory(name: &Path, bytes: Vec<u8>) -> Self {
        Self { name: name.to_owned(), place: Place::Memory(bytes.into()) }
    }

    /// What the source is called in messages.
    pub(crate) fn name(&self) -> &Path {
        &self.name
    }

    /// The first four bytes, fewer if there are no more.
    pub(crate) fn head(&self) -> Result<Vec<u8>, DataError> {
        let mut head = Vec::new();
        self.raw()?.take(4).read_to_end(&mut head).map_err(|error| self.error(error))?;
        Ok(head)
    }

    /// The file to seek in, if the source is a plain file.
    pub(crate) fn plain_file(&self) -> Option<&Path> {
        matches!(self.place, Place::File).then_some(self.name.as_path())
    }

    /// Whether it is a workbook: by its ending, or by a part that every workbook of this sort has.
    pub(crate) fn is_workbook(&self) -> Result<bool, DataError> {
        let has =
            |ending: &str| self.name.extension().is_some_and(|found| found.eq_ignore_ascii_case(ending));
        if WORKBOOKS.iter().any(|ending| has(ending)) {
            return Ok(true);
        }
        let is_part = |name: &str| name == "xl/workbook.xml" || name == "xl/workbook.bin";
        let has_part = |names: Option<bool>| names.unwrap_or(false);
        Ok(match &self.place {
            Place::File => has_part(
                File::open(&self.name)
                    .ok()
                    .and_then(|file| ZipArchive::new(BufReader::new(file)).ok())
                    .map(|zip| zip.file_names().filter_map(Result::ok).any(|name| is_part(&name))),
            ),
            Place::Memory(bytes) => has_part(
                ZipArchive::new(Cursor::new(Arc::clone(bytes)))
                    .ok()
                    .map(|zip| zip.file_names().filter_map(Result::ok).any(|name| is_part(&name))),
            ),
            Place::Member { .. } => false,
        })
    }

    /// The content from its start, unpacked where it is gzip or Zstandard (by its first bytes, whatever the name says).
    pub(crate) fn open(&self) -> Result<Box<dyn Read>, DataError> {
        let reader = BufReader::with_capacity(BUFFER, self.raw()?);
        let head = self.head()?;
        if head.starts_with(GZIP) {
            return Ok(Box::new(MultiGzDecoder::new(reader)));
        }
        if head.starts_with(ZSTANDARD) {
            return match StreamingDecoder::new(reader) {
                Ok(decoder) => Ok(Box::new(decoder)),
                Err(error) => Err(DataError::Corrupt {
                    path: self.name.clone(),
                    source: io::Error::new(io::ErrorKind::InvalidData, error.to_string()),
                }),
            };
        }
        Ok(Box::new(reader))
    }

    /// The whole content, unpacked.
    pub(crate) fn bytes(&self) -> Result<Vec<u8>, DataError> {
        let mut bytes = Vec::new();
        self.open()?.read_to_end(&mut bytes).map_err(|error| self.error(error))?;
        Ok(bytes)
    }

    /// The library's error for what happened while reading.
    pub(crate) fn error(&self, source: io::Error) -> DataError {
        let path = self.name.clone();
        match source.kind() {
            io::ErrorKind::UnexpectedEof => DataError::Truncated { path },
            // The decoders report damage as one of these two; a plain file never does.
            io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => DataError::Corrupt { path, source },
            _ => DataError::Read { path, source },
        }
    }

    fn raw(&self) -> Result<Box<dyn Read>, DataError> {
        let failed = |source| DataError::Read { path: self.name.clone(), source };
        Ok(match &self.place {
            Place::File => Box::new(File::open(&self.name).map_err(failed)?),
            Place::Memory(bytes) => Box::new(Cursor::new(Arc::clone(bytes))),
            Place::Member { archive, start, packed, deflated } => {
                let mut file = File::open(archive).map_err(failed)?;
                file.seek(SeekFrom::Start(*start)).map_err(failed)?;
                let content = BufReader::with_capacity(BUFFER, file.take(*packed));
                if *deflated { Box::new(DeflateDecoder::new(content)) } else { Box::new(content) }
            }
        })
    }

    fn member(archive: &Path, wanted: Option<&str>, name: &Path) -> Result<Self, DataError> {
        let path = || archive.to_owned();
        let file = File::open(archive).map_err(|source| DataError::Read { path: path(), source })?;
        let mut zip = ZipArchive::new(BufReader::new(file))
            .map_err(|source| DataError::Zip { path: path(), source })?;
        let (mut members, mut tables) = (Vec::new(), Vec::new());
        let mut chosen: Option<(u64, Place)> = None;
        for i in 0..zip.len() {
            let member = zip.by_index_raw(i).map_err(|source| DataError::Zip { path: path(), source })?;
            if member.is_dir() {
                continue;
            }
            let unreadable = |source| DataError::Zip { path: path(), source };
            let member_name = member.name().map_err(unreadable)?.into_owned();
            let matches = match wanted {
                Some(wanted) => member_name == wanted,
                None => is_table(&member_name),
            };
            let deflated = match member.compression() {
                CompressionMethod::Stored => Some(false),
                CompressionMethod::Deflated => Some(true),
                _ => None,
            };
            // A hidden file is no table of anyone's.
            let is_hidden =
                wanted.is_none() && (member_name.starts_with("__MACOSX/") || member_name.contains("/."));
            let matches = matches && !is_hidden;
            if matches {
                tables.push(member_name.clone());
            }
            members.push(member_name);
            let (Some(deflated), Some(start)) = (deflated, member.data_start()) else { continue };
            let larger = chosen.as_ref().is_none_or(|(size, _)| member.size() > *size);
            if matches && larger && !member.encrypted() {
                let packed = member.compressed_size();
                chosen = Some((member.size(), Place::Member { archive: path(), start, packed, deflated }));
            }
        }
        if tables.len() > 1 && wanted.is_none() {
            return Err(DataError::ZipTables { tables, path: path() });
        }
        let member = wanted.map(str::to_owned);
        let (_, place) = chosen.ok_or(DataError::ZipMember { member, members, path: path() })?;
        Ok(Self { name: name.to_owned(), place })
    }
}

/// The most similar of `names`, if one is similar at all.
pub(crate) fn nearest_name<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Option<String> {
    near_names(name, names).into_iter().next()
}

fn near_names<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    // A shared beginning, or few letters changed or swapped.
    let folded = name.to_lowercase();
    let mut near: Vec<(f64, &str)> = names
        .filter_map(|other| {
            let other_folded = other.to_lowercase();
            let beginning = strsim::jaro_winkler(&folded, &other_folded);
            let letters = strsim::normalized_damerau_levenshtein(&folded, &other_folded);
            (beginning >= 0.85 || letters >= 0.6).then_some((beginning + letters, other))
        })
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
    near.into_iter().map(|(_, other)| other.to_owned()).collect()
}

/// The error for a path that leads nowhere, with similar names in its folder.
pub(crate) fn not_found(path: &Path) -> DataError {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let names: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut near = near_names(&name, names.iter().map(String::as_str));
    near.truncate(3);
    DataError::NotFound { path: path.to_owned(), near }
}

fn archive_above(path: &Path) -> Option<PathBuf> {
    let is_zip = |above: &&Path| {
        above.is_file() && above.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("zip"))
    };
    path.ancestors().skip(1).find(is_zip).map(Path::to_owned)
}

fn is_table(member: &str) -> bool {
    let name = member.to_lowercase();
    [".csv", ".tsv", ".tab", ".data", ".txt", ".csv.gz", ".tsv.gz"]
        .iter()
        .any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_file_suggests_names_of_its_folder() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("patients.csv"), "a\n1\n").unwrap();
        let error = Source::find(&folder.path().join("patient.csv")).unwrap_err();
        assert!(matches!(&error, DataError::NotFound { near, .. } if near == &["patients.csv"]));
        assert_eq!(error.hint().unwrap(), "did you mean `patients.csv`?");
        assert!(matches!(Source::find(folder.path()), Err(DataError::Folder { .. })));
    }

    #[test]
    fn gzip_is_known_by_its_content_and_a_cut_is_an_error() {
        use std::io::Write as _;
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&b"some text, and more of it\n".repeat(50)).unwrap();
        let packed = gz.finish().unwrap();
        let whole = Source::memory(Path::new("x"), packed.clone());
        assert_eq!(whole.bytes().unwrap().len(), 26 * 50);
        let cut = Source::memory(Path::new("x"), packed[..packed.len() - 9].to_vec());
        assert!(matches!(cut.bytes(), Err(DataError::Truncated { .. })));
    }
}
