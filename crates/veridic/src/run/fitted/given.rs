//! What a fitted model is asked about: a file, or data in memory.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::{Fitted, Form, Model};
use crate::codec::ImageCodec;
use crate::data::{
    self, Cells, Column, ColumnSchema, Data, Difference, Images, Kind, MISSING, Matrix, Schema, Table,
};
use crate::error::{Result, RunError};
use crate::models::Rows;
use crate::run::dataset::{image_options, label_texts, read_options_of};

/// Rows to ask a model about.
#[derive(Debug, Clone, PartialEq)]
pub enum Given {
    /// A file, or a folder of images.
    File(PathBuf),
    /// Data in memory, with the columns the model was fitted with in any order.
    Data(Data),
    /// What [`Fitted::read`] gave.
    Reading(Reading),
}

/// Rows as the model knows them.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The rows, with the model's columns and kinds.
    pub data: Data,
    /// The label of each image, where they have labels.
    pub labels: Option<Vec<Option<String>>>,
    /// Where the rows are from, in a message.
    pub(crate) from: Option<PathBuf>,
    /// Columns of the file that the model does not have.
    pub(crate) others: Vec<String>,
    /// What the user should know.
    pub notes: Vec<String>,
}

macro_rules! given {
    ($($from:ty => $given:expr;)*) => {$(
        impl From<$from> for Given {
            fn from(value: $from) -> Self {
                $given(value)
            }
        }
    )*};
}

given! {
    PathBuf => Self::File;
    &PathBuf => |path: &PathBuf| Self::File(path.clone());
    &Path => |path: &Path| Self::File(path.to_path_buf());
    Data => Self::Data;
    Table => |table: Table| Self::Data(table.into());
    Images => |images: Images| Self::Data(images.into());
    Reading => Self::Reading;
}

/// Rows as a network takes them.
pub(crate) struct Encoded<'a> {
    rows: Encoding<'a>,
    /// The number of each one's class, for models that judge rows with their classes.
    class_numbers: Vec<f32>,
}

enum Encoding<'a> {
    Matrix(Matrix),
    Images(Cow<'a, Images>),
}

impl Encoded<'_> {
    pub(crate) fn rows(&self) -> Rows<'_> {
        let rows = match &self.rows {
            Encoding::Images(images) => {
                Rows::bytes(&images.pixels, images.height * images.width * images.channels)
            }
            Encoding::Matrix(matrix) => Rows::matrix(matrix),
        };
        rows.labelled(&self.class_numbers)
    }

    pub(crate) fn index(&self) -> Vec<u32> {
        (0..self.rows().len() as u32).collect()
    }
}

impl Fitted {
    /// Rows as the model knows them, read from a file or taken from memory.
    ///
    /// # Errors
    /// Data that cannot be read or does not fit what the model was fitted to, every difference at once.
    pub fn read(&self, given: impl Into<Given>) -> Result<Reading> {
        match (given.into(), self.schema()) {
            (Given::Reading(reading), _) => Ok(reading),
            (given, Some(_)) if self.windows().is_some() => self.read_windows(given),
            (Given::File(path), Some(schema)) => {
                let mut options = read_options_of(&self.config, &path);
                options.optional = self.optional();
                let (table, differences) = data::read_as(&path, schema, &options)?;
                let notes = differences.iter().map(ToString::to_string).collect();
                let other = |difference: &Difference| match difference {
                    Difference::ExtraColumn { column } => Some(column.clone()),
                    _ => None,
                };
                let others = differences.iter().filter_map(other).collect();
                Ok(Reading { others, ..self.complete(table, schema, Some(path), notes) })
            }
            (Given::Data(Data::Table(table, found)), Some(schema)) => {
                table.check()?;
                let (table, differences) = schema.conform(&table, &found, &self.optional())?;
                let notes = differences.iter().map(ToString::to_string).collect();
                Ok(self.complete(table, schema, None, notes))
            }
            (Given::File(path), None) => {
                let set = data::read_images(&path, &image_options(&self.config))?;
                let images = set.test.unwrap_or(set.train);
                let labels = images.labels.as_ref().map(|labels| label_texts(labels, set.names.as_deref()));
                self.images(images, labels, Some(path), set.notes)
            }
            (Given::Data(Data::Images(images)), None) => {
                images.check()?;
                let images = if self.config.data.images.upright { images.upright() } else { images };
                let labels = images.labels.as_ref().map(|labels| label_texts(labels, None));
                self.images(images, labels, None, Vec::new())
            }
            (Given::Data(data), _) => {
                Err(RunError::OtherKind { expected: self.kind(), found: data.kind() }.into())
            }
        }
    }

