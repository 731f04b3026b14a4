//! Detectors of what does not belong in series: fit and score.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::autoencoder::{WindowAutoencoder, WindowAutoencoderConfig};
use super::autoregression::AutoregressionConfig;
use super::channel::{ChannelConfig, ChannelModel};
use super::departure::Course;
use super::extreme;
use super::four::{FourSurprises, FourSurprisesConfig, REASONS};
use super::gap;
use super::group::{Group, Model};
use super::local::LocalPolynomialConfig;
use super::nearest::NearestWindowsConfig;
use super::pca::WindowPcaConfig;
use super::seasonal::SeasonalNaiveConfig;
use super::surprise::Ranks;
use super::trailing::{TrailingDistances, TrailingDistancesConfig};
use crate::data::series::{Series, SeriesSet};
use crate::error::{ConfigError, DataError, Error, ModelError, SeriesError};
use crate::models::Stored;

/// Fewest points that anything can be learned from.
const LEAST: usize = 16;

/// Which detector of series, with its settings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetectorConfig {
    /// Two distances to nearest windows, one within leading directions, and the spread, as surprises: the default.
    FourSurprises(FourSurprisesConfig),
    /// Windows beside their principal components.
    WindowPca(WindowPcaConfig),
    /// Windows beside the nearest ones.
    NearestWindows(NearestWindowsConfig),
    /// Blocks beside a parabola through their surroundings.
    LocalPolynomial(LocalPolynomialConfig),
    /// Values beside those a season before.
    SeasonalNaive(SeasonalNaiveConfig),
    /// Values beside a linear prediction.
    Autoregression(AutoregressionConfig),
    /// All channels together, by what was before each row.
    TrailingDistances(TrailingDistancesConfig),
    /// All channels together, by how well an autoencoder of windows gives them back.
    Autoencoder(Box<WindowAutoencoderConfig>),
}

/// What a detector looks at at once.
pub(super) enum Sight<'a> {
    Together(&'a TrailingDistancesConfig),
    Windows(&'a WindowAutoencoderConfig),
    Apart(ChannelConfig<'a>),
}

impl Default for DetectorConfig {
    fn default() -> Self {
        Self::FourSurprises(FourSurprisesConfig::default())
    }
}

impl DetectorConfig {
    pub(super) fn sight(&self) -> Sight<'_> {
        match self {
            Self::FourSurprises(config) => Sight::Apart(ChannelConfig::FourSurprises(config)),
            Self::WindowPca(config) => Sight::Apart(ChannelConfig::WindowPca(config)),
            Self::NearestWindows(config) => Sight::Apart(ChannelConfig::NearestWindows(config)),
            Self::LocalPolynomial(config) => Sight::Apart(ChannelConfig::LocalPolynomial(config)),
            Self::SeasonalNaive(config) => Sight::Apart(ChannelConfig::SeasonalNaive(config)),
            Self::Autoregression(config) => Sight::Apart(ChannelConfig::Autoregression(config)),
            Self::TrailingDistances(config) => Sight::Together(config),
            Self::Autoencoder(config) => Sight::Windows(config),
        }
    }

    /// The name in recipes.
    pub fn name(&self) -> &'static str {
        match self {
            Self::FourSurprises(_) => "four-surprises",
            Self::WindowPca(_) => "window-pca",
            Self::NearestWindows(_) => "nearest-windows",
            Self::LocalPolynomial(_) => "local-polynomial",
            Self::SeasonalNaive(_) => "seasonal-naive",
            Self::Autoregression(_) => "autoregression",
            Self::TrailingDistances(_) => "trailing-distances",
            Self::Autoencoder(_) => "autoencoder",
        }
    }

    /// Checks what can be checked without data; `path` is where the settings stand.
    ///
    /// # Errors
    /// A number outside its range.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let path = format!("{path}.{}", self.name());
        let whole = |field: &str, found: usize, low: usize, high: usize| {
            if (low..=high).contains(&found) {
                return Ok(());
            }
            let (field, found) = (format!("{path}.{field}"), found.to_string());
            Err(ConfigError::Range { field, found, allowed: format!("a whole number from {low} to {high}") })
        };
        let window =
            |found: Option<usize>, low| found.map_or(Ok(()), |found| whole("window", found, low, 100_000));
        match self {
            Self::FourSurprises(config) => {
                whole("references", config.references, 10, 1_000_000)?;
                whole("neighbors", config.neighbors, 1, 1000)?;
                whole("components", config.components, 1, 64)?;
                config.smooth.map_or(Ok(()), |points| whole("smooth", points, 1, 1_000_000))
            }
            Self::WindowPca(config) => {
                window(config.window, 2)?;
                if (0.0..=1.0).contains(&config.share) {
                    return Ok(());
                }
                let (field, found) = (format!("{path}.share"), config.share.to_string());
                Err(ConfigError::Range { field, found, allowed: "0 to 1".into() })
            }
            Self::NearestWindows(config) => {
                whole("neighbors", config.neighbors, 1, 1000)?;
                whole("references", config.references, 10, 1_000_000)?;
                window(config.window, 1)
            }
            Self::LocalPolynomial(config) => window(config.window, 1),
            Self::SeasonalNaive(config) => window(config.window, 1),
            Self::Autoregression(config) => {
                whole("order", config.order, 1, 512)?;
                window(config.window, 1)
            }
            Self::TrailingDistances(config) => {
                whole("components", config.components, 1, 10_000)?;
                whole("references", config.references, 10, 1_000_000)
            }
            Self::Autoencoder(config) => config.check(&path),
        }
    }

    /// The name in messages, with its article.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::TrailingDistances(_) => "a detector of trailing distances",
            Self::Autoencoder(_) => "an autoencoder of windows",
            _ => "a detector of series",
        }
    }

    /// Points a series needs, where the longest that is learned from has `longest`.
    fn window(&self, longest: usize) -> usize {
        match self {
            Self::FourSurprises(_) => FourSurprises::window(longest).max(LEAST),
            Self::TrailingDistances(_) => TrailingDistances::NEEDED,
            Self::Autoencoder(config) => WindowAutoencoder::needed(config),
            Self::Autoregression(config) => (config.order + 2).max(LEAST),
            _ => LEAST,
        }
    }

    /// Why a point may score high, where the detector tells several reasons apart.
    pub fn reasons(&self) -> &'static [&'static str] {
        if matches!(self, Self::FourSurprises(_)) { &REASONS } else { &[] }
    }
}

