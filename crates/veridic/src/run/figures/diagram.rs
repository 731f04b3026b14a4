//! The layers of a model as a diagram.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::figure::{self, Figure};
use crate::models::ModelConfig;
use crate::nn::LayerSummary;
use crate::run::config::Config;

/// The boxes of a diagram as they come, and where each chain of layers ends.
struct Boxes {
    /// Section, name, shape and parameters.
    all: Vec<(String, String, String, usize)>,
    arrows: Vec<(usize, usize)>,
    ends: BTreeMap<String, usize>,
}

impl Boxes {
    fn add(
        &mut self,
        section: &str,
        name: String,
        dims: &[usize],
        parameters: usize,
        from: &[usize],
    ) -> usize {
        let shape = dims.iter().fold("rows".to_string(), |all, side| format!("{all} x {side}"));
        self.all.push((section.to_string(), name, shape, parameters));
        let at = self.all.len() - 1;
        self.arrows.extend(from.iter().map(|&from| (from, at)));
        at
    }

    /// Where those of these chains end that there are.
    fn ends(&self, chains: &[&str]) -> Vec<usize> {
        chains.iter().filter_map(|chain| self.ends.get(*chain).copied()).collect()
    }
}

/// The layers of a model for rows of shape `dims`.
pub(crate) fn diagram(config: &Config, layers: &[LayerSummary], dims: &[usize]) -> Result<Figure> {
    let mut boxes = Boxes { all: Vec::new(), arrows: Vec::new(), ends: BTreeMap::new() };
    let row = boxes.add("input", "row".to_string(), dims, 0, &[]);
    for layer in layers {
        let (chain, name) = layer.path.rsplit_once('.').unwrap_or(("", &layer.path));
        if !boxes.ends.contains_key(chain) {
            begin(&mut boxes, chain, row, (config, layers));
        }
        // Heads leave the chain at its end, beside each other.
        let of_posterior = matches!(name, "mean" | "log_variance") && chain == "encoder";
        let is_head = of_posterior
            || (chain == "discriminator" && matches!(name, "output" | "classes"))
            || (chain == "reader" && name != "hidden");
        let label = if is_head {
            format!("{}: {}", name.replace('_', "-"), layer.label)
        } else {
            layer.label.clone()
        };
        let from = boxes.ends(&[chain]);
        let section = chain.split('.').next().unwrap_or(chain);
        let at = boxes.add(section, label, &layer.shape, layer.parameters + layer.statistics, &from);
        if !is_head {
            boxes.ends.insert(chain.to_string(), at);
        } else if of_posterior {
            boxes.ends.insert(format!("encoder.{name}"), at);
        }
    }
    let layers: Vec<figure::Layer<'_>> = boxes
        .all
        .iter()
        .map(|(section, name, shape, parameters)| figure::Layer {
            section,
            name,
            shape,
            parameters: *parameters,
        })
        .collect();
    let title = match config.model {
        ModelConfig::Autoencoder(_) => "Layers of the autoencoder",
        ModelConfig::Vae(_) => "Layers of the variational autoencoder",
        ModelConfig::Aae(_) => "Layers of the adversarial autoencoder",
        ModelConfig::Gan(_) => "Layers of the adversarial networks",
        _ => "Layers of the classifier",
    };
    let (arrows, direction) = (boxes.arrows, figure::Direction::Down);
    Ok(figure::diagram(&figure::Diagram { title, layers: &layers, arrows: &arrows, direction })?)
}

/// Lets a chain of layers begin at what it is given. Several inputs meet in a box of their own.
fn begin(boxes: &mut Boxes, chain: &str, row: usize, (config, layers): (&Config, &[LayerSummary])) {
    let made = |boxes: &Boxes, own: &str| {
        let of_own = boxes.ends(&[own]);
        if of_own.is_empty() { boxes.ends(&["generator"]) } else { of_own }
    };
    let start = match chain {
        "generator" => {
            let noise = match &config.model {
                ModelConfig::Gan(gan) => gan.latent,
                _ => 0,
            };
            boxes.add("input", "noise".to_string(), &[noise], 0, &[])
        }
        "generator.first" | "generator.second" => boxes.ends(&["generator"]).first().copied().unwrap_or(row),
        "discriminator.first" | "discriminator.second" => {
            let from = made(boxes, &chain.replace("discriminator", "generator"));
            let set = chain.rsplit('.').next().unwrap_or(chain);
            boxes.add(
                "discriminator",
                format!("real or made, {set} set"),
                &[],
                0,
                &[&[row][..], &from].concat(),
            )
        }
        "discriminator" if matches!(config.model, ModelConfig::Aae(_)) => {
            let from = boxes.ends(&["encoder"]);
            boxes.add("discriminator", "code or draw of the prior".to_string(), &[], 0, &from)
        }
        "discriminator" => {
            let sets = boxes.ends(&["discriminator.first", "discriminator.second"]);
            if sets.is_empty() {
                let from = [&[row][..], &made(boxes, "generator")].concat();
                boxes.add("discriminator", "real or made".to_string(), &[], 0, &from)
            } else {
                boxes.add("discriminator", "either set".to_string(), &[], 0, &sets)
            }
        }
        "reader" => boxes.ends(&["discriminator"]).first().copied().unwrap_or(row),
        "decoder" => {
            let heads = boxes.ends(&["encoder.mean", "encoder.log_variance"]);
            if heads.is_empty() {
                boxes.ends(&["encoder"]).first().copied().unwrap_or(row)
            } else {
                let mean = layers.iter().find(|layer| layer.path == "encoder.mean");
                let latent = mean.map_or(&[][..], |layer| &layer.shape);
                boxes.add("latent", "draw z".to_string(), latent, 0, &heads)
            }
        }
        "" => boxes.ends(&["features"]).first().copied().unwrap_or(row),
        _ => row,
    };
    boxes.ends.insert(chain.to_string(), start);
}
