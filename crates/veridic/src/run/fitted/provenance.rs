//! What files that a run makes say of themselves.

use std::fs;
use std::path::PathBuf;

use chrono::{DateTime, SecondsFormat};

use super::{Fitted, Model, Record};
use crate::data::{self, LearnedFrom, Provenance};
use crate::error::Result;
use crate::run::config::Config;
use crate::run::directory::{Directory, MODEL, RunInfo, now};
use crate::run::tensor::tensors;

impl Fitted {
    /// What a file of values that this model made says of itself: `made` is `sampled`, `filled`, `reconstructed` or `latent`, and
    /// `seed` what they were drawn with. [`data::write_made`] writes it.
    ///
    /// # Errors
    /// A run directory whose model cannot be read any more.
    pub fn provenance(&self, made: &str, seed: u64) -> Result<Provenance> {
        Ok(stated((&self.config, &self.info), self.digest()?, made, seed))
    }

    /// The sha256 of `model.safetensors`: runs with equal data, configuration and seed have the same.
    ///
    /// # Errors
    /// A run directory whose model cannot be read any more.
    pub fn digest(&self) -> Result<String> {
        Ok(match (&self.record, &self.model) {
            (Record::Directory(directory), _) => data::sha256(&directory.file(MODEL))?,
            (_, Model::Network(coded)) => data::sha256_of(&tensors(&coded.network.weights(), None)),
            (_, Model::Propagation(spread)) => data::sha256_of(&spread.model.store().to_bytes()),
            (_, Model::Table(model)) => data::sha256_of(&model.store().to_bytes()),
        })
    }
}

/// What is said of values that the model with the digest `run` made.
fn stated((config, info): (&Config, &RunInfo), run: String, made: &str, seed: u64) -> Provenance {
    let learned = info.data.iter().map(|file| LearnedFrom {
        name: file.path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        sha256: file.sha256.clone(),
    });
    let date = DateTime::from_timestamp(now() as i64, 0).unwrap_or_default();
    Provenance {
        synthetic: true,
        made: made.to_string(),
        given: Vec::new(),
        model: config.model.noun().to_string(),
        run,
        seed,
        data: learned.collect(),
        veridic: env!("CARGO_PKG_VERSION").to_string(),
        date: date.to_rfc3339_opts(SecondsFormat::Secs, true),
        contents: None,
    }
}

/// Has the pictures of a run, which are PNG, say where they come from.
pub(crate) fn sign(directory: &Directory, about: (&Config, &RunInfo), pictures: &[PathBuf]) -> Result<()> {
    if pictures.is_empty() {
        return Ok(());
    }
    let run = data::sha256(&directory.file(MODEL))?;
    let provenance = stated(about, run, "drawn", about.0.seed);
    for path in pictures {
        let bytes =
            fs::read(path).map_err(|source| crate::error::DataError::Read { path: path.clone(), source })?;
        data::write_made_picture(&bytes, path, &provenance)?;
    }
    Ok(())
}
