//! Rows of several channels judged as they come, by what was before.

use nalgebra::{Cholesky, DMatrix, DVector};
use serde::{Deserialize, Serialize};

use super::average::{moments, trailing_average};
use super::near::References;
use super::part::Part;
use super::surprise::Ranks;
use crate::data::Matrix;
use crate::error::Error;
use crate::models::Stored;
use crate::project::Pca;

/// Points of the averages of the Mahalanobis distance, and of the windows of the components.
const SHORT: usize = 30;
/// Points of the averages and spreads that are looked up.
const LONG: usize = 60;
/// Which of the nearest rows counts.
const NEIGHBORS: usize = 5;
/// How much of the covariance is that of equal, unrelated channels.
const SHRINKAGE: f64 = 0.1;
/// What is added to a spread before its logarithm.
const SPREAD_FLOOR: f64 = 0.05;
/// Windows whose components are looked for, at most.
const MOST_WINDOWS: usize = 20_000;
/// The training quantile each distance is measured by.
const USUAL: f64 = 0.99;

/// Three distances over all channels at once, of each row and those before it: Mahalanobis distance of the mean of 30 rows,
/// residual of a window of 30 rows beside its principal components, and distance of means and spreads of 60 rows to the
/// fifth nearest of training. Each is divided by its 99 % quantile in training; the score is their geometric mean.
///
/// Nothing after a row is looked at, so it can be used while rows arrive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct TrailingDistancesConfig {
    /// Principal components of windows, from 1.
    pub components: usize,
    /// Rows of training to look up at most, from 10.
    pub references: usize,
}

impl Default for TrailingDistancesConfig {
    fn default() -> Self {
        Self { components: 16, references: 4000 }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct TrailingDistances {
    /// Mean and standard deviation of each channel.
    scales: Vec<[f64; 2]>,
    /// Mean of the averages, and the inverse of the Cholesky factor of their covariance.
    mean: Vec<f64>,
    whitening: DMatrix<f64>,
    /// Means and standard deviations of the averages and log spreads that are looked up.
    features: Vec<[f64; 2]>,
    references: References,
    window_mean: Vec<f64>,
    directions: Vec<f64>,
    /// What is usual of the three distances.
    usual: [f64; 3],
}

/// The rows of one part, channel by channel, standardised.
pub(super) type Rows<'a> = (Part<'a>, Vec<Vec<f64>>);

/// The three distances of each row, and the share of each channel in the residual.
type Distances = ([Vec<f64>; 3], Vec<Vec<f32>>);

impl TrailingDistances {
    /// Rows a part needs.
    pub(super) const NEEDED: usize = SHORT + 2;

