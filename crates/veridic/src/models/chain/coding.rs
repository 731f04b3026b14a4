//! Columns with their coders: conditions as sets of codes, and cells as a table.

use rayon::prelude::*;

use super::coder::{Coder, Made};
use super::condition::{Allowed, Condition};
use super::evidence::Wanted;
use crate::data::{Column, ColumnSchema, Table};
use crate::error::ModelError;
use crate::seed::{Seed, shuffle};

/// Known values that a message lists.
const LISTED: usize = 20;

/// Makes so many rows that meet conditions.
type Draw<'a> = dyn Fn(usize, &[Condition], Seed) -> Result<Table, ModelError> + 'a;

/// Of each column its coder, its cells and their codes.
type CodedColumns = (Vec<Coder>, Vec<Made>, Vec<Vec<u8>>);

/// Learns how to code columns by the rows `rows` of a table: their coders, cells and codes.
///
/// # Errors
/// The name of a column that is not there, or of another type of cells.
pub(in crate::models) fn coded<'a>(
    columns: &'a [ColumnSchema],
    table: &Table,
    rows: &[usize],
    codes: usize,
) -> Result<CodedColumns, &'a str> {
    let read = |column: &'a ColumnSchema| -> Result<(Coder, Made, Vec<u8>), &'a str> {
        let name = column.name.as_str();
        let cells = &table.column(name).ok_or(name)?.cells;
        let coder = Coder::fit(column, cells, rows, codes);
        let made = coder.read(cells, rows).ok_or(name)?;
        let codes = coder.classify(&made);
        Ok((coder, made, codes))
    };
    let read: Vec<(Coder, Made, Vec<u8>)> = columns.par_iter().map(read).collect::<Result<_, _>>()?;
    let (mut coders, mut made, mut codes) = (Vec::new(), Vec::new(), Vec::new());
    for (coder, cells, of) in read {
        coders.push(coder);
        made.push(cells);
        codes.push(of);
    }
    Ok((coders, made, codes))
}

/// Columns and how they are coded, one coder a column.
#[derive(Debug, Clone, Copy)]
pub(in crate::models) struct Coding<'a> {
    pub(in crate::models) columns: &'a [ColumnSchema],
    pub(in crate::models) coders: &'a [Coder],
}

