//! `veridic show`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use veridic::data::{ColumnSchema, Kind, Unused};
use veridic::models::chain::{Found, Rule};
use veridic::nn::LayerSummary;
use veridic::run::Fitted;
use veridic::train::{Criterion, Event};

use super::Threads;
use super::meaning::meaning;
use crate::error::CliError;
use crate::quantity::{bytes, count, counted, figure};
use crate::ui::{self, Ui};

/// Show what a run is: its layers, losses, report and files
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Show {
    /// The run directory
    run: PathBuf,
    /// Also draw the network to FILE (svg or png)
    #[arg(long, value_name = "FILE")]
    diagram: Option<PathBuf>,
    #[command(flatten)]
    threads: Threads,
}

impl Show {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        let run = Fitted::open(&self.run, self.threads.get())?;
        let mut text = format!("{}\n", self.run.display());
        let about = &run.config().about;
        if !about.is_empty() {
            let _ = writeln!(text, "{about}");
        }
        let _ = writeln!(text, "status: {}", run.info().status.name());
        if let Some(likelihood) = run.likelihood() {
            let _ = writeln!(text, "likelihood: {likelihood}");
        }
        for (title, body) in [
            ("columns", column_table(&run)),
            ("rules", rule_table(&run)),
            ("layers", layer_table(run.layers())),
            ("losses", loss_table(&run.events(), run.criterion())),
            ("report", report(&run.report())),
            ("files", file_table(&self.run)),
            ("values of the data in them", kept_table(&run)),
        ] {
            if !body.is_empty() {
                let _ = write!(text, "\n{title}\n{}", indented(&body));
            }
        }
        ui.data(|out| out.write_all(text.as_bytes()))?;
        if let Some(path) = &self.diagram {
            run.diagram()?.write(path)?;
            ui.say(&format!("wrote the diagram to {}", path.display()));
        }
        Ok(())
    }
}

/// A line a column: what it holds, what of it is missing, and whether the model leaves it out.
fn column_table(run: &Fitted) -> String {
    /// More columns are counted alone.
    const MOST: usize = 60;
    let Some(schema) = run.schema() else { return String::new() };
    let rows: usize = run.info().rows.iter().sum();
    let mut lines = vec![["name", "kind", "values", "missing", ""].map(str::to_owned)];
    let keys = run.table_model().map_or(&[][..], |model| model.keys());
    let key = |name: &str| keys.iter().find(|key| key.column() == name);
    let is_made_new = |name: &str| key(name).is_some();
    for column in schema.columns.iter().take(MOST) {
        let missing = match column.missing {
            0 => String::new(),
            n if rows > 0 => format!("{:.1} %", 100.0 * n as f64 / rows as f64),
            n => count(n as u64),
        };
        let about = if run.config().data.target.as_ref() == Some(&column.name) {
            "the target"
        } else if run.config().data.drop.contains(&column.name) {
            "left out: data.drop"
        } else {
            match column.kind {
                Kind::Identifier if is_made_new(&column.name) => "it names rows: made new in the same form",
                Kind::Identifier => column.unused.map_or("it names rows", Unused::reason),
                Kind::Constant { value: None } => "no value: written back empty",
                Kind::Constant { .. } => "one value: written back as it is",
                _ => "",
            }
        };
        let is_out = matches!(column.kind, Kind::Identifier) && !is_made_new(&column.name);
        let about = if is_out && about != "the target" && !about.starts_with("left out") {
            format!("left out: {about}")
        } else {
            let parts: Vec<String> = key(&column.name)
                .iter()
                .flat_map(|key| key.decided_by())
                .map(|name| format!("`{name}`"))
                .collect();
            if parts.is_empty() {
                about.to_owned()
            } else {
                format!("{about}, with parts by {}", parts.join(", "))
            }
        };
        let kind = column.kind_name().to_owned();
        lines.push([short(&column.name), kind, values(column), missing, about]);
    }
    let mut text = ui::aligned(&lines, [false, false, false, true, false]);
    if schema.columns.len() > MOST {
        let _ = writeln!(text, "and {} more, in schema.json", counted(schema.columns.len() - MOST, "column"));
    }
    text
}

/// Pairs of columns whose combinations that no row has are listed.
const MOST_PAIRS: usize = 8;