    /// Learns from parts, each with its channels as parts.
    pub(super) fn fit(
        parts: &[Vec<Part<'_>>],
        config: &TrailingDistancesConfig,
        threads: usize,
    ) -> Result<Self, Error> {
        let scales = scales(parts);
        let n_channels = scales.len();
        let rows: Vec<Rows<'_>> = parts.iter().map(|part| standardised(part, &scales)).collect();

        let averages: Vec<Vec<Vec<f64>>> = rows.iter().map(|(_, rows)| averaged(rows, SHORT)).collect();
        let mean: Vec<f64> = (0..n_channels)
            .map(|c| moments(&averages.iter().flat_map(|a| a[c].clone()).collect::<Vec<_>>()).0)
            .collect();
        let whitening = whitening(&averages, &mean);

        let spreads: Vec<Vec<Vec<f64>>> = rows.iter().map(|(_, rows)| means_and_spreads(rows)).collect();
        let feature =
            |f: usize| scale(&spreads.iter().flat_map(|s| s[f].iter().copied()).collect::<Vec<_>>());
        let features: Vec<[f64; 2]> = (0..2 * n_channels).map(feature).collect();
        let embedded: Vec<_> =
            rows.iter().zip(&spreads).map(|((part, _), s)| (part, part.len(), embed(s, &features))).collect();
        let references = References::fit(
            embedded.iter().map(|(part, count, embed)| (*part, *count, embed)),
            2 * n_channels,
            config.references,
            (NEIGHBORS, LONG),
        );

        drop(embedded);
        let pca = components(&rows, config.components)?;
        let mut model = Self {
            scales,
            mean,
            whitening,
            features,
            references,
            window_mean: pca.mean().to_vec(),
            directions: pca.components().flatten().copied().collect(),
            usual: [1.0; 3],
        };
        let mut seen: [Vec<f64>; 3] = Default::default();
        for part in parts {
            let (distances, _) = model.distances(part, threads)?;
            for (seen, distances) in seen.iter_mut().zip(distances) {
                // The first averages are of few rows.
                let start = SHORT.min(distances.len() / 2);
                seen.extend(&distances[start..]);
            }
        }
        model.usual = seen.map(|distances| Ranks::of(distances).quantile(USUAL).max(1e-9));
        Ok(model)
    }

    /// Channels there are.
    pub(super) fn channels(&self) -> usize {
        self.scales.len()
    }

    /// The score of each row, and the share of each channel.
    pub(super) fn score(
        &self,
        channels: &[Part<'_>],
        threads: usize,
    ) -> Result<(Vec<f64>, Vec<Vec<f32>>), Error> {
        let ([a, b, c], shares) = self.distances(channels, threads)?;
        let [usual_a, usual_b, usual_c] = self.usual;
        let combined =
            |((a, b), c): ((f64, f64), f64)| ((a / usual_a) * (b / usual_b) * (c / usual_c)).cbrt();
        Ok((a.into_iter().zip(b).zip(c).map(combined).collect(), shares))
    }

    fn distances(&self, channels: &[Part<'_>], threads: usize) -> Result<Distances, Error> {
        let (part, rows) = standardised(channels, &self.scales);
        let n = part.len();
        let averages = averaged(&rows, SHORT);
        let n_channels = rows.len();
        let mahalanobis = (0..n).map(|i| {
            let away =
                DVector::from_iterator(n_channels, (0..n_channels).map(|c| averages[c][i] - self.mean[c]));
            (&self.whitening * away).norm()
        });
        let spreads = means_and_spreads(&rows);
        let near = self.references.distances(&part, n, embed(&spreads, &self.features), threads)?;
        let (residuals, shares) = self.residuals(&rows);
        Ok(([mahalanobis.collect(), residuals, near], shares))
    }

    /// The residual of the window that ends at each row, and what each channel has of it.
    fn residuals(&self, rows: &[Vec<f64>]) -> (Vec<f64>, Vec<Vec<f32>>) {
        let (n_channels, n) = (rows.len(), rows.first().map_or(0, Vec::len));
        let width = self.window_mean.len();
        let (mut residuals, mut shares) = (vec![0.0; n], vec![vec![0.0f32; n]; n_channels]);
        let mut window = vec![0.0; width];
        for end in SHORT..=n {
            write_window(rows, end - SHORT, &mut window);
            window.iter_mut().zip(&self.window_mean).for_each(|(value, mean)| *value -= mean);
            let projections: Vec<f64> = self
                .directions
                .chunks_exact(width)
                .map(|direction| direction.iter().zip(&window).map(|(d, v)| d * v).sum())
                .collect();
            for (direction, projection) in self.directions.chunks_exact(width).zip(projections) {
                window.iter_mut().zip(direction).for_each(|(value, d)| *value -= projection * d);
            }
            let mut by_channel = vec![0.0; n_channels];
            for values in window.chunks_exact(n_channels) {
                by_channel.iter_mut().zip(values).for_each(|(sum, value)| *sum += value * value);
            }
            let total: f64 = by_channel.iter().sum();
            residuals[end - 1] = total.sqrt();
            for (share, part) in shares.iter_mut().zip(by_channel) {
                share[end - 1] = if total > 0.0 { (part / total) as f32 } else { 0.0 };
            }
        }
        if n >= SHORT {
            let first = residuals[SHORT - 1];
            residuals[..SHORT - 1].fill(first);
            shares.iter_mut().for_each(|share| {
                let first = share[SHORT - 1];
                share[..SHORT - 1].fill(first);
            });
        }
        (residuals, shares)
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let n = self.scales.len();
        stored.insert("scales", &[n, 2], self.scales.concat());
        stored.insert("mean", &[n], self.mean.clone());
        stored.insert("whitening", &[n, n], self.whitening.as_slice().to_vec());
        stored.insert("features", &[2 * n, 2], self.features.concat());
        stored.insert("window-mean", &[self.window_mean.len()], self.window_mean.clone());
        stored.insert("directions", &[self.directions.len()], self.directions.clone());
        stored.insert("usual", &[3], self.usual.to_vec());
        stored.absorb("references", self.references.store());
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let read = |name| stored.values::<f64>(name);
        let pairs = |name| read(name).map(|values| values.as_chunks::<2>().0.to_vec());
        let mean = read("mean")?.to_vec();
        let n = mean.len();
        let (scales, features) = (pairs("scales")?, pairs("features")?);
        let whitening = read("whitening")?;
        let (window_mean, directions) = (read("window-mean")?.to_vec(), read("directions")?.to_vec());
        let fits = n > 0
            && n < 1 << 16
            && scales.len() == n
            && features.len() == 2 * n
            && whitening.len() == n * n
            && window_mean.len() == n * SHORT
            && directions.len().is_multiple_of(window_mean.len())
            && scales.iter().chain(&features).all(|[_, size]| *size > 0.0);
        let Ok(usual) = <[f64; 3]>::try_from(read("usual")?) else {
            return Err("`usual` is not three numbers".into());
        };
        if !fits || !usual.iter().all(|usual| *usual > 0.0) {
            return Err("the parts do not fit together".into());
        }
        Ok(Self {
            whitening: DMatrix::from_column_slice(n, n, whitening),
            references: References::restore(&stored.below("references"), 2 * n)?,
            scales,
            mean,
            features,
            window_mean,
            directions,
            usual,
        })
    }
}

/// The scale of each channel over all parts, each with its channels as parts.
pub(super) fn scales(parts: &[Vec<Part<'_>>]) -> Vec<[f64; 2]> {
    let all =
        |c: usize| -> Vec<f64> { parts.iter().flat_map(|part| part[c].values.iter().copied()).collect() };
    (0..parts.first().map_or(0, Vec::len)).map(|c| scale(&all(c))).collect()
}

/// Mean and standard deviation, 1 where nothing varies.
fn scale(values: &[f64]) -> [f64; 2] {
    let (mean, deviation) = moments(values);
    [mean, if deviation < 1e-9 * (1.0 + mean.abs()) { 1.0 } else { deviation }]
}

pub(super) fn standardised<'a>(channels: &[Part<'a>], scales: &[[f64; 2]]) -> Rows<'a> {
    let of = |(part, [mean, size]): (&Part<'_>, &[f64; 2])| {
        part.values.iter().map(|value| ((value - mean) / size).clamp(-1e4, 1e4)).collect()
    };
    let first = Part { values: channels[0].values.clone(), filled: Vec::new(), ..channels[0] };
    (first, channels.iter().zip(scales).map(of).collect())
}

fn averaged(rows: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
    rows.iter().map(|channel| trailing_average(channel, width)).collect()
}

/// The means of the last rows, then the logs of their standard deviations.
fn means_and_spreads(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let means = averaged(rows, LONG);
    let squares: Vec<Vec<f64>> = rows.iter().map(|channel| channel.iter().map(|v| v * v).collect()).collect();
    let squares = averaged(&squares, LONG);
    let log = |(mean, square): (&f64, &f64)| ((square - mean * mean).max(1e-6).sqrt() + SPREAD_FLOOR).ln();
    let spreads: Vec<Vec<f64>> =
        means.iter().zip(&squares).map(|(m, s)| m.iter().zip(s).map(log).collect()).collect();
    [means, spreads].concat()
}

fn embed<'a>(features: &'a [Vec<f64>], scales: &'a [[f64; 2]]) -> impl Fn(usize, &mut Vec<f32>) + 'a {
    move |row, out| {
        let value = |(values, [mean, size]): (&Vec<f64>, &[f64; 2])| ((values[row] - mean) / size) as f32;
        out.extend(features.iter().zip(scales).map(value));
    }
}

/// The inverse of the Cholesky factor of the shrunk covariance (divisor n - 1) of the averages.
fn whitening(averages: &[Vec<Vec<f64>>], mean: &[f64]) -> DMatrix<f64> {
    let n_channels = mean.len();
    let n: usize = averages.iter().map(|part| part[0].len()).sum();
    let mut covariance = DMatrix::<f64>::zeros(n_channels, n_channels);
    for part in averages {
        for a in 0..n_channels {
            for b in 0..n_channels {
                let products = part[a].iter().zip(&part[b]).map(|(x, y)| (x - mean[a]) * (y - mean[b]));
                covariance[(a, b)] += products.sum::<f64>() / (n.max(2) - 1) as f64;
            }
        }
    }
    // Averages of a constant channel do not vary at all.
    let even = (covariance.trace() / n_channels as f64).max(1e-9);
    let shrunk =
        covariance * (1.0 - SHRINKAGE) + DMatrix::identity(n_channels, n_channels) * (SHRINKAGE * even);
    let factor = Cholesky::new(shrunk).map(|factor| factor.l());
    factor
        .and_then(nalgebra::DMatrix::try_inverse)
        .unwrap_or_else(|| DMatrix::identity(n_channels, n_channels) / even.sqrt())
}

/// The components of the windows of all parts.
fn components(rows: &[Rows<'_>], most: usize) -> Result<Pca, Error> {
    let n_channels = rows.first().map_or(0, |(_, rows)| rows.len());
    let width = SHORT * n_channels;
    let counts = rows.iter().map(|(part, _)| (part.len() + 1).saturating_sub(SHORT));
    let every = counts.sum::<usize>().div_ceil(MOST_WINDOWS).max(1);
    let mut matrix = Matrix::zeros(0, width);
    let mut window = vec![0.0; width];
    for (part, rows) in rows {
        for start in (0..(part.len() + 1).saturating_sub(SHORT)).step_by(every) {
            write_window(rows, start, &mut window);
            matrix.values.extend(window.iter().map(|value| *value as f32));
            matrix.n_rows += 1;
        }
    }
    Ok(Pca::fit(&matrix, most.clamp(1, width))?)
}

/// Row by row, the channels side by side.
fn write_window(rows: &[Vec<f64>], start: usize, window: &mut [f64]) {
    for (t, values) in window.chunks_exact_mut(rows.len()).enumerate() {
        for (value, channel) in values.iter_mut().zip(rows) {
            *value = channel[start + t];
        }
    }
}