/// A fitted detector.
///
/// Each entity is judged by its own past, or all by the past of all where they are pooled; each channel by itself, but for
/// [`DetectorConfig::TrailingDistances`] and [`DetectorConfig::Autoencoder`].
#[derive(Debug, Clone, PartialEq)]
pub struct Detector {
    config: DetectorConfig,
    channels: Vec<String>,
    /// What was learned of each entity, or of all.
    groups: Vec<Group>,
    pooled: bool,
    /// Scores of the points that were learned from.
    seen: Ranks,
    /// Values by channel that were too far out to be learned from.
    left_out: Vec<usize>,
}

/// Scores of the points of one series.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesScores {
    /// What the series is of.
    pub entity: String,
    /// The times of its points.
    pub times: Vec<f64>,
    /// A score a point, higher for what is more unusual; NaN where no channel has a value. Nats of
    /// [`DetectorConfig::FourSurprises`], else multiples of what was usual in training.
    pub scores: Vec<f64>,
    /// The same before they were averaged over points next to each other; empty where they were not.
    pub sharp: Vec<f64>,
    /// The share of each channel in the score of each point, 0 to 1; empty where there is one channel.
    pub channels: Vec<Vec<f32>>,
    /// The share of each of [`DetectorConfig::reasons`] likewise.
    pub reasons: Vec<Vec<f32>>,
}

impl SeriesScores {
    /// The highest score of each window of `length` points, `stride` apart; NaN where no point of it has one.
    pub fn windows(&self, length: usize, stride: usize) -> Vec<f64> {
        let highest = |window: &[f64]| window.iter().copied().fold(f64::NAN, f64::max);
        self.scores.windows(length.max(1)).step_by(stride.max(1)).map(highest).collect()
    }
}

impl Detector {
    /// Whether scores are nats, or else multiples of what was usual in training.
    pub fn is_in_nats(&self) -> bool {
        matches!(self.config, DetectorConfig::FourSurprises(_))
    }