impl Coding<'_> {
    /// Rows that `draw` makes under conditions, each combination of values of `columns` as often as the others, missing ones
    /// aside.
    ///
    /// # Errors
    /// Those of `draw`; a column of too many values; more combinations than rows.
    pub(in crate::models) fn balanced(
        self,
        n: usize,
        columns: &[&str],
        seed: Seed,
        draw: &Draw<'_>,
    ) -> Result<Table, ModelError> {
        let mut asked: Vec<Vec<Condition>> = vec![Vec::new()];
        for column in columns {
            let values = self.balanced_values(column)?;
            if asked.len() * values.len() > n.max(values.len()) {
                return Err(ModelError::TooFewRows {
                    model: "a balance of several columns",
                    found: n,
                    needed: asked.len() * values.len(),
                });
            }
            let with = |conditions: &Vec<Condition>| -> Vec<Vec<Condition>> {
                let one = |allowed: &Allowed| {
                    let condition = Condition { column: (*column).to_string(), allowed: allowed.clone() };
                    conditions.iter().cloned().chain([condition]).collect()
                };
                values.iter().map(one).collect()
            };
            asked = asked.iter().flat_map(with).collect();
        }
        let mut parts = Vec::new();
        for (i, conditions) in asked.iter().enumerate() {
            let count = n * (i + 1) / asked.len() - n * i / asked.len();
            if count == 0 {
                continue;
            }
            let seed = Seed(seed.key(&format!("chain.balance.{i}")));
            let part = draw(count, conditions, seed)?;
            let rows: Vec<usize> = (0..count).collect();
            let read = |(coder, column): (&Coder, &Column)| coder.read(&column.cells, &rows);
            parts.push(self.coders.iter().zip(&part.columns).filter_map(read).collect());
        }
        let mut order: Vec<u32> = (0..n as u32).collect();
        shuffle(&mut order, &mut seed.stream("chain.balance"));
        let made: Vec<Made> = self.joined(parts).iter().map(|made| made.take(&order)).collect();
        Ok(self.table(&made, n))
    }

    /// The values of a column that can be made equally frequent.
    fn balanced_values(self, column: &str) -> Result<Vec<Allowed>, ModelError> {
        let j = self.place(column)?;
        Ok(match &self.coders[j] {
            Coder::Text(coder) => {
                let seen = coder.lookup().into_iter().take(coder.levels().len()).zip(coder.levels());
                seen.filter(|((_, share), _)| *share > 0.0)
                    .map(|(_, level)| Allowed::Texts(vec![level.clone()]))
                    .collect()
            }
            Coder::Number(coder) if coder.is_discrete() => {
                (0..coder.cells().len()).map(|code| Allowed::Numbers(vec![coder.value(code, 0.0)])).collect()
            }
            Coder::Number(_) => {
                return Err(ModelError::WrongCondition {
                    column: column.to_string(),
                    kind: self.columns[j].kind.name(),
                    condition: "balance",
                });
            }
        })
    }

    /// Where a column is.
    pub(in crate::models) fn place(self, column: &str) -> Result<usize, ModelError> {
        self.columns.iter().position(|known| known.name == column).ok_or_else(|| ModelError::UnknownColumn {
            column: column.to_string(),
            known: self.columns.iter().map(|column| column.name.clone()).collect(),
        })
    }

    /// Which symbols a condition by text allows.
    pub(in crate::models) fn marks(self, j: usize, allowed: &Allowed) -> Result<Vec<bool>, ModelError> {
        let (Coder::Text(coder), Allowed::Texts(texts)) = (&self.coders[j], allowed) else {
            return Ok(Vec::new());
        };
        let mut marks = vec![false; coder.levels().len()];
        for text in texts {
            let levels = || coder.levels().iter();
            let alike = || {
                let small = text.to_lowercase();
                let mut alike = levels().enumerate().filter(|(_, level)| level.to_lowercase() == small);
                alike.next().filter(|_| alike.next().is_none()).map(|(place, _)| place)
            };
            // In other letters, where that can be one alone.
            let known = levels().position(|level| level == text).or_else(alike);
            let place = known.ok_or_else(|| ModelError::UnknownValue {
                column: self.columns[j].name.clone(),
                value: text.clone(),
                known: coder.levels().iter().take(LISTED).cloned().collect(),
                count: coder.levels().len(),
            })?;
            marks[place] = true;
        }
        Ok(marks)
    }

    pub(in crate::models) fn wanted<'b>(
        self,
        j: usize,
        allowed: &Allowed,
        marks: &'b [bool],
    ) -> Result<Vec<Wanted<'b>>, ModelError> {
        let wrong = |condition| {
            Err(ModelError::WrongCondition {
                column: self.columns[j].name.clone(),
                kind: self.columns[j].kind.name(),
                condition,
            })
        };
        match (&self.coders[j], allowed) {
            (_, Allowed::Missing) => Ok(vec![Wanted::Missing]),
            (Coder::Text(_), Allowed::Texts(_)) => Ok(vec![Wanted::Symbols(marks)]),
            (Coder::Number(_), Allowed::Range(from, to)) => Ok(vec![Wanted::Range(*from, *to)]),
            (Coder::Number(_), Allowed::Numbers(values)) => {
                Ok(values.iter().map(|value| Wanted::Range(*value, *value)).collect())
            }
            (Coder::Number(_), Allowed::Texts(_)) => wrong("a text"),
            (Coder::Text(_), Allowed::Numbers(_)) => wrong("a number"),
            (Coder::Text(_), Allowed::Range(..)) => wrong("a range"),
        }
    }

    /// Pieces of rows as one.
    pub(in crate::models) fn joined(self, pieces: Vec<Vec<Made>>) -> Vec<Made> {
        let mut columns: Vec<Vec<Made>> = vec![Vec::new(); self.columns.len()];
        for piece in pieces {
            columns.iter_mut().zip(piece).for_each(|(column, made)| column.push(made));
        }
        let join = |(coder, pieces): (&Coder, Vec<Made>)| super::draw::joined(coder, pieces);
        self.coders.iter().zip(columns).map(join).collect()
    }

    /// Rows as a table.
    pub(in crate::models) fn table(self, made: &[Made], n_rows: usize) -> Table {
        let columns =
            self.columns.iter().zip(self.coders).zip(made).map(|((column, coder), made)| Column {
                name: column.name.clone(),
                cells: coder.write(made),
            });
        Table { columns: columns.collect(), n_rows }
    }
}
