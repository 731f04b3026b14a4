//! A trained model opened from its directory: sampling, scoring, encoding, reconstructing.

use std::collections::BTreeMap;
use std::path::Path;

use rand_chacha::rand_core::Rng;
use veridic_graph::Pool;

use super::config::Config;
use super::dataset::{image_options, kind, label_texts, read_options_of, table_layout};
use super::directory::{Directory, RunInfo};
use super::fit::read_schema;
use super::suitable;
use crate::codec::{BlockKind, Codec, ImageCodec};
use crate::data::{self, Cells, Column, ColumnSchema, Images, Kind, MISSING, Matrix, Schema, Table};
use crate::error::{Result, RunError};
use crate::models::{Layout, Network, Rows};
use crate::nn::LayerSummary;
use crate::seed::{Seed, standard_normal};
use crate::train::{Event, TrainConfig};

/// Rows made by a model, in the form of the data it learned from.
#[derive(Debug, Clone, PartialEq)]
pub enum Sampled {
    /// A table, with its schema.
    Table(Table, Schema),
    /// Images.
    Images(Images),
}

impl Sampled {
    /// Rows or images.
    pub fn len(&self) -> usize {
        match self {
            Self::Table(table, _) => table.n_rows,
            Self::Images(images) => images.n,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// How rows are read and written.
#[derive(Debug)]
pub(super) enum Form {
    Table { schema: Schema, codec: Codec },
    Images(ImageCodec),
}

/// A trained model.
#[derive(Debug)]
pub struct Run {
    pub(super) directory: Directory,
    pub(super) info: RunInfo,
    pub(super) config: Config,
    pub(super) form: Form,
    pub(super) network: Network,
    pub(super) pool: Pool,
}

/// Rows to be read: encoded, with their table if they are one.
pub(super) struct Given {
    pub(super) table: Option<Table>,
    matrix: Matrix,
    pub(super) bytes: Option<Images>,
    /// The label of each image, where they have labels.
    pub(super) labels: Option<Vec<Option<String>>>,
    pub(super) notes: Vec<String>,
}

impl Given {
    pub(super) fn rows(&self) -> Rows<'_> {
        match &self.bytes {
            Some(images) => Rows::bytes(&images.pixels, images.height * images.width * images.channels),
            None => Rows::matrix(&self.matrix),
        }
    }

    pub(super) fn index(&self) -> Vec<u32> {
        (0..self.rows().len() as u32).collect()
    }
}

impl Run {
    /// Opens the run in `path`, to be used with so many threads.
    ///
    /// # Errors
    /// A directory that is not a run, of a newer version, without weights yet, or damaged (the file is named).
    pub fn open(path: &Path, threads: usize) -> Result<Self> {
        let directory = Directory::open(path)?;
        let info = directory.info()?;
        let config = directory.config()?;
        if !directory.file("model.safetensors").is_file() {
            let status = info.status.name().to_string();
            return Err(RunError::Unfinished { status, path: path.to_path_buf() }.into());
        }
        let is_images = directory.read_json::<serde_json::Value>("schema.json")?.get("images").is_some();
        let (form, mut layout) = if is_images {
            let codec: ImageCodec = directory.read_json("codec.json")?;
            let dims = vec![codec.height, codec.width, codec.channels];
            (Form::Images(codec), Layout { dims, ..Layout::default() })
        } else {
            let schema = read_schema(&directory)?;
            let codec: Codec = directory.read_json("codec.json")?;
            if let Some(block) = codec.blocks().iter().find(|block| schema.column(&block.column).is_none()) {
                let reason = format!("it has no column `{}`, which codec.json encodes", block.column);
                return Err(directory.damaged("schema.json", &reason));
            }
            let layout = table_layout(&codec, config.data.target.as_deref());
            (Form::Table { schema, codec }, layout)
        };
        layout.classes = info.classes.len();
        let train = TrainConfig { clip_norm: None, clip_value: None, ..config.train.clone() };
        let mut network = Network::new(&config.model, layout, &train, 0)?;
        let weights = directory.read_weights()?;
        network.set_weights(&weights).map_err(|name| {
            directory.damaged("model.safetensors", &format!("`{name}` is not there or has another shape"))
        })?;
        Ok(Self { directory, info, config, form, network, pool: Pool::new(threads) })
    }

    /// The configuration, every default written out.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What `run.json` says.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// The layer table.
    pub fn layers(&self) -> &[LayerSummary] {
        self.network.layers()
    }

    /// Encoded columns.
    pub fn width(&self) -> usize {
        self.network.layout().width()
    }

    /// What losses mean: the likelihood, what its values are, its formula with its constants.
    pub fn likelihood(&self) -> String {
        suitable::in_words(&self.config, matches!(self.form, Form::Images(_)))
    }

    /// The figures of `report.json`; empty before the run is done.
    pub fn report(&self) -> BTreeMap<String, f64> {
        self.directory.read_json("report.json").unwrap_or_default()
    }

    /// The epochs done so far.
    pub fn events(&self) -> Vec<Event> {
        self.directory.events()
    }

    /// The layers as a picture.
    ///
    /// # Errors
    /// A picture that cannot be drawn.
    pub fn diagram(&self) -> Result<crate::figure::Figure> {
        super::figures::diagram(&self.config, self.network.layers(), &self.network.layout().dims)
    }

    /// Makes `n` new rows. With conditions (`column = value` on categories and flags) only rows that meet them.
    ///
    /// # Errors
    /// A model that cannot sample; a condition that is unknown, or too rare to be met.
    pub fn sample(&mut self, n: usize, given: &[(String, String)], seed: u64) -> Result<Sampled> {
        if !self.network.can_sample() {
            return Err(RunError::Cannot {
                model: self.config.model.noun().to_string(),
                verb: "sample".to_string(),
                remedy: "fit a VAE or an adversarial network, which have a distribution to sample from"
                    .to_string(),
            }
            .into());
        }
        let seed = Seed(seed);
        match &self.form {
            Form::Images(codec) => {
                if self.network.prior().is_some_and(|prior| prior.classes + prior.sets > 0) {
                    return self.sample_class(n, given, seed);
                }
                if let Some((column, value)) = given.first() {
                    let reason = "images have no columns".to_string();
                    return Err(
                        RunError::Given { column: column.clone(), value: value.clone(), reason }.into()
                    );
                }
                let z = self.network.points(seed, "sample", n);
                let expected = self.network.decode(&mut self.pool, &z)?;
                Ok(Sampled::Images(codec.decode(&expected)?))
            }
            Form::Table { schema, codec } => {
                let table = match self.unmodeled_condition(given) {
                    Some(value) => {
                        let z = self.posterior_draws(n, &value, seed)?;
                        let rows = sampled_rows(&mut self.network, &mut self.pool, &z, seed)?;
                        let mut table = codec.decode(&rows)?;
                        let target = self.config.data.target.clone().unwrap_or_default();
                        table
                            .columns
                            .push(Column { name: target, cells: constant(schema, &self.config, &value, n) });
                        let rest: Vec<_> = given
                            .iter()
                            .filter(|(column, _)| Some(column) != self.config.data.target.as_ref())
                            .cloned()
                            .collect();
                        if let Some((column, value)) = rest.first() {
                            let reason = "it cannot be combined with a condition on the target".to_string();
                            return Err(RunError::Given {
                                column: column.clone(),
                                value: value.clone(),
                                reason,
                            }
                            .into());
                        }
                        table
                    }
                    None => sample_given(&mut self.network, &mut self.pool, codec, (n, given, seed))?,
                };
                Ok(Sampled::Table(ordered(table, schema), schema.clone()))
            }
        }
    }

    /// Refuses what only a model that gives rows back can do.
    pub(super) fn must_reconstruct(&self, verb: &str) -> Result<()> {
        if self.network.reconstructs() {
            return Ok(());
        }
        Err(RunError::Cannot {
            model: self.config.model.noun().to_string(),
            verb: verb.to_string(),
            remedy: "fit an autoencoder or a VAE".to_string(),
        }
        .into())
    }

    /// Images of the class or of the set that is asked for, or of all evenly.
    fn sample_class(&mut self, n: usize, given: &[(String, String)], seed: Seed) -> Result<Sampled> {
        let refused = |(column, value): &(String, String), reason: String| RunError::Given {
            column: column.clone(),
            value: value.clone(),
            reason,
        };
        let data = &self.config.data;
        let (column, values) = match &data.second {
            Some(second) => ("set", vec![data.images.clone().unwrap_or("first".to_string()), second.clone()]),
            None => ("label", self.info.classes.clone()),
        };
        let mut class = None;
        for condition in given {
            if condition.0 != column {
                let reason = format!("images have a `{column}` and no columns");
                return Err(refused(condition, reason).into());
            }
            let Some(at) = values.iter().position(|value| *value == condition.1) else {
                let reason = format!("there are {}", values.join(", "));
                return Err(refused(condition, reason).into());
            };
            if class.is_some_and(|class| class != at) {
                return Err(refused(condition, format!("an image has one {column}")).into());
            }
            class = Some(at);
        }
        let Form::Images(codec) = &self.form else { unreachable!("asked of images") };
        let prior = self.network.prior().expect("a generator has a prior");
        let z = prior.draw(seed, "sample latent", n, |_| class);
        Ok(Sampled::Images(codec.decode(&self.network.decode(&mut self.pool, &z)?)?))
    }

    /// The value of a condition on a target that the model does not speak of.
    fn unmodeled_condition(&self, given: &[(String, String)]) -> Option<String> {
        let target = self.config.data.target.as_ref().filter(|_| !self.config.data.model_target)?;
        given.iter().find(|(column, _)| column == target).map(|(_, value)| value.clone())
    }

    /// Draws from the posteriors of training rows with that value of the target.
    fn posterior_draws(&self, n: usize, value: &str, seed: Seed) -> Result<Matrix> {
        let (tensors, _) = self.directory.read_tensors("latents.safetensors")?;
        let find = |part: &str| tensors.iter().find(|state| state.name == format!("{part}.{value}"));
        let (Some(mean), Some(log_variance)) = (find("mean"), find("log_variance")) else {
            let column = self.config.data.target.clone().unwrap_or_default();
            let seen: Vec<&str> =
                tensors.iter().filter_map(|state| state.name.strip_prefix("mean.")).collect();
            let reason = format!("training rows have {}", seen.join(", "));
            return Err(RunError::Given { column, value: value.to_string(), reason }.into());
        };
        let (rows, latent) = (mean.dims[0] as u64, mean.dims[1]);
        let mut random = seed.stream("sample rows");
        let noise = self.network.points(seed, "sample", n);
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

    /// Reads rows as the run's schema says.
    pub(super) fn read(&self, path: &Path) -> Result<Given> {
        match &self.form {
            Form::Images(codec) => {
                let set = data::read_images(path, &image_options(&self.config))?;
                let mut images = set.test.unwrap_or(set.train);
                let found = ImageCodec::of(&images);
                if found != *codec {
                    return Err(RunError::OtherImages {
                        expected: codec.described(),
                        found: found.described(),
                        path: Some(path.to_path_buf()),
                    }
                    .into());
                }
                let labels = images.labels.as_ref().map(|labels| label_texts(labels, set.names.as_deref()));
                self.config.data.binarization.apply(&mut images.pixels, codec.len());
                let (bytes, notes) = (Some(images), set.notes);
                Ok(Given { table: None, matrix: Matrix::default(), bytes, labels, notes })
            }
            Form::Table { schema, codec } => {
                let mut options = read_options_of(&self.config, path);
                let encoded = |name: &str| codec.blocks().iter().any(|block| block.column == name);
                let target = self.config.data.target.as_deref();
                let left_out =
                    schema.columns.iter().filter(|c| !encoded(&c.name) || Some(c.name.as_str()) == target);
                options.optional = left_out.map(|column| column.name.clone()).collect();
                let (mut table, differences) = data::read_as(path, schema, &options)?;
                let mut notes: Vec<String> = differences.iter().map(ToString::to_string).collect();
                for column in &schema.columns {
                    if table.column(&column.name).is_none() {
                        table
                            .columns
                            .push(Column { name: column.name.clone(), cells: missing(column, table.n_rows) });
                    }
                }
                let encoded = codec.encode_with(&table, None)?;
                for unfamiliar in encoded.unfamiliar {
                    if unfamiliar.missing > 0 && Some(unfamiliar.column.as_str()) != target {
                        notes.push(format!(
                            "`{}` has {} missing cells and had none in training; they are taken as typical",
                            unfamiliar.column, unfamiliar.missing
                        ));
                    }
                }
                Ok(Given { table: Some(table), matrix: encoded.matrix, bytes: None, labels: None, notes })
            }
        }
    }

    /// How unusual each row is: column `score`, higher is more unusual, in nats for likelihoods. With `explain` above
    /// 0, for each row the columns that add most: `reason_1` with `reason_1_adds` (its part of the score), `reason_1_actual`
    /// and `reason_1_expected`, and so on. Also returns what the user should know.
    ///
    /// # Errors
    /// Data that cannot be read or does not fit the run's schema, every difference at once.
    pub fn score(&mut self, path: &Path, explain: usize) -> Result<(Table, Schema, Vec<String>)> {
        if explain > 0 {
            self.must_reconstruct("say which columns add to a score")?;
        }
        let given = self.read(path)?;
        let rows = given.index();
        let (scores, terms) = self.network.score(&mut self.pool, given.rows(), &rows, explain > 0)?;
        let mut columns = vec![number("score", scores.clone())];
        if let (Some(terms), Form::Table { schema, codec }) = (terms, &self.form) {
            let (latent, _) = self.network.encode(&mut self.pool, given.rows(), &rows)?;
            let expected = codec.decode(&self.network.decode(&mut self.pool, &latent)?)?;
            let actual = given.table.as_ref().expect("a table was read");
            let target = self.config.data.target.as_deref();
            let blocks: Vec<_> =
                codec.blocks().iter().filter(|block| Some(block.column.as_str()) != target).collect();
            let explain = explain.min(blocks.len());
            let mut reasons: Vec<[Vec<Option<String>>; 3]> = vec![Default::default(); explain];
            let mut shares: Vec<Vec<f64>> = vec![Vec::new(); explain];
            for row in 0..rows.len() {
                let terms = terms.row(row);
                let mut adds: Vec<(f64, &str)> = blocks
                    .iter()
                    .map(|block| {
                        let columns = (block.start..block.start + block.width).chain(block.missing_at);
                        (columns.map(|j| f64::from(terms[j])).sum(), block.column.as_str())
                    })
                    .collect();
                // Equal shares keep the table's order.
                adds.sort_by(|a, b| b.0.total_cmp(&a.0));
                for (k, (adds, column)) in adds.into_iter().take(explain).enumerate() {
                    reasons[k][0].push(Some(column.to_string()));
                    reasons[k][1].push(cell_text(schema, actual, column, row));
                    reasons[k][2].push(cell_text(schema, &expected, column, row));
                    shares[k].push(adds);
                }
            }
            for (k, ([names, actual, expected], shares)) in reasons.into_iter().zip(shares).enumerate() {
                let k = k + 1;
                columns.push(text(&format!("reason_{k}"), &names));
                columns.push(number(&format!("reason_{k}_adds"), shares));
                columns.push(text(&format!("reason_{k}_actual"), &actual));
                columns.push(text(&format!("reason_{k}_expected"), &expected));
            }
        }
        let table = Table { n_rows: rows.len(), columns };
        let mut notes = given.notes;
        if explain > 0 && matches!(self.form, Form::Images(_)) {
            notes.push("reasons are given for tables only".to_string());
        }
        let schema = plain_schema(&table);
        Ok((table, schema, notes))
    }

    /// The code of each row: columns `z1`, `z2`, …
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn encode(&mut self, path: &Path) -> Result<(Table, Schema, Vec<String>)> {
        let given = self.read(path)?;
        let rows = given.index();
        let (latent, _) = self.network.encode(&mut self.pool, given.rows(), &rows)?;
        let column = |j: usize| {
            let values = (0..latent.n_rows).map(|i| f64::from(latent.row(i)[j])).collect();
            number(&format!("z{}", j + 1), values)
        };
        let table = Table { n_rows: rows.len(), columns: (0..latent.n_cols).map(column).collect() };
        let schema = plain_schema(&table);
        Ok((table, schema, given.notes))
    }

    /// What the model expects each row to be, in original units.
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn reconstruct(&mut self, path: &Path) -> Result<(Sampled, Vec<String>)> {
        self.must_reconstruct("give rows back")?;
        let given = self.read(path)?;
        let rows = given.index();
        let (latent, _) = self.network.encode(&mut self.pool, given.rows(), &rows)?;
        let expected = self.network.decode(&mut self.pool, &latent)?;
        let made = match &self.form {
            Form::Images(codec) => Sampled::Images(codec.decode(&expected)?),
            Form::Table { schema, codec } => {
                Sampled::Table(ordered(codec.decode(&expected)?, schema), schema.clone())
            }
        };
        Ok((made, given.notes))
    }
}

/// Rows tried in all for each row asked for before a condition counts as too rare.
const TRIES: usize = 500;

/// Samples until `n` rows meet the conditions.
fn sample_given(
    network: &mut Network,
    pool: &mut Pool,
    codec: &Codec,
    (n, given, seed): (usize, &[(String, String)], Seed),
) -> Result<Table> {
    for (column, value) in given {
        let refuse =
            |reason: String| RunError::Given { column: column.clone(), value: value.clone(), reason };
        let levels = codec
            .levels(column)
            .ok_or_else(|| refuse("the model has no such category or flag".to_string()))?;
        if !levels.contains(value) {
            return Err(refuse(format!("the model knows {}", levels.join(", "))).into());
        }
    }
    let mut kept: Option<Table> = None;
    let mut tried = 0;
    loop {
        let missing = n - kept.as_ref().map_or(0, |table| table.n_rows);
        let draw = if given.is_empty() { missing } else { (4 * n).clamp(256, 65_536) };
        let name = if tried == 0 { "sample".to_string() } else { format!("sample {tried}") };
        let z = network.points(seed, &name, draw);
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
            let (column, value) = given.first().cloned().unwrap_or_default();
            let reason = format!("only {} of {tried} sampled rows met the conditions", all.n_rows);
            return Err(RunError::Given { column, value, reason }.into());
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
    let deviations = network.deviations();
    let layout = network.layout().clone();
    let mut random = seed.stream(&format!("{name} cells"));
    for i in 0..rows.n_rows {
        let row = rows.row_mut(i);
        for block in &layout.blocks {
            let span = block.start..block.start + block.width;
            match block.kind {
                BlockKind::Number => {
                    for j in span {
                        row[j] += deviations[j] * standard_normal(&mut random) as f32;
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

/// The columns in the order of the schema.
pub(super) fn ordered(mut table: Table, schema: &Schema) -> Table {
    let place =
        |column: &Column| schema.columns.iter().position(|c| c.name == column.name).unwrap_or(usize::MAX);
    table.columns.sort_by_key(place);
    table
}

/// A target column that has one value, in the form the schema has it.
fn constant(schema: &Schema, config: &Config, value: &str, n: usize) -> Cells {
    let target = config.data.target.as_deref().unwrap_or_default();
    match (kind(schema, target), value.parse::<f64>()) {
        (Some(Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. }), Ok(value)) => {
            Cells::Number(vec![value; n])
        }
        _ => Cells::Text { codes: vec![0; n], levels: vec![value.to_string()] },
    }
}

/// A column of missing cells for one that the data lacks.
fn missing(column: &ColumnSchema, n: usize) -> Cells {
    match &column.kind {
        Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. } => Cells::Number(vec![f64::NAN; n]),
        kind => Cells::Text { codes: vec![MISSING; n], levels: kind.levels().to_vec() },
    }
}

fn number(name: &str, values: Vec<f64>) -> Column {
    Column { name: name.to_string(), cells: Cells::Number(values) }
}

fn text(name: &str, values: &[Option<String>]) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let mut known: BTreeMap<&str, u32> = BTreeMap::new();
    let mut codes = Vec::with_capacity(values.len());
    for value in values {
        codes.push(match value {
            None => MISSING,
            Some(value) => *known.entry(value).or_insert_with(|| {
                levels.push(value.clone());
                levels.len() as u32 - 1
            }),
        });
    }
    Column { name: name.to_string(), cells: Cells::Text { codes, levels } }
}

/// A schema for a table of results: numbers in their shortest form.
pub(super) fn plain_schema(table: &Table) -> Schema {
    let columns = table.columns.iter().map(|column| {
        let kind = match &column.cells {
            Cells::Number(_) => Kind::Real { decimals: 17, min: f64::NEG_INFINITY, max: f64::INFINITY },
            Cells::Text { levels, .. } => Kind::Categorical { levels: levels.clone() },
        };
        ColumnSchema { name: column.name.clone(), kind, missing: column.n_missing() }
    });
    Schema { columns: columns.collect() }
}

/// The text of one cell as the source writes it.
pub(crate) fn cell_text(schema: &Schema, table: &Table, column: &str, row: usize) -> Option<String> {
    let cells = &table.column(column)?.cells;
    let mut text = String::new();
    data::cell(kind(schema, column), cells, row, &mut text).then_some(text)
}
