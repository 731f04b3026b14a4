//! `veridic demo`.

use std::path::PathBuf;

use clap::Args;

use super::{Finish, Threads};
use crate::error::CliError;
use crate::interrupt;
use crate::progress::Progress;
use crate::quantity;
use crate::ui::{self, Ui};

/// Fit, sample, score and draw on data that comes with the program, in seconds
///
/// The data are 303 patients of the Cleveland Clinic with 13 findings and a diagnosis each
/// (UCI Heart Disease, CC BY 4.0). A chain of boosted conditionals and a detector learn them;
/// 1,000 synthetic patients, a score of each real one and the figures are written. Needs no network.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Demo {
    /// Write everything to DIR [default: runs/demo-1, or the next free number]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

impl Demo {
    pub(super) fn run(self, ui: &Ui) -> Result<Finish, CliError> {
        let out = self.out.unwrap_or_else(|| super::free_run("demo"));
        let stop = interrupt::watch(ui);
        let mut progress = Progress::new(ui);
        let demo = veridic::run::demo(&out, self.threads.get(), stop, &mut |event| progress.observe(event));
        progress.finish();
        let demo = demo?;
        for note in &demo.fitted.notes {
            ui.note(note);
        }
        let files = demo.files.iter();
        let rows: Vec<[String; 2]> =
            files.map(|(about, path)| [about.clone(), path.display().to_string()]).collect();
        ui.data(|out| out.write_all(ui::aligned(&rows, [false; 2]).as_bytes()))?;
        if demo.fitted.end == veridic::train::End::Stopped {
            return Ok(Finish::Stopped);
        }
        ui.say(&super::fit::report(&demo.fitted.report));
        if !demo.unusual.is_empty() {
            ui.say("the most unusual patients (row, score, why):");
            let unusual = demo.unusual.iter();
            let rows: Vec<[String; 3]> = unusual
                .map(|(row, score, why)| [format!("  {row}"), quantity::figure(*score), why.clone()])
                .collect();
            ui.say(ui::aligned(&rows, [true, true, false]).trim_end());
        }
        let run = super::quoted(&demo.fitted.run);
        ui.say(&format!("next: veridic show {run}\n      veridic fit YOUR.csv"));
        Ok(Finish::Done)
    }
}
