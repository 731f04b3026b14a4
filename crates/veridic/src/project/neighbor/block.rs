//! Blocks of rows, and all distances between two of them by register tiles.

use pulp::{Simd, WithSimd};

use crate::data::Matrix;
use crate::project::simd::{self, fma};

/// Rows of a packed panel.
const PANEL: usize = 24;

/// Rows of the left block whose products with a panel are in registers at once: nine sums, three panels' worth of columns and a value fill the sixteen registers of AVX2 without spilling.
const TILE: usize = 3;

/// Some rows, packed: panel by panel, column by column, the rows of the panel.
#[derive(Debug)]
pub(super) struct Block {
    /// What each row is offered as.
    places: Vec<u32>,
    columns: usize,
    packed: Vec<f32>,
    /// Squared lengths, infinite for the rows that fill the last panel.
    norms: Vec<f32>,
    /// Smallest and largest value of each column.
    low: Vec<f32>,
    high: Vec<f32>,
    /// The mean of the rows.
    center: Vec<f32>,
}

impl Block {
    /// Packs the rows `order`, which are offered as `places`.
    pub(super) fn new(matrix: &Matrix, order: &[u32], places: Vec<u32>) -> Self {
        let columns = matrix.n_cols;
        let panels = order.len().div_ceil(PANEL);
        let mut packed = vec![0.0; panels * PANEL * columns];
        let mut norms = vec![f32::INFINITY; panels * PANEL];
        let (mut low, mut high) = (vec![f32::INFINITY; columns], vec![f32::NEG_INFINITY; columns]);
        let mut center = vec![0.0; columns];
        for (i, &row) in order.iter().enumerate() {
            let panel = &mut packed[i / PANEL * PANEL * columns..];
            let values = matrix.row(row as usize);
            for (c, &v) in values.iter().enumerate() {
                panel[c * PANEL + i % PANEL] = v;
                low[c] = low[c].min(v);
                high[c] = high[c].max(v);
                center[c] += v / order.len() as f32;
            }
        }
        let mut block = Self { places, columns, packed, norms: Vec::new(), low, high, center };
        simd::run(Norms { block: &block, norms: &mut norms[..order.len()] });
        block.norms = norms;
        block
    }

    pub(super) fn places(&self) -> &[u32] {
        &self.places
    }

    pub(super) fn rows(&self) -> usize {
        self.places.len()
    }

    pub(super) fn center(&self) -> &[f32] {
        &self.center
    }

    /// A lower bound of the squared distances between the rows of two blocks.
    fn bound(&self, other: &Self) -> f32 {
        let gaps = self.low.iter().zip(&self.high).zip(other.low.iter().zip(&other.high));
        let squares = gaps.map(|((low, high), (other_low, other_high))| {
            let gap = (other_low - high).max(low - other_high).max(0.0);
            gap * gap
        });
        squares.sum()
    }

    fn longest(&self) -> f32 {
        self.norms[..self.places.len()].iter().fold(0.0, |longest, norm| longest.max(*norm))
    }
}

/// The best candidates of each row of a block so far.
#[derive(Debug)]
pub(super) struct Candidates {
    k: usize,
    /// Candidates of a row that are kept before the worst are dropped.
    room: usize,
    /// Squared distance in the upper bits, number of the row in the lower: distances are not negative, so their bits
    /// are in their order.
    keys: Vec<u64>,
    lengths: Vec<u32>,
    /// What a candidate must not be above; less than any distance for the rows that fill the last panel.
    limits: Vec<f32>,
    /// The same as a key: of equal distances those of later rows are not kept, however many there are.
    worst: Vec<u64>,
}

impl Candidates {
    pub(super) fn new(rows: usize, k: usize) -> Self {
        Self::with_room(rows, k, (k / 2).max(32))
    }

    /// With room for so many candidates of a row beyond `k` until the worst are dropped.
    pub(super) fn with_room(rows: usize, k: usize, beyond: usize) -> Self {
        let room = k + beyond;
        let mut limits = vec![-1.0; rows.div_ceil(PANEL) * PANEL];
        // Rows that fill the last panel of the other block are infinitely far.
        limits[..rows].fill(f32::MAX);
        Self {
            k,
            room,
            keys: vec![0; rows * room],
            lengths: vec![0; rows],
            limits,
            worst: vec![u64::MAX; rows],
        }
    }

    /// The candidates of row `i`, at least the `k` best of those offered, in no order.
    pub(super) fn of(&self, i: usize) -> impl Iterator<Item = u32> {
        self.keys[i * self.room..][..self.lengths[i] as usize].iter().map(|key| *key as u32)
    }

    /// The `k` best of those offered to row `i`, in no order: the same in whichever order they were offered.
    pub(super) fn best_of(&mut self, i: usize) -> impl Iterator<Item = u32> {
        let keys = &mut self.keys[i * self.room..][..self.lengths[i] as usize];
        let most = self.k.min(keys.len());
        if most < keys.len() {
            keys.select_nth_unstable(most);
        }
        keys[..most].iter().map(|key| *key as u32)
    }

    #[inline]
    fn offer(&mut self, i: usize, distance: f32, row: u32) {
        let key = u64::from(distance.to_bits()) << 32 | u64::from(row);
        if key > self.worst[i] {
            return;
        }
        let keys = &mut self.keys[i * self.room..(i + 1) * self.room];
        let length = &mut self.lengths[i];
        keys[*length as usize] = key;
        *length += 1;
        if *length as usize == self.room {
            self.drop_worst(i);
        }
    }

