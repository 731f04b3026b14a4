//! The map of a run's own test rows, and the score by neighbors in the latent space.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use veridic_graph::Pool;

use super::{MapConfig, Placed, place};
use crate::data::{Data, MISSING, Matrix};
use crate::error::Result;
use crate::evaluate;
use crate::figure::{self, MapNeighbors, MapPage};
use crate::models::Network;
use crate::project::{self, NeighborMethod};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, counts, index};
use crate::run::report::NEIGHBORS;
use crate::seed::Seed;

/// Points that make a place on the map dense, and the neighbor whose typical distance is the unit of its radius.
const DENSE: usize = 10;
/// The radius in these units.
const REACH: f64 = 1.5;

/// A map of the codes of test rows.
pub(crate) struct LatentMap {
    /// The rows of the data that are on it.
    pub(crate) rows: Vec<usize>,
    pub(crate) points: Vec<[f32; 2]>,
    /// The figures of the report, `map.…`.
    pub(crate) report: BTreeMap<String, f64>,
    placed: Placed,
    config: MapConfig,
}

/// Maps the test rows (without any, the validation or training rows), if the configuration asks for it.
///
/// Beside the figures of every map but its seconds, with positive rows: `map.clusters` by density ([`evaluate::density_clusters`], at
/// least 10 rows within 1.5 times the median distance to the 10th neighbor), `map.positive_clusters` of which more than
/// half of the rows are positive, `map.clustered_positives` and `map.clustered_others`, the positive and other rows in
/// these, and `map.positives` in all.
pub(crate) fn latent_map(
    config: &Config,
    data: &Dataset,
    network: &mut Network,
    pool: &mut Pool,
) -> Result<Option<LatentMap>> {
    let Some(map) = &config.map else { return Ok(None) };
    let rows = shown(data).to_vec();
    let (latent, _) = network.encode(pool, data.rows(), &index(&rows))?;
    // A run that was asked to stop is not at this point: what is begun here is finished.
    let never = AtomicBool::new(false);
    let placed = place(&latent, map, Seed(config.seed), pool.threads(), &never, &mut |_| {})?;
    let positions = &placed.positions;
    let mut report = placed.report.clone();
    // The files of a run are the same every time.
    report.remove("map.seconds");
    let positive = data.positives(&rows);
    let labels = positive.as_ref().map(|flags| flags.iter().map(|&flag| u32::from(flag)).collect());
    let labels: Option<Vec<u32>> = labels.or_else(|| codes(data, &rows));
    report.extend(evaluate::map_quality(&placed.rows, positions, labels.as_deref(), pool.threads())?);
    if let Some(positive) = positive.filter(|flags| flags.contains(&true)) {
        report.extend(positive_clusters(positions, &positive, pool.threads())?);
    }
    let points = (0..rows.len()).map(|i| [positions.row(i)[0], positions.row(i)[1]]).collect();
    Ok(Some(LatentMap { rows, points, report, placed, config: map.clone() }))
}

/// Test rows, or validation rows where there are none, or training rows.
fn shown(data: &Dataset) -> &[usize] {
    let split = &data.split;
    let parts = [&split.test, &split.valid, &split.train].into_iter();
    parts.into_iter().find(|rows| !rows.is_empty()).map_or(&[], Vec::as_slice)
}

/// The label of each row as a number, [`MISSING`] where there is none.
fn codes(data: &Dataset, rows: &[usize]) -> Option<Vec<u32>> {
    let labels = data.labels.as_ref()?;
    let names = counts(labels);
    let code = |row: &usize| {
        let at = labels[*row].as_ref().and_then(|label| names.iter().position(|(name, _)| name == label));
        at.map_or(MISSING, |at| at as u32)
    };
    Some(rows.iter().map(code).collect())
}

