//! A trained model opened from its directory: scoring, encoding, reconstructing.

use std::collections::BTreeMap;
use std::path::Path;

use veridic_graph::Pool;

use super::config::Config;
use super::criterion;
use super::dataset::{image_options, kind, label_texts, read_options_of, table_layout};
use super::directory::{Directory, RunInfo};
use super::fit::read_schema;
use super::judge::largest;
use super::sample::Sampled;
use super::suitable;
use crate::codec::{Codec, ImageCodec};
use crate::data::{self, Cells, Column, ColumnSchema, Images, Kind, MISSING, Matrix, Schema, Table};
use crate::error::{Result, RunError};
use crate::models::{Layout, ModelConfig, Network, Rows};
use crate::nn::LayerSummary;
use crate::train::{Criterion, Event, TrainConfig};

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
    /// The number of each one's class, for models that judge rows with their classes.
    class_numbers: Vec<f32>,
    pub(super) notes: Vec<String>,
}

impl Given {
    pub(super) fn rows(&self) -> Rows<'_> {
        let rows = match &self.bytes {
            Some(images) => Rows::bytes(&images.pixels, images.height * images.width * images.channels),
            None => Rows::matrix(&self.matrix),
        };
        rows.labelled(&self.class_numbers)
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

    /// What losses mean: the likelihood, what its values are, its formula with its constants. Nothing for models that give
    /// no rows back.
    pub fn likelihood(&self) -> Option<String> {
        let is_images = matches!(self.form, Form::Images(_));
        self.network.reconstructs().then(|| suitable::in_words(&self.config, is_images))
    }

    /// What the epoch that was kept was chosen by; nothing where it is the last one.
    pub fn criterion(&self) -> Option<Criterion> {
        criterion::of(&self.config).filter(|_| self.config.train.best)
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

    /// The number of each image's class, for models that judge an image with its class; else none.
    fn class_numbers(&self, labels: Option<&[Option<String>]>, path: &Path) -> Result<Vec<f32>> {
        if self.network.prior().is_none_or(|prior| prior.classes == 0) {
            return Ok(Vec::new());
        }
        let number = |label: &Option<String>| {
            let at =
                label.as_ref().and_then(|label| self.info.classes.iter().position(|class| class == label));
            at.map(|at| at as f32)
        };
        let numbers: Option<Vec<f32>> = labels.unwrap_or_default().iter().map(number).collect();
        numbers.filter(|numbers| !numbers.is_empty()).ok_or_else(|| {
            let known = self.info.classes.join(", ");
            RunError::NoData {
                reason: format!(
                    "the model judges an image with its label, and not all images have one it knows: {}",
                    path.display()
                ),
                remedy: format!("give images with labels; known are {known}"),
            }
            .into()
        })
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
                let class_numbers = self.class_numbers(labels.as_deref(), path)?;
                let (bytes, notes) = (Some(images), set.notes);
                Ok(Given { table: None, matrix: Matrix::default(), bytes, labels, class_numbers, notes })
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
                let (table, matrix) = (Some(table), encoded.matrix);
                Ok(Given { table, matrix, bytes: None, labels: None, class_numbers: Vec::new(), notes })
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

    /// The code of each row, of an adversarial network the discriminator's features: columns `z1`, `z2`, … With
    /// `model.gan.info` also what is read from each row: `category`, from 1, and `code1`, `code2`, …
    ///
    /// # Errors
    /// As [`Self::score`].
    pub fn encode(&mut self, path: &Path) -> Result<(Table, Schema, Vec<String>)> {
        let given = self.read(path)?;
        let rows = given.index();
        let (latent, _) = self.network.encode(&mut self.pool, given.rows(), &rows)?;
        let mut columns = numbered("z", &latent);
        if let ModelConfig::Gan(gan) = &self.config.model
            && let Some(info) = gan.info
        {
            let mut read = self.network.recognize(&mut self.pool, given.rows(), &rows)?.into_iter();
            if info.categories > 0
                && let Some(logits) = read.next()
            {
                let category = |i: usize| largest(logits.row(i)) as f64 + 1.0;
                columns.push(number("category", (0..rows.len()).map(category).collect()));
            }
            if info.continuous > 0
                && let Some(codes) = read.next()
            {
                columns.extend(numbered("code", &codes));
            }
        }
        let table = Table { n_rows: rows.len(), columns };
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

/// The columns in the order of the schema.
pub(super) fn ordered(mut table: Table, schema: &Schema) -> Table {
    let place =
        |column: &Column| schema.columns.iter().position(|c| c.name == column.name).unwrap_or(usize::MAX);
    table.columns.sort_by_key(place);
    table
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

/// The columns of a matrix, numbered from 1.
fn numbered(name: &str, of: &Matrix) -> Vec<Column> {
    let column = |j: usize| {
        let values = (0..of.n_rows).map(|i| f64::from(of.row(i)[j])).collect();
        number(&format!("{name}{}", j + 1), values)
    };
    (0..of.n_cols).map(column).collect()
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
        ColumnSchema::new(&column.name, kind, column.n_missing())
    });
    Schema { columns: columns.collect() }
}

/// The text of one cell as the source writes it.
pub(crate) fn cell_text(schema: &Schema, table: &Table, column: &str, row: usize) -> Option<String> {
    let cells = &table.column(column)?.cells;
    let mut text = String::new();
    data::cell(kind(schema, column), cells, row, &mut text).then_some(text)
}