    fn drop_worst(&mut self, i: usize) {
        let keys = &mut self.keys[i * self.room..][..self.lengths[i] as usize];
        let (_, worst, _) = keys.select_nth_unstable(self.k - 1);
        self.worst[i] = *worst;
        self.limits[i] = f32::from_bits((*worst >> 32) as u32);
        self.lengths[i] = self.k as u32;
    }

    /// Keeps the `k` best of those offered so far: what is farther is not looked at any more.
    pub(super) fn settle(&mut self) {
        for i in 0..self.lengths.len() {
            if self.lengths[i] as usize > self.k {
                self.drop_worst(i);
            }
        }
    }

    fn widest(&self) -> f32 {
        self.limits.iter().fold(-1.0, |widest, limit| widest.max(*limit))
    }
}

/// Offers the rows of `right` to those of `left`, and the other way round where `right` has candidates too.
///
/// Blocks that are certainly too far apart are passed over. A row is not offered to itself.
pub(super) fn compare(
    left: &Block,
    right: &Block,
    of_left: &mut Candidates,
    of_right: Option<&mut Candidates>,
) {
    let widest = of_right.as_ref().map_or(-1.0, |of_right| of_right.widest()).max(of_left.widest());
    // The products round.
    let slack = 1e-5 * (left.longest() + right.longest());
    if left.bound(right) > widest * 1.0001 + slack {
        return;
    }
    let own: Vec<u32> = (0..left.rows() as u32).collect();
    simd::run(Compare { left, right, own: &own, of_left, of_right });
}

/// Offers the rows of `right` to those of `left`, whose candidates are the lists `own` of `of_left`.
pub(super) fn compare_some(left: &Block, right: &Block, own: &[u32], of_left: &mut Candidates) {
    simd::run(Compare { left, right, own, of_left, of_right: None });
}

struct Norms<'a> {
    block: &'a Block,
    norms: &'a mut [f32],
}

impl WithSimd for Norms<'_> {
    type Output = ();

    /// In the order of the products, so that equal rows are at distance zero exactly.
    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let panels = self.block.packed.chunks_exact((PANEL * self.block.columns).max(1));
        for (panel, norms) in panels.zip(self.norms.chunks_mut(PANEL)) {
            let mut sums = [0.0; PANEL];
            for values in panel.as_chunks::<PANEL>().0 {
                for (sum, v) in sums.iter_mut().zip(values) {
                    *sum = fma::<S>(*v, *v, *sum);
                }
            }
            norms.copy_from_slice(&sums[..norms.len()]);
        }
    }
}

struct Compare<'a> {
    left: &'a Block,
    right: &'a Block,
    own: &'a [u32],
    of_left: &'a mut Candidates,
    of_right: Option<&'a mut Candidates>,
}

impl WithSimd for Compare<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Self { left, right, own, of_left, mut of_right } = self;
        let stride = PANEL * left.columns;
        for (q, right_panel) in right.packed.chunks_exact(stride).enumerate() {
            let right_panel = right_panel.as_chunks::<PANEL>().0;
            let right_norms: &[f32; PANEL] = &right.norms.as_chunks().0[q];
            for (p, left_panel) in left.packed.chunks_exact(stride).enumerate() {
                let left_panel = left_panel.as_chunks::<PANEL>().0;
                for group in 0..PANEL / TILE {
                    let products = tile::<S>(left_panel, right_panel, group);
                    for (t, products) in products.iter().enumerate() {
                        let i = p * PANEL + group * TILE + t;
                        // Rows that fill the last panel have none.
                        let Some(&list) = own.get(i) else { continue };
                        let norm = left.norms[i];
                        let mut distances = [0.0f32; PANEL];
                        let limits = of_right.as_ref().map_or(&[-1.0; PANEL], |c| &c.limits.as_chunks().0[q]);
                        let limit = of_left.limits[list as usize];
                        let mut near = false;
                        for c in 0..PANEL {
                            distances[c] = fma::<S>(-2.0, products[c], norm + right_norms[c]).max(0.0);
                            near |= (distances[c] <= limits[c]) | (distances[c] <= limit);
                        }
                        if near {
                            offer(
                                &distances,
                                (left.places[i], list as usize),
                                (&right.places, q * PANEL),
                                of_left,
                                of_right.as_deref_mut(),
                            );
                        }
                    }
                }
            }
        }
    }
}

/// The products of `TILE` rows of a panel with all rows of another.
#[inline(always)]
fn tile<S: Simd>(left: &[[f32; PANEL]], right: &[[f32; PANEL]], group: usize) -> [[f32; PANEL]; TILE] {
    let mut sums = [[0.0f32; PANEL]; TILE];
    for (left, right) in left.iter().zip(right) {
        let left: &[f32; TILE] = &left.as_chunks().0[group];
        for (sums, a) in sums.iter_mut().zip(left) {
            for (sum, b) in sums.iter_mut().zip(right) {
                *sum = fma::<S>(*a, *b, *sum);
            }
        }
    }
    sums
}

#[inline(never)]
fn offer(
    distances: &[f32; PANEL],
    (row, i): (u32, usize),
    (places, j): (&[u32], usize),
    of_left: &mut Candidates,
    of_right: Option<&mut Candidates>,
) {
    for (&distance, &other) in distances.iter().zip(&places[j..]) {
        if distance <= of_left.limits[i] && other != row {
            of_left.offer(i, distance, other);
        }
    }
    if let Some(of_right) = of_right {
        for (c, &distance) in distances.iter().enumerate() {
            if distance <= of_right.limits[j + c] {
                of_right.offer(j + c, distance, row);
            }
        }
    }
}