    /// Learns what is usual in `set`; with `pooled` one model of all entities, else one of each.
    ///
    /// Missing values lie on a line between their neighbors. The series may hold unusual points, if they are rare; of values further
    /// from the middle 98 % than 50 times their span nothing is learned (see [`Self::left_out`]), as if they were missing.
    ///
    /// # Errors
    /// No series or no channel, a series that is too short, a channel without values.
    pub fn fit(
        set: &SeriesSet,
        config: &DetectorConfig,
        pooled: bool,
        threads: usize,
    ) -> Result<Self, Error> {
        if set.channels.is_empty() || set.series.is_empty() {
            return Err(ModelError::NoColumns { model: config.noun() }.into());
        }
        let entities = if pooled { vec![""] } else { set.entities() };
        let mut by_entity: BTreeMap<&str, Vec<&Series>> = BTreeMap::new();
        for series in &set.series {
            by_entity.entry(if pooled { "" } else { &series.entity }).or_default().push(series);
        }
        let mut groups = Vec::new();
        let mut seen = Vec::new();
        let mut left_out = vec![0; set.channels.len()];
        for entity in &entities {
            let whole = &by_entity[*entity];
            let gap = gap::longest_filled(whole, config.window(0));
            let pieces = whole.iter().flat_map(|series| {
                gap::pieces(series, gap).into_iter().map(|piece| gap::part(series, &piece))
            });
            let mut of: Vec<Cow<'_, Series>> = pieces.collect();
            let longest = of.iter().map(|series| series.len()).max().unwrap_or(0);
            let needed = config.window(longest);
            if longest < needed {
                let (entity, found) = ((*entity).to_owned(), longest);
                let purpose = "learning what is usual";
                return Err(failed(SeriesError::Short { entity, found, needed, purpose }));
            }
            // Parts that could not be judged are not learned from either.
            of.retain(|series| series.len() >= needed);
            for (c, channel) in set.channels.iter().enumerate() {
                if of.iter().all(|series| series.values[c].iter().all(|value| !value.is_finite())) {
                    let (entity, channel) = ((*entity).to_owned(), channel.clone());
                    return Err(failed(SeriesError::AllMissing { entity, channel }));
                }
            }
            let mut learned: Vec<Series> = of.into_iter().map(Cow::into_owned).collect();
            left_out.iter_mut().zip(extreme::leave_out(&mut learned)).for_each(|(all, here)| *all += here);
            let of: Vec<&Series> = learned.iter().collect();
            let (group, scores) = Group::fit(entity, &of, config, (needed, gap), threads)?;
            groups.push(group);
            seen.extend(scores);
        }
        let known = seen.iter().flat_map(|scores| &scores.scores).copied().filter(|score| !score.is_nan());
        let seen = Ranks::of(known.collect());
        let channels = set.channels.clone();
        Ok(Self { config: config.clone(), channels, groups, pooled, seen, left_out })
    }

    /// Scores the points of each series. Those that were learned from are not compared with themselves: a window is told by
    /// its entity, time and values.
    ///
    /// # Errors
    /// A channel that is not there, an entity nothing was learned of, a series shorter than the windows.
    pub fn score(&self, set: &SeriesSet, threads: usize) -> Result<Vec<SeriesScores>, Error> {
        let set = set
            .select(&self.channels)
            .map_err(|column| Error::from(ModelError::MissingColumn { model: self.config.noun(), column }))?;
        let unknown: Vec<String> =
            set.entities().into_iter().filter(|e| self.group(e).is_none()).map(str::to_owned).collect();
        if !unknown.is_empty() {
            return Err(failed(SeriesError::UnknownEntity { entities: unknown }));
        }
        // Of the parts of an entity some may be shorter than the windows, but not all.
        let mut longest: BTreeMap<&str, usize> = BTreeMap::new();
        for series in &set.series {
            let most = longest.entry(&series.entity).or_default();
            *most = series.len().max(*most);
        }
        for (entity, found) in longest {
            if let Some(needed) =
                self.group(entity).map(|group| group.needed).filter(|needed| found < *needed)
            {
                let (entity, purpose) = (entity.to_owned(), "the detector's window");
                return Err(failed(SeriesError::Short { entity, found, needed, purpose }));
            }
        }
        let score = |series: &Series| match self.group(&series.entity) {
            Some(group) => group.score(series, threads),
            None => Err(failed(SeriesError::UnknownEntity { entities: vec![series.entity.clone()] })),
        };
        set.series.iter().map(score).collect()
    }

    /// The detector's settings.
    pub fn config(&self) -> &DetectorConfig {
        &self.config
    }

    /// Names of the channels it was fitted with.
    pub fn channels(&self) -> &[String] {
        &self.channels
    }

    /// Of an autoencoder of windows the share of the variance that it does not give back of windows that it was not trained on, and
    /// that of as many principal components as its code has values, in the mean over entities.
    pub fn reconstruction(&self) -> Option<[f64; 2]> {
        let of = |group: &Group| match &group.model {
            Model::Windows(model) => Some(model.reconstruction()),
            _ => None,
        };
        let all: Vec<[f64; 2]> = self.groups.iter().filter_map(of).collect();
        let n = all.len() as f64;
        let sum = |at: usize| all.iter().map(|of| of[at]).sum::<f64>();
        (!all.is_empty()).then(|| [sum(0) / n, sum(1) / n])
    }

    /// How many values of each channel were too far out to be learned from; they are scored as any other.
    pub fn left_out(&self) -> impl Iterator<Item = (&str, usize)> {
        self.channels.iter().map(String::as_str).zip(self.left_out.iter().copied())
    }

