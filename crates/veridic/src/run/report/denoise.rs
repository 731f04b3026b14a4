//! What a denoising model makes of spoilt test rows.

use veridic_graph::Pool;

use crate::data::Matrix;
use crate::error::Result;
use crate::models::{Network, Rows};
use crate::nn::NoiseConfig;
use crate::run::dataset::{Dataset, index};
use crate::seed::Seed;

/// Rows of encoded values before and after.
pub(crate) struct Denoised {
    pub(crate) original: Matrix,
    pub(crate) noisy: Matrix,
    pub(crate) restored: Matrix,
}

/// Spoils rows with the noise of a fixed seed and has the model restore them: the expected row of the noisy row's code.
pub(crate) fn denoise(
    noise: NoiseConfig,
    data: &Dataset,
    rows: &[usize],
    (network, pool): (&mut Network, &mut Pool),
    seed: Seed,
) -> Result<Denoised> {
    let values = rows.iter().flat_map(|&row| data.rows().row(row)).collect();
    let original = Matrix { n_rows: rows.len(), n_cols: data.layout.width(), values };
    let mut noisy = original.clone();
    noise.spoil(&mut noisy.values, data.layout.blocks.is_empty(), seed, "denoise");
    let all: Vec<usize> = (0..rows.len()).collect();
    let (latent, _) = network.encode(pool, Rows::matrix(&noisy), &index(&all))?;
    let restored = network.decode(pool, &latent)?;
    Ok(Denoised { original, noisy, restored })
}

/// Mean squared difference of a value.
pub(crate) fn squared_error(a: &Matrix, b: &Matrix) -> f64 {
    let sum: f64 = a.values.iter().zip(&b.values).map(|(&a, &b)| f64::from(a - b).powi(2)).sum();
    sum / a.values.len().max(1) as f64
}
