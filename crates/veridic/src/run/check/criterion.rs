//! The figure by which the best epoch and the best seed are chosen.

use crate::error::{ConfigError, Result};
use crate::models::ModelConfig;
use crate::run::config::Config;
use crate::train::Criterion;

/// Figures of what an adversarial network makes, or of how it tells classes, that say how good it is, and whether higher is
/// better.
const FIGURES: [(&str, bool); 13] = [
    ("info.category_error", false),
    ("info.mutual_information", true),
    ("sample.class_accuracy", true),
    ("sample.classifier_score", true),
    ("sample.diversity", true),
    ("sample.frechet", false),
    ("sample.high_quality", true),
    ("sample.modes", true),
    ("sample.reverse_kl", false),
    ("valid.accuracy", true),
    ("valid.argmax_f1", true),
    ("valid.auroc", true),
    ("valid.average_precision", true),
];

/// What the best epoch of a run is chosen by; nothing where it is the last one.
pub(crate) fn of(config: &Config) -> Option<Criterion> {
    if !matches!(config.model, ModelConfig::Gan(_)) {
        return Some(Criterion { name: "valid.loss", higher: false });
    }
    let name = config.evaluate.best_by.as_deref()?;
    let (name, higher) = FIGURES.into_iter().find(|(known, _)| *known == name)?;
    Some(Criterion { name, higher })
}

/// Refuses figures that say nothing of which epoch is better, and models that none is chosen for.
///
/// # Errors
/// [`ConfigError::Range`], [`ConfigError::Conflict`].
pub(crate) fn check(config: &Config) -> Result<()> {
    let is_made = matches!(config.model, ModelConfig::Gan(_));
    let conflict = |what: &str, remedy: &str| -> Result<()> {
        Err(ConfigError::Conflict { what: what.to_string(), remedy: remedy.to_string() }.into())
    };
    if let Some(name) = &config.evaluate.best_by {
        if !is_made {
            return conflict(
                "`evaluate.best-by` names a figure of what an adversarial network makes, and the model is none",
                "leave it out: the best epoch of other models is that of the least validation loss",
            );
        }
        if FIGURES.iter().all(|(known, _)| known != name) {
            let allowed = FIGURES.map(|(known, _)| known).join(", ");
            let field = "evaluate.best-by".to_string();
            return Err(ConfigError::Range { field, found: format!("`{name}`"), allowed }.into());
        }
    }
    let chosen = if is_made { config.evaluate.best_by.is_some() } else { config.data.split.valid > 0.0 };
    if config.train.seeds > 1 && !chosen {
        return conflict(
            "`train.seeds` keeps the best run, and nothing says which that is",
            if is_made { "name a figure in `evaluate.best-by`" } else { "have validation rows" },
        );
    }
    Ok(())
}
