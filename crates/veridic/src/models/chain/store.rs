//! A chain as tensors and words.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::coder::{Coder, Made};
use super::copy::Copies;
use super::fit::Partial;
use super::formula::Formula;
use super::gap::Gap;
use super::plan::{Decided, Decision, Plan, order};
use super::rule::Checks;
use super::select::Margins;
use super::{Chain, ChainConfig, Learned};
use crate::data::ColumnSchema;
use crate::models::Stored;
use crate::models::boost::Softmax;

fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn parsed<T: DeserializeOwned>(stored: &Stored, name: &str) -> Result<T, String> {
    serde_json::from_str(stored.text(name)?).map_err(|error| format!("`{name}`: {error}"))
}

impl Learned {
    fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.absorb("coarse", self.coarse.store());
        if let Some(fine) = &self.fine {
            stored.absorb("fine", fine.store());
        }
        stored
    }

    /// The models that were stored; `None` where there are none.
    fn restore(stored: &Stored, n_parents: Option<usize>) -> Result<Option<Self>, String> {
        if stored.tensors.is_empty() {
            return Ok(None);
        }
        // Of a fit that is not over, features are checked when it goes on.
        let n = n_parents.unwrap_or(usize::MAX - 1);
        let fine = stored.below("fine");
        let fine = if fine.tensors.is_empty() { None } else { Some(Softmax::restore(&fine, n + 1)?) };
        Ok(Some(Self { coarse: Softmax::restore(&stored.below("coarse"), n)?, fine }))
    }
}

impl Partial {
    /// What was learned, as tensors.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        stored.about.insert("columns".to_string(), self.learned.len().to_string());
        for (j, learned) in self.learned.iter().enumerate() {
            if let Some(learned) = learned {
                stored.absorb(&format!("learned.{j}"), learned.store());
            }
        }
        stored
    }

    /// What [`store`](Self::store) stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let n: usize = parsed(stored, "columns")?;
        if n > 1_000_000 {
            return Err("more columns than a table has".to_string());
        }
        let learned = (0..n).map(|j| Learned::restore(&stored.below(&format!("learned.{j}")), None));
        Ok(Self { learned: learned.collect::<Result<_, _>>()? })
    }
}

/// Adds what follows and what holds to what is stored.
pub(in crate::models) fn store_law(plan: &Plan, checks: &Checks, stored: &mut Stored) {
    let mut decisions = Vec::new();
    for (column, decided) in plan.decided.iter().enumerate() {
        let Some(decided) = decided else { continue };
        decisions.push(Decision { column, by: decided.by, period: decided.period });
        let name = format!("decided.{column}");
        match &decided.values {
            Made::Number(values) => stored.insert(name, &[values.len()], values.clone()),
            Made::Symbol(symbols) => stored.insert(name, &[symbols.len()], symbols.clone()),
        }
    }
    stored.about.insert("decided".to_string(), text(&decisions));
    stored.about.insert("formulas".to_string(), text(&plan.formulas));
    stored.about.insert("gaps".to_string(), text(&plan.gaps));
    if plan.instead.iter().any(Option::is_some) {
        stored.about.insert("instead".to_string(), text(&plan.instead));
    }
    if plan.partly.iter().any(Option::is_some) {
        stored.about.insert("partly".to_string(), text(&plan.partly));
    }
    stored.about.insert("checks".to_string(), text(checks));
}

