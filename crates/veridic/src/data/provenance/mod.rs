//! What a made file says of itself: that it is synthetic, and what made it.
//!
//! Parquet files say it in their metadata, PNG pictures in a text chunk, both under the key `veridic`; beside other files stands
//! `FILE.provenance.json`. It is a statement, no proof: whoever changes a file can change it too, or take it away.

mod png;

use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Schema, Table, TextLayout, parquet, replace, write_in};
use crate::error::DataError;

/// The name under which files say it.
pub(super) const KEY: &str = "veridic";

/// Where a made file comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Provenance {
    /// Always true: the file holds values that a model made.
    pub synthetic: bool,
    /// How they were made: `sampled`, `filled` (the cells that were there are real), `reconstructed`, `latent`, `drawn` (a
    /// picture of a run).
    pub made: String,
    /// The conditions they were made under, as they were typed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<String>,
    /// The kind of model.
    pub model: String,
    /// The sha256 of the run's `model.safetensors`.
    pub run: String,
    /// The seed that they were drawn with.
    pub seed: u64,
    /// What the model learned from.
    pub data: Vec<LearnedFrom>,
    /// The version of this program.
    pub veridic: String,
    /// When, in UTC, as `2026-01-31T12:00:00Z`.
    pub date: String,
    /// What the file held when it was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contents: Option<Contents>,
}

/// A file that a model learned from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LearnedFrom {
    /// Its name without folders.
    pub name: String,
    /// The sha256 of its bytes.
    pub sha256: String,
}

/// A digest by which a change is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// Bytes: of Parquet those before its metadata, of PNG all but the statement, of other files all.
    pub bytes: u64,
    /// Their sha256.
    pub sha256: String,
}

/// What a file says, and whether it is as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stated {
    /// What it says.
    pub provenance: Provenance,
    /// Whether its contents are those of which it was said.
    pub is_intact: bool,
    /// The file that says it, if it stands beside.
    pub beside: Option<PathBuf>,
}

impl Provenance {
    fn of(&self, contents: Contents) -> String {
        let whole = Self { contents: Some(contents), ..self.clone() };
        // Plain data is JSON.
        serde_json::to_string_pretty(&whole).unwrap_or_default()
    }
}

/// The file beside `path` that says where it comes from.
pub fn provenance_file(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".provenance.json");
    path.with_file_name(name)
}

/// As [`write()`](super::write()) of a made table, with its provenance inside (Parquet) or beside it.
///
/// # Errors
/// As there.
pub fn write_made(
    table: &Table,
    schema: &Schema,
    path: &Path,
    provenance: &Provenance,
) -> Result<(), DataError> {
    write_made_in(table, schema, &TextLayout::default(), path, provenance)
}

/// As [`write_made`], CSV in a layout.
///
/// # Errors
/// As there.
pub fn write_made_in(
    table: &Table,
    schema: &Schema,
    layout: &TextLayout,
    path: &Path,
    provenance: &Provenance,
) -> Result<(), DataError> {
    let is_parquet = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"));
    if is_parquet {
        return replace(path, |file| {
            parquet::write(table, schema, file, Some(&|contents| provenance.of(contents)))
        });
    }
    write_in(table, schema, layout, path)?;
    state_beside(path, provenance)
}

/// Writes a made picture: PNG with its provenance inside, anything else with it beside.
///
/// # Errors
/// [`DataError::Write`].
pub fn write_made_picture(bytes: &[u8], path: &Path, provenance: &Provenance) -> Result<(), DataError> {
    if let Some((contents, _)) = png::statement(bytes) {
        let stamped = png::stamped(bytes, &provenance.of(contents));
        return replace(path, |file| file.write_all(&stamped));
    }
    replace(path, |file| file.write_all(bytes))?;
    state_beside(path, provenance)
}

