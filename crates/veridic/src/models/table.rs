//! Models of tables without a network, side by side: a chain that makes rows and answers questions, a detector that scores
//! them, a classifier that tells a column. A run holds one of them, or a chain and a detector together.

use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::chain::{self, Chain, ChainConfig, Found, RuleConfig};
use super::circuit::{Circuit, CircuitConfig};
use super::detector::{Detector, DetectorConfig, Explained, Scored};
use super::discriminant::{Discriminant, DiscriminantConfig};
use super::draws::Draws;
use super::key::Key;
use super::maker::Maker;
use super::private::{PrivateMarginals, PrivateMarginalsConfig};
use super::rare_class::{RareClass, RareClassConfig};
use super::series::{PathConfig, PathModel, SeriesModel, SeriesModelConfig};
use super::trees::{BoostedTrees, BoostedTreesConfig};
use super::watched::{self, Keep};
use super::{Ability, Stored};
use crate::data::series::{SeriesConfig, SeriesSet};
use crate::data::{Kind, Schema, Table};
use crate::error::{ConfigError, Result};
use crate::seed::Seed;
use crate::train::Event;

/// Settings of a model of a table that makes rows and scores them.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct TableConfig {
    /// What makes rows, completes them and says how likely they are.
    pub chain: ChainConfig,
    /// What says how unusual rows are.
    pub detector: DetectorConfig,
}

/// The parts of a model of a table that a configuration asks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Parts {
    pub(crate) chain: Option<ChainConfig>,
    pub(crate) private: Option<PrivateMarginalsConfig>,
    pub(crate) circuit: Option<CircuitConfig>,
    pub(crate) detector: Option<DetectorConfig>,
    pub(crate) trees: Option<BoostedTreesConfig>,
    pub(crate) discriminant: Option<DiscriminantConfig>,
    pub(crate) rare: Option<RareClassConfig>,
    pub(crate) series: Option<SeriesModelConfig>,
    pub(crate) paths: Option<PathConfig>,
}

/// The rows that a model of a table learns from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lesson<'a> {
    pub(crate) table: &'a Table,
    pub(crate) schema: &'a Schema,
    /// Rows to learn from.
    pub(crate) rows: &'a [usize],
    /// Rows whose target is not looked at, for classifiers that learn from them too.
    pub(crate) unlabelled: &'a [usize],
    /// The column that no score counts, and that a classifier tells.
    pub(crate) target: Option<&'a str>,
    /// Whether the chain makes the target.
    pub(crate) models_target: bool,
    /// Columns that are left out.
    pub(crate) dropped: &'a [String],
    /// How rows make series, for models of them.
    pub(crate) layout: &'a SeriesConfig,
    /// Rules that the chain and the circuit look for and keep.
    pub(crate) rules: &'a RuleConfig,
}

/// A fitted model of a table.
#[derive(Debug)]
pub struct TableModel {
    schema: Schema,
    chain: Option<Chain>,
    private: Option<PrivateMarginals>,
    circuit: Option<Circuit>,
    /// Columns that name rows, which made rows get new.
    keys: Vec<Key>,
    detector: Option<Detector>,
    trees: Option<BoostedTrees>,
    discriminant: Option<Discriminant>,
    rare: Option<RareClass>,
    series: Option<SeriesModel>,
    paths: Option<PathModel>,
}

impl Parts {
    /// A model of paths alone.
    pub(crate) fn of_paths(paths: PathConfig) -> Self {
        Self { paths: Some(paths), ..Self::default() }
    }

