//! The distance to the nearest windows that were seen.

use rayon::prelude::*;

use super::average::{centered, prefix_sums};
use super::part::Part;
use crate::data::Matrix;
use crate::error::Error;
use crate::models::Stored;
use crate::project::{Index, pool};

/// Windows that are looked up at once.
const CHUNK: usize = 1 << 16;
/// Windows that are written together.
const PIECE: usize = 4096;
/// Neighbors of them that are held at once.
const MOST_FOUND: usize = 1 << 22;
/// Windows are the same if their means differ by no more than this, in units of the scale.
const SAME: f32 = 1e-3;

/// Rows of numbers that stand for moments of series, to look the nearest up among.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct References {
    /// Points on either side of a moment within which a reference of the same series is left out.
    pub(super) reach: usize,
    /// Which of the nearest counts, from 1.
    pub(super) k: usize,
    pub(super) rows: Matrix,
    /// Where each comes from: a number into `entities`, and its time.
    entity: Vec<u32>,
    time: Vec<f64>,
    entities: Vec<String>,
}

impl References {
    /// Takes about `most` references evenly from all moments of the parts: `embed` has the part, its moments and how to write
    /// the row of one of them.
    pub(super) fn fit<'a, E: Fn(usize, &mut Vec<f32>)>(
        parts: impl Iterator<Item = (&'a Part<'a>, usize, E)> + Clone,
        width: usize,
        most: usize,
        (k, reach): (usize, usize),
    ) -> Self {
        let every = parts.clone().map(|(_, count, _)| count).sum::<usize>().div_ceil(most.max(1)).max(1);
        let (entity, time, entities) = (Vec::new(), Vec::new(), Vec::new());
        let mut found = Self { reach, k, rows: Matrix::zeros(0, width), entity, time, entities };
        let mut before: usize = 0;
        for (number, (part, count, embed)) in parts.enumerate() {
            let first = before.next_multiple_of(every) - before;
            for moment in (first..count).step_by(every) {
                embed(moment, &mut found.rows.values);
                found.entity.push(number as u32);
                found.time.push(part.times[moment]);
            }
            found.entities.push(part.entity.to_owned());
            before += count;
        }
        found.rows.n_rows = found.entity.len();
        found
    }

    /// For each of the part's first `count` moments the distance to the `k`-th nearest reference, references near it in the
    /// same series left out: time and values say which are.
    pub(super) fn distances(
        &self,
        part: &Part<'_>,
        count: usize,
        embed: impl Fn(usize, &mut Vec<f32>) + Sync,
        threads: usize,
    ) -> Result<Vec<f64>, Error> {
        let n_references = self.rows.n_rows;
        if n_references == 0 {
            return Ok(vec![0.0; count]);
        }
        let own = self.own(part, count, &embed);
        let k = (self.k + most_within(&own, self.reach)).min(n_references);
        let chunk = CHUNK.min(MOST_FOUND / k).max(1);
        let workers = pool(threads)?;
        let index = workers.install(|| Index::new(&self.rows))?;
        let mut distances = vec![0.0; count];
        for (number, distances) in distances.chunks_mut(chunk).enumerate() {
            let (start, n_rows) = (number * chunk, distances.len());
            let written = |piece: usize| {
                let moments = start + piece * PIECE..start + ((piece + 1) * PIECE).min(n_rows);
                let mut rows = Vec::with_capacity(moments.len() * self.rows.n_cols);
                moments.for_each(|moment| embed(moment, &mut rows));
                rows
            };
            let pieces = n_rows.div_ceil(PIECE);
            workers.install(|| -> Result<(), Error> {
                let rows: Vec<Vec<f32>> = (0..pieces).into_par_iter().map(written).collect();
                let queries = Matrix { n_rows, n_cols: self.rows.n_cols, values: rows.concat() };
                let found = index.nearest(&queries, k)?;
                distances.par_iter_mut().with_min_len(PIECE).enumerate().for_each(|(i, distance)| {
                    let near = found.indices[i * k..][..k].iter().zip(&found.distances[i * k..][..k]);
                    let is_apart = |row: u32| {
                        own[row as usize].is_none_or(|place| place.abs_diff(start + i) > self.reach)
                    };
                    let apart = near.filter(|(row, _)| is_apart(**row)).take(self.k);
                    *distance = apart.last().map_or(0.0, |(_, distance)| f64::from(*distance));
                });
                Ok(())
            })?;
        }
        Ok(distances)
    }

    /// Where each reference lies in the part, if it comes from it.
    pub(super) fn own(
        &self,
        part: &Part<'_>,
        count: usize,
        embed: &impl Fn(usize, &mut Vec<f32>),
    ) -> Vec<Option<usize>> {
        let mut row = Vec::with_capacity(self.rows.n_cols);
        let mut place = |reference: usize| {
            if self.entities[self.entity[reference] as usize] != part.entity {
                return None;
            }
            let time = self.time[reference];
            let place = part.times.binary_search_by(|other| other.total_cmp(&time)).ok()?;
            if place >= count {
                return None;
            }
            row.clear();
            embed(place, &mut row);
            let is_same = |(a, b): (&f32, &f32)| (a - b).abs() <= SAME * (1.0 + b.abs());
            row.iter().zip(self.rows.row(reference)).all(is_same).then_some(place)
        };
        (0..self.rows.n_rows).map(&mut place).collect()
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let rows = self.rows.n_rows;
        stored.insert("references", &[rows, self.rows.n_cols], self.rows.values.clone());
        stored.insert("entity", &[rows], self.entity.clone());
        stored.insert("time", &[rows], self.time.clone());
        stored.insert("shape", &[3], [self.rows.n_cols, self.reach, self.k].map(|v| v as u64).to_vec());
        stored.about.insert("entities".into(), serde_json::json!(self.entities).to_string());
        stored
    }

    /// Of rows of `width` numbers.
    pub(super) fn restore(stored: &Stored, width: usize) -> Result<Self, String> {
        let &[columns, reach, k] = stored.values::<u64>("shape")? else {
            return Err("`shape` is not three numbers".into());
        };
        let (entity, time) =
            (stored.values::<u32>("entity")?.to_vec(), stored.values::<f64>("time")?.to_vec());
        let values = stored.values::<f32>("references")?.to_vec();
        let entities: Vec<String> =
            serde_json::from_str(stored.text("entities")?).map_err(|error| error.to_string())?;
        let fits = columns == width as u64
            && width > 0
            && reach < 1 << 32
            && (1..1 << 32).contains(&k)
            && entity.len().checked_mul(width) == Some(values.len())
            && time.len() == entity.len()
            && values.iter().all(|value| value.is_finite())
            && entity.iter().all(|entity| (*entity as usize) < entities.len());
        if !fits {
            return Err("the references do not fit together".into());
        }
        let rows = Matrix { n_rows: entity.len(), n_cols: width, values };
        Ok(Self { reach: reach as usize, k: k as usize, rows, entity, time, entities })
    }
}

