//! A classifier of a rare class from few labels: rows without a label count as of the common class, which is nearly true where
//! less than a hundredth of them is of the rare one.
//!
//! A few hundred labelled rows do not show what odd rows of the common class look like; thousands without a label do. So that no
//! row is told by trees that learned it, all is fitted in folds: each fold leaves out its own rows, and new rows get the mean of
//! all. The threshold is chosen on the scores of rows that were left out.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

use serde::{Deserialize, Serialize};

use super::Stored;
use super::discriminant::{Discriminant, DiscriminantConfig, ExtraTreesConfig};
use super::trees::{BoostedTrees, BoostedTreesConfig};
use crate::data::{Cells, Column, MISSING, Schema, Table, labels};
use crate::error::{ConfigError, ModelError, Result};
use crate::evaluate::threshold_of_unlabelled;
use crate::seed::{Seed, shuffle};

/// The model in messages.
const MODEL: &str = "a classifier of a rare class";

/// Probabilities are kept so far from 0 and 1 before their log-odds are averaged.
const LEAST: f64 = 1e-3;

/// The largest share of the rare class at which unlabelled rows may count as of the other.
const RAREST: f64 = 0.01;

/// Most parts of the rows.
const MOST_FOLDS: usize = 20;

/// Settings of a classifier of a rare class.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct RareClassConfig {
    /// The share of the rare class among rows without a label, above 0 to 0.01. Where it is larger, too many of them would be
    /// learned wrong.
    pub prior: f64,
    /// Parts of the rows, 2 to 20, each left out once.
    pub folds: usize,
    /// Rounds of the boosted trees of a fold, from 1: shallow trees of a few columns each, as suits few labels.
    pub rounds: usize,
    /// Random trees of a fold, whose log-odds are averaged with those of the boosted ones; 0 is none.
    pub trees: usize,
}

impl Default for RareClassConfig {
    fn default() -> Self {
        Self { prior: 0.002, folds: 10, rounds: 200, trees: 0 }
    }
}

impl RareClassConfig {
    /// Checks the ranges; `path` is where the settings are.
    ///
    /// # Errors
    /// [`ConfigError::Range`] for the first that is outside its own.
    pub fn check(&self, path: &str) -> Result<(), ConfigError> {
        let range = |field: &str, found: String, allowed: &str| {
            Err(ConfigError::Range { field: format!("{path}.{field}"), found, allowed: allowed.to_string() })
        };
        if !(self.prior > 0.0 && self.prior <= RAREST) {
            return range("prior", self.prior.to_string(), "above 0 to 0.01");
        }
        if !(2..=MOST_FOLDS).contains(&self.folds) {
            return range("folds", self.folds.to_string(), "2 to 20");
        }
        if self.rounds == 0 {
            return range("rounds", self.rounds.to_string(), "from 1");
        }
        Ok(())
    }

    fn boosted(&self) -> BoostedTreesConfig {
        BoostedTreesConfig {
            rounds: self.rounds,
            learning_rate: 0.05,
            depth: 3,
            min_leaf: 5,
            validation: 0.0,
            columns: 0.3,
            ..BoostedTreesConfig::default()
        }
    }
}

/// A fitted classifier.
#[derive(Debug)]
pub struct RareClass {
    target: String,
    /// The two values of the target, in order.
    classes: Vec<String>,
    /// Which of them is rare.
    rare: usize,
    /// The mean log-odds from which a row is told to be of the rare class.
    threshold: f64,
    members: Vec<Member>,
}

/// The trees of a fold.
#[derive(Debug)]
struct Member {
    boosted: BoostedTrees,
    extra: Option<Discriminant>,
}