fn state_beside(path: &Path, provenance: &Provenance) -> Result<(), DataError> {
    let contents = contents(path, u64::MAX)?;
    replace(&provenance_file(path), |file| {
        file.write_all(provenance.of(contents).as_bytes())?;
        file.write_all(b"\n")
    })
}

/// What the file at `path` says of its origin; nothing if it says nothing.
///
/// # Errors
/// [`DataError::NotFound`], [`DataError::Read`]; [`DataError::Provenance`] where it says something that cannot be read.
pub fn provenance(path: &Path) -> Result<Option<Stated>, DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    let mut start = [0u8; 8];
    let mut file = File::open(path).map_err(read)?;
    let n = file.read(&mut start).map_err(read)?;
    let (text, found, beside) = if start[..n].starts_with(&png::SIGNATURE) {
        let bytes = fs::read(path).map_err(read)?;
        match png::statement(&bytes) {
            Some((contents, Some(text))) => (text, contents, None),
            _ => return Ok(None),
        }
    } else if start[..n].starts_with(b"PAR1") {
        let Some(text) = parquet::statement(path)? else { return Ok(None) };
        let bytes = parsed(&text, path)?.contents.map_or(0, |contents| contents.bytes);
        (text, contents(path, bytes)?, None)
    } else {
        let beside = provenance_file(path);
        if !beside.is_file() {
            return Ok(None);
        }
        let text =
            fs::read_to_string(&beside).map_err(|source| DataError::Read { path: beside.clone(), source })?;
        (text, contents(path, u64::MAX)?, Some(beside))
    };
    let provenance = parsed(&text, beside.as_deref().unwrap_or(path))?;
    let is_intact = provenance.contents.as_ref() == Some(&found);
    Ok(Some(Stated { provenance, is_intact, beside }))
}

fn parsed(text: &str, path: &Path) -> Result<Provenance, DataError> {
    let failed =
        |error: serde_json::Error| DataError::Provenance { reason: error.to_string(), path: path.to_owned() };
    serde_json::from_str(text).map_err(failed)
}

