//! `veridic check`.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use veridic::data::{self, Stated};
use veridic::run::Fitted;

use crate::error::CliError;
use crate::ui::Ui;

/// Say where a made file comes from, and whether it was changed since
///
/// Files that this program makes say so themselves: Parquet in its metadata, PNG in a text chunk, others
/// in FILE.provenance.json beside them. It is a statement, no proof: whoever changes a file can take it
/// away. Exit code 1 if the file says nothing, was changed, or was not made by RUN.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Check {
    /// The file
    file: PathBuf,
    /// Also tell whether this run made it
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,
}

impl Check {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        let Some(Stated { provenance, is_intact, .. }) = data::provenance(&self.file)? else {
            return Err(CliError::NoProvenance { path: self.file });
        };
        let synthetic = if provenance.synthetic { "yes" } else { "no" };
        let mut text = format!("synthetic: {synthetic} ({})\n", provenance.made.replace('\n', " "));
        for (name, value) in [
            ("model", &provenance.model),
            ("run", &provenance.run),
            ("seed", &provenance.seed.to_string()),
            ("date", &provenance.date),
            ("veridic", &provenance.veridic),
        ] {
            let _ = writeln!(text, "{name}: {}", value.replace('\n', " "));
        }
        if !provenance.given.is_empty() {
            let _ = writeln!(text, "given: {}", provenance.given.join(", ").replace('\n', " "));
        }
        for file in &provenance.data {
            let _ = writeln!(text, "learned from: {} {}", file.name.replace('\n', " "), file.sha256);
        }
        let _ = writeln!(text, "contents: as they were written");
        // What a file says goes to a terminal.
        text.retain(|c| c == '\n' || !c.is_control());
        if !is_intact {
            return Err(CliError::Changed { path: self.file });
        }
        if let Some(run) = self.run {
            let expected = Fitted::open(&run, 1)?.digest()?;
            if provenance.run != expected {
                return Err(CliError::OtherRun { found: provenance.run, expected, run });
            }
            ui.say(&format!("made by {}", run.display()));
        }
        ui.data(|out| out.write_all(text.as_bytes()))?;
        Ok(())
    }
}
