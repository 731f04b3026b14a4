//! How the noise of a generator clusters by the class of what is made of it.

use std::collections::BTreeMap;

use super::{Fitted, Form, InUse};
use crate::data::{Column, Matrix, Schema, Table, labels};
use crate::error::{Result, RunError};
use crate::evaluate::linear_probe;
use crate::figure::{self, Coloring, Figure, Scatter};
use crate::models::{Ability, Rows};
use crate::project::{self, NeighborMethod, k_means};
use crate::run::dataset::index;
use crate::run::fit::snapshot::numbers;
use crate::run::fitted::score::{number, numbered, plain_schema};
use crate::run::report::judge::Judge;
use crate::seed::{Seed, shuffle};

/// Neighbors of each point that are looked at.
const NEIGHBORS: usize = 10;

/// Shuffles that chance is a mean over.
const SHUFFLES: usize = 20;

/// How noise clusters by class.
#[derive(Debug, Clone)]
pub struct NoiseClusters {
    /// `clusters.purity`, the share of points whose class is the most frequent of their k-means cluster, of as many clusters as
    /// classes; `clusters.neighbors`, the share of the 10 nearest points of a point that have its class; `clusters.probe`, how
    /// often a linear rule of the noise names the class of points it did not see. `chance.…` is what shuffled classes reach,
    /// of the probe the most frequent class.
    pub report: BTreeMap<String, f64>,
    /// The points in the plane of the first two principal components of the classes' means, colored by class.
    pub figure: Figure,
    /// `class`, `cluster`, then the noise `z1`, `z2`, …; one row a point.
    pub table: Table,
    /// What its columns are.
    pub schema: Schema,
    /// Points of each class, by name.
    pub classes: BTreeMap<String, usize>,
}

impl Fitted {
    /// Draws `n` points of noise, and finds out how those cluster that rows of one class are made of. The class is of digits what
    /// the frozen judge reads, of a mixture the nearest center, of another table its column `by`.
    ///
    /// # Errors
    /// A model without noise; rows that have no class; fewer points than neighbors are looked at; fewer than two classes.
    pub fn noise_clusters(&mut self, n: usize, by: Option<&str>, seed: u64) -> Result<NoiseClusters> {
        let threads = self.pool.threads();
        let InUse { network, .. } = self.in_use(Ability::Sample)?;
        let z = network.points(Seed(seed), "noise clusters", n);
        let classes = self.noise_classes(&z, by)?;
        let InUse { network, .. } = self.in_use(Ability::Sample)?;
        // Of networks that are asked for a class or a set, the noise is what is left.
        let noise = match network.prior() {
            Some(prior) => columns(&z, prior.noise.1),
            None => z,
        };
        found(&noise, &classes, threads, Seed(seed))
    }

    /// The class of what is made of each point of noise, as [`Self::noise_clusters`] tells it.
    ///
    /// # Errors
    /// A model without noise; rows that have no class.
    pub fn noise_classes(&mut self, z: &Matrix, by: Option<&str>) -> Result<Vec<String>> {
        let mixture = self.config.data.mixture;
        let stack = self.config.data.images.stack;
        let InUse { form, network, pool } = self.in_use(Ability::Sample)?;
        let unclassed = |reason: &str| RunError::Cannot {
            model: "what this run makes".to_string(),
            verb: "be told apart by class".to_string(),
            remedy: reason.to_string(),
        };
        let made = network.decode(pool, z)?;
        Ok(match form {
            Form::Images(_) => {
                let mut judge = Judge::of(network.layout(), stack)?
                    .ok_or_else(|| unclassed("digits of 28 x 28 pixels are, by a frozen classifier"))?;
                let all: Vec<usize> = (0..z.n_rows).collect();
                let seen = judge.look(pool, Rows::matrix(&made), &index(&all))?;
                seen.answers().iter().map(ToString::to_string).collect()
            }
            Form::Table { codec, .. } => {
                let table = codec.decode(&made)?;
                match (by, mixture) {
                    (Some(name), _) => labels(table.require(name)?)
                        .into_iter()
                        .map(|class| class.unwrap_or_else(|| "missing".to_string()))
                        .collect(),
                    (None, Some(mixture)) => {
                        let (centers, values) = (mixture.centers(), numbers(&table));
                        let width = centers[0].len();
                        values.chunks_exact(width).map(|point| nearest(&centers, point).to_string()).collect()
                    }
                    (None, None) => return Err(unclassed("name the column that tells their class").into()),
                }
            }
        })
    }
}

