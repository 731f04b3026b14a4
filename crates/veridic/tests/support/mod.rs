//! A small mixed table, and runs fitted to it.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use tempfile::TempDir;
use veridic::data::{Cells, Data, Schema, Table, write_csv};
use veridic::run::{Config, FitOptions, Fitted, FittedRun, fit_files};
use veridic::train::Event;

/// Rows of the table.
pub(crate) const ROWS: usize = 240;

/// The header of the table.
pub(crate) const HEADER: &str = "id,height,visits,color,member,since,site,label";

/// Row `i` of the table, cells in the order of [`HEADER`]: an identifier, a real with one decimal (every 17th missing),
/// an integer, a category (every 23rd missing), a flag, a Monday, a constant, the target. Every extreme is frequent, so
/// that each part of a split has it.
pub(crate) fn row(i: usize) -> [String; 8] {
    let mixed = (i as u64 + 1)
        .wrapping_mul(0x9E37_79B9_7F4A_7C15)
        .rotate_left(29)
        .wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let (a, b, c) = ((mixed >> 8) % 11, (mixed >> 24) % 7, (mixed >> 40) % 5);
    let bad = b == 6;
    let height = if i % 17 == 3 { String::new() } else { format!("{:.1}", 150.0 + 4.5 * a as f64) };
    let visits = (a + 2 * b) / 2;
    let color = if i % 23 == 5 { "" } else { ["blue", "green", "red", "red", "green"][c as usize] };
    let member = if a + c > 7 { "yes" } else { "no" };
    let since =
        ["2024-01-01", "2024-01-08", "2024-01-15", "2024-01-22", "2024-01-29", "2024-02-05", "2024-02-12"];
    [
        format!("customer-{i:04}"),
        height,
        visits.to_string(),
        color.to_string(),
        member.to_string(),
        since[b as usize].to_string(),
        "north".to_string(),
        if bad { "bad" } else { "good" }.to_string(),
    ]
}

/// The table as CSV.
pub(crate) fn csv() -> String {
    csv_of(0..ROWS)
}

/// Rows of the table as CSV.
pub(crate) fn csv_of(rows: impl IntoIterator<Item = usize>) -> String {
    let mut text = format!("{HEADER}\n");
    for i in rows {
        writeln!(text, "{}", row(i).join(",")).unwrap();
    }
    text
}

/// A model with a likelihood and the scaling it needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Case {
    pub(crate) model: &'static str,
    pub(crate) likelihood: &'static str,
    pub(crate) numeric: &'static str,
    /// More settings of the model.
    pub(crate) more: &'static str,
}

/// Both models with all likelihoods of tables, and the objectives of the variational one.
pub(crate) fn cases() -> Vec<Case> {
    let likelihoods = [
        ("\"mixed\"", "quantile"),
        ("\"bernoulli\"", "min-max"),
        ("{ gaussian = { variance = 0.5 } }", "standard"),
        ("{ squared-error = { output = \"sigmoid\" } }", "min-max"),
    ];
    let of_model =
        |model| likelihoods.map(|(likelihood, numeric)| Case { model, likelihood, numeric, more: "" });
    let vae = |likelihood, numeric, more| Case { model: "vae", likelihood, numeric, more };
    let objectives = [
        vae("\"continuous-bernoulli\"", "min-max", ""),
        vae("{ gaussian = { variance = \"shared\" } }", "standard", ""),
        vae("{ gaussian = { variance = \"by-column\" } }", "standard", "free-bits = 0.2"),
        vae("{ gaussian = { variance = \"decoded-coupled\" } }", "standard", "mixture = 3"),
        vae("\"mixed\"", "quantile", "samples = 3"),
    ];
    [&of_model("autoencoder")[..], &of_model("vae"), &objectives].concat()
}

impl Case {
    /// A name for its run: `vae-bernoulli`.
    pub(crate) fn name(self) -> String {
        let plain =
            |text: &str| text.chars().filter(|c| c.is_alphanumeric() || *c == '-').collect::<String>();
        format!("{}-{}{}", self.model, plain(self.likelihood), plain(self.more))
    }

    /// Whether the likelihood of its rows can be estimated.
    pub(crate) fn has_nll(self) -> bool {
        self.model == "vae" && !self.likelihood.contains("squared-error")
    }

    /// Its configuration: dropout and batch normalization in the encoder, four epochs.
    pub(crate) fn config(self) -> Config {
        let Self { model, likelihood, numeric, more } = self;
        let nll = if self.has_nll() { "nll-samples = 3\nnll-repeats = 2\n" } else { "" };
        let (latent, code) = match model {
            "vae" => ("latent = 3", ""),
            _ => ("", ", { dense = 3 }"),
        };
        let text = format!(
            "seed = 7\n\
             [data]\ntarget = \"label\"\n\
             [codec]\nnumeric = \"{numeric}\"\n\
             [model.{model}]\n{latent}\n{more}\nlikelihood = {likelihood}\n\
             encoder = [{{ batch-norm = 0.9 }}, {{ dense = 12, activation = \"relu\" }}, {{ dropout = 0.1 }}{code}]\n\
             decoder = [{{ dense = 12, activation = \"tanh\" }}]\n\
             [train]\nepochs = 4\nbatch = 32\noptimizer = {{ adam = {{ rate = 0.01 }} }}\n\
             [evaluate]\nsample-rows = 40\n{nll}"
        );
        Config::from_toml(&text, "the test").unwrap()
    }
}

