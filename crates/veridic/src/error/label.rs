//! What a history of labels cannot hold.

/// Why an entry cannot be added to a history of labels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LabelError {
    /// An entry is missing, or there twice.
    #[error("entry {found} is found where {expected} must be")]
    Number {
        /// The number of the entry.
        found: u64,
        /// The number it must have.
        expected: u64,
    },
    /// An entry is older than the one before it.
    #[error("entry {event} is {behind} ms older than the one before it")]
    Clock {
        /// The number of the entry.
        event: u64,
        /// By how many milliseconds.
        behind: i64,
    },
    /// A class that is not there.
    #[error("there is no class {}, there are {classes}", class + 1)]
    Class {
        /// The class, from 0.
        class: u16,
        /// How many there are.
        classes: usize,
    },
    /// An undo of what is no decision, is undone already, or is of another row.
    #[error("entry {id} cannot be undone")]
    Undo {
        /// The number of the entry that was to be undone.
        id: u64,
    },
}

impl LabelError {
    /// What the user can do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Number { .. } | Self::Clock { .. } => {
                Some("the file was changed by another program; go back to a copy".to_string())
            }
            Self::Class { .. } | Self::Undo { .. } => None,
        }
    }
}
