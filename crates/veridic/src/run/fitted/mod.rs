//! A fitted model and its uses, held in memory or opened from a run directory.

mod asked;
mod batch;
pub(crate) mod condition;
mod encode;
pub(crate) mod encoding;
pub(crate) mod explore;
pub(crate) mod gap;
mod given;
mod invert;
mod kept;
mod noise;
mod page;
mod path;
pub(crate) mod provenance;
mod question;
pub(crate) mod sample;
pub(crate) mod score;
mod series;
pub(crate) mod space;
pub(crate) mod unseen;
mod walked;
mod window;

use std::collections::BTreeMap;
use std::path::Path;

use veridic_graph::{Pool, State};

use crate::codec::{Codec, ImageCodec};
use crate::data::{self, Column, DataKind, Schema, Table, TextLayout};
use crate::error::{ModelError, Result, RunError};
use crate::models::{Ability, Layout, ModelConfig, Network, Propagation, TableModel};
use crate::nn::LayerSummary;
use crate::run::check::{criterion, likelihood};
use crate::run::config::Config;
use crate::run::dataset::{Dataset, Windowing, series_layout, table_layout};
use crate::run::directory::{Directory, MODEL, RunInfo};
use crate::train::{Criterion, Event};

pub use given::{Given, Reading};
pub use invert::Inverted;
pub use noise::NoiseClusters;
pub use page::ScorePage;
pub use path::Paths;
pub use score::{Reason, Scores};
pub use series::Alarms;

/// A fitted model.
///
/// It has all that its uses need: [`Fitted::sample`], [`Fitted::score`], [`Fitted::encode`] and so on. Which of them a model
/// is capable of, [`Fitted::can`] says; asked for another, it names the models that are.
#[derive(Debug)]
pub struct Fitted {
    pub(crate) config: Config,
    pub(crate) info: RunInfo,
    pub(crate) model: Model,
    pub(crate) pool: Pool,
    pub(crate) record: Record,
}

/// The model itself.
#[derive(Debug)]
pub(crate) enum Model {
    /// A network, which speaks of encoded rows.
    Network(Box<Coded>),
    /// A model that speaks of tables.
    Table(Box<TableModel>),
    /// Labels spread over a graph, which speaks of encoded rows.
    Propagation(Box<Spread>),
}

/// Label propagation with the codec of its rows.
#[derive(Debug)]
pub(crate) struct Spread {
    pub(crate) form: Form,
    pub(crate) model: Propagation,
}

/// A network with the codec of its rows.
#[derive(Debug)]
pub(crate) struct Coded {
    pub(crate) form: Form,
    pub(crate) network: Network,
}

/// How rows become numbers and back.
#[derive(Debug, Clone)]
pub(crate) enum Form {
    Table {
        schema: Schema,
        codec: Box<Codec>,
        /// Of windows of series how a table becomes them.
        windows: Option<Box<Windowing>>,
    },
    Images(ImageCodec),
}

/// What is known of how the model came to be.
#[derive(Debug)]
pub(crate) enum Record {
    /// It lies in the run's directory.
    Directory(Directory),
    /// It was fitted in memory.
    Memory {
        report: BTreeMap<String, f64>,
        events: Vec<Event>,
        /// Posteriors of training rows, kept where the model does not speak of its target.
        latents: Vec<State>,
    },
}

/// A network ready to be used.
pub(crate) struct InUse<'a> {
    pub(crate) form: &'a Form,
    pub(crate) network: &'a mut Network,
    pub(crate) pool: &'a mut Pool,
}

impl Form {
    /// The form of the data of a run; none of models that have no codec.
    pub(crate) fn of(data: &Dataset) -> Option<Self> {
        match (&data.content, &data.codec) {
            (data::Data::Table(_, schema), Some(codec)) => {
                let windows = data.windows.clone().map(Box::new);
                Some(Self::Table { schema: schema.clone(), codec: Box::new(codec.clone()), windows })
            }
            (data::Data::Table(..), None) => None,
            (data::Data::Images(images), _) => Some(Self::Images(ImageCodec::of(images))),
        }
    }

    /// Encoded rows in the form of the data.
    pub(crate) fn decode(&self, rows: &data::Matrix) -> Result<data::Data> {
        Ok(match self {
            Self::Images(codec) => data::Data::Images(codec.decode(rows)?),
            Self::Table { schema, codec, .. } => {
                data::Data::Table(ordered(codec.decode(rows)?, schema), schema.clone())
            }
        })
    }

    /// Of windows of series how a table becomes them.
    pub(crate) fn windows(&self) -> Option<&Windowing> {
        match self {
            Self::Table { windows, .. } => windows.as_deref(),
            Self::Images(_) => None,
        }
    }
}

