//! Learning: reference rows, their neighbors among each other, and what statistics they have left out of the rest.

use rand_chacha::rand_core::Rng;
use rayon::prelude::*;

use super::super::classical::Method;
use super::super::encoding::{Encoded, Encoding, Ranks, States, of};
use super::super::isolation_forest::{IsolationForest, IsolationForestConfig};
use super::super::relation::Relations;
use super::super::sample::{PARTS, median_of, subsample};
use super::super::tail::Tail;
use super::super::witness::Witness;
use super::cell::{Bags, MaskedCells};
use super::edge::{Support, beyond};
use super::local::Local;
use super::marginal::Marginal;
use super::space::{Query, Space};
use super::span::Span;
use super::{Batch, MARG, MEMBERS, MODEL, Row, Spaces, Statistics, Surprise, SurpriseConfig, Told, pieces};
use crate::data::{Cells, Matrix, Schema, Table};
use crate::error::{ModelError, Result};
use crate::models::chain::RuleConfig;
use crate::project::{Neighbors, pool};
use crate::seed::Seed;

/// Left-out rows that the tails of the Gaussian and of the score are learned from.
const CALIBRATION: usize = 4096;

/// The least mean excess of statistics, which are logarithms, and of the score.
const LEAST: f64 = 0.05;

/// Samples that judge which reference rows are trimmed, and rows of each.
const SCREENS: usize = 4;
const SCREEN: usize = 1000;

/// Samples that the isolation forest counts for in this. Where many anomalies are alike, neighbors among a thousand rows still
/// shelter them; the forest alone would trim ordinary rows that lie sparsely.
const FOREST_SCREENS: f64 = 8.0;

/// Rows that are asked what is to be expected, and what columns put into statistics as a rule.
const WITNESSES: usize = 1024;

impl Surprise {
    /// Learns from the rows `rows` of a table; columns are those that the schema and the table both have, but identifiers.
    /// `rules` says which relations between columns are looked for.
    ///
    /// # Errors
    /// [`ModelError::TooFewRows`] below 2, [`ModelError::NoColumns`]; rules that must hold and that rows of the table break.
    pub fn fit(
        config: SurpriseConfig,
        (table, schema): (&Table, &Schema),
        rows: &[usize],
        rules: &RuleConfig,
        seed: Seed,
        threads: usize,
    ) -> Result<Self> {
        if rows.len() < 2 {
            return Err(ModelError::TooFewRows { model: MODEL, found: rows.len(), needed: 2 }.into());
        }
        pool(threads)?.install(|| {
            let encoding = Encoding::fit(MODEL, table, schema, rows)?;
            let reference = subsample(rows, config.reference.max(2), &mut seed.stream("detector.reference"));
            let mut encoded = encoding.encode(MODEL, table, &reference)?;
            let relations = Relations::fit(rules, &encoding, (table, schema), &reference)?;
            if let Some(relations) = &relations {
                let marginals: Vec<Marginal> = encoded.states.par_iter().map(Marginal::fit).collect();
                let rarity =
                    |column: usize, i: usize| marginals[column].nats(&encoded.states[column], i, true);
                encoded.broken = relations.breaches(&encoding, table, &reference, rarity);
            }
            let supports = Support::fit(&encoded.states, encoded.n_rows);
            encoded.beyond = beyond(&supports, &encoded.states);
            let raw = Raw::new(&encoding, table);
            let random = || seed.stream("detector.calibration");
            let all = (&encoded, reference.as_slice());
            let trim = config.trimmed();
            if trim == 0.0 {
                let trees = Trees::fit(&config, &encoding, &encoded, seed);
                let (fitted, _) = Self::learn(config, encoding, all, &raw, trees, &mut random(), threads)?;
                return Ok(Self { relations, supports, ..fitted });
            }
            let forest = Trees::forest(&encoding, &encoded, seed, threads)?;
            let cuts = forest.as_ref().map(|(_, cuts)| cuts.as_slice());
            let scores = Self::screen(&config, &encoding, all, (&raw, cuts), seed, threads)?;
            let kept = kept(&scores, trim);
            let (part, part_rows) = taken(all, &kept);
            let part = (&part, part_rows.as_slice());
            let mut trees = Trees::fit(&config, &encoding, part.0, seed);
            trees.forest = forest.map(|(forest, cuts)| (forest, kept.iter().map(|i| cuts[*i]).collect()));
            let (mut fitted, left_out) =
                Self::learn(config, encoding, part, &raw, trees, &mut random(), threads)?;
            let mut out = complement(encoded.n_rows, &kept);
            let share = left_out.len() as f64 / kept.len() as f64;
            out = subsample(&out, (out.len() as f64 * share).round() as usize, &mut random());
            fitted.calibrate(left_out, &encoded.take(&out))?;
            Ok(Self { relations, supports, ..fitted })
        })
    }