    pub(crate) fn check(&self, path: &str) -> Result<(), ConfigError> {
        // Taken apart, here and below, so that the compiler names what a new part has to be added to.
        let Self { chain, private, circuit, detector, trees, discriminant, rare, series, paths } = self;
        let both = chain.is_some() && detector.is_some();
        let below = |part: &str| if both { format!("{path}.{part}") } else { path.to_string() };
        chain.as_ref().map_or(Ok(()), |chain| chain.check(&below("chain")))?;
        private.as_ref().map_or(Ok(()), |private| private.check(path))?;
        circuit.as_ref().map_or(Ok(()), |circuit| circuit.check(path))?;
        detector.as_ref().map_or(Ok(()), |detector| detector.check(&below("detector")))?;
        trees.as_ref().map_or(Ok(()), |trees| trees.check(path))?;
        discriminant.as_ref().map_or(Ok(()), |own| own.check(path))?;
        rare.as_ref().map_or(Ok(()), |rare| rare.check(path))?;
        series.as_ref().map_or(Ok(()), |series| series.check(path))?;
        paths.as_ref().map_or(Ok(()), |paths| paths.check(path))
    }

    /// Whether it learns to tell the values of a column.
    pub(crate) fn tells_classes(&self) -> bool {
        self.trees.is_some() || self.discriminant.is_some() || self.rare.is_some()
    }

    /// Whether rows are points of series.
    pub(crate) fn of_series(&self) -> bool {
        self.series.is_some() || self.paths.is_some()
    }

    /// The series of a table that is learned from.
    ///
    /// # Errors
    /// Rows that are no series.
    pub(crate) fn read_series(&self, layout: &SeriesConfig, of: (&Table, &Schema)) -> Result<SeriesSet> {
        match &self.series {
            Some(config) => config.read(layout, of),
            None => Ok(SeriesSet::from_table(of.0, of.1, layout)?),
        }
    }

    /// Whether rows are made by what also says how likely they are.
    pub(crate) fn makes_rows(&self) -> bool {
        self.chain.is_some() || self.circuit.is_some()
    }

    pub(crate) fn can(&self, ability: Ability) -> bool {
        let Self { chain: _, private, circuit: _, detector, trees: _, discriminant, rare: _, series, paths } =
            self;
        match ability {
            Ability::Sample => {
                let is_mixture = matches!(detector, Some(DetectorConfig::GaussianMixture(_)));
                let is_generative = discriminant.as_ref().is_some_and(DiscriminantConfig::is_generative);
                self.makes_rows() || private.is_some() || paths.is_some() || is_mixture || is_generative
            }
            Ability::Fill | Ability::Likelihood => self.makes_rows(),
            Ability::Continue => paths.is_some(),
            Ability::FillSeries => matches!(paths, Some(PathConfig::Window(_))),
            Ability::Score if discriminant.as_ref().is_some_and(DiscriminantConfig::is_generative) => true,
            Ability::Score | Ability::Explain => detector.is_some() || series.is_some(),
            Ability::Classify => self.tells_classes(),
            Ability::Alarm => series.is_some(),
            Ability::Encode | Ability::Reconstruct | Ability::Posterior | Ability::Layers => false,
        }
    }
}

impl Lesson<'_> {
    /// The schema without columns that no part looks at.
    fn without(&self, is_left_out: impl Fn(&str) -> bool) -> Schema {
        let kept = |name: &str| !self.dropped.iter().any(|dropped| dropped == name) && !is_left_out(name);
        let columns = self.schema.columns.iter().filter(|column| kept(&column.name)).cloned().collect();
        Schema { columns }
    }

    /// The rows as series are made of them.
    fn series(&self) -> Result<(Table, Schema)> {
        let schema = self.without(|_| false);
        let names: Vec<&str> = schema.columns.iter().map(|column| column.name.as_str()).collect();
        Ok((self.table.take(self.rows).select(&names)?, schema))
    }
}

