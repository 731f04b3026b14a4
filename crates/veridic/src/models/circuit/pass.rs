//! What is known of hidden states: messages from the leaves to the root, and back.

use super::product::{LANES, ROWS, add_product};
use super::{Circuit, Node};

/// The code of a cell that is not known; no column has as many.
pub(super) const UNKNOWN: u8 = u8::MAX;

/// Least of a message, so that no state is lost for good.
const LEAST: f32 = 1e-30;

/// What is known of a column's cells in some rows.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cells<'a> {
    /// Codes; [`UNKNOWN`] ones and those that the column does not have say nothing. Without, no cell is known.
    pub(super) codes: Option<&'a [u8]>,
    /// How likely what is allowed of an unknown cell is, by state: for each of some sets, and which of them is of which row (of all
    /// the first, where that is empty).
    pub(super) factors: &'a [Vec<f32>],
    pub(super) of_row: &'a [u32],
}

impl<'a> Cells<'a> {
    /// Cells of which all that are known are known by their codes.
    pub(super) fn of(codes: &'a [u8]) -> Self {
        Self { codes: Some(codes), ..Self::default() }
    }

    /// What is allowed of the cell of a row.
    pub(super) fn factor(&self, row: usize) -> Option<&'a [f32]> {
        let set = self.of_row.get(row).map_or(0, |set| *set as usize);
        self.factors.get(set).map(Vec::as_slice)
    }
}

/// Messages from the leaves to the root in some rows.
#[derive(Debug, Default)]
pub(super) struct Upward {
    /// By column, `[rows, states]`: how likely what is known of it and below is, by its state, up to a factor a row. The
    /// number of rows is rounded up to a multiple of [`ROWS`]; those are zero.
    pub(super) beliefs: Vec<Vec<f32>>,
    /// By column, the same by the state of its parent; empty for the root.
    pub(super) messages: Vec<Vec<f32>>,
    /// The logarithm of the probability of what is known of each row.
    pub(super) logs: Vec<f64>,
}

/// Rows with those that fill up the last block.
pub(super) fn padded(n: usize) -> usize {
    n.next_multiple_of(ROWS)
}

impl Circuit {
    /// How likely what is known of `n` rows is, a column at a time from the leaves on.
    pub(super) fn upward(&self, cells: &[Cells], n: usize) -> Upward {
        let (h, rows) = (self.states, padded(n));
        let mut logs = vec![0.0f64; n];
        let mut beliefs: Vec<Vec<f32>> = vec![Vec::new(); self.nodes.len()];
        let mut messages = beliefs.clone();
        for j in self.order.iter().rev().copied() {
            let node = &self.nodes[j];
            let mut belief = vec![0.0; rows * h];
            self.emit(node, cells[j], &mut belief[..n * h]);
            for child in &node.children {
                multiply(&mut belief[..n * h], &messages[*child], h, Some(&mut logs));
            }
            if node.parent.is_some() {
                let mut message = vec![0.0; rows * h];
                add_product(&belief, &node.backward, &mut message, h);
                // Not scaled: what is divided by it later has to be a share.
                message[..n * h].iter_mut().for_each(|value| *value += LEAST);
                messages[j] = message;
            }
            beliefs[j] = belief;
        }
        let root = &beliefs[self.root()];
        for (log, belief) in logs.iter_mut().zip(root.chunks(h)) {
            let sum: f32 = belief.iter().zip(&self.prior).map(|(b, p)| b * p).sum();
            *log += f64::from(sum.max(LEAST)).ln();
        }
        Upward { beliefs, messages, logs }
    }

    /// The likelihood of the cells of a column by its state.
    pub(super) fn emit(&self, node: &Node, cells: Cells, belief: &mut [f32]) {
        let h = self.states;
        for (row, belief) in belief.chunks_exact_mut(h).enumerate() {
            let code = cells.codes.map_or(UNKNOWN, |codes| codes[row]);
            let start = usize::from(code) * h;
            match (node.emission.get(start..start + h), cells.factor(row)) {
                (Some(emission), _) => belief.copy_from_slice(emission),
                (None, Some(factor)) => belief.copy_from_slice(factor),
                (None, None) => belief.fill(1.0),
            }
        }
    }

    /// Probabilities of the states of `path`'s last column in `n` rows, given what is known; the path begins at the root.
    pub(super) fn posterior(&self, up: &Upward, path: &[usize], n: usize) -> Vec<f32> {
        let h = self.states;
        let mut state = vec![0.0; padded(n) * h];
        for (j, before) in path.iter().zip([None].into_iter().chain(path.iter().map(Some))) {
            let belief = &up.beliefs[*j];
            let mut next = vec![0.0; padded(n) * h];
            match before {
                None => next[..n * h].chunks_mut(h).for_each(|row| row.copy_from_slice(&self.prior)),
                Some(_) => {
                    divide(&mut state[..n * h], &up.messages[*j]);
                    add_product(&state, &self.nodes[*j].forward, &mut next, h);
                }
            }
            multiply(&mut next[..n * h], belief, h, None);
            normalize(&mut next[..n * h], h);
            state = next;
        }
        state
    }
}

/// `to *= by`, scaled to a largest of 1 in each row; `logs` get what that took.
pub(super) fn multiply(to: &mut [f32], by: &[f32], h: usize, logs: Option<&mut Vec<f64>>) {
    to.iter_mut().zip(by).for_each(|(to, by)| *to *= by);
    match logs {
        Some(logs) => scale(to, h, logs),
        None => scale(to, h, &mut vec![0.0; to.len() / h]),
    }
}

/// `to /= by`.
pub(super) fn divide(to: &mut [f32], by: &[f32]) {
    to.iter_mut().zip(by).for_each(|(to, by)| *to /= by);
}

fn scale(values: &mut [f32], h: usize, logs: &mut [f64]) {
    for (row, log) in values.chunks_exact_mut(h).zip(logs) {
        let most = folded(row, |a, b| if a > b { a } else { b }).max(LEAST);
        row.iter_mut().for_each(|value| *value /= most);
        *log += f64::from(most).ln();
    }
}

/// Each row as shares.
pub(super) fn normalize(values: &mut [f32], h: usize) {
    for row in values.chunks_exact_mut(h) {
        let sum = folded(row, |a, b| a + b).max(LEAST);
        row.iter_mut().for_each(|value| *value /= sum);
    }
}

/// All numbers of a row as one, several side by side.
fn folded(row: &[f32], fold: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    for chunk in row.chunks_exact(LANES) {
        lanes.iter_mut().zip(chunk).for_each(|(lane, value)| *lane = fold(*lane, *value));
    }
    lanes.into_iter().fold(0.0, fold)
}
