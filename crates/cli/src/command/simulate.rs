//! `veridic label --simulate`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use veridic::label::{Quality, SimulateConfig, Simulation, Strategy};
use veridic::run::TableReading;
use veridic_studio::label;

use crate::error::CliError;
use crate::quantity::{count, counted};
use crate::ui::{Ui, aligned};

/// What simulating is asked for with.
#[derive(Debug, Args)]
pub(super) struct Simulate {
    /// Ask nobody: draw in FOLDER how good a model gets with each way of asking, on labels that are known
    #[arg(
        long, value_name = "FOLDER",
        conflicts_with_all = ["labels", "check", "export", "import", "run", "classes", "port"]
    )]
    simulate: Option<PathBuf>,
    /// For --simulate, the column of a table with the known labels
    #[arg(long, value_name = "COLUMN", requires = "simulate")]
    target: Option<String>,
    /// For --simulate, how often with other rows and another start
    #[arg(long, value_name = "N", default_value_t = 10, requires = "simulate",
        value_parser = clap::value_parser!(u32).range(1..=1000))]
    draws: u32,
    /// For --simulate, labels from one fit of the model to the next
    #[arg(long, value_name = "N", default_value_t = 10, requires = "simulate",
        value_parser = clap::value_parser!(u32).range(1..=10_000))]
    batch: u32,
    /// For --simulate, which ways of asking [default: all that suit]
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', requires = "simulate", value_parser = strategy)]
    strategies: Vec<Strategy>,
}

fn strategy(name: &str) -> Result<Strategy, String> {
    let known = || Strategy::ALL.map(Strategy::name).join(", ");
    Strategy::ALL.into_iter().find(|s| s.name() == name).ok_or_else(|| format!("there are {}", known()))
}

impl Simulate {
    /// The folder to write, where simulating is asked for.
    pub(super) fn folder(&self) -> Option<&Path> {
        self.simulate.as_deref()
    }

    /// Simulates, and writes curves, a picture and figures.
    pub(super) fn run(
        &self,
        ui: &Ui,
        (data, hidden, budget, threads): (&Path, &[String], Option<usize>, usize),
        reading: &TableReading,
    ) -> Result<(), CliError> {
        let Some(folder) = self.folder() else { return Ok(()) };
        let config = SimulateConfig {
            strategies: self.strategies.clone(),
            budget: budget.unwrap_or(500).max(1),
            batch: self.batch as usize,
            seeds: self.draws as usize,
            ..SimulateConfig::default()
        };
        let target = (self.target.as_deref(), hidden, reading);
        let simulated = label::simulate(data, target, &config, threads)?;
        simulated.notes.iter().for_each(|note| ui.note(note));
        simulated.write(folder)?;
        let label::Simulated { simulation, classes, .. } = simulated;
        let report = simulation.report();
        let rarest = classes.get(usize::from(simulation.rarest)).map_or("", String::as_str);
        ui.data(|out| out.write_all(described(&simulation, &report, rarest).as_bytes()))?;
        ui.say(&format!(
            "{} ways of asking, each with {}; the curves are in {}",
            simulation.strategies().len(),
            counted(config.seeds, "draw"),
            folder.display()
        ));
        Ok(())
    }
}

/// A line for each strategy, the largest area first.
fn described(simulation: &Simulation, report: &BTreeMap<String, f64>, rarest: &str) -> String {
    let value = |strategy: Strategy, what: &str| {
        report.get(&format!("active.{}.{what}", strategy.name())).copied().unwrap_or(f64::NAN)
    };
    let mut strategies = simulation.strategies();
    strategies.sort_by(|a, b| value(*b, "area").total_cmp(&value(*a, "area")));
    let name = match simulation.quality {
        Quality::AveragePrecision => "AP",
        Quality::Auroc => "AUROC",
        Quality::Accuracy => "accuracy",
    };
    let mut rows = vec![[
        "strategy".to_owned(),
        format!("mean {name}"),
        format!("last {name}"),
        "labels to random".to_owned(),
        format!("{rarest} in 100"),
        format!("{rarest} in all"),
    ]];
    rows.extend(strategies.into_iter().map(|strategy| {
        [
            strategy.name().to_owned(),
            format!("{:.4}", value(strategy, "area")),
            format!("{:.4}", value(strategy, "last")),
            count(value(strategy, "labels_to_random") as u64),
            format!("{}", value(strategy, "found_100")),
            format!("{}", value(strategy, "found")),
        ]
    }));
    aligned(&rows, [false, true, true, true, true, true])
}
