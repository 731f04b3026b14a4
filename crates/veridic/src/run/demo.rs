//! The demonstration: everything once, in seconds, on data that comes with the program.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

use crate::data::{self, Data};
use crate::error::{Result, RunError};
use crate::run::dataset::default_for;
use crate::run::fit::{FitOptions, FittedRun, fit_files};
use crate::run::fitted::Fitted;
use crate::train::Event;

/// Cleveland heart-disease data (Janosi, Steinbrunn, Pfisterer, Detrano; UCI Machine Learning Repository, CC BY 4.0).
const HEART: &str = include_str!("../../../../examples/heart/heart/processed.cleveland.data");

/// Synthetic patients the demonstration makes.
const PATIENTS: usize = 1000;

/// What the demonstration left.
#[derive(Debug, Clone, PartialEq)]
pub struct Demo {
    /// The fit.
    pub fitted: FittedRun,
    /// Files with what is in them.
    pub files: Vec<(String, PathBuf)>,
    /// The most unusual patients: row in the data (from 1), score, and the columns that add most.
    pub unusual: Vec<(usize, f64, String)>,
}

/// Fits a chain and a detector to 303 patients, makes synthetic ones, scores the real ones and draws the figures, below `out`.
///
/// # Errors
/// A directory that is not empty or cannot be written.
pub fn demo(out: &Path, threads: usize, stop: &AtomicBool, observe: &mut dyn FnMut(&Event)) -> Result<Demo> {
    // Nothing that is there is to be lost.
    if std::fs::read_dir(out).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(RunError::NotEmpty { path: out.to_path_buf() }.into());
    }
    let folder = out.join("heart");
    std::fs::create_dir_all(&folder).map_err(|source| RunError::Io {
        action: "create",
        source,
        path: folder.clone(),
    })?;
    let patients = folder.join("processed.cleveland.data");
    data::replace(&patients, |file| std::io::Write::write_all(file, HEART.as_bytes()))?;
    let mut config = default_for(&patients, Some("num"));
    config.about = "Heart disease, Cleveland: made, scored and drawn".to_string();
    config.data.table = Some(patients.to_string_lossy().into_owned());
    let options = FitOptions {
        data: Some(patients.clone()),
        data_dir: out.to_path_buf(),
        out: out.join("run"),
        config: Some(config),
        target: None,
        sets: Vec::new(),
        threads,
        resume: false,
    };
    let fitted = fit_files(&options, stop, observe)?;
    let mut run = Fitted::open(&options.out, threads)?;
    let synthetic = out.join("synthetic.csv");
    if let Data::Table(table, schema) = run.sample(PATIENTS, &[], 1)? {
        data::write(&table, &schema, &synthetic)?;
    }
    let (table, schema) = run.score(&patients, 3)?.table();
    let scores = out.join("scores.csv");
    data::write(&table, &schema, &scores)?;
    let mut unusual = Vec::new();
    if let Some(crate::data::Cells::Number(values)) = table.column("score").map(|column| &column.cells) {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
        for &row in order.iter().take(3) {
            let reason = |k: usize, part: &str| {
                let column = table.column(&format!("reason_{k}{part}"));
                column.and_then(|column| column.cells.text(row)).unwrap_or("missing").to_string()
            };
            let why: Vec<String> = (1..=2)
                .map(|k| {
                    format!(
                        "{} = {} (expected {})",
                        reason(k, ""),
                        reason(k, "_actual"),
                        reason(k, "_expected")
                    )
                })
                .collect();
            unusual.push((row + 1, values[row], why.join(", ")));
        }
    }
    let mut files = vec![
        ("303 patients, the data".to_string(), patients),
        (format!("{PATIENTS} synthetic patients"), synthetic),
        ("a score and three reasons for each patient".to_string(), scores),
        ("the run: weights, configuration, losses, report".to_string(), options.out.clone()),
    ];
    files.extend(fitted.figures.iter().map(|path| ("figure".to_string(), path.clone())));
    Ok(Demo { fitted, files, unusual })
}
