//! `veridic encode`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::Fitted;

use super::Threads;
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Give the position of each row in the latent space
///
/// One row for each row of DATA, in its order, with the columns z1, z2, … With model.gan.info
/// also the category and the codes that are read from it, as `sample --given` takes them.
/// Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Encode {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on
    data: PathBuf,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Encode {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        let (table, schema, notes) = Fitted::open(&self.run, self.threads.get())?.encode(&self.data)?;
        for note in &notes {
            ui.note(note);
        }
        self.output.table(ui, &table, &schema)
    }
}
