//! What a detector has learned of one channel.

use std::ops::Range;

use super::autoregression::{Autoregression, AutoregressionConfig};
use super::average::moments;
use super::departure::Course;
use super::four::{FourSurprises, FourSurprisesConfig, Surprises};
use super::local::{self, LocalPolynomialConfig};
use super::near::Near;
use super::nearest::NearestWindowsConfig;
use super::part::{Part, longest};
use super::pca::{WindowPca, WindowPcaConfig};
use super::period::period;
use super::seasonal::{self, SeasonalNaiveConfig};
use crate::error::Error;
use crate::models::Stored;
use crate::project::pool;

/// A usual score is at least this share of the largest value: what is less is rounding.
const ROUNDING: f64 = 1e-9;

/// How a detector that looks at each channel apart is to learn.
#[derive(Debug, Clone, Copy)]
pub(super) enum ChannelConfig<'a> {
    FourSurprises(&'a FourSurprisesConfig),
    WindowPca(&'a WindowPcaConfig),
    NearestWindows(&'a NearestWindowsConfig),
    LocalPolynomial(&'a LocalPolynomialConfig),
    SeasonalNaive(&'a SeasonalNaiveConfig),
    Autoregression(&'a AutoregressionConfig),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum ChannelModel {
    Four(Box<FourSurprises>),
    /// A raw score, and its mean in training by which it is divided.
    Raw {
        model: Raw,
        window: usize,
        usual: f64,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Raw {
    Pca(WindowPca),
    Nearest(Near),
    Polynomial,
    Seasonal,
    Autoregression(Autoregression),
}

/// What the scores of a part's points are made of.
#[derive(Debug, Clone, Default)]
pub(super) struct Findings {
    /// Squares, one list a reason; none for a part that is too short.
    pub(super) squares: Vec<Vec<f64>>,
    /// Scores that are enough alone, one list a further reason; none where the model has none.
    pub(super) alone: Vec<Vec<f64>>,
}

impl ChannelModel {
    /// Learns from parts, and gives the findings of each too.
    pub(super) fn fit(
        parts: &[Part<'_>],
        config: ChannelConfig<'_>,
        threads: usize,
    ) -> Result<(Self, Vec<Findings>), Error> {
        let own = || parts.iter().max_by_key(|part| part.len()).map_or(1, |part| period(&part.values));
        let most = (longest(parts) / 4).max(1);
        let window = |given: Option<usize>| given.unwrap_or_else(own).clamp(1, most);
        let (window, model) = match config {
            ChannelConfig::FourSurprises(config) => {
                let (four, surprises) = FourSurprises::fit(parts, config, threads)?;
                return Ok((Self::Four(Box::new(four)), surprises.into_iter().map(Findings::from).collect()));
            }
            ChannelConfig::WindowPca(config) => {
                let window = window(config.window);
                (window, Raw::Pca(WindowPca::fit(parts, window, config)))
            }
            ChannelConfig::NearestWindows(config) => {
                let window = window(config.window);
                (window, Raw::Nearest(config.fit(parts, window)))
            }
            ChannelConfig::LocalPolynomial(config) => (window(config.window), Raw::Polynomial),
            ChannelConfig::SeasonalNaive(config) => (window(config.window), Raw::Seasonal),
            ChannelConfig::Autoregression(config) => {
                let window = window(config.window);
                (window, Raw::Autoregression(Autoregression::fit(parts, window, config.order)))
            }
        };
        let score = |part: &Part<'_>| match part.len() {
            n if n < window => Ok(Vec::new()),
            _ => model.score(part, window, threads),
        };
        let seen = parts.iter().map(score).collect::<Result<Vec<_>, _>>()?;
        let largest =
            parts.iter().flat_map(|part| &part.values).fold(0.0, |most: f64, value| most.max(value.abs()));
        let usual = moments(&seen.concat()).0.max(ROUNDING * largest).max(f64::MIN_POSITIVE);
        let findings = seen
            .into_iter()
            .map(|scores| if scores.is_empty() { Findings::default() } else { relative(scores, usual) });
        let findings = findings.collect();
        Ok((Self::Raw { model, window, usual }, findings))
    }

    /// The findings of a part's points.
    pub(super) fn findings(&self, part: &Part<'_>, threads: usize) -> Result<Findings, Error> {
        match self {
            Self::Four(four) => Ok(four.surprises(part, threads)?.into()),
            Self::Raw { model, window, usual } => Ok(relative(model.score(part, *window, threads)?, *usual)),
        }
    }

    /// For each point of a stretch how much further from the usual course it is than is usual, in multiples of that; nothing where
    /// the model knows of no course.
    pub(super) fn evidence(
        &self,
        part: &Part<'_>,
        stretch: Range<usize>,
        course: Course,
    ) -> Option<Vec<f64>> {
        match self {
            Self::Four(four) => Some(four.evidence(part, stretch, course)),
            Self::Raw { .. } => None,
        }
    }

    /// Points over which scores are averaged.
    pub(super) fn smooth(&self) -> usize {
        match self {
            Self::Four(four) => four.smooth,
            Self::Raw { .. } => 1,
        }
    }

    /// Whether the channel never moved in what was learned from.
    pub(super) fn is_still(&self) -> bool {
        match self {
            Self::Four(four) => four.is_still(),
            Self::Raw { .. } => false,
        }
    }

    /// Whether the squares are of nats of surprise.
    pub(super) fn is_in_nats(&self) -> bool {
        matches!(self, Self::Four(_))
    }

    /// Points a series needs.
    pub(super) fn needed(&self) -> usize {
        match self {
            Self::Four(_) => 1,
            Self::Raw { window, .. } => *window,
        }
    }

    pub(super) fn store(&self) -> Stored {
        match self {
            Self::Four(four) => four.store(),
            Self::Raw { model, window, usual } => {
                let mut stored = Stored::default();
                stored.insert("window", &[1], vec![*window as u64]);
                stored.insert("usual", &[1], vec![*usual]);
                match model {
                    Raw::Pca(model) => stored.absorb("pca", model.store()),
                    Raw::Nearest(near) => stored.absorb("near", near.store()),
                    Raw::Autoregression(model) => stored.absorb("autoregression", model.store()),
                    Raw::Polynomial | Raw::Seasonal => {}
                }
                stored
            }
        }
    }

    pub(super) fn restore(config: ChannelConfig<'_>, stored: &Stored) -> Result<Self, String> {
        let model = match config {
            ChannelConfig::FourSurprises(_) => {
                return Ok(Self::Four(Box::new(FourSurprises::restore(stored)?)));
            }
            ChannelConfig::WindowPca(_) => Raw::Pca(WindowPca::restore(&stored.below("pca"))?),
            ChannelConfig::NearestWindows(_) => Raw::Nearest(Near::restore(&stored.below("near"))?),
            ChannelConfig::LocalPolynomial(_) => Raw::Polynomial,
            ChannelConfig::SeasonalNaive(_) => Raw::Seasonal,
            ChannelConfig::Autoregression(_) => {
                Raw::Autoregression(Autoregression::restore(&stored.below("autoregression"))?)
            }
        };
        match (stored.values::<u64>("window")?, stored.values::<f64>("usual")?) {
            (&[window], &[usual]) if (1..1 << 32).contains(&window) && usual > 0.0 => {
                Ok(Self::Raw { model, window: window as usize, usual })
            }
            _ => Err("`window` or `usual` is out of range".into()),
        }
    }
}

impl From<Surprises> for Findings {
    fn from(surprises: Surprises) -> Self {
        let squares = surprises.windows.map(|nats| nats.into_iter().map(|nats| nats * nats).collect());
        Self { squares: squares.into(), alone: surprises.alone.into() }
    }
}

/// Bounded, so that no square overflows where nothing varied in training.
fn relative(scores: Vec<f64>, usual: f64) -> Findings {
    let squares = scores.into_iter().map(|score| (score / usual).min(1e100).powi(2)).collect();
    Findings { squares: vec![squares], alone: Vec::new() }
}

impl Raw {
    fn score(&self, part: &Part<'_>, window: usize, threads: usize) -> Result<Vec<f64>, Error> {
        Ok(match self {
            Self::Pca(model) => pool(threads)?.install(|| model.score(part)),
            Self::Nearest(near) => near.score(part, threads)?,
            Self::Polynomial => local::score(part, window),
            Self::Seasonal => seasonal::score(part, window),
            Self::Autoregression(model) => model.score(part),
        })
    }
}
