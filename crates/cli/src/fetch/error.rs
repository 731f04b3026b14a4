use std::path::PathBuf;

use veridic::data::catalog::Check;

/// Why a data set could not be fetched.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    /// The data set or variant is not known, or a file cannot be read.
    #[error(transparent)]
    Catalog(#[from] veridic::Error),
    /// Nobody publishes this form of the data set for download.
    #[error("{dataset} has no public download: {home}")]
    NoHome {
        /// The data set.
        dataset: &'static str,
        /// Its page.
        home: &'static str,
    },
    /// A file is there already, but it is not the published one.
    #[error("file is there but is not the published one ({}): {}", list(differences), path.display())]
    Differs {
        /// The file.
        path: PathBuf,
        /// What differs.
        differences: Vec<Check>,
    },
    /// The server could not be reached.
    #[error("no network: could not reach {host} ({reason})")]
    NoNetwork {
        /// The server.
        host: String,
        /// What the system said.
        reason: String,
        /// How to do it by hand.
        by_hand: ByHand,
    },
    /// The server answered with something else than the file.
    #[error("server answered {status}, not 200: {}", by_hand.url)]
    Status {
        /// The HTTP status.
        status: u16,
        /// How to do it by hand.
        by_hand: ByHand,
    },
    /// No encrypted connection could be made.
    #[error("no secure connection: {reason}: {}", by_hand.url)]
    Tls {
        /// Why.
        reason: String,
        /// How to do it by hand.
        by_hand: ByHand,
    },
    /// Fewer bytes came than the server announced.
    #[error("download ended after {received} of {expected} bytes: {}", by_hand.url)]
    Truncated {
        /// Bytes that came.
        received: u64,
        /// Bytes announced.
        expected: u64,
        /// How to do it by hand.
        by_hand: ByHand,
    },
    /// The download broke in another way.
    #[error("download failed after {received} bytes: {reason}: {}", by_hand.url)]
    Broken {
        /// Bytes that came.
        received: u64,
        /// Why.
        reason: String,
        /// How to do it by hand.
        by_hand: ByHand,
    },
    /// What came is not the published file.
    #[error("downloaded file is not the published one ({}): {url}", list(differences))]
    NotAsPublished {
        /// The address.
        url: String,
        /// Where it would have gone.
        path: PathBuf,
        /// What differs.
        differences: Vec<Check>,
    },
    /// An archive does not hold the file, or cannot be unpacked.
    #[error("cannot take {member} out of the archive: {reason}: {url}")]
    Archive {
        /// The path inside the archive.
        member: String,
        /// Why.
        reason: String,
        /// The address.
        url: String,
    },
    /// The file of trusted certificates cannot be used.
    #[error("no certificates in PEM form: {reason}: {}", path.display())]
    Roots {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// Writing failed.
    #[error("cannot write: {}", path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The user stopped it.
    #[error("stopped before the download was complete: {}", path.display())]
    Interrupted {
        /// Where it would have gone.
        path: PathBuf,
    },
}

/// How to download a file without this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ByHand {
    /// The address.
    pub(crate) url: String,
    /// The path inside the archive, if the address is an archive.
    pub(crate) member: Option<String>,
    /// Where the file goes.
    pub(crate) path: PathBuf,
}

impl ByHand {
    fn hint(&self) -> String {
        let Self { url, member, path } = self;
        let path = path.display();
        match member {
            Some(member) => format!("download {url} by hand, take {member} out of it, and put it at {path}"),
            None => format!("download it by hand: from {url} into {path}"),
        }
    }
}

impl FetchError {
    /// What the user can do about it.
    pub(crate) fn hint(&self) -> Option<String> {
        match self {
            Self::Catalog(error) => error.hint(),
            Self::NoHome { home, .. } => Some(format!("see {home}")),
            Self::Differs { .. } => {
                Some("move it away, or replace it with the published one by --overwrite".to_owned())
            }
            Self::NoNetwork { by_hand, .. }
            | Self::Status { by_hand, .. }
            | Self::Truncated { by_hand, .. }
            | Self::Tls { by_hand, .. }
            | Self::Broken { by_hand, .. } => Some(by_hand.hint()),
            Self::NotAsPublished { .. } | Self::Archive { .. } => {
                Some("nothing was kept; try again later, or from a mirror with --from URL".to_owned())
            }
            Self::Roots { .. } => Some("SSL_CERT_FILE names a file of certificates to trust".to_owned()),
            Self::Write { .. } => {
                Some("check that the disk has room and the folder may be written".to_owned())
            }
            Self::Interrupted { .. } => Some("run the command again; it starts this file anew".to_owned()),
        }
    }

    /// The same error, with the hint naming the part of the archive that is wanted.
    pub(super) fn of_member(mut self, path: &[&str]) -> Self {
        if let Self::NoNetwork { by_hand, .. }
        | Self::Status { by_hand, .. }
        | Self::Truncated { by_hand, .. }
        | Self::Tls { by_hand, .. }
        | Self::Broken { by_hand, .. } = &mut self
        {
            by_hand.member = Some(nested(path));
        }
        self
    }
}

/// `c in b in a` for the path `a`, `b`, `c` through archives.
pub(super) fn nested(member: &[&str]) -> String {
    member.iter().rev().copied().collect::<Vec<_>>().join(" in ")
}

fn list(differences: &[Check]) -> String {
    let one = |check: &Check| format!("{} is {}, must be {}", check.what, check.found, check.expected);
    differences.iter().map(one).collect::<Vec<_>>().join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_an_archive_is_named_from_the_inside_out() {
        let by_hand = ByHand {
            url: "https://host/a.zip".to_owned(),
            member: None,
            path: PathBuf::from("bank/full.csv"),
        };
        let error = FetchError::Status { status: 404, by_hand }.of_member(&["b.zip", "full.csv"]);
        assert_eq!(
            error.hint().unwrap(),
            "download https://host/a.zip by hand, take full.csv in b.zip out of it, and put it at bank/full.csv"
        );
    }
}
