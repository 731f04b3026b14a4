//! What files that a run makes say of themselves.

use chrono::{DateTime, SecondsFormat};

use super::{Fitted, Model, Record};
use crate::data::{self, LearnedFrom, Provenance};
use crate::error::Result;
use crate::run::directory::{now, tensors};

impl Fitted {
    /// What a file of values that this model made says of itself: `made` is `sampled`, `filled`, `reconstructed` or `latent`, and
    /// `seed` what they were drawn with. [`data::write_made`] writes it.
    ///
    /// # Errors
    /// A run directory whose model cannot be read any more.
    pub fn provenance(&self, made: &str, seed: u64) -> Result<Provenance> {
        let learned = self.info.data.iter().map(|file| LearnedFrom {
            name: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            sha256: file.sha256.clone(),
        });
        let date = DateTime::from_timestamp(now() as i64, 0).unwrap_or_default();
        Ok(Provenance {
            synthetic: true,
            made: made.to_string(),
            given: Vec::new(),
            model: self.config.model.noun().to_string(),
            run: self.digest()?,
            seed,
            data: learned.collect(),
            veridic: env!("CARGO_PKG_VERSION").to_string(),
            date: date.to_rfc3339_opts(SecondsFormat::Secs, true),
            contents: None,
        })
    }

    /// The sha256 of `model.safetensors`: runs with equal data, configuration and seed have the same.
    ///
    /// # Errors
    /// A run directory whose model cannot be read any more.
    pub fn digest(&self) -> Result<String> {
        Ok(match (&self.record, &self.model) {
            (Record::Directory(directory), _) => data::sha256(&directory.file("model.safetensors"))?,
            (_, Model::Network(coded)) => data::sha256_of(&tensors(&coded.network.weights(), None)),
            (_, Model::Propagation(spread)) => data::sha256_of(&spread.model.store().to_bytes()),
            (_, Model::Table(model)) => data::sha256_of(&model.store().to_bytes()),
        })
    }
}
