//! Rows drawn from a few normal distributions: small known worlds to try a model on.

use serde::{Deserialize, Serialize};

use super::{Cells, Column, Table};
use crate::seed::{Seed, standard_normal};
use rand_chacha::rand_core::Rng;

/// A mixture of normal distributions with equal shares.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mixture {
    /// `{ gaussian = { mean = 4.0, deviation = 0.5, rows = 10000 } }`: one column `x`.
    Gaussian(Gaussian),
    /// `{ ring = { modes = 8, radius = 1.0, deviation = 0.01, rows = 100000 } }`: columns `x` and `y`, centers evenly on a
    /// circle.
    Ring(Ring),
    /// `{ grid = { side = 5, spacing = 2.0, deviation = 0.05, rows = 100000 } }`: columns `x` and `y`, centers on a square
    /// grid around 0.
    Grid(Grid),
}

/// One normal distribution.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gaussian {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation, above 0.
    pub deviation: f64,
    /// Rows drawn, 10 to 10 million.
    pub rows: usize,
}

/// Normal distributions on a circle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Ring {
    /// How many, 1 to 1000.
    pub modes: usize,
    /// Of the circle, above 0.
    pub radius: f64,
    /// Standard deviation of each along both axes, above 0.
    pub deviation: f64,
    /// Rows drawn, 10 to 10 million.
    pub rows: usize,
}

/// Normal distributions on a grid.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Grid {
    /// Centers along a side, 1 to 100.
    pub side: usize,
    /// From one center to the next, above 0.
    pub spacing: f64,
    /// Standard deviation of each along both axes, above 0.
    pub deviation: f64,
    /// Rows drawn, 10 to 10 million.
    pub rows: usize,
}

impl Default for Gaussian {
    fn default() -> Self {
        Self { mean: 4.0, deviation: 0.5, rows: 10_000 }
    }
}

impl Default for Ring {
    fn default() -> Self {
        Self { modes: 8, radius: 1.0, deviation: 0.01, rows: 100_000 }
    }
}

impl Default for Grid {
    fn default() -> Self {
        Self { side: 5, spacing: 2.0, deviation: 0.05, rows: 100_000 }
    }
}

impl Mixture {
    /// What it is, in a few words.
    pub fn label(&self) -> String {
        match self {
            Self::Gaussian(g) => format!("a normal distribution, mean {}, deviation {}", g.mean, g.deviation),
            Self::Ring(r) => format!("{} normal distributions on a ring, deviation {}", r.modes, r.deviation),
            Self::Grid(g) => format!("{0} x {0} normal distributions, deviation {1}", g.side, g.deviation),
        }
    }

    /// Rows drawn.
    pub fn rows(&self) -> usize {
        match self {
            Self::Gaussian(g) => g.rows,
            Self::Ring(r) => r.rows,
            Self::Grid(g) => g.rows,
        }
    }

    /// Standard deviation around each center.
    pub fn deviation(&self) -> f64 {
        match self {
            Self::Gaussian(g) => g.deviation,
            Self::Ring(r) => r.deviation,
            Self::Grid(g) => g.deviation,
        }
    }

    /// The centers, one value a column each.
    pub fn centers(&self) -> Vec<Vec<f64>> {
        match *self {
            Self::Gaussian(g) => vec![vec![g.mean]],
            Self::Ring(Ring { modes, radius, .. }) => {
                let angle = |i: usize| std::f64::consts::TAU * i as f64 / modes as f64;
                (0..modes).map(|i| vec![radius * angle(i).cos(), radius * angle(i).sin()]).collect()
            }
            Self::Grid(Grid { side, spacing, .. }) => {
                let at = |i: usize| (i as f64 - (side - 1) as f64 / 2.0) * spacing;
                (0..side * side).map(|i| vec![at(i % side), at(i / side)]).collect()
            }
        }
    }

    /// The first value out of range, as (field, found, allowed).
    pub fn out_of_range(&self) -> Option<(&'static str, String, &'static str)> {
        if !(10..=10_000_000).contains(&self.rows()) {
            return Some(("rows", self.rows().to_string(), "10 to 10000000"));
        }
        let positive = |value: f64| value > 0.0 && value <= 1e6;
        if !positive(self.deviation()) {
            return Some(("deviation", self.deviation().to_string(), "above 0 to 1000000"));
        }
        match *self {
            Self::Gaussian(g) if !(-1e6..=1e6).contains(&g.mean) => {
                Some(("mean", g.mean.to_string(), "-1000000 to 1000000"))
            }
            Self::Ring(r) if !(1..=1000).contains(&r.modes) => {
                Some(("modes", r.modes.to_string(), "1 to 1000"))
            }
            Self::Ring(r) if !positive(r.radius) => {
                Some(("radius", r.radius.to_string(), "above 0 to 1000000"))
            }
            Self::Grid(g) if !(1..=100).contains(&g.side) => Some(("side", g.side.to_string(), "1 to 100")),
            Self::Grid(g) if !positive(g.spacing) => {
                Some(("spacing", g.spacing.to_string(), "above 0 to 1000000"))
            }
            _ => None,
        }
    }

    /// Rows that follow from the seed alone.
    pub fn draw(&self, seed: Seed) -> Table {
        let mut random = seed.stream("mixture");
        let centers = self.centers();
        let names = ["x", "y"];
        let mut columns = vec![Vec::with_capacity(self.rows()); centers[0].len()];
        for _ in 0..self.rows() {
            let pick = ((u64::from(random.next_u32()) * centers.len() as u64) >> 32) as usize;
            for (column, center) in columns.iter_mut().zip(&centers[pick]) {
                column.push(center + self.deviation() * standard_normal(&mut random));
            }
        }
        let column = |(name, values): (&str, Vec<f64>)| Column {
            name: name.to_string(),
            cells: Cells::Number(values),
        };
        Table { columns: names.into_iter().zip(columns).map(column).collect(), n_rows: self.rows() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_around_their_centers_in_equal_shares() {
        let mixture = Mixture::Grid(Grid { side: 2, rows: 4000, ..Grid::default() });
        assert_eq!(mixture.centers(), [[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0]]);
        let table = mixture.draw(Seed(3));
        let values: Vec<&Vec<f64>> = table
            .columns
            .iter()
            .map(|column| match &column.cells {
                Cells::Number(values) => values,
                Cells::Text { .. } => panic!("numbers"),
            })
            .collect();
        let mut counts = [0; 4];
        let mut square = 0.0;
        for (x, y) in values[0].iter().zip(values[1]) {
            counts[usize::from(*x > 0.0) + 2 * usize::from(*y > 0.0)] += 1;
            square += (x.abs() - 1.0).powi(2) + (y.abs() - 1.0).powi(2);
        }
        assert!(counts.iter().all(|&count| (900..1100).contains(&count)), "{counts:?}");
        assert!(((square / 8000.0).sqrt() - 0.05).abs() < 0.002);
        assert_eq!(mixture.draw(Seed(3)), table);
        assert_ne!(mixture.draw(Seed(4)), table);
    }

    #[test]
    fn a_ring_has_its_radius() {
        let centers = Mixture::Ring(Ring { modes: 4, radius: 2.0, ..Ring::default() }).centers();
        for center in &centers {
            assert!((center[0].hypot(center[1]) - 2.0).abs() < 1e-12);
        }
        assert!(centers[1][0].abs() < 1e-12 && (centers[1][1] - 2.0).abs() < 1e-12);
    }
}
