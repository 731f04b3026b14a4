//! `veridic fit`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Thread;
use std::time::Duration;

use clap::Args;
use veridic::run::{self, Config, FitOptions, FittedRun, Planned};
use veridic::train::End;
use veridic_studio::shelf::STOP;

use super::{DataDir, Finish, Threads, pair, quoted};
use crate::error::CliError;
use crate::input::Input;
use crate::interrupt;
use crate::progress::Progress;
use crate::quantity::{count, counted, figure};
use crate::ui::{self, Ui};

/// Learn from a table or a set of images; leaves a run directory
///
/// With no recipe the kind of data decides on the model. A recipe names its data set, which is
/// looked for below --data-dir; DATA takes its place. Prints the run directory's path, unless
/// --out has named it. Ctrl-C stops at the next step; the run is saved and --resume goes on.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, override_usage = "veridic fit [OPTIONS] <DATA | --recipe NAME|FILE>")]
pub(crate) struct Fit {
    /// The data: a table (CSV, Parquet, NPY, NPZ; plain, gzipped or in a zip archive) or images (a folder of
    /// PNG or JPEG with a sub-folder a label, IDX, CIFAR-10 binary); `-` is a table from standard input
    #[arg(required_unless_present_any = ["recipe", "resume"])]
    data: Option<PathBuf>,
    /// Do as a recipe says: the name of a built-in one (see `veridic recipes`) or a TOML file
    #[arg(long, value_name = "NAME|FILE")]
    recipe: Option<String>,
    #[command(flatten)]
    data_dir: DataDir,
    /// The column that tells classes apart; it is generated with the others, but rows are not judged by it
    #[arg(long, value_name = "COLUMN")]
    target: Option<String>,
    /// Change one setting, such as train.epochs=5 or model.vae.latent=4 (may be repeated)
    #[arg(long, value_name = "PATH=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Write the run to DIR [default: runs/NAME-1, or the next free number]
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Draw random numbers from this seed; the same seed gives the same files
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    threads: Threads,
    /// Go on with the run in --out where it was stopped; nothing else need be said
    #[arg(long, requires = "out")]
    resume: bool,
    /// Print the whole configuration and say what would be done, but do nothing
    #[arg(long)]
    dry_run: bool,
    /// Open the studio on the new run while it learns; the page stays until Ctrl-C
    #[arg(long, conflicts_with = "dry_run")]
    watch: bool,
    /// With --watch, print the page's address and open no browser
    #[arg(long, requires = "watch")]
    no_browser: bool,
}

impl Fit {
    pub(super) fn run(mut self, ui: &Ui) -> Result<Finish, CliError> {
        let chosen = self.out.is_some();
        // No table is written like this: who names a recipe where the data stands means the recipe.
        let is_recipe = |path: &Path| path.extension().is_some_and(|ending| ending == "toml");
        if self.recipe.is_none() && self.data.as_deref().is_some_and(is_recipe) {
            self.recipe = self.data.take().map(|path| path.to_string_lossy().into_owned());
        }
        let input = self.data.take().map(Input::of).transpose()?;
        if input.as_ref().is_some_and(Input::passes) {
            self.out.get_or_insert_with(|| super::free_run("run"));
            ui.note("the data comes from standard input and is not kept: the run cannot be resumed or repeated without it");
        }
        self.data = input.as_ref().map(|input| input.path().to_owned());
        let dry_run = self.dry_run;
        // Where data sets lie is the one thing that a run does not know itself.
        let where_from = self.data_dir.data_dir.as_deref();
        let where_from = where_from.map_or_else(String::new, |dir| format!(" --data-dir {}", quoted(dir)));
        let watch = self.watch.then(|| (self.data_dir.get(), !self.no_browser));
        let options = self.options()?;
        if dry_run {
            plan(ui, &run::plan(&options)?)?;
            return Ok(Finish::Done);
        }
        let stop = interrupt::watch(ui);
        if let Some((data_dir, browser)) = watch {
            return super::studio::beside(ui, &options.out, data_dir, (stop, browser), || {
                fitted(ui, &options, (chosen, &where_from))
            });
        }
        fitted(ui, &options, (chosen, &where_from))
    }

    /// What was typed, as what it means.
    fn options(self) -> Result<FitOptions, CliError> {
        let out = match &self.out {
            Some(out) => out.clone(),
            None => super::free_run(&stem(self.recipe.as_deref(), self.data.as_deref())),
        };
        let mut sets = self.set;
        sets.extend(self.seed.map(|seed| ("seed".to_owned(), seed.to_string())));
        Ok(FitOptions {
            data: self.data,
            data_dir: self.data_dir.get(),
            out,
            target: self.target,
            config: self.recipe.as_deref().map(Config::recipe).transpose()?,
            sets,
            threads: self.threads.get(),
            resume: self.resume,
        })
    }
}

