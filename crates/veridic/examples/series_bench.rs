//! Detectors and generators of series on files that `bench/series.py` prepares, as JSON lines.
//!
//! `series_bench score --detector NAME [--train N] [--smooth N] [--gap N] [--window W] [--threads N] FILE…`: each file is a CSV
//! of channels and a column `label`. It is fitted on the first N rows (on all without) and all rows are scored.
//! `series_bench alarms [--threads N] FILE…`: the default detector is fitted on all rows of each file; the alarms of
//! the same rows, as pairs of points, and the highest score.
//! `series_bench million [--threads N]`: a million points of one series, fitted and scored.
//! `series_bench paths --model candle|window|RECIPE --paths N --length L --seed S --out FILE.csv FILE…`: new paths of the files, by a
//! copula, or by the network of windows that a recipe (its name or its file) says, which has a length of its own.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use veridic::data::series::{Series, SeriesConfig, SeriesSet, Spacing};
use veridic::data::{Data, ReadOptions, Reading, Schema, read};
use veridic::error::Result;
use veridic::evaluate::{SegmentCounts, confusion_at, flagged_ranges, merged_ranges, vus_pr};
use veridic::models::series::{
    AlarmConfig, CandleCopula, CandleCopulaConfig, Detector, DetectorConfig, FourSurprisesConfig,
    WindowCopula, WindowCopulaConfig, alarms, period,
};
use veridic::run::Config;
use veridic::seed::Seed;

/// Factors of the thresholds that are tried: times the 99 % quantile in training, its highest score, and plain.
const FACTORS: [f64; 9] = [1.0, 1.25, 1.5, 1.75, 2.0, 2.25, 2.5, 3.0, 4.0];

struct Arguments {
    command: String,
    options: BTreeMap<String, String>,
    files: Vec<PathBuf>,
}

impl Arguments {
    fn read() -> Self {
        let mut words = std::env::args().skip(1);
        let command = words.next().unwrap_or_default();
        let (mut options, mut files) = (BTreeMap::new(), Vec::new());
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some(name) => drop(options.insert(name.to_owned(), words.next().unwrap_or_default())),
                None => files.push(PathBuf::from(word)),
            }
        }
        Self { command, options, files }
    }

    fn number(&self, name: &str) -> Option<usize> {
        self.options.get(name).and_then(|text| text.parse().ok())
    }

    fn detector(&self) -> DetectorConfig {
        config(self.text("detector"), self.number("smooth"))
    }

    fn text(&self, name: &str) -> &str {
        self.options.get(name).map_or("", String::as_str)
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::read();
    match arguments.command.as_str() {
        "score" => arguments.files.iter().try_for_each(|file| score(file, &arguments)),
        "alarms" => arguments.files.iter().try_for_each(|file| alarms_of(file, &arguments)),
        "million" => million(arguments.number("threads").unwrap_or(1)),
        "paths" => paths(&arguments),
        other => {
            println!("`{other}` is none of score, alarms, million and paths");
            Ok(())
        }
    }
}

fn series(file: &Path, label: bool) -> Result<SeriesSet> {
    let Reading { table, schema, .. } = read(file, &ReadOptions::default())?;
    let values = table.columns.iter().map(|column| column.name.clone()).filter(|name| name != "label");
    let config = SeriesConfig {
        values: values.collect(),
        label: label.then(|| "label".to_owned()),
        spacing: Spacing::Rows,
        ..SeriesConfig::default()
    };
    Ok(SeriesSet::from_table(&table, &schema, &config)?)
}

