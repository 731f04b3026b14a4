//! What a detector has learned of one entity, or of all, and the scores of a series by it.

use std::ops::Range;

use super::autoencoder::WindowAutoencoder;
use super::average::moving_average;
use super::channel::{ChannelConfig, ChannelModel, Findings};
use super::departure::Course;
use super::detector::{DetectorConfig, SeriesScores, Sight};
use super::gap;
use super::part::Part;
use super::trailing::TrailingDistances;
use crate::data::series::Series;
use crate::error::Error;

/// The nats that a channel alone may raise the score to: above those of an alarm. Among higher scores what all channels say counts,
/// which orders the rows of SKAB better (VUS-PR in the mean 0.902) than the highest of them does (0.886).
const ALONE: f64 = 4.0;

/// A model with whose past it knows.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Group {
    pub(super) entity: String,
    pub(super) model: Model,
    /// Points a series needs.
    pub(super) needed: usize,
    /// Points above which a gap parts a series, where it does.
    pub(super) gap: Option<usize>,
}

/// What was learned, by what a detector looks at at once.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Model {
    /// Channel by channel.
    Apart(Vec<ChannelModel>),
    Together(Box<TrailingDistances>),
    Windows(Box<WindowAutoencoder>),
}

impl Group {
    /// Learns from series of one entity without long gaps, and gives the scores of their points too.
    pub(super) fn fit(
        entity: &str,
        of: &[&Series],
        config: &DetectorConfig,
        (needed, gap): (usize, Option<usize>),
        threads: usize,
    ) -> Result<(Self, Vec<SeriesScores>), Error> {
        let entity = entity.to_owned();
        let all = || of.iter().map(|series| channels(series)).collect::<Vec<_>>();
        let model = match config.sight() {
            Sight::Together(config) => {
                Model::Together(Box::new(TrailingDistances::fit(&all(), config, threads)?))
            }
            Sight::Windows(config) => {
                Model::Windows(Box::new(WindowAutoencoder::fit(&all(), config, threads)?))
            }
            Sight::Apart(config) => return Self::fit_apart(entity, of, config, (needed, gap), threads),
        };
        let group = Self { entity, model, needed, gap };
        let scores = of.iter().map(|series| group.score(series, threads)).collect::<Result<_, _>>()?;
        Ok((group, scores))
    }

    fn fit_apart(
        entity: String,
        of: &[&Series],
        config: ChannelConfig<'_>,
        (needed, gap): (usize, Option<usize>),
        threads: usize,
    ) -> Result<(Self, Vec<SeriesScores>), Error> {
        let n_channels = of.first().map_or(0, |series| series.values.len());
        let mut models = Vec::with_capacity(n_channels);
        let mut findings: Vec<Vec<Findings>> = vec![Vec::new(); of.len()];
        for c in 0..n_channels {
            let parts: Vec<Part<'_>> = of.iter().map(|series| Part::of(series, c)).collect();
            let (model, found) = ChannelModel::fit(&parts, config, threads)?;
            models.push(model);
            findings.iter_mut().zip(found).for_each(|(all, of)| all.push(of));
        }
        let needed = models.iter().map(ChannelModel::needed).fold(needed, usize::max);
        let long = |(series, _): &(&&Series, Vec<Findings>)| series.len() >= needed;
        let scores =
            of.iter().zip(findings).filter(long).map(|(series, found)| combined(series, &models, found));
        let scores = scores.collect();
        Ok((Self { entity, model: Model::Apart(models), needed, gap }, scores))
    }

    /// Scores of the points of a series, each piece between long gaps by itself. Of one that is shorter than the windows they are what
    /// single values say, where the model has them say something.
    pub(super) fn score(&self, series: &Series, threads: usize) -> Result<SeriesScores, Error> {
        let least = match &self.model {
            Model::Apart(models) => models.iter().map(ChannelModel::needed).max().unwrap_or(1),
            Model::Together(_) | Model::Windows(_) => self.needed,
        };
        let mut scored = Vec::new();
        for piece in gap::pieces(series, self.gap).into_iter().filter(|piece| piece.len() >= least) {
            let scores = self.score_piece(&gap::part(series, &piece), threads)?;
            scored.push((piece, scores));
        }
        Ok(gap::joined(series, scored))
    }

    fn score_piece(&self, series: &Series, threads: usize) -> Result<SeriesScores, Error> {
        let parts = channels(series);
        match &self.model {
            Model::Together(model) => {
                let (scores, channels) = model.score(&parts, threads)?;
                Ok(SeriesScores { channels, ..scored(series, scores) })
            }
            Model::Windows(model) => {
                let (scores, channels) = model.score(&parts, threads)?;
                Ok(SeriesScores { channels, ..scored(series, scores) })
            }
            Model::Apart(models) => {
                let found = models.iter().zip(&parts).map(|(model, part)| model.findings(part, threads));
                Ok(combined(series, models, found.collect::<Result<_, _>>()?))
            }
        }
    }
}

