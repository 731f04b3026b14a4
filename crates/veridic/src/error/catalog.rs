use std::path::PathBuf;

/// Errors of the area `data::catalog`.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// No data set has that name.
    #[error("unknown data set {name:?}; known are {}", known.join(", "))]
    UnknownDataset {
        /// The name asked for.
        name: String,
        /// Every known name.
        known: Vec<&'static str>,
    },
    /// The data set has no variant of that name.
    #[error("data set {dataset} has no variant {name:?}; it has {}", known.join(", "))]
    UnknownVariant {
        /// The data set.
        dataset: String,
        /// The name asked for.
        name: String,
        /// The names it has.
        known: Vec<&'static str>,
    },
    /// No variant of the data set is complete.
    #[error("data set {dataset} is not there; looked for {}: {}", looked_for.join(", "), dir.display())]
    NotThere {
        /// The data set.
        dataset: String,
        /// The paths looked for, below `dir`.
        looked_for: Vec<&'static str>,
        /// The data directory.
        dir: PathBuf,
    },
    /// A file that is there cannot be opened.
    #[error("cannot read file: {}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl CatalogError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownDataset { name, known } | Self::UnknownVariant { name, known, .. } => known
                .iter()
                .map(|k| (strsim::damerau_levenshtein(name, k), k))
                .min()
                .filter(|(distance, k)| *distance <= k.len().div_ceil(3))
                .map(|(_, k)| format!("did you mean {k:?}?")),
            Self::NotThere { dataset, .. } => Some(format!("fetch `{dataset}`, or say where data sets lie")),
            Self::Unreadable { .. } => Some("check the file's permissions".to_owned()),
        }
    }
}
