//! Surprise: six cheap statistics of a row, up to eight, each as a surprise in the tail of its own values on left-out training
//! rows, together by the root of the sum of squares.
//!
//! `near` is the distance to the nearest reference row, `half` the mean distance to ten of them, half-way relative to theirs
//! (between k nearest neighbors and the local outlier factor, Breunig et al., SIGMOD 2000), `rank` the same among ranks,
//! `span` the same with columns divided by their span instead of their deviation, `local` the Gaussian of sixty neighbors,
//! `marg` the sum over columns of how rare a value is. Where training rows are not all
//! taken for ordinary, a seventh is how few cuts of an isolation forest set the row apart. In samples of 256 rows
//! anomalies that are alike are few, and do not shelter each other as they do among neighbors. `cell`, where it is asked for, is
//! how far columns are from what trees tell of them by others. A cell that no training row
//! looked like counts as if every statistic had seen it: nothing unknown or blank makes a row less unusual. So does a cell that
//! breaks a relation between columns which nearly all training rows keep.

mod cell;
mod edge;
mod fit;
mod local;
mod marginal;
mod reason;
mod space;
mod span;
mod stored;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::at_least;
use super::encoding::{Broken, Encoded, Encoding, Ranks};
use super::isolation_forest::{IsolationForest, TOGETHER};
use super::relation::Relations;
use super::scored::{BrokenCell, Explained, Scored};
use super::tail::Tail;
use super::witness::{self, Witness};
use crate::data::{Matrix, Table};
use crate::error::{ConfigError, Result};
use crate::models::chain::Found;
use crate::project::pool;
use cell::MaskedCells;
use edge::{Support, beyond};
use local::Local;
use marginal::Marginal;
use space::{Nearest, Query, Space};
use span::Span;

/// The model in messages.
const MODEL: &str = "the detector";

/// Rows that are scored together: memory does not grow with the table.
const PIECE: usize = 4096;

/// The share of rows that is taken for not ordinary where nothing is said.
pub const TRIMMED: f64 = 0.1;

/// The statistics. Those from the forest on not every detector has.
const MEMBERS: usize = 8;
const LOCAL: usize = 3;
const MARG: usize = 4;
const FOREST: usize = 5;
const CELL: usize = 6;
const SPAN: usize = 7;

/// The settings of the default detector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct SurpriseConfig {
    /// Most training rows that are kept to compare with, drawn at random; from 2.
    pub reference: usize,
    /// Euclidean neighbors of a row, from 1.
    pub neighbors: usize,
    /// Of these, the nearest by absolute distance, from 1.
    pub nearest: usize,
    /// The share of reference rows, the most unusual by small samples and a forest, that no row is compared with, 0 to below 0.5:
    /// where training rows are not all ordinary, anomalies that are alike shelter each other. By default [`TRIMMED`], and 0
    /// in runs that learn from one class: rows that are all ordinary are told best by all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trim: Option<f64>,
    /// Whether a row that equals a reference row is taken for that row, and left out of its own neighbors: then training rows
    /// can be scored like any others. Without it, a copy of a training row is as ordinary as can be.
    pub leave_out: bool,
    /// Whether a statistic more asks how far each column is from what trees tell of it by random halves of the others. It takes
    /// several times as long, and pays where columns go together in ways that neighbors do not show.
    pub cell: bool,
}

impl Default for SurpriseConfig {
    fn default() -> Self {
        Self { reference: 20_000, neighbors: 60, nearest: 10, trim: None, leave_out: true, cell: false }
    }
}

