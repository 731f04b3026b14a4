//! How likely rows are.

use rayon::prelude::*;

use super::pass::{Cells, multiply, normalize, padded};
use super::product::add_product;
use super::{Circuit, MODEL};
use crate::data::Table;
use crate::error::ModelError;
use crate::models::chain::{Coded, Coder, LEAST, Likelihoods, Made};
use crate::models::parallel;

/// Rows that are looked at together.
pub(super) const PIECE: usize = 512;

impl Circuit {
    /// The log-likelihood of each row of `table`, column by column, in nats: of a category, a frequent or missing value its
    /// probability, of another number the probability of its cell over the number of values in it (its length, for numbers
    /// that are not on a grid). The part of a column is given those before it in the tree, parents first; their sum is exact.
    /// Values that no row had count as 1e-6.
    ///
    /// # Errors
    /// A column that is not there or of another type of cells.
    pub fn log_likelihood(&self, table: &Table, threads: usize) -> Result<Likelihoods, ModelError> {
        let made = self.read(table, None)?;
        parallel(threads, || {
            let coded: Vec<Coded> =
                self.coders.par_iter().zip(&made).map(|(coder, made)| coder.encode(made)).collect();
            let width = self.columns.len();
            let mut values = vec![0.0; table.n_rows * width];
            values.par_chunks_mut((PIECE * width).max(1)).enumerate().for_each(|(piece, values)| {
                self.piece_likelihood(&coded, piece * PIECE, values);
            });
            let columns = self.columns.iter().map(|column| column.name.clone()).collect();
            Ok(Likelihoods { columns, values })
        })
    }

    /// The cells of a table by column; those of `but` are not looked at.
    pub(super) fn read(&self, table: &Table, but: Option<usize>) -> Result<Vec<Made>, ModelError> {
        let rows: Vec<usize> = (0..table.n_rows).collect();
        let read = |(j, (column, coder)): (usize, (&crate::data::ColumnSchema, &Coder))| {
            if but == Some(j) {
                return Ok(coder.blank(rows.len()));
            }
            let missing = || ModelError::MissingColumn { model: MODEL, column: column.name.clone() };
            let cells = &table.column(&column.name).ok_or_else(missing)?.cells;
            coder.read(cells, &rows).ok_or_else(missing)
        };
        self.columns.iter().zip(&self.coders).enumerate().map(read).collect()
    }

    /// A column after another, those known by which it is not yet known: of hidden states what the columns before say.
    fn piece_likelihood(&self, coded: &[Coded], from: usize, values: &mut [f64]) {
        let (h, width) = (self.states, self.columns.len());
        let n = values.len() / width;
        let codes: Vec<&[u8]> = coded.iter().map(|coded| &coded.codes[from..from + n]).collect();
        let cells: Vec<Cells> = codes.iter().map(|codes| Cells::of(codes)).collect();
        let up = self.upward(&cells, n);
        // By column, what those before say of its state, and since, those of its children that are done.
        let mut said: Vec<Vec<f32>> = vec![Vec::new(); width];
        for j in self.order.iter().copied() {
            let node = &self.nodes[j];
            let mut state = vec![0.0; padded(n) * h];
            match node.parent {
                None => state[..n * h].chunks_mut(h).for_each(|row| row.copy_from_slice(&self.prior)),
                Some(parent) => {
                    let mut above = said[parent].clone();
                    normalize(&mut above[..n * h], h);
                    add_product(&above, &node.forward, &mut state, h);
                    multiply(&mut said[parent][..n * h], &up.messages[j], h, None);
                }
            }
            normalize(&mut state[..n * h], h);
            for (row, state) in state[..n * h].chunks_mut(h).enumerate() {
                let code = usize::from(codes[j][row]);
                values[row * width + j] = match node.emission.get(code * h..(code + 1) * h) {
                    None => LEAST.ln(),
                    Some(emission) => {
                        let mut sum = 0.0f64;
                        for (state, p) in state.iter_mut().zip(emission) {
                            *state *= p;
                            sum += f64::from(*state);
                        }
                        sum.max(f64::MIN_POSITIVE).ln() + self.within(j, &coded[j], from + row, code)
                    }
                };
            }
            said[j] = state;
        }
    }

    /// The logarithm of the density of a cell within its code.
    fn within(&self, j: usize, coded: &Coded, row: usize, code: usize) -> f64 {
        let place = coded.places[row];
        match &self.coders[j] {
            Coder::Text(_) => f64::from(place).max(LEAST).ln(),
            coder if !place.is_nan() => -coder.log_width(code),
            Coder::Number(_) => 0.0,
        }
    }
}
