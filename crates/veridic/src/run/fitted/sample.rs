//! Rows made by a trained model.

use nalgebra::DVector;
use rand_chacha::rand_core::Rng;
use veridic_graph::Pool;

use super::{Fitted, Form, InUse, Model, ordered};
use crate::codec::{BlockKind, Codec};
use crate::data::{Cells, Column, Data, Kind, MISSING, Matrix, Schema, Table};
use crate::error::Result;
use crate::models::chain;
use crate::models::maker::Maker;
use crate::models::{Ability, Draws, Fixed, Network, TableModel};
use crate::run::dataset::kind;
use crate::run::fitted::condition::{Condition, refused};
use crate::seed::{Seed, standard_normal};

impl Fitted {
    /// Makes `n` new rows. With conditions only rows that meet them: on columns of a table `VALUE`, and of a run with a chain or circuit
    /// also `FROM..TO`, `{VALUE,VALUE}` and `missing`; and on what rows of adversarial networks are made from: `label`, `set`,
    /// `category` (from 1), `code1`, `code2`, ….
    ///
    /// # Errors
    /// A model that cannot sample; a condition that is unknown, impossible, or too rare to be met.
    pub fn sample(&mut self, n: usize, given: &[(String, String)], seed: u64) -> Result<Data> {
        if !self.can(Ability::Sample) {
            return Err(self.cannot(Ability::Sample));
        }
        let seed = Seed(seed);
        if self.can(Ability::Continue) {
            if let Some(condition) = given.first() {
                let reason = "paths of series have no conditions".to_string();
                return Err(refused(condition, reason, "go on from a past instead"));
            }
            let (table, schema) = self.paths(n, None, seed.0)?.table();
            return Ok(Data::Table(table, schema));
        }
        if let Some((model, draws)) = self.table_model().and_then(|model| Some((model, model.draws()?))) {
            let class = class(draws, given)?;
            return Ok(whole(model, draws.sample(n, class, model.schema(), seed), seed));
        }
        if let Model::Table(_) = &self.model {
            return Ok(self.sample_given(n, given, seed.0)?.0);
        }
        let given = super::asked::of_columns(self.schema(), given);
        let (parts, columns) = self.parted(&given)?;
        let unmodeled = self.unmodeled_condition(&columns);
        let drawn = unmodeled.as_ref().map(|value| self.posterior_draws(n, value, seed)).transpose()?;
        let target = self.config.data.target.clone();
        let InUse { form, network, pool } = self.in_use(Ability::Sample)?;
        let (schema, codec) = match form {
            Form::Images(_) => {
                let z = points(network, seed, "sample", n, &parts);
                return form.decode(&network.decode(pool, &z)?);
            }
            Form::Table { schema, codec, .. } => (schema, codec),
        };
        let table = match (unmodeled, drawn) {
            (Some(value), Some(z)) => {
                let mut table = codec.decode(&sampled_rows(network, pool, &z, seed)?)?;
                let name = target.clone().unwrap_or_default();
                let cells = constant(schema, &name, &value, n);
                table.columns.push(Column { name, cells });
                if let Some(other) = columns.iter().find(|(column, _)| Some(column) != target.as_ref()) {
                    let reason = "it cannot be combined with a condition on the target".to_string();
                    return Err(refused(other, reason, "give one of the two"));
                }
                table
            }
            _ => sample_given(network, pool, codec, (n, &columns, seed), &parts)?,
        };
        let made = Data::Table(ordered(table, schema), schema.clone());
        Ok(self.as_paths(made))
    }

    /// What makes the rows of a run of a table, for what only that is capable of.
    pub(super) fn maker(&self, ability: Ability) -> Result<(&TableModel, Maker<'_>)> {
        let model = self.table_model().ok_or_else(|| self.cannot(ability))?;
        Ok((model, model.maker().ok_or_else(|| self.cannot(ability))?))
    }

    /// As [`Fitted::sample`] with conditions, of a run with a chain or circuit. Also gives as how many independent rows that meet the
    /// conditions those count which rows were kept from; nothing without conditions.
    ///
    /// # Errors
    /// As [`Fitted::sample`].
    pub fn sample_given(
        &self,
        n: usize,
        given: &[(String, String)],
        seed: u64,
    ) -> Result<(Data, Option<f64>)> {
        let (model, maker) = self.maker(Ability::Sample)?;
        let (seed, threads) = (Seed(seed), self.pool.threads());
        if given.is_empty() {
            return Ok((whole(model, maker.sample(n, seed, threads)?, seed), None));
        }
        let given = super::asked::of_columns(Some(model.schema()), given);
        let conditions: Vec<chain::Condition> = given
            .iter()
            .map(|typed| super::asked::condition(model.schema(), typed))
            .collect::<Result<_>>()?;
        let sample = maker
            .sample_given(n, &conditions, seed, threads)
            .map_err(|error| super::asked::impossible(model.schema(), &given, error))?;
        Ok((whole(model, sample.table, seed), Some(sample.effective)))
    }

