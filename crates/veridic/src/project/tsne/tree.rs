//! Repulsion by a quadtree: far points are taken together (Barnes and Hut, Nature 324 (1986); van der Maaten, JMLR 15
//! (2014)).

use rayon::prelude::*;

use super::kernel::Tails;
use super::{POINTS, Point};

/// Halvings of the map; points that still share a cell are taken for one, so equal points end no recursion late.
const DEPTH: u32 = 30;

/// Points of a leaf above the last level, at most.
const LEAF: usize = 4;

/// A cell, in the order in which a walk meets them.
struct Cell {
    center: Point,
    count: f32,
    /// Squared width over squared θ; 0 for what is one point.
    reach: f32,
    /// The next cell if this one is not opened.
    next: u32,
    /// The points of a leaf; empty for others.
    points: std::ops::Range<u32>,
}

/// Writes the repulsion of each point and returns `Z = Σ_{i≠j} w_ij`.
pub(super) fn repulse(points: &[Point], theta: f64, tails: Tails, repulsion: &mut [Point]) -> f64 {
    let tree = Tree::new(points, theta as f32);
    let [inverse, factor, power] = [tails.inverse(), tails.factor(), tails.power()].map(|v| v as f32);
    let sums: Vec<f64> = points
        .par_chunks(POINTS)
        .zip(repulsion.par_chunks_mut(POINTS))
        .map(|(points, out)| {
            let mut total = 0.0f64;
            for (point, out) in points.iter().zip(out) {
                let [mut weights, mut along, mut across] = [0.0f32; 3];
                tree.walk(*point, |other, count| {
                    let (dx, dy) = (point[0] - other[0], point[1] - other[1]);
                    let base = 1.0 + (dx * dx + dy * dy) * inverse;
                    let near = 1.0 / base;
                    let weight = count * if inverse == 1.0 { near } else { base.powf(power) };
                    let force = weight * near;
                    weights += weight;
                    along += force * dx;
                    across += force * dy;
                });
                *out = [along * factor, across * factor];
                total += f64::from(weights) - 1.0;
            }
            total
        })
        .collect();
    sums.iter().sum()
}

struct Tree {
    cells: Vec<Cell>,
    /// The points along a curve through the cells.
    sorted: Vec<Point>,
}

impl Tree {
    fn new(points: &[Point], theta: f32) -> Self {
        let [mut low, mut high] = [[f32::INFINITY; 2], [f32::NEG_INFINITY; 2]];
        for point in points {
            for axis in 0..2 {
                low[axis] = low[axis].min(point[axis]);
                high[axis] = high[axis].max(point[axis]);
            }
        }
        let width =
            f64::from(high[0] - low[0]).max(f64::from(high[1] - low[1])).max(f64::from(f32::MIN_POSITIVE));
        let cells = f64::from(1u32 << DEPTH);
        let code = |point: &Point| {
            let at = |axis: usize| {
                let along = (f64::from(point[axis]) - f64::from(low[axis])) / width;
                (along * cells).clamp(0.0, cells - 1.0) as u64
            };
            spread_bits(at(0)) | spread_bits(at(1)) << 1
        };
        let mut keyed: Vec<(u64, u32)> =
            points.par_iter().enumerate().map(|(i, point)| (code(point), i as u32)).collect();
        keyed.par_sort_unstable();
        let sorted = keyed.iter().map(|(_, i)| points[*i as usize]).collect();
        let codes: Vec<u64> = keyed.iter().map(|(code, _)| *code).collect();
        let mut tree = Self { cells: Vec::new(), sorted };
        let inverse = if theta > 0.0 { 1.0 / (theta * theta) } else { f32::INFINITY };
        tree.add(&codes, 0..codes.len(), DEPTH, width as f32, inverse);
        tree
    }

    /// Adds the cell of these points, `level` halvings above the smallest, and all below it.
    fn add(&mut self, codes: &[u64], range: std::ops::Range<usize>, level: u32, width: f32, inverse: f32) {
        let points = &self.sorted[range.clone()];
        let center = super::mean(points);
        let one = level == 0 || points.iter().all(|point| *point == points[0]);
        let leaf = !one && points.len() <= LEAF;
        let own = self.cells.len();
        self.cells.push(Cell {
            center: if one { points[0] } else { center },
            count: points.len() as f32,
            reach: if one { 0.0 } else { width * width * inverse },
            next: 0,
            points: if leaf { range.start as u32..range.end as u32 } else { 0..0 },
        });
        if !one && !leaf {
            let shift = 2 * (level - 1);
            let mut start = range.start;
            for quarter in 0..4 {
                let within = &codes[start..range.end];
                let end = start + within.partition_point(|code| (code >> shift & 3) <= quarter);
                if end > start {
                    self.add(codes, start..end, level - 1, width * 0.5, inverse);
                }
                start = end;
            }
        }
        self.cells[own].next = self.cells.len() as u32;
    }

    /// Calls `meet` with the places and counts of what is taken together, seen from a point.
    #[inline]
    fn walk(&self, from: Point, mut meet: impl FnMut(Point, f32)) {
        let mut at = 0;
        while let Some(cell) = self.cells.get(at) {
            let (dx, dy) = (from[0] - cell.center[0], from[1] - cell.center[1]);
            if dx * dx + dy * dy > cell.reach || cell.reach == 0.0 {
                meet(cell.center, cell.count);
                at = cell.next as usize;
            } else if cell.points.is_empty() {
                at += 1;
            } else {
                for point in &self.sorted[cell.points.start as usize..cell.points.end as usize] {
                    meet(*point, 1.0);
                }
                at = cell.next as usize;
            }
        }
    }
}

/// The lower 32 bits, each followed by a zero.
fn spread_bits(v: u64) -> u64 {
    let v = (v | v << 16) & 0x0000_FFFF_0000_FFFF;
    let v = (v | v << 8) & 0x00FF_00FF_00FF_00FF;
    let v = (v | v << 4) & 0x0F0F_0F0F_0F0F_0F0F;
    let v = (v | v << 2) & 0x3333_3333_3333_3333;
    (v | v << 1) & 0x5555_5555_5555_5555
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_spread_to_every_other_place() {
        assert_eq!(spread_bits(0b1011), 0b100_0101);
        assert_eq!(spread_bits((1 << 30) - 1), 0x0555_5555_5555_5555);
    }

    #[test]
    fn cells_that_cannot_be_parted_count_as_one_point() {
        let mut points = vec![[1.0, 2.0]; 1000];
        points.push([3.0, 2.0]);
        let tree = Tree::new(&points, 0.5);
        assert!(tree.cells.len() < 10, "{}", tree.cells.len());
        let mut met = Vec::new();
        tree.walk([3.0, 2.0], |point, count| met.push((point, count)));
        assert_eq!(met, [([1.0, 2.0], 1000.0), ([3.0, 2.0], 1.0)]);
    }
}