    /// For each point of a stretch how much further from the usual course it is than is usual, in multiples of that, not a number where
    /// no window says; nothing where the detector knows of no course.
    pub(super) fn evidence(
        &self,
        series: &Series,
        channels: &[usize],
        (stretch, course): (Range<usize>, Course),
    ) -> Option<Vec<f64>> {
        self.group(&series.entity)?.evidence(series, channels, (stretch, course))
    }

    /// The score below which the share `q` (0 to 1) of the points lies that were learned from.
    pub fn training_quantile(&self, q: f64) -> f64 {
        self.seen.quantile(q)
    }

    fn group(&self, entity: &str) -> Option<&Group> {
        self.groups.iter().find(|group| self.pooled || group.entity == entity)
    }

    /// The detector as a file holds it.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        let config = serde_json::to_string(&self.config).expect("settings are plain values");
        stored.about.insert("detector".into(), config);
        stored.about.insert("channels".into(), serde_json::json!(self.channels).to_string());
        let entities: Vec<&str> = self.groups.iter().map(|group| group.entity.as_str()).collect();
        stored.about.insert("entities".into(), serde_json::json!(entities).to_string());
        stored.insert("pooled", &[1], vec![u8::from(self.pooled)]);
        let left_out = self.left_out.iter().map(|count| *count as u64).collect();
        stored.insert("left-out", &[self.left_out.len()], left_out);
        stored.insert("needed", &[self.groups.len()], self.groups.iter().map(|g| g.needed as u64).collect());
        let gaps = self.groups.iter().map(|group| group.gap.unwrap_or(0) as u64).collect();
        stored.insert("gap", &[self.groups.len()], gaps);
        stored.absorb("seen", self.seen.store());
        for (i, group) in self.groups.iter().enumerate() {
            match &group.model {
                Model::Together(model) => stored.absorb(&format!("{i}"), model.store()),
                Model::Windows(model) => stored.absorb(&format!("{i}"), model.store()),
                Model::Apart(models) => {
                    models
                        .iter()
                        .enumerate()
                        .for_each(|(c, m)| stored.absorb(&format!("{i}.{c}"), m.store()));
                }
            }
        }
        stored
    }

    /// Reads what [`store`](Self::store) gave.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        fn json<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, String> {
            serde_json::from_str(text).map_err(|error| error.to_string())
        }
        let config: DetectorConfig = json(stored.text("detector")?)?;
        let channels: Vec<String> = json(stored.text("channels")?)?;
        let entities: Vec<String> = json(stored.text("entities")?)?;
        let pooled = stored.values::<u8>("pooled")?.first() == Some(&1);
        let needed = stored.values::<u64>("needed")?;
        // Detectors of earlier versions learned from all values.
        let left_out: Vec<usize> = match stored.tensors.contains_key("left-out") {
            true => stored.values::<u64>("left-out")?.iter().map(|count| *count as usize).collect(),
            false => vec![0; channels.len()],
        };
        // Those of earlier versions went over gaps.
        let gaps = match stored.tensors.contains_key("gap") {
            true => stored.values::<u64>("gap")?.to_vec(),
            false => vec![0; entities.len()],
        };
        if gaps.len() != entities.len() {
            return Err("`gap` is not of the entities".into());
        }
        if left_out.len() != channels.len() {
            return Err("`left-out` is not of the channels".into());
        }
        if channels.is_empty() || needed.len() != entities.len() || entities.is_empty() {
            return Err("channels and entities do not fit together".into());
        }
        let mut groups = Vec::new();
        for (i, ((entity, needed), gap)) in entities.into_iter().zip(needed).zip(gaps).enumerate() {
            let model = match config.sight() {
                Sight::Together(_) => {
                    let model = TrailingDistances::restore(&stored.below(&i.to_string()))?;
                    if model.channels() != channels.len() {
                        return Err("the model has another number of channels".into());
                    }
                    Model::Together(Box::new(model))
                }
                Sight::Windows(_) => {
                    let model = WindowAutoencoder::restore(&stored.below(&i.to_string()))?;
                    if model.channels() != channels.len() {
                        return Err("the model has another number of channels".into());
                    }
                    Model::Windows(Box::new(model))
                }
                Sight::Apart(config) => {
                    let of = |c| ChannelModel::restore(config, &stored.below(&format!("{i}.{c}")));
                    Model::Apart((0..channels.len()).map(of).collect::<Result<_, _>>()?)
                }
            };
            let gap = (gap > 0).then_some(gap as usize);
            groups.push(Group { entity, model, needed: *needed as usize, gap });
        }
        let seen = Ranks::restore(&stored.below("seen"))?;
        Ok(Self { config, channels, groups, pooled, seen, left_out })
    }
}

fn failed(error: SeriesError) -> Error {
    DataError::from(error).into()
}
