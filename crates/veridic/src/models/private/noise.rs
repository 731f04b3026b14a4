//! Noise that nobody can repeat.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::error::ModelError;
use crate::seed::{Seed, standard_normal, uniform};

/// Where noise is drawn from.
#[derive(Debug)]
pub(super) struct Noise(ChaCha8Rng);

impl Noise {
    /// From the system's randomness, or from a number.
    pub(super) fn new(seed: Option<u64>) -> Result<Self, ModelError> {
        if let Some(seed) = seed {
            return Ok(Self(Seed(seed).stream("private.noise")));
        }
        let mut key = [0u8; 32];
        getrandom::fill(&mut key).map_err(|error| ModelError::NoRandomness { reason: error.to_string() })?;
        Ok(Self(ChaCha8Rng::from_seed(key)))
    }

    /// A normal number of this deviation, rounded to a whole one: added to a count it is the rounded sum of both, so that no digit
    /// behind the point says anything (Mironov 2012).
    pub(super) fn normal(&mut self, sigma: f64) -> f64 {
        (sigma * standard_normal(&mut self.0)).round()
    }

    /// A number of the standard Gumbel distribution: the largest of scores to which these are added is a choice by the
    /// exponential mechanism.
    pub(super) fn gumbel(&mut self) -> f64 {
        -(-uniform(&mut self.0).ln()).ln()
    }
}
