//! Series that training turns in time and changes the sign of, so that a network cannot learn rows by heart.

use serde::{Deserialize, Serialize};
use veridic_graph::{Expr, Graph};

/// What training does to each row of a batch, drawn anew at each step. In use rows are taken as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Turn {
    /// Whether a series is turned by a random number of steps; what falls out at its end comes in at its start.
    pub shift: bool,
    /// Whether a row changes its sign with probability one half, all its values together.
    pub flip: bool,
}

impl Turn {
    /// Rows `x`, `[rows, steps × values]`, turned.
    ///
    /// A shift is made of steps of 1, 2, 4, …, each taken with probability one half: all shifts are equally likely where the
    /// number of steps is a power of two, and nearly so elsewhere.
    pub(crate) fn apply<'g>(self, graph: &'g Graph, x: Expr<'g>, dims: &[usize]) -> Expr<'g> {
        let width: usize = dims.iter().product();
        let (steps, each) = match dims {
            &[steps, values] => (steps, values),
            _ => (width, 1),
        };
        let one = x.slice(0, 0, 1).shape();
        let mut x = x;
        let mut by = 1;
        while self.shift && by < steps {
            let cut = by * each;
            let turned = graph.concat(&[x.slice(0, width - cut, cut), x.slice(0, 0, width - cut)], 0);
            let is_turned = graph.bernoulli(&one, 0.5);
            x = x + (turned - x) * is_turned;
            by *= 2;
        }
        if self.flip {
            x = x * (1.0 - 2.0 * graph.bernoulli(&one, 0.5));
        }
        x
    }
}

#[cfg(test)]
mod tests {
    use veridic_graph::{Draw, Feed, Graph, Pool, States};

    use super::*;

    /// What becomes of 64 copies of a row.
    fn turned(turn: Turn, row: &[f32], dims: &[usize]) -> Vec<Vec<f32>> {
        let graph = Graph::new();
        let x = graph.rows("x", &[row.len()]);
        let y = turn.apply(&graph, x, dims);
        let mut plan = graph.compile(&[y], &[]).unwrap();
        let rows: Vec<f32> = row.iter().copied().cycle().take(64 * row.len()).collect();
        let mut states = States::new(&graph, 0);
        let draw = Draw { seed: 3, step: 1 };
        plan.run(&mut Pool::new(2), &mut states, &[Feed::Rows(&rows)], 64, draw).unwrap();
        plan.output(0).chunks(row.len()).map(<[f32]>::to_vec).collect()
    }

    #[test]
    fn rows_are_turned_by_every_number_of_steps_with_the_values_of_a_step_together() {
        let row = [1.0, 10.0, 2.0, 20.0, 3.0, 30.0, 4.0, 40.0];
        let found = turned(Turn { shift: true, flip: false }, &row, &[4, 2]);
        let mut by = [0; 4];
        for of in found {
            let first = of[0] as usize;
            by[first - 1] += 1;
            for (step, pair) in of.chunks(2).enumerate() {
                let value = ((first - 1 + step) % 4 + 1) as f32;
                assert_eq!(pair, [value, 10.0 * value]);
            }
        }
        assert!(by.iter().all(|&count| count > 4), "{by:?}");
    }

    #[test]
    fn signs_change_of_whole_rows() {
        let found = turned(Turn { shift: false, flip: true }, &[1.0, -2.0], &[2, 1]);
        let negative = found.iter().filter(|row| row[..] == [-1.0, 2.0]).count();
        let same = found.iter().filter(|row| row[..] == [1.0, -2.0]).count();
        assert_eq!(negative + same, 64);
        assert!(negative > 16 && same > 16, "{negative} {same}");
    }
}