    /// Learns all tails anew from left-out statistics of rows that are compared with and, in proportion, of rows that are not:
    /// a surprise is about the share of all training rows, not of those that seemed ordinary.
    fn calibrate(&mut self, left_out: Vec<LeftOut>, out: &Encoded) -> Result<()> {
        let mut all = left_out;
        for rows in pieces(out.n_rows) {
            let part = out.take(&rows);
            let batch = Batch::new(self, &part)?;
            let cuts = batch.cuts(self);
            let of = |i: usize| LeftOut {
                values: batch.statistics(self, &part, i, Some(cuts[i])).values,
                strange: part.strange(i),
            };
            all.par_extend((0..part.n_rows).into_par_iter().map(of));
        }
        for (member, tail) in self.tails.iter_mut().enumerate() {
            let values = || all.iter().map(|row| row.values[member]);
            *tail = tail.take().map(|_| Tail::new(known(values()), LEAST));
        }
        self.tail = Tail::new(self.scores_of(&all), LEAST);
        Ok(())
    }

    /// Scores of all reference rows by small samples of them, and by the `cuts` of a forest.
    ///
    /// Anomalies that are alike shelter each other: among all rows each has neighbors of its own kind. In a sample of a
    /// thousand rows they are few, and they are trimmed before it judges the others. The Gaussian of neighbors, which takes
    /// longest, is not asked.
    fn screen(
        config: &SurpriseConfig,
        encoding: &Encoding,
        all: (&Encoded, &[usize]),
        (raw, cuts): (&Raw, Option<&[f64]>),
        seed: Seed,
        threads: usize,
    ) -> Result<Vec<f64>> {
        let n = all.1.len();
        let rows: Vec<usize> = (0..n).collect();
        let mut total = vec![0.0; n];
        for screen in 0..SCREENS {
            let mut random = seed.stream(&format!("detector.screen.{screen}"));
            let mut sample = subsample(&rows, SCREEN, &mut random);
            sample.sort_unstable();
            let mut fitted = None;
            for _ in 0..2 {
                let (part, part_rows) = taken(all, &sample);
                let part = (&part, part_rows.as_slice());
                let (learned, left_out) = Self::learn(
                    config.clone(),
                    encoding.clone(),
                    part,
                    raw,
                    Trees::default(),
                    &mut random,
                    threads,
                )?;
                sample = kept(&learned.scores_of(&left_out), config.trimmed())
                    .into_iter()
                    .map(|i| sample[i])
                    .collect();
                fitted = Some(learned);
            }
            if let Some(fitted) = fitted {
                let scores = fitted.scores(all.0)?;
                total.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score.ln_1p());
            }
        }
        if let Some(cuts) = cuts {
            let tail = Tail::new(cuts.to_vec(), LEAST);
            let more = cuts.iter().map(|cut| FOREST_SCREENS * tail.surprise(*cut).ln_1p());
            total.iter_mut().zip(more).for_each(|(sum, more)| *sum += more);
        }
        Ok(total)
    }

    /// Scores of encoded rows but for the Gaussian of their neighbors, on the workers of the pool it is called in.
    fn scores(&self, encoded: &Encoded) -> Result<Vec<f64>> {
        let mut scores = Vec::with_capacity(encoded.n_rows);
        for rows in pieces(encoded.n_rows) {
            let part = encoded.take(&rows);
            let batch = Batch::new(self, &part)?;
            let score = |i: usize| {
                let values = batch.statistics(self, &part, i, None).values;
                self.score_of(part.strange(i), &values).0
            };
            scores.par_extend((0..part.n_rows).into_par_iter().map(score));
        }
        Ok(scores)
    }

    /// Learns from reference rows, all of them; also statistics of a sample of them, each left out of the rest.
    fn learn(
        config: SurpriseConfig,
        encoding: Encoding,
        (encoded, reference): (&Encoded, &[usize]),
        raw: &Raw,
        trees: Trees,
        random: &mut impl Rng,
        threads: usize,
    ) -> Result<(Self, Vec<LeftOut>)> {
        let n = encoded.n_rows;
        let standard = encoding.layout.standard(encoded);
        let marginals: Vec<Marginal> = encoded.states.par_iter().map(Marginal::fit).collect();
        let all: Vec<usize> = (0..n).collect();
        let asked = subsample(&all, WITNESSES, random);
        let witness = Witness::new(encoded, &standard, &asked, |column, i| raw.number(column, reference[i]));
        let sample = subsample(&all, CALIBRATION, random);
        let lonely = encoding.lonely(encoded);
        let strange =
            |i: usize| of(&lonely, i).iter().map(|cell| cell.nats).sum::<f64>() + encoded.strange(i);
        let width = encoding.columns.len();
        let (forest, cuts) = trees.forest.unzip();
        let (cells, bags) = trees.cells.unzip();
        let mut fitted = Self {
            spaces: None,
            forest,
            cells,
            marginals,
            relations: None,
            supports: Vec::new(),
            tails: [const { None }; MEMBERS],
            tail: Tail::new(Vec::new(), LEAST),
            usual: vec![vec![0.0; width]; MEMBERS],
            witness,
            config,
            encoding,
        };
        let marg: Vec<f64> = (0..n).into_par_iter().map(|i| fitted.marg(encoded, i, true)).collect();
        if fitted.encoding.layout.width == 0 {
            let values = |i: usize| [0.0, 0.0, 0.0, 0.0, marg[i], f64::NAN, f64::NAN, f64::NAN];
            let left_out = |&i: &usize| LeftOut { values: values(i), strange: strange(i) };
            let left_out: Vec<LeftOut> = sample.iter().map(left_out).collect();
            fitted.tails[..MARG].fill(Some(Tail::new(vec![0.0; n], LEAST)));
            fitted.tails[MARG] = Some(Tail::new(marg, LEAST));
            fitted.tail = Tail::new(fitted.scores_of(&left_out), LEAST);
            return Ok((fitted, left_out));
        }
        let layout = &fitted.encoding.layout;
        // Of the rounds whose trees have not seen the row.
        let cell = |losses: &mut Vec<f64>, row: &[f32], i: usize| {
            losses.resize(width, 0.0);
            bags.as_ref().and_then(|bags| fitted.cell(row, losses, bags.without(i)))
        };
        let of_row = |losses: &mut Vec<f64>, i: usize| cell(losses, standard.row(i), i).unwrap_or(f64::NAN);
        let losses: Option<Vec<f64>> =
            bags.as_ref().map(|_| (0..n).into_par_iter().map_init(Vec::new, of_row).collect());
        let ranks: Vec<Ranks> = encoded.states.par_iter().map(ranks).collect();
        let scales: Vec<f64> =
            encoded.states.par_iter().zip(&ranks).map(|(s, ranks)| scale(s, ranks)).collect();
        let ranked = layout.ranked(encoded, &ranks, &scales);
        let k = fitted.config.neighbors.min(n - 1);
        let sizes = (k, fitted.config.nearest.min(k));
        let (standard, neighbors, nearest) = Space::fit(standard, layout, sizes, threads)?;
        let (ranked, ranked_neighbors, ranked_nearest) = Space::fit(ranked, layout, sizes, threads)?;
        let (span, spanned) = Span::fit(&standard, layout, &neighbors, sizes.1);
        let span_of = spanned.iter().map(|list| span.statistic(list)).collect::<Vec<_>>();
        let spaces = Spaces { standard, ranked, span: Some(span), ranks, scales, k };
        let local = |i: &usize| {
            let rows = &spaces.standard.rows;
            Local::default().statistic(rows, neighbors.of(*i), rows.row(*i), None)
        };
        let locals: Vec<f64> = sample.par_iter().map(local).collect();
        let near = nearest.iter().map(|list| spaces.standard.near(list)).collect::<Vec<_>>();
        let half = nearest.iter().map(|list| spaces.standard.half(list)).collect::<Vec<_>>();
        let rank = ranked_nearest.iter().map(|list| spaces.ranked.half(list)).collect::<Vec<_>>();
        let cut = |i: usize| cuts.as_ref().map_or(f64::NAN, |cuts| cuts[i]);
        let loss = |i: usize| losses.as_ref().map_or(f64::NAN, |losses| losses[i]);
        let values = |at: usize, i: usize| {
            [near[i], half[i], rank[i], locals[at], marg[i], cut(i), loss(i), span_of[i]]
        };
        let left_out = |(at, &i): (usize, &usize)| LeftOut { values: values(at, i), strange: strange(i) };
        let left_out: Vec<LeftOut> = sample.iter().enumerate().map(left_out).collect();
        let members =
            [Some(near), Some(half), Some(rank), Some(locals), Some(marg), cuts, losses, Some(span_of)];
        fitted.tails = members.map(|own| own.map(|own| Tail::new(known(own.into_iter()), LEAST)));
        fitted.spaces = Some(spaces);
        fitted.tail = Tail::new(fitted.scores_of(&left_out), LEAST);
        let known = Known { encoded, neighbors: [&neighbors, &ranked_neighbors] };
        let lists = |i: usize| (nearest[i].clone(), ranked_nearest[i].clone(), spanned[i].clone());
        let parts = asked.par_chunks(asked.len().div_ceil(PARTS)).map(|rows| {
            let mut means = vec![0.0; MEMBERS * width];
            let mut cuts = vec![0.0; fitted.encoding.layout.width];
            let mut losses = vec![0.0; width];
            for &i in rows {
                let (standard, ranked, spanned) = lists(i);
                let statistics = Statistics { values: [0.0; MEMBERS], standard, ranked, spanned };
                let row = known.row(&fitted, i);
                let cut = fitted.forest.as_ref().map(|forest| {
                    let [cut, ..] = forest.unusual(row.standard.x, cuts.len(), Some(&mut cuts));
                    (cut, cuts.as_slice())
                });
                let asked = bags.as_ref().map(|bags| bags.without(i));
                let cell = asked.and_then(|asked| fitted.cell(row.standard.x, &mut losses, asked));
                let told = Told { cut, cell: cell.map(|cell| (cell, losses.as_slice())) };
                let (columns, _) = fitted.columns_of(encoded, i, row, &statistics, told);
                means
                    .iter_mut()
                    .zip(columns.iter().flatten())
                    .for_each(|(mean, v)| *mean += v / rows.len() as f64);
            }
            means
        });
        let parts: Vec<Vec<f64>> = parts.collect();
        let usual = median_of(&parts);
        fitted.usual = usual.chunks(width).map(<[f64]>::to_vec).collect();
        Ok((fitted, left_out))
    }

    fn scores_of(&self, rows: &[LeftOut]) -> Vec<f64> {
        rows.iter().map(|row| self.score_of(row.strange, &row.values).0).collect()
    }
}