/// Fits, and says what came of it.
fn fitted(ui: &Ui, options: &FitOptions, (chosen, where_from): (bool, &str)) -> Result<Finish, CliError> {
    let mut progress = Progress::new(ui);
    let stop = interrupt::flag();
    let fitted =
        stoppable(&options.out, stop, || run::fit_files(options, stop, &mut |event| progress.observe(event)));
    progress.finish();
    let fitted = fitted.inspect_err(|error| {
        // What was left out of the data may be why.
        let info = run::RunInfo::read(&options.out).ok();
        let info = info.filter(|info| info.error.as_deref() == Some(error.to_string().as_str()));
        info.iter().flat_map(|info| &info.notes).for_each(|note| ui.note(note));
    })?;
    for note in &fitted.notes {
        ui.note(note);
    }
    if !chosen {
        ui.data(|out| writeln!(out, "{}", fitted.run.display()))?;
    }
    Ok(conclude(ui, &fitted, where_from))
}

/// How often a file is looked for that asks for a stop.
const LISTEN: Duration = Duration::from_millis(300);

/// Does `work`, which writes the run `out`, and raises `stop` where the studio asks for it by a file in the run.
fn stoppable<T>(out: &Path, stop: &AtomicBool, work: impl FnOnce() -> T) -> T {
    let asked = out.join(STOP);
    // Left by somebody who asked when nobody listened any more.
    let _ = std::fs::remove_file(&asked);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let listener = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                if std::fs::remove_file(&asked).is_ok() {
                    stop.store(true, Ordering::Relaxed);
                }
                std::thread::park_timeout(LISTEN);
            }
        });
        let _ended = Ended(&done, listener.thread().clone());
        work()
    })
}

/// Ends the listening also where the work panics.
struct Ended<'a>(&'a AtomicBool, Thread);

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        self.1.unpark();
    }
}

/// The name of the recipe, of its file, or of the data file, without endings.
fn stem(recipe: Option<&str>, data: Option<&Path>) -> String {
    let path = recipe.map(Path::new).or(data);
    let name = path.and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
    let name = name.unwrap_or_default();
    match name.split('.').next() {
        Some(stem) if !stem.is_empty() => stem.replace(char::is_whitespace, "-"),
        _ => "run".to_owned(),
    }
}

fn plan(ui: &Ui, planned: &Planned) -> Result<(), CliError> {
    let [train, valid, test] = planned.rows;
    let part = |n: usize| count(n as u64);
    ui.say(&format!(
        "would fit {} ({} for validation, {} for testing) of {}",
        counted(train, "row"),
        part(valid),
        part(test),
        counted(planned.width, "value"),
    ));
    ui.say(super::show::layer_table(&planned.layers).trim_end());
    for note in &planned.notes {
        ui.note(note);
    }
    ui.data(|out| out.write_all(planned.config.to_toml().as_bytes()))
}

fn conclude(ui: &Ui, fitted: &FittedRun, where_from: &str) -> Finish {
    let run = quoted(&fitted.run);
    if fitted.end == End::Stopped {
        ui.say(&format!("stopped and saved; go on with `veridic fit --resume --out {run}{where_from}`"));
        return Finish::Stopped;
    }
    if fitted.end == End::Early {
        ui.note("ended early: the validation loss did not become better any more");
    }
    if !fitted.report.is_empty() {
        ui.say(&report(&fitted.report));
    }
    let figures = match fitted.figures.len() {
        0 => String::new(),
        n => format!(" with {}", counted(n, "figure")),
    };
    ui.say(&format!("run saved{figures}: {}", fitted.run.display()));
    ui.say(&format!("next: veridic show {run}"));
    Finish::Done
}

/// The figures of a report, one a line.
pub(super) fn report(figures: &BTreeMap<String, f64>) -> String {
    let rows: Vec<[String; 2]> = figures.iter().map(|(name, value)| [name.clone(), figure(*value)]).collect();
    ui::aligned(&rows, [false, true]).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_is_named_after_its_recipe_or_its_data() {
        assert_eq!(stem(Some("heart-vae"), Some(Path::new("x.csv"))), "heart-vae");
        assert_eq!(stem(Some("my/own.toml"), None), "own");
        assert_eq!(stem(None, Some(Path::new("/tmp/my table.csv.gz"))), "my-table");
        assert_eq!(stem(None, Some(Path::new("-"))), "-");
        assert_eq!(stem(None, Some(Path::new("/"))), "run");
    }
}
