//! The variance of a normal likelihood, as recipes write it: a number, or what is learned.

use std::fmt;

use serde::de::{self, Deserializer, Visitor};
use serde::ser::Serializer;
use serde::{Deserialize, Serialize};

/// The variance of a normal likelihood.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Variance {
    /// `0.5`: this number, above 0.
    Fixed(f32),
    /// `"shared"`: one that is learned, the same for all columns (Rybkin, Daniilidis and Levine 2021, "σ-VAE").
    Shared,
    /// `"by-column"`: one for each encoded column, learned. A column that never varies drives its own to the lower
    /// limit, e^-9, and the loss with it.
    ByColumn,
    /// `"coupled"`: one for each encoded column, learned, as `"by-column"`; and rows that are made get noise with the covariance of
    /// what is left of rows in training (its running mean), as of steps that follow each other. Losses and scores are those of
    /// `"by-column"`.
    Coupled,
    /// `"decoded"`: one for each value of each row, which the decoder gives beside the mean (Nix and Weigend 1994, "Estimating the
    /// mean and variance of the target probability distribution"): rows may be calm or stormy.
    Decoded,
    /// `"decoded-coupled"`: `"decoded"`; and rows that are made get noise whose values, in units of what the decoder says of each, go
    /// together as what is left of rows in training does. Losses and scores are those of `"decoded"`.
    DecodedCoupled,
}

impl Variance {
    /// Whether the decoder gives a variance of each value.
    pub(super) fn is_decoded(self) -> bool {
        matches!(self, Self::Decoded | Self::DecodedCoupled)
    }

    /// Whether the noise of made rows goes together.
    pub(super) fn is_coupled(self) -> bool {
        matches!(self, Self::Coupled | Self::DecodedCoupled)
    }

    /// In words, for formulas.
    pub(super) fn text(self) -> String {
        match self {
            Self::Fixed(variance) => format!("v = {variance}"),
            Self::Shared => "v learned, one for all columns".to_string(),
            Self::ByColumn => "v learned by column".to_string(),
            Self::Coupled => "v learned by column, made rows with noise that goes together".to_string(),
            Self::Decoded => "v decoded with y".to_string(),
            Self::DecodedCoupled => "v decoded with y, made rows with noise that goes together".to_string(),
        }
    }
}

impl Serialize for Variance {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Fixed(variance) => serializer.serialize_f32(*variance),
            Self::Shared => serializer.serialize_str("shared"),
            Self::ByColumn => serializer.serialize_str("by-column"),
            Self::Coupled => serializer.serialize_str("coupled"),
            Self::Decoded => serializer.serialize_str("decoded"),
            Self::DecodedCoupled => serializer.serialize_str("decoded-coupled"),
        }
    }
}

impl<'de> Deserialize<'de> for Variance {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Written;
        impl Visitor<'_> for Written {
            type Value = Variance;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number above 0, \"shared\", \"by-column\", \"coupled\", \"decoded\" or \"decoded-coupled\"")
            }

            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Variance, E> {
                Ok(Variance::Fixed(value as f32))
            }

            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Variance, E> {
                Ok(Variance::Fixed(value as f32))
            }

            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Variance, E> {
                Ok(Variance::Fixed(value as f32))
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Variance, E> {
                match value {
                    "shared" => Ok(Variance::Shared),
                    "by-column" => Ok(Variance::ByColumn),
                    "coupled" => Ok(Variance::Coupled),
                    "decoded" => Ok(Variance::Decoded),
                    "decoded-coupled" => Ok(Variance::DecodedCoupled),
                    _ => Err(E::invalid_value(de::Unexpected::Str(value), &self)),
                }
            }
        }
        deserializer.deserialize_any(Written)
    }
}