/// How many positive rows lie in how many clusters that are mostly positive.
fn positive_clusters(positions: &Matrix, positive: &[bool], threads: usize) -> Result<BTreeMap<String, f64>> {
    let k = DENSE.min(positions.n_rows.saturating_sub(1));
    if k == 0 {
        return Ok(BTreeMap::new());
    }
    let near = project::neighbors(positions, k, NeighborMethod::Exact, threads)?;
    let mut farthest: Vec<f32> = near.distances.iter().skip(k - 1).step_by(k).copied().collect();
    farthest.sort_unstable_by(f32::total_cmp);
    let radius = REACH * f64::from(farthest[farthest.len() / 2]);
    // Where most rows are equal there is no distance to measure by.
    let clusters = evaluate::density_clusters(positions, radius.max(f64::from(f32::MIN_POSITIVE)), DENSE)?;
    let mut members: BTreeMap<usize, [usize; 2]> = BTreeMap::new();
    for (cluster, &positive) in clusters.iter().zip(positive) {
        if let Some(cluster) = cluster {
            members.entry(*cluster).or_default()[usize::from(positive)] += 1;
        }
    }
    let mostly: Vec<[usize; 2]> =
        members.values().copied().filter(|[other, positive]| positive > other).collect();
    let sum = |class: usize| mostly.iter().map(|counts| counts[class]).sum::<usize>();
    let figures = [
        ("clusters", members.len()),
        ("positive_clusters", mostly.len()),
        ("clustered_positives", sum(1)),
        ("clustered_others", sum(0)),
        ("positives", positive.iter().filter(|flag| **flag).count()),
    ];
    Ok(figures.map(|(name, count)| (format!("map.{name}"), count as f64)).into())
}

impl LatentMap {
    /// The map as a page; `None` for what has no table.
    pub(crate) fn page(&self, config: &Config, data: &Dataset, threads: usize) -> Result<Option<String>> {
        let Data::Table(table, schema) = &data.content else { return Ok(None) };
        let rows: Vec<u32> = self.rows.iter().map(|&row| row as u32 + 1).collect();
        let k = self.config.neighbors.min(rows.len().saturating_sub(1));
        let near = (k > 0 && rows.len() <= super::MOST_WITH_NEIGHBORS)
            .then(|| project::neighbors(&self.placed.rows, k, NeighborMethod::Auto, threads))
            .transpose()?;
        let neighbors = near.as_ref().map(|near| MapNeighbors {
            k: near.k,
            indices: &near.indices,
            distances: &near.distances,
        });
        Ok(Some(figure::map_page(&MapPage {
            name: "latent-map",
            title: "Test rows in the latent space",
            about: &config.about,
            points: &self.points,
            rows: Some(&rows),
            table: &table.take(&self.rows),
            schema,
            color: config.data.target.as_deref(),
            images: None,
            neighbors,
            quality: &self.report,
            notes: &self.placed.notes,
        })?))
    }
}

/// Whether each of `rows` falls among the positive training rows in the latent space ([`evaluate::latent_score`], 5th
/// neighbors): learned from training rows alone.
pub(crate) fn latent_scores(
    data: &Dataset,
    rows: &[usize],
    network: &mut Network,
    pool: &mut Pool,
) -> Result<Vec<f64>> {
    let train = &data.split.train;
    let (known, _) = network.encode(pool, data.rows(), &index(train))?;
    let (codes, _) = network.encode(pool, data.rows(), &index(rows))?;
    let positive = data.positives(train).unwrap_or_else(|| vec![false; train.len()]);
    Ok(evaluate::latent_score(&known, &positive, &codes, NEIGHBORS, pool.threads())?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positive_rows_are_counted_by_the_clusters_they_lie_in() {
        // A square of 144 others with a positive row inside, a square of 36 positive rows with one other, and a
        // positive row far from everything.
        let square = |side: usize, left: f32| {
            (0..side * side).map(move |i| [left + (i % side) as f32, (i / side) as f32])
        };
        let points: Vec<[f32; 2]> = square(12, 0.0).chain(square(6, 100.0)).chain([[50.0, 50.0]]).collect();
        let positive: Vec<bool> = (0..points.len()).map(|i| i == 70 || (i >= 144 && i != 150)).collect();
        let positions =
            Matrix { n_rows: points.len(), n_cols: 2, values: points.iter().flatten().copied().collect() };
        let found = positive_clusters(&positions, &positive, 1).unwrap();
        let expected = [
            ("map.clustered_others", 1.0),
            ("map.clustered_positives", 35.0),
            ("map.clusters", 2.0),
            ("map.positive_clusters", 1.0),
            ("map.positives", 37.0),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_string(), value)).into());
    }
}
