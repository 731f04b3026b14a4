//! `veridic classify`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::Threads;
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Say which class each row is of, with the probability of each
///
/// One row for each row of DATA, in its order: `class`, and `p_CLASS` for each class. For runs
/// that were fitted with `--target COLUMN --set model=boosted-trees` or another classifier, and for classifiers of images.
/// Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Classify {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on; the target may be missing
    data: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Classify {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        let mut run = Fitted::open(&self.run, self.threads.get())?;
        let (table, schema, notes) = run.classify(self.data.as_path())?;
        for note in &notes {
            ui.note(note);
        }
        self.output.table(ui, &table, &schema)
    }
}
