//! What a configuration must fulfil beyond its types.

use super::{Config, DataConfig, FigureKind, SplitBy};
use crate::data::Binarization;
use crate::error::{ConfigError, Result};
use crate::models::ModelConfig;
use crate::nn::{LikelihoodConfig, NoiseConfig, Variance};
use crate::run::check::criterion;
use crate::run::report::learning::classifiers;

/// Latent points a row in training, at most.
const MOST_SAMPLES: usize = 10_000;

/// Components of a mixture of latent points, and dimensions of these, at most.
const MOST_OF_MIXTURE: usize = 500;

/// Draws a row in estimates of a likelihood, at most.
const MOST_DRAWS: usize = 1_000_000;

/// Synthetic rows of the largest report.
const MOST_SAMPLED: usize = 1_000_000;

/// Judges of made windows.
const MOST_JUDGES: usize = 100;

impl Config {
    /// Checks what the types cannot.
    ///
    /// # Errors
    /// The first value out of range, or settings that do not go together.
    pub fn check(&self) -> Result<()> {
        let range = |field: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: field.to_string(), found, allowed: allowed.to_string() }.into())
        };
        self.check_seed()?;
        if let Some((field, found, allowed)) = self.train.out_of_range() {
            return range(field, found, allowed);
        }
        if self.evaluate.sample_rows > MOST_SAMPLED {
            let found = self.evaluate.sample_rows.to_string();
            return range("evaluate.sample-rows", found, &format!("0 to {MOST_SAMPLED}"));
        }
        if let Some(map) = &self.map {
            map.check_as("map.")?;
        }
        if let Some(channels) = self.data.images.channels.filter(|channels| ![1, 3].contains(channels)) {
            return range("data.images.channels", channels.to_string(), "1 (grey) or 3 (color)");
        }
        if let Some([height, width]) = self.data.images.size
            && !((1..=4096).contains(&height) && (1..=4096).contains(&width))
        {
            return range("data.images.size", format!("[{height}, {width}]"), "1 to 4096 each");
        }
        if ![1, 3].contains(&self.data.images.stack) {
            return range("data.images.stack", self.data.images.stack.to_string(), "1 or 3");
        }
        if self.data.images.second_margin > 0 {
            let least = self.data.images.size.map_or(0, |[height, width]| height.min(width));
            if self.data.images.second.is_none() || 2 * self.data.images.second_margin >= least {
                let found = self.data.images.second_margin.to_string();
                let allowed =
                    "0, or with `data.images.second` less than half of both sides in `data.images.size`";
                return range("data.images.second-margin", found, allowed);
            }
        }
        self.data.check_signs()?;
        let split = &self.data.split;
        for (field, share) in [("data.split.valid", split.valid), ("data.split.test", split.test)] {
            if !(0.0..1.0).contains(&share) {
                return range(field, share.to_string(), "0 to below 1");
            }
        }
        if split.valid + split.test >= 1.0 {
            let found = format!("{} and {}", split.valid, split.test);
            return range("data.split.valid + data.split.test", found, "below 1 together");
        }
        if let Some((field, found, allowed)) = self.data.mixture.and_then(|mixture| mixture.out_of_range()) {
            return range(&format!("data.mixture.{field}"), found, allowed);
        }
        if let Some(cut) = self.codec.cut
            && !(cut > 0.0 && cut.is_finite())
        {
            return range("codec.cut", cut.to_string(), "above 0");
        }
        if let Some(few) = split.few {
            few.check()?;
        }
        if let Some((field, found, allowed)) = self.data.order_flow.and_then(|flow| flow.out_of_range()) {
            return range(&format!("data.order-flow.{field}"), found, allowed);
        }
        if let ModelConfig::Gan(gan) = &self.model {
            gan.check()?;
        }
        if let ModelConfig::Classifier(classifier) = &self.model {
            classifier.check()?;
        }
        if let ModelConfig::Aae(aae) = &self.model
            && let Some((field, found, allowed)) = aae.out_of_range()
        {
            return range(&field, found, &allowed);
        }
        if let ModelConfig::Vae(vae) = &self.model {
            if vae.latent == 0 || vae.latent > 65_536 {
                return range("model.vae.latent", vae.latent.to_string(), "1 to 65536");
            }
            if !(vae.beta >= 0.0 && vae.beta.is_finite()) {
                return range("model.vae.beta", vae.beta.to_string(), "0 and above");
            }
            if !(vae.free_bits >= 0.0 && vae.free_bits.is_finite()) {
                return range("model.vae.free-bits", vae.free_bits.to_string(), "0 and above");
            }
            if vae.samples == 0 || vae.samples > MOST_SAMPLES {
                return range("model.vae.samples", vae.samples.to_string(), &format!("1 to {MOST_SAMPLES}"));
            }
            // Each component has a covariance of all latent dimensions.
            if vae.mixture > 0 && vae.latent > MOST_OF_MIXTURE {
                let what = format!(
                    "`model.vae.mixture` fits covariances of at most {MOST_OF_MIXTURE} dimensions, and `model.vae.latent` is {}",
                    vae.latent
                );
                let remedy = "choose a smaller latent space, or leave `mixture` out".to_string();
                return Err(ConfigError::Conflict { what, remedy }.into());
            }
            if vae.mixture > MOST_OF_MIXTURE {
                return range(
                    "model.vae.mixture",
                    vae.mixture.to_string(),
                    &format!("0 to {MOST_OF_MIXTURE}"),
                );
            }
        }
        self.check_privacy()?;
        self.data.series.check("data.series")?;
        if self.data.labelled == Some(0) {
            return range("data.labelled", "0".to_string(), "1 and above");
        }
        if let ModelConfig::Propagation(settings) = &self.model {
            settings.check("model.propagation")?;
        }
        if self.model.graph().is_some_and(|graph| graph.ask) && self.data.labelled.is_none() {
            let what =
                "`ask` of a graph chooses the rows to label, and `data.labelled` does not say how many";
            let remedy = "add `data.labelled = 20`, say".to_string();
            return Err(ConfigError::Conflict { what: what.to_string(), remedy }.into());
        }
        self.data.rules.check("data.rules")?;
        if let Some(parts) = self.model.table() {
            parts.check(&format!("model.{}", self.model.name()))?;
        }
        let evaluate = &self.evaluate;
        if evaluate.nll_samples > MOST_DRAWS {
            let allowed = format!("0 to {MOST_DRAWS}");
            return range("evaluate.nll-samples", evaluate.nll_samples.to_string(), &allowed);
        }
        if !(1..=32).contains(&evaluate.picture_side) {
            return range("evaluate.picture-side", evaluate.picture_side.to_string(), "1 to 32");
        }
        if !(10..=MOST_SAMPLED).contains(&evaluate.made_rows) {
            let found = evaluate.made_rows.to_string();
            return range("evaluate.made-rows", found, &format!("10 to {MOST_SAMPLED}"));
        }
        if evaluate.judges > MOST_JUDGES {
            return range("evaluate.judges", evaluate.judges.to_string(), &format!("0 to {MOST_JUDGES}"));
        }
        if evaluate.nll_repeats == 0 || evaluate.nll_repeats > 1000 {
            return range("evaluate.nll-repeats", evaluate.nll_repeats.to_string(), "1 to 1000");
        }
        if let LikelihoodConfig::Categorical { levels } = self.model.likelihood()
            && !(levels.is_power_of_two() && (2..=256).contains(&levels))
        {
            let field = format!("model.{}.likelihood.categorical.levels", self.model.name());
            return range(&field, levels.to_string(), "2, 4, 8, 16, 32, 64, 128 or 256");
        }
        if let LikelihoodConfig::Gaussian { variance: Variance::Fixed(variance) } = self.model.likelihood()
            && !(variance > 0.0 && variance.is_finite())
        {
            let field = format!("model.{}.likelihood.gaussian.variance", self.model.name());
            return range(&field, variance.to_string(), "above 0");
        }
        if let Some((kind, found, allowed)) = self.model.noise().and_then(NoiseConfig::out_of_range) {
            let field = format!("model.{}.noise.{kind}", self.model.name());
            return range(&field, found.to_string(), allowed);
        }
        for figure in &self.figure {
            if figure.side < 2 || figure.side > 100 {
                return range("figure.side", figure.side.to_string(), "2 to 100");
            }
            let [low, high] = figure.range;
            if !(low < high && low.is_finite() && high.is_finite()) {
                return range("figure.range", format!("[{low}, {high}]"), "two rising numbers");
            }
            if figure.count == 0 || figure.count > 1000 {
                return range("figure.count", figure.count.to_string(), "1 to 1000");
            }
        }
        if let Some(augment) = &self.augment {
            augment.check(self)?;
        }
        if let Some(few_labels) = &self.few_labels {
            few_labels.check(self)?;
        }
        let conflict = |what: &str, remedy: &str| {
            Err(ConfigError::Conflict { what: what.into(), remedy: remedy.into() }.into())
        };
        let named = [
            ("table", self.data.table.is_some()),
            ("images", self.data.images.source.is_some()),
            ("mixture", self.data.mixture.is_some()),
            ("order-flow", self.data.order_flow.is_some()),
        ];
        let mut given = named.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| name);
        if let (Some(one), Some(other)) = (given.next(), given.next()) {
            return conflict(
                &format!("`data.{one}` and `data.{other}` are both given"),
                "keep one of the two",
            );
        }
        let is_coupled = matches!(&self.model, ModelConfig::Gan(gan) if gan.coupled.is_some());
        if is_coupled != self.data.images.second.is_some() {
            return conflict(
                "`model.gan.coupled` and `data.images.second` need each other, and one of the two is not given",
                "give both: `model.gan.coupled = {}` and `data.images.second = \"usps\"`, say",
            );
        }
        if self.data.images.stack > 1 && self.data.images.second.is_some() {
            return conflict(
                "`data.images.stack` and `data.images.second` are both given",
                "keep one of the two",
            );
        }
        if self.data.series.window.is_some() {
            self.check_windows()?;
        } else if !split.entities.is_empty() || split.from.is_some() || split.normal_only {
            return conflict(
                "`data.split.entities`, `from` and `normal-only` are for windows of series",
                "give `data.series.window`, or leave them out",
            );
        } else if matches!(split.by, SplitBy::Entity | SplitBy::Time) && split.column.is_none() {
            return conflict(
                "`data.split.by` needs a column, and `data.split.column` is not given",
                "add `data.split.column = \"NAME\"`",
            );
        }
        if self.model.table().is_some_and(|parts| parts.of_series()) && split.valid + split.test > 0.0 {
            return conflict(
                "a model of series learns from all rows, and `data.split` keeps some back",
                "give `data.split.valid = 0.0` and `data.split.test = 0.0`; score a file of later rows",
            );
        }
        let known: Vec<&str> = classifiers().iter().map(ModelConfig::name).collect();
        if let Some(other) = self.evaluate.learning.iter().find(|name| !known.contains(&name.as_str())) {
            return range("evaluate.learning", other.clone(), &known.join(", "));
        }
        if !self.evaluate.learning.is_empty() && (self.data.target.is_none() || self.model.table().is_none())
        {
            return conflict(
                "`evaluate.learning` needs a target, and a model of tables that is no network",
                "give `data.target = \"COLUMN\"` and a classifier such as `naive-bayes`",
            );
        }
        if self.model.table().is_some_and(|parts| parts.tells_classes()) && self.data.target.is_none() {
            return conflict(
                &format!("`model.{}` tells the values of a column, and none is named", self.model.name()),
                "add `--target COLUMN` (`data.target`)",
            );
        }
        criterion::check(self)?;
        if self.map.is_none() && self.figure.iter().any(|figure| figure.kind == FigureKind::LatentMap) {
            return conflict(
                "the figure `latent-map` needs a map, and there is no `[map]`",
                "add `[map]` with an empty table, or leave the figure out",
            );
        }
        if split.by == SplitBy::FewLabels && self.data.target.is_none() {
            return conflict(
                "a split by few labels needs to know which rows are positive, and `data.target` is not given",
                "add `data.target` and `data.positive`, or split by `stratified`",
            );
        }
        if split.by == SplitBy::OneClass && self.data.target.is_none() {
            return conflict(
                "a one-class split needs to know which rows are positive, and `data.target` is not given",
                "add `data.target` and `data.positive`, or split by `stratified`",
            );
        }
        let table = self.data.table.clone().or(self.data.mixture.map(|mixture| mixture.label()));
        if let (Some(field), Some(table)) = (self.data.of_images(), table) {
            return conflict(
                &format!("`data.images.{field}` is for images, and the data is a table: {table}"),
                &format!("leave `data.images.{field}` out"),
            );
        }
        let likelihood = self.model.likelihood();
        if self.data.images.binarization != Binarization::None && likelihood != LikelihoodConfig::Bernoulli {
            return conflict(
                &format!(
                    "`data.images.binarization` makes pixels zeros and ones, and the likelihood is `{}`",
                    likelihood.name()
                ),
                "choose `likelihood = \"bernoulli\"`, or leave `data.images.binarization` out",
            );
        }
        if evaluate.nll_samples > 0 && !likelihood.is_in_nats() {
            return conflict(
                "`evaluate.nll-samples` needs a likelihood, and `squared-error` is none",
                "choose `likelihood = { gaussian = { variance = \"shared\" } }`, or leave `evaluate.nll-samples` out",
            );
        }
        if let ModelConfig::Vae(vae) = &self.model
            && vae.samples > 1
        {
            let name = "`model.vae.samples` is above 1, the importance-weighted objective,";
            if vae.beta != 1.0 {
                return conflict(
                    &format!("{name} and `model.vae.beta` is {}", vae.beta),
                    "keep `beta = 1.0`: with another weight the objective is no bound",
                );
            }
            if vae.free_bits > 0.0 {
                return conflict(
                    &format!("{name} and `model.vae.free-bits` is {}", vae.free_bits),
                    "keep one of the two: the objective has no divergence in closed form",
                );
            }
            if !likelihood.is_in_nats() {
                return conflict(
                    &format!("{name} and `squared-error` is no likelihood"),
                    "choose `likelihood = { gaussian = { variance = \"shared\" } }`",
                );
            }
        }
        Ok(())
    }

    /// TOML has no whole numbers beyond this, and `config.toml` must hold the seed.
    pub(super) fn check_seed(&self) -> Result<()> {
        const LARGEST: u64 = i64::MAX as u64;
        if self.seed <= LARGEST {
            return Ok(());
        }
        let (field, found, allowed) = ("seed".into(), self.seed.to_string(), format!("0 to {LARGEST}"));
        Err(ConfigError::Range { field, found, allowed }.into())
    }
}

