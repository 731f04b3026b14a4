//! The public data sets that recipes name: where they live, how they are read, and how to tell that a copy is right.
//!
//! The catalog itself opens no socket; the command line downloads what [`File::origins`] points to.
//!
//! ```
//! use veridic::data::catalog;
//!
//! let heart = catalog::find("heart")?;
//! let format = heart.variants[0].reading.table().expect("heart is a table");
//! assert_eq!(format.names.map(<[&str]>::len), Some(14));
//! assert_eq!(format.target, Some("num"));
//! # Ok::<(), veridic::Error>(())
//! ```

mod check;
mod list;
mod names;

use std::path::{Path, PathBuf};

pub(crate) use check::sha256_of_bytes;
pub use check::{Check, FileReport, Report, Status, VariantReport, check, check_file, sha256_of};

use crate::error::{CatalogError, Result};

/// A data set with a name that recipes use.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dataset {
    /// The name, which is also its folder below the data directory.
    pub name: &'static str,
    /// What it is, in one line.
    pub about: &'static str,
    /// The licence as its publisher states it.
    pub licence: &'static str,
    /// The page that describes it.
    pub home: &'static str,
    /// The forms it comes in; [`Dataset::locate`] takes the first that is there.
    pub variants: &'static [Variant],
}

/// One form of a data set, such as the whole of it or a published part.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Variant {
    /// The name, unique within the data set.
    pub name: &'static str,
    /// What sets it apart, in one line.
    pub about: &'static str,
    /// Its files; all of them are needed.
    pub files: &'static [File],
    /// How its files are read.
    pub reading: Reading,
}

/// One file of a variant.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct File {
    /// Path below the data directory, with `/`. A copy with `.gz` added or taken away counts as the same file.
    pub path: &'static str,
    /// What the file is for.
    pub role: Role,
    /// Where it is published, best first; empty when it cannot be downloaded.
    pub origins: &'static [Origin],
    /// Its published size in bytes as it lies at `path`, where known.
    pub bytes: Option<u64>,
    /// Its published checksum, where known.
    pub digest: Option<Digest>,
    /// What is known of its content.
    pub facts: Facts,
}

/// What a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Rows or images to fit on (and to split, where there is no test file).
    Train,
    /// Rows or images to test on.
    Test,
    /// Labels of the training images.
    TrainLabels,
    /// Labels of the test images.
    TestLabels,
}

/// A public home of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// The file itself.
    Url(&'static str),
    /// A part of a published archive.
    Member {
        /// The archive.
        url: &'static str,
        /// How it is packed.
        packing: Packing,
        /// The sha256 of the archive in lower-case hexadecimal, where known.
        sha256: Option<&'static str>,
        /// The path inside the archive; with more than one element, all but the last are zip archives inside it.
        member: &'static [&'static str],
    },
}

impl Origin {
    /// The address to download.
    pub fn url(&self) -> &'static str {
        match *self {
            Self::Url(url) | Self::Member { url, .. } => url,
        }
    }
}

/// How an archive is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Packing {
    /// A zip archive.
    Zip,
    /// A gzipped tar archive.
    TarGz,
}

/// A sha256 in lower-case hexadecimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// Of the bytes as published at the file's path.
    File(&'static str),
    /// Of the content, unpacked where the file is gzipped; does not change when the file is packed again.
    Content(&'static str),
}

/// What is known of a file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facts {
    /// A table.
    Table {
        /// Rows, without the header.
        rows: u64,
        /// Fields in the first row.
        columns: u64,
        /// Cells that hold one of the format's missing markers, where known.
        missing: Option<u64>,
        /// The column that `classes` counts, from 0.
        class_column: usize,
        /// Texts of that column with their number of rows; not every text need be listed.
        classes: &'static [(&'static str, u64)],
    },
    /// An IDX file of unsigned bytes.
    Idx {
        /// Its sizes, outermost first.
        sizes: &'static [u32],
        /// How often each byte from 0 occurs, for labels.
        classes: &'static [u64],
    },
    /// Records of 1 label byte and 3 072 pixel bytes, as CIFAR-10 publishes them.
    Cifar {
        /// Number of records.
        records: u64,
        /// How often each label from 0 occurs; empty where not known.
        classes: &'static [u64],
    },
    /// Nothing but size and checksum.
    Opaque,
}

/// How the files of a variant are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Delimited text.
    Table(TableFormat),
    /// Images in IDX files, pixels and labels apart.
    Idx,
    /// Images in CIFAR-10 binary files.
    Cifar,
    /// Delimited text with a digit and the pixels of its image in each line: images, or a table where one is asked for.
    Digits(TableFormat),
    /// Delimited text, a file or member of an archive for each series.
    Series(SeriesFormat),
    /// An archive that has to be unpacked by hand first.
    Archive,
}