/// Trees that some detectors have: a forest with what it says of the rows learned from, and masked cells with which of these they
/// have seen.
#[derive(Default)]
struct Trees {
    forest: Option<(IsolationForest, Vec<f64>)>,
    cells: Option<(MaskedCells, Bags)>,
}

impl Trees {
    /// Masked cells, where they are asked for; none where no column varies.
    fn fit(config: &SurpriseConfig, encoding: &Encoding, rows: &Encoded, seed: Seed) -> Self {
        let layout = &encoding.layout;
        let asked = config.cell && layout.width > 0;
        let cells = asked.then(|| MaskedCells::fit(&layout.standard(rows), layout, seed)).flatten();
        Self { forest: None, cells }
    }

    /// An isolation forest, and how few of its cuts set each of the rows apart; none where no column varies.
    fn forest(
        encoding: &Encoding,
        rows: &Encoded,
        seed: Seed,
        threads: usize,
    ) -> Result<Option<(IsolationForest, Vec<f64>)>> {
        if encoding.layout.width == 0 {
            return Ok(None);
        }
        let rows = encoding.layout.standard(rows);
        let default = IsolationForestConfig::default();
        // At most half of the rows are in a tree: its other rows are left out of it.
        let config = IsolationForestConfig { rows: default.rows.min(rows.n_rows / 2).max(2), ..default };
        let forest = IsolationForest::fit(config, &rows, seed, threads)?;
        let cuts = forest.unusual_of(&rows);
        Ok(Some((forest, cuts)))
    }
}