impl SurpriseConfig {
    fn trimmed(&self) -> f64 {
        self.trim.unwrap_or(TRIMMED)
    }

    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`].
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        at_least(path, "reference", self.reference, 2)?;
        at_least(path, "neighbors", self.neighbors, 1)?;
        at_least(path, "nearest", self.nearest, 1)?;
        if let Some(trim) = self.trim.filter(|trim| !(0.0..0.5).contains(trim)) {
            return Err(ConfigError::Range {
                field: format!("{path}.trim"),
                found: trim.to_string(),
                allowed: "0 to below 0.5".to_string(),
            });
        }
        Ok(())
    }
}

/// A fitted detector.
#[derive(Debug)]
pub struct Surprise {
    config: SurpriseConfig,
    encoding: Encoding,
    spaces: Option<Spaces>,
    /// Of samples of all reference rows; none where all training rows are taken for ordinary, and where no column varies.
    forest: Option<IsolationForest>,
    /// Where asked for, and rows and columns are enough.
    cells: Option<MaskedCells>,
    marginals: Vec<Marginal>,
    /// None where columns have nothing to do with each other that could be broken.
    relations: Option<Relations>,
    /// Where the numbers of each column are; none in detectors of earlier versions.
    supports: Vec<Support>,
    /// Of the statistics, in the order near, half, rank, local, marg, forest, cell, span; none of those it does not have.
    tails: [Option<Tail>; MEMBERS],
    /// Of the score.
    tail: Tail,
    /// By statistic, then column: what it is on ordinary rows; 0 of those it does not have.
    usual: Vec<Vec<f64>>,
    witness: Witness,
}

/// Reference rows as standard deviations and as ranks; none where no column varies.
#[derive(Debug)]
struct Spaces {
    standard: Space,
    ranked: Space,
    /// None in detectors of earlier versions.
    span: Option<Span>,
    ranks: Vec<Ranks>,
    scales: Vec<f64>,
    /// Neighbors of a row.
    k: usize,
}

/// What is known of a row of a batch before its statistics.
#[derive(Clone, Copy)]
struct Row<'a> {
    standard: Query<'a>,
    ranked: Query<'a>,
}

/// What trees say of a row, with what each coordinate puts into `cut` and each column into `cell`.
#[derive(Clone, Copy, Default)]
struct Told<'a> {
    cut: Option<(f64, &'a [f64])>,
    cell: Option<(f64, &'a [f64])>,
}

/// The statistics of a row, with the neighbors they are from.
struct Statistics {
    values: [f64; MEMBERS],
    standard: Nearest,
    ranked: Nearest,
    spanned: Nearest,
}

impl Surprise {
    /// The columns it looks at.
    pub fn columns(&self) -> Vec<String> {
        self.encoding.columns.iter().map(|column| column.name.clone()).collect()
    }

    /// What nearly all training rows keep, and rows are looked at for.
    pub fn relations(&self) -> Vec<Found> {
        self.relations.as_ref().map_or_else(Vec::new, Relations::found)
    }

    /// The share of training rows that no row is compared with.
    pub fn trimmed(&self) -> f64 {
        self.config.trimmed()
    }

    /// The score that a share of left-out training rows reach.
    pub fn threshold(&self, share: f64) -> f64 {
        self.tail.at(share)
    }

    /// Scores rows; a row's score does not depend on the others.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`](crate::error::ModelError::MissingColumn).
    pub fn score(&self, table: &Table, threads: usize) -> Result<Scored> {
        let mut scored = Scored::default();
        pool(threads)?.install(|| -> Result<()> {
            for rows in pieces(table.n_rows) {
                self.piece(table, &rows, |_, encoded, batch| {
                    let cuts = batch.cuts(self);
                    let score = |i: usize| {
                        let statistics = batch.statistics(self, encoded, i, Some(cuts[i]));
                        self.score_of(encoded.strange(i), &statistics.values).0
                    };
                    let scores: Vec<f64> = (0..encoded.n_rows).into_par_iter().map(score).collect();
                    scored.tail.extend(scores.iter().map(|score| self.tail.probability(*score)));
                    scored.score.extend(scores);
                })?;
            }
            Ok(())
        })?;
        Ok(scored)
    }

    /// Scores rows with their reasons and what was to be expected; the scores are those of [`score`](Self::score).
    ///
    /// # Errors
    /// As [`score`](Self::score).
    pub fn explain(&self, table: &Table, threads: usize) -> Result<Explained> {
        let mut scored = Scored::default();
        let width = self.encoding.columns.len();
        let mut reasons = Vec::with_capacity(table.n_rows * width);
        let mut expected = Vec::with_capacity(table.n_rows * width);
        let mut broken = Vec::new();
        pool(threads)?.install(|| -> Result<()> {
            for rows in pieces(table.n_rows) {
                self.piece(table, &rows, |coordinates, encoded, batch| {
                    let explain = |(i, cut): (usize, Option<(f64, &[f64])>)| {
                        let statistics = batch.statistics(self, encoded, i, None);
                        let mut losses = vec![0.0; width];
                        let cell = self.cell(coordinates.row(i), &mut losses, |_| true);
                        let told = Told { cut, cell: cell.map(|cell| (cell, losses.as_slice())) };
                        let reasons = self.reasons_of(encoded, i, batch.row(encoded, i), &statistics, told);
                        let unusual = largest(&reasons.1);
                        let mut expected = vec![f64::NAN; width];
                        self.witness.expected(&self.encoding, coordinates.row(i), &unusual, &mut expected);
                        for cell in encoded.broken_of(i).iter().filter(|cell| !cell.expected.is_nan()) {
                            expected[cell.column as usize] = cell.expected;
                        }
                        (reasons, expected)
                    };
                    let together = (0..encoded.n_rows).into_par_iter().step_by(TOGETHER);
                    let together = together.map(|first| first..encoded.n_rows.min(first + TOGETHER));
                    let explained = together.flat_map_iter(|rows| {
                        let (first, own) = (rows.start, coordinates.n_cols);
                        let of_rows = &coordinates.values[rows.start * own..rows.end * own];
                        let mut parts = vec![0.0; of_rows.len()];
                        let forest = self.forest.as_ref();
                        let cuts = forest.map(|forest| forest.unusual(of_rows, own, Some(&mut parts)));
                        let cut = |at: usize| cuts.map(|cuts| (cuts[at], &parts[at * own..][..own]));
                        rows.map(|i| explain((i, cut(i - first)))).collect::<Vec<_>>()
                    });
                    let explained: Vec<_> = explained.collect();
                    broken.extend(encoded.broken.iter().map(|cell| BrokenCell {
                        row: rows[cell.row as usize],
                        column: cell.column as usize,
                        relation: cell.relation as usize,
                        bound: cell.bound,
                    }));
                    for ((score, parts), cells) in explained {
                        scored.tail.push(self.tail.probability(score));
                        scored.score.push(score);
                        reasons.extend(parts.iter().map(|part| *part as f32));
                        expected.extend(cells);
                    }
                })?;
            }
            Ok(())
        })?;
        let expected = witness::table(&self.encoding, &expected);
        let relations = self.relations.as_ref().map_or_else(Vec::new, Relations::named);
        Ok(Explained { scored, columns: self.columns(), reasons, expected, broken, relations })
    }

    /// Encodes some rows of a table, finds their neighbors and hands all on.
    fn piece(
        &self,
        table: &Table,
        rows: &[usize],
        then: impl FnOnce(&Matrix, &Encoded, &Batch),
    ) -> Result<()> {
        let mut encoded = self.encoding.encode(MODEL, table, rows)?;
        encoded.broken = self.breaches(&encoded, table, rows);
        encoded.beyond = beyond(&self.supports, &encoded.states);
        let batch = Batch::new(self, &encoded)?;
        then(&batch.standard, &encoded, &batch);
        Ok(())
    }

    /// The cells of rows that break relations.
    fn breaches(&self, encoded: &Encoded, table: &Table, rows: &[usize]) -> Vec<Broken> {
        let Some(relations) = &self.relations else { return Vec::new() };
        let rarity = |column: usize, i: usize| self.marginals[column].nats(&encoded.states[column], i, false);
        relations.breaches(&self.encoding, table, rows, rarity)
    }

    /// The score of statistics and of the nats of strange cells, and their surprises; the last is of the cells.
    fn score_of(&self, strange: f64, values: &[f64; MEMBERS]) -> (f64, [f64; MEMBERS + 1]) {
        let mut surprises = [0.0; MEMBERS + 1];
        for ((surprise, tail), value) in surprises.iter_mut().zip(&self.tails).zip(values) {
            *surprise = tail.as_ref().filter(|_| !value.is_nan()).map_or(0.0, |tail| tail.surprise(*value));
        }
        surprises[MEMBERS] = strange * (self.tails.iter().flatten().count() as f64).sqrt();
        (surprises.iter().map(|surprise| surprise * surprise).sum::<f64>().sqrt(), surprises)
    }

    /// How far the columns of a row are from what trees of the rounds that are `asked` tell of them, and the `losses` of each.
    fn cell(&self, row: &[f32], losses: &mut [f64], asked: impl Fn(usize) -> bool) -> Option<f64> {
        Some(self.cells.as_ref()?.unusual(&self.encoding.layout, row, losses, asked))
    }
}

