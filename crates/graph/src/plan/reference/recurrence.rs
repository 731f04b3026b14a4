//! Recurrent layers of the interpreter: one row at a time, by the textbook.

use crate::recurrence::{Cell, Recurrence};

/// A layer with its weights.
pub(super) struct Layer<'a> {
    pub(super) r: &'a Recurrence,
    pub(super) weights: &'a [f64],
}

/// One row: sequence, mask, adjoints of the states.
pub(super) struct Row<'a> {
    x: &'a [f64],
    mask: Option<&'a [f64]>,
    g: Option<&'a [f64]>,
}

/// A step: the state before and after, the cell before and after, the gates.
struct Step {
    h: [Vec<f64>; 2],
    c: [Vec<f64>; 2],
    gates: Vec<f64>,
    /// What the reset gate takes of n.
    back: Vec<f64>,
    counts: bool,
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

impl<'a> Layer<'a> {
    /// The rows of a batch.
    pub(super) fn chunks<'b>(
        &self,
        x: &'b [f64],
        mask: Option<&'b [f64]>,
        g: Option<&'b [f64]>,
    ) -> impl Iterator<Item = Row<'b>> + use<'b> {
        let (width, steps, states) = (self.r.input_width(), self.r.steps, self.r.state_width());
        (0..x.len() / width).map(move |i| Row {
            x: &x[i * width..][..width],
            mask: mask.map(|mask| &mask[i * steps..][..steps]),
            g: g.map(|g| &g[i * states..][..states]),
        })
    }

    fn weight(&self, k: usize, column: usize) -> f64 {
        self.weights[k * self.r.columns() + column]
    }

    fn input<'b>(&self, row: &Row<'b>, t: usize) -> &'b [f64] {
        if self.r.repeats { row.x } else { &row.x[t * self.r.inputs..][..self.r.inputs] }
    }

    fn steps(&self, row: &Row<'_>) -> Vec<Step> {
        let (inputs, n) = (self.r.inputs, self.r.units);
        let (mut h, mut c) = (vec![0.0; n], vec![0.0; n]);
        let mut steps = Vec::new();
        for t in 0..self.r.steps {
            let x = self.input(row, t);
            let fed = |column: usize| {
                let product: f64 = (0..inputs).map(|i| x[i] * self.weight(i, column)).sum();
                product + self.weight(inputs, column)
            };
            let read = |column: usize| -> f64 {
                let product: f64 = (0..n).map(|j| h[j] * self.weight(inputs + 1 + j, column)).sum();
                product + if self.r.cell == Cell::Gru { self.weight(inputs + 1 + n, column) } else { 0.0 }
            };
            let counts = row.mask.is_none_or(|mask| mask[t] != 0.0);
            let sums: Vec<f64> = (0..self.r.columns()).map(|column| fed(column) + read(column)).collect();
            let mut gates: Vec<f64> = sums.iter().map(|&sum| sigmoid(sum)).collect();
            let back: Vec<f64> = (0..n).map(|j| read(2 * n + j)).collect();
            let (mut new_h, mut new_c) = (h.clone(), c.clone());
            for j in 0..n {
                let candidate = match self.r.cell {
                    Cell::Lstm => sums[2 * n + j].tanh(),
                    Cell::Gru => (fed(2 * n + j) + gates[j] * back[j]).tanh(),
                };
                gates[2 * n + j] = candidate;
                if counts && self.r.cell == Cell::Lstm {
                    new_c[j] = gates[n + j] * c[j] + gates[j] * candidate;
                    new_h[j] = gates[3 * n + j] * new_c[j].tanh();
                } else if counts {
                    new_h[j] = (1.0 - gates[n + j]) * candidate + gates[n + j] * h[j];
                }
            }
            steps.push(Step { h: [h, new_h.clone()], c: [c, new_c.clone()], gates, back, counts });
            (h, c) = (new_h, new_c);
        }
        steps
    }

    /// The states of a row.
    pub(super) fn states(&self, row: &Row<'_>) -> Vec<f64> {
        let steps = self.steps(row);
        let first = if self.r.last { steps.len() - 1 } else { 0 };
        steps[first..].iter().flat_map(|step| step.h[1].clone()).collect()
    }

    /// The adjoints of a row's sequence and of the weights.
    pub(super) fn adjoints(&self, row: &Row<'_>) -> (Vec<f64>, Vec<f64>) {
        let (inputs, n, columns) = (self.r.inputs, self.r.units, self.r.columns());
        let g = row.g.unwrap();
        let (mut to_x, mut to_weights) = (vec![0.0; row.x.len()], vec![0.0; self.weights.len()]);
        let (mut to_h, mut to_c) = (vec![0.0; n], vec![0.0; n]);
        for (t, step) in self.steps(row).iter().enumerate().rev() {
            for j in 0..n {
                to_h[j] += match (self.r.last, t + 1 == self.r.steps) {
                    (false, _) => g[t * n + j],
                    (true, true) => g[j],
                    (true, false) => 0.0,
                };
            }
            if !step.counts {
                continue;
            }
            // Adjoints of what is summed from the input and of what is summed from the state.
            let (mut fed, mut read) = (vec![0.0; columns], vec![0.0; columns]);
            let mut before = vec![0.0; n];
            for j in 0..n {
                let gate = |at: usize| step.gates[at * n + j];
                let slope = |at: usize| gate(at) * (1.0 - gate(at));
                if self.r.cell == Cell::Lstm {
                    let shown = step.c[1][j].tanh();
                    to_c[j] += to_h[j] * gate(3) * (1.0 - shown * shown);
                    fed[j] = to_c[j] * gate(2) * slope(0);
                    fed[n + j] = to_c[j] * step.c[0][j] * slope(1);
                    fed[2 * n + j] = to_c[j] * gate(0) * (1.0 - gate(2) * gate(2));
                    fed[3 * n + j] = to_h[j] * shown * slope(3);
                    to_c[j] *= gate(1);
                    for at in 0..4 {
                        read[at * n + j] = fed[at * n + j];
                    }
                } else {
                    let candidate = to_h[j] * (1.0 - gate(1)) * (1.0 - gate(2) * gate(2));
                    fed[2 * n + j] = candidate;
                    read[2 * n + j] = candidate * gate(0);
                    fed[j] = candidate * step.back[j] * slope(0);
                    fed[n + j] = to_h[j] * (step.h[0][j] - gate(2)) * slope(1);
                    (read[j], read[n + j]) = (fed[j], fed[n + j]);
                    before[j] = to_h[j] * gate(1);
                }
            }
            let x = self.input(row, t);
            let at = if self.r.repeats { 0 } else { t * inputs };
            for column in 0..columns {
                for i in 0..inputs {
                    to_x[at + i] += fed[column] * self.weight(i, column);
                    to_weights[i * columns + column] += fed[column] * x[i];
                }
                to_weights[inputs * columns + column] += fed[column];
                for j in 0..n {
                    before[j] += read[column] * self.weight(inputs + 1 + j, column);
                    to_weights[(inputs + 1 + j) * columns + column] += read[column] * step.h[0][j];
                }
                if self.r.cell == Cell::Gru {
                    to_weights[(inputs + 1 + n) * columns + column] += read[column];
                }
            }
            to_h = before;
        }
        (to_x, to_weights)
    }
}