/// What [`store_law`] stored, of columns with these coders.
///
/// # Errors
/// What is wrong with it.
pub(in crate::models) fn restore_law(stored: &Stored, coders: &[Coder]) -> Result<(Plan, Checks), String> {
    let n = coders.len();
    let mut decided: Vec<Option<Decided>> = vec![None; n];
    for Decision { column, by, period } in parsed::<Vec<Decision>>(stored, "decided")? {
        if column >= n || by >= n || column == by {
            return Err("a decided column that is not there".to_string());
        }
        let name = format!("decided.{column}");
        let values = match &coders[column] {
            Coder::Number(_) => Made::Number(stored.values::<f64>(&name)?.to_vec()),
            Coder::Text(coder) => {
                let symbols = stored.values::<u32>(&name)?.to_vec();
                if symbols.iter().any(|symbol| *symbol > coder.missing()) {
                    return Err("a decided value that is not there".to_string());
                }
                Made::Symbol(symbols)
            }
        };
        let of = Decided { by, period, values };
        if of.values.len() != of.symbols(coders) || period.is_some() && matches!(coders[by], Coder::Text(_)) {
            return Err("a decided column that is not whole".to_string());
        }
        decided[column] = Some(of);
    }
    if decided.iter().flatten().any(|of| decided[of.by].is_some()) {
        return Err("a column decided by one that is decided".to_string());
    }
    let formulas: Vec<Option<Formula>> = parsed(stored, "formulas")?;
    let numbers =
        |i: usize, j: usize| matches!((&coders[i], &coders[j]), (Coder::Number(_), Coder::Number(_)));
    let are_there = |(j, formula): (usize, &Option<Formula>)| {
        let Some(formula) = formula else { return true };
        let is_rate = |i: usize| formula.rates.as_ref().is_some_and(|rates| rates.of == i);
        let is_sound = |i: usize| match coders.get(i) {
            Some(Coder::Text(_)) => is_rate(i) && matches!(coders[j], Coder::Number(_)),
            Some(Coder::Number(_)) => numbers(i, j) && !is_rate(i),
            None => false,
        };
        let known = formula.parts.iter().all(|part| part.column != j && is_sound(part.column));
        formula.is_whole() && decided[j].is_none() && known
    };
    if formulas.len() != n || !formulas.iter().enumerate().all(are_there) {
        return Err("formulas of columns that are not there".to_string());
    }
    let instead: Vec<Option<Formula>> = match stored.about.contains_key("instead") {
        true => parsed(stored, "instead")?,
        false => vec![None; n],
    };
    let is_second = |(j, of): (usize, &Option<Formula>)| of.is_none() || formulas[j].is_some();
    if instead.len() != n || !instead.iter().enumerate().all(|of| are_there(of) && is_second(of)) {
        return Err("second formulas of columns that are not there".to_string());
    }
    // None is made, by way of others, of itself.
    let mut place = vec![0; n];
    for (at, j) in order(&decided, &formulas, &instead).into_iter().enumerate() {
        place[j] = at;
    }
    let waits = |(j, formula): (usize, &Option<Formula>)| {
        formula.iter().flat_map(|formula| &formula.parts).all(|part| place[part.column] < place[j])
    };
    if !formulas.iter().enumerate().all(waits) || !instead.iter().enumerate().all(waits) {
        return Err("formulas of columns that are made of each other".to_string());
    }
    let checks: Checks = parsed(stored, "checks")?;
    if let Some(problem) = checks.problem(n) {
        return Err(problem.to_string());
    }
    // Chains that were stored before there were distances have none.
    let gaps: Vec<Option<Gap>> = match stored.about.contains_key("gaps") {
        true => parsed(stored, "gaps")?,
        false => vec![None; n],
    };
    let sound = |(j, gap): (usize, &Option<Gap>)| {
        let Some(gap) = gap else { return true };
        let is_number = matches!(gap.coder, Coder::Number(_)) && gap.coder.problem().is_none();
        is_number
            && gap.from < j
            && numbers(gap.from, j)
            && decided[gap.from].is_none()
            && decided[j].is_none()
            && formulas[j].is_none()
    };
    if gaps.len() != n || !gaps.iter().enumerate().all(sound) {
        return Err("differences of columns that are not there".to_string());
    }
    let partly: Vec<Option<usize>> = match stored.about.contains_key("partly") {
        true => parsed(stored, "partly")?,
        false => vec![None; n],
    };
    let plan = Plan { order: order(&decided, &formulas, &instead), decided, formulas, instead, gaps, partly };
    if plan.partly.len() != n || (0..n).any(|j| plan.partly[j].is_some() && !plan.follows(j)) {
        return Err("columns that follow from nothing".to_string());
    }
    Ok((plan, checks))
}

