//! Where random numbers come from: named streams of one seed.
//!
//! Each consumer asks for a stream by name, so adding a consumer never shifts the draws of another.

mod normal;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

pub use normal::{normal_quantile, standard_normal, uniform};

/// The one seed of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl Seed {
    /// A generator for the consumer `name`; the same seed and name give the same numbers on every machine.
    pub fn stream(self, name: &str) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.digest(name))
    }

    /// A 64-bit key for the consumer `name`, for counter-based generators.
    pub fn key(self, name: &str) -> u64 {
        let digest = self.digest(name);
        u64::from_le_bytes([
            digest[0], digest[1], digest[2], digest[3], digest[4], digest[5], digest[6], digest[7],
        ])
    }

    fn digest(self, name: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update(name.as_bytes());
        hash.finalize().into()
    }
}
/// Puts items into a random order (Fisher and Yates); at most 2^32 of them.
pub(crate) fn shuffle<T>(items: &mut [T], random: &mut impl Rng) {
    for i in (1..items.len()).rev() {
        // Multiply-shift instead of a remainder; its bias is below 2^-32 of a draw.
        let j = ((u64::from(random.next_u32()) * (i as u64 + 1)) >> 32) as usize;
        items.swap(i, j);
    }
}