/// A line a rule that held in every row and holds in every row that is made; of combinations that no row has, those that were
/// to be expected most.
fn rule_table(run: &Fitted) -> String {
    let found = run.table_model().map_or_else(Vec::new, |model| model.rules());
    let (pairs, others): (Vec<&Found>, Vec<&Found>) =
        found.iter().partition(|found| matches!(found.rule, Rule::Pairs { .. }));
    let lines: Vec<[String; 2]> = others
        .iter()
        .map(|found| {
            let rows = counted(found.support, "row");
            let held = match found.exceptions {
                0 => format!("in {rows}"),
                exceptions => format!("in all but {} of {rows}", count(exceptions as u64)),
            };
            [found.rule.to_string(), held]
        })
        .collect();
    let mut text = ui::aligned(&lines, [false, true]);
    for found in pairs.iter().take(MOST_PAIRS) {
        let Rule::Pairs { columns: [a, b], impossible } = &found.rule else { continue };
        let examples: Vec<String> = found
            .examples
            .iter()
            .map(|example| {
                let [x, y] = &example.values;
                let (x, y) = (short(x), short(y));
                format!("{x} with {y} ({} by chance)", count(example.expected.round() as u64))
            })
            .collect();
        let _ = write!(text, "`{a}` and `{b}` never: {}", examples.join(", "));
        let _ = match impossible.saturating_sub(examples.len()) {
            0 => writeln!(text),
            more => writeln!(text, ", and {more} more"),
        };
    }
    if pairs.len() > MOST_PAIRS {
        let more = counted(pairs.len() - MOST_PAIRS, "pair");
        let _ = writeln!(text, "and {more} of columns with combinations that no row has");
    }
    text
}

/// The beginning of a long text, in a line.
fn short(text: &str) -> String {
    const SHOWN: usize = 60;
    let line = |text: &str| text.replace(['\n', '\r'], " ");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => line(&text[..end]) + "…",
        None => line(text),
    }
}

/// The range or the levels of a column, in a few words.
fn values(column: &ColumnSchema) -> String {
    const SHOWN: usize = 4;
    if let Some(values) = &column.values
        && let Some([low, high]) = column.range()
    {
        return format!("{low} to {high}, {} values", values.len());
    }
    match &column.kind {
        Kind::Real { min, max, decimals } if *decimals > 6 && column.spelling.is_none() => {
            format!("{} to {}", figure(*min), figure(*max))
        }
        Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. } => {
            column.range().map_or_else(String::new, |[low, high]| format!("{low} to {high}"))
        }
        Kind::Identifier => String::new(),
        Kind::Constant { value } => value.as_deref().map_or_else(String::new, short),
        Kind::Categorical { .. } | Kind::Boolean { .. } => {
            let levels = column.kind.levels();
            let mut text = levels.iter().take(SHOWN).map(|level| short(level)).collect::<Vec<_>>().join(", ");
            if levels.len() > SHOWN {
                let _ = write!(text, ", … ({})", counted(levels.len(), "level"));
            }
            text
        }
    }
}

/// A line a layer with output shape (`n` rows) and parameters, and the totals.
pub(super) fn layer_table(layers: &[LayerSummary]) -> String {
    if layers.is_empty() {
        return String::new();
    }
    let head = ["name", "layer", "output", "parameters"].map(str::to_owned);
    let mut rows = vec![head];
    rows.extend(layers.iter().map(|layer| {
        let total = layer.parameters + layer.statistics;
        [layer.path.clone(), layer.label.clone(), shape(&layer.shape), count(total as u64)]
    }));
    let mut text = ui::aligned(&rows, [false, false, false, true]);
    let trained: usize = layers.iter().map(|layer| layer.parameters).sum();
    let statistics: usize = layers.iter().map(|layer| layer.statistics).sum();
    let of = match statistics {
        0 => String::new(),
        n => format!(" ({} trained, {} statistics)", count(trained as u64), count(n as u64)),
    };
    let _ = writeln!(text, "{}{of}", counted(trained + statistics, "parameter"));
    text
}

/// The shape of what a layer gives, as Keras writes it: `(n, 14, 14, 64)`.
fn shape(sides: &[usize]) -> String {
    sides.iter().fold("(n".to_owned(), |all, side| format!("{all}, {side}")) + ")"
}

/// The losses of the first, best and last epoch. Best is by the validation loss, where there is one.
fn loss_table(events: &[Event], criterion: Option<Criterion>) -> String {
    let epochs: Vec<(usize, &BTreeMap<String, f64>)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Epoch { epoch, losses, .. } => Some((*epoch, losses)),
            Event::Start { .. } | Event::Step { .. } | Event::Notice { .. } | Event::Part { .. } => None,
        })
        .collect();
    let (Some(first), Some(last)) = (epochs.first(), epochs.last()) else { return String::new() };
    // Without a figure to choose by, the last epoch is kept.
    let best = criterion.and_then(|criterion| {
        let train = Criterion { name: "train.loss", higher: false };
        let (best, _) = criterion.best(events).or_else(|| train.best(events))?;
        epochs.iter().find(|(epoch, _)| *epoch == best)
    });
    let best = best.unwrap_or(last);
    let columns = [first, best, last];
    let row = |name: &str, cells: [String; 3]| {
        let [first, best, last] = cells;
        [name.to_owned(), first, best, last]
    };
    let mut rows = vec![["", "first", "best", "last"].map(str::to_owned)];
    rows.push(row("epoch", columns.map(|(epoch, _)| count(*epoch as u64))));
    rows.extend(last.1.keys().map(|name| {
        row(name, columns.map(|(_, losses)| losses.get(name).map_or_else(String::new, |&loss| figure(loss))))
    }));
    ui::aligned(&rows, [false, true, true, true])
}

