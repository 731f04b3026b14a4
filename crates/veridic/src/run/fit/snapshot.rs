//! A picture of what an adversarial network makes, always of the same noise.

use veridic_graph::Pool;

use crate::codec::Codec;
use crate::data::{Cells, Column, Data, Images, Matrix, Table};
use crate::error::Result;
use crate::figure::{self, Coloring, Figure, ImageGrid, Pixels};
use crate::models::Network;
use crate::run::config::Config;
use crate::run::dataset::Dataset;
use crate::seed::Seed;

/// Draws what a network makes.
pub(crate) struct Snapshot<'a> {
    pub(crate) config: &'a Config,
    pub(crate) data: &'a Dataset,
}

impl Snapshot<'_> {
    /// What is made of the same noise as in every picture.
    pub(crate) fn drawn(
        &self,
        network: &mut Network,
        pool: &mut Pool,
        title: &str,
    ) -> Result<Option<Figure>> {
        match (&self.data.content, &self.data.codec, self.data.layout.width()) {
            (Data::Images(images), ..) => {
                let z = grid_points(network, Seed(self.config.seed), self.side());
                let made = network.decode(pool, &z)?;
                Ok(Some(self.grid(images, title, Pixels::Floats(&made.values))?))
            }
            (Data::Table(table, schema), Some(codec), 1) => {
                let real = table.take(&self.data.split.train);
                self.densities(network, pool, codec, &real, [title, &schema.columns[0].name]).map(Some)
            }
            (Data::Table(table, _), Some(codec), 2) => {
                self.plane(network, pool, codec, table, title).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Images along a side of a picture; an even number of them where two sets are shown in pairs.
    pub(crate) fn side(&self) -> usize {
        let side = self.config.evaluate.picture_side;
        if self.data.second.is_some() { side.next_multiple_of(2) } else { side }
    }

    /// Images side by side.
    pub(crate) fn grid(&self, images: &Images, title: &str, pixels: Pixels<'_>) -> Result<Figure> {
        Ok(figure::image_grid(&ImageGrid::plain(title, pixels, images.shape(), self.side()))?)
    }

    /// Real and made points.
    fn plane(
        &self,
        network: &mut Network,
        pool: &mut Pool,
        codec: &Codec,
        table: &Table,
        title: &str,
    ) -> Result<Figure> {
        const POINTS: usize = 1000;
        let z = network.points(Seed(self.config.seed), "picture", POINTS);
        let made = codec.decode(&network.decode(pool, &z)?)?;
        let real: Vec<usize> = self.data.split.train.iter().copied().take(POINTS).collect();
        let real = numbers(&table.take(&real));
        let made = numbers(&made);
        let all: Vec<[f32; 2]> =
            real.chunks_exact(2).chain(made.chunks_exact(2)).map(|p| [p[0] as f32, p[1] as f32]).collect();
        let codes: Vec<u32> = (0..all.len()).map(|i| u32::from(i >= real.len() / 2)).collect();
        let names = ["real".to_string(), "made".to_string()];
        Ok(figure::plane(&figure::Scatter {
            title,
            x_label: "x",
            y_label: "y",
            points: &all,
            coloring: Coloring::Category { codes: &codes, names: &names },
            marginals: false,
        })?)
    }

    /// The densities of real and made values, and how probably the discriminator takes a value for real.
    fn densities(
        &self,
        network: &mut Network,
        pool: &mut Pool,
        codec: &Codec,
        real: &Table,
        [title, name]: [&str; 2],
    ) -> Result<Figure> {
        const POINTS: usize = 10_000;
        const BINS: usize = 100;
        /// Groups of real and made rows that a value is judged among, where rows are judged in groups.
        const COMPANIES: usize = 64;
        let values = numbers(real);
        let (low, high) =
            values.iter().fold((f64::MAX, f64::MIN), |(low, high), &x| (low.min(x), high.max(x)));
        let margin = (high - low).max(1e-6);
        let (low, high) = (low - margin, high + margin);
        let z = network.points(Seed(self.config.seed), "picture", POINTS);
        let made_rows = network.decode(pool, &z)?;
        let made = numbers(&codec.decode(&made_rows)?);
        let step = (high - low) / BINS as f64;
        let density = |values: &[f64]| -> Vec<[f64; 2]> {
            let mut counts = vec![0usize; BINS];
            for value in values {
                let bin = ((value - low) / step).floor();
                if bin >= 0.0 && bin < BINS as f64 {
                    counts[bin as usize] += 1;
                }
            }
            let share = |count: usize| count as f64 / values.len() as f64 / step;
            (0..BINS).map(|i| [low + (i as f64 + 0.5) * step, share(counts[i])]).collect()
        };
        let places: Vec<f64> = (0..=BINS).map(|i| low + i as f64 * step).collect();

        let asked = Table {
            columns: vec![Column { name: name.to_owned(), cells: Cells::Number(places.clone()) }],
            n_rows: places.len(),
        };
        let rows = codec.encode(&asked)?;
        let company = network.company(&codec.encode(real)?, &made_rows, COMPANIES);
        let scores = network.score_among(pool, &rows, &company)?;
        let taken: Vec<[f64; 2]> =
            places.iter().zip(&scores).map(|(&x, &score)| [x, 1.0 / (1.0 + score.exp())]).collect();
        let (of_real, of_made) = (density(&values), density(&made));
        // In steps, so that the pictures of a film seldom change their scale.
        let peak = of_real.iter().chain(&of_made).map(|point| point[1]).fold(0.0, f64::max);
        let highest = (0..24).map(|i| 1.2 * f64::from(1 << i)).find(|&top| top >= peak);
        let curves = [
            figure::Line { name: "real values", points: &of_real },
            figure::Line { name: "made values", points: &of_made },
            figure::Line { name: "probability of real, by the discriminator", points: &taken },
        ];
        Ok(figure::lines(&figure::Lines {
            title,
            x_label: name,
            y_label: "density; probability",
            curves: &curves,
            y_range: highest.map(|top| [0.0, top]),
            log_x: false,
        })?)
    }
}

/// The noise of the pictures: where classes are asked for, a class a row of the grid; of coupled networks the same noise
/// for both sets, side by side.
fn grid_points(network: &Network, seed: Seed, side: usize) -> Matrix {
    let prior = network.prior().expect("an adversarial network has a prior");
    if prior.classes > 0 {
        return prior.draw(seed, "grid latent", prior.classes.min(16) * side, |i| Some(i / side));
    }
    let mut z = prior.draw(seed, "grid latent", side * side, |i| Some(i % 2));
    if prior.sets > 0 {
        for pair in z.values.chunks_mut(2 * prior.width()) {
            let (one, other) = pair.split_at_mut(prior.width());
            other.copy_from_slice(one);
            one[prior.noise.1..][..2].copy_from_slice(&[1.0, 0.0]);
            other[prior.noise.1..][..2].copy_from_slice(&[0.0, 1.0]);
        }
    }
    z
}

/// The numbers of a table, row by row.
pub(crate) fn numbers(table: &Table) -> Vec<f64> {
    let columns: Vec<&Vec<f64>> = table
        .columns
        .iter()
        .filter_map(|column| match &column.cells {
            Cells::Number(values) => Some(values),
            Cells::Text { .. } => None,
        })
        .collect();
    (0..table.n_rows).flat_map(|row| columns.iter().map(move |values| values[row])).collect()
}
