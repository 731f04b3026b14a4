//! `veridic recipes`.

use clap::{Args, Subcommand};
use veridic::run::{Config, recipes};

use crate::error::CliError;
use crate::ui::{self, Ui};

/// List the built-in recipes, or show one
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Recipes {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the built-in recipes (what `veridic recipes` alone does)
    List,
    /// Print a recipe as TOML, to be changed and given to `veridic fit --recipe FILE`
    Show {
        /// The recipe's name
        name: String,
    },
}

impl Recipes {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        match self.action.unwrap_or(Action::List) {
            Action::List => {
                let rows: Vec<[String; 2]> = recipes()
                    .iter()
                    .map(|recipe| [recipe.name.to_owned(), recipe.about().to_owned()])
                    .collect();
                ui.data(|out| out.write_all(ui::aligned(&rows, [false; 2]).as_bytes()))
            }
            Action::Show { name } => {
                let text = match recipes().iter().find(|recipe| recipe.name == name) {
                    Some(recipe) => recipe.text.to_owned(),
                    // A file is shown with every default written out; an unknown name is explained by the library.
                    None => Config::recipe(&name)?.to_toml(),
                };
                ui.data(|out| out.write_all(text.as_bytes()))
            }
        }
    }
}
