//! `veridic alarms`.

use std::path::PathBuf;

use clap::Args;
use veridic::models::series::AlarmChoice;
use veridic::run::Fitted;

use super::{Threads, finite, share};
use crate::error::CliError;
use crate::output::{Output, check_figure};
use crate::quantity::{counted, figure};
use crate::ui::Ui;

/// Find the unusual stretches of series
///
/// One row for each alarm: `entity` where there are several, `start`, `end` and `peak` as the data
/// writes times, the highest `score`, `points`, the `channels` that contribute most, and the main
/// `reason` where the detector tells reasons apart. When scores are an alarm is a setting of the
/// run, `model.series.alarm`: by default above 3 nats of surprise. --threshold and --contamination
/// have it otherwise this time. --figure draws the series with the highest score, its alarms shaded.
/// Without -o, to standard output as CSV.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Alarms {
    /// The run directory
    run: PathBuf,
    /// The data, with the columns that the run was fitted on
    data: PathBuf,
    /// Points with a score above X are unusual
    #[arg(long, value_name = "X", allow_negative_numbers = true, value_parser = finite)]
    threshold: Option<f64>,
    /// This share of the points, those with the highest scores, is unusual
    #[arg(long, value_name = "SHARE", conflicts_with = "threshold", value_parser = share)]
    contamination: Option<f64>,
    /// Alarms with at most N quiet points between them are one [default: a hundredth of the points]
    #[arg(long, value_name = "N")]
    gap: Option<usize>,
    /// Draw the series and its alarms as FILE, png or svg, with its numbers beside it as CSV
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Alarms {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, Some(&self.data))?;
        if let Some(figure) = &self.figure {
            check_figure(figure, &self.run, Some(&self.data))?;
        }
        let run = Fitted::open(&self.run, self.threads.get())?;
        let choice = AlarmChoice { threshold: self.threshold, share: self.contamination, gap: self.gap };
        let alarms = run.alarms(self.data.as_path(), &choice)?;
        for note in &alarms.notes {
            ui.note(note);
        }
        if let Some(path) = &self.figure {
            alarms.figure()?.write(path).map_err(veridic::Error::from)?;
            ui.say(&format!("drew {}", path.display()));
        }
        let (table, schema) = alarms.table();
        let points = counted(alarms.scored.set.n_points(), "point");
        let above = figure(alarms.scored.threshold);
        let unit = if alarms.in_nats { "nats" } else { "times the usual" };
        ui.say(&format!("{} in {points}: scores above {above} {unit}", counted(table.n_rows, "alarm")));
        if let (0, Some(highest)) = (table.n_rows, alarms.highest()) {
            let highest = figure(highest);
            ui.note(&format!(
                "the highest score is {highest}; --threshold or --contamination ask for more alarms, and points that were \
                 learned from are usual: fit on a quiet part (`--set model.series.learn=ROWS`)"
            ));
        }
        self.output.table(ui, &table, &schema)
    }
}
