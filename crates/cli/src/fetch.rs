//! Downloads a known data set from its public home and verifies it before anything takes its place.
//!
//! The network lives here, not in the library. A file is downloaded to a temporary file beside its target, checked
//! (size, sha256, rows, classes), and only then renamed; whatever fails leaves the target as it was.

mod error;
mod http;
mod unpack;

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use veridic::data::catalog::{self, Dataset, File, Origin, Status, Variant};

pub(crate) use error::FetchError;
use http::Client;

/// How to fetch.
#[derive(Debug, Clone, Default)]
pub(crate) struct Options {
    /// Take every file from this address plus its path below the data directory, not from its public home.
    pub(crate) from: Option<String>,
    /// The variant to fetch; by default the first that has a public home.
    pub(crate) variant: Option<String>,
    /// Download also what is already there, and replace it.
    pub(crate) overwrite: bool,
    /// A PEM file of certificates to trust in place of the built-in roots (by custom the one `SSL_CERT_FILE` names).
    pub(crate) roots: Option<PathBuf>,
    /// Ignore the proxy that the environment names.
    pub(crate) direct: bool,
}

/// What happens while fetching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Progress<'a> {
    /// A download begins.
    Start {
        /// The address.
        url: &'a str,
    },
    /// More bytes have come.
    Received {
        /// Bytes so far.
        bytes: u64,
        /// Bytes in all, where the server says so.
        total: Option<u64>,
    },
    /// A download is complete and is being verified.
    Verify {
        /// The file's path below the data directory.
        path: &'a str,
    },
}

/// Watches the progress; [`ControlFlow::Break`] ends the fetch with nothing half-written.
pub(crate) type Watch<'a> = dyn FnMut(Progress<'_>) -> ControlFlow<()> + 'a;

/// A data set that is now there and right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fetched {
    /// The data set.
    pub(crate) dataset: &'static str,
    /// The variant.
    pub(crate) variant: &'static str,
    /// Its files in the catalog's order.
    pub(crate) files: Vec<FetchedFile>,
}

/// A file that is now there and right.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FetchedFile {
    /// Where it lies.
    pub(crate) path: PathBuf,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// Its sha256 in hexadecimal.
    pub(crate) sha256: String,
    /// How it came there.
    pub(crate) outcome: Outcome,
}

/// How a file came there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was there and right; nothing was downloaded.
    AlreadyThere,
    /// It was downloaded and verified.
    Downloaded {
        /// From here.
        url: String,
    },
}

/// Brings `dataset` below `data_dir`: files that are there and right are kept, the others downloaded and verified.
///
/// Homes are tried in the catalog's order. Files fetched before one that fails stay.
///
/// # Errors
/// See [`FetchError`]; every one leaves files that were there as they were.
pub(crate) fn fetch(
    dataset: &Dataset,
    data_dir: &Path,
    options: &Options,
    watch: &mut Watch<'_>,
) -> Result<Fetched, FetchError> {
    let variant = choose(dataset, options)?;
    let client = Client::new(options)?;
    let folder = Folder::create(&data_dir.join(dataset.name))?;
    let mut session = Session { client, archives: BTreeMap::new(), folder };
    let mut files = Vec::new();
    for file in variant.files {
        let there = if options.overwrite { None } else { already_there(variant, file, data_dir)? };
        files.push(match there {
            Some(file) => file,
            None => session.fetch_file(variant, file, data_dir, options, watch)?,
        });
    }
    Ok(Fetched { dataset: dataset.name, variant: variant.name, files })
}

/// One call of [`fetch`]. Fields are dropped in this order, so that the folder is empty when it is looked at.
struct Session {
    client: Client,
    /// Archives downloaded so far, so that one with several files is downloaded once.
    archives: BTreeMap<&'static str, NamedTempFile>,
    folder: Folder,
}

fn choose(dataset: &Dataset, options: &Options) -> Result<&'static Variant, FetchError> {
    let variant = match &options.variant {
        Some(name) => Some(dataset.variant(name)?),
        None => dataset.variants.iter().find(|v| v.can_be_fetched()).or(dataset.variants.first()),
    };
    variant
        .filter(|v| v.can_be_fetched() || options.from.is_some())
        .ok_or(FetchError::NoHome { dataset: dataset.name, home: dataset.home })
}

