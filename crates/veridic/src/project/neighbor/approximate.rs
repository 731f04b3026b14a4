//! Candidates among the rows of the nearest blocks only (an inverted file: Jégou, Douze and Schmid, IEEE PAMI 33 (2011),
//! with the leaves of the tree for clusters).

use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::block::{Block, Candidates, compare, compare_some};
use super::search;
use crate::data::Matrix;

/// The share of blocks that a row looks at.
const SHARE: f64 = 0.08;

/// Blocks that a row looks at, at least.
const LEAST: usize = 20;

/// The candidates of each block's rows among those of the blocks whose means are nearest to the row; not all of them once
/// `stop` is raised.
pub(super) fn candidates(
    scaled: &Matrix,
    order: &[u32],
    blocks: &[Block],
    k: usize,
    stop: &AtomicBool,
) -> Vec<Candidates> {
    let means = means(scaled, order, blocks);
    let all: Vec<u32> = (0..blocks.len() as u32).collect();
    let packed = [Block::new(&means, &all, all.clone())];
    let smallest = blocks.iter().map(Block::rows).min().unwrap_or(1);
    let enough = (4 * k).div_ceil(smallest);
    let looks = ((blocks.len() as f64 * SHARE) as usize).max(LEAST).max(enough).min(blocks.len());
    let lists = (0..blocks.len()).into_par_iter().map(|own| {
        let places = blocks[own].places();
        let rows: Vec<u32> = places.iter().map(|place| order[*place as usize]).collect();
        let mut candidates = Candidates::new(rows.len(), k);
        if stop.load(Ordering::Relaxed) {
            return candidates;
        }
        // Its own block first: it narrows the others.
        compare(&blocks[own], &blocks[own], &mut candidates, None);
        let mut wanted: Vec<Vec<u32>> = vec![Vec::new(); blocks.len()];
        for (i, near) in search(scaled, &rows, &means, &all, &packed, looks).into_iter().enumerate() {
            near.into_iter().for_each(|(_, block)| wanted[block as usize].push(i as u32));
        }
        wanted[own].clear();
        // Neighbors in the tree before the others, for the same reason.
        for block in
            (0..blocks.len().next_power_of_two()).map(|by| own ^ by).filter(|block| *block < blocks.len())
        {
            let own = &wanted[block];
            if !own.is_empty() {
                let rows: Vec<u32> = own.iter().map(|i| rows[*i as usize]).collect();
                let places = own.iter().map(|i| places[*i as usize]).collect();
                compare_some(&Block::new(scaled, &rows, places), &blocks[block], own, &mut candidates);
            }
        }
        candidates
    });
    lists.collect()
}

fn means(scaled: &Matrix, order: &[u32], blocks: &[Block]) -> Matrix {
    let mut means = Matrix::zeros(blocks.len(), scaled.n_cols);
    means.values.par_chunks_mut(scaled.n_cols.max(1)).zip(blocks).for_each(|(mean, block)| {
        for place in block.places() {
            let row = scaled.row(order[*place as usize] as usize);
            mean.iter_mut().zip(row).for_each(|(sum, v)| *sum += v);
        }
        mean.iter_mut().for_each(|sum| *sum /= block.rows() as f32);
    });
    means
}