impl Fitted {
    /// Opens the run in `path`, to be used with so many threads.
    ///
    /// # Errors
    /// A directory that is not a run, of a newer version, without weights yet, or damaged (the file is named).
    pub fn open(path: &Path, threads: usize) -> Result<Self> {
        let directory = Directory::open(path)?;
        let info = directory.info()?;
        let config = directory.config()?;
        if !directory.file(MODEL).is_file() {
            let (status, error) = (info.status.name().to_string(), info.error);
            return Err(RunError::Unfinished { status, error, path: path.to_path_buf() }.into());
        }
        let model = match config.model.table() {
            Some(model) => {
                let schema = directory.schema()?;
                let stored = directory.read_model()?;
                let model = TableModel::restore(&model, &stored, schema)
                    .map_err(|reason| directory.damaged(MODEL, &reason))?;
                Model::Table(Box::new(model))
            }
            None if matches!(config.model, ModelConfig::Propagation(_)) => {
                let (form, layout) = Coded::form(&directory, &config)?;
                let model = Propagation::restore(&directory.read_model()?)
                    .map_err(|reason| directory.damaged(MODEL, &reason))?;
                if model.row_width() != layout.width() {
                    let reason = "its rows have another width than those of codec.json";
                    return Err(directory.damaged(MODEL, reason));
                }
                Model::Propagation(Box::new(Spread { form, model }))
            }
            None => Model::Network(Box::new(Coded::open(&directory, &config, &info)?)),
        };
        // Last: what is wrong with the file itself says more.
        directory.check_model(&info)?;
        Ok(Self { config, info, model, pool: Pool::new(threads), record: Record::Directory(directory) })
    }

    /// The configuration, every default written out.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// What `run.json` says.
    pub fn info(&self) -> &RunInfo {
        &self.info
    }

    /// How rows are laid out as delimited text: as the text that the model was fitted to.
    pub fn text_layout(&self) -> TextLayout {
        self.info.text.clone().unwrap_or_default()
    }

    /// Whether the model is capable of something.
    pub fn can(&self, ability: Ability) -> bool {
        let can = |ability| self.config.model.can(ability);
        let fills = ability == Ability::FillSeries && self.windows().is_some() && can(Ability::Reconstruct);
        can(ability) || fills
    }

    /// What kind of data it speaks of.
    pub fn kind(&self) -> DataKind {
        match self.form() {
            None | Some(Form::Table { .. }) => DataKind::Table,
            Some(Form::Images(_)) => DataKind::Images,
        }
    }

    /// The columns of the table it was fitted to; none of images.
    pub fn schema(&self) -> Option<&Schema> {
        match &self.model {
            Model::Table(model) => Some(model.schema()),
            Model::Network(_) | Model::Propagation(_) => match self.form() {
                Some(Form::Table { schema, .. }) => Some(schema),
                Some(Form::Images(_)) | None => None,
            },
        }
    }

    /// How rows become numbers and back; none of models that speak of tables.
    pub(crate) fn form(&self) -> Option<&Form> {
        match &self.model {
            Model::Network(coded) => Some(&coded.form),
            Model::Propagation(spread) => Some(&spread.form),
            Model::Table(_) => None,
        }
    }

    /// The model without a network that speaks of tables, if it is one.
    pub fn table_model(&self) -> Option<&TableModel> {
        match &self.model {
            Model::Table(model) => Some(model),
            Model::Network(_) | Model::Propagation(_) => None,
        }
    }

    /// Of windows of series how a table becomes them.
    pub(crate) fn windows(&self) -> Option<&Windowing> {
        self.form().and_then(Form::windows)
    }

    pub(crate) fn network(&self) -> Option<&Network> {
        match &self.model {
            Model::Network(coded) => Some(&coded.network),
            Model::Table(_) | Model::Propagation(_) => None,
        }
    }