/// The center nearest to a point, from 1.
fn nearest(centers: &[Vec<f64>], point: &[f64]) -> usize {
    let distance = |center: &[f64]| center.iter().zip(point).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    let first =
        |best: usize, i: usize| if distance(&centers[i]) < distance(&centers[best]) { i } else { best };
    (0..centers.len()).fold(0, first) + 1
}

/// The first columns.
fn columns(of: &Matrix, n_cols: usize) -> Matrix {
    let values = (0..of.n_rows).flat_map(|i| of.row(i)[..n_cols].to_vec()).collect();
    Matrix { n_rows: of.n_rows, n_cols, values }
}

fn found(noise: &Matrix, classes: &[String], threads: usize, seed: Seed) -> Result<NoiseClusters> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    classes.iter().for_each(|class| *counts.entry(class.clone()).or_default() += 1);
    let names: Vec<String> = counts.keys().cloned().collect();
    if names.len() < 2 {
        return Err(RunError::Cannot {
            model: format!("noise of which all rows are of class `{}`", names[0]),
            verb: "cluster by class".to_string(),
            remedy: "a generator that makes one class has collapsed, or was asked for it".to_string(),
        }
        .into());
    }
    let codes: Vec<u32> =
        classes.iter().map(|class| names.binary_search(class).unwrap_or(0) as u32).collect();
    let n = codes.len();
    let all: Vec<u32> = (0..n as u32).collect();
    let clusters = k_means(noise, &all, names.len(), seed).of;
    let near = project::neighbors(noise, NEIGHBORS, NeighborMethod::Exact, threads)?;
    let half = n / 2;
    let rows = |from: usize, to: usize| Matrix {
        n_rows: to - from,
        n_cols: noise.n_cols,
        values: noise.values[from * noise.n_cols..to * noise.n_cols].to_vec(),
    };
    let probe = linear_probe(&rows(0, half), &codes[..half], &rows(half, n), &codes[half..])?;
    let agreement = |codes: &[u32]| {
        let same = |i: usize| near.of(i).iter().filter(|&&j| codes[j as usize] == codes[i]).count();
        (0..n).map(same).sum::<usize>() as f64 / (n * NEIGHBORS) as f64
    };
    let mut report = BTreeMap::new();
    let mut insert = |name: &str, value: f64| report.insert(name.to_string(), value);
    insert("clusters.purity", purity(&clusters, &codes, names.len()));
    insert("clusters.neighbors", agreement(&codes));
    insert("clusters.probe", probe);
    let mut random = seed.stream("noise clusters/chance");
    let mut chance = [0.0; 2];
    for _ in 0..SHUFFLES {
        let mut shuffled = codes.clone();
        shuffle(&mut shuffled, &mut random);
        chance[0] += purity(&clusters, &shuffled, names.len()) / SHUFFLES as f64;
        chance[1] += agreement(&shuffled) / SHUFFLES as f64;
    }
    insert("chance.purity", chance[0]);
    insert("chance.neighbors", chance[1]);
    insert("chance.probe", counts.values().copied().max().unwrap_or(0) as f64 / n as f64);
    let points = plane(noise, &codes, names.len())?;
    let figure = figure::scatter(&Scatter {
        title: "Noise by the class of what is made of it",
        x_label: "where the classes' means differ most",
        y_label: "and next most",
        points: &points,
        coloring: Coloring::Category { codes: &codes, names: &names },
        marginals: false,
    })?;
    let mut table = Table { n_rows: n, columns: numbered("z", noise) };
    let class = crate::data::Cells::Text { codes, levels: names };
    table.columns.insert(0, Column { name: "class".to_string(), cells: class });
    table.columns.insert(1, number("cluster", clusters.iter().map(|&k| k as f64 + 1.0).collect()));
    let schema = plain_schema(&table);
    Ok(NoiseClusters { report, figure, table, schema, classes: counts })
}