impl Group {
    /// For each point of a stretch of a series how much further from the usual course it is than is usual, in multiples of that, in
    /// the channel of those asked for where that is most, and not a number where no window says; nothing where the model knows of no
    /// course.
    pub(super) fn evidence(
        &self,
        series: &Series,
        of: &[usize],
        (stretch, course): (Range<usize>, Course),
    ) -> Option<Vec<f64>> {
        let Model::Apart(models) = &self.model else { return None };
        let mut most = vec![f64::NAN; stretch.len()];
        for piece in gap::pieces(series, self.gap) {
            let shared = stretch.start.max(piece.start)..stretch.end.min(piece.end);
            if shared.is_empty() {
                continue;
            }
            let (within, at) = (gap::part(series, &piece), shared.start - stretch.start);
            for &channel in of {
                let part = Part::of(&within, channel);
                let shared = shared.start - piece.start..shared.end - piece.start;
                let found = models.get(channel)?.evidence(&part, shared, course)?;
                most[at..].iter_mut().zip(found).for_each(|(most, found)| *most = most.max(found));
            }
        }
        Some(most)
    }
}

fn channels(series: &Series) -> Vec<Part<'_>> {
    (0..series.values.len()).map(|c| Part::of(series, c)).collect()
}

/// Scores of the points that have a value.
fn scored(series: &Series, mut scores: Vec<f64>) -> SeriesScores {
    for (i, score) in scores.iter_mut().enumerate() {
        if !series.is_known(i) {
            *score = f64::NAN;
        }
    }
    let (entity, times) = (series.entity.clone(), series.times.clone());
    SeriesScores { entity, times, scores, sharp: Vec::new(), channels: Vec::new(), reasons: Vec::new() }
}

/// The root of the mean of all channels' squares, averaged, and what each channel and each reason has of it.
///
/// Where squares are of nats a channel alone may be enough: the score is at least that of the channel with the highest, as if it
/// were the only one, less the logarithm of their number, which is what the highest of many is above one by chance (the bound of
/// Bonferroni in nats), and at most [`ALONE`]. Calm channels then do not hide a sensor that died.
///
/// What a value says alone is not averaged: where it is more than the score, less the same logarithm, it is the score, and its channel
/// and reason have all of it.
fn combined(series: &Series, models: &[ChannelModel], findings: Vec<Findings>) -> SeriesScores {
    let n = series.len();
    let (squares, single): (Vec<_>, Vec<_>) =
        findings.into_iter().map(|found| (found.squares, found.alone)).unzip();
    let n_reasons = squares.first().map_or(1, Vec::len);
    let sum = |lists: Vec<&Vec<f64>>| -> Vec<f64> {
        (0..n).map(|i| lists.iter().map(|list| list[i]).sum()).collect()
    };
    let reasons: Vec<Vec<f64>> =
        (0..n_reasons).map(|r| sum(squares.iter().map(|of| &of[r]).collect())).collect();
    let by_channel: Vec<Vec<f64>> = squares.iter().map(|of| sum(of.iter().collect())).collect();
    drop(squares);
    // The root first and then the average, so that a lone spike does not outweigh a stretch.
    let smooth = models.iter().map(ChannelModel::smooth).max().unwrap_or(1);
    let all = sum(by_channel.iter().collect());
    // One that never moves says nothing until it does.
    let n_moving = models.iter().filter(|model| !model.is_still()).count().max(1);
    let many = (n_moving as f64).ln();
    let averaged = |smooth: usize| {
        let score = |sums: &[f64], of: usize| {
            let roots: Vec<f64> = sums.iter().map(|sum| (sum / of.max(1) as f64).sqrt()).collect();
            moving_average(&roots, smooth)
        };
        let mut scores = score(&all, n_moving * n_reasons);
        if by_channel.len() > 1 && models.iter().all(ChannelModel::is_in_nats) {
            for channel in &by_channel {
                let alone = score(channel, n_reasons);
                let raised = |(score, alone): (&mut f64, f64)| *score = score.max((alone - many).min(ALONE));
                scores.iter_mut().zip(alone).for_each(raised);
            }
        }
        scores
    };
    let mut scores = averaged(smooth);
    let mut sharp = if smooth > 1 { averaged(1) } else { Vec::new() };
    let shares = |parts: Vec<Vec<f64>>| -> Vec<Vec<f32>> {
        if parts.len() < 2 {
            return Vec::new();
        }
        let smoothed: Vec<Vec<f64>> = parts.iter().map(|part| moving_average(part, smooth)).collect();
        let total = sum(smoothed.iter().collect());
        let share = |(part, total): (&f64, &f64)| if *total > 0.0 { (part / total) as f32 } else { 0.0 };
        smoothed.iter().map(|part| part.iter().zip(&total).map(share).collect()).collect()
    };
    let (mut channels, mut reasons) = (shares(by_channel), shares(reasons));
    reasons.resize(reasons.len() + single.first().map_or(0, Vec::len), vec![0.0; n]);
    for (c, alone) in single.iter().enumerate() {
        for (r, alone) in alone.iter().enumerate() {
            for i in 0..n {
                if alone[i] - many <= scores[i] {
                    continue;
                }
                scores[i] = alone[i] - many;
                channels
                    .iter_mut()
                    .enumerate()
                    .for_each(|(at, share)| share[i] = f32::from(u8::from(at == c)));
                let own = n_reasons + r;
                reasons
                    .iter_mut()
                    .enumerate()
                    .for_each(|(at, share)| share[i] = f32::from(u8::from(at == own)));
            }
            sharp.iter_mut().zip(alone).for_each(|(sharp, alone)| *sharp = sharp.max(alone - many));
        }
    }
    SeriesScores { sharp, channels, reasons, ..scored(series, scores) }
}