/// Rows of a table with their neighbors.
struct Batch {
    standard: Matrix,
    ranked: Matrix,
    /// `k` reference rows of each row, in both spaces.
    neighbors: [Vec<u32>; 2],
    k: usize,
}

impl Batch {
    fn new(model: &Surprise, encoded: &Encoded) -> Result<Self> {
        let mut standard = model.encoding.layout.standard(encoded);
        model.encoding.layout.center_unseen(encoded, &mut standard);
        let Some(spaces) = &model.spaces else {
            return Ok(Self { standard, ranked: Matrix::default(), neighbors: Default::default(), k: 0 });
        };
        let mut ranked = model.encoding.layout.ranked(encoded, &spaces.ranks, &spaces.scales);
        model.encoding.layout.center_unseen(encoded, &mut ranked);
        let strange = |i: usize| !encoded.unseen_of(i).is_empty();
        let leave_out = model.config.leave_out;
        let neighbors = [
            spaces.standard.search(&standard, spaces.k, leave_out, strange)?,
            spaces.ranked.search(&ranked, spaces.k, leave_out, strange)?,
        ];
        Ok(Self { standard, ranked, neighbors, k: spaces.k })
    }

    fn row<'a>(&'a self, encoded: &'a Encoded, i: usize) -> Row<'a> {
        let unseen = encoded.unseen_of(i);
        let query = |matrix: &'a Matrix, neighbors: &'a [u32]| Query {
            x: if matrix.n_rows > 0 { matrix.row(i) } else { &[] },
            candidates: &neighbors[i * self.k..(i + 1) * self.k],
            unseen,
        };
        Row {
            standard: query(&self.standard, &self.neighbors[0]),
            ranked: query(&self.ranked, &self.neighbors[1]),
        }
    }

