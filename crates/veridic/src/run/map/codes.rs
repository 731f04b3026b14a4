//! The rows of a run by their codes.

use std::path::Path;

use crate::data::{Data, Images, Matrix, Schema, Table};
use crate::error::Result;
use crate::models::{Ability, Rows};
use crate::run::dataset::index;
use crate::run::fitted::{Fitted, Form, InUse};

/// Encoded rows with what is known of them, for maps.
pub(super) struct Codes {
    pub(super) latent: Matrix,
    pub(super) scores: Vec<f64>,
    /// Images as the model gives them, values from 0 to 255.
    pub(super) decoded: Option<Vec<u8>>,
    pub(super) table: Option<(Table, Schema)>,
    pub(super) images: Option<Images>,
    /// The number of each row in the data, from 1, where they are not all.
    pub(super) rows: Option<Vec<u32>>,
    pub(super) labels: Option<Vec<Option<String>>>,
    /// What the rows are, in words.
    pub(super) part: &'static str,
    pub(super) notes: Vec<String>,
}

impl Fitted {
    /// The codes of the rows of a file.
    pub(super) fn codes_of(&mut self, path: &Path) -> Result<Codes> {
        let reading = self.read(path)?;
        let (encoded, notes) = self.encoded(&reading)?;
        let (latent, scores, decoded) = self.looked_at(encoded.rows(), &encoded.index())?;
        let notes = [reading.notes.as_slice(), &notes].concat();
        let labels = reading.labels;
        let (table, images) = match reading.data {
            Data::Table(table, schema) => (Some((table, schema)), None),
            Data::Images(images) => (None, Some(images)),
        };
        Ok(Codes { latent, scores, decoded, table, images, rows: None, labels, part: "rows", notes })
    }

    /// The codes of the run's own test rows; without any, of its validation rows, or its training rows.
    pub(super) fn own_codes(&mut self, data_dir: &Path) -> Result<Codes> {
        let data = self.data(data_dir)?;
        let split = &data.split;
        let parts =
            [(&split.test, "test rows"), (&split.valid, "validation rows"), (&split.train, "training rows")];
        let (rows, part) =
            parts.into_iter().find(|(rows, _)| !rows.is_empty()).unwrap_or((&split.train, "rows"));
        let (latent, scores, decoded) = self.looked_at(data.rows(), &index(rows))?;
        let pick = |labels: &Vec<Option<String>>| rows.iter().map(|&row| labels[row].clone()).collect();
        let (table, images, labels) = match &data.content {
            Data::Table(table, schema) => (Some((table.take(rows), schema.clone())), None, None),
            Data::Images(all) => {
                let size = all.height * all.width * all.channels;
                let pixels = rows.iter().flat_map(|&row| all.pixels[row * size..(row + 1) * size].to_vec());
                let images = Images { n: rows.len(), pixels: pixels.collect(), labels: None, ..*all };
                (None, Some(images), data.labels.as_ref().map(pick))
            }
        };
        let rows = Some(rows.iter().map(|&row| row as u32 + 1).collect());
        Ok(Codes { latent, scores, decoded, table, images, rows, labels, part, notes: data.notes })
    }

    /// Codes and scores of rows, and for images what the model makes of them.
    fn looked_at(&mut self, rows: Rows<'_>, index: &[u32]) -> Result<(Matrix, Vec<f64>, Option<Vec<u8>>)> {
        let reconstructs = self.can(Ability::Reconstruct);
        let InUse { form, network, pool } = self.in_use(Ability::Encode)?;
        let (latent, _) = network.encode(pool, rows, index)?;
        let scores = network.score(pool, rows, index)?;
        let decoded = match form {
            Form::Images(codec) if reconstructs => {
                Some(codec.decode(&network.decode(pool, &latent)?)?.pixels)
            }
            _ => None,
        };
        Ok((latent, scores, decoded))
    }
}