impl Reading {
    /// Whether it is read as images.
    pub fn is_of_images(&self) -> bool {
        matches!(self, Self::Idx | Self::Cifar | Self::Digits(_))
    }

    /// The table format, if it is or can be a table.
    pub fn table(&self) -> Option<&TableFormat> {
        match self {
            Self::Table(format) | Self::Digits(format) => Some(format),
            Self::Series(format) => Some(&format.table),
            Self::Idx | Self::Cifar | Self::Archive => None,
        }
    }
}

/// How a delimited text file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableFormat {
    /// Names of the columns, where the file has no header that gives them.
    pub names: Option<&'static [&'static str]>,
    /// Whether the first line is a header.
    pub header: bool,
    /// The byte between fields.
    pub delimiter: u8,
    /// Whether spaces around a field are not part of it.
    pub trim: bool,
    /// Cells that mean missing, beside the empty cell.
    pub missing: &'static [&'static str],
    /// Lines that begin with this byte are left out.
    pub comment: Option<u8>,
    /// The column that says what is to be predicted or told apart, if there is one.
    pub target: Option<&'static str>,
    /// Text at the end of the target's cells that is not part of it (in the test file of `adult`).
    pub target_suffix: Option<&'static str>,
    /// Columns a model should not see: numbers of rows, names, and what the publisher calls non-predictive.
    pub drop: &'static [&'static str],
}

/// How files of a series each become one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeriesFormat {
    /// How each is read.
    pub table: TableFormat,
    /// What the column is called that names the series of a row; it comes first.
    pub entity: &'static str,
    /// Members of the archives that are read; none where each file is a series.
    pub members: &'static [&'static str],
    /// What the column is called that says which points are unusual, where another file (of [`Role::TrainLabels`]) tells; it
    /// comes last.
    pub label: Option<&'static str>,
}

impl TableFormat {
    /// Comma separated with a header, nothing special.
    pub const CSV: Self = Self {
        names: None,
        header: true,
        delimiter: b',',
        trim: false,
        missing: &[],
        comment: None,
        target: None,
        target_suffix: None,
        drop: &[],
    };
}

/// A variant whose files are all there.
#[derive(Debug, Clone, PartialEq)]
pub struct Located {
    /// The data set.
    pub dataset: &'static Dataset,
    /// The first variant whose files are all there.
    pub variant: &'static Variant,
    /// Its files in the catalog's order.
    pub files: Vec<(Role, PathBuf)>,
}

impl Located {
    /// The files of one role, in order.
    pub fn files_of(&self, role: Role) -> impl Iterator<Item = &Path> {
        self.files.iter().filter(move |(r, _)| *r == role).map(|(_, path)| path.as_path())
    }
}

/// Every known data set, by name.
pub fn all() -> &'static [Dataset] {
    list::DATASETS
}

/// The data set called `name`.
///
/// # Errors
/// [`CatalogError::UnknownDataset`] with the nearest name.
pub fn find(name: &str) -> Result<&'static Dataset> {
    all().iter().find(|d| d.name == name).ok_or_else(|| {
        let known: Vec<&str> = all().iter().map(|d| d.name).collect();
        CatalogError::UnknownDataset { name: name.to_owned(), known }.into()
    })
}

impl Dataset {
    /// The variant called `name`.
    ///
    /// # Errors
    /// [`CatalogError::UnknownVariant`] with the names there are.
    pub fn variant(&self, name: &str) -> Result<&'static Variant> {
        self.variants.iter().find(|v| v.name == name).ok_or_else(|| {
            CatalogError::UnknownVariant {
                dataset: self.name.to_owned(),
                name: name.to_owned(),
                known: self.variants.iter().map(|v| v.name).collect(),
            }
            .into()
        })
    }

    /// The first variant that can be read as it is and whose files all lie below `data_dir`, or the one that is asked for.
    ///
    /// # Errors
    /// [`CatalogError::NotThere`] with every path that was looked for, [`CatalogError::UnknownVariant`].
    pub fn locate(&'static self, data_dir: &Path, variant: Option<&str>) -> Result<Located> {
        let asked = variant.map(|name| self.variant(name)).transpose()?;
        let is_asked = |v: &&Variant| asked.is_none_or(|asked| asked.name == v.name);
        let readable = self.variants.iter().filter(|v| v.reading != Reading::Archive).filter(is_asked);
        for variant in readable.clone() {
            let found: Option<Vec<_>> =
                variant.files.iter().map(|f| f.locate(data_dir).map(|path| (f.role, path))).collect();
            if let Some(files) = found {
                return Ok(Located { dataset: self, variant, files });
            }
        }
        let looked_for = readable.flat_map(|v| v.files).map(|f| f.path).collect();
        let dir = data_dir.to_owned();
        Err(CatalogError::NotThere { dataset: self.name.to_owned(), looked_for, dir }.into())
    }
}

