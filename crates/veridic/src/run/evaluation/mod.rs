//! A table against another that claims to be like it: fidelity, attacks, fairness, and words for them.

mod attack;
mod fair;
mod fidelity;
mod finding;
mod judge;
mod page;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Serialize;

use crate::data::{self, ColumnSchema, Difference, Kind, Schema, Table};
use crate::error::{ModelError, Result};
use crate::evaluate as measure;
use crate::evaluate::{Closeness, Membership, PairSimilarity};
use crate::figure::Figure;
use crate::models::parallel;
use crate::run::dataset::{TableReading, table_options};
use crate::seed::{Seed, shuffle};

pub use attack::{NamedAttack, Quasi};
pub use fair::{FairnessOf, Proxy};
pub use finding::{Finding, Missed};
pub use judge::{Judged, Word};

/// How often halves are drawn.
const REPEATS: usize = 4;
/// Fewest rows a side that may be asked for.
const FEWEST_COMPARED: usize = 100;

/// What to evaluate besides the rows themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvaluationOptions {
    /// A column that is to be predicted.
    pub target: Option<String>,
    /// The value of the target that counts as yes; the rarest if `None`.
    pub positive: Option<String>,
    /// Columns by which groups are compared.
    pub protected: Vec<String>,
    /// Columns that others may know of a person: how many real rows each combination of their values has is counted.
    pub quasi: Vec<String>,
    /// Rows a side that are compared at a time, at most; at least 100. Trees look at three tenths of them, neighbors and attacks at
    /// a fifth.
    pub rows: usize,
    /// Where halves, shuffles and guesses come from.
    pub seed: u64,
    /// Worker threads; results do not depend on them.
    pub threads: usize,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self {
            target: None,
            positive: None,
            protected: Vec::new(),
            quasi: Vec::new(),
            rows: 10_000,
            seed: 0,
            threads: 1,
        }
    }
}

/// Rows there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct RowCounts {
    /// In the real table.
    pub real: usize,
    /// In the synthetic one.
    pub synthetic: usize,
    /// In the unseen one.
    pub unseen: usize,
    /// Compared a side.
    pub compared: usize,
    /// Looked at a side by attacks.
    pub attacked: usize,
    /// Unseen rows that equal a real row, where these are more than chance makes.
    pub overlap: usize,
}

/// Everything that was found.
#[derive(Debug, Clone, Serialize)]
pub struct Evaluation {
    /// The summary, gravest first.
    pub findings: Vec<Finding>,
    /// Rows there are.
    pub rows: RowCounts,
    /// Every figure by its name; `floor.…` of independent columns, `ceiling.…` of other real rows, `baseline.…` of an attack
    /// on rows that were not learned from.
    pub figures: BTreeMap<String, f64>,
    /// The figures of fidelity with intervals and words.
    pub judged: Vec<Judged>,
    /// The similarity of each column, least first.
    pub columns: Vec<(String, f64)>,
    /// The similarity of each pair, least first, with that of other real rows.
    pub pairs: Vec<(String, String, f64, f64)>,
    /// What gives synthetic rows away, most first: the column, and the AUROC lost without it.
    pub giveaway: Vec<(String, f64)>,
    /// The synthetic rows that are most surely not real.
    pub least_real: Vec<Vec<String>>,
    /// Values that are hardly made.
    pub missed: Vec<Missed>,
    /// How near synthetic rows lie.
    #[serde(skip)]
    pub closeness: Option<Closeness>,
    /// The share of synthetic rows that equal a real row in every column, and the same of rows that were not learned from.
    pub exact_copies: (f64, f64),
    /// Membership by distance.
    pub membership: Option<Membership>,
    /// Membership by densities.
    pub domias: Option<Membership>,
    /// Membership by shadow models, where they were asked for.
    pub shadow: Option<Membership>,
    /// The other attacks.
    pub attacks: Vec<NamedAttack>,
    /// Nearly unique columns with the share of synthetic and of other real values that are values of real rows.
    pub repeated: Vec<(String, f64, f64)>,
    /// Real rows by how many of them have the same values in the columns of [`EvaluationOptions::quasi`].
    pub quasi: Option<Quasi>,
    /// Columns that alone tell the target, with their AUROC.
    pub target_leaks: Vec<(String, f64)>,
    /// The value of the target that counts as yes.
    pub positive: Option<String>,
    /// By protected column.
    pub fairness: Vec<FairnessOf>,
    /// What a reader should know.
    pub notes: Vec<String>,
    /// Pictures of the columns with their numbers.
    #[serde(skip)]
    drawn: Vec<Figure>,
    /// Columns that measure something: numbers and moments that name no rows.
    #[serde(skip)]
    measures: BTreeSet<String>,
    /// Names of the columns of `least_real`.
    pub compared_columns: Vec<String>,
}

