//! `veridic label`.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use veridic::data;
use veridic::models::Ability;
use veridic::run::{Fitted, Reason, Scores, TableReading, looks_like_images, table_options};
use veridic_studio::StudioError;
use veridic_studio::label::{
    self, Audit, Desk, ImportOptions, Items, Logistic, Opened, Reasons, ServeOptions,
};

use super::simulate::Simulate;
use super::{Finish, Threads, pair, quoted};
use crate::error::CliError;
use crate::interrupt;
use crate::quantity::{count, counted};
use crate::ui::{Ui, aligned};

/// Columns that a run names as reasons, of each row.
const REASONS: usize = 4;

/// Label rows or images on a page in the browser; a model asks for the labels that help most
///
/// DATA is a table or images. The labels go to an SQLite file, each of them on disk before the page
/// moves on; the same command goes on where it ended, and opens one more browser where it runs
/// already. The page is on this machine alone; its address is printed and lets one browser in.
/// --check, --export and --import need no page: `veridic label LABELS --check`.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    override_usage = "veridic label <DATA> --labels <FILE> [OPTIONS]\n       veridic label <LABELS> --check | --export <FILE>\n       veridic label <DATA> --simulate <FOLDER> [--target <COLUMN>]"
)]
pub(crate) struct Label {
    /// A table (CSV, Parquet, …) or images (a folder, IDX); with --check and --export also the labels themselves
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// The file of labels; made if it is not there
    #[arg(long, value_name = "FILE")]
    labels: Option<PathBuf>,
    /// What rows can be; more can be added later [default: those of the file, or of labelled images]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    classes: Vec<String>,
    /// Ask the rows first that this run finds unusual, and mark the values that say so
    #[arg(long, value_name = "RUN")]
    run: Option<PathBuf>,
    /// Ask the rows first that FILE names in its column `row`, such as a selection saved from a map or the studio
    #[arg(long, value_name = "FILE")]
    first: Option<PathBuf>,
    /// Stop asking after N labels
    #[arg(long, value_name = "N")]
    budget: Option<usize>,
    /// Neither show these columns nor learn from them
    #[arg(long, value_name = "A,B,…", value_delimiter = ',')]
    hide: Vec<String>,
    /// Change how a table is read, such as data.decimal=, or data.missing=["?"] (may be repeated)
    #[arg(long, value_name = "PATH=VALUE", value_parser = pair)]
    set: Vec<(String, String)>,
    /// Who labels [default: the name you are logged in with]
    #[arg(long, value_name = "NAME")]
    annotator: Option<String>,
    /// Listen on this port of 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "P")]
    port: Option<u16>,
    /// Print the address and open no browser
    #[arg(long)]
    no_browser: bool,
    /// Prove that no label is lost: every row shown stands somewhere, and the sums agree
    #[arg(long, conflicts_with_all = ["export", "import"])]
    check: bool,
    /// Write the labels to FILE (csv, csv.gz, jsonl, parquet), with the columns of DATA
    #[arg(long, value_name = "FILE", conflicts_with = "import")]
    export: Option<PathBuf>,
    /// Add the labels of FILE (csv, jsonl, parquet), all or none
    #[arg(long, value_name = "FILE")]
    import: Option<PathBuf>,
    /// For --import, the column that is the `class`, `row`, `fingerprint` or `comment` (may be repeated)
    #[arg(long, value_name = "WHAT=COLUMN", value_parser = pair, requires = "import")]
    map: Vec<(String, String)>,
    /// For --import, what a class of the file is called here (may be repeated)
    #[arg(long, value_name = "THEIRS=OURS", value_parser = pair, requires = "import")]
    rename: Vec<(String, String)>,
    #[command(flatten)]
    simulate: Simulate,
    #[command(flatten)]
    threads: Threads,
}

