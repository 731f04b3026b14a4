//! `veridic evaluate`.

use std::path::PathBuf;

use clap::Args;
use veridic::error::DataError;
use veridic::run::{self, EvaluationOptions, Fitted, Shadow, TableReading};

use super::{Threads, pair};
use crate::error::CliError;
use crate::output::{check_page, check_place};
use crate::ui::Ui;

/// Judge synthetic rows: fidelity beside floor and ceiling, attacks on privacy, fairness
///
/// Writes one page, which needs nothing else, with all figures as JSON and the numbers of its pictures as
/// CSV beside it. REAL are the rows that the synthetic ones were made from. --unseen are real rows that no
/// model saw: attacks need them as their control. What was found is said, gravest first.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Evaluate {
    /// The rows that were learned from
    real: PathBuf,
    /// The synthetic rows, with the same columns
    synthetic: PathBuf,
    /// Real rows that no model saw
    #[arg(long, value_name = "DATA")]
    unseen: Option<PathBuf>,
    /// The column to predict: what synthetic rows are worth for it is measured
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// The value of the target that means yes [default: the rarest]
    #[arg(long, value_name = "VALUE", requires = "target")]
    positive: Option<String>,
    /// Compare groups by these columns
    #[arg(long, value_name = "A,B", value_delimiter = ',', requires = "target")]
    protected: Vec<String>,
    /// Count real rows by these columns, which others may know of a person (k-map)
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    quasi: Vec<String>,
    /// Attack with generators like that of RUN, which made the synthetic rows, fitted anew with and without a row
    #[arg(long, value_name = "RUN", requires = "unseen")]
    shadow: Option<PathBuf>,
    /// So many of them, at least 4
    #[arg(long, value_name = "N", default_value_t = 16, requires = "shadow", value_parser = clap::value_parser!(u16).range(4..=1000))]
    shadows: u16,
    /// Compare at most N rows a side at a time; less is faster, and intervals wider
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    rows: u32,
    /// Change how tables are read, such as data.decimal=, or data.missing=["?"] (may be repeated)
    #[arg(long, value_name = "PATH=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Draw random numbers from this seed
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// Write the page to FILE, whose folder is made if it is not there, and its figures to the same name with `.json` and `.columns.csv`
    #[arg(short, long, value_name = "FILE", default_value = "report.html")]
    output: PathBuf,
    #[command(flatten)]
    threads: Threads,
}

impl Evaluate {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        let [json, csv] = ["json", "columns.csv"].map(|ending| self.output.with_extension(ending));
        // The page has files beside it, so it often is to have a folder of its own.
        if let Some(folder) = self.output.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            let failed = |source| DataError::Write { path: folder.to_owned(), source };
            std::fs::create_dir_all(folder).map_err(failed).map_err(veridic::Error::from)?;
        }
        for data in [Some(&self.real), Some(&self.synthetic), self.unseen.as_ref()].into_iter().flatten() {
            // There is no run: what must not be lost are the files that are read.
            for place in [&json, &csv] {
                check_place(place, data, Some(data))?;
            }
            check_page(&self.output, data, Some(data))?;
        }
        let options = EvaluationOptions {
            target: self.target,
            positive: self.positive,
            protected: self.protected,
            quasi: self.quasi,
            rows: self.rows as usize,
            seed: self.seed,
            threads: self.threads.get(),
        };
        let unseen = self.unseen.as_deref();
        // What cannot be read here is said where the table itself is read.
        let given = veridic::data::provenance(&self.synthetic).ok().flatten();
        let given = given.map(|stated| stated.provenance.given).unwrap_or_default();
        if !given.is_empty() {
            ui.note(&format!(
                "the synthetic rows were made under conditions ({}) and are compared with real rows that need not meet them",
                given.join(", ")
            ));
        }
        let reading = TableReading::of(&self.set)?;
        let mut found = run::evaluate_files(&self.real, &self.synthetic, unseen, &reading, &options)?;
        if let (Some(run), Some(unseen)) = (&self.shadow, unseen) {
            let config = Fitted::open(run, 1)?.config().clone();
            let shadow = Shadow { config, models: usize::from(self.shadows) };
            shadow.attack_files(&mut found, [&self.real, &self.synthetic, unseen], &reading, &options)?;
        }
        let name =
            |path: &PathBuf| path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let title = format!("{} beside {}", name(&self.synthetic), name(&self.real));
        let write = |path: &PathBuf, text: String| {
            veridic::data::replace(path, |file| file.write_all(text.as_bytes()))
        };
        write(&self.output, found.html(&title))?;
        write(&json, found.json())?;
        write(&csv, found.csv())?;
        for note in &found.notes {
            ui.note(note);
        }
        for finding in &found.findings {
            ui.say(&format!("{}: {}", finding.word, finding.text));
        }
        ui.say(&format!("wrote {}, {} and {}", self.output.display(), json.display(), csv.display()));
        Ok(())
    }
}