/// The statistics of rows that have them.
fn known(values: impl Iterator<Item = f64>) -> Vec<f64> {
    values.filter(|value| !value.is_nan()).collect()
}

/// What a row's statistics are by the other rows, and the nats of its cells that these do not look like.
struct LeftOut {
    values: [f64; MEMBERS],
    strange: f64,
}

/// Reference rows with their neighbors among the others.
struct Known<'a> {
    encoded: &'a Encoded,
    neighbors: [&'a Neighbors; 2],
}

impl<'a> Known<'a> {
    fn row(&self, fitted: &'a Surprise, i: usize) -> Row<'a>
    where
        Self: 'a,
    {
        let spaces = fitted.spaces.as_ref().expect("there are columns to measure by");
        let query = |matrix: &'a Matrix, neighbors: &'a Neighbors| Query {
            x: matrix.row(i),
            candidates: neighbors.of(i),
            unseen: &[],
        };
        debug_assert!(i < self.encoded.n_rows);
        Row {
            standard: query(&spaces.standard.rows, self.neighbors[0]),
            ranked: query(&spaces.ranked.rows, self.neighbors[1]),
        }
    }
}

/// The numbers of a table's columns, by fitted column.
struct Raw<'a>(Vec<Option<&'a [f64]>>);

impl<'a> Raw<'a> {
    fn new(encoding: &Encoding, table: &'a Table) -> Self {
        let cells = encoding.columns.iter().map(|column| match &table.column(&column.name)?.cells {
            Cells::Number(values) => Some(values.as_slice()),
            Cells::Text { .. } => None,
        });
        Self(cells.collect())
    }

