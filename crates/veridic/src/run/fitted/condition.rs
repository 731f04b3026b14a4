//! What samples can be asked for in the latent points they are made from.

use super::Fitted;
use crate::data::DataKind;
use crate::error::{Result, RunError};
use crate::models::Fixed;

/// A name and the value it is to have.
pub(crate) type Condition = (String, String);

/// Why a condition cannot be met, and what can be done.
pub(crate) fn refused((column, value): &Condition, reason: String, remedy: &str) -> crate::Error {
    let (column, value, remedy) = (column.clone(), value.clone(), remedy.to_string());
    RunError::Given { column, value, reason, remedy }.into()
}

impl Fitted {
    /// The parts of latent points that conditions fix, and the conditions that are on columns of a table.
    ///
    /// Of adversarial networks `label` or `set`, `category` (from 1) and `code1`, `code2`, … are parts, where the model has
    /// them and the table has no column of that name.
    pub(crate) fn parted(&self, given: &[Condition]) -> Result<(Vec<Fixed>, Vec<Condition>)> {
        let (mut parts, mut columns): (Vec<Fixed>, Vec<Condition>) = (Vec::new(), Vec::new());
        for condition in given {
            match (self.part(condition)?, self.kind()) {
                (Some(part), _) => {
                    if parts.iter().any(|other| other.is_same_part(part) && *other != part) {
                        let reason = format!("another `{}` is asked for, too", condition.0);
                        return Err(refused(condition, reason, "give it once"));
                    }
                    parts.push(part);
                }
                (None, DataKind::Table) => columns.push(condition.clone()),
                (None, DataKind::Images) => return Err(self.nothing_asked(condition)),
            }
        }
        Ok((parts, columns))
    }

    fn part(&self, condition: &Condition) -> Result<Option<Fixed>> {
        let (name, value) = condition;
        let prior = self.network().and_then(|network| network.prior());
        let Some(prior) = prior else { return Ok(None) };
        if self.schema().is_some_and(|schema| schema.column(name).is_some()) {
            return Ok(None);
        }
        let one_of = |values: &[String], part: fn(usize) -> Fixed| match values
            .iter()
            .position(|v| v == value)
        {
            Some(at) => Ok(Some(part(at))),
            None => {
                Err(refused(condition, format!("there are {}", values.join(", ")), "ask for one of those"))
            }
        };
        match name.as_str() {
            "label" if prior.classes > 0 => one_of(&self.info.classes, Fixed::Class),
            "set" if prior.sets > 0 => one_of(&self.sets(), Fixed::Class),
            "category" if prior.categories > 0 => {
                let at = value.parse().ok().filter(|at| (1..=prior.categories).contains(at));
                let at = at.ok_or_else(|| {
                    let reason = format!("there are 1 to {}", prior.categories);
                    refused(
                        condition,
                        reason,
                        "ask for one of those, as the rows of `code-traversal` show them",
                    )
                })?;
                Ok(Some(Fixed::Category(at - 1)))
            }
            _ => {
                let number = name.strip_prefix("code").and_then(|number| number.parse::<usize>().ok());
                let Some(at) = number.filter(|at| (1..=prior.continuous).contains(at)) else {
                    return Ok(None);
                };
                let code = value.parse().ok().filter(|code: &f32| code.is_finite()).ok_or_else(|| {
                    refused(condition, "a code is a number".to_string(), "training drew it between -1 and 1")
                })?;
                Ok(Some(Fixed::Code(at - 1, code)))
            }
        }
    }

    /// The names of both sets of images of coupled networks.
    fn sets(&self) -> [String; 2] {
        let (first, second) = (&self.config.data.images.source, &self.config.data.images.second);
        match second {
            Some(second) if first.as_ref() != Some(second) => {
                [first.clone().unwrap_or("first".to_string()), second.clone()]
            }
            _ => ["first".to_string(), "second".to_string()],
        }
    }

    fn nothing_asked(&self, condition: &Condition) -> crate::Error {
        let mut names = Vec::new();
        if let Some(prior) = self.network().and_then(|network| network.prior()) {
            names.extend((prior.classes > 0).then(|| "`label`".to_string()));
            names.extend((prior.sets > 0).then(|| "`set`".to_string()));
            names.extend((prior.categories > 0).then(|| "`category`".to_string()));
            names.extend((1..=prior.continuous.min(3)).map(|i| format!("`code{i}`")));
            names.extend((prior.continuous > 3).then(|| "…".to_string()));
        }
        let reason = if names.is_empty() {
            "the run's images are made of noise alone".to_string()
        } else {
            format!("the run's images can be asked for by {}", names.join(", "))
        };
        let remedy = match condition.0.as_str() {
            "label" => {
                "fit an adversarial network with `model.gan.conditional = true` to images with labels, or ask for no label"
            }
            name if name == "category" || name.starts_with("code") => {
                "fit an adversarial network with `model.gan.info`, or leave it out"
            }
            _ => "leave it out",
        };
        refused(condition, reason, remedy)
    }
}
