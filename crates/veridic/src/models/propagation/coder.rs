//! Rows as codes in which distances mean something.

use rayon::prelude::*;

use super::{MODEL, PropagationConfig};
use crate::data::{Matrix, deskew};
use crate::error::{ModelError, Result};
use crate::models::{Layout, Rows, Stored, parallel};
use crate::project::Pca;
use crate::seed::Seed;

/// Rows that principal components are fitted to at most, spread evenly.
const SAMPLE: usize = 16_384;

/// Encoded values of tables are cut here, so that one far value does not decide.
const CUT: f32 = 8.0;

/// Rows whose codes are one piece of work.
const PIECE: usize = 256;

/// How rows become codes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coder {
    /// Values of a row.
    width: usize,
    /// Height and width of images that are set upright.
    upright: Option<(usize, usize)>,
    /// Whether values are cut at ±8.
    cut: bool,
    /// Values of a row that are looked at.
    columns: Vec<u32>,
    /// Principal directions, each with the product of it and the mean; none where values are taken as they are.
    directions: Option<(Vec<f32>, Vec<f32>)>,
}

impl Coder {
    /// Learns the codes of the rows `train`, and gives them.
    pub(super) fn fit(
        config: &PropagationConfig,
        (rows, layout): (Rows<'_>, &Layout),
        train: &[u32],
        (seed, threads): (Seed, usize),
    ) -> Result<(Self, Matrix)> {
        let width = layout.width();
        let columns: Vec<u32> = (0..width).filter(|j| !layout.unseen.contains(j)).map(|j| j as u32).collect();
        if columns.is_empty() {
            return Err(ModelError::NoColumns { model: MODEL }.into());
        }
        let upright = match layout.dims.as_slice() {
            &[height, width, 1] if config.deskew => Some((height, width)),
            _ => None,
        };
        let mut coder = Self { width, upright, cut: layout.dims.len() == 1, columns, directions: None };
        if coder.columns.len() > config.components {
            let kept = train.len().min(SAMPLE);
            let sample: Vec<u32> = (0..kept).map(|i| train[i * train.len() / kept]).collect();
            let values = coder.codes(rows, &sample, threads)?;
            let k = config.components.min(kept);
            let pca = Pca::fit_randomized(&values, k, seed, threads)?;
            let dot = |direction: &[f64]| direction.iter().zip(pca.mean()).map(|(d, m)| d * m).sum::<f64>();
            let offsets = pca.components().map(|direction| dot(direction) as f32).collect();
            let directions = pca.components().flatten().map(|v| *v as f32).collect();
            coder.directions = Some((directions, offsets));
        }
        let codes = coder.codes(rows, train, threads)?;
        Ok((coder, codes))
    }

    /// Values of a code.
    pub(super) fn width(&self) -> usize {
        self.directions.as_ref().map_or(self.columns.len(), |(_, offsets)| offsets.len())
    }

    /// The codes of the rows `index`.
    pub(super) fn codes(&self, rows: Rows<'_>, index: &[u32], threads: usize) -> Result<Matrix> {
        let k = self.width();
        let mut codes = Matrix::zeros(index.len(), k);
        parallel(threads, || {
            let pieces = codes.values.par_chunks_mut(PIECE * k).zip(index.par_chunks(PIECE));
            pieces.for_each(|(out, index)| {
                for (out, &row) in out.chunks_mut(k).zip(index) {
                    self.code(&rows.row(row as usize), out);
                }
            });
            Ok(())
        })?;
        Ok(codes)
    }

    fn code(&self, row: &[f32], out: &mut [f32]) {
        let mut values: Vec<f32> = match self.upright {
            Some((height, width)) => deskew(row, height, width),
            None => self.columns.iter().map(|&j| row[j as usize]).collect(),
        };
        if self.cut {
            values.iter_mut().for_each(|value| *value = value.clamp(-CUT, CUT));
        }
        let Some((directions, offsets)) = &self.directions else {
            out.copy_from_slice(&values);
            return;
        };
        for ((out, direction), offset) in out.iter_mut().zip(directions.chunks(values.len())).zip(offsets) {
            *out = dot(direction, &values) - offset;
        }
    }

    pub(super) fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let (height, width) = self.upright.unwrap_or((0, 0));
        let shape = vec![self.width as u64, height as u64, width as u64, u64::from(self.cut)];
        stored.insert("shape", &[4], shape);
        stored.insert("columns", &[self.columns.len()], self.columns.clone());
        if let Some((directions, offsets)) = &self.directions {
            stored.insert("directions", &[offsets.len(), self.columns.len()], directions.clone());
            stored.insert("offsets", &[offsets.len()], offsets.clone());
        }
        stored
    }

    pub(super) fn restore(stored: &Stored) -> Result<Self, String> {
        let &[width, high, wide, cut] = stored.values::<u64>("shape")? else {
            return Err("`shape` is not four numbers".to_string());
        };
        let columns = stored.values::<u32>("columns")?.to_vec();
        let upright = (high > 0).then_some((high as usize, wide as usize));
        if columns.is_empty()
            || columns.iter().any(|column| u64::from(*column) >= width)
            || upright.is_some_and(|(high, wide)| high.checked_mul(wide) != Some(columns.len()))
        {
            return Err("`columns` are not those of a row".to_string());
        }
        let directions = match stored.tensors.contains_key("directions") {
            true => {
                let directions = stored.values::<f32>("directions")?.to_vec();
                let offsets = stored.values::<f32>("offsets")?.to_vec();
                if offsets.is_empty() || offsets.len().checked_mul(columns.len()) != Some(directions.len()) {
                    return Err("`directions` and `offsets` do not fit each other".to_string());
                }
                Some((directions, offsets))
            }
            false => None,
        };
        Ok(Self { width: width as usize, upright, cut: cut > 0, columns, directions })
    }

    /// Values of the rows it is for.
    pub(super) fn row_width(&self) -> usize {
        self.width
    }
}

/// A product of vectors by sixteen sums, which the compiler turns into wide registers.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [0.0_f32; 16];
    let (mut left, mut right) = (a.chunks_exact(16), b.chunks_exact(16));
    for (a, b) in (&mut left).zip(&mut right) {
        for i in 0..16 {
            sums[i] += a[i] * b[i];
        }
    }
    let rest: f32 = left.remainder().iter().zip(right.remainder()).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}