    /// Makes `n` rows in which each value of a column, or each combination of values of several, is as frequent as the others.
    ///
    /// # Errors
    /// A model that has no likelihood; a column that is not there, or of too many values; more combinations than rows.
    pub fn sample_balanced(&self, n: usize, columns: &[&str], seed: u64) -> Result<Data> {
        let (model, maker) = self.maker(Ability::Sample)?;
        let table = maker.sample_balanced(n, columns, Seed(seed), self.pool.threads())?;
        Ok(whole(model, table, Seed(seed)))
    }

    /// The value of a condition on a target that the model does not speak of.
    fn unmodeled_condition(&self, given: &[(String, String)]) -> Option<String> {
        let target = self.config.data.target.as_ref().filter(|_| !self.config.data.model_target)?;
        given.iter().find(|(column, _)| column == target).map(|(_, value)| value.clone())
    }

    /// Draws from the posteriors of training rows with that value of the target.
    fn posterior_draws(&self, n: usize, value: &str, seed: Seed) -> Result<Matrix> {
        let condition = || (self.config.data.target.clone().unwrap_or_default(), value.to_string());
        let Some(network) = self.network().filter(|network| network.has_posterior()) else {
            let reason = "the model does not speak of the target, and its rows have no posterior".to_string();
            return Err(refused(&condition(), reason, "fit with `data.model-target = true`"));
        };
        let tensors = self.latents()?;
        let find = |part: &str| tensors.iter().find(|state| state.name == format!("{part}.{value}"));
        let (Some(mean), Some(log_variance)) = (find("mean"), find("log_variance")) else {
            let seen: Vec<&str> =
                tensors.iter().filter_map(|state| state.name.strip_prefix("mean.")).collect();
            let reason = format!("training rows have {}", seen.join(", "));
            return Err(refused(&condition(), reason, "ask for one of those"));
        };
        let (rows, latent) = (mean.dims[0] as u64, mean.dims[1]);
        let mut random = seed.stream("sample rows");
        let noise = network.points(seed, "sample", n);
        let mut z = Matrix::zeros(n, latent);
        for i in 0..n {
            let pick = ((u64::from(random.next_u32()) * rows) >> 32) as usize;
            for (j, value) in z.row_mut(i).iter_mut().enumerate() {
                let at = pick * latent + j;
                *value = mean.values[at] + (0.5 * log_variance.values[at]).exp() * noise.row(i)[j];
            }
        }
        Ok(z)
    }
}

/// The place of the class that conditions ask for of what makes rows as they come.
fn class(draws: Draws<'_>, given: &[Condition]) -> Result<Option<usize>> {
    const REMEDY: &str = "make more rows, and keep those that meet it";
    let Some(condition) = given.first() else { return Ok(None) };
    let why = |reason: &str| Err(refused(condition, reason.to_string(), REMEDY));
    let classes = match draws {
        Draws::Private(_) => return why("private marginals make rows as they come"),
        Draws::Mixture(_) => return why("a mixture of Gaussians makes rows as they come"),
        Draws::Classes(own) if condition.0 != own.target() || given.len() > 1 => {
            return why("a generative classifier makes rows of one class or as they come");
        }
        Draws::Classes(own) => own.classes(),
    };
    let class = classes.iter().position(|class| *class == condition.1);
    let none = || {
        let known = classes.join(", ");
        refused(condition, format!("the classes are {known}"), "ask for one of those")
    };
    class.ok_or_else(none).map(Some)
}

/// A made table with new names of rows and the columns that have one value in every row, in the order of the schema.
pub(super) fn whole(model: &TableModel, mut table: Table, seed: Seed) -> Data {
    for key in model.keys() {
        if table.column(key.column()).is_none() {
            let cells = key.make(&table, model.schema(), seed);
            table.columns.push(Column { name: key.column().to_string(), cells });
        }
    }
    for column in &model.schema().columns {
        if let Kind::Constant { value } = &column.kind
            && table.column(&column.name).is_none()
        {
            let code = if value.is_some() { 0 } else { MISSING };
            let levels = value.iter().cloned().collect();
            let cells = Cells::Text { codes: vec![code; table.n_rows], levels };
            table.columns.push(Column { name: column.name.clone(), cells });
        }
    }
    Data::Table(ordered(table, model.schema()), model.schema().clone())
}

/// Latent points from the prior with these parts fixed.
fn points(network: &Network, seed: Seed, name: &str, n: usize, parts: &[Fixed]) -> Matrix {
    let mut z = network.points(seed, name, n);
    if let Some(prior) = network.prior() {
        for point in z.values.chunks_mut(prior.width()) {
            parts.iter().for_each(|&part| prior.fix(point, part));
        }
    }
    z
}

/// Rows tried in all for each row asked for before a condition counts as too rare.
const TRIES: usize = 500;

