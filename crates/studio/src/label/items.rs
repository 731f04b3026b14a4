//! What is labelled: the rows of a table, or images.

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use veridic::data::{self, Cells, ImageOptions, Images, Schema, Table};
use veridic::run::{self, TableReading};

use super::unusual::Unusual;
use crate::{Result, StudioError};

/// The first 16 bytes of the SHA-256 of what a row holds.
pub type Fingerprint = [u8; 16];

/// Rows that are hashed by one thread at least.
const PIECE: usize = 4096;

/// Rows to label.
#[derive(Debug)]
pub struct Items {
    content: Content,
    fingerprints: Vec<Fingerprint>,
    identity: Identity,
    unusual: Option<Unusual>,
    notes: Vec<String>,
    /// What the data itself calls the classes of images, if it does.
    names: Option<Vec<String>>,
}

/// What the rows are.
#[derive(Debug)]
pub(crate) enum Content {
    Table { table: Table, schema: Schema },
    Images(Images),
}

/// Which data labels are of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Identity {
    /// The name of the file or folder.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// What a row is: `table: a, b, c` or `images: 28 x 28 x 1`.
    pub form: String,
    /// SHA-256 of all fingerprints, in hexadecimal digits.
    pub digest: String,
}

impl Items {
    /// Reads a table or images, whichever lies at `path`; `hidden` columns of a table are neither shown nor learned from.
    ///
    /// # Errors
    /// What cannot be read, a hidden column that is not there.
    pub fn read(path: &Path, hidden: &[String], reading: &TableReading) -> Result<Self> {
        let name =
            path.file_name().map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned());
        if run::looks_like_images(path) {
            let set = data::read_images(path, &ImageOptions::default())?;
            let mut images = set.train;
            if let Some(test) = set.test.filter(|test| test.shape() == images.shape()) {
                images.n += test.n;
                images.pixels.extend(test.pixels);
                images.labels = images.labels.zip(test.labels).map(|(a, b)| [a, b].concat());
            }
            return Ok(Self { notes: set.notes, names: set.names, ..Self::of_images(&name, images) });
        }
        let data::Reading { table, schema, .. } = data::read(path, &run::table_options(path, reading))?;
        for column in hidden {
            table.require(column)?;
        }
        let kept = |column: &str| !hidden.iter().any(|hidden| hidden == column);
        let names: Vec<&str> =
            table.columns.iter().map(|column| column.name.as_str()).filter(|name| kept(name)).collect();
        let table = table.select(&names)?;
        let columns = schema.columns.iter().filter(|column| kept(&column.name)).cloned().collect();
        Ok(Self::of_table(&name, table, Schema { columns }))
    }

    /// The rows of a table called `name`.
    pub fn of_table(name: &str, table: Table, schema: Schema) -> Self {
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let form = format!("table: {}", columns.join(", "));
        let fingerprints = each(table.n_rows, |row, hash| {
            for column in &table.columns {
                match &column.cells {
                    Cells::Number(values) => {
                        // All missing cells and both zeros are alike.
                        let value = if values[row].is_nan() { f64::NAN } else { values[row] + 0.0 };
                        hash.update(value.to_bits().to_le_bytes());
                    }
                    cells @ Cells::Text { .. } => match cells.text(row) {
                        Some(text) => {
                            hash.update((text.len() as u64).to_le_bytes());
                            hash.update(text.as_bytes());
                        }
                        None => hash.update(u64::MAX.to_le_bytes()),
                    },
                }
            }
        });
        let unusual = Some(Unusual::of(&table, &schema));
        let identity =
            Identity { name: name.to_string(), rows: table.n_rows, form, digest: digest(&fingerprints) };
        let content = Content::Table { table, schema };
        Self { content, fingerprints, identity, unusual, notes: Vec::new(), names: None }
    }

    /// Images called `name`.
    pub fn of_images(name: &str, images: Images) -> Self {
        let [height, width, channels] = images.shape();
        let size = height * width * channels;
        let form = format!("images: {height} x {width} x {channels}");
        let fingerprints =
            each(images.n, |row, hash| hash.update(&images.pixels[row * size..(row + 1) * size]));
        let identity =
            Identity { name: name.to_string(), rows: images.n, form, digest: digest(&fingerprints) };
        let content = Content::Images(images);
        Self { content, fingerprints, identity, unusual: None, notes: Vec::new(), names: None }
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.identity.rows
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Which data it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// What each row holds, by number.
    pub fn fingerprints(&self) -> &[Fingerprint] {
        &self.fingerprints
    }

    /// What the user should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Names of the classes that the data has itself: those of folders of images, or the numbers of labels.
    pub fn classes(&self) -> Option<Vec<String>> {
        let Content::Images(Images { labels: Some(labels), .. }) = &self.content else { return None };
        let most = usize::from(*labels.iter().max()?);
        let name = |i: usize| self.names.as_ref().and_then(|names| names.get(i).cloned());
        Some((0..=most).map(|i| name(i).unwrap_or_else(|| i.to_string())).collect())
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }

    pub(crate) fn unusual(&self) -> Option<&Unusual> {
        self.unusual.as_ref()
    }

    /// An image as a PNG file.
    pub(crate) fn png(&self, row: usize) -> Option<Vec<u8>> {
        let Content::Images(images) = &self.content else { return None };
        let [height, width, channels] = images.shape();
        let size = height * width * channels;
        let pixels = images.pixels.get(row * size..(row + 1) * size)?;
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width as u32, height as u32);
        encoder.set_color(if channels == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
        // Made to be looked at once, on this machine.
        encoder.set_compression(png::Compression::Fastest);
        encoder.write_header().ok()?.write_image_data(pixels).ok()?;
        Some(bytes)
    }
}

