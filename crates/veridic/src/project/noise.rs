//! Normal noise.

use rand_chacha::rand_core::Rng;

/// Draws from the standard normal distribution.
pub(super) struct Normal<R>(pub(super) R);

impl<R: Rng> Normal<R> {
    /// Source: Box and Muller, Annals of Mathematical Statistics 29 (1958).
    pub(super) fn next(&mut self) -> f64 {
        let mut uniform = || ((self.0.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
        (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()
    }
}
