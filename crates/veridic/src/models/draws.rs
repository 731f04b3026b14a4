//! What makes rows of a table as they come, without rules or conditions but on a class.

use super::detector::Detector;
use super::discriminant::Discriminant;
use super::private::PrivateMarginals;
use crate::data::{Schema, Table};
use crate::seed::Seed;

/// What makes rows as they come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Draws<'a> {
    Private(&'a PrivateMarginals),
    /// A generative classifier, of one class if asked.
    Classes(&'a Discriminant),
    /// A mixture of Gaussians.
    Mixture(&'a Detector),
}

impl Draws<'_> {
    /// The columns it makes, as `schema` has them.
    pub(crate) fn schema(self, schema: &Schema) -> Schema {
        let keep = |is_made: &dyn Fn(&str) -> bool| {
            let made = schema.columns.iter().filter(|column| is_made(&column.name));
            Schema { columns: made.cloned().collect() }
        };
        match self {
            Self::Private(private) => private.schema(),
            Self::Classes(own) => {
                keep(&|name| name == own.target() || own.columns().any(|column| column == name))
            }
            Self::Mixture(detector) => {
                let columns = detector.columns();
                keep(&|name| columns.iter().any(|column| column == name))
            }
        }
    }

    /// `n` rows of the columns of `schema`; `class` is the place among those of the classifier.
    pub(crate) fn sample(self, n: usize, class: Option<usize>, schema: &Schema, seed: Seed) -> Table {
        let made = match self {
            Self::Private(private) => Some(private.sample(n, seed)),
            Self::Classes(own) => own.sample(n, class, schema, seed),
            Self::Mixture(detector) => detector.sample(n, schema, seed),
        };
        made.unwrap_or_else(|| Table { columns: Vec::new(), n_rows: n })
    }
}
