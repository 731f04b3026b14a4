//! What asking would have brought on data whose labels are known.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::path::Path;

use veridic::data::{self, Matrix};
use veridic::error::RunError;
use veridic::figure::{Line, Lines, lines};
use veridic::label::{self, Oracle, SimulateConfig, Simulation, Strategy};
use veridic::project;
use veridic::run::{self, TableReading};
use veridic::seed::Seed;

use super::features::features;
use super::items::{Content, Items};
use crate::Result;

/// Rows that an anomaly score looks among.
const SAMPLE: usize = 2000;
/// Nearest of them whose mean distance is the score.
const NEAREST: usize = 5;

/// A simulation with what was simulated on.
#[derive(Debug)]
pub struct Simulated {
    /// The curves.
    pub simulation: Simulation,
    /// Names of the classes.
    pub classes: Vec<String>,
    /// What the user should know.
    pub notes: Vec<String>,
}

impl Simulated {
    /// Writes `curves.csv` with all curves, `medians.svg` and `medians.png` with their medians and these as CSV, and `report.json` with the figures
    /// of [`Simulation::report`] into `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn write(&self, folder: &Path) -> Result<()> {
        let io = |path: &Path, source| {
            veridic::Error::from(RunError::Io { action: "write", source, path: path.to_path_buf() })
        };
        std::fs::create_dir_all(folder).map_err(|source| io(folder, source))?;
        let mut text = String::from("strategy,draw,labels,quality,found\n");
        for curve in &self.simulation.curves {
            for ((labels, quality), found) in curve.labels.iter().zip(&curve.quality).zip(&curve.found) {
                let _ = writeln!(text, "{},{},{labels},{quality},{found}", curve.strategy.name(), curve.draw);
            }
        }
        let json = serde_json::to_string_pretty(&self.simulation.report()).unwrap_or_default() + "\n";
        for (name, text) in [("curves.csv", text), ("report.json", json)] {
            let place = folder.join(name);
            std::fs::write(&place, text).map_err(|source| io(&place, source))?;
        }
        let strategies = self.simulation.strategies().into_iter();
        let medians: Vec<(Strategy, Vec<[f64; 2]>)> =
            strategies.map(|strategy| (strategy, self.simulation.median(strategy))).collect();
        let curves: Vec<Line<'_>> =
            medians.iter().map(|(strategy, points)| Line { name: strategy.name(), points }).collect();
        let title = "Quality against labels, median over draws";
        let (x_label, y_label) = ("labels", self.simulation.quality.name());
        let figure = lines(&Lines { title, x_label, y_label, curves: &curves, y_range: None, log_x: false });
        let figure = figure.map_err(veridic::Error::from)?;
        for name in ["medians.svg", "medians.png"] {
            figure.write(&folder.join(name)).map_err(veridic::Error::from)?;
        }
        Ok(())
    }
}

/// Simulates labelling the table at `path` by its column `target`, or labelled images, with strategies that suit the number of
/// classes where `config` names none. Rows without a label and, of tables, exact copies of others are left out first: copies
/// would be asked and tested on at once. Unusual rows of a table are those far from their 5 nearest among 2000 others.
///
/// # Errors
/// Data without labels; a table without `target`; fewer than two classes; those of [`label::simulate`].
pub fn simulate(
    path: &Path,
    (target, hidden, reading): (Option<&str>, &[String], &TableReading),
    config: &SimulateConfig,
    threads: usize,
) -> Result<Simulated> {
    let hidden: Vec<String> = hidden.iter().cloned().chain(target.map(str::to_owned)).collect();
    let items = Items::read(path, if run::looks_like_images(path) { &[] } else { &hidden }, reading)?;
    let mut notes = items.notes().to_vec();
    let is_table = matches!(items.content(), Content::Table { .. });
    let texts = truth(&items, path, target, reading)?;
    let names: BTreeMap<&str, u16> = {
        let all: std::collections::BTreeSet<&str> = texts.iter().flatten().map(String::as_str).collect();
        all.into_iter().zip(0..).collect()
    };
    if names.len() < 2 || names.len() > usize::from(u16::MAX) {
        return Err(crate::StudioError::FewClasses { found: names.len() });
    }
    let all = features(&items, threads)?;
    let mut seen = HashSet::new();
    let mut kept: Vec<(usize, u16)> = Vec::new();
    let mut copies = 0;
    for (row, text) in texts.iter().enumerate() {
        let Some(class) = text.as_deref().and_then(|text| names.get(text)) else { continue };
        if is_table && !seen.insert(all.row(row).iter().map(|v| v.to_bits()).collect::<Vec<u32>>()) {
            copies += 1;
            continue;
        }
        kept.push((row, *class));
    }
    if copies > 0 {
        notes.push(format!("{copies} rows are copies of others and are left out"));
    }
    let values = kept.iter().flat_map(|(row, _)| all.row(*row)).copied().collect();
    let features = Matrix { n_rows: kept.len(), n_cols: all.n_cols, values };
    let labels: Vec<u16> = kept.iter().map(|(_, class)| *class).collect();
    let anomaly = is_table.then(|| unusual(&features, threads)).transpose()?;
    let oracle =
        Oracle { features: &features, labels: &labels, classes: names.len(), anomaly: anomaly.as_deref() };
    let mut config = config.clone();
    if config.strategies.is_empty() {
        let of_rare = [Strategy::Likely, Strategy::Mixed, Strategy::Anomalous];
        let suits = |strategy: &Strategy| names.len() == 2 || !of_rare.contains(strategy);
        config.strategies = Strategy::ALL.into_iter().filter(suits).collect();
    }
    let simulation = label::simulate(&oracle, &config, threads)?;
    Ok(Simulated { simulation, classes: names.keys().map(ToString::to_string).collect(), notes })
}