impl DataConfig {
    /// Checks that the signs of numbers can be signs.
    fn check_signs(&self) -> Result<()> {
        let is_sign =
            |sign: char| !(sign.is_alphanumeric() || sign.is_control() || "-+()\u{2212}".contains(sign));
        for (name, sign) in [("decimal", self.decimal), ("thousands", self.thousands)] {
            if let Some(sign) = sign.filter(|sign| !is_sign(*sign) || (name == "decimal" && *sign == ' ')) {
                let allowed = if name == "decimal" {
                    "a sign between digits, `.` or `,`"
                } else {
                    "a sign between digits: `.`, `,`, a blank, `'` or `_`"
                };
                return Err(ConfigError::Range {
                    field: format!("data.{name}"),
                    found: format!("`{}`", sign.escape_debug()),
                    allowed: allowed.to_string(),
                }
                .into());
            }
        }
        if self.decimal.is_some() && self.decimal == self.thousands {
            return Err(ConfigError::Conflict {
                what: "`data.decimal` and `data.thousands` are the same sign".to_string(),
                remedy: "leave one of the two out: it is found".to_string(),
            }
            .into());
        }
        Ok(())
    }

    /// The first setting that only images can have and that is not left at its default.
    fn of_images(&self) -> Option<&'static str> {
        let set = [
            ("size", self.images.size.is_some()),
            ("channels", self.images.channels.is_some()),
            ("upright", self.images.upright),
            ("skip-corrupt", self.images.skip_corrupt),
            ("classes", !self.images.classes.is_empty()),
            ("stack", self.images.stack != 1),
            ("second", self.images.second.is_some()),
            ("second-margin", self.images.second_margin != 0),
            ("binarization", self.images.binarization != Binarization::None),
        ];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(field, _)| field)
    }
}
