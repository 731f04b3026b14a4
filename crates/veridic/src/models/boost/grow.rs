//! Growing a tree on one gradient a row, by histograms over codes.

use rand_chacha::ChaCha8Rng;

use super::feature::{Feature, Features, MAX_BINS};
use super::tree::Tree;
use crate::seed::uniform;

/// Bits of a packed sum that count rows; those above hold the sum of gradients in fixed point.
const COUNT_BITS: u32 = 24;
const COUNT_MASK: i64 = (1 << COUNT_BITS) - 1;

/// Bits that the sum of the sizes of all gradients may take.
const SUM_BITS: i32 = 37;

/// Fewest rows of a leaf below the limit.
const SURE_ROWS: u32 = 5;

/// A split must be better than none by this.
const MIN_GAIN: f32 = 1e-6;

/// Rows of doubt when codes without an order are put into one.
const CODE_DOUBT: f32 = 5.0;

/// Sums of gradients and counts by code of a feature, packed into one number so that one addition does for both. Sums of
/// integers do not depend on their order, and the histogram of a child is exactly the difference of two others.
type Histogram = [i64; MAX_BINS];

/// What trees are grown by.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub(super) depth: usize,
    pub(super) min_leaf: usize,
    /// Fewer rows than that, but at least [`SURE_ROWS`], are a leaf if the square of their sum of gradients is so many times
    /// their number.
    pub(super) sure: f32,
    /// Most features of a tree.
    pub(super) features: usize,
}

/// Grows trees on the same rows.
pub(super) struct Grower<'a> {
    features: &'a Features<'a>,
    /// The rows of `features` that trees are grown on.
    chosen: &'a [u32],
    limits: Limits,
    /// The features of the present tree.
    present: Vec<usize>,
    /// Codes of the present features, row after row of `chosen`.
    codes: Vec<u8>,
    packed: Vec<i64>,
    /// A gradient of 1 / `unit` is 1 in fixed point.
    unit: f32,
    order: Vec<u32>,
    spare: Vec<u32>,
    /// One set of histograms for each depth, and one for the smaller child at each.
    histograms: Vec<Vec<Histogram>>,
    /// The leaf of each chosen row.
    pub(super) leaves: Vec<u8>,
}

/// A part of the rows on its way down.
#[derive(Clone, Copy)]
struct Part {
    at: usize,
    depth: usize,
    from: usize,
    to: usize,
}

struct Split {
    gain: f32,
    /// Place among the present features.
    feature: usize,
    left: [u64; 4],
}

impl<'a> Grower<'a> {
    pub(super) fn new(features: &'a Features<'a>, chosen: &'a [u32], limits: Limits) -> Self {
        let n = chosen.len();
        debug_assert!((n as i64) < COUNT_MASK);
        Self {
            features,
            chosen,
            limits,
            present: Vec::new(),
            codes: Vec::new(),
            packed: vec![0; n],
            unit: 1.0,
            order: vec![0; n],
            spare: vec![0; n],
            histograms: Vec::new(),
            leaves: vec![0; n],
        }
    }

    /// A tree on `gradient`, one of each chosen row; `leaves` then says where each row ends.
    pub(super) fn grow(&mut self, gradient: &[f32], random: &mut ChaCha8Rng) -> Tree {
        self.choose_features(random);
        self.pack(gradient);
        let mut tree = Tree::new(self.limits.depth);
        for (place, row) in self.order.iter_mut().enumerate() {
            *row = place as u32;
        }
        let root = Part { at: 0, depth: 0, from: 0, to: gradient.len() };
        let mut histogram = self.take();
        self.count(&root, &mut histogram);
        self.split(root, histogram, &mut tree);
        tree
    }