impl RareClass {
    /// Learns to tell which of two classes rows are of, from the rows `labelled` whose target is there and from `unlabelled` ones,
    /// whose target is not looked at. The class with fewer labels is the rare one. `None` once `stop` is raised.
    ///
    /// # Errors
    /// [`ModelError::TwoClasses`] unless the labels are of two classes; [`ModelError::TooFewRows`] with fewer than two labels of
    /// the rare class; [`ModelError::NoUnlabelled`]; a table without another column.
    pub fn fit(
        config: &RareClassConfig,
        (table, schema): (&Table, &Schema),
        (target, labelled, unlabelled): (&str, &[usize], &[usize]),
        (seed, threads): (Seed, usize),
        stop: &AtomicBool,
    ) -> Result<Option<Self>> {
        let given = labels(table.require(target)?);
        let mut of_class: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for &row in labelled {
            if let Some(label) = given[row].as_deref() {
                of_class.entry(label).or_default().push(row);
            }
        }
        let classes: Vec<String> = of_class.keys().map(ToString::to_string).collect();
        if classes.len() != 2 {
            let (target, found) = (target.to_string(), classes.len());
            return Err(ModelError::TwoClasses { model: MODEL, target, found }.into());
        }
        if unlabelled.is_empty() {
            return Err(ModelError::NoUnlabelled { model: MODEL, target: target.to_string() }.into());
        }
        let mut rows: Vec<Vec<usize>> = of_class.into_values().collect();
        let rare = usize::from(rows[1].len() < rows[0].len());
        if rows[rare].len() < 2 {
            let found = rows[rare].len();
            return Err(ModelError::TooFewRows { model: MODEL, found, needed: 2 }.into());
        }
        let taught = taught(table, target, (&classes, &rows, 1 - rare), unlabelled);
        rows.push(unlabelled.to_vec());
        let mut random = seed.stream("rare class folds");
        rows.iter_mut().for_each(|rows| shuffle(rows, &mut random));
        let mut fitted = Self { target: target.to_string(), classes, rare, threshold: 0.0, members: vec![] };
        // Scores of labelled rows of the rare class, and of rows without a label, by the trees that did not learn them.
        let (mut unusual, mut others) = (Vec::new(), Vec::new());
        for fold in 0..config.folds {
            let part = |rows: &[usize], is_own: bool| -> Vec<usize> {
                let own = |at: &usize| (at % config.folds == fold) == is_own;
                (0..rows.len()).filter(own).map(|at| rows[at]).collect()
            };
            let mut learned: Vec<usize> = rows.iter().flat_map(|rows| part(rows, false)).collect();
            learned.sort_unstable();
            let seed = Seed(seed.key(&format!("rare class {fold}")));
            let (about, of) = ((&taught, schema), (target, learned.as_slice()));
            let trees = BoostedTrees::fit(&config.boosted(), about, of, (seed, threads), stop)?;
            let Some(boosted) = trees else { return Ok(None) };
            let extra = ExtraTreesConfig { trees: config.trees, ..ExtraTreesConfig::default() };
            let extra = DiscriminantConfig::ExtraTrees(extra);
            let fit = || Discriminant::fit(&extra, about, of, (seed, threads));
            let extra = (config.trees > 0).then(fit).transpose()?;
            let member = Member { boosted, extra };
            unusual.extend(member.scores(&table.take(&part(&rows[rare], true)), rare)?);
            others.extend(member.scores(&table.take(&part(&rows[2], true)), rare)?);
            fitted.members.push(member);
        }
        fitted.threshold = threshold_of_unlabelled(&unusual, &others, config.prior)?;
        Ok(Some(fitted))
    }

