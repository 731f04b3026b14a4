/// Errors in a configuration or recipe.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// The TOML does not parse, or a key or value is not known.
    #[error("{message} ({origin})")]
    Toml {
        /// What the parser found, with the line.
        message: String,
        /// The nearest known key to one that is not known.
        nearest: Option<String>,
        /// The file, or the name of the recipe.
        origin: String,
    },
    /// A value is outside its range.
    #[error("`{field}` is {found}, allowed is {allowed}")]
    Range {
        /// The field, by path.
        field: String,
        /// What was found.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// There is no recipe of that name, and no such file.
    #[error("there is no recipe called `{name}`, and no such file")]
    NoRecipe {
        /// What was asked for.
        name: String,
        /// The nearest name there is.
        nearest: Option<String>,
    },
    /// An override that is not `PATH=VALUE`, or whose path is not there.
    #[error("cannot set `{path}` to `{value}`: {reason}")]
    Set {
        /// The path.
        path: String,
        /// The value.
        value: String,
        /// Why not.
        reason: String,
        /// The nearest known key, or else what can be set.
        remedy: Option<String>,
    },
    /// A layer that cannot take what the layers before it make.
    #[error("layer {number} of `{path}` does not fit: {so_far} -> [{layer}]: {reason}")]
    Layers {
        /// The list, by path.
        path: String,
        /// The layer, counted from 1.
        number: usize,
        /// What the layer is.
        layer: String,
        /// The shapes and layers before it.
        so_far: String,
        /// Why it does not fit.
        reason: String,
    },
    /// A decoder whose last layer is neither hidden nor the output that the data asks for.
    #[error("`{path}` does not end as it must: {so_far}: {reason}")]
    Ending {
        /// The list, by path.
        path: String,
        /// The shapes and layers.
        so_far: String,
        /// What is wrong with the end.
        reason: String,
        /// What to do about it.
        remedy: String,
    },
    /// A model that would need more memory than is allowed.
    #[error(
        "the model would need about {} of memory, at most {} are allowed; {most}, alone needs {}",
        size(*bytes), size(*allowed), size(*of_it)
    )]
    Memory {
        /// Bytes it would need.
        bytes: u64,
        /// Bytes it may need.
        allowed: u64,
        /// The part that needs most.
        most: String,
        /// Bytes that part needs.
        of_it: u64,
    },
    /// Settings that do not go together.
    #[error("{what}")]
    Conflict {
        /// What does not go together.
        what: String,
        /// What to do about it.
        remedy: String,
    },
}

impl ConfigError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Toml { nearest: Some(nearest), .. } => Some(format!("did you mean `{nearest}`?")),
            Self::NoRecipe { nearest: Some(nearest), .. } => {
                Some(format!("did you mean `{nearest}`?"))
            }
            Self::NoRecipe { .. } => None,
            Self::Conflict { remedy, .. } | Self::Ending { remedy, .. } => Some(remedy.clone()),
            Self::Set { remedy, .. } => remedy.clone(),
            Self::Layers { .. } => {
                Some("shapes are those of one row; `{ flatten = true }` and `{ reshape = [h, w, c] }` turn images into values and back".to_string())
            }
            Self::Memory { .. } => Some(
                "choose smaller layers, or lower `model.vae.samples`, the levels of a likelihood, `train.batch` or `data.images.size`"
                    .to_string(),
            ),
            Self::Toml { .. } | Self::Range { .. } => None,
        }
    }
}

/// Bytes as gigabytes, to a digit.
fn size(bytes: u64) -> String {
    format!("{:.1} GB", bytes as f64 / 1e9)
}
