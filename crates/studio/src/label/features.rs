//! Rows as numbers that a classifier can learn from: columns of like size around zero.

use veridic::codec::{Codec, CodecConfig, ImageCodec};
use veridic::data::{Images, Kind, Matrix, Schema, Table};
use veridic::project::Pca;
use veridic::seed::Seed;

use super::items::{Content, Items};
use crate::Result;

/// Rows that principal components are fitted to at most, spread evenly.
const SAMPLE: usize = 8192;
/// Components of images.
const OF_IMAGES: usize = 50;
/// Encoded columns of a table above which components take their place, and so many of them.
const WIDEST: usize = 128;
/// A category of more levels is no feature: each level has too few rows.
const MOST_LEVELS: usize = 64;
/// Standardized values are cut here, so that one far value does not decide.
const CUT: f32 = 8.0;

/// Encodes all rows: tables by the codec of the library, standardized and cut at ±8; images and wide tables by their
/// principal components, whose mean variance is 1.
///
/// # Errors
/// A table without a column to learn from, and those of the parts.
pub fn features(items: &Items, threads: usize) -> Result<Matrix> {
    match items.content() {
        Content::Table { table, schema } => of_table(table, schema, threads),
        Content::Images(images) => of_images(images, threads),
    }
}

fn of_table(table: &Table, schema: &Schema, threads: usize) -> Result<Matrix> {
    let too_many = schema
        .columns
        .iter()
        .filter(|column| matches!(&column.kind, Kind::Categorical { levels } if levels.len() > MOST_LEVELS));
    let drop = too_many.map(|column| column.name.clone()).collect();
    let rows: Vec<usize> = (0..table.n_rows).collect();
    let codec = Codec::fit(&CodecConfig { drop, ..CodecConfig::default() }, table, schema, &rows)?;
    let mut matrix = codec.encode(table)?;
    matrix.values.iter_mut().for_each(|value| *value = value.clamp(-CUT, CUT));
    if matrix.n_cols > WIDEST { components(&matrix, WIDEST, threads) } else { Ok(matrix) }
}

fn of_images(images: &Images, threads: usize) -> Result<Matrix> {
    let matrix = ImageCodec::of(images).encode(images, None)?;
    components(&matrix, OF_IMAGES, threads)
}

fn components(matrix: &Matrix, most: usize, threads: usize) -> Result<Matrix> {
    let kept = matrix.n_rows.min(SAMPLE);
    let rows = (0..kept).map(|i| i * matrix.n_rows / kept.max(1));
    let values = rows.flat_map(|row| matrix.row(row)).copied().collect();
    let sample = Matrix { n_rows: kept, n_cols: matrix.n_cols, values };
    let k = most.min(matrix.n_cols).min(kept);
    let pca = Pca::fit_randomized(&sample, k, Seed(0), threads).map_err(veridic::Error::from)?;
    let scale = pca.variances().iter().sum::<f64>() / k as f64;
    let scale = if scale > 0.0 { scale.sqrt().recip() } else { 1.0 };
    let mut projected = transformed(&pca, matrix, k, threads);
    projected.values.iter_mut().for_each(|value| *value *= scale as f32);
    Ok(projected)
}

/// Coordinates of all rows, by several threads; each row by itself.
fn transformed(pca: &Pca, matrix: &Matrix, k: usize, threads: usize) -> Matrix {
    let mean: Vec<f32> = pca.mean().iter().map(|v| *v as f32).collect();
    let directions: Vec<Vec<f32>> =
        pca.components().map(|component| component.iter().map(|v| *v as f32).collect()).collect();
    let offsets: Vec<f32> = directions.iter().map(|direction| dot(direction, &mean)).collect();
    let mut projected = Matrix::zeros(matrix.n_rows, k);
    let piece = matrix.n_rows.div_ceil(threads.max(1)).max(1);
    std::thread::scope(|scope| {
        for (number, out) in projected.values.chunks_mut(piece * k).enumerate() {
            let (directions, offsets) = (&directions, &offsets);
            scope.spawn(move || {
                for (i, out) in out.chunks_mut(k).enumerate() {
                    let row = matrix.row(number * piece + i);
                    for ((out, direction), offset) in out.iter_mut().zip(directions).zip(offsets) {
                        *out = dot(direction, row) - offset;
                    }
                }
            });
        }
    });
    projected
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

#[cfg(test)]
mod tests {
    use super::*;
    use veridic::data::{ReadOptions, read_bytes};

    #[test]
    fn a_table_is_standardized_and_its_far_value_is_cut() {
        let mut text = String::from("x,kind\n");
        (0..500).for_each(|i| {
            text.push_str(&format!("{},{}\n", if i == 3 { 9999 } else { i % 7 }, ["a", "b"][i % 2]));
        });
        let veridic::data::Reading { table, schema, .. } =
            read_bytes("t.csv", text.into(), &ReadOptions::default()).unwrap();
        let features = features(&Items::of_table("t", table, schema), 2).unwrap();
        assert_eq!((features.n_rows, features.n_cols), (500, 2));
        assert_eq!(features.row(3)[0], 8.0);
        assert!(features.values.iter().all(|v| v.abs() <= 8.0));
    }

    #[test]
    fn images_become_few_numbers_that_tell_them_apart_whatever_the_threads() {
        let pixels = (0..200).flat_map(|i| {
            (0..64).map(move |p| if (p / 8 < 4) == (i % 2 == 0) { 200 + (i % 5) as u8 } else { 10 })
        });
        let images =
            Images { n: 200, height: 8, width: 8, channels: 1, pixels: pixels.collect(), labels: None };
        let items = Items::of_images("i", images);
        let one = features(&items, 1).unwrap();
        assert_eq!(one, features(&items, 3).unwrap());
        assert_eq!(one.n_cols, 50);
        let side = |row: usize| one.row(row)[0] > 0.0;
        assert!((0..200).all(|row| side(row) == side(row % 2)) && side(0) != side(1));
        let variance = one.values.iter().map(|v| v * v).sum::<f32>() / one.values.len() as f32;
        assert!((variance - 1.0).abs() < 0.05, "{variance}");
    }
}
