//! `veridic map`.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use veridic::data;
use veridic::run::{
    MAP_ENDINGS, MapConfig, MapMethod, MapOptions, Mapped, TableReading, map, map_report_path,
};

use super::{DataDir, Finish, Threads, pair};
use crate::error::CliError;
use crate::interrupt;
use crate::output;
use crate::progress::MapProgress;
use crate::quantity::{count, counted};
use crate::ui::Ui;

/// Place rows in the plane so that like lies by like, and show them
///
/// INPUT is a run, a table of numbers (CSV, Parquet, NPY, NPZ) or images (IDX). Of a run, DATA is
/// encoded, or without it the run's own test rows; of a table, all columns of numbers are mapped
/// but the one of --color. Each -o writes the map in the form of its ending: csv, csv.gz, parquet
/// and json are x, y and --columns, one row for each of INPUT; png and svg are pictures; html is
/// one page that works offline: zoom, look at rows, search, select, save. How far the map can be
/// trusted is written beside it as NAME.report.json. Ctrl-C ends with the map as it is then.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment, override_usage = "veridic map [OPTIONS] <RUN|MATRIX> [DATA]")]
pub(crate) struct Map {
    /// A run directory, a table of numbers, or images
    #[arg(value_name = "RUN|MATRIX")]
    input: PathBuf,
    /// For a run, the rows to encode [default: its own test rows]
    data: Option<PathBuf>,
    /// How rows are placed
    #[arg(long, value_enum, hide_default_value = true)]
    method: Option<Method>,
    /// Color rows by this column [default: the run's target, or the labels of images]
    #[arg(long, value_name = "COLUMN")]
    color: Option<String>,
    /// Write these columns beside x and y [default: that of --color]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    columns: Option<Vec<String>>,
    /// Change one setting, such as tsne.perplexity=50, pca=0, standardize=false or drop=["id"], or how
    /// a table is read, such as data.decimal=, (may be repeated)
    #[arg(long, value_name = "PATH=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Write to FILE, in the form of its ending (csv, csv.gz, parquet, json, png, svg, html; may be
    /// repeated); `-` is standard output as CSV, as is no -o at all
    #[arg(short, long, value_name = "FILE")]
    output: Vec<PathBuf>,
    #[command(flatten)]
    data_dir: DataDir,
    /// Draw random numbers from this seed; the same seed gives the same map
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    threads: Threads,
}

/// How rows are placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Method {
    /// Like by like (the default)
    Tsne,
    /// The first two principal components
    Pca,
}

impl Map {
    pub(super) fn run(self, ui: &Ui) -> Result<Finish, CliError> {
        self.check()?;
        let outputs = self.output.clone();
        let options = self.options()?;
        let stop = interrupt::watch(ui);
        let mut progress = MapProgress::new(ui);
        let mapped = map(&options, stop, &mut |event| progress.observe(event));
        progress.finish();
        let mapped = mapped?;
        for note in &mapped.notes {
            ui.note(note);
        }
        write(ui, &mapped, &outputs)?;
        ui.say(&super::fit::report(&mapped.report));
        match mapped.stopped {
            None => Ok(Finish::Done),
            Some([done, of]) => {
                let (done, of) = (count(done as u64), count(of as u64));
                ui.say(&format!("stopped after {done} of {of} iterations; the map is as it was then"));
                Ok(Finish::Stopped)
            }
        }
    }

    /// Finds out what can be found out before the work is done.
    fn check(&self) -> Result<(), CliError> {
        for path in self.output.iter().filter(|path| is_file(path)) {
            let is_input = self.input.is_file().then_some(self.input.as_path());
            output::check_place(path, &self.input, self.data.as_deref())?;
            output::check_place(path, &self.input, is_input)?;
            let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
            if !MAP_ENDINGS.iter().any(|ending| name.ends_with(&format!(".{ending}"))) {
                let ending = name.split_once('.').map_or(name.as_str(), |(_, ending)| ending).to_owned();
                return Err(CliError::MapEnding { ending, path: path.clone() });
            }
            output::check_place(&map_report_path(path), &self.input, is_input)?;
        }
        check_different(&self.output)
    }

    /// What was typed, as what it means.
    fn options(self) -> Result<MapOptions, CliError> {
        let (reading, sets): (Vec<_>, Vec<_>) =
            self.set.into_iter().partition(|(path, _)| path.starts_with("data."));
        let mut config = MapConfig::default().with(&sets)?;
        match self.method {
            Some(Method::Tsne) => config.method = MapMethod::Tsne,
            Some(Method::Pca) => config.method = MapMethod::Pca,
            None => {}
        }
        Ok(MapOptions {
            input: self.input,
            data: self.data,
            data_dir: self.data_dir.get(),
            color: self.color,
            columns: self.columns,
            config,
            reading: TableReading::of(&reading)?,
            seed: self.seed,
            threads: self.threads.get(),
        })
    }
}

/// Whether an output is a file of its own, rather than standard output, a device or a pipe.
fn is_file(path: &Path) -> bool {
    path.as_os_str() != "-" && path.metadata().map_or(true, |about| about.is_file() || about.is_dir())
}

fn write(ui: &Ui, mapped: &Mapped, outputs: &[PathBuf]) -> Result<(), CliError> {
    let csv = |out: &mut dyn std::io::Write| data::write_csv(&mapped.table, &mapped.schema, out);
    if outputs.is_empty() {
        return ui.data(csv);
    }
    // What one output cannot take, the others still can, and the report belongs to them.
    let mut failed = None;
    let mut files: Vec<&Path> = Vec::new();
    for path in outputs {
        let written: Result<(), CliError> = if path.as_os_str() == "-" {
            ui.data(csv)
        } else if is_file(path) {
            mapped.write(path).map_err(CliError::from)
        } else {
            data::replace(path, |out| csv(out)).map_err(CliError::from)
        };
        match written {
            Ok(()) if path.as_os_str() != "-" && is_file(path) => {
                ui.say(&format!("wrote {} to {}", counted(mapped.table.n_rows, "row"), path.display()));
                files.push(path);
            }
            Ok(()) => {}
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    mapped.write_report(&files)?;
    failed.map_or(Ok(()), Err)
}

/// Refuses outputs that would take each other's place, or that of a report.
fn check_different(outputs: &[PathBuf]) -> Result<(), CliError> {
    let place = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).join(path.file_name().unwrap_or_default())
    };
    let files: Vec<&PathBuf> =
        outputs.iter().filter(|path| path.as_os_str() == "-" || is_file(path)).collect();
    for (i, path) in files.iter().enumerate() {
        let same =
            |what: String| Err(CliError::SameOutput { first: path.to_path_buf(), what, path: place(path) });
        if let Some(other) = files[i + 1..].iter().find(|other| place(other) == place(path)) {
            return same(other.display().to_string());
        }
        let is_report = |other: &&&PathBuf| place(&map_report_path(other)) == place(path);
        if let Some(other) = files.iter().find(is_report) {
            return same(format!("the report of {}", other.display()));
        }
    }
    Ok(())
}
