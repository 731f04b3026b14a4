//! `veridic predict`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::Threads;
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Say what any column would be in each row, given the row's other cells
///
/// One row for each row of DATA, in its order. Of categories `predicted`, the most likely value, and
/// `p_VALUE` for each; of numbers `predicted`, the median, with `low` and `high`, between which the
/// value lies with a probability of 0.9. For runs of tables that were fitted without a recipe.
/// Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Predict {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on
    data: PathBuf,
    /// The column to predict; what DATA has in it is not looked at
    #[arg(long, value_name = "COLUMN")]
    column: String,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Predict {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        let run = Fitted::open(&self.run, self.threads.get())?;
        let (table, schema, notes) = run.predict(self.data.as_path(), &self.column)?;
        for note in &notes {
            ui.note(note);
        }
        self.output.table(ui, &table, &schema)
    }
}
