//! Which values of a row are unusual in their column, and how unusual a row is by them.

use veridic::data::{Cells, MISSING, Schema, Table};

/// A value whose tail has at most this share of the column is unusual.
const UNUSUAL: f64 = 0.01;
/// The same of a row that was asked because its values are unusual together.
const NOTABLE: f64 = 0.1;
/// A value whose tail has at most this share of the column is very unusual.
const RARE: f64 = 0.001;
/// Values of a row that are marked at most.
const MOST: usize = 8;

/// What is usual in each column.
#[derive(Debug)]
pub(crate) struct Unusual {
    columns: Vec<Usual>,
}

#[derive(Debug)]
struct Usual {
    missing: f64,
    values: Values,
}

#[derive(Debug)]
enum Values {
    /// Sorted, without missing ones.
    Numbers(Vec<f64>),
    /// The share of each level.
    Levels(Vec<f64>),
    /// A name of its own for nearly every row says nothing.
    Any,
}

/// Where a value lies in its column.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Place {
    /// The share of the column below it, half of its equals counted: 0 to 1; for numbers only.
    pub(crate) quantile: Option<f64>,
    /// The share of the column that is at least as far out, on its side; for texts the share of its equals.
    pub(crate) tail: f64,
}

/// A marked value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Mark {
    pub(crate) column: usize,
    /// 1 for unusual, 2 for very unusual.
    pub(crate) level: u8,
    pub(crate) why: String,
}

impl Unusual {
    pub(crate) fn of(table: &Table, schema: &Schema) -> Self {
        let columns = table.columns.iter().map(|column| {
            let n = table.n_rows.max(1) as f64;
            let is_identifier = schema
                .column(&column.name)
                .is_some_and(|column| matches!(column.kind, veridic::data::Kind::Identifier));
            let values = match &column.cells {
                _ if is_identifier => Values::Any,
                Cells::Number(values) => {
                    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| !v.is_nan()).collect();
                    sorted.sort_by(f64::total_cmp);
                    Values::Numbers(sorted)
                }
                Cells::Text { codes, levels } => {
                    let mut shares = vec![0.0; levels.len()];
                    codes
                        .iter()
                        .filter(|code| **code != MISSING)
                        .for_each(|&code| shares[code as usize] += 1.0);
                    shares.iter_mut().for_each(|share| *share /= n);
                    Values::Levels(shares)
                }
            };
            Usual { missing: column.n_missing() as f64 / n, values }
        });
        Self { columns: columns.collect() }
    }

    /// Where the value of a column lies in it.
    pub(crate) fn place(&self, table: &Table, column: usize, row: usize) -> Place {
        let usual = &self.columns[column];
        let cells = &table.columns[column].cells;
        if cells.is_missing(row) {
            return Place { quantile: None, tail: usual.missing };
        }
        match (&usual.values, cells) {
            (Values::Numbers(sorted), Cells::Number(values)) => {
                let (value, n) = (values[row], sorted.len() as f64);
                let below = sorted.partition_point(|v| *v < value) as f64;
                let upto = sorted.partition_point(|v| *v <= value) as f64;
                let tail = upto.min(n - below) / n;
                Place { quantile: Some((below + upto) / (2.0 * n)), tail }
            }
            (Values::Levels(shares), Cells::Text { codes, .. }) => {
                Place { quantile: None, tail: shares[codes[row] as usize] }
            }
            _ => Place { quantile: None, tail: 1.0 },
        }
    }

    /// The unusual values of a row, most unusual first; of a row that was asked for its values (`asked`) also less unusual
    /// ones, at most three.
    pub(crate) fn marks(&self, table: &Table, row: usize, asked: bool) -> Vec<Mark> {
        let limit = if asked { NOTABLE } else { UNUSUAL };
        let mut found: Vec<(f64, Mark)> = (0..self.columns.len())
            .filter_map(|column| {
                let Place { quantile, tail } = self.place(table, column, row);
                // In a small table every value is one of few.
                if tail > limit || tail * (table.n_rows as f64) > 0.5 && table.n_rows < 50 {
                    return None;
                }
                let share = percent(tail);
                let why = match quantile {
                    _ if table.columns[column].cells.is_missing(row) => format!("missing in {share} of rows"),
                    Some(quantile) if quantile < 0.5 => format!("among the lowest {share}"),
                    Some(_) => format!("among the highest {share}"),
                    None => format!("in {share} of rows"),
                };
                let level = if tail <= RARE { 2 } else { 1 };
                Some((tail, Mark { column, level, why }))
            })
            .collect();
        found.sort_by(|a, b| a.0.total_cmp(&b.0));
        let few = found.iter().filter(|(tail, _)| *tail <= UNUSUAL).count().max(3);
        found.truncate(few.min(MOST));
        found.into_iter().map(|(_, mark)| mark).collect()
    }

    /// How unusual each row is: the sum over columns of `-ln` of the tail that its value lies in, in nats; higher is more
    /// unusual.
    pub(crate) fn scores(&self, table: &Table) -> Vec<f32> {
        let least = 0.5 / table.n_rows.max(1) as f64;
        let score = |row: usize| -> f64 {
            let tails = (0..self.columns.len()).map(|column| self.place(table, column, row).tail);
            tails.map(|tail| -tail.max(least).ln()).sum()
        };
        (0..table.n_rows).map(|row| score(row) as f32).collect()
    }
}

