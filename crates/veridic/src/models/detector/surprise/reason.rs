//! A score by columns.

use super::super::encoding::Encoded;
use super::local::Local;
use super::{CELL, FOREST, LOCAL, MARG, MEMBERS, Row, SPAN, Statistics, Surprise, Told};

/// The statistics that look at distances between rows.
const DISTANCES: [usize; 5] = [0, 1, 2, LOCAL, SPAN];

impl Surprise {
    /// The sum over columns of how rare a row's values are, nats; with `own` the row is one of the reference rows, left out.
    pub(super) fn marg(&self, encoded: &Encoded, i: usize, own: bool) -> f64 {
        self.marginals
            .iter()
            .zip(&encoded.states)
            .map(|(marginal, states)| marginal.nats(states, i, own))
            .sum()
    }

    /// A row's score and its parts by column, which sum to it; the Gaussian of neighbors and what trees tell are not looked for
    /// among `statistics`.
    ///
    /// A statistic's part of the score is the square of its surprise over the score. It is shared by how much more each column
    /// puts into the statistic than on ordinary rows.
    pub(super) fn reasons_of(
        &self,
        encoded: &Encoded,
        i: usize,
        row: Row,
        statistics: &Statistics,
        told: Told,
    ) -> (f64, Vec<f64>) {
        let nats = encoded.strange(i);
        let (mut columns, values) = self.columns_of(encoded, i, row, statistics, told);
        let (score, surprises) = self.score_of(nats, &values);
        let width = self.encoding.columns.len();
        let mut reasons = vec![0.0; width];
        if score <= 0.0 {
            return (score, reasons);
        }
        // That two values do not go together makes the row far from others by both columns; one of them is wrong.
        for cell in encoded.broken_of(i) {
            let Some(beside) = cell.beside else { continue };
            let (wrong, beside) = (cell.column as usize, beside as usize);
            for member in DISTANCES {
                let (columns, usual) = (&mut columns[member], &self.usual[member]);
                let more = (columns[beside] - usual[beside]).max(0.0);
                columns[wrong] += more;
                columns[beside] -= more;
            }
        }
        for ((columns, usual), surprise) in columns.iter().zip(&self.usual).zip(&surprises) {
            let part = surprise * surprise / score;
            let more = |(found, usual): (&f64, &f64)| (found - usual).max(0.0);
            let sum: f64 = columns.iter().zip(usual).map(more).sum();
            if sum > 0.0 && sum.is_finite() {
                let shares = columns.iter().zip(usual).map(more);
                reasons.iter_mut().zip(shares).for_each(|(reason, more)| *reason += part * more / sum);
            } else {
                reasons.iter_mut().for_each(|reason| *reason += part / width as f64);
            }
        }
        let part = surprises[MEMBERS] * surprises[MEMBERS] / score;
        for (column, own) in encoded.strange_of(i).filter(|_| nats > 0.0) {
            reasons[column as usize] += part * own / nats;
        }
        (score, reasons)
    }

    /// What each column puts into each statistic, and the statistics with those that are known with it.
    pub(super) fn columns_of(
        &self,
        encoded: &Encoded,
        i: usize,
        row: Row,
        statistics: &Statistics,
        told: Told,
    ) -> (Vec<Vec<f64>>, [f64; MEMBERS]) {
        let mut values = statistics.values;
        let width = self.encoding.columns.len();
        let mut columns = vec![vec![0.0; width]; MEMBERS];
        let layout = &self.encoding.layout;
        let marg = self
            .marginals
            .iter()
            .zip(&encoded.states)
            .map(|(marginal, states)| marginal.nats(states, i, false));
        columns[MARG].iter_mut().zip(marg).for_each(|(to, nats)| *to = nats);
        if let Some(spaces) = &self.spaces {
            spaces.standard.columns(layout, row.standard, (&statistics.standard, 1), &mut columns[0]);
            spaces.standard.columns(
                layout,
                row.standard,
                (&statistics.standard, usize::MAX),
                &mut columns[1],
            );
            spaces.ranked.columns(layout, row.ranked, (&statistics.ranked, usize::MAX), &mut columns[2]);
            if let Some(span) = &spaces.span {
                let nearest = (&statistics.spanned, usize::MAX);
                spaces.standard.columns(layout, row.standard, nearest, &mut columns[SPAN]);
                span.weigh(layout, &mut columns[SPAN]);
            }
            let mut each = vec![0.0; layout.width];
            let rows = &spaces.standard.rows;
            let (candidates, x) = (row.standard.candidates, row.standard.x);
            values[LOCAL] = Local::default().statistic(rows, candidates, x, Some(&mut each));
            layout.by_column(&each, |column, part| columns[LOCAL][column] = part);
            if let Some((unusual, parts)) = told.cut {
                values[FOREST] = unusual;
                layout.by_column(parts, |column, part| columns[FOREST][column] = part);
            }
            if let Some((unusual, losses)) = told.cell {
                values[CELL] = unusual;
                columns[CELL].copy_from_slice(losses);
            }
        }
        (columns, values)
    }
}
