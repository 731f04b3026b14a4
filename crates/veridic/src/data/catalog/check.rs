//! Is the copy on this disk the published one?

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use sha2::{Digest as _, Sha256};

use super::{Dataset, Digest, Facts, File, TableFormat, Variant};
use crate::error::{CatalogError, Result};

/// What a check of a data set found.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The data set.
    pub dataset: &'static str,
    /// Every variant, in the catalog's order.
    pub variants: Vec<VariantReport>,
}

/// What a check of one variant found.
#[derive(Debug, Clone, PartialEq)]
pub struct VariantReport {
    /// The variant.
    pub variant: &'static str,
    /// Every file, in the catalog's order.
    pub files: Vec<FileReport>,
}

/// What a check of one file found.
#[derive(Debug, Clone, PartialEq)]
pub struct FileReport {
    /// The file; its published path when it is missing.
    pub path: PathBuf,
    /// Its size in bytes, when it is there.
    pub bytes: Option<u64>,
    /// The sha256 of its bytes in hexadecimal, when it is there.
    pub sha256: Option<String>,
    /// Everything that was compared; empty when the file is missing.
    pub checks: Vec<Check>,
}

/// One comparison with what is published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was compared, such as `sha256` or `rows`.
    pub what: String,
    /// What is published.
    pub expected: String,
    /// What is on this disk.
    pub found: String,
}

/// Whether a file, a variant or a data set is there and right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// All is there and as published.
    Ok,
    /// Nothing is there.
    Missing,
    /// Some files are there and right, others missing.
    Incomplete,
    /// At least one file differs from the published one.
    Wrong,
}

impl Check {
    /// Whether both sides agree.
    pub fn is_ok(&self) -> bool {
        self.expected == self.found
    }
}

impl FileReport {
    /// Whether the file is there and right.
    pub fn status(&self) -> Status {
        match self.bytes {
            None => Status::Missing,
            Some(_) if self.checks.iter().all(Check::is_ok) => Status::Ok,
            Some(_) => Status::Wrong,
        }
    }

    /// The comparisons that failed.
    pub fn differences(&self) -> impl Iterator<Item = &Check> {
        self.checks.iter().filter(|check| !check.is_ok())
    }
}

impl VariantReport {
    /// Whether the variant is there and right.
    pub fn status(&self) -> Status {
        let all: Vec<Status> = self.files.iter().map(FileReport::status).collect();
        if all.contains(&Status::Wrong) {
            Status::Wrong
        } else if all.iter().all(|&s| s == Status::Ok) {
            Status::Ok
        } else if all.iter().all(|&s| s == Status::Missing) {
            Status::Missing
        } else {
            Status::Incomplete
        }
    }
}

impl Report {
    /// Wrong if any file is; else ok if one variant is complete.
    pub fn status(&self) -> Status {
        let all: Vec<Status> = self.variants.iter().map(VariantReport::status).collect();
        [Status::Wrong, Status::Ok, Status::Incomplete]
            .into_iter()
            .find(|status| all.contains(status))
            .unwrap_or(Status::Missing)
    }
}

/// Compares every file of `dataset` below `data_dir` with what is published: size, sha256, rows, classes.
///
/// Reads each file once or twice from end to end and holds no more than one row of it.
///
/// # Errors
/// [`CatalogError::Unreadable`] when a file is there but cannot be opened. A broken content is no error: it is
/// reported as a difference.
pub fn check(dataset: &Dataset, data_dir: &Path) -> Result<Report> {
    let variants = dataset
        .variants
        .iter()
        .map(|variant| {
            let files = variant
                .files
                .iter()
                .map(|file| match file.locate(data_dir) {
                    Some(path) => check_file(variant, file, &path),
                    None => {
                        let path = file.target(data_dir);
                        Ok(FileReport { path, bytes: None, sha256: None, checks: Vec::new() })
                    }
                })
                .collect::<Result<_>>()?;
            Ok(VariantReport { variant: variant.name, files })
        })
        .collect::<Result<_>>()?;
    Ok(Report { dataset: dataset.name, variants })
}

