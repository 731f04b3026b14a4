//! `veridic sample`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::{Threads, pair};
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Make new rows or images like those of a run
///
/// Without -o, rows go to standard output as CSV; images need -o: FILE.png for one picture of
/// all of them, FILE.csv for one row of pixels an image.
///
/// --given is on categories and flags of a table. Of adversarial networks it is also on what rows
/// are made from: label (conditional), set (coupled), and with model.gan.info category=N from 1
/// and code1=X, code2=X, …, which training drew from -1 to 1.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Sample {
    /// The run directory
    run: PathBuf,
    /// How many
    #[arg(short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    n: u32,
    /// Only such rows: COLUMN is VALUE in all of them (may be repeated)
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair)]
    given: Vec<(String, String)>,
    /// Draw random numbers from this seed [default: the run's own]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Sample {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, None)?;
        let mut run = Fitted::open(&self.run, self.threads.get())?;
        let seed = self.seed.unwrap_or(run.config().seed);
        let sampled = run.sample(self.n as usize, &self.given, seed)?;
        self.output.sampled(ui, &sampled)
    }
}