fn already_there(variant: &Variant, file: &File, data_dir: &Path) -> Result<Option<FetchedFile>, FetchError> {
    let Some(path) = file.locate(data_dir) else { return Ok(None) };
    let report = catalog::check_file(variant, file, &path)?;
    match (report.status(), report.bytes, &report.sha256) {
        (Status::Ok, Some(bytes), Some(sha256)) => {
            Ok(Some(FetchedFile { path, bytes, sha256: sha256.clone(), outcome: Outcome::AlreadyThere }))
        }
        _ => Err(FetchError::Differs { path, differences: report.differences().cloned().collect() }),
    }
}

impl Session {
    fn fetch_file(
        &mut self,
        variant: &Variant,
        file: &File,
        data_dir: &Path,
        options: &Options,
        watch: &mut Watch<'_>,
    ) -> Result<FetchedFile, FetchError> {
        let target = file.target(data_dir);
        let homes: Vec<(String, Option<Origin>)> = match &options.from {
            Some(base) => vec![(format!("{}/{}", base.trim_end_matches('/'), file.path), None)],
            None => file.origins.iter().map(|origin| (origin.url().to_owned(), Some(*origin))).collect(),
        };
        let mut errors = Vec::new();
        for (url, origin) in homes {
            let attempt = match origin {
                Some(Origin::Member { url, packing, sha256, member }) => self
                    .archive(url, sha256, &target, watch)
                    .map_err(|error| error.of_member(member))
                    .and_then(|archive| {
                        let mut out = temporary(&self.folder.path)?;
                        unpack::member(self.archives[archive].path(), packing, member, &mut out, url)?;
                        Ok(out)
                    }),
                Some(Origin::Url(_)) | None => self.client.download(&url, &target, &self.folder.path, watch),
            };
            let done = attempt.and_then(|temporary| {
                if watch(Progress::Verify { path: file.path }).is_break() {
                    return Err(FetchError::Interrupted { path: target.clone() });
                }
                install(variant, file, temporary, &target, url)
            });
            match done {
                Ok(fetched) => return Ok(fetched),
                // Another home cannot help against a full disk or a user who has had enough.
                Err(error @ (FetchError::Interrupted { .. } | FetchError::Write { .. })) => {
                    return Err(error);
                }
                Err(error) => errors.push(error),
            }
        }
        // What a server answered says more than that another could not be reached.
        let telling = errors.iter().position(|error| !matches!(error, FetchError::NoNetwork { .. }));
        Err(errors.swap_remove(telling.unwrap_or(0)))
    }

    /// Has the archive at `url` downloaded and verified, and returns its key.
    fn archive(
        &mut self,
        url: &'static str,
        sha256: Option<&str>,
        target: &Path,
        watch: &mut Watch<'_>,
    ) -> Result<&'static str, FetchError> {
        if !self.archives.contains_key(url) {
            let archive = self.client.download(url, target, &self.folder.path, watch)?;
            if let Some(expected) = sha256 {
                unpack::verify(archive.path(), url, expected)?;
            }
            self.archives.insert(url, archive);
        }
        Ok(url)
    }
}

fn install(
    variant: &Variant,
    file: &File,
    temporary: NamedTempFile,
    target: &Path,
    url: String,
) -> Result<FetchedFile, FetchError> {
    let write = |source| FetchError::Write { path: target.to_owned(), source };
    temporary.as_file().sync_all().map_err(write)?;
    let report = catalog::check_file(variant, file, temporary.path())?;
    let (Status::Ok, Some(bytes), Some(sha256)) = (report.status(), report.bytes, report.sha256.clone())
    else {
        let differences = report.differences().cloned().collect();
        return Err(FetchError::NotAsPublished { url, path: target.to_owned(), differences });
    };
    temporary.persist(target).map_err(|error| write(error.error))?;
    Ok(FetchedFile { path: target.to_owned(), bytes, sha256, outcome: Outcome::Downloaded { url } })
}

/// A temporary file in `folder`, deleted when dropped.
fn temporary(folder: &Path) -> Result<NamedTempFile, FetchError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".veridic-").suffix(".part");
    // A temporary file is private by default, but a data set is for everyone the user's mask lets in.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(folder).map_err(|source| FetchError::Write { path: folder.to_owned(), source })
}

/// The folder of a data set; taken away again if it was made for nothing.
struct Folder {
    path: PathBuf,
    made: bool,
}

impl Folder {
    fn create(path: &Path) -> Result<Self, FetchError> {
        let made = !path.is_dir();
        fs::create_dir_all(path).map_err(|source| FetchError::Write { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), made })
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.made {
            // Fails, as it should, when the folder has files.
            let _ = fs::remove_dir(&self.path);
        }
    }
}

#[cfg(test)]
mod tests;