/// Compares the copy of `file` at `path` with what is published.
///
/// Whether it is gzipped is told by its first two bytes, so that a temporary file may have any name.
///
/// # Errors
/// [`CatalogError::Unreadable`] when it cannot be opened.
pub fn check_file(variant: &Variant, file: &File, path: &Path) -> Result<FileReport> {
    let unreadable = |source| CatalogError::Unreadable { path: path.to_owned(), source };
    let mut raw = std::fs::File::open(path).map_err(unreadable)?;
    let packed = Sum::of(&mut raw).map_err(unreadable)?;
    let published_gz = file.path.ends_with(".gz");
    let mut checks = Vec::new();
    if let Some(bytes) = file.bytes
        && packed.gzip == published_gz
        && !matches!(file.digest, Some(Digest::Content(_)) if packed.gzip)
    {
        checks.push(Check::new("bytes", bytes, packed.bytes));
    }
    match file.digest {
        Some(Digest::File(hex)) if packed.gzip == published_gz => {
            checks.push(Check::new("sha256", hex, &packed.hex));
        }
        Some(Digest::Content(hex)) if packed.gzip => {
            match content(path, true).and_then(|mut c| Sum::of(&mut c)) {
                Ok(sum) => checks.push(Check::new("sha256 unpacked", hex, sum.hex)),
                Err(error) => checks.push(Check::broken(&error)),
            }
        }
        Some(Digest::Content(hex)) => checks.push(Check::new("sha256", hex, &packed.hex)),
        Some(Digest::File(_)) | None => {}
    }
    let broken = checks.iter().any(|check| check.what == Check::CONTENT);
    if !broken && let Err(error) = check_facts(variant, file, path, packed.gzip, &mut checks) {
        checks.push(Check::broken(&error));
    }
    Ok(FileReport { path: path.to_owned(), bytes: Some(packed.bytes), sha256: Some(packed.hex), checks })
}

/// The sha256 of the file at `path` in lower-case hexadecimal, read block by block.
///
/// # Errors
/// [`CatalogError::Unreadable`] when it cannot be read.
pub fn sha256_of(path: &Path) -> Result<String> {
    let unreadable = |source| CatalogError::Unreadable { path: path.to_owned(), source };
    let mut file = std::fs::File::open(path).map_err(unreadable)?;
    Ok(Sum::of(&mut file).map_err(unreadable)?.hex)
}

/// The sha256 of bytes in lower-case hexadecimal.
pub(crate) fn sha256_of_bytes(mut bytes: &[u8]) -> String {
    Sum::of(&mut bytes).expect("memory can be read").hex
}

impl Check {
    const CONTENT: &str = "content";

    #[expect(clippy::needless_pass_by_value, reason = "numbers and texts alike, without a & at every call")]
    fn new(what: &str, expected: impl ToString, found: impl ToString) -> Self {
        Self { what: what.to_owned(), expected: expected.to_string(), found: found.to_string() }
    }

    fn broken(error: &io::Error) -> Self {
        Self::new(Self::CONTENT, "readable to its end", error)
    }
}

struct Sum {
    hex: String,
    bytes: u64,
    gzip: bool,
}

