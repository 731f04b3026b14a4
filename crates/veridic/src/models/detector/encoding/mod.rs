//! Mixed tables as points: every column in standard deviations, whatever it holds.
//!
//! A number is `(x - mean) / standard deviation`. A category is a corner of a regular simplex whose edge gives two rows drawn
//! at random the mean squared distance of two standardized numbers, 2: a flag is then exactly its standardized 0 and 1. A
//! missing cell is a level of its own (beside numbers: a flag of its own, the number at its mean). What no training row had
//! (a new level, a blank where there was none, another value in a column that had one only) is noted apart with its own
//! surprise, so that it can never look ordinary.

mod column;
mod decode;
mod layout;
mod rank;

use rayon::prelude::*;

use super::stored::{Parts, insert_json};
use crate::data::{Kind, Schema, Table};
use crate::error::{ModelError, Result};
use crate::models::Stored;

pub(in crate::models) use column::{Broken, FittedColumn, Form, States, UNSEEN, Unseen, Value};
pub(in crate::models) use layout::Layout;
pub(in crate::models) use rank::Ranks;

/// What was learned of the columns of a table.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::models) struct Encoding {
    pub(in crate::models) columns: Vec<FittedColumn>,
    pub(in crate::models) layout: Layout,
}

/// Rows in terms of the columns learned.
#[derive(Debug, Clone)]
pub(in crate::models) struct Encoded {
    pub(in crate::models) n_rows: usize,
    /// One a column.
    pub(in crate::models) states: Vec<States>,
    /// By row, then column.
    pub(in crate::models) unseen: Vec<Unseen>,
    /// The same, where relations between columns are looked at.
    pub(in crate::models) broken: Vec<Broken>,
    /// Numbers where training rows have none, by row; empty unless looked for.
    pub(in crate::models) beyond: Vec<Unseen>,
}

impl Encoding {
    /// Learns the columns that the schema and the table both have, but identifiers, from `rows`.
    pub(in crate::models) fn fit(
        model: &'static str,
        table: &Table,
        schema: &Schema,
        rows: &[usize],
    ) -> Result<Self> {
        let used = schema.columns.iter().filter(|column| column.kind != Kind::Identifier);
        let found: Vec<_> = used.filter_map(|column| table.column(&column.name)).collect();
        if found.is_empty() {
            return Err(ModelError::NoColumns { model }.into());
        }
        let fit = |column: &&crate::data::Column| FittedColumn::fit(&column.name, &column.cells, rows);
        let columns = found.par_iter().map(fit).collect();
        Ok(Self::new(columns))
    }

    fn new(columns: Vec<FittedColumn>) -> Self {
        let layout = Layout::new(&columns);
        Self { columns, layout }
    }

    /// The rows `rows` of a table; columns are looked up by name.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`], but for columns that always had the same value.
    pub(in crate::models) fn encode(
        &self,
        model: &'static str,
        table: &Table,
        rows: &[usize],
    ) -> Result<Encoded> {
        let place = |(i, fitted): (usize, &FittedColumn)| {
            // As a rule the columns are in the order learned.
            let column = table.columns.get(i).filter(|column| column.name == fitted.name);
            match column.or_else(|| table.column(&fitted.name)) {
                Some(column) => Ok(Some(column)),
                None if matches!(fitted.form, Form::Same { .. }) => Ok(None),
                None => Err(ModelError::MissingColumn { model, column: fitted.name.clone() }),
            }
        };
        let places: Vec<_> = self.columns.iter().enumerate().map(place).collect::<Result<_, _>>()?;
        let states = self.columns.par_iter().zip(places).enumerate().map(|(i, (fitted, column))| {
            column.map_or((States::Same, Vec::new()), |c| fitted.states_of(&c.cells, rows, i as u32))
        });
        let (states, unseen): (Vec<States>, Vec<Vec<Unseen>>) = states.collect();
        let mut unseen = unseen.concat();
        unseen.sort_unstable_by_key(|cell| (cell.row, cell.column));
        Ok(Encoded { n_rows: rows.len(), states, unseen, broken: Vec::new(), beyond: Vec::new() })
    }

    /// The training rows' own surprise of being in a state of their own, as if each were left out of the others.
    pub(in crate::models) fn lonely(&self, encoded: &Encoded) -> Vec<Unseen> {
        let columns = self.columns.iter().zip(&encoded.states).zip(0..);
        let mut lonely: Vec<Unseen> =
            columns.flat_map(|((column, states), i)| column.lonely(states, i)).collect();
        lonely.sort_unstable_by_key(|cell| (cell.row, cell.column));
        lonely
    }

    pub(in crate::models) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "columns", &self.columns);
        stored
    }

    pub(in crate::models) fn restore(stored: &Stored) -> Result<Self, String> {
        let columns: Vec<FittedColumn> = stored.json("columns")?;
        columns.iter().try_for_each(FittedColumn::check)?;
        Ok(Self::new(columns))
    }
}

impl Encoded {
    /// The cells of row `i` that no training row looked like.
    pub(in crate::models) fn unseen_of(&self, i: usize) -> &[Unseen] {
        of(&self.unseen, i)
    }

    /// The cells of row `i` that break relations.
    pub(in crate::models) fn broken_of(&self, i: usize) -> &[Broken] {
        let from = self.broken.partition_point(|cell| (cell.row as usize) < i);
        let len = self.broken[from..].partition_point(|cell| cell.row as usize == i);
        &self.broken[from..from + len]
    }

    /// The columns and nats of the cells of row `i` that no training row looked like, that are where none has a number or that
    /// break relations.
    pub(in crate::models) fn strange_of(&self, i: usize) -> impl Iterator<Item = (u32, f64)> {
        let unseen = self.unseen_of(i).iter().chain(of(&self.beyond, i)).map(|cell| (cell.column, cell.nats));
        unseen.chain(self.broken_of(i).iter().map(|cell| (cell.column, cell.nats)))
    }

    /// The sum of these nats.
    pub(in crate::models) fn strange(&self, i: usize) -> f64 {
        self.strange_of(i).map(|(_, nats)| nats).sum()
    }

    /// Some of the rows.
    pub(in crate::models) fn take(&self, rows: &[usize]) -> Self {
        let take = |states: &States| match states {
            States::Numbers(z) => States::Numbers(rows.iter().map(|&row| z[row]).collect()),
            States::Levels(codes) => States::Levels(rows.iter().map(|&row| codes[row]).collect()),
            States::Same => States::Same,
        };
        let own = |cells: &[Unseen]| -> Vec<Unseen> {
            let of_row = |(i, &row): (usize, &usize)| {
                of(cells, row).iter().map(move |cell| Unseen { row: i as u32, ..*cell }).collect::<Vec<_>>()
            };
            rows.iter().enumerate().flat_map(of_row).collect()
        };
        let broken = rows.iter().enumerate().flat_map(|(i, &row)| {
            self.broken_of(row).iter().map(move |cell| Broken { row: i as u32, ..*cell })
        });
        let states = self.states.iter().map(take).collect();
        Self {
            n_rows: rows.len(),
            states,
            unseen: own(&self.unseen),
            broken: broken.collect(),
            beyond: own(&self.beyond),
        }
    }
}

/// Those of the cells that are of row `i`.
pub(in crate::models) fn of(cells: &[Unseen], i: usize) -> &[Unseen] {
    let from = cells.partition_point(|cell| (cell.row as usize) < i);
    let len = cells[from..].partition_point(|cell| cell.row as usize == i);
    &cells[from..from + len]
}
