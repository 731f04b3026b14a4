//! A table parted as those who have few labels meet it: some labelled rows of each kind, and many without a label in which the
//! positive ones are as rare as they are.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::data::{Cells, Split, Table};
use crate::error::{ConfigError, Result};
use crate::run::config::Config;
use crate::seed::{Seed, shuffle};

/// How many rows have a label, and how many have none; `data.split.few`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct FewConfig {
    /// Labelled positive rows, at least 2, of which `data.split.valid` is for validation.
    pub positive: usize,
    /// Labelled other rows, at least 2, likewise.
    pub other: usize,
    /// Other training rows without a label; positive ones are added in the proportion of `rate`.
    pub unlabelled: usize,
    /// The share of positive rows where nobody has chosen rows, above 0 to below 1.
    pub rate: f64,
}

impl Default for FewConfig {
    fn default() -> Self {
        Self { positive: 90, other: 810, unlabelled: 4000, rate: 0.01 }
    }
}

/// The rows of such a draw.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Few {
    /// Training rows whose labels are known, ascending.
    pub(super) labelled: Vec<usize>,
    /// All parts.
    pub(super) split: Split,
}

impl FewConfig {
    /// Checks the ranges.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| {
            let field = format!("data.split.few.{field}");
            Err(ConfigError::Range { field, found, allowed: allowed.to_string() })
        };
        for (field, value) in [("positive", self.positive), ("other", self.other)] {
            if value < 2 {
                return range(field, value.to_string(), "2 and above");
            }
        }
        if !(self.rate > 0.0 && self.rate < 1.0) {
            return range("rate", self.rate.to_string(), "above 0 to below 1");
        }
        Ok(())
    }

    /// Positive rows among those without a label.
    fn hidden(&self) -> usize {
        (self.unlabelled as f64 * self.rate / (1.0 - self.rate)).round() as usize
    }

    /// The share of positive rows among those with a label.
    pub(crate) fn labelled_rate(&self) -> f64 {
        self.positive as f64 / (self.positive + self.other) as f64
    }
}

/// Parts the rows by chance. Of rows that are equal in all columns that are not left out, only the first is in a part: a copy
/// on the other side would be known by heart. All rows that are not asked for are for testing.
///
/// # Errors
/// A table with fewer rows of either kind than are asked for, with one more of each to test on.
pub(super) fn drawn(
    config: &Config,
    table: &Table,
    labels: &[Option<String>],
    positive: &[String],
) -> Result<Few> {
    let few = config.data.split.few.unwrap_or_default();
    let is_positive = |row: &usize| labels[*row].as_ref().is_some_and(|label| positive.contains(label));
    let mut random = Seed(config.seed).stream("few labels");
    let (mut ours, mut others): (Vec<usize>, Vec<usize>) = distinct(table, &config.data.drop)
        .into_iter()
        .filter(|&row| labels[row].is_some())
        .partition(is_positive);
    shuffle(&mut ours, &mut random);
    shuffle(&mut others, &mut random);
    let kinds =
        [("positive", ours, few.positive, few.hidden()), ("other", others, few.other, few.unlabelled)];
    let mut parts = Few::default();
    for (field, rows, labelled, hidden) in kinds {
        if labelled + hidden >= rows.len() {
            return Err(ConfigError::Range {
                field: format!("data.split.few.{field}"),
                found: labelled.to_string(),
                allowed: format!(
                    "fewer than {}: there are {} such rows, {hidden} of them are to have no label, and some are to be left",
                    rows.len().saturating_sub(hidden),
                    rows.len()
                ),
            }
            .into());
        }
        let kept = ((labelled as f64 * config.data.split.valid).round() as usize).min(labelled - 1);
        let (known, rest) = rows.split_at(labelled);
        let (hidden, test) = rest.split_at(hidden);
        parts.split.valid.extend(&known[..kept]);
        parts.labelled.extend(&known[kept..]);
        parts.split.train.extend(&known[kept..]);
        parts.split.train.extend(hidden);
        parts.split.test.extend(test);
    }
    for rows in [&mut parts.labelled, &mut parts.split.train, &mut parts.split.valid, &mut parts.split.test] {
        rows.sort_unstable();
    }
    Ok(parts)
}

/// The first of all rows that are equal, ascending; columns named in `left_out` do not count.
fn distinct(table: &Table, left_out: &[String]) -> Vec<usize> {
    let columns: Vec<&Cells> = table
        .columns
        .iter()
        .filter(|column| !left_out.contains(&column.name))
        .map(|column| &column.cells)
        .collect();
    let mut seen = BTreeSet::new();
    let key = |row: usize| -> Vec<u64> {
        let bits = |cells: &&Cells| match cells {
            Cells::Number(values) => values[row].to_bits(),
            Cells::Text { codes, .. } => u64::from(codes[row]),
        };
        columns.iter().map(bits).collect()
    };
    (0..table.n_rows).filter(|&row| seen.insert(key(row))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;
    use crate::run::config::{SplitBy, SplitConfig};

    /// Rows 0 to 19 positive, 20 to 119 other; row 119 is a copy of row 118.
    fn table() -> (Table, Vec<Option<String>>) {
        let values = (0..120).map(|row| f64::from(row.min(118))).collect();
        let time = (0..120).map(f64::from).collect();
        let column = |name: &str, values| Column { name: name.to_string(), cells: Cells::Number(values) };
        let columns = vec![column("x", values), column("time", time)];
        let labels = (0..120).map(|row| Some(u8::from(row < 20).to_string())).collect();
        (Table { n_rows: 120, columns }, labels)
    }

    fn config(few: FewConfig) -> Config {
        let mut config = Config::default();
        config.data.drop = vec!["time".to_string()];
        config.data.split =
            SplitConfig { by: SplitBy::FewLabels, valid: 0.3, few: Some(few), ..SplitConfig::default() };
        config
    }

    #[test]
    fn each_distinct_row_is_in_one_part_of_the_size_asked_for() {
        let (table, labels) = table();
        let few = FewConfig { positive: 10, other: 30, unlabelled: 40, rate: 0.1 };
        let parts = drawn(&config(few), &table, &labels, &["1".to_string()]).unwrap();
        let positive = |rows: &[usize]| rows.iter().filter(|row| **row < 20).count();
        // Of the labelled ones 3 and 9 are for validation; 40 x 0.1 / 0.9 positive rows have no label.
        assert_eq!((parts.labelled.len(), positive(&parts.labelled)), (28, 7));
        assert_eq!((parts.split.valid.len(), positive(&parts.split.valid)), (12, 3));
        assert_eq!((parts.split.train.len(), positive(&parts.split.train)), (28 + 44, 7 + 4));
        assert!(parts.labelled.iter().all(|row| parts.split.train.contains(row)));
        let mut all = [parts.split.train, parts.split.valid, parts.split.test].concat();
        all.sort_unstable();
        assert_eq!(all, (0..119).collect::<Vec<_>>(), "the copy is in no part");
    }

    #[test]
    fn more_labels_than_rows_are_refused() {
        let (table, labels) = table();
        let few = FewConfig { positive: 17, other: 30, unlabelled: 40, rate: 0.1 };
        let error = drawn(&config(few), &table, &labels, &["1".to_string()]).unwrap_err().to_string();
        assert!(error.contains("data.split.few.positive") && error.contains("fewer than 16"), "{error}");
        assert!(FewConfig { rate: 1.0, ..FewConfig::default() }.check().is_err());
        assert!(FewConfig { other: 1, ..FewConfig::default() }.check().is_err());
    }
}
