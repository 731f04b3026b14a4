//! Counter-based random numbers: Philox 4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy
//! as 1, 2, 3").
//!
//! A number is a function of seed, step, node, row and place in the row, so it does not matter which thread draws it.

use super::isa::{Isa, dispatch};
use super::math;
use crate::op::Distribution;

/// What a draw depends on besides its row and place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DrawKey {
    pub(crate) seed: u64,
    pub(crate) step: u64,
    pub(crate) stream: u32,
}

/// Counters drawn together, so that the rounds vectorize.
const LANES: usize = 16;

dispatch! {
    /// Fills `rows` rows of `width` values, contiguous, from place 0 of each.
    pub(crate) unsafe fn fill_rows =
        fill(distribution: Distribution, key: DrawKey, row: u32, out: *mut f32, rows: usize, width: usize)
}

/// # Safety
/// `out` is valid for writing `rows * width` values.
#[inline(always)]
unsafe fn fill<const FMA: bool>(
    distribution: Distribution,
    key: DrawKey,
    first: u32,
    out: *mut f32,
    rows: usize,
    width: usize,
) {
    // SAFETY: the caller's contract.
    let out = unsafe { std::slice::from_raw_parts_mut(out, rows * width) };
    if width <= LANES {
        // Only the first counters of a row: those of several rows are drawn together.
        let (mut row, mut place) = (first, 0);
        for values in out.chunks_mut(LANES) {
            let (mut counters, mut of_rows) = ([0; LANES], [0; LANES]);
            for lane in 0..LANES {
                (counters[lane], of_rows[lane]) = (place, row);
                place += 1;
                if place as usize == width {
                    (row, place) = (row.wrapping_add(1), 0);
                }
            }
            let drawn = values_of::<FMA, LANES>(distribution, philox(key, of_rows, counters));
            values.copy_from_slice(&drawn[..values.len()]);
        }
        return;
    }
    for (i, out) in out.chunks_mut(width).enumerate() {
        let row = first.wrapping_add(i as u32);
        for (block, values) in out.chunks_mut(4 * LANES).enumerate() {
            let counters = std::array::from_fn(|lane| (block * LANES + lane) as u32);
            let drawn = values_of::<FMA, { 4 * LANES }>(distribution, philox(key, [row; LANES], counters));
            values.copy_from_slice(&drawn[..values.len()]);
        }
    }
}

/// The first `N` values of words: all of them, or those of the first word of each counter.
#[inline(always)]
fn values_of<const FMA: bool, const N: usize>(
    distribution: Distribution,
    words: [[u32; LANES]; 4],
) -> [f32; N] {
    let mut drawn = [0.0f32; N];
    match distribution {
        Distribution::Uniform => {
            for (value, word) in drawn.iter_mut().zip(words.as_flattened()) {
                *value = unit(*word);
            }
        }
        Distribution::Normal => {
            // Box and Muller; 1 - u is in (0, 1], so its logarithm is finite.
            for lane in 0..LANES {
                for pair in 0..N.div_ceil(2 * LANES) {
                    let radius = (-2.0 * math::ln::<FMA>(1.0 - unit(words[2 * pair][lane]))).sqrt();
                    let turn = unit(words[2 * pair + 1][lane]);
                    drawn[2 * pair * LANES + lane] = radius * math::cos_turn::<FMA>(turn);
                    if N > LANES {
                        let quarter = if turn < 0.25 { turn + 0.75 } else { turn - 0.25 };
                        drawn[(2 * pair + 1) * LANES + lane] = radius * math::cos_turn::<FMA>(quarter);
                    }
                }
            }
        }
    }
    drawn
}

/// The top 24 bits as a number in [0, 1).
#[inline(always)]
fn unit(word: u32) -> f32 {
    (word >> 8) as f32 * (1.0 / 16_777_216.0)
}

/// Four words for each of [`LANES`] counters of rows.
#[inline(always)]
fn philox(key: DrawKey, row: [u32; LANES], counter: [u32; LANES]) -> [[u32; LANES]; 4] {
    // The seed is the key; step, stream, row and block are the counter. Streams share a word with the step's top.
    let (mut k0, mut k1) = (key.seed as u32, (key.seed >> 32) as u32);
    let tag = key.stream.wrapping_add((key.step >> 32) as u32 ^ 0x5bd1_e995);
    let (mut c0, mut c1) = (counter, row);
    let mut c2 = [key.step as u32; LANES];
    let mut c3 = [tag; LANES];
    for _ in 0..10 {
        for lane in 0..LANES {
            let p0 = u64::from(c0[lane]) * 0xD251_1F53;
            let p1 = u64::from(c2[lane]) * 0xCD9E_8D57;
            let (n0, n2) = ((p1 >> 32) as u32 ^ c1[lane] ^ k0, (p0 >> 32) as u32 ^ c3[lane] ^ k1);
            c0[lane] = n0;
            c1[lane] = p1 as u32;
            c2[lane] = n2;
            c3[lane] = p0 as u32;
        }
        k0 = k0.wrapping_add(0x9E37_79B9);
        k1 = k1.wrapping_add(0xBB67_AE85);
    }
    [c0, c1, c2, c3]
}

