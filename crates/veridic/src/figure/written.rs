//! How the numbers of an axis are written.

use std::fmt;

/// How the numbers of a column are written beside a picture.
#[derive(Clone, Copy)]
pub enum Written<'a> {
    /// As numbers.
    Number,
    /// As moments: they are seconds since 1970-01-01T00:00:00 UTC.
    Moment,
    /// As the column writes them: lengths of time, amounts with their currency.
    Own(&'a dyn Fn(f64) -> String),
}

impl fmt::Debug for Written<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Number => "Number",
            Self::Moment => "Moment",
            Self::Own(_) => "Own",
        })
    }
}