    /// Columns that rows may lack: those that no model was fitted with, and the target, which no score counts.
    fn optional(&self) -> Vec<String> {
        let target = self.config.data.target.as_deref();
        let left_out = |name: &str| match &self.model {
            Model::Network(_) | Model::Propagation(_) => match self.form() {
                Some(Form::Table { codec, .. }) => !codec.blocks().iter().any(|block| block.column == name),
                Some(Form::Images(_)) | None => false,
            },
            Model::Table(model) => !model.uses(name),
        };
        let columns = self.schema().map_or(&[][..], |schema| &schema.columns);
        let optional = columns.iter().map(|column| &column.name);
        optional.filter(|name| left_out(name) || Some(name.as_str()) == target).cloned().collect()
    }

    /// A table with all columns of the schema.
    pub(super) fn complete(
        &self,
        mut table: Table,
        schema: &Schema,
        from: Option<PathBuf>,
        notes: Vec<String>,
    ) -> Reading {
        for column in &schema.columns {
            if table.column(&column.name).is_none() {
                let cells = missing(column, table.n_rows);
                table.columns.push(Column { name: column.name.clone(), cells });
            }
        }
        Reading { data: Data::Table(table, schema.clone()), labels: None, from, others: Vec::new(), notes }
    }

    fn images(
        &self,
        mut images: Images,
        labels: Option<Vec<Option<String>>>,
        from: Option<PathBuf>,
        notes: Vec<String>,
    ) -> Result<Reading> {
        if let Some(Form::Images(codec)) = self.form() {
            let found = ImageCodec::of(&images);
            if found != *codec {
                let (expected, found) = (codec.described(), found.described());
                return Err(RunError::OtherImages { expected, found, path: from }.into());
            }
            self.config.data.images.binarization.apply(&mut images.pixels, codec.len());
        }
        Ok(Reading { data: Data::Images(images), labels, from, others: Vec::new(), notes })
    }

    /// Rows as the model's network takes them, and what is to be said of them.
    pub(crate) fn encoded<'a>(&self, reading: &'a Reading) -> Result<(Encoded<'a>, Vec<String>)> {
        let mut notes = Vec::new();
        let form = self.form();
        let (rows, class_numbers) = match (form, &reading.data) {
            (Some(Form::Table { codec, .. }), Data::Table(table, _)) => {
                let encoded = codec.encode_with(table, None)?;
                let target = self.config.data.target.as_deref();
                for unfamiliar in encoded.unfamiliar {
                    if unfamiliar.missing > 0 && Some(unfamiliar.column.as_str()) != target {
                        notes.push(format!(
                            "`{}` has {} missing cells and had none in training; they are taken as typical",
                            unfamiliar.column, unfamiliar.missing
                        ));
                    }
                }
                (Encoding::Matrix(encoded.matrix), Vec::new())
            }
            (Some(Form::Images(_)), Data::Images(images)) => {
                let class_numbers = self.class_numbers(reading)?;
                (Encoding::Images(Cow::Borrowed(images)), class_numbers)
            }
            _ => {
                let found = reading.data.kind();
                return Err(RunError::OtherKind { expected: self.kind(), found }.into());
            }
        };
        Ok((Encoded { rows, class_numbers }, notes))
    }

    /// The number of each image's class, for models that judge an image with its class; else none.
    fn class_numbers(&self, reading: &Reading) -> Result<Vec<f32>> {
        let prior = self.network().and_then(|network| network.prior());
        if prior.is_none_or(|prior| prior.classes == 0) {
            return Ok(Vec::new());
        }
        let number = |label: &Option<String>| {
            let at =
                label.as_ref().and_then(|label| self.info.classes.iter().position(|class| class == label));
            at.map(|at| at as f32)
        };
        let labels = reading.labels.as_deref().unwrap_or_default();
        let numbers: Option<Vec<f32>> = labels.iter().map(number).collect();
        numbers.filter(|numbers| !numbers.is_empty()).ok_or_else(|| {
            let known = self.info.classes.join(", ");
            let from = reading.from.as_ref().map_or(String::new(), |path| format!(": {}", path.display()));
            RunError::NoData {
                reason: format!(
                    "the model judges an image with its label, and not all images have one it knows{from}"
                ),
                remedy: format!("give images with labels; known are {known}"),
            }
            .into()
        })
    }
}

/// A column of missing cells for one that the data lacks.
pub(super) fn missing(column: &ColumnSchema, n: usize) -> Cells {
    match &column.kind {
        Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. } => Cells::Number(vec![f64::NAN; n]),
        kind => Cells::Text { codes: vec![MISSING; n], levels: kind.levels().to_vec() },
    }
}