/// `n` values of a stream, on this thread: what initializers draw from.
pub(crate) fn draw(distribution: Distribution, key: DrawKey, row: u32, n: usize) -> Vec<f32> {
    let mut values = vec![0.0; n];
    // SAFETY: `values` holds `n` values.
    unsafe { fill_rows(Isa::detect(), distribution, key, row, values.as_mut_ptr(), 1, n) };
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: DrawKey = DrawKey { seed: 7, step: 3, stream: 1 };

    #[test]
    fn philox_gives_the_published_test_vector() {
        // Random123 known-answer test: counter and key all ones-bits.
        let (mut k0, mut k1) = (u32::MAX, u32::MAX);
        let mut c = [u32::MAX; 4];
        for _ in 0..10 {
            let p0 = u64::from(c[0]) * 0xD251_1F53;
            let p1 = u64::from(c[2]) * 0xCD9E_8D57;
            c = [(p1 >> 32) as u32 ^ c[1] ^ k0, p1 as u32, (p0 >> 32) as u32 ^ c[3] ^ k1, p0 as u32];
            k0 = k0.wrapping_add(0x9E37_79B9);
            k1 = k1.wrapping_add(0xBB67_AE85);
        }
        assert_eq!(c, [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
        // And the vectorized form runs the same rounds.
        let counters = std::array::from_fn(|lane| 4 + lane as u32);
        let words = philox(DrawKey { seed: u64::MAX, step: 5, stream: 9 }, [2; LANES], counters);
        let (mut k0, mut k1) = (u32::MAX, u32::MAX);
        let mut c = [4u32, 2, 5, 9u32.wrapping_add(0x5bd1_e995)];
        for _ in 0..10 {
            let p0 = u64::from(c[0]) * 0xD251_1F53;
            let p1 = u64::from(c[2]) * 0xCD9E_8D57;
            c = [(p1 >> 32) as u32 ^ c[1] ^ k0, p1 as u32, (p0 >> 32) as u32 ^ c[3] ^ k1, p0 as u32];
            k0 = k0.wrapping_add(0x9E37_79B9);
            k1 = k1.wrapping_add(0xBB67_AE85);
        }
        assert_eq!([words[0][0], words[1][0], words[2][0], words[3][0]], c);
    }

    #[test]
    fn moments_are_those_of_the_distribution() {
        let n = 200_000;
        let uniform = draw(Distribution::Uniform, KEY, 0, n);
        let mean = uniform.iter().map(|&x| f64::from(x)).sum::<f64>() / n as f64;
        assert!((mean - 0.5).abs() < 0.003, "{mean}");
        assert!(uniform.iter().all(|&x| (0.0..1.0).contains(&x)));
        let normal = draw(Distribution::Normal, KEY, 0, n);
        let moment = |p: i32| normal.iter().map(|&x| f64::from(x).powi(p)).sum::<f64>() / n as f64;
        assert!(moment(1).abs() < 0.01 && (moment(2) - 1.0).abs() < 0.02, "{} {}", moment(1), moment(2));
        assert!(moment(3).abs() < 0.05 && (moment(4) - 3.0).abs() < 0.12, "{} {}", moment(3), moment(4));
        let lag: f64 = normal.windows(2).map(|w| f64::from(w[0] * w[1])).sum::<f64>() / n as f64;
        assert!(lag.abs() < 0.01, "{lag}");
    }

    #[test]
    fn a_row_does_not_depend_on_its_neighbours_or_length() {
        let long = draw(Distribution::Normal, KEY, 5, 100);
        assert_eq!(draw(Distribution::Normal, KEY, 5, 37), long[..37]);
        assert_ne!(draw(Distribution::Normal, KEY, 6, 100), long);
        assert_ne!(draw(Distribution::Normal, DrawKey { step: 4, ..KEY }, 5, 100), long);
        for distribution in [Distribution::Normal, Distribution::Uniform] {
            for width in [1, 3, 10, LANES, LANES + 1] {
                let mut rows = vec![0.0; 7 * width];
                for isa in Isa::available() {
                    // SAFETY: `rows` holds 7 rows.
                    unsafe { fill_rows(isa, distribution, KEY, 5, rows.as_mut_ptr(), 7, width) };
                    for (i, row) in rows.chunks(width).enumerate() {
                        // Transforms to a normal distribution are fused or not.
                        for (found, want) in row.iter().zip(draw(distribution, KEY, 5 + i as u32, 100)) {
                            let near = distribution == Distribution::Normal && (found - want).abs() < 1e-5;
                            assert!(near || *found == want, "{isa:?} {found} {want}");
                        }
                    }
                }
            }
        }
    }
}