impl TableModel {
    /// Fits the parts that are asked for. `None` once `stop` is raised; `keep` is given what a chain has learned so far
    /// whenever it is worth keeping, and a later fit of the same rows goes on `from` it.
    ///
    /// # Errors
    /// Rows that a part cannot learn from; what `keep` says.
    pub(crate) fn fit(
        parts: &Parts,
        lesson: Lesson<'_>,
        (seed, threads): (Seed, usize),
        stop: &AtomicBool,
        observe: &mut dyn FnMut(&Event),
        (from, keep): (Option<Stored>, &mut Keep<'_>),
    ) -> Result<Option<Self>> {
        let Lesson { table, schema, rows, target, models_target, .. } = lesson;
        let is_target = |name: &str| target == Some(name);
        let mut model = Self {
            schema: schema.clone(),
            chain: None,
            private: None,
            circuit: None,
            keys: Vec::new(),
            detector: None,
            trees: None,
            discriminant: None,
            rare: None,
            series: None,
            paths: None,
        };
        if let Some(config) = &parts.chain {
            let config = &ChainConfig { rules: lesson.rules.clone(), ..config.clone() };
            let columns = lesson.without(|name| !models_target && is_target(name));
            // What cannot be read is learned again.
            let from = from.and_then(|from| chain::Partial::restore(&from).ok());
            let fitted = watched::chain(
                config,
                (table, &columns, rows),
                (seed, threads),
                stop,
                observe,
                (from, keep),
            )?;
            let Some(chain) = fitted else { return Ok(None) };
            model.chain = Some(chain);
            model.keys = Key::find(table, &columns);
        }
        if let Some(config) = &parts.private {
            let columns = lesson.without(|name| !models_target && is_target(name));
            model.private = Some(PrivateMarginals::fit(config, table, &columns, rows)?);
        }
        if let Some(config) = &parts.circuit {
            let config = &CircuitConfig { rules: lesson.rules.clone(), ..config.clone() };
            let columns = lesson.without(|name| !models_target && is_target(name));
            let of = (table, &columns, rows);
            let Some(circuit) = watched::circuit(config, of, (seed, threads), stop, observe)? else {
                return Ok(None);
            };
            model.circuit = Some(circuit);
            model.keys = Key::find(table, &columns);
        }
        if let Some(config) = &parts.detector {
            let columns = lesson.without(is_target);
            model.detector =
                Some(Detector::fit(config.clone(), table, &columns, rows, lesson.rules, (seed, threads))?);
            if matches!(config, DetectorConfig::GaussianMixture(_)) && parts.chain.is_none() {
                model.keys = Key::find(table, &columns);
            }
        }
        if let (Some(config), Some(target)) = (&parts.trees, target) {
            let columns = lesson.without(|_| false);
            let of = (target, rows);
            let Some(trees) = BoostedTrees::fit(config, (table, &columns), of, (seed, threads), stop)? else {
                return Ok(None);
            };
            model.trees = Some(trees);
        }
        if let (Some(config), Some(target)) = (&parts.discriminant, target) {
            let columns = lesson.without(|_| false);
            model.discriminant =
                Some(Discriminant::fit(config, (table, &columns), (target, rows), (seed, threads))?);
            if config.is_generative() {
                model.keys = Key::find(table, &columns);
            }
        }
        if let (Some(config), Some(target)) = (&parts.rare, target) {
            let columns = lesson.without(|_| false);
            let of = (target, rows, lesson.unlabelled);
            let Some(rare) = RareClass::fit(config, (table, &columns), of, (seed, threads), stop)? else {
                return Ok(None);
            };
            model.rare = Some(rare);
        }
        if let Some(config) = &parts.series {
            let (rows, columns) = lesson.series()?;
            model.series = Some(SeriesModel::fit(config, lesson.layout, (&rows, &columns), threads)?);
        }
        if let Some(config) = &parts.paths {
            let (rows, columns) = lesson.series()?;
            model.paths = Some(PathModel::fit(config, lesson.layout, (&rows, &columns))?);
        }
        Ok(Some(model))
    }

    /// The columns of the table.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The chain that makes rows, if there is one.
    pub fn chain(&self) -> Option<&Chain> {
        self.chain.as_ref()
    }

    /// The private marginals that make rows, if they do.
    pub fn private(&self) -> Option<&PrivateMarginals> {
        self.private.as_ref()
    }

    /// The circuit that makes rows, if there is one.
    pub fn circuit(&self) -> Option<&Circuit> {
        self.circuit.as_ref()
    }

    /// What makes rows, completes them and says how likely they are, if anything does.
    pub(crate) fn maker(&self) -> Option<Maker<'_>> {
        let chain = self.chain.as_ref().map(Maker::Chain);
        chain.or_else(|| self.circuit.as_ref().map(Maker::Circuit))
    }

