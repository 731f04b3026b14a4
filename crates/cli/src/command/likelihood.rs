//! `veridic likelihood`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::Threads;
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Say how likely each row is, in nats
///
/// One row for each row of DATA, in its order: `log_likelihood`, and for each column its part,
/// given the columns before it. Exact for runs of tables that were fitted without a recipe, or
/// with `--set model=chain`. Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Likelihood {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on
    data: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Likelihood {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        let (table, schema, notes) =
            Fitted::open(&self.run, self.threads.get())?.log_likelihood(self.data.as_path())?;
        for note in &notes {
            ui.note(note);
        }
        self.output.table(ui, &table, &schema)
    }
}