/// The label of each row.
fn truth(
    items: &Items,
    path: &Path,
    target: Option<&str>,
    reading: &TableReading,
) -> Result<Vec<Option<String>>> {
    match (items.content(), target) {
        (Content::Images(images), _) => {
            let labels = images.labels.as_ref().ok_or_else(|| without("the images have no labels"))?;
            let names = items.classes().unwrap_or_default();
            Ok(labels.iter().map(|label| names.get(usize::from(*label)).cloned()).collect())
        }
        (Content::Table { .. }, Some(target)) => {
            let reading =
                data::read(path, &run::table_options(path, reading)).map_err(veridic::Error::from)?;
            let column = reading.table.require(target).map_err(veridic::Error::from)?;
            Ok(data::labels(column))
        }
        (Content::Table { .. }, None) => Err(without("no column of the table is named as the target").into()),
    }
}

fn without(reason: &str) -> veridic::Error {
    RunError::NoData {
        reason: format!("{reason}, and simulating needs labels that are known"),
        remedy: "name a column with `--target`, or images with labels".to_owned(),
    }
    .into()
}

fn unusual(features: &Matrix, threads: usize) -> Result<Vec<f32>> {
    let all: Vec<u32> = (0..features.n_rows as u32).collect();
    let mut rows = label::random(&all, Seed(0));
    rows.truncate(SAMPLE);
    let values = rows.iter().flat_map(|row| features.row(*row as usize)).copied().collect();
    let sample = Matrix { n_rows: rows.len(), n_cols: features.n_cols, values };
    let k = (NEAREST + 1).min(rows.len());
    let found = project::nearest(&sample, features, k, threads).map_err(veridic::Error::from)?;
    // A row of the sample finds itself first.
    let mean = |row: &[f32]| row.iter().skip(usize::from(row.len() > NEAREST)).sum::<f32>() / NEAREST as f32;
    Ok(found.distances.chunks(k).map(mean).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_with_known_labels_is_simulated_without_its_copies() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        let mut text = String::from("x,y,kind\n");
        (0..400).for_each(|i| {
            let fraud = i % 20 == 0;
            let x = if fraud { 900 + i } else { i };
            text.push_str(&format!("{x},{},{}\n", i * 7 % 31, if fraud { "bad" } else { "good" }));
        });
        text.push_str("1,7,good\n");
        std::fs::write(&path, text).unwrap();
        let config = SimulateConfig {
            strategies: vec![Strategy::Mixed],
            budget: 40,
            seeds: 2,
            ..SimulateConfig::default()
        };
        let found = simulate(&path, (Some("kind"), &[], &TableReading::default()), &config, 2).unwrap();
        assert_eq!(found.classes, ["bad", "good"]);
        assert!(found.notes.iter().any(|note| note.starts_with("1 rows are copies")), "{:?}", found.notes);
        let report = found.simulation.report();
        assert!(report["active.mixed.found"] > report["active.random.found"], "{report:#?}");
        found.write(&folder.path().join("out")).unwrap();
        let curves = std::fs::read_to_string(folder.path().join("out/curves.csv")).unwrap();
        assert_eq!(curves.lines().count(), 1 + 2 * 2 * 4);
        assert!(folder.path().join("out/medians.png").is_file());
        assert!(simulate(&path, (None, &[], &TableReading::default()), &config, 1).is_err());
        assert!(simulate(&path, (Some("none"), &[], &TableReading::default()), &config, 1).is_err());
    }
}