impl Variant {
    /// Whether every file has a public home.
    pub fn can_be_fetched(&self) -> bool {
        self.files.iter().all(|f| !f.origins.is_empty())
    }
}

impl File {
    /// The file's path below `data_dir`, as published.
    pub fn target(&self, data_dir: &Path) -> PathBuf {
        self.path.split('/').fold(data_dir.to_owned(), |dir, part| dir.join(part))
    }

    /// Where the file lies below `data_dir`, gzipped or not, if it does.
    pub fn locate(&self, data_dir: &Path) -> Option<PathBuf> {
        let published = self.target(data_dir);
        let mut other = published.clone().into_os_string();
        let other = match published.extension() {
            Some(ending) if ending == "gz" => published.with_extension(""),
            _ => {
                other.push(".gz");
                PathBuf::from(other)
            }
        };
        [published, other].into_iter().find(|path| path.is_file())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn names_are_sorted_unique_and_folders() {
        let names: Vec<&str> = all().iter().map(|d| d.name).collect();
        assert!(names.is_sorted_by(|a, b| a < b), "{names:?}");
        for dataset in all() {
            for file in dataset.variants.iter().flat_map(|v| v.files) {
                assert!(file.path.starts_with(&format!("{}/", dataset.name)), "{}", file.path);
            }
        }
    }

    #[test]
    fn an_unknown_name_suggests_the_nearest() {
        let error = find("creditcrad").unwrap_err();
        assert!(
            matches!(&error, Error::Catalog(CatalogError::UnknownDataset { name, .. }) if name == "creditcrad")
        );
        assert_eq!(error.hint().unwrap(), "did you mean \"creditcard\"?");
    }

    #[test]
    fn checksums_are_64_hexadecimal_digits_and_addresses_are_http() {
        for file in all().iter().flat_map(|d| d.variants).flat_map(|v| v.files) {
            let mut digests: Vec<&str> = file
                .digest
                .iter()
                .map(|d| match d {
                    Digest::File(hex) | Digest::Content(hex) => *hex,
                })
                .collect();
            for origin in file.origins {
                assert!(origin.url().starts_with("http"), "{}", origin.url());
                if let Origin::Member { sha256: Some(hex), .. } = origin {
                    digests.push(hex);
                }
            }
            for hex in digests {
                assert!(hex.len() == 64 && hex.bytes().all(|b| b"0123456789abcdef".contains(&b)), "{hex}");
            }
            let unverifiable = file.digest.is_none() && file.facts == Facts::Opaque;
            assert!(!unverifiable, "nothing tells a good copy of {}", file.path);
        }
    }

    #[test]
    fn targets_and_dropped_columns_are_among_the_names() {
        for (dataset, format) in all()
            .iter()
            .flat_map(|d| d.variants.iter().filter_map(move |v| Some((d.name, v.reading.table()?))))
        {
            let Some(names) = format.names else { continue };
            for column in format.target.iter().chain(format.drop) {
                assert!(names.contains(column), "{column} of {dataset}");
            }
        }
    }

    #[test]
    fn locate_prefers_the_first_variant_and_takes_gzipped_copies() {
        let dir = tempfile::tempdir().unwrap();
        let creditcard = find("creditcard").unwrap();
        let error = creditcard.locate(dir.path(), None).unwrap_err();
        assert!(
            matches!(&error, Error::Catalog(CatalogError::NotThere { looked_for, .. }) if looked_for.len() == 3)
        );
        std::fs::create_dir(dir.path().join("creditcard")).unwrap();
        std::fs::write(dir.path().join("creditcard/creditcard_subset.csv"), "x").unwrap();
        assert_eq!(creditcard.locate(dir.path(), None).unwrap().variant.name, "subset");
        std::fs::write(dir.path().join("creditcard/creditcard.csv.gz"), "x").unwrap();
        let located = creditcard.locate(dir.path(), None).unwrap();
        assert_eq!(located.variant.name, "full");
        assert_eq!(creditcard.locate(dir.path(), Some("subset")).unwrap().variant.name, "subset");
        assert!(
            creditcard
                .locate(dir.path(), Some("half"))
                .unwrap_err()
                .to_string()
                .contains("has no variant \"half\"")
        );
        let files: Vec<&Path> = located.files_of(Role::Train).collect();
        assert_eq!(files, [dir.path().join("creditcard/creditcard.csv.gz")]);
    }
}