    /// The column that it tells.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The two values of the target, in order.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The columns that it tells them by.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        self.members.first().into_iter().flat_map(|member| member.boosted.columns())
    }

    /// How likely rows are to be of the rare class: the mean log-odds of all trees, less the threshold, so that the F1 at the
    /// prior is best with 0 as the threshold.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`].
    pub fn scores(&self, table: &Table) -> Result<Vec<f64>> {
        let mut sums = vec![-self.threshold; table.n_rows];
        for member in &self.members {
            let scores = member.scores(table, self.rare)?;
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score / self.members.len() as f64);
        }
        Ok(sums)
    }

    /// Shares of the two classes, `[rows, 2]`, row by row: one half is where [`scores`](Self::scores) is 0. They are degrees that
    /// order rows, and no frequencies.
    ///
    /// # Errors
    /// [`ModelError::MissingColumn`].
    pub fn probabilities(&self, table: &Table) -> Result<Vec<f32>> {
        let shares = |score: f64| {
            let share = (1.0 / (1.0 + (-score).exp())) as f32;
            if self.rare == 0 { [share, 1.0 - share] } else { [1.0 - share, share] }
        };
        Ok(self.scores(table)?.into_iter().flat_map(shares).collect())
    }

    /// The classifier as tensors and texts.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.about.insert("target".to_string(), self.target.clone());
        let classes = serde_json::to_string(&self.classes).expect("texts are JSON");
        stored.about.insert("classes".to_string(), classes);
        stored.insert("shape", &[2], vec![self.rare as u64, self.members.len() as u64]);
        stored.insert("threshold", &[1], vec![self.threshold]);
        for (fold, member) in self.members.iter().enumerate() {
            stored.absorb(&format!("{fold}.boosted"), member.boosted.store());
            if let Some(extra) = &member.extra {
                stored.absorb(&format!("{fold}.extra"), extra.store());
            }
        }
        stored
    }

    /// The classifier that was stored.
    ///
    /// # Errors
    /// What is not there or does not fit.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let classes: Vec<String> =
            serde_json::from_str(stored.text("classes")?).map_err(|error| error.to_string())?;
        let (&[rare, folds], &[threshold]) =
            (stored.values::<u64>("shape")?, stored.values::<f64>("threshold")?)
        else {
            return Err("`shape` and `threshold` are not two numbers and one".to_string());
        };
        if classes.len() != 2 || rare > 1 || !(2..=MOST_FOLDS as u64).contains(&folds) {
            return Err("`classes` and `shape` do not fit each other".to_string());
        }
        if !threshold.is_finite() {
            return Err("`threshold` is not finite".to_string());
        }
        let member = |fold: u64| -> Result<Member, String> {
            let boosted = BoostedTrees::restore(&stored.below(&format!("{fold}.boosted")))?;
            let extra = stored.below(&format!("{fold}.extra"));
            let extra = match extra.tensors.is_empty() {
                true => None,
                false => Some(Discriminant::restore(&extra)?),
            };
            let others = extra.iter().any(|extra| extra.classes() != classes);
            if boosted.classes() != classes || others {
                return Err(format!("the trees of fold {fold} tell other classes"));
            }
            Ok(Member { boosted, extra })
        };
        let members = (0..folds).map(member).collect::<Result<_, _>>()?;
        let target = stored.text("target")?.to_string();
        Ok(Self { target, classes, rare: rare as usize, threshold, members })
    }
}

impl Member {
    /// The mean log-odds of each row being of the class `rare`.
    fn scores(&self, table: &Table, rare: usize) -> Result<Vec<f64>> {
        let boosted = self.boosted.probabilities(table);
        let odds = |shares: &[f32]| {
            let share = f64::from(shares[rare]);
            ((share + LEAST) / (1.0 - share + LEAST)).ln()
        };
        let boosted = boosted.chunks(2);
        let Some(extra) = &self.extra else { return Ok(boosted.map(odds).collect()) };
        let extra = extra.probabilities(table)?;
        let mean = |(a, b): (&[f32], &[f32])| f64::midpoint(odds(a), odds(b));
        Ok(boosted.zip(extra.chunks(2)).map(mean).collect())
    }
}