/// The share of points whose class is the most frequent of their cluster.
fn purity(clusters: &[usize], codes: &[u32], classes: usize) -> f64 {
    let k = clusters.iter().max().map_or(0, |most| most + 1);
    let mut counts = vec![0_usize; k * classes];
    clusters.iter().zip(codes).for_each(|(&cluster, &code)| counts[cluster * classes + code as usize] += 1);
    let most = counts.chunks(classes).map(|of| of.iter().max().copied().unwrap_or(0)).sum::<usize>();
    most as f64 / codes.len() as f64
}

/// The points along the two directions in which the means of their classes differ most.
fn plane(noise: &Matrix, codes: &[u32], classes: usize) -> Result<Vec<[f32; 2]>> {
    let mut means = Matrix::zeros(classes, noise.n_cols);
    let mut counts = vec![0_f32; classes];
    for (i, &code) in codes.iter().enumerate() {
        counts[code as usize] += 1.0;
        means.row_mut(code as usize).iter_mut().zip(noise.row(i)).for_each(|(sum, v)| *sum += v);
    }
    for (class, count) in counts.iter().enumerate() {
        means.row_mut(class).iter_mut().for_each(|sum| *sum /= count);
    }
    if noise.n_cols == 1 {
        return Ok((0..noise.n_rows).map(|i| [noise.row(i)[0], 0.0]).collect());
    }
    let pca = project::Pca::fit(&means, 2.min(classes))?;
    let along = pca.transform(noise)?;
    Ok((0..along.n_rows).map(|i| [along.row(i)[0], along.row(i).get(1).copied().unwrap_or(0.0)]).collect())
}

#[cfg(test)]
mod tests {
    use rand_chacha::rand_core::Rng;

    use super::*;

    fn noise(n: usize, seed: u64) -> Matrix {
        let mut random = Seed(seed).stream("test");
        let values =
            (0..n * 4).map(|_| (f64::from(random.next_u32()) / 2f64.powi(31) - 1.0) as f32).collect();
        Matrix { n_rows: n, n_cols: 4, values }
    }

    #[test]
    fn classes_that_are_places_are_pure_and_others_are_chance() {
        let z = noise(1200, 1);
        let side: Vec<String> =
            (0..1200).map(|i| if z.row(i)[2] > 0.0 { "a" } else { "b" }.to_string()).collect();
        let placed = found(&z, &side, 2, Seed(1)).unwrap().report;
        assert!(placed["clusters.probe"] > 0.95 && placed["clusters.neighbors"] > 0.75, "{placed:?}");
        let other = noise(1200, 2);
        let free: Vec<String> =
            (0..1200).map(|i| if other.row(i)[0] > 0.0 { "a" } else { "b" }.to_string()).collect();
        let random = found(&z, &free, 1, Seed(1)).unwrap().report;
        for name in ["purity", "neighbors", "probe"] {
            let (value, chance) = (random[&format!("clusters.{name}")], random[&format!("chance.{name}")]);
            assert!((value - chance).abs() < 0.06, "{name}: {value} beside {chance}");
        }
    }

    #[test]
    fn one_class_is_told() {
        let z = noise(200, 1);
        let error = found(&z, &vec!["7".to_string(); 200], 1, Seed(1)).unwrap_err().to_string();
        assert!(error.contains("`7`"), "{error}");
        assert_eq!(nearest(&[vec![0.0, 0.0], vec![1.0, 1.0]], &[0.9, 0.8]), 2);
        assert_eq!(purity(&[0, 0, 1, 1], &[0, 0, 1, 0], 2), 0.75);
    }
}