/// The mixed variational autoencoder.
pub(crate) fn mixed_vae() -> Config {
    cases().into_iter().find(|case| case.model == "vae").unwrap().config()
}

/// The mixed autoencoder.
pub(crate) fn mixed_autoencoder() -> Config {
    cases()[0].config()
}

/// A folder that holds the table; runs go beside it.
pub(crate) struct Place {
    folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("table.csv"), csv()).unwrap();
        Self { folder }
    }

    /// The path of a file or run.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file with this text.
    pub(crate) fn file(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.at(name), text).unwrap();
        self.at(name)
    }

    /// What to fit: the table with `config` into `out`.
    pub(crate) fn options(&self, config: &Config, out: &str, threads: usize) -> FitOptions {
        FitOptions {
            data: Some(self.at("table.csv")),
            data_dir: self.at("none"),
            out: self.at(out),
            config: Some(config.clone()),
            target: None,
            sets: Vec::new(),
            threads,
            resume: false,
        }
    }

    /// Fits the table into `out`.
    pub(crate) fn fit(&self, config: &Config, out: &str, threads: usize) -> FittedRun {
        self.try_fit(config, out, threads).unwrap()
    }

    /// Fits the table into `out`, or says what went wrong.
    pub(crate) fn try_fit(&self, config: &Config, out: &str, threads: usize) -> veridic::Result<FittedRun> {
        fit_files(&self.options(config, out, threads), &never(), &mut |_| {})
    }

    /// Goes on with the run in `out`, with nothing but its directory.
    pub(crate) fn resume(
        &self,
        out: &str,
        sets: &[(&str, &str)],
        threads: usize,
    ) -> veridic::Result<FittedRun> {
        let options = FitOptions {
            data: None,
            config: None,
            resume: true,
            sets: sets.iter().map(|(path, value)| (path.to_string(), value.to_string())).collect(),
            ..self.options(&Config::default(), out, threads)
        };
        fit_files(&options, &never(), &mut |_| {})
    }

    /// Opens the run in `out`.
    pub(crate) fn open(&self, out: &str, threads: usize) -> Fitted {
        Fitted::open(&self.at(out), threads).unwrap()
    }

    /// What must not differ between runs of one seed: weights, events without their seconds, report.
    pub(crate) fn outcome(&self, out: &str) -> (Vec<u8>, String, String) {
        let read =
            |name: &str| fs::read(self.at(out).join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
        let mut events = String::new();
        for line in String::from_utf8(read("events.jsonl")).unwrap().lines() {
            let mut event: serde_json::Value = serde_json::from_str(line).unwrap();
            event.as_object_mut().unwrap().remove("seconds");
            writeln!(events, "{event}").unwrap();
        }
        (read("model.safetensors"), events, String::from_utf8(read("report.json")).unwrap())
    }

    /// A field of `run.json`.
    pub(crate) fn info(&self, out: &str, field: &str) -> serde_json::Value {
        let text = fs::read_to_string(self.at(out).join("run.json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap()[field].clone()
    }

    /// The losses of each epoch of a run.
    pub(crate) fn losses(&self, out: &str, part: &str) -> Vec<f64> {
        let events = self.open(out, 1).events();
        let of = |event: &Event| match event {
            Event::Epoch { losses, .. } => losses.get(part).copied(),
            _ => None,
        };
        events.iter().filter_map(of).collect()
    }
}

/// A stop flag that is never raised.
pub(crate) fn never() -> AtomicBool {
    AtomicBool::new(false)
}

/// A copy of a run's directory, as a crash at this moment would leave it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Every file below a folder with its bytes.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(contents(&path));
        } else {
            let bytes = fs::read(&path).unwrap();
            files.push((path, bytes));
        }
    }
    files.sort();
    files
}

/// A table as CSV.
pub(crate) fn text(table: &Table, schema: &Schema) -> String {
    let mut bytes = Vec::new();
    write_csv(table, schema, &mut bytes).unwrap();
    String::from_utf8(bytes).unwrap()
}

/// Sampled rows as CSV.
pub(crate) fn sampled(run: &mut Fitted, n: usize, given: &[(&str, &str)], seed: u64) -> String {
    let (table, schema) = sampled_table(run, n, given, seed).unwrap();
    text(&table, &schema)
}

/// Sampled rows.
pub(crate) fn sampled_table(
    run: &mut Fitted,
    n: usize,
    given: &[(&str, &str)],
    seed: u64,
) -> veridic::Result<(Table, Schema)> {
    let given: Vec<_> = given.iter().map(|(column, value)| (column.to_string(), value.to_string())).collect();
    match run.sample(n, &given, seed)? {
        Data::Table(table, schema) => Ok((table, schema)),
        Data::Images(_) => panic!("the run is of a table"),
    }
}

/// The numbers of a column.
pub(crate) fn numbers(table: &Table, column: &str) -> Vec<f64> {
    match &table.column(column).unwrap_or_else(|| panic!("no column {column}")).cells {
        Cells::Number(values) => values.clone(),
        Cells::Text { .. } => panic!("{column} is text"),
    }
}

/// The texts of a column, nothing where missing.
pub(crate) fn texts(table: &Table, column: &str) -> Vec<Option<String>> {
    let cells = &table.column(column).unwrap_or_else(|| panic!("no column {column}")).cells;
    (0..cells.len()).map(|row| cells.text(row).map(str::to_string)).collect()
}

/// The scores of a file's rows.
pub(crate) fn scores(run: &mut Fitted, path: &Path) -> Vec<f64> {
    run.score(path, 0).unwrap().scores
}