/// Samples until `n` rows meet the conditions.
fn sample_given(
    network: &mut Network,
    pool: &mut Pool,
    codec: &Codec,
    (n, given, seed): (usize, &[Condition], Seed),
    parts: &[Fixed],
) -> Result<Table> {
    const CATEGORIES: &str = "conditions are on categories and flags the model has seen";
    for condition in given {
        let levels = codec.levels(&condition.0).ok_or_else(|| {
            refused(condition, "the model has no such category or flag".to_string(), CATEGORIES)
        })?;
        if !levels.contains(&condition.1) {
            let reason = format!("the model knows {}", levels.join(", "));
            return Err(refused(condition, reason, CATEGORIES));
        }
    }
    let mut kept: Option<Table> = None;
    let mut tried = 0;
    loop {
        let missing = n - kept.as_ref().map_or(0, |table| table.n_rows);
        let draw = if given.is_empty() { missing } else { (4 * n).clamp(256, 65_536) };
        let name = if tried == 0 { "sample".to_string() } else { format!("sample {tried}") };
        let z = points(network, seed, &name, draw, parts);
        let table = codec.decode(&sampled_rows_named(network, pool, &z, seed, &name)?)?;
        tried += draw;
        let meets = |row: &usize| {
            given.iter().all(|(name, value)| match table.column(name).map(|column| &column.cells) {
                Some(Cells::Number(cells)) => value.parse() == Ok(cells[*row]),
                Some(cells) => cells.text(*row) == Some(value.as_str()),
                None => false,
            })
        };
        let rows: Vec<usize> = (0..table.n_rows).filter(meets).take(missing).collect();
        let part = table.take(&rows);
        let all = match kept.take() {
            None => part,
            Some(mut all) => {
                for (column, more) in all.columns.iter_mut().zip(part.columns) {
                    match (&mut column.cells, more.cells) {
                        (Cells::Number(values), Cells::Number(more)) => values.extend(more),
                        (Cells::Text { codes, .. }, Cells::Text { codes: more, .. }) => codes.extend(more),
                        _ => unreachable!("a codec decodes a column to one form"),
                    }
                }
                all.n_rows += part.n_rows;
                all
            }
        };
        if all.n_rows == n {
            return Ok(all);
        }
        if tried > TRIES * n.max(20) {
            let condition = given.first().cloned().unwrap_or_default();
            let reason = format!("only {} of {tried} sampled rows met the conditions", all.n_rows);
            return Err(refused(&condition, reason, "ask for fewer rows, or for what is more common"));
        }
        kept = Some(all);
    }
}

/// Encoded rows drawn from what the decoder says about each latent point.
pub(crate) fn sampled_rows(network: &mut Network, pool: &mut Pool, z: &Matrix, seed: Seed) -> Result<Matrix> {
    sampled_rows_named(network, pool, z, seed, "sample")
}

fn sampled_rows_named(
    network: &mut Network,
    pool: &mut Pool,
    z: &Matrix,
    seed: Seed,
    name: &str,
) -> Result<Matrix> {
    let mut rows = network.decode(pool, z)?;
    let deviations = network.deviations_at(pool, z)?;
    let layout = network.layout().clone();
    let mut random = seed.stream(&format!("{name} cells"));
    let coupling = network.coupling();
    let is_relative = network.is_decoding_deviations();
    for i in 0..rows.n_rows {
        let row = rows.row_mut(i);
        let coupled = coupling.as_ref().map(|coupling| {
            let apart = DVector::from_fn(row.len(), |_, _| standard_normal(&mut random));
            coupling * apart
        });
        for block in &layout.blocks {
            let span = block.start..block.start + block.width;
            match block.kind {
                BlockKind::Number => {
                    for j in span {
                        row[j] += match &coupled {
                            Some(noise) if is_relative => deviations.row(i)[j] * noise[j] as f32,
                            Some(noise) => noise[j] as f32,
                            None => deviations.row(i)[j] * standard_normal(&mut random) as f32,
                        };
                    }
                }
                BlockKind::Flag => row[block.start] = f32::from(uniform(&mut random) < row[block.start]),
                BlockKind::Category => {
                    let mut left = uniform(&mut random);
                    let last = block.start + block.width - 1;
                    let mut hit = last;
                    for j in span.clone() {
                        left -= row[j];
                        if left < 0.0 {
                            hit = j;
                            break;
                        }
                    }
                    row[span].fill(0.0);
                    row[hit] = 1.0;
                }
            }
            if let Some(at) = block.missing_at {
                row[at] = f32::from(uniform(&mut random) < row[at]);
            }
        }
    }
    Ok(rows)
}

fn uniform(random: &mut impl Rng) -> f32 {
    (random.next_u32() >> 8) as f32 / (1u32 << 24) as f32
}

/// A target column that has one value, in the form the schema has it.
fn constant(schema: &Schema, target: &str, value: &str, n: usize) -> Cells {
    match (kind(schema, target), value.parse::<f64>()) {
        (Some(Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. }), Ok(value)) => {
            Cells::Number(vec![value; n])
        }
        _ => Cells::Text { codes: vec![0; n], levels: vec![value.to_string()] },
    }
}