    /// The network, for what needs one.
    pub(crate) fn in_use(&mut self, ability: Ability) -> Result<InUse<'_>> {
        if !self.can(ability) || self.network().is_none() {
            return Err(self.cannot(ability));
        }
        match &mut self.model {
            Model::Network(coded) => {
                let Coded { form, network } = &mut **coded;
                Ok(InUse { form, network, pool: &mut self.pool })
            }
            Model::Table(_) | Model::Propagation(_) => {
                Err(ModelError::NoNetwork { model: self.config.model.noun() }.into())
            }
        }
    }

    /// The error of a model that is asked for what it is not capable of.
    pub(crate) fn cannot(&self, ability: Ability) -> crate::Error {
        let able: Vec<&str> =
            ModelConfig::all().iter().filter(|model| model.can(ability)).map(ModelConfig::noun).collect();
        RunError::Cannot {
            model: self.config.model.noun().to_string(),
            verb: ability.verb().to_string(),
            remedy: format!("fit {}", either(&able)),
        }
        .into()
    }

    /// The layer table; empty of models without layers.
    pub fn layers(&self) -> &[LayerSummary] {
        self.network().map_or(&[], Network::layers)
    }

    /// Encoded columns; of models without an encoding, columns.
    pub fn width(&self) -> usize {
        match &self.model {
            Model::Network(coded) => coded.network.layout().width(),
            Model::Table(model) => model.schema().columns.len(),
            Model::Propagation(spread) => spread.model.row_width(),
        }
    }

    /// What losses mean: the likelihood, what its values are, its formula with its constants. Nothing for models that give
    /// no rows back.
    pub fn likelihood(&self) -> Option<String> {
        let is_images = self.kind() == DataKind::Images;
        self.can(Ability::Reconstruct).then(|| likelihood::in_words(&self.config, is_images))
    }

    /// What the epoch that was kept was chosen by; nothing where it is the last one.
    pub fn criterion(&self) -> Option<Criterion> {
        let trained = self.network().is_some() && self.config.train.best;
        criterion::of(&self.config).filter(|_| trained)
    }

    /// The figures of the report; empty before the run is done.
    pub fn report(&self) -> BTreeMap<String, f64> {
        match &self.record {
            Record::Directory(directory) => directory.read_json("report.json").unwrap_or_default(),
            Record::Memory { report, .. } => report.clone(),
        }
    }

    /// The epochs done so far.
    pub fn events(&self) -> Vec<Event> {
        match &self.record {
            Record::Directory(directory) => directory.events(),
            Record::Memory { events, .. } => events.clone(),
        }
    }

    /// Posteriors of training rows by value of the target, as `mean.VALUE` and `log_variance.VALUE`.
    pub(crate) fn latents(&self) -> Result<Vec<State>> {
        match &self.record {
            Record::Directory(directory) => Ok(directory.read_tensors("latents.safetensors")?.0),
            Record::Memory { latents, .. } => Ok(latents.clone()),
        }
    }

    /// The layers as a picture.
    ///
    /// # Errors
    /// A model without layers; a picture that cannot be drawn.
    pub fn diagram(&self) -> Result<crate::figure::Figure> {
        let network = self.network().ok_or_else(|| self.cannot(Ability::Layers))?;
        crate::run::figures::diagram(&self.config, network.layers(), &network.layout().dims)
    }

    /// Writes a model that was fitted in memory as a run directory, which must be empty or not there.
    ///
    /// # Errors
    /// A directory that is not empty or cannot be written.
    pub fn save(&mut self, path: &Path) -> Result<()> {
        let directory = Directory::create(path)?;
        directory.write_config(&self.config)?;
        match &self.model {
            Model::Network(coded) => {
                directory.write_form(&coded.form)?;
                directory.write_weights(&coded.network.weights())?;
            }
            Model::Propagation(spread) => {
                directory.write_form(&spread.form)?;
                directory.write_model(&spread.model.store())?;
            }
            Model::Table(model) => {
                directory.write_json("schema.json", model.schema())?;
                directory.write_model(&model.store())?;
            }
        }
        directory.write_info(&self.info)?;
        let latents = self.latents().unwrap_or_default();
        if !latents.is_empty() {
            directory.write_states("latents.safetensors", &latents)?;
        }
        directory.write_events(&self.events())?;
        directory.write_json("report.json", &self.report())
    }
}

impl Coded {
    /// A network from the files of its run.
    fn open(directory: &Directory, config: &Config, info: &RunInfo) -> Result<Self> {
        let (form, mut layout) = Self::form(directory, config)?;
        layout.classes = info.classes.len();
        let mut network = Network::to_use(&config.model, layout)?;
        let weights = directory.read_weights()?;
        network.set_weights(&weights).map_err(|name| {
            directory.damaged(MODEL, &format!("`{name}` is not there or has another shape"))
        })?;
        Ok(Self { form, network })
    }

    /// The codec of a run, with the layout of encoded rows.
    fn form(directory: &Directory, config: &Config) -> Result<(Form, Layout)> {
        let is_images = directory.read_json::<serde_json::Value>("schema.json")?.get("images").is_some();
        Ok(if is_images {
            let codec: ImageCodec = directory.read_json("codec.json")?;
            let dims = vec![codec.height, codec.width, codec.channels];
            (Form::Images(codec), Layout { dims, ..Layout::default() })
        } else {
            let schema = directory.schema()?;
            let codec: Box<Codec> = directory.read_json("codec.json")?;
            if let Some(block) = codec.blocks().iter().find(|block| schema.column(&block.column).is_none()) {
                let reason = format!("it has no column `{}`, which codec.json encodes", block.column);
                return Err(directory.damaged("schema.json", &reason));
            }
            let windows: Option<Box<Windowing>> = directory.series()?.map(Box::new);
            let layout = match &windows {
                Some(windows) => {
                    let names: Vec<&str> = codec.blocks().iter().map(|block| block.column.as_str()).collect();
                    if names != windows.columns.names()
                        || windows.scales.len() != windows.columns.channels.len()
                        || !windows.columns.is_sound()
                    {
                        let reason = "its windows are not those that codec.json encodes";
                        return Err(directory.damaged("series.json", reason));
                    }
                    series_layout(&codec, windows)
                }
                None => table_layout(&codec, config.data.target.as_deref()),
            };
            (Form::Table { schema, codec, windows }, layout)
        })
    }
}

/// Names as a choice: `a, b or c`.
fn either(names: &[&str]) -> String {
    match names {
        [] => "another model".to_string(),
        [one] => (*one).to_string(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// The columns in the order of the schema.
pub(crate) fn ordered(mut table: Table, schema: &Schema) -> Table {
    let place =
        |column: &Column| schema.columns.iter().position(|c| c.name == column.name).unwrap_or(usize::MAX);
    table.columns.sort_by_key(place);
    table
}