/// Rows of the tables as they are compared.
struct Sides<'a> {
    schema: &'a Schema,
    real: &'a Table,
    synthetic: &'a Table,
    unseen: Option<&'a Table>,
    /// Rows a side that are compared at a time, at most.
    most: usize,
    seed: Seed,
}

/// One drawing of rows, as many of each: `own` beside synthetic, independent and other real ones.
struct Drawn {
    /// Unseen rows where there are some, else half of the real rows.
    own: Table,
    synthetic: Table,
    independent: Table,
    other: Table,
}

impl Sides<'_> {
    /// Rows that each side of a comparison has.
    fn n(&self, unseen: bool) -> usize {
        let real =
            self.unseen.filter(|_| unseen).map_or(self.real.n_rows / 2, |u| u.n_rows.min(self.real.n_rows));
        real.min(self.synthetic.n_rows).min(self.most)
    }

    fn drawn(&self, repeat: usize, unseen: bool) -> Drawn {
        let n = self.n(unseen);
        let order = |table: &Table, name: &str| {
            let mut rows: Vec<usize> = (0..table.n_rows).collect();
            shuffle(&mut rows, &mut self.seed.stream(&format!("evaluation {name} {repeat}")));
            rows
        };
        let real = order(self.real, "real");
        let made = order(self.synthetic, "synthetic");
        let synthetic = self.synthetic.take(&made[..n]);
        let (own, other) = match self.unseen.filter(|_| unseen) {
            Some(table) => (table.take(&order(table, "unseen")[..n]), self.real.take(&real[..n])),
            None => (self.real.take(&real[..n]), self.real.take(&real[n..2 * n])),
        };
        let seed = Seed(self.seed.key(&format!("independent {repeat}")));
        let independent = super::report::table::independent(&other, self.schema, seed);
        Drawn { own, synthetic, independent, other }
    }
}

/// Whether a column is compared: it is no name and no constant.
fn is_compared(column: &ColumnSchema) -> bool {
    !matches!(column.kind, Kind::Identifier | Kind::Constant { .. })
}

/// Whether a column measures something.
fn is_measure(column: &ColumnSchema) -> bool {
    matches!(column.kind, Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. })
}

/// Fewest rows of each table.
const FEWEST: usize = 20;

/// Compares `synthetic` with `real`, the rows it was made from, and with `unseen`, which no model saw; both have the columns of
/// `schema`, which is that of `real`.
///
/// Without unseen rows, halves of the real ones are compared with each other and attacks have no control, so they are left out.
///
/// # Errors
/// Fewer than 20 rows in a table; no column to compare; a target or protected column that is not there; too many threads.
pub fn evaluate(
    (real, schema): (&Table, &Schema),
    synthetic: &Table,
    unseen: Option<&Table>,
    options: &EvaluationOptions,
) -> Result<Evaluation> {
    for table in [Some(real), Some(synthetic), unseen].into_iter().flatten() {
        if table.n_rows < FEWEST {
            return Err(ModelError::TooFewRows {
                model: "an evaluation",
                found: table.n_rows,
                needed: FEWEST,
            }
            .into());
        }
    }
    if !schema.columns.iter().any(is_compared) {
        return Err(ModelError::NoColumns { model: "an evaluation" }.into());
    }
    for name in options.target.iter().chain(&options.protected).chain(&options.quasi) {
        real.target(name)?;
    }
    let most = options.rows.max(FEWEST_COMPARED);
    let sides = Sides { schema, real, synthetic, unseen, most, seed: Seed(options.seed) };
    // What fails inside is no failure of the threads.
    parallel(options.threads, || Ok(whole(&sides, options)))?
}

/// As [`evaluate`], of files: the real rows are read as `reading` says, the others as the columns of these.
///
/// # Errors
/// As there, and what reading says; [`DataError::SchemaMismatch`](crate::error::DataError::SchemaMismatch) where columns are missing or of other kinds.
pub fn evaluate_files(
    real: &Path,
    synthetic: &Path,
    unseen: Option<&Path>,
    reading: &TableReading,
    options: &EvaluationOptions,
) -> Result<Evaluation> {
    let settings = |path: &Path| table_options(path, reading);
    let reading = data::read(real, &settings(real))?;
    let mut notes: Vec<String> = Vec::new();
    let mut lacking: Vec<String> = Vec::new();
    let mut other = |path: &Path| -> Result<Table> {
        let (table, differences) = data::read_as(path, &reading.schema, &settings(path))?;
        for difference in &differences {
            let mut note = format!("{}: {difference}", path.display());
            if let Difference::MissingColumn { column, .. } = difference {
                note.push_str(", so it is not compared");
                lacking.push(column.clone());
            }
            notes.push(note);
        }
        Ok(table)
    };
    let synthetic = other(synthetic)?;
    let unseen = unseen.map(&mut other).transpose()?;
    // That a column is not there is said; its blanks would only tell the rows apart.
    let mut schema = reading.schema.clone();
    schema.columns.retain(|column| !lacking.contains(&column.name));
    let mut evaluation = evaluate((&reading.table, &schema), &synthetic, unseen.as_ref(), options)?;
    evaluation.notes.splice(0..0, notes);
    Ok(evaluation)
}