    /// Chooses the features of a tree, and lays out their codes row by row.
    fn choose_features(&mut self, random: &mut ChaCha8Rng) {
        let useful = |f: &usize| self.features.about[*f].bins > 1;
        let all: Vec<usize> = (0..self.features.len()).filter(useful).collect();
        if all.len() <= self.limits.features {
            if self.present == all {
                return;
            }
            self.present = all;
        } else {
            // Each tree has exactly as many: features are passed over with the chance that leaves enough.
            let (mut needed, mut left) = (self.limits.features, all.len());
            self.present.clear();
            for f in all {
                if uniform(random) * (left as f64) < needed as f64 {
                    self.present.push(f);
                    needed -= 1;
                }
                left -= 1;
            }
        }
        let width = self.present.len();
        self.codes.resize(self.chosen.len() * width, 0);
        for (place, f) in self.present.iter().enumerate() {
            let codes = self.features.codes[*f];
            for (to, row) in self.codes[place..].iter_mut().step_by(width).zip(self.chosen) {
                *to = codes[*row as usize];
            }
        }
    }

    fn pack(&mut self, gradient: &[f32]) {
        let total: f64 = gradient.iter().map(|g| f64::from(g.abs())).sum();
        let scale = (SUM_BITS - total.max(1e-30).log2().ceil() as i32).clamp(-60, 60);
        self.unit = f64::from(-scale).exp2() as f32;
        let scale = f64::from(scale).exp2();
        for (packed, g) in self.packed.iter_mut().zip(gradient) {
            *packed = (((f64::from(*g) * scale) as i64) << COUNT_BITS) + 1;
        }
    }

    fn take(&mut self) -> Vec<Histogram> {
        let mut histogram = self.histograms.pop().unwrap_or_default();
        histogram.resize(self.present.len(), [0; MAX_BINS]);
        histogram
    }

    fn count(&self, part: &Part, histogram: &mut [Histogram]) {
        for codes in histogram.iter_mut() {
            codes.fill(0);
        }
        let width = self.present.len();
        for row in &self.order[part.from..part.to] {
            let row = *row as usize;
            let packed = self.packed[row];
            let codes = &self.codes[row * width..(row + 1) * width];
            for (histogram, code) in histogram.iter_mut().zip(codes) {
                histogram[usize::from(*code)] += packed;
            }
        }
    }

    /// Splits a part and its children as far as it goes; `histogram` is of the part.
    fn split(&mut self, part: Part, mut histogram: Vec<Histogram>, tree: &mut Tree) {
        let rows = part.to - part.from;
        let found = if part.depth < self.limits.depth && rows >= 2 * self.limits.min_leaf {
            self.best(&histogram, rows)
        } else {
            None
        };
        let Some(found) = found else {
            self.end(&part, tree);
            self.histograms.push(histogram);
            return;
        };
        let node = &mut tree.nodes[part.at];
        node.feature = self.present[found.feature] as u32;
        node.left = found.left;
        let middle = self.partition(&part, &found);
        let left = Part { at: 2 * part.at + 1, depth: part.depth + 1, from: part.from, to: middle };
        let right = Part { at: 2 * part.at + 2, depth: part.depth + 1, from: middle, to: part.to };
        if left.depth == self.limits.depth {
            self.end(&left, tree);
            self.end(&right, tree);
            self.histograms.push(histogram);
            return;
        }
        let mut small = self.take();
        let left_is_small = middle - part.from <= part.to - middle;
        self.count(if left_is_small { &left } else { &right }, &mut small);
        for (all, small) in histogram.iter_mut().flatten().zip(small.iter().flatten()) {
            *all -= small;
        }
        let (of_left, of_right) = if left_is_small { (small, histogram) } else { (histogram, small) };
        self.split(left, of_left, tree);
        self.split(right, of_right, tree);
    }

    fn end(&mut self, part: &Part, tree: &Tree) {
        let leaf = tree.leaf_below(part.at, part.depth);
        for row in &self.order[part.from..part.to] {
            self.leaves[*row as usize] = leaf;
        }
    }

