//! `veridic reconstruct`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::Threads;
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Give each row or image as the model expects it
///
/// One for each of DATA, in its order and its units. Without -o, rows go to standard output as
/// CSV; images need -o: FILE.png for one picture, FILE.csv for one row of pixels an image.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Reconstruct {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on
    data: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Reconstruct {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        let mut run = Fitted::open(&self.run, self.threads.get())?;
        let (reconstructed, notes) = run.reconstruct(&self.data)?;
        for note in &notes {
            ui.note(note);
        }
        let provenance = run.provenance("reconstructed", run.config().seed)?;
        self.output.made_by(provenance, run.text_layout()).sampled(ui, &reconstructed)
    }
}