/// A line a figure: its value, and what it is.
fn report(figures: &BTreeMap<String, f64>) -> String {
    let rows: Vec<[String; 3]> =
        figures.iter().map(|(name, value)| [name.clone(), figure(*value), meaning(name)]).collect();
    ui::aligned(&rows, [false, true, false])
}

/// The files of a run with their sizes and what they are for.
fn file_table(run: &Path) -> String {
    let mut files = Vec::new();
    list(run, "", &mut files);
    files.sort();
    let rows: Vec<[String; 3]> =
        files.iter().map(|(name, size)| [name.clone(), bytes(*size), about(name).to_owned()]).collect();
    ui::aligned(&rows, [false, true, false])
}

/// What each file holds of values of the data.
fn kept_table(run: &Fitted) -> String {
    let lines: Vec<[String; 2]> =
        run.kept_values().into_iter().map(|(file, what)| [file.to_owned(), what]).collect();
    let mut text = ui::aligned(&lines, [false, false]);
    if !lines.is_empty() && run.config().data.privacy.store_values {
        text.push_str("fewer with `--set data.privacy.store-values=false` (of a chain)\n");
    }
    text
}

/// Files below `folder` by their path from the run, one level deep and with `/`.
fn list(folder: &Path, prefix: &str, files: &mut Vec<(String, u64)>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            files.push((name, metadata.len()));
        } else if prefix.is_empty() {
            list(&entry.path(), &format!("{name}/"), files);
        }
    }
}

fn about(name: &str) -> &'static str {
    match name {
        "run.json" => "status, seed, threads, data files and times",
        "config.toml" => "the whole configuration; `veridic fit --recipe` repeats the run with it",
        "schema.json" => "the columns and what they hold",
        "series.json" => "the columns of the series and how they become windows",
        "codec.json" => "how rows become numbers and back",
        "model.safetensors" => "the weights of the best epoch",
        "events.jsonl" => "the losses of each epoch",
        "report.json" => "the final figures",
        "report.html" => "made rows beside real ones, as a page",
        "card.md" => "the model card: data, model, use, limits, figures",
        "latent-units.csv" => "how much each latent dimension is used: mean divergence, variance of its mean",
        "latents.safetensors" => "where training rows lie in the latent space, by target",
        "figures/columns.png" => "every column: real rows and made rows",
        "figures/correlation.png" => "how columns go together: real rows, made rows, and the difference",
        "figures/loss-curves.png" => "losses by epoch, the kept one marked",
        _ if name.starts_with("figures/") && name.ends_with(".csv") => "the numbers of that figure",
        _ if name.starts_with("checkpoint/") => "what `veridic fit --resume` goes on from",
        _ => "",
    }
}

fn indented(text: &str) -> String {
    text.lines().fold(String::new(), |all, line| format!("{all}  {line}\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_listed_with_shapes_counts_and_totals() {
        let layer = |path: &str, label: &str, width, parameters, statistics| LayerSummary {
            path: path.to_owned(),
            label: label.to_owned(),
            shape: vec![width],
            parameters,
            statistics,
        };
        let layers =
            [layer("encoder.0", "dense, tanh", 12, 1360, 0), layer("encoder.1", "batch-norm", 12, 24, 24)];
        let expected = "\
name       layer        output   parameters
encoder.0  dense, tanh  (n, 12)       1,360
encoder.1  batch-norm   (n, 12)          48
1,408 parameters (1,384 trained, 24 statistics)
";
        assert_eq!(layer_table(&layers), expected);
    }

    #[test]
    fn losses_of_the_first_the_best_and_the_last_epoch_stand_side_by_side() {
        let epoch = |epoch, train, valid| {
            let losses = [("train.loss", train), ("valid.loss", valid)];
            let losses = losses.map(|(name, loss)| (name.to_owned(), loss)).into();
            Event::Epoch { epoch, step: 1, seconds: 1.0, losses }
        };
        let expected = "
            first   best   last
epoch           1      2      3
train.loss  3.000  2.000  1.000
valid.loss  3.000  2.500  2.750
";
        let chosen = Some(Criterion { name: "valid.loss", higher: false });
        let table = loss_table(&[epoch(1, 3.0, 3.0), epoch(2, 2.0, 2.5), epoch(3, 1.0, 2.75)], chosen);
        assert_eq!(table, expected.trim_start_matches('\n'));
        assert_eq!(loss_table(&[], chosen), "");
    }
}