    /// Moves the rows that go left to the front, in their order, and returns where the others begin.
    fn partition(&mut self, part: &Part, split: &Split) -> usize {
        let width = self.present.len();
        let (mut to, mut others) = (part.from, 0);
        for i in part.from..part.to {
            let row = self.order[i];
            let code = self.codes[row as usize * width + split.feature];
            let left = (split.left[usize::from(code >> 6)] >> (code & 63)) & 1 == 1;
            // Both are written, so that nothing is guessed.
            self.order[to] = row;
            self.spare[others] = row;
            to += usize::from(left);
            others += usize::from(!left);
        }
        self.order[to..part.to].copy_from_slice(&self.spare[..others]);
        to
    }

    fn best(&self, histogram: &[Histogram], rows: usize) -> Option<Split> {
        let mut best: Option<Split> = None;
        let mut codes: Vec<(u8, f32, u32)> = Vec::with_capacity(MAX_BINS);
        let total: i64 = histogram.first()?.iter().map(|sum| sum >> COUNT_BITS).sum();
        let total = total as f32 * self.unit;
        let (n, min_leaf) = (rows as f32, self.limits.min_leaf as u32);
        let none = total * total / (n + 1.0);
        for (feature, histogram) in histogram.iter().enumerate() {
            let Feature { bins, ordered } = self.features.about[self.present[feature]];
            codes.clear();
            for (code, sum) in histogram[..bins].iter().enumerate() {
                let count = (sum & COUNT_MASK) as u32;
                if count > 0 {
                    codes.push((code as u8, (sum >> COUNT_BITS) as f32 * self.unit, count));
                }
            }
            if !ordered {
                let rank = |(_, sum, count): &(u8, f32, u32)| sum / (*count as f32 + CODE_DOUBT);
                codes.sort_by(|a, b| rank(a).total_cmp(&rank(b)).then(a.0.cmp(&b.0)));
            }
            let least = best.as_ref().map_or(MIN_GAIN, |best| best.gain);
            let whole = (total, rows as u32, none);
            let Some((gain, place)) = scan(&codes, whole, (min_leaf, self.limits.sure), least) else {
                continue;
            };
            let mut left = [0u64; 4];
            if ordered {
                let last = usize::from(codes[place].0);
                for code in 0..=last {
                    left[code >> 6] |= 1 << (code & 63);
                }
            } else {
                let count: u32 = codes[..=place].iter().map(|code| code.2).sum();
                // Codes that are not in this part go where more rows go.
                let larger_left = 2 * count > rows as u32;
                if larger_left {
                    left = [u64::MAX; 4];
                }
                let named = if larger_left { &codes[place + 1..] } else { &codes[..=place] };
                for (code, ..) in named {
                    left[usize::from(code >> 6)] ^= 1 << (code & 63);
                }
            }
            best = Some(Split { gain, feature, left });
        }
        best
    }
}

/// The best cut of codes in their order: its gain, above `least`, and the last code of the left side.
fn scan(
    codes: &[(u8, f32, u32)],
    (total, rows, none): (f32, u32, f32),
    (min_leaf, sure): (u32, f32),
    least: f32,
) -> Option<(f32, usize)> {
    let mut best = least;
    let mut place = None;
    let (mut sum, mut count) = (0.0f32, 0u32);
    for (i, (_, s, c)) in codes.iter().enumerate() {
        sum += s;
        count += c;
        let rest = total - sum;
        let is_sure = |sum: f32, count: u32| count >= SURE_ROWS && sum * sum > sure * count as f32;
        if count < min_leaf && !is_sure(sum, count) {
            continue;
        }
        if rows - count < min_leaf && !is_sure(rest, rows - count) {
            continue;
        }
        let gain = sum * sum / (count as f32 + 1.0) + rest * rest / ((rows - count) as f32 + 1.0) - none;
        if gain > best {
            best = gain;
            place = Some(i);
        }
    }
    place.map(|place| (best, place))
}