impl Identity {
    /// Finds out whether labels of `self` may be used with `data`, given what the rows that were shown held. Says whether
    /// the data has changed elsewhere.
    ///
    /// # Errors
    /// [`StudioError::OtherData`], [`StudioError::ChangedData`].
    pub(crate) fn check<'a>(
        &self,
        data: &Items,
        shown: impl ExactSizeIterator<Item = (&'a u32, &'a Fingerprint)>,
        path: &Path,
    ) -> Result<bool> {
        let other = |reason| Err(StudioError::OtherData { reason, path: path.to_owned() });
        if self.form != data.identity.form {
            return other(format!(
                "they are of {}, the data is {}",
                self.described(),
                data.identity.described()
            ));
        }
        if self.digest == data.identity.digest {
            return Ok(false);
        }
        let of = shown.len();
        let wrong: Vec<usize> = shown
            .filter(|(row, fingerprint)| data.fingerprints.get(**row as usize) != Some(fingerprint))
            .map(|(row, _)| *row as usize)
            .collect();
        match wrong.first() {
            None => Ok(true),
            Some(_) if wrong.len() == of => {
                other(format!("none of the {of} rows that were shown is at its place in the data"))
            }
            Some(first) => Err(StudioError::ChangedData {
                rows: wrong.len(),
                of,
                first: first + 1,
                path: path.to_owned(),
            }),
        }
    }

    fn described(&self) -> String {
        let mut form = self.form.clone();
        if form.chars().count() > 120 {
            form = form.chars().take(120).chain(std::iter::once('…')).collect();
        }
        format!("{} ({} rows, {form})", self.name, self.rows)
    }
}

/// The fingerprint of each row, in parallel.
fn each(rows: usize, hash: impl Fn(usize, &mut Sha256) + Sync) -> Vec<Fingerprint> {
    let mut fingerprints = vec![[0; 16]; rows];
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let piece = rows.div_ceil(threads).max(PIECE);
    std::thread::scope(|scope| {
        for (number, piece_of) in fingerprints.chunks_mut(piece).enumerate() {
            let hash = &hash;
            scope.spawn(move || {
                for (i, fingerprint) in piece_of.iter_mut().enumerate() {
                    let mut sum = Sha256::new();
                    hash(number * piece + i, &mut sum);
                    fingerprint.copy_from_slice(&sum.finalize()[..16]);
                }
            });
        }
    });
    fingerprints
}

fn digest(fingerprints: &[Fingerprint]) -> String {
    let mut hash = Sha256::new();
    fingerprints.iter().for_each(|fingerprint| hash.update(fingerprint));
    hex(&hash.finalize())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Items {
        let data::Reading { table, schema, .. } =
            data::read_bytes("t.csv", text.into(), &data::ReadOptions::default()).unwrap();
        Items::of_table("t.csv", table, schema)
    }

    #[test]
    fn a_fingerprint_follows_every_cell_and_nothing_else() {
        let a = table("x,y\n1.5,b\n2,c\n,\n");
        let b = table("x,y\n1.50,b\n2,d\n,\n");
        assert_eq!(a.fingerprints()[0], b.fingerprints()[0]);
        assert_ne!(a.fingerprints()[1], b.fingerprints()[1]);
        assert_eq!(a.fingerprints()[2], b.fingerprints()[2]);
        assert_ne!(a.identity().digest, b.identity().digest);
    }

    #[test]
    fn labels_fit_data_that_grew_and_not_data_that_changed_or_is_other() {
        let path = Path::new("labels.db");
        let old = table("x,y\n1,b\n2,c\n3,d\n");
        let shown: std::collections::BTreeMap<u32, Fingerprint> =
            (0..2).map(|row| (row, old.fingerprints()[row as usize])).collect();
        let check = |text: &str| old.identity().check(&table(text), shown.iter(), path);
        assert!(!check("x,y\n1,b\n2,c\n3,d\n").unwrap());
        assert!(check("x,y\n1,b\n2,c\n3,d\n4,e\n").unwrap());
        let error = check("x,y\n1,b\n2,z\n3,d\n").unwrap_err().to_string();
        assert!(
            error.starts_with("1 of the 2 rows that were shown have changed since, the first is row 2"),
            "{error}"
        );
        let error = check("x,y\n7,b\n7,c\n").unwrap_err().to_string();
        assert!(error.contains("none of the 2 rows that were shown is at its place"), "{error}");
        let error = check("x,z\n1,b\n2,c\n").unwrap_err().to_string();
        assert!(error.contains("table: x, y") && error.contains("table: x, z"), "{error}");
    }

    #[test]
    fn images_are_png_files_and_say_their_classes() {
        let images = Images {
            n: 2,
            height: 1,
            width: 2,
            channels: 1,
            pixels: vec![0, 9, 8, 255],
            labels: Some(vec![2, 0]),
        };
        let items = Items::of_images("i", images);
        assert_eq!(items.classes().unwrap(), ["0", "1", "2"]);
        let png = items.png(1).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png)).read_info().unwrap();
        let mut pixels = vec![0; 2];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, [8, 255]);
        assert!(items.png(2).is_none());
    }
}