    /// What makes rows as they come, without conditions but on the class, if anything does.
    pub(crate) fn draws(&self) -> Option<Draws<'_>> {
        let private = self.private.as_ref().map(Draws::Private);
        let generative = self.discriminant.as_ref().filter(|own| own.is_generative());
        let mixture = self.detector.as_ref().filter(|own| matches!(own, Detector::GaussianMixture(_)));
        let draws =
            private.or_else(|| generative.map(Draws::Classes)).or_else(|| mixture.map(Draws::Mixture));
        draws.filter(|_| self.maker().is_none())
    }

    /// What held in every row that it was fitted on and holds in every row that it makes; of a detector alone what nearly all
    /// rows keep.
    pub fn rules(&self) -> Vec<Found> {
        let relations = || self.detector.as_ref().map_or_else(Vec::new, Detector::relations);
        self.maker().map_or_else(relations, Maker::rules)
    }

    /// The columns that name rows and are made new.
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// The detector that scores rows, if there is one.
    pub fn detector(&self) -> Option<&Detector> {
        self.detector.as_ref()
    }

    /// The boosted trees, if they are its classifier.
    pub fn trees(&self) -> Option<&BoostedTrees> {
        self.trees.as_ref()
    }

    /// The classes that its classifier tells, in order; none where it has no classifier.
    pub fn classes(&self) -> Option<&[String]> {
        let trees = self.trees.as_ref().map(BoostedTrees::classes);
        let trees = trees.or_else(|| self.rare.as_ref().map(RareClass::classes));
        trees.or_else(|| self.discriminant.as_ref().map(Discriminant::classes))
    }

    /// The probability of each class, `[rows, classes]`; none without a classifier.
    ///
    /// # Errors
    /// A column that is not there.
    pub fn probabilities(&self, table: &Table) -> Result<Option<Vec<f32>>> {
        if let Some(trees) = &self.trees {
            return Ok(Some(trees.probabilities(table)));
        }
        if let Some(rare) = &self.rare {
            return rare.probabilities(table).map(Some);
        }
        self.discriminant.as_ref().map(|own| own.probabilities(table)).transpose()
    }

    /// The model of paths, if it is one.
    pub fn paths(&self) -> Option<&PathModel> {
        self.paths.as_ref()
    }

    /// The detector of series, if it is one.
    pub fn series(&self) -> Option<&SeriesModel> {
        self.series.as_ref()
    }

    /// Whether a part looks at a column, so that rows must have it.
    pub(crate) fn uses(&self, name: &str) -> bool {
        let Self {
            schema,
            chain: _,
            private,
            circuit: _,
            keys: _,
            detector,
            trees,
            discriminant,
            rare,
            series,
            paths,
        } = self;
        if let Some(series) = series {
            return series.uses(name);
        }
        if let Some(paths) = paths {
            return paths.uses(name);
        }
        let is_unused = |kind: &Kind| matches!(kind, Kind::Identifier | Kind::Constant { .. });
        if schema.column(name).is_none_or(|column| is_unused(&column.kind)) {
            return false;
        }
        // Of the chain and the circuit.
        let made = self.maker().is_some_and(|maker| maker.columns().iter().any(|c| c.name == name));
        let detector = detector.as_ref().is_some_and(|d| d.columns().iter().any(|c| c == name));
        let trees = trees.as_ref().is_some_and(|trees| trees.columns().any(|column| column == name));
        let told = discriminant.as_ref().is_some_and(|own| own.columns().any(|column| column == name));
        let rare = rare.as_ref().is_some_and(|own| own.columns().any(|column| column == name));
        let private = private.as_ref().is_some_and(|p| p.schema().column(name).is_some());
        made || private || detector || trees || told || rare
    }

    /// Scores of rows; none without a detector or a generative classifier.
    pub(crate) fn score(&self, table: &Table, threads: usize) -> Result<Option<Scored>> {
        if let Some(discriminant) = &self.discriminant {
            return discriminant.score(table, threads);
        }
        self.detector.as_ref().map(|detector| detector.score(table, threads)).transpose()
    }

    /// Scores of rows with reasons; none without a detector.
    pub(crate) fn explain(&self, table: &Table, threads: usize) -> Result<Option<Explained>> {
        self.detector.as_ref().map(|detector| detector.explain(table, threads)).transpose()
    }

    /// The model as tensors and texts.
    pub(crate) fn store(&self) -> Stored {
        // The schema is a file of its own.
        let Self {
            schema: _,
            chain,
            private,
            circuit,
            keys,
            detector,
            trees,
            discriminant,
            rare,
            series,
            paths,
        } = self;
        let mut stored = Stored::default();
        let mut absorb = |name: &str, part: Option<Stored>| {
            if let Some(part) = part {
                stored.absorb(name, part);
            }
        };
        absorb("chain", chain.as_ref().map(Chain::store));
        absorb("private", private.as_ref().map(PrivateMarginals::store));
        absorb("circuit", circuit.as_ref().map(Circuit::store));
        absorb("detector", detector.as_ref().map(Detector::store));
        absorb("trees", trees.as_ref().map(BoostedTrees::store));
        absorb("discriminant", discriminant.as_ref().map(Discriminant::store));
        absorb("rare", rare.as_ref().map(RareClass::store));
        absorb("series", series.as_ref().map(SeriesModel::store));
        absorb("paths", paths.as_ref().map(PathModel::store));
        if !keys.is_empty() {
            stored.about.insert("keys".to_string(), serde_json::to_string(keys).unwrap_or_default());
        }
        stored
    }

    /// The model that was stored, with the parts that the configuration asks for.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub(crate) fn restore(parts: &Parts, stored: &Stored, schema: Schema) -> Result<Self, String> {
        let chain = parts.chain.as_ref().map(|_| Chain::restore(&stored.below("chain"))).transpose()?;
        let private = parts
            .private
            .as_ref()
            .map(|_| PrivateMarginals::restore(&stored.below("private")))
            .transpose()?;
        let circuit =
            parts.circuit.as_ref().map(|_| Circuit::restore(&stored.below("circuit"))).transpose()?;
        let detector =
            parts.detector.as_ref().map(|_| Detector::restore(&stored.below("detector"))).transpose()?;
        let trees =
            parts.trees.as_ref().map(|_| BoostedTrees::restore(&stored.below("trees"))).transpose()?;
        let series =
            parts.series.as_ref().map(|_| SeriesModel::restore(&stored.below("series"))).transpose()?;
        let paths = parts.paths.as_ref().map(|_| PathModel::restore(&stored.below("paths"))).transpose()?;
        let discriminant = parts
            .discriminant
            .as_ref()
            .map(|_| Discriminant::restore(&stored.below("discriminant")))
            .transpose()?;
        let rare = parts.rare.as_ref().map(|_| RareClass::restore(&stored.below("rare"))).transpose()?;
        let keys: Vec<Key> = match stored.about.get("keys") {
            Some(keys) => serde_json::from_str(keys).map_err(|error| format!("`keys`: {error}"))?,
            None => Vec::new(),
        };
        if let Some(problem) = keys.iter().find_map(Key::problem) {
            return Err(problem.to_string());
        }
        Ok(Self { schema, chain, private, circuit, keys, detector, trees, discriminant, rare, series, paths })
    }
}