fn config(name: &str, smooth: Option<usize>) -> DetectorConfig {
    match name {
        "window-pca" => DetectorConfig::WindowPca(Default::default()),
        "nearest-windows" => DetectorConfig::NearestWindows(Default::default()),
        "local-polynomial" | "local-polynomial-skip" => DetectorConfig::LocalPolynomial(Default::default()),
        "seasonal-naive" => DetectorConfig::SeasonalNaive(Default::default()),
        "autoregression" => DetectorConfig::Autoregression(Default::default()),
        "trailing-distances" => DetectorConfig::TrailingDistances(Default::default()),
        _ => DetectorConfig::FourSurprises(FourSurprisesConfig { smooth, ..Default::default() }),
    }
}

fn score(file: &Path, arguments: &Arguments) -> Result<()> {
    let set = series(file, true)?;
    let whole = &set.series[0];
    let train = arguments.number("train").filter(|n| *n < whole.len());
    let learned = SeriesSet { series: vec![whole.slice(0, train.unwrap_or(whole.len()))], ..set.clone() };
    let name = arguments.text("detector");
    let started = Instant::now();
    let threads = arguments.number("threads").unwrap_or(2);
    let detector = Detector::fit(&learned, &arguments.detector(), false, threads)?;
    let mut scores = detector.score(&set, threads)?.remove(0).scores;
    let seconds = started.elapsed().as_secs_f64();
    let window = arguments.number("window").unwrap_or_else(|| period(&whole.values[0]));
    if name == "local-polynomial-skip" {
        // As TSB-AD: whole blocks of the first tenth, at most 500 points, stay at 0.
        let start = (whole.len() / 10).min(500).div_ceil(window) * window;
        scores[..start.min(whole.len())].fill(0.0);
    }
    // Only what was not learned from is judged, where there is such a part.
    let from = if arguments.text("judge") == "rest" { train.unwrap_or(0) } else { 0 };
    let (judged, labels) = (&scores[from..], &whole.labels[from..]);
    let mut thresholds = serde_json::Map::new();
    for factor in FACTORS {
        let rules = [
            ("usual", factor * detector.training_quantile(0.99)),
            ("highest", factor * detector.training_quantile(1.0)),
            ("plain", factor),
        ];
        for (rule, threshold) in rules {
            let flags: Vec<bool> = judged.iter().map(|score| *score > threshold).collect();
            let alarms = merged_ranges(&flagged_ranges(&flags), arguments.number("gap").unwrap_or(0));
            let segments = SegmentCounts::of(&flagged_ranges(labels), &alarms);
            // Above, not at, the threshold.
            let points = confusion_at(judged, labels, threshold.next_up())?;
            thresholds.insert(
                format!("{factor} x {rule}"),
                serde_json::json!({
                    "segments": [segments.true_positives, segments.false_positives, segments.false_negatives],
                    "points": [
                        points.true_positives,
                        points.false_positives,
                        points.false_negatives,
                        points.true_negatives
                    ],
                }),
            );
        }
    }
    let volume = if labels.contains(&true) { Some(vus_pr(judged, labels, window)?) } else { None };
    let line = serde_json::json!({
        "file": file.file_stem().map(|name| name.to_string_lossy()),
        "detector": name,
        "points": whole.len(),
        "window": window,
        "seconds": seconds,
        "vus_pr": volume,
        "thresholds": thresholds,
    });
    println!("{line}");
    Ok(())
}

fn alarms_of(file: &Path, arguments: &Arguments) -> Result<()> {
    let set = series(file, true)?;
    let threads = arguments.number("threads").unwrap_or(1);
    let detector = Detector::fit(&set, &arguments.detector(), false, threads)?;
    let scores = detector.score(&set, threads)?.remove(0);
    let threshold = AlarmConfig::default().rule.threshold(&detector);
    let found = alarms(&detector, &set.series[0], &scores, threshold, None);
    let points: Vec<[usize; 2]> = found.iter().map(|alarm| [alarm.points.start, alarm.points.end]).collect();
    let reasons: Vec<_> = found.iter().map(|alarm| alarm.reason.clone()).collect();
    let highest = scores.scores.iter().copied().fold(0.0, f64::max);
    println!(
        "{}",
        serde_json::json!({
            "file": file.file_stem().map(|name| name.to_string_lossy()), "alarms": points, "reasons": reasons,
            "highest": highest,
        })
    );
    Ok(())
}