/// `0.8 %`, `0.03 %`.
fn percent(share: f64) -> String {
    let percent = share * 100.0;
    let digits = if percent > 0.0 { (-percent.log10().floor()).clamp(1.0, 6.0) as usize } else { 1 };
    format!("{percent:.digits$} %")
}

#[cfg(test)]
mod tests {
    use super::*;
    use veridic::data::{ReadOptions, read_bytes};

    fn table() -> (Table, Schema) {
        let mut text = String::from("size,color,note\n");
        for i in 0..1000 {
            let size = if i == 7 { 5000 } else { i % 50 };
            let color = if i == 9 { "green" } else { "red" };
            let note = if i == 11 { "" } else { "same" };
            text.push_str(&format!("{size},{color},{note}\n"));
        }
        let reading = read_bytes("t.csv", text.into(), &ReadOptions::default()).unwrap();
        (reading.table, reading.schema)
    }

    #[test]
    fn the_far_value_the_rare_text_and_the_missing_cell_are_marked_and_others_are_not() {
        let (table, schema) = table();
        let unusual = Unusual::of(&table, &schema);
        let marks = |row| unusual.marks(&table, row, false);
        let far = &marks(7)[0];
        assert_eq!((far.column, far.level, far.why.as_str()), (0, 2, "among the highest 0.1 %"));
        assert_eq!((marks(9)[0].column, marks(9)[0].why.as_str()), (1, "in 0.1 % of rows"));
        assert_eq!((marks(11)[0].column, marks(11)[0].why.as_str()), (2, "missing in 0.1 % of rows"));
        assert_eq!(marks(500), []);
        // 49 of 0 to 49: nothing to mark, but what is notable where the row was asked for its values.
        assert_eq!((marks(49), unusual.marks(&table, 49, true).len()), (vec![], 1));
    }

    #[test]
    fn rows_with_such_values_score_highest() {
        let (table, schema) = table();
        let scores = Unusual::of(&table, &schema).scores(&table);
        let mut order: Vec<usize> = (0..1000).collect();
        order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
        order.truncate(3);
        order.sort_unstable();
        assert_eq!(order, [7, 9, 11]);
    }

    #[test]
    fn shares_are_written_with_a_digit_that_says_something() {
        assert_eq!([0.01, 0.0012, 0.0003, 0.000_02].map(percent), ["1.0 %", "0.1 %", "0.03 %", "0.002 %"]);
    }
}