impl Label {
    pub(super) fn run(self, ui: &Ui) -> Result<Finish, CliError> {
        if self.simulate.folder().is_some() {
            let given = (self.data.as_path(), self.hide.as_slice(), self.budget, self.threads.get());
            return self.simulate.run(ui, given, &self.reading()?).map(|()| Finish::Done);
        }
        if self.check || self.export.is_some() {
            return self.without_page(ui);
        }
        let Some(labels) = self.labels.clone() else { return Err(CliError::NoLabelFile) };
        if let Some(from) = &self.import {
            return self.import(ui, &labels, from);
        }
        if let Some(opened) = label::attach(&labels)? {
            // The other process shows its own data: it must be this.
            let items = Items::read(&self.data, &self.hide, &self.reading()?)?;
            label::check(&labels, Some(&items))?;
            ui.say("these labels are open in another process; this is one more page of it");
            return self.open(ui, &opened).map(|()| Finish::Done);
        }
        let mut hidden = self.hide.clone();
        let mut run = self.run.as_deref().map(|run| Fitted::open(run, self.threads.get())).transpose()?;
        let target = run.as_ref().and_then(|run| run.config().data.target.clone());
        if let Some(target) = target.filter(|target| !hidden.contains(target) && self.has(target)) {
            ui.note(&format!("`{target}` is the run's target: it is neither shown nor learned from"));
            hidden.push(target);
        }
        let items = Items::read(&self.data, &hidden, &self.reading()?)?;
        let reasons = match &mut run {
            Some(run) => self.reasons(ui, run, items.len())?,
            None => None,
        };
        let options = ServeOptions { port: self.port, threads: self.threads.get(), seed: 0 };
        let stop = interrupt::watch(ui);
        let annotator = self.annotator.clone().unwrap_or_else(user);
        let desk = || {
            let mut desk = Desk::open(items, &labels, &self.classes, &annotator, self.budget)?;
            if let Some(reasons) = reasons {
                desk = desk.with_reasons(reasons);
            }
            match &self.first {
                Some(first) => desk.with_first(first),
                None => Ok(desk),
            }
        };
        let mut failed = None;
        let ended =
            label::serve(&labels, desk, &mut Logistic::default(), &options, stop, &mut |desk, opened| {
                for note in desk.notes() {
                    ui.note(note);
                }
                let (done, rows) = desk.progress();
                ui.say(&format!(
                    "labelling {}, {} so far go to {}; Ctrl-C ends",
                    counted(rows, "row"),
                    counted(done, "label"),
                    labels.display()
                ));
                failed = self.open(ui, opened).err();
            })?;
        if let Some(error) = failed {
            return Err(error);
        }
        let file = quoted(&labels);
        ui.say(&format!(
            "{} in {file}; `veridic label {} --labels {file} --export labels.csv` writes them",
            counted(ended, "label"),
            quoted(&self.data)
        ));
        Ok(Finish::Done)
    }

    /// Prints the address, for people and programs, and opens a browser.
    fn open(&self, ui: &Ui, opened: &Opened) -> Result<(), CliError> {
        ui.data(|out| writeln!(out, "{}", opened.url))?;
        if !self.no_browser {
            browse(&opened.url);
        }
        Ok(())
    }

    fn without_page(&self, ui: &Ui) -> Result<Finish, CliError> {
        let (labels, items) = match &self.labels {
            Some(labels) => (labels.clone(), Some(Items::read(&self.data, &self.hide, &self.reading()?)?)),
            None => (self.data.clone(), None),
        };
        match &self.export {
            Some(to) => {
                crate::output::check_place(to, &labels, Some(&self.data))?;
                let exported = label::export(&labels, items.as_ref(), to)?;
                ui.say(&format!(
                    "wrote {} to {}, {} of them labelled",
                    counted(exported.rows, "row"),
                    to.display(),
                    count(exported.labelled as u64)
                ));
            }
            None => {
                let audit = label::check(&labels, items.as_ref())?;
                ui.data(|out| out.write_all(described(&audit).as_bytes()))?;
                let rest = if items.is_some() { ", and the rows are as they were shown" } else { "" };
                ui.say(&format!("every row shown stands somewhere, the sums agree{rest}"));
            }
        }
        Ok(Finish::Done)
    }

    fn import(&self, ui: &Ui, labels: &Path, from: &Path) -> Result<Finish, CliError> {
        let items = Items::read(&self.data, &self.hide, &self.reading()?)?;
        let annotator = self.annotator.clone().unwrap_or_else(user);
        let options = ImportOptions { columns: self.map.clone(), classes: self.rename.clone(), annotator };
        let imported = label::import(labels, &items, &self.classes, from, &options)?;
        let mut text = format!("added {} to {}", counted(imported.added, "decision"), labels.display());
        for (n, what) in [
            (imported.known, "known already"),
            (imported.without, "without a label"),
            (imported.absent, "of rows that are not in the data"),
        ] {
            if n > 0 {
                text.push_str(&format!(", {} {what}", count(n as u64)));
            }
        }
        ui.say(&text);
        Ok(Finish::Done)
    }

    /// How a table is read.
    fn reading(&self) -> Result<TableReading, CliError> {
        Ok(TableReading::of(&self.set)?)
    }

