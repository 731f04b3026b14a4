//! The recipes that come with the library: every system of the books as a configuration.

use std::path::Path;

use crate::data::nearest_name;
use crate::error::{ConfigError, Result, RunError};
use crate::run::config::Config;

/// A named configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recipe {
    /// Its name.
    pub name: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

macro_rules! recipes {
    ($($name:literal)*) => {
        &[$(Recipe { name: $name, text: include_str!(concat!("../../../../../recipes/", $name, ".toml")) }),*]
    };
}

const RECIPES: &[Recipe] = recipes!(
    "adult-fairness"
    "cars-dcgan"
    "cifar-conv-autoencoder"
    "cifar-conv-vae"
    "creditcard-autoencoder"
    "creditcard-few-labels"
    "creditcard-map"
    "creditcard-oneclass"
    "creditcard-sgan"
    "creditcard-sgan-book"
    "creditcard-surprise"
    "creditcard-vae"
    "creditcard-vae-augment"
    "djia-lstm-autoencoder"
    "djia-path-autoencoder"
    "djia-return-autoencoder"
    "djia-vae"
    "gaussian-gan"
    "generative-discriminative"
    "grid-gan"
    "heart-vae"
    "mnist-aae"
    "mnist-autoencoder"
    "mnist-autoencoder-adam"
    "mnist-cgan"
    "mnist-classifier"
    "mnist-conv-autoencoder"
    "mnist-conv-denoising-autoencoder"
    "mnist-conv-denoising-vae"
    "mnist-conv-vae"
    "mnist-denoising-autoencoder"
    "mnist-denoising-vae"
    "mnist-few-labels"
    "mnist-gan"
    "mnist-infogan"
    "mnist-iwae"
    "mnist-iwae-paper"
    "mnist-self-training"
    "mnist-sgan"
    "mnist-usps-cogan"
    "mnist-vae-2d"
    "mnist-vae-32d"
    "mnist-vae-deep"
    "mnist-vae-nll"
    "mnist-vae-shallow"
    "mnist-wgan-gp"
    "nab-lstm"
    "nab-surprises"
    "orderbook-spoofing"
    "ring-gan"
    "skab-distances"
    "skab-lstm-autoencoder"
    "stacked-mnist-gan"
    "stock-copula"
    "stock-vae"
    "timegan-stock"
);

/// All recipes, by name.
pub fn recipes() -> &'static [Recipe] {
    RECIPES
}

impl Recipe {
    /// What it is, in one line.
    pub fn about(&self) -> &'static str {
        let line = self.text.lines().find_map(|line| line.strip_prefix("about = \""));
        line.and_then(|rest| rest.rsplit_once('"')).map_or("", |(about, _)| about)
    }
}

impl Config {
    /// The recipe of that name, or the configuration in that file.
    ///
    /// # Errors
    /// Neither there; a file that is not a configuration.
    pub fn recipe(name: &str) -> Result<Self> {
        if let Some(recipe) = RECIPES.iter().find(|recipe| recipe.name == name) {
            return Self::from_toml(recipe.text, name);
        }
        let path = Path::new(name);
        if path.is_file() {
            let text = std::fs::read_to_string(path).map_err(|source| RunError::Io {
                action: "read",
                source,
                path: path.to_path_buf(),
            })?;
            return Self::from_toml(&text, name);
        }
        let nearest = nearest_name(name, RECIPES.iter().map(|recipe| recipe.name));
        Err(ConfigError::NoRecipe { name: name.to_string(), nearest }.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_recipe_is_a_configuration_with_a_line_about_it() {
        for recipe in recipes() {
            let config = Config::recipe(recipe.name).unwrap();
            assert_eq!(config.about, recipe.about(), "{}", recipe.name);
            assert!(!config.about.is_empty(), "{}", recipe.name);
            let again = Config::from_toml(&config.to_toml(), "again").unwrap();
            assert_eq!(again, config, "{}", recipe.name);
        }
    }

    #[test]
    fn overrides_change_values_and_unknown_keys_are_refused_with_the_nearest() {
        let config = Config::recipe("heart-vae").unwrap();
        let set = |path: &str, value: &str| config.with(&[(path.to_string(), value.to_string())]);
        assert_eq!(set("train.epochs", "3").unwrap().train.epochs, 3);
        assert_eq!(set("train.optimizer.rmsprop.rate", "0.5").unwrap().train.optimizer.rate(), 0.5);
        assert_eq!(set("data.target", "sex").unwrap().data.target.as_deref(), Some("sex"));
        let error = set("train.epoch", "3").unwrap_err();
        assert_eq!(error.hint().as_deref(), Some("did you mean `epochs`?"));
        let error = set("train.batch", "0").unwrap_err();
        assert_eq!(error.to_string(), "`train.batch` is 0, allowed is 1 and above");
        let error = Config::recipe("hart-vae").unwrap_err();
        assert!(error.hint().unwrap().contains("`heart-vae`"), "{error}");
    }
}
