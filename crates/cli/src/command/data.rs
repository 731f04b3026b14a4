//! `veridic data`.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use veridic::data::catalog::{self, Dataset, Report, Status};

use super::DataDir;
use crate::error::CliError;
use crate::fetch::{self, Options, Outcome, Progress};
use crate::interrupt;
use crate::quantity::bytes;
use crate::ui::{self, Ui};

/// List, check or fetch the public data sets that recipes name
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Data {
    #[command(subcommand)]
    action: Option<Action>,
    #[command(flatten)]
    data_dir: DataDir,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List the known data sets and which of them are there (what `veridic data` alone does)
    List,
    /// Compare files with what is published: size, sha256, rows, classes
    Check {
        /// The data sets; all that are there if none is named
        names: Vec<String>,
    },
    /// Download data sets from their public homes and verify them
    Fetch {
        /// The data sets
        #[arg(required = true)]
        names: Vec<String>,
        /// Fetch this form of the data set, such as the whole or a part of it
        #[arg(long, value_name = "NAME")]
        variant: Option<String>,
        /// Download also what is there already, and replace it
        #[arg(long)]
        overwrite: bool,
        /// Take the files from this address, laid out as below --data-dir, not from their homes
        #[arg(long, value_name = "URL")]
        from: Option<String>,
    },
}

impl Data {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        let dir = self.data_dir.get();
        match self.action.unwrap_or(Action::List) {
            Action::List => list(ui, &dir),
            Action::Check { names } => check(ui, &dir, &names),
            Action::Fetch { names, variant, overwrite, from } => {
                let roots = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
                let options = Options { from, variant, overwrite, roots, direct: false };
                fetch(ui, &dir, &names, &options)
            }
        }
    }
}

/// The data sets called `names`, all found before anything is done with one.
fn find(names: &[String]) -> Result<Vec<&'static Dataset>, CliError> {
    Ok(names.iter().map(|name| catalog::find(name)).collect::<Result<_, _>>()?)
}

fn list(ui: &Ui, dir: &Path) -> Result<(), CliError> {
    let rows: Vec<[String; 3]> = catalog::all()
        .iter()
        .map(|dataset| {
            let there = match dataset.locate(dir, None) {
                Ok(located) => format!("there ({})", located.variant.name),
                Err(_) if dataset.variants.iter().any(|variant| variant.can_be_fetched()) => "-".to_owned(),
                Err(_) => "- (no public download)".to_owned(),
            };
            [dataset.name.to_owned(), there, dataset.about.to_owned()]
        })
        .collect();
    ui.data(|out| out.write_all(ui::aligned(&rows, [false; 3]).as_bytes()))?;
    ui.say(&format!("looked below {}; `veridic data fetch NAME` downloads one", dir.display()));
    Ok(())
}

fn check(ui: &Ui, dir: &Path, names: &[String]) -> Result<(), CliError> {
    if !dir.is_dir() {
        return Err(CliError::NoDataDir { dir: dir.to_owned() });
    }
    let datasets = if names.is_empty() { catalog::all().iter().collect() } else { find(names)? };
    let mut wrong = Vec::new();
    let mut seen = false;
    for dataset in datasets {
        let report = catalog::check(dataset, dir)?;
        let status = report.status();
        if names.is_empty() && status == Status::Missing {
            continue;
        }
        seen = true;
        ui.data(|out| tell(out, &report))?;
        if status == Status::Wrong || !names.is_empty() && status != Status::Ok {
            wrong.push(dataset.name.to_owned());
        }
    }
    if !seen {
        ui.note(&format!(
            "there are no data sets below {}; `veridic data fetch NAME` downloads one",
            dir.display()
        ));
    }
    if wrong.is_empty() { Ok(()) } else { Err(CliError::DataWrong { names: wrong, dir: dir.to_owned() }) }
}

/// A line a file, with a line for each difference; variants of which nothing is there are left out if another one is.
fn tell(out: &mut dyn Write, report: &Report) -> std::io::Result<()> {
    let all_missing = report.status() == Status::Missing;
    for variant in report.variants.iter().filter(|variant| all_missing || variant.status() != Status::Missing)
    {
        for file in &variant.files {
            let (word, size) = match file.status() {
                Status::Ok => ("ok", file.bytes),
                Status::Wrong => ("wrong", file.bytes),
                Status::Missing | Status::Incomplete => ("missing", None),
            };
            let size = size.map_or_else(String::new, |size| format!("  {}", bytes(size)));
            let (set, name, path) = (report.dataset, variant.variant, file.path.display());
            writeln!(out, "{word:<7}  {set} ({name})  {path}{size}")?;
            for difference in file.differences() {
                let (what, found, expected) = (&difference.what, &difference.found, &difference.expected);
                writeln!(out, "         {what} is {found}, published is {expected}")?;
            }
        }
    }
    Ok(())
}

fn fetch(ui: &Ui, dir: &Path, names: &[String], options: &Options) -> Result<(), CliError> {
    let datasets = find(names)?;
    let stop = interrupt::watch(ui);
    for dataset in datasets {
        let mut download = Download::new(ui);
        let fetched = fetch::fetch(dataset, dir, options, &mut |progress| {
            download.show(progress);
            if stop.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        download.clear();
        let fetched = fetched?;
        for file in &fetched.files {
            let how = match &file.outcome {
                Outcome::AlreadyThere => "was there and is as published",
                Outcome::Downloaded { .. } => "downloaded and verified",
            };
            ui.say(&format!("{} ({}): {how}", fetched.dataset, bytes(file.bytes)));
            ui.data(|out| writeln!(out, "{}", file.path.display()))?;
        }
        ui.say(&format!("{}: {}; see {}", dataset.name, dataset.licence, dataset.home));
    }
    Ok(())
}

/// Shows how a download goes.
struct Download<'a> {
    ui: &'a Ui,
    bar: Option<ProgressBar>,
    told: Instant,
}

impl<'a> Download<'a> {
    fn new(ui: &'a Ui) -> Self {
        let bar = (ui.is_terminal() && !ui.is_quiet()).then(|| {
            let style = ProgressStyle::with_template(
                "{bar:24}  {bytes} of {total_bytes}  {bytes_per_sec}  {eta} left",
            )
            .expect("the template is right")
            .progress_chars("━╸ ");
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            bar.set_style(style);
            bar
        });
        Self { ui, bar, told: Instant::now() }
    }

    fn show(&mut self, progress: Progress<'_>) {
        match (progress, &self.bar) {
            (Progress::Start { url }, bar) => {
                self.ui.say(&format!("downloading {url}"));
                self.told = Instant::now();
                if let Some(bar) = bar {
                    bar.reset();
                }
            }
            (Progress::Received { bytes, total }, Some(bar)) => {
                bar.set_length(total.unwrap_or(bytes));
                bar.set_position(bytes);
            }
            (Progress::Received { bytes: received, total }, None) => {
                if self.told.elapsed() >= Duration::from_secs(2) {
                    self.told = Instant::now();
                    let of = total.map_or_else(String::new, |total| format!(" of {}", bytes(total)));
                    self.ui.say(&format!("{}{of}", bytes(received)));
                }
            }
            (Progress::Verify { path }, bar) => {
                if let Some(bar) = bar {
                    bar.finish_and_clear();
                }
                self.ui.say(&format!("verifying {path}"));
            }
        }
    }

    fn clear(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}