/// The digest of the first `most` bytes of a file.
fn contents(path: &Path, most: u64) -> Result<Contents, DataError> {
    let read = |source| DataError::Read { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(read)?.take(most);
    let mut hashing = Hashing::new(io::sink());
    io::copy(&mut file, &mut hashing).map_err(read)?;
    Ok(hashing.contents())
}

/// Writes on and keeps the digest of what was written.
pub(super) struct Hashing<W> {
    to: W,
    hash: Sha256,
    bytes: u64,
}

impl<W> Hashing<W> {
    pub(super) fn new(to: W) -> Self {
        Self { to, hash: Sha256::new(), bytes: 0 }
    }

    pub(super) fn contents(&self) -> Contents {
        Contents { bytes: self.bytes, sha256: hex(&self.hash.clone().finalize()) }
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.to.write(bytes)?;
        self.hash.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The sha256 of a file's bytes.
///
/// # Errors
/// [`DataError::Read`].
pub(crate) fn sha256(path: &Path) -> Result<String, DataError> {
    Ok(contents(path, u64::MAX)?.sha256)
}

/// The sha256 of bytes in memory.
pub(crate) fn sha256_of(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Cells, Data, write};

    fn made() -> Provenance {
        Provenance {
            synthetic: true,
            made: "sampled".to_string(),
            given: vec!["age=3".to_string()],
            model: "chain".to_string(),
            run: "ab".repeat(32),
            seed: u64::MAX,
            data: vec![LearnedFrom { name: "café.csv".to_string(), sha256: "cd".repeat(32) }],
            veridic: "1.2.3".to_string(),
            date: "2026-01-31T12:00:00Z".to_string(),
            contents: None,
        }
    }

    fn table() -> (Table, Schema) {
        let cells = Cells::numbers([1.0, 2.0, f64::NAN]);
        let table = Table::new([("a", cells), ("b", Cells::texts([Some("x"), None, Some("y")]))]).unwrap();
        let Data::Table(table, schema) = Data::from(table) else { panic!("a table") };
        (table, schema)
    }

    #[test]
    fn tables_say_where_they_come_from_and_a_change_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let (table, schema) = table();
        for name in ["a.csv", "a.csv.gz", "a.json", "a.parquet", "b.PARQUET"] {
            let path = dir.path().join(name);
            write_made(&table, &schema, &path, &made()).unwrap();
            let stated = provenance(&path).unwrap().unwrap();
            assert!(stated.is_intact, "{name}");
            assert_eq!(Provenance { contents: None, ..stated.provenance }, made(), "{name}");
            assert_eq!(stated.beside.is_none(), name.to_lowercase().ends_with("parquet"), "{name}");
            if !name.contains("json") {
                let read = crate::data::read(&path, &crate::data::ReadOptions::default()).unwrap();
                assert_eq!(read.table.n_rows, 3, "{name}");
            }
            // A bit in the middle of the data.
            let mut bytes = fs::read(&path).unwrap();
            let at = if name.to_lowercase().ends_with("parquet") { 30 } else { bytes.len() / 2 };
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert!(!provenance(&path).unwrap().unwrap().is_intact, "{name}");
        }
    }

    #[test]
    fn pictures_say_it_too_and_stay_pictures() {
        let mut plain = Vec::new();
        let mut encoder = ::png::Encoder::new(&mut plain, 2, 1);
        encoder.set_color(::png::ColorType::Grayscale);
        encoder.write_header().unwrap().write_image_data(&[3, 250]).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.png");
        write_made_picture(&plain, &path, &made()).unwrap();
        let stated = provenance(&path).unwrap().unwrap();
        assert!(stated.is_intact && stated.beside.is_none());
        assert_eq!(Provenance { contents: None, ..stated.provenance }, made());
        // Another decoder finds text and pixels.
        let bytes = fs::read(&path).unwrap();
        let mut reader = ::png::Decoder::new(io::Cursor::new(&bytes)).read_info().unwrap();
        let text = &reader.info().utf8_text[0];
        assert_eq!((text.keyword.as_str(), text.get_text().unwrap().contains("café.csv")), ("veridic", true));
        let mut pixels = [0; 2];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [3, 250]);
        // A picture that says nothing, and one whose pixels were changed.
        fs::write(&path, &plain).unwrap();
        assert_eq!(provenance(&path).unwrap(), None);
        let mut changed = bytes.clone();
        let last = changed.len() - 14;
        changed[last] ^= 1;
        fs::write(&path, &changed).unwrap();
        assert!(!provenance(&path).unwrap().unwrap().is_intact);
        // An SVG has it beside.
        let path = dir.path().join("a.svg");
        write_made_picture(b"<svg/>", &path, &made()).unwrap();
        assert!(provenance(&path).unwrap().unwrap().beside.is_some());
    }

    #[test]
    fn files_without_a_statement_say_nothing_and_a_broken_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let (table, schema) = table();
        for name in ["a.csv", "a.parquet"] {
            let path = dir.path().join(name);
            write(&table, &schema, &path).unwrap();
            assert_eq!(provenance(&path).unwrap(), None);
        }
        let path = dir.path().join("a.csv");
        fs::write(provenance_file(&path), "{\"synthetic\": tru").unwrap();
        let error = provenance(&path).unwrap_err();
        assert!(matches!(error, DataError::Provenance { .. }), "{error}");
        assert!(provenance(&dir.path().join("none")).is_err());
        // Headers of nothing.
        for bytes in [&b"PAR1"[..], &b"PAR1PAR1"[..], &png::SIGNATURE[..], b"", b"\x89PN"] {
            let path = dir.path().join("broken");
            fs::write(&path, bytes).unwrap();
            assert!(!matches!(provenance(&path), Ok(Some(_))), "{bytes:?}");
        }
    }
}