    /// Whether the data is a table with this column.
    fn has(&self, column: &str) -> bool {
        !looks_like_images(&self.data)
            && self
                .reading()
                .and_then(|reading| Ok(data::read(&self.data, &table_options(&self.data, &reading))?))
                .is_ok_and(|reading| reading.table.column(column).is_some())
    }

    /// What a run says of each of so many rows.
    fn reasons(&self, ui: &Ui, run: &mut Fitted, rows: usize) -> Result<Option<Reasons>, CliError> {
        // Some models give scores without reasons.
        let reasons = run.can(Ability::Explain) && !looks_like_images(&self.data);
        let scores = run.score(&self.data, if reasons { REASONS } else { 0 })?;
        scores.notes.iter().for_each(|note| ui.note(note));
        if scores.scores.len() != rows {
            let (scored, rows) = (counted(scores.scores.len(), "row"), count(rows as u64));
            ui.note(&format!("the run scores {scored}, the data has {rows}; its scores are left out"));
            return Ok(None);
        }
        Ok(Some(reasons_of(&scores)))
    }
}

fn reasons_of(scores: &Scores) -> Reasons {
    let of_row = |reasons: &Vec<Reason>| {
        // What adds little beside the first says little.
        let least = reasons.first().map_or(0.0, |first| first.adds / 4.0).max(f64::MIN_POSITIVE);
        let enough = reasons.iter().filter(|reason| reason.adds >= least);
        let told = |reason: &Reason| {
            let expected = reason.expected.as_deref().unwrap_or("nothing");
            let relation =
                reason.relation.as_deref().map_or(String::new(), |relation| format!(" ({relation})"));
            (reason.column.clone(), format!("{expected}{relation}"))
        };
        enough.map(told).collect()
    };
    let columns = match scores.reasons.is_empty() {
        true => vec![Vec::new(); scores.scores.len()],
        false => scores.reasons.iter().map(of_row).collect(),
    };
    Reasons { scores: scores.scores.iter().map(|score| *score as f32).collect(), columns }
}

/// The name that the user is logged in with.
fn user() -> String {
    let named = ["USER", "USERNAME", "LOGNAME"].into_iter().filter_map(std::env::var_os);
    let mut names = named.map(|name| name.to_string_lossy().trim().to_owned());
    names.find(|name| !name.is_empty()).unwrap_or_else(|| "annotator".to_owned())
}

/// Opens the address in the user's browser. Where there is none, the address was printed.
pub(super) fn browse(url: &str) {
    let mut command = if cfg!(target_os = "macos") {
        Command::new("open")
    } else if cfg!(windows) {
        let mut command = Command::new("rundll32");
        command.arg("url.dll,FileProtocolHandler");
        command
    } else {
        Command::new("xdg-open")
    };
    let _ = command.arg(url).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
}

fn described(audit: &Audit) -> String {
    let n = |n: usize| count(n as u64);
    let mut rows = vec![
        ["data".to_owned(), n(audit.data.1), format!("rows of {}", audit.data.0)],
        ["shown".to_owned(), n(audit.shown), String::new()],
        ["labelled".to_owned(), n(audit.labelled()), String::new()],
    ];
    rows.extend(audit.classes.iter().map(|(name, rows)| [format!("  {name}"), n(*rows), String::new()]));
    rows.extend([
        ["skipped".to_owned(), n(audit.skipped), String::new()],
        ["flagged".to_owned(), n(audit.flagged), String::new()],
        ["pending".to_owned(), n(audit.pending), "shown and not decided".to_owned()],
        [
            "entries".to_owned(),
            n(audit.entries),
            format!("{} undone, {}", n(audit.undone), counted(audit.comments, "remark")),
        ],
        ["annotators".to_owned(), n(audit.annotators.len()), audit.annotators.join(", ")],
    ]);
    if let Some(agreement) = &audit.agreement {
        let alpha = agreement.alpha.map_or_else(|| "–".to_owned(), |alpha| format!("{alpha:.3}"));
        let words = format!(
            "of {} labelled twice; alpha {alpha}, {} disputed",
            counted(agreement.rows, "row"),
            n(agreement.disagreements)
        );
        rows.push(["agreement".to_owned(), format!("{:.3}", agreement.share), words]);
    }
    aligned(&rows, [false, true, false])
}

impl From<StudioError> for CliError {
    fn from(error: StudioError) -> Self {
        Self::Studio(Box::new(error))
    }
}