/// Reference windows of one channel, each as means of equal blocks of points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Near {
    /// Points of a block.
    pub(super) length: usize,
    /// Blocks of a window.
    pub(super) blocks: usize,
    pub(super) references: References,
}

impl Near {
    /// Takes about `most` windows of `window` points as references, evenly from all windows of the parts; the `k`-th nearest
    /// counts.
    pub(super) fn fit(parts: &[Part<'_>], window: usize, blocks: usize, most: usize, k: usize) -> Self {
        let blocks = blocks.min(window).max(1);
        let length = (window / blocks).max(1);
        let embedded: Vec<_> = parts
            .iter()
            .map(|part| {
                let sums = prefix_sums(part.values.iter().copied());
                let count = (part.len() + 1).saturating_sub(length * blocks);
                (part, count, move |start: usize, row: &mut Vec<f32>| {
                    row.extend(means(&sums, start, length, blocks));
                })
            })
            .collect();
        let parts = embedded.iter().map(|(part, count, embed)| (*part, *count, embed));
        Self { length, blocks, references: References::fit(parts, blocks, most, (k, window)) }
    }

    /// Points of a window.
    pub(super) fn span(&self) -> usize {
        self.length * self.blocks
    }

    /// For each point the distance of the window around it to the nearest references that share no point with it.
    pub(super) fn score(&self, part: &Part<'_>, threads: usize) -> Result<Vec<f64>, Error> {
        let span = self.span();
        let count = (part.len() + 1).saturating_sub(span);
        let sums = prefix_sums(part.values.iter().copied());
        let embed =
            |start: usize, row: &mut Vec<f32>| row.extend(means(&sums, start, self.length, self.blocks));
        let windows = self.references.distances(part, count, embed, threads)?;
        Ok(centered(&windows, span, part.len()))
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = self.references.store();
        stored.insert("blocks", &[2], vec![self.length as u64, self.blocks as u64]);
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        match *stored.values::<u64>("blocks")? {
            [length @ 1..=0xffff_ffff, blocks @ 1..=0xffff_ffff] => {
                let (length, blocks) = (length as usize, blocks as usize);
                Ok(Self { length, blocks, references: References::restore(stored, blocks)? })
            }
            _ => Err("`blocks` is not two numbers".into()),
        }
    }
}

/// The means of the blocks of the window at `start`.
pub(super) fn means(sums: &[f64], start: usize, length: usize, blocks: usize) -> impl Iterator<Item = f32> {
    (0..blocks).map(move |block| {
        let from = start + block * length;
        ((sums[from + length] - sums[from]) / length as f64) as f32
    })
}

/// The most places within `reach` of one point.
fn most_within(places: &[Option<usize>], reach: usize) -> usize {
    let mut places: Vec<usize> = places.iter().copied().flatten().collect();
    places.sort_unstable();
    let mut first = 0;
    let mut most = 0;
    for last in 0..places.len() {
        while places[last] - places[first] > 2 * reach {
            first += 1;
        }
        most = most.max(last + 1 - first);
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(values: Vec<f64>, times: &[f64]) -> Part<'_> {
        Part { entity: "", times, values, filled: Vec::new() }
    }

    /// By all pairs, in doubles.
    fn literal(values: &[f64], window: usize, blocks: usize, most: usize, k: usize) -> Vec<f64> {
        let length = window / blocks;
        let count = values.len() + 1 - length * blocks;
        let means = |start: usize| -> Vec<f64> {
            values[start..start + length * blocks]
                .chunks(length)
                .map(|c| c.iter().sum::<f64>() / length as f64)
                .collect()
        };
        let every = count.div_ceil(most);
        let of = |i: usize| {
            let distance =
                |j: usize| means(i).iter().zip(means(j)).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
            let apart = (0..count).step_by(every).filter(|j| i.abs_diff(*j) > window);
            let mut distances: Vec<f64> = apart.map(distance).collect();
            distances.sort_by(f64::total_cmp);
            distances.truncate(k);
            distances.last().copied().unwrap_or(0.0)
        };
        let windows: Vec<f64> = (0..count).map(of).collect();
        centered(&windows, length * blocks, values.len())
    }

    #[test]
    fn distances_are_those_of_all_pairs_with_overlaps_left_out() {
        let values: Vec<f64> =
            (0..300).map(|i| (f64::from(i) * 0.3).sin() + f64::from(i * 37 % 11) * 0.05).collect();
        let times: Vec<f64> = (0..300).map(f64::from).collect();
        for (window, blocks, most) in [(16, 8, 1000), (16, 16, 40), (40, 32, 60)] {
            let blocks = if window < 32 { blocks } else { 32 };
            let part = part(values.clone(), &times);
            let near = Near::fit(std::slice::from_ref(&part), window, blocks, most, 5);
            let found = near.score(&part, 1).unwrap();
            let expected = literal(&values, window, blocks, most, 5);
            for (i, (a, b)) in found.iter().zip(&expected).enumerate() {
                assert!((a - b).abs() < 1e-5, "{window} {most} at {i}: {a} {b}");
            }
            assert_eq!(found, near.score(&part, 2).unwrap());
        }
    }

    #[test]
    fn windows_of_other_times_or_values_are_not_left_out() {
        let values: Vec<f64> = (0..200).map(|i| f64::from(i * i).sin() * 5.0).collect();
        let times: Vec<f64> = (0..200).map(f64::from).collect();
        let later: Vec<f64> = (200..400).map(f64::from).collect();
        let near = Near::fit(&[part(values.clone(), &times)], 8, 8, 1000, 1);
        // The same values at other times are found again at distance zero.
        assert!(near.score(&part(values.clone(), &later), 1).unwrap().iter().all(|d| *d < 1e-6));
        assert!(near.score(&part(values.clone(), &times), 1).unwrap().iter().any(|d| *d > 1.0));
        let others: Vec<f64> = values.iter().map(|value| value + 100.0).collect();
        assert!(near.score(&part(others, &times), 1).unwrap().iter().all(|d| *d > 100.0));
    }

    #[test]
    fn damage_is_told() {
        let times: Vec<f64> = (0..50).map(f64::from).collect();
        let near = Near::fit(&[part(times.clone(), &times)], 8, 4, 10, 2);
        assert_eq!(Near::restore(&near.store()).unwrap(), near);
        for name in ["references", "entity", "time", "shape", "blocks"] {
            let mut stored = near.store();
            stored.tensors.remove(name);
            assert!(Near::restore(&stored).is_err());
        }
        let mut stored = near.store();
        stored.insert("blocks", &[2], vec![2_u64, 0]);
        assert!(Near::restore(&stored).is_err());
        let mut stored = near.store();
        stored.about.insert("entities".into(), "[]".into());
        assert!(Near::restore(&stored).is_err());
    }
}
