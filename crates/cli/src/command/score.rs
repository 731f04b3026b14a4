//! `veridic score`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::Threads;
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Say how unusual each row is: a higher score is more unusual
///
/// One row for each row of DATA, in its order, with the column `score`. --explain adds, for
/// each of the K columns that contribute most, its name, how much it adds to the score, its
/// actual value and the expected one. Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Score {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on
    data: PathBuf,
    /// Name the K columns that contribute most
    #[arg(long, value_name = "K", default_value_t = 0, hide_default_value = true)]
    explain: usize,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Score {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        let mut run = Fitted::open(&self.run, self.threads.get())?;
        let scores = run.score(&self.data, self.explain)?;
        let (table, schema) = scores.table();
        for note in &scores.notes {
            ui.note(note);
        }
        self.output.table(ui, &table, &schema)
    }
}