impl Evaluation {
    /// Adds what shadow models found, and says it where it is grave.
    pub(crate) fn insert_shadow(&mut self, found: Membership) {
        for (name, value) in [
            ("privacy.shadow_auc", found.auc),
            ("privacy.shadow_tpr_at_1", found.tpr_at_1),
            ("baseline.privacy.shadow_auc", 0.5),
            ("baseline.privacy.shadow_tpr_at_1", 0.01),
        ] {
            self.figures.insert(name.to_string(), value);
        }
        self.shadow = Some(found);
        self.findings = finding::findings(self);
    }
}

fn whole(sides: &Sides<'_>, options: &EvaluationOptions) -> Result<Evaluation> {
    let compared: Vec<&str> =
        sides.schema.columns.iter().filter(|c| is_compared(c)).map(|c| c.name.as_str()).collect();
    let mut all = Evaluation {
        findings: Vec::new(),
        rows: RowCounts {
            real: sides.real.n_rows,
            synthetic: sides.synthetic.n_rows,
            unseen: sides.unseen.map_or(0, |table| table.n_rows),
            compared: sides.n(sides.unseen.is_some()),
            attacked: 0,
            overlap: sides.unseen.map_or(0, |unseen| overlap(sides.real, unseen)),
        },
        figures: BTreeMap::new(),
        judged: Vec::new(),
        columns: Vec::new(),
        pairs: Vec::new(),
        giveaway: Vec::new(),
        least_real: Vec::new(),
        missed: finding::missed(sides.real, sides.synthetic, sides.schema),
        closeness: None,
        exact_copies: (0.0, 0.0),
        membership: None,
        domias: None,
        shadow: None,
        attacks: Vec::new(),
        repeated: Vec::new(),
        quasi: None,
        target_leaks: Vec::new(),
        positive: None,
        fairness: Vec::new(),
        notes: Vec::new(),
        drawn: Vec::new(),
        measures: sides.schema.columns.iter().filter(|c| is_measure(c)).map(|c| c.name.clone()).collect(),
        compared_columns: compared.iter().map(|name| (*name).to_string()).collect(),
    };
    fidelity::insert(&mut all, sides)?;
    attack::insert(&mut all, sides, &compared)?;
    if !options.quasi.is_empty() {
        attack::insert_quasi(&mut all, sides, &options.quasi);
    }
    fair::insert(&mut all, sides, options)?;
    for judged in &all.judged {
        for (prefix, of) in [("", judged.value), ("floor.", judged.floor), ("ceiling.", judged.ceiling)] {
            all.figures.insert(format!("{prefix}{}", judged.name), of.mean);
        }
    }
    all.findings = finding::findings(&all);
    all.drawn = page::columns(sides);
    Ok(all)
}

/// Rows of `unseen` that equal a row of `real` in every column; 0 where these are no more than chance makes.
fn overlap(real: &Table, unseen: &Table) -> usize {
    let (share, repeated) = (measure::equal_rows(real, unseen), measure::repeated_rows(real));
    // Rows of few columns and values are equal by chance; such rows repeat among the real ones too.
    if share > 0.005 + 4.0 * repeated { (share * unseen.n_rows as f64).round() as usize } else { 0 }
}

/// The pairs with both scores, least first.
fn worst_pairs(pairs: &[PairSimilarity], ceiling: &[PairSimilarity]) -> Vec<(String, String, f64, f64)> {
    let with = |(pair, other): (&PairSimilarity, &PairSimilarity)| {
        let [a, b] = pair.columns.clone();
        Some((a, b, pair.score?, other.score?))
    };
    let mut all: Vec<_> = pairs.iter().zip(ceiling).filter_map(with).collect();
    all.sort_by(|a, b| a.2.total_cmp(&b.2));
    all
}

impl Evaluation {
    /// The page, which needs nothing besides itself.
    pub fn html(&self, title: &str) -> String {
        page::page(self, title)
    }

    /// The numbers of the pictures of columns as CSV: `column`, `value` (a level, or the middle of a cell), `real` and `made`, the
    /// shares of rows.
    pub fn csv(&self) -> String {
        let mut out = String::from("column,value,real,made\n");
        for figure in &self.drawn {
            let (_, rows) = figure.csv().split_once('\n').unwrap_or_default();
            out.push_str(rows);
        }
        out
    }

    /// Everything but the pictures, as JSON.
    pub fn json(&self) -> String {
        // Maps have texts as keys and numbers are finite or written as null: nothing can fail.
        serde_json::to_string_pretty(self).unwrap_or_default()
    }
}