    fn number(&self, column: usize, row: usize) -> f64 {
        self.0[column].map_or(f64::NAN, |values| values[row])
    }
}

fn ranks(states: &States) -> Ranks {
    match states {
        States::Numbers(z) => Ranks::fit(z),
        States::Levels(_) | States::Same => Ranks::default(),
    }
}

/// The standard deviation of a column's normal scores, 1 where they do not vary.
fn scale(states: &States, ranks: &Ranks) -> f64 {
    let States::Numbers(z) = states else { return 1.0 };
    let scores = || z.iter().map(|z| if z.is_nan() { 0.0 } else { ranks.score(*z) });
    let n = z.len() as f64;
    let mean = scores().sum::<f64>() / n;
    let deviation = (scores().map(|score| (score - mean) * (score - mean)).sum::<f64>() / n).sqrt();
    if deviation < 1e-9 { 1.0 } else { deviation }
}

/// Some of the reference rows.
fn taken((encoded, reference): (&Encoded, &[usize]), rows: &[usize]) -> (Encoded, Vec<usize>) {
    (encoded.take(rows), rows.iter().map(|i| reference[*i]).collect())
}

/// The rows but the share with the highest scores, ascending; two at least.
fn kept(scores: &[f64], trim: f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*a].total_cmp(&scores[*b]).then(a.cmp(b)));
    let out = (scores.len() as f64 * trim).floor() as usize;
    order.truncate((scores.len() - out).max(2));
    order.sort_unstable();
    order
}

fn complement(n: usize, kept: &[usize]) -> Vec<usize> {
    let mut left = vec![true; n];
    kept.iter().for_each(|i| left[*i] = false);
    (0..n).filter(|i| left[*i]).collect()
}