impl Sum {
    fn of(reader: &mut dyn Read) -> io::Result<Self> {
        let (mut hash, mut bytes, mut gzip) = (Sha256::new(), 0, false);
        let mut block = vec![0; 1 << 16];
        loop {
            let n = match reader.read(&mut block) {
                Ok(n) => n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if n == 0 {
                let hex = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                return Ok(Self { hex, bytes, gzip });
            }
            if bytes == 0 {
                gzip = block[..n].starts_with(&[0x1f, 0x8b]);
            }
            hash.update(&block[..n]);
            bytes += n as u64;
        }
    }
}

fn content(path: &Path, gzip: bool) -> io::Result<Box<dyn Read>> {
    let file = BufReader::with_capacity(1 << 16, std::fs::File::open(path)?);
    Ok(if gzip { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn check_facts(
    variant: &Variant,
    file: &File,
    path: &Path,
    gzip: bool,
    checks: &mut Vec<Check>,
) -> io::Result<()> {
    match file.facts {
        Facts::Opaque => {}
        Facts::Table { rows, columns, missing, class_column, classes } => {
            let Some(&format) = variant.reading.table() else { return Ok(()) };
            let found = count_table(content(path, gzip)?, &format, class_column)?;
            checks.push(Check::new("rows", rows, found.rows));
            checks.push(Check::new("columns", columns, found.columns));
            if let Some(missing) = missing {
                checks.push(Check::new("missing cells", missing, found.missing));
            }
            for (class, n) in classes {
                let found = found.classes.get(class.as_bytes()).copied().unwrap_or(0);
                checks.push(Check::new(&format!("rows of {class}"), n, found));
            }
        }
        Facts::Idx { sizes, classes } => {
            let mut reader = content(path, gzip)?;
            // Two zero bytes, 8 for unsigned bytes, the number of sizes, then each size, big-endian.
            let mut header = vec![0; 4 + 4 * sizes.len()];
            reader.read_exact(&mut header)?;
            let words: Vec<u32> =
                header.chunks_exact(4).map(|w| u32::from_be_bytes([w[0], w[1], w[2], w[3]])).collect();
            checks.push(Check::new("magic number", 0x0800 + sizes.len(), words[0]));
            checks.push(Check::new("sizes", format!("{sizes:?}"), format!("{:?}", &words[1..])));
            let counts = count_bytes(reader, 1)?;
            let values: u64 = sizes.iter().map(|&s| u64::from(s)).product();
            checks.push(Check::new("values", values, counts.iter().sum::<u64>()));
            check_classes(classes, &counts, checks);
        }
        Facts::Cifar { records, classes } => {
            const RECORD: usize = 1 + 3 * 32 * 32;
            let counts = count_bytes(content(path, gzip)?, RECORD)?;
            checks.push(Check::new("records", records, counts.iter().sum::<u64>()));
            check_classes(classes, &counts, checks);
        }
    }
    Ok(())
}

fn check_classes(classes: &[u64], counts: &[u64; 256], checks: &mut Vec<Check>) {
    if !classes.is_empty() {
        let found = &counts[..classes.len()];
        checks.push(Check::new("labels from 0", format!("{classes:?}"), format!("{found:?}")));
    }
}

/// How often each byte value leads a record of `record` bytes.
fn count_bytes(mut reader: impl Read, record: usize) -> io::Result<[u64; 256]> {
    let mut counts = [0; 256];
    let mut block = vec![0; record * 65_536_usize.div_ceil(record)];
    loop {
        let mut filled = 0;
        while filled < block.len() {
            match reader.read(&mut block[filled..])? {
                0 => break,
                n => filled += n,
            }
        }
        for first in block[..filled].iter().step_by(record) {
            counts[usize::from(*first)] += 1;
        }
        if filled < block.len() {
            if filled % record != 0 {
                let left = filled % record;
                let message = format!("{left} bytes are left after the last whole record of {record} bytes");
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, message));
            }
            return Ok(counts);
        }
    }
}

#[derive(Default)]
struct TableCounts {
    rows: u64,
    columns: u64,
    missing: u64,
    classes: BTreeMap<Vec<u8>, u64>,
}

fn count_table(reader: impl Read, format: &TableFormat, class_column: usize) -> io::Result<TableCounts> {
    /// Beyond this the column is no class column; the counts would only take memory.
    const MOST_CLASSES: usize = 1000;
    let mut rows = csv::ReaderBuilder::new()
        .has_headers(format.header)
        .delimiter(format.delimiter)
        .comment(format.comment)
        .trim(if format.trim { csv::Trim::All } else { csv::Trim::None })
        .flexible(true)
        .from_reader(reader);
    let mut found = TableCounts::default();
    let mut row = csv::ByteRecord::new();
    while rows.read_byte_record(&mut row).map_err(io::Error::from)? {
        if found.rows == 0 {
            found.columns = row.len() as u64;
        }
        found.rows += 1;
        let is_missing = |cell: &[u8]| cell.is_empty() || format.missing.iter().any(|m| m.as_bytes() == cell);
        found.missing += row.iter().filter(|cell| is_missing(cell)).count() as u64;
        let Some(cell) = row.get(class_column) else { continue };
        if let Some(n) = found.classes.get_mut(cell) {
            *n += 1;
        } else if found.classes.len() < MOST_CLASSES {
            found.classes.insert(cell.to_vec(), 1);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::super::find;
    use super::*;

    #[test]
    #[cfg_attr(not(public_data), ignore = "needs the public data sets, by VERIDIC_DATA")]
    #[expect(clippy::disallowed_methods, reason = "test support")]
    fn every_copy_in_the_data_directory_is_as_published() {
        let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
        let dir = std::env::var("VERIDIC_DATA").map_or(beside, PathBuf::from);
        for dataset in super::super::all() {
            let report = check(dataset, &dir).unwrap();
            for file in report.variants.iter().flat_map(|v| &v.files) {
                let differences: Vec<_> = file.differences().collect();
                assert!(differences.is_empty(), "{}: {differences:?}", file.path.display());
            }
        }
    }

    #[test]
    fn a_missing_set_says_which_file() {
        let dir = tempfile::tempdir().unwrap();
        let report = check(find("heart").unwrap(), dir.path()).unwrap();
        assert_eq!(report.status(), Status::Missing);
        assert_eq!(
            report.variants[0].files[0].path,
            dir.path().join("heart").join("processed.cleveland.data")
        );
    }

    #[test]
    fn a_changed_table_is_wrong_with_expected_and_found() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("heart")).unwrap();
        std::fs::write(
            dir.path().join("heart/processed.cleveland.data"),
            "63,1,1,145,233,1,2,150,0,2.3,3,0,?,0\n",
        )
        .unwrap();
        let report = check(find("heart").unwrap(), dir.path()).unwrap();
        assert_eq!(report.status(), Status::Wrong);
        let differences: Vec<&Check> = report.variants[0].files[0].differences().collect();
        assert!(differences.contains(&&Check::new("bytes", 18461, 37)), "{differences:?}");
        assert!(differences.contains(&&Check::new("rows", 303, 1)));
        assert!(differences.contains(&&Check::new("missing cells", 6, 1)));
        assert!(differences.contains(&&Check::new("rows of 0", 164, 1)));
    }

    #[test]
    fn a_truncated_gzip_is_wrong_not_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("adult.data.gz");
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(&b"39, State-gov, 77516\n".repeat(1000)).unwrap();
        let bytes = gz.finish().unwrap();
        std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        let adult = &find("adult").unwrap().variants[0];
        let report = check_file(adult, &adult.files[0], &path).unwrap();
        assert_eq!(report.status(), Status::Wrong);
        assert_eq!(report.checks.len(), 1);
        assert_eq!(report.checks[0].what, "content");
    }

    #[test]
    fn records_and_labels_are_counted() {
        let mut records = vec![0; 3 * 3073];
        records[3073] = 9;
        let counts = count_bytes(&records[..], 3073).unwrap();
        assert_eq!((counts[0], counts[9]), (2, 1));
        assert!(count_bytes(&records[..3074], 3073).unwrap_err().to_string().starts_with("1 bytes are left"));
        assert_eq!(count_bytes(&[7; 100_000][..], 1).unwrap()[7], 100_000);
    }
}
