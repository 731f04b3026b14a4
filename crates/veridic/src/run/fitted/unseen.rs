//! Cells that no training row looked like, which a network takes for nothing, and what they add to the score of their row.

use crate::codec::{Block, BlockKind, Codec};
use crate::data::{Cells, Data, Kind, MISSING, Schema, Table};
use crate::run::dataset::Dataset;

/// The cells of a column that no training row looked like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unseen {
    pub(crate) column: String,
    /// Rising places in what was looked at.
    pub(crate) rows: Vec<usize>,
}

/// What a cell that none of `n_train` training rows looked like adds to a score, in nats: a rule of succession gives it a
/// share of one in `n_train + 1`; one nat more puts it before the rarest cell there was.
pub(crate) fn nats(n_train: usize) -> f64 {
    (n_train as f64 + 1.0).ln() + 1.0
}

/// The cells in `rows` of `table` that no training row looked like: other levels, blanks where there were none, and
/// any other cell in columns that had one value or none.
///
/// The column `target` is not looked at.
pub(crate) fn unseen(
    (schema, codec): (&Schema, &Codec),
    table: &Table,
    rows: &[usize],
    target: Option<&str>,
) -> Vec<Unseen> {
    let mut all = Vec::new();
    for column in schema.columns.iter().filter(|column| Some(column.name.as_str()) != target) {
        let Some(cells) = table.column(&column.name).map(|column| &column.cells) else { continue };
        let block = codec.blocks().iter().find(|block| block.column == column.name);
        let is_unseen: Box<dyn Fn(usize) -> bool> = match (block, &column.kind) {
            (Some(block), _) => of_block(block, codec.levels(&column.name).unwrap_or_default(), cells),
            (None, Kind::Constant { value }) => {
                let is_value = knows(cells, value.as_slice());
                let is_empty = value.is_none();
                Box::new(move |row| if is_missing(cells, row) { !is_empty } else { !is_value(row) })
            }
            (None, _) => continue,
        };
        let rows: Vec<usize> =
            rows.iter().enumerate().filter(|(_, row)| is_unseen(**row)).map(|(i, _)| i).collect();
        if !rows.is_empty() {
            all.push(Unseen { column: column.name.clone(), rows });
        }
    }
    all
}

/// Whether a cell of a column that the network sees is one that no training row had.
fn of_block<'a>(block: &Block, levels: &[String], cells: &'a Cells) -> Box<dyn Fn(usize) -> bool + 'a> {
    let had_missing = block.missing_at.is_some();
    if block.kind == BlockKind::Number {
        return Box::new(move |row| !had_missing && is_missing(cells, row));
    }
    let is_known = knows(cells, levels);
    Box::new(move |row| if is_missing(cells, row) { !had_missing } else { !is_known(row) })
}

/// Whether the cell of a row is one of `levels`; a number is the level that is written so.
fn knows<'a>(cells: &'a Cells, levels: &[String]) -> Box<dyn Fn(usize) -> bool + 'a> {
    match cells {
        Cells::Text { codes, levels: own } => {
            let known: Vec<bool> = own.iter().map(|level| levels.contains(level)).collect();
            Box::new(move |row| known.get(codes[row] as usize).copied().unwrap_or(false))
        }
        Cells::Number(values) => {
            let known: Vec<f64> = levels.iter().filter_map(|level| level.parse().ok()).collect();
            Box::new(move |row| known.contains(&values[row]))
        }
    }
}

fn is_missing(cells: &Cells, row: usize) -> bool {
    match cells {
        Cells::Number(values) => values[row].is_nan(),
        Cells::Text { codes, .. } => codes[row] == MISSING,
    }
}

/// Adds to the score of each row what its unseen cells add.
pub(crate) fn add(unseen: &[Unseen], n_train: usize, scores: &mut [f64]) {
    let more = nats(n_train);
    for &row in unseen.iter().flat_map(|unseen| &unseen.rows) {
        scores[row] += more;
    }
}

/// Adds what unseen cells add to the scores of `rows` of a run's own data.
pub(crate) fn add_own(data: &Dataset, target: Option<&str>, rows: &[usize], scores: &mut [f64]) {
    if let (Data::Table(table, schema), Some(codec)) = (&data.content, &data.codec) {
        let found = unseen((schema, codec), table, rows, target);
        add(&found, data.split.train.len(), scores);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::CodecConfig;
    use crate::data::{ReadOptions, Reading, read_bytes, read_bytes_as};

    #[test]
    fn what_no_training_row_had_is_unseen_and_adds() {
        let rows: String = (0..30)
            .map(|i| {
                format!("{},{},7,,{},t\n", i, ["a", "b", "c"][i % 3], if i % 5 == 0 { "" } else { "4.5" })
            })
            .collect();
        let text = format!("x,city,same,none,gap,target\n{rows}");
        let options = ReadOptions::default();
        let Reading { table, schema, .. } = read_bytes("t", text.into_bytes(), &options).unwrap();
        let all: Vec<usize> = (0..table.n_rows).collect();
        let codec = Codec::fit(&CodecConfig::default(), &table, &schema, &all).unwrap();
        assert_eq!(unseen((&schema, &codec), &table, &all, None), []);
        let new =
            "x,city,same,none,gap,target\n1,a,7,,,t\n1,d,7,,4.5,t\n,a,7,,4.5,t\n1,a,8,,4.5,u\n1,,7,3,4.5,t\n";
        let (table, _) = read_bytes_as("t", new.as_bytes().to_vec(), &schema, &options).unwrap();
        let found = unseen((&schema, &codec), &table, &[0, 1, 2, 3, 4], Some("target"));
        let of = |column: &str, rows: &[usize]| Unseen { column: column.to_string(), rows: rows.to_vec() };
        assert_eq!(found, [of("x", &[2]), of("city", &[1, 4]), of("same", &[3]), of("none", &[4])]);
        let mut scores = vec![1.0; 5];
        add(&found, 30, &mut scores);
        assert_eq!(scores[0], 1.0);
        assert!((scores[4] - 1.0 - 2.0 * nats(30)).abs() < 1e-12 && nats(30) > 31_f64.ln());
        // Rows are told by their place among those that were asked for.
        assert_eq!(unseen((&schema, &codec), &table, &[3], Some("target")), [of("same", &[0])]);
    }
}
