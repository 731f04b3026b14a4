//! `veridic compare`.

use std::path::PathBuf;

use clap::Args;
use veridic::run::{self, CompareOptions};

use super::{DataDir, Threads};
use crate::error::CliError;
use crate::output::Output;
use crate::ui::Ui;

/// Set runs of the same data side by side: figures, reconstructions, latent spaces
///
/// -o FILE.png (or svg) makes one page: the figures of all runs on test rows, the same rows
/// reconstructed by each, their latent spaces and, for images, grids decoded from them. The table
/// alone goes to FILE.csv or FILE.json, and without -o to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Compare {
    /// The run directories
    #[arg(required = true, num_args = 2..)]
    runs: Vec<PathBuf>,
    /// Show rows of DATA [default: the first run's test rows]
    #[arg(long, value_name = "DATA")]
    rows: Option<PathBuf>,
    /// Rows that each run reconstructs
    #[arg(short = 'n', value_name = "N", default_value_t = 12, value_parser = clap::value_parser!(u16).range(1..=30))]
    n: u16,
    /// Images along a side of each grid
    #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u16).range(2..=50))]
    side: u16,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data_dir: DataDir,
    #[command(flatten)]
    threads: Threads,
}

impl Compare {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        for run in &self.runs {
            self.output.check_with_pictures(run, self.rows.as_deref())?;
        }
        let options = CompareOptions {
            data: self.rows,
            data_dir: self.data_dir.get(),
            count: usize::from(self.n),
            side: usize::from(self.side),
            threads: self.threads.get(),
            ..CompareOptions::default()
        };
        let comparison = run::compare(&self.runs, &options)?;
        for note in &comparison.notes {
            ui.note(note);
        }
        if self.output.is_picture() {
            return self.output.figure(ui, &comparison.figure()?, "the comparison");
        }
        self.output.table(ui, &comparison.table, &comparison.schema)
    }
}
