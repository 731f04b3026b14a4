//! `veridic fill`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::{OwnSeed, Threads};
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Complete missing cells, each with a draw given the row's other cells
///
/// Rows stay in their order, and cells that are there as they are. With -n M each row is completed
/// M times (multiple imputation), and a first column `draw` counts from 1. For runs of tables
/// that were fitted without a recipe. Of series (model=window-copula) missing stretches are filled
/// by what is around them, once: with the median of what may have been, and its bounds, which nine
/// tenths of it lie between, in NAME_low and NAME_high. Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Fill {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on
    data: PathBuf,
    /// Complete each row M times
    #[arg(short = 'n', value_name = "M", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    n: u32,
    /// Complete these columns alone; what is missing in others stays so [default: all]
    #[arg(long = "column", value_name = "COLUMN")]
    columns: Vec<String>,
    #[command(flatten)]
    seed: OwnSeed,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Fill {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        let mut run = Fitted::open(&self.run, self.threads.get())?;
        let seed = self.seed.of(&run);
        let (filled, notes) = run.fill_columns(self.data.as_path(), &self.columns, self.n as usize, seed)?;
        for note in &notes {
            ui.note(note);
        }
        self.output.made_by(run.provenance("filled", seed)?, run.text_layout()).sampled(ui, &filled)
    }
}