    /// What the forest says of each row; NaN where there is none.
    fn cuts(&self, model: &Surprise) -> Vec<f64> {
        match &model.forest {
            Some(forest) => forest.unusual_of(&self.standard),
            None => vec![f64::NAN; self.standard.n_rows],
        }
    }

    /// The statistics of row `i`. Without what the forest says of it, that, the Gaussian of its neighbors and masked cells, which
    /// take longest and are known with the parts of columns, are NaN.
    fn statistics(&self, model: &Surprise, encoded: &Encoded, i: usize, cut: Option<f64>) -> Statistics {
        let marg = model.marg(encoded, i, false);
        let Some(spaces) = &model.spaces else {
            return Statistics {
                values: [0.0, 0.0, 0.0, 0.0, marg, f64::NAN, f64::NAN, f64::NAN],
                standard: Vec::new(),
                ranked: Vec::new(),
                spanned: Vec::new(),
            };
        };
        let row = self.row(encoded, i);
        let (layout, nearest) = (&model.encoding.layout, model.config.nearest);
        let standard = spaces.standard.nearest(layout, row.standard, nearest);
        let ranked = spaces.ranked.nearest(layout, row.ranked, nearest);
        let spanned = spaces.span.as_ref();
        let spanned = spanned.map(|span| span.nearest(&spaces.standard, layout, row.standard, nearest));
        let of =
            |query: Query| Local::default().statistic(&spaces.standard.rows, query.candidates, query.x, None);
        let (mut local, mut cell) = (f64::NAN, f64::NAN);
        if cut.is_some() {
            local = of(row.standard);
            let mut losses = vec![0.0; model.encoding.columns.len()];
            cell = model.cell(row.standard.x, &mut losses, |_| true).unwrap_or(cell);
        }
        let values = [
            spaces.standard.near(&standard),
            spaces.standard.half(&standard),
            spaces.ranked.half(&ranked),
            local,
            marg,
            cut.unwrap_or(f64::NAN),
            cell,
            spaces.span.as_ref().zip(spanned.as_ref()).map_or(f64::NAN, |(span, list)| span.statistic(list)),
        ];
        Statistics { values, standard, ranked, spanned: spanned.unwrap_or_default() }
    }
}

/// The rows of a table in pieces.
fn pieces(n_rows: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..n_rows).step_by(PIECE).map(move |first| (first..n_rows.min(first + PIECE)).collect())
}

/// The columns with a part, the largest first.
fn largest(parts: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..parts.len()).filter(|i| parts[*i] > 0.0).collect();
    order.sort_by(|a, b| parts[*b].total_cmp(&parts[*a]));
    order
}