fn million(threads: usize) -> Result<()> {
    let noise = |i: u64| (i * 2_654_435_761 % 1_000_003) as f64 / 1e6;
    let values = (0..1_000_000_u64).map(|i| (i as f64 * 0.01).sin() + noise(i)).collect();
    let set = SeriesSet::single("value", values);
    let started = Instant::now();
    let detector = Detector::fit(&set, &DetectorConfig::default(), false, threads)?;
    let fitted = started.elapsed().as_secs_f64();
    let scores = detector.score(&set, threads)?;
    let scored = started.elapsed().as_secs_f64() - fitted;
    let highest = scores[0].scores.iter().copied().fold(0.0, f64::max);
    println!(
        "{}",
        serde_json::json!({ "threads": threads, "fit": fitted, "score": scored, "highest": highest })
    );
    Ok(())
}

/// Paths by the network of a recipe that has learned from the series.
fn network_paths(set: &SeriesSet, arguments: &Arguments, (n, seed): (usize, Seed)) -> Result<SeriesSet> {
    let mut config = Config::recipe(arguments.text("model"))?;
    // Only paths are wanted.
    config.evaluate.judges = 0;
    config.evaluate.sample_rows = 0;
    config.data.series.entity = Some("block".to_owned());
    config.data.series.values.clone_from(&set.channels);
    let layout = SeriesConfig { entity: Some("block".to_owned()), ..SeriesConfig::default() };
    let (table, schema) = set.to_table(&layout, &Schema { columns: Vec::new() });
    let mut fitted =
        veridic::fit(Data::Table(table, schema), &config, arguments.number("threads").unwrap_or(1))?;
    let Data::Table(made, schema) = fitted.sample(n, &[], seed.0)? else { return Ok(set.clone()) };
    let layout = SeriesConfig {
        entity: Some("path".to_owned()),
        time: Some("step".to_owned()),
        values: set.channels.clone(),
        ..SeriesConfig::default()
    };
    Ok(SeriesSet::from_table(&made, &schema, &layout)?)
}

fn paths(arguments: &Arguments) -> Result<()> {
    let mut set: Option<SeriesSet> = None;
    for (i, file) in arguments.files.iter().enumerate() {
        let mut part = series(file, false)?;
        part.series.iter_mut().for_each(|series| series.entity = i.to_string());
        match &mut set {
            Some(set) => set.series.extend(part.series),
            None => set = Some(part),
        }
    }
    let Some(set) = set else { return Ok(()) };
    let (n, length) = (arguments.number("paths").unwrap_or(1000), arguments.number("length").unwrap_or(24));
    let seed = Seed(arguments.number("seed").unwrap_or(0) as u64);
    let started = Instant::now();
    let made = match arguments.text("model") {
        recipe if !matches!(recipe, "window" | "candle") => network_paths(&set, arguments, (n, seed))?,
        "window" => WindowCopula::fit(&set, &WindowCopulaConfig { window: length })?.sample(n, length, seed),
        _ => CandleCopula::fit(&set, &CandleCopulaConfig { window: length, ..Default::default() })?
            .sample(n, length, seed),
    };
    let seconds = started.elapsed().as_secs_f64();
    let mut text = made.channels.join(",") + "\n";
    let row = |series: &Series, t: usize| {
        series.values.iter().map(|channel| channel[t].to_string()).collect::<Vec<_>>().join(",")
    };
    for series in &made.series {
        (0..series.len()).for_each(|t| text += &(row(series, t) + "\n"));
    }
    veridic::data::replace(Path::new(arguments.text("out")), |file| file.write_all(text.as_bytes()))?;
    println!("{}", serde_json::json!({ "paths": n, "seconds": seconds }));
    Ok(())
}