/// The table with the target as it is learned: labels where they are given, the common class of all others.
fn taught(
    table: &Table,
    target: &str,
    (classes, rows, common): (&[String], &[Vec<usize>], usize),
    unlabelled: &[usize],
) -> Table {
    let mut codes = vec![MISSING; table.n_rows];
    unlabelled.iter().for_each(|&row| codes[row] = common as u32);
    for (code, rows) in rows.iter().enumerate() {
        rows.iter().for_each(|&row| codes[row] = code as u32);
    }
    let mut taught = table.clone();
    for column in taught.columns.iter_mut().filter(|column| column.name == target) {
        let cells = Cells::Text { codes: std::mem::take(&mut codes), levels: classes.to_vec() };
        *column = Column { name: target.to_string(), cells };
    }
    taught
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluate::average_precision;
    use crate::seed::standard_normal;

    /// Rows of three numbers, of which the first `rare` ones are of class "bad": far along the first axis. One in twenty of the
    /// others lies as far along it, and along the second as well.
    fn rows(n: usize, rare: usize, seed: u64) -> (Table, Schema, Vec<bool>) {
        let mut random = Seed(seed).stream("rare");
        let mut columns = vec![Vec::new(); 3];
        let mut is_bad = Vec::new();
        for row in 0..n {
            let bad = row < rare;
            let odd = !bad && row % 20 == 0;
            let far = if bad || odd { 4.0 } else { 0.0 };
            columns[0].push(standard_normal(&mut random) + far);
            columns[1].push(standard_normal(&mut random) + if odd { 4.0 } else { 0.0 });
            columns[2].push(standard_normal(&mut random));
            is_bad.push(bad);
        }
        let number = |(name, values): (&str, Vec<f64>)| Column {
            name: name.to_string(),
            cells: Cells::Number(values),
        };
        let mut all: Vec<Column> = ["x", "y", "z"].into_iter().zip(columns).map(number).collect();
        let codes = is_bad.iter().map(|bad| u32::from(!bad)).collect();
        let levels = vec!["bad".to_string(), "good".to_string()];
        all.push(Column { name: "kind".to_string(), cells: Cells::Text { codes, levels } });
        let table = Table { n_rows: n, columns: all };
        let schema = Schema::of(&table);
        (table, schema, is_bad)
    }

    fn fitted(table: &Table, schema: &Schema, labelled: &[usize], unlabelled: &[usize]) -> Result<RareClass> {
        let config = RareClassConfig { rounds: 60, trees: 40, prior: 0.01, ..RareClassConfig::default() };
        let stop = AtomicBool::new(false);
        let of = ("kind", labelled, unlabelled);
        Ok(RareClass::fit(&config, (table, schema), of, (Seed(1), 1), &stop)?.unwrap())
    }

    #[test]
    fn rows_without_a_label_show_what_odd_ones_of_the_common_class_are_like() {
        let (table, schema, _) = rows(1500, 50, 1);
        // 40 of each class have a label, and none of the odd ones.
        let labelled: Vec<usize> = (0..40).chain((51..1500).filter(|row| row % 20 != 0).take(40)).collect();
        let unlabelled: Vec<usize> = (40..1500).filter(|row| !labelled.contains(row)).collect();
        let (unseen, _, truth) = rows(1000, 30, 2);
        let model = fitted(&table, &schema, &labelled, &unlabelled).unwrap();
        let own = average_precision(&model.scores(&unseen).unwrap(), &truth).unwrap();
        let of = ("kind", labelled.as_slice());
        let config = DiscriminantConfig::ExtraTrees(ExtraTreesConfig::default());
        let plain = Discriminant::fit(&config, (&table, &schema), of, (Seed(1), 1)).unwrap();
        let shares = plain.probabilities(&unseen).unwrap();
        let scores: Vec<f64> = shares.chunks(2).map(|shares| f64::from(shares[0])).collect();
        let plain = average_precision(&scores, &truth).unwrap();
        assert!(own > 0.85 && own > plain + 0.1, "{own} {plain}");
        // The threshold leaves few false alarms.
        let shares = model.probabilities(&unseen).unwrap();
        let told: Vec<bool> = shares.chunks(2).map(|shares| shares[0] > 0.5).collect();
        let right = told.iter().zip(&truth).filter(|(told, is)| **told && **is).count();
        let wrong = told.iter().zip(&truth).filter(|(told, is)| **told && !**is).count();
        assert!(right > 15 && wrong < 8, "{right} {wrong}");

        let again = RareClass::restore(&model.store()).unwrap();
        assert_eq!(again.scores(&unseen).unwrap(), model.scores(&unseen).unwrap());
        let mut damaged = model.store();
        damaged.insert("threshold", &[1], vec![f64::NAN]);
        assert!(RareClass::restore(&damaged).is_err());
        let mut damaged = model.store();
        damaged.insert("shape", &[2], vec![0_u64, 11]);
        assert!(RareClass::restore(&damaged).is_err(), "a fold that is not there");
    }

    #[test]
    fn one_class_no_unlabelled_row_and_a_single_label_are_refused() {
        let (table, schema, _) = rows(200, 20, 1);
        let unlabelled: Vec<usize> = (100..200).collect();
        let error = |labelled: &[usize], unlabelled: &[usize]| {
            fitted(&table, &schema, labelled, unlabelled).unwrap_err().to_string()
        };
        let good: Vec<usize> = (30..60).collect();
        assert!(error(&good, &unlabelled).contains("two classes"));
        let both: Vec<usize> = (10..60).collect();
        assert!(error(&both, &[]).contains("without a label"));
        let one: Vec<usize> = (19..60).collect();
        assert!(error(&one, &unlabelled).contains("needs 2 rows"));
        let wrong = RareClassConfig { prior: 0.05, ..RareClassConfig::default() };
        assert!(wrong.check("model.rare-class").unwrap_err().to_string().contains("rare-class.prior"));
        assert!(RareClassConfig { folds: 1, ..RareClassConfig::default() }.check("x").is_err());
        assert!(RareClassConfig::default().check("x").is_ok());
    }
}
