//! Figures of images that a model makes or restores.

use super::Context;
use crate::data::Matrix;
use crate::error::Result;
use crate::figure::{self, Figure, ImageGrid, LatentAxes, Pixels};
use crate::latent;
use crate::models::Fixed;
use crate::run::check;
use crate::run::dataset::index;
use crate::run::report::denoise::denoise;
use crate::seed::Seed;

impl Context<'_> {
    pub(super) fn code_traversal(&mut self) -> Result<Figure> {
        const STEPS: usize = 9;
        let prior = self.network.prior().cloned();
        let prior = prior.ok_or_else(|| self.needs("codes", "leave the figure out"))?;
        let (rows, codes) = (prior.categories.clamp(1, 16), prior.continuous.min(2));
        let columns = STEPS * codes;
        let mut z =
            prior.draw(Seed(self.config.seed), "figure latent", 1, |_| None).values.repeat(rows * columns);
        for (i, point) in z.chunks_mut(prior.width()).enumerate() {
            let (row, column) = (i / columns, i % columns);
            if prior.categories > 0 {
                prior.fix(point, Fixed::Category(row));
            }
            for code in 0..prior.continuous {
                let value = (column % STEPS) as f32 * 4.0 / (STEPS - 1) as f32 - 2.0;
                prior.fix(point, Fixed::Code(code, if code == column / STEPS { value } else { 0.0 }));
            }
        }
        let z = Matrix { n_rows: rows * columns, n_cols: prior.width(), values: z };
        let made = self.network.decode(self.pool, &z)?;
        let images = self.images()?;
        let title = match codes {
            1 => "The code from -2 to 2; a category a row",
            _ => "Codes from -2 to 2, the first left, the second right; a category a row",
        };
        // A white place between the codes.
        let gap = vec![1.0; if codes > 1 { made.n_cols } else { 0 }];
        let pixels: Vec<f32> = made
            .values
            .chunks(columns * made.n_cols)
            .flat_map(|row| [&row[..STEPS * made.n_cols], &gap, &row[STEPS * made.n_cols..]].concat())
            .collect();
        let columns = columns + codes - 1;
        let grid = ImageGrid::plain(title, Pixels::Floats(&pixels), images.shape(), columns);
        Ok(figure::image_grid(&grid)?)
    }

    pub(super) fn latent_grid(&mut self) -> Result<Figure> {
        // Equal steps of probability, from 5 % to 95 %, as in the book.
        self.plane("Decoded points of the latent plane", &latent::quantile_steps(self.wanted.side))
    }

    pub(super) fn traversal_grid(&mut self) -> Result<Figure> {
        let [low, high] = self.wanted.range;
        let title = format!("Decoded points of the latent plane from {low} to {high}");
        self.plane(&title, &latent::even_steps(low, high, self.wanted.side))
    }

    /// Images decoded from a grid with these places in the first two dimensions, the others at 0.
    fn plane(&mut self, title: &str, at: &[f64]) -> Result<Figure> {
        let z = latent::grid(&vec![0.0; self.network.latent()], (0, 1), at, at);
        let decoded = self.network.decode(self.pool, &z)?;
        let images = self.images()?;
        let down: Vec<f64> = at.iter().rev().copied().collect();
        let grid = ImageGrid {
            axes: Some(LatentAxes {
                x_label: "latent dimension 1",
                y_label: "latent dimension 2",
                x: at,
                y: &down,
            }),
            ..ImageGrid::plain(title, Pixels::Floats(&decoded.values), images.shape(), at.len())
        };
        Ok(figure::image_grid(&grid)?)
    }

    pub(super) fn denoised(&mut self) -> Result<Figure> {
        let Some(noise) = self.config.model.noise() else {
            return Err(self.needs("a model with noise", "set `noise` of the model, or leave the figure out"));
        };
        let rows: Vec<usize> =
            check::figure::of_label(self.data, self.wanted).into_iter().take(self.wanted.count).collect();
        let seed = Seed(self.config.seed);
        let made = denoise(noise, self.data, &rows, (&mut *self.network, &mut *self.pool), seed)?;
        let images = self.images()?;
        let labels = ["noisy", "restored", "original"].map(str::to_string);
        let pixels = [made.noisy.values, made.restored.values, made.original.values].concat();
        let title = format!("Test images with noise ({}), restored, and as they were", noise.label());
        let grid = ImageGrid {
            row_labels: &labels,
            ..ImageGrid::plain(&title, Pixels::Floats(&pixels), images.shape(), rows.len())
        };
        Ok(figure::image_grid(&grid)?)
    }

    pub(super) fn image_pairs(&mut self) -> Result<Figure> {
        let rows: Vec<usize> =
            check::figure::of_label(self.data, self.wanted).into_iter().take(self.wanted.count).collect();
        let (latent, _) = self.network.encode(self.pool, self.data.rows(), &index(&rows))?;
        let decoded = self.network.decode(self.pool, &latent)?;
        let images = self.images()?;
        let width = self.data.layout.width();
        let originals: Vec<u8> =
            rows.iter().flat_map(|&row| images.pixels[row * width..(row + 1) * width].to_vec()).collect();
        Ok(figure::image_pairs(&figure::ImagePairs {
            title: "Test images and their reconstructions",
            originals: Pixels::Bytes(&originals),
            reconstructions: Pixels::Floats(&decoded.values),
            height: images.height,
            width: images.width,
            channels: images.channels,
            columns: rows.len(),
        })?)
    }

    pub(super) fn image_samples(&mut self) -> Result<Figure> {
        let side = self.wanted.side;
        let z = self.network.points(Seed(self.config.seed), "figure", side * side);
        let decoded = self.network.decode(self.pool, &z)?;
        let images = self.images()?;
        let grid = ImageGrid::plain(
            "Images sampled from the model",
            Pixels::Floats(&decoded.values),
            images.shape(),
            side,
        );
        Ok(figure::image_grid(&grid)?)
    }

    pub(super) fn posterior_draws(&mut self) -> Result<Figure> {
        let row = check::figure::of_label(self.data, self.wanted)[self.wanted.row];
        let (mean, log_variance) = self.network.encode(self.pool, self.data.rows(), &[row as u32])?;
        let log_variance = log_variance.ok_or_else(|| self.needs("a posterior", "fit a VAE"))?;
        let n = self.wanted.count;
        let mut z = self.network.points(Seed(self.config.seed), "figure", n);
        for i in 0..n {
            for (j, value) in z.row_mut(i).iter_mut().enumerate() {
                *value = mean.row(0)[j] + (0.5 * log_variance.row(0)[j]).exp() * *value;
            }
        }
        let decoded = self.network.decode(self.pool, &z)?;
        let images = self.images()?;
        let mut pixels = self.data.rows().row(row);
        pixels.extend_from_slice(&decoded.values);
        let title = format!("A test image (left) and {n} draws from its posterior, decoded");
        let grid = ImageGrid::plain(&title, Pixels::Floats(&pixels), images.shape(), n + 1);
        Ok(figure::image_grid(&grid)?)
    }
}