impl Chain {
    /// The chain as tensors and words.
    pub fn store(&self) -> Stored {
        let mut stored = Partial { learned: self.learned.clone() }.store();
        stored.about.insert("columns".to_string(), text(&self.columns));
        stored.about.insert("config".to_string(), text(&self.config));
        stored.about.insert("coders".to_string(), text(&self.coders));
        stored.about.insert("rows".to_string(), text(&self.n_rows));
        store_law(&self.plan, &self.checks, &mut stored);
        if let Some(margins) = &self.margins {
            stored
                .about
                .insert("margins".to_string(), text(&(&margins.columns, &margins.pairs, margins.n_rows)));
            if margins.strength < 1.0 {
                stored.about.insert("margins.strength".to_string(), text(&margins.strength));
            }
            let targets: Vec<f32> = margins.targets.concat();
            stored.insert(
                "margins",
                &[margins.pairs.len(), targets.len() / margins.pairs.len().max(1)],
                targets,
            );
            if let Some(corrections) = &margins.corrections {
                let values: Vec<f32> = corrections.concat();
                let width = values.len() / corrections.len().max(1);
                stored.insert("corrections", &[corrections.len(), width], values);
                stored.about.insert("corrections".to_string(), "kept".to_string());
            }
        }
        if let Some(copies) = &self.copies {
            stored.about.insert("copies".to_string(), text(&(&copies.columns, copies.share, copies.out)));
            stored.insert("copies", &[copies.seen.len()], copies.seen.clone());
        }
        stored
    }

    /// The chain that [`store`](Self::store) stored.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let config: ChainConfig = parsed(stored, "config")?;
        let columns: Vec<ColumnSchema> = parsed(stored, "columns")?;
        let coders: Vec<Coder> = parsed(stored, "coders")?;
        let n = columns.len();
        if coders.len() != n || n == 0 {
            return Err("columns without codes".to_string());
        }
        if let Some(problem) = coders.iter().find_map(Coder::problem) {
            return Err(problem.to_string());
        }
        let (plan, checks) = restore_law(stored, &coders)?;
        let mut learned = Vec::with_capacity(n);
        for j in 0..n {
            let coder = plan.target(j, &coders);
            let parents = plan.looked(j, &coders).len();
            let of = Learned::restore(&stored.below(&format!("learned.{j}")), Some(parents))?;
            let whole = of.as_ref().is_none_or(|of| of.fits(coder.codes(), config.fine, parents));
            if !whole || of.is_some() != plan.is_learned(j) {
                return Err(format!("the model of column {} is not whole", j + 1));
            }
            learned.push(of);
        }
        let margins = match stored.about.contains_key("margins") {
            false => None,
            true => {
                let (columns, pairs, n_rows) = parsed(stored, "margins")?;
                let targets = stored.values::<f32>("margins")?;
                let width = targets.len() / usize::max(Vec::len(&pairs), 1);
                let targets = targets.chunks(width.max(1)).map(<[f32]>::to_vec).collect();
                let strength = match stored.about.contains_key("margins.strength") {
                    true => parsed(stored, "margins.strength")?,
                    false => 1.0,
                };
                let corrections = match stored.about.contains_key("corrections") {
                    false => None,
                    true if stored.text("corrections")? != "kept" => {
                        return Err("corrections of pairs are kept or not there".to_string());
                    }
                    true => {
                        let values = stored.values::<f32>("corrections")?;
                        Some(values.chunks(width.max(1)).map(<[f32]>::to_vec).collect())
                    }
                };
                let margins = Margins { columns, pairs, targets, n_rows, strength, corrections };
                if let Some(problem) = margins.problem(n) {
                    return Err(problem.to_string());
                }
                Some(margins)
            }
        };
        let copies = match stored.about.contains_key("copies") {
            false => None,
            true => {
                let (columns, share, out) = parsed(stored, "copies")?;
                Some(Copies { columns, seen: stored.values::<u64>("copies")?.to_vec(), share, out })
            }
        };
        if let Some(problem) = copies.as_ref().and_then(|copies| copies.problem(n)) {
            return Err(problem.to_string());
        }
        let n_rows = parsed(stored, "rows")?;
        Ok(Self { config, columns, coders, plan, learned, n_rows, checks, margins, copies })
    }
}
