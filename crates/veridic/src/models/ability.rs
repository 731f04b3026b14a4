//! What models are capable of.

use super::ModelConfig;

/// Something that some models are capable of, and others are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ability {
    /// To make new rows.
    Sample,
    /// To say how unusual rows are.
    Score,
    /// To say which columns make a row unusual.
    Explain,
    /// To give each row a code.
    Encode,
    /// To give back, from its code, the row that is expected.
    Reconstruct,
    /// To draw codes from a row's posterior.
    Posterior,
    /// To be drawn as layers.
    Layers,
    /// To complete missing cells, and say what one column is given the others.
    Fill,
    /// To say how likely rows are, exactly.
    Likelihood,
    /// To tell which class rows are of.
    Classify,
    /// To find stretches of a series that are unusual.
    Alarm,
    /// To make paths of series that go on from a past.
    Continue,
    /// To fill missing stretches of series.
    FillSeries,
}

impl Ability {
    /// The verb in a message: "a VAE cannot …".
    pub fn verb(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Score => "score",
            Self::Explain => "say which columns add to a score",
            Self::Encode => "encode",
            Self::Reconstruct => "give rows back",
            Self::Posterior => "draw from a row's posterior",
            Self::Layers => "be drawn as layers",
            Self::Fill => "fill in cells from the others of a row",
            Self::Likelihood => "say how likely a row is",
            Self::Classify => "classify",
            Self::Alarm => "find unusual stretches of series",
            Self::Continue => "make paths of series",
            Self::FillSeries => "fill missing stretches of series",
        }
    }
}

impl ModelConfig {
    /// Whether the model is capable of something.
    pub fn can(&self, ability: Ability) -> bool {
        match self {
            Self::Autoencoder(_) => matches!(
                ability,
                Ability::Score | Ability::Explain | Ability::Encode | Ability::Reconstruct | Ability::Layers
            ),
            Self::Vae(_) => matches!(
                ability,
                Ability::Sample
                    | Ability::Score
                    | Ability::Explain
                    | Ability::Encode
                    | Ability::Reconstruct
                    | Ability::Posterior
                    | Ability::Layers
            ),
            Self::Aae(_) => matches!(
                ability,
                Ability::Sample
                    | Ability::Score
                    | Ability::Explain
                    | Ability::Encode
                    | Ability::Reconstruct
                    | Ability::Layers
            ),
            Self::Gan(gan) => match ability {
                Ability::Classify => gan.semi_supervised.is_some(),
                _ => matches!(ability, Ability::Sample | Ability::Score | Ability::Encode | Ability::Layers),
            },
            Self::Classifier(_) => {
                matches!(ability, Ability::Score | Ability::Encode | Ability::Classify | Ability::Layers)
            }
            Self::Propagation(_) => ability == Ability::Classify,
            _ => self.table().is_some_and(|parts| parts.can(ability)),
        }
    }
}
