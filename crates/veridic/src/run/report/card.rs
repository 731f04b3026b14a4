//! `card.md`: what a run is, in words, for whoever is to use it or what it made.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::data::Schema;
use crate::models::Ability;
use crate::run::config::Config;
use crate::run::directory::RunInfo;

/// Columns that are listed.
const LISTED: usize = 40;

/// The card of a run: data, model, use, limits, and every figure beside its floor, ceiling or control.
///
/// It says nothing that `run.json`, `config.toml`, `schema.json` and `report.json` do not, and no times: runs of one seed have the
/// same. Source: Mitchell et al., Model cards for model reporting, FAT* 2019.
pub(crate) fn card(
    config: &Config,
    info: &RunInfo,
    schema: Option<&Schema>,
    report: &BTreeMap<String, f64>,
) -> String {
    let noun = config.model.noun();
    let mut out = format!("# Model card: {noun}\n\n");
    if !config.about.is_empty() {
        let _ = writeln!(out, "{}\n", plain(&config.about));
    }
    let _ = writeln!(out, "Written by veridic {} when the run was fitted.\n", info.veridic);
    data(&mut out, config, info, schema);
    let _ = writeln!(
        out,
        "\n## Model\n\n- {noun} (`{}`), seed {}; every setting is in `config.toml`, which repeats the run.",
        config.model.name(),
        info.seed
    );
    uses(&mut out, config);
    limits(&mut out, config);
    figures(&mut out, report);
    out
}

/// Text that Markdown does not read as anything else.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => out.extend(['\\', c]),
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

fn data(out: &mut String, config: &Config, info: &RunInfo, schema: Option<&Schema>) {
    out.push_str("## Data\n\n");
    for file in &info.data {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let _ = writeln!(out, "- {} (sha256 {})", plain(&name), file.sha256);
    }
    let [train, valid, test] = info.rows;
    let _ =
        writeln!(out, "- {train} rows to learn from, {valid} to choose by, {test} held out for the figures");
    if let Some(schema) = schema {
        let names: Vec<String> = schema
            .columns
            .iter()
            .take(LISTED)
            .map(|column| format!("{} ({})", plain(&column.name), column.kind.name()))
            .collect();
        let more = match schema.columns.len().saturating_sub(LISTED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(out, "- {} columns: {}{more}", schema.columns.len(), names.join(", "));
    }
    if let Some(target) = &config.data.target {
        let _ = writeln!(out, "- target: {}", plain(target));
    }
    if !config.data.drop.is_empty() {
        let dropped: Vec<String> = config.data.drop.iter().map(|name| plain(name)).collect();
        let _ = writeln!(out, "- left out: {}", dropped.join(", "));
    }
    for note in &info.notes {
        let _ = writeln!(out, "- {}", plain(note));
    }
}

fn uses(out: &mut String, config: &Config) {
    out.push_str("\n## Use\n\n");
    let can = |ability| config.model.can(ability);
    for (ability, line) in [
        (
            Ability::Sample,
            "`veridic sample` makes new rows or images; files of them say that they are synthetic",
        ),
        (Ability::Continue, "`veridic sample --after` makes paths that go on from a past"),
        (Ability::Fill, "`veridic fill` completes missing cells from the others of a row"),
        (Ability::FillSeries, "`veridic fill` completes missing stretches of series"),
        (Ability::Score, "`veridic score` says how unusual rows are among those it was fitted on"),
        (Ability::Alarm, "`veridic alarms` finds unusual stretches of series"),
        (Ability::Classify, "`veridic classify` tells which class rows are of"),
        (Ability::Likelihood, "`veridic likelihood` says how likely rows are"),
        (Ability::Encode, "`veridic encode` gives each row a code"),
    ] {
        if can(ability) {
            let _ = writeln!(out, "- {line}");
        }
    }
}

fn limits(out: &mut String, config: &Config) {
    out.push_str(
        "\n## Limits\n\n- It knows the rows above and nothing else: what was rare or wrong in them is rare or wrong in what it \
         says, and gaps between groups are kept. `veridic evaluate --target C --protected A,B` compares groups.\n",
    );
    let can = |ability| config.model.can(ability);
    if can(Ability::Sample) {
        out.push_str(
            "- What it makes is not anonymous by being made. It is no differentially private model; `veridic evaluate` attacks \
             it, and that no attack there succeeds is no proof that none does.\n- The files of the run hold values of the data \
             (categories, ends of ranges, quantiles): they are to be kept as the data is.\n",
        );
    }
    if can(Ability::Score) {
        out.push_str("- A score says how unusual a row is, not whether it is wrong.\n");
    }
    out.push_str(
        "- Figures were measured on held-out rows of the same source; elsewhere they may be worse.\n",
    );
}

fn figures(out: &mut String, report: &BTreeMap<String, f64>) {
    if report.is_empty() {
        return;
    }
    out.push_str(
        "\n## Figures\n\nFloor: columns shuffled each for itself. Ceiling: other real rows. A figure that the floor reaches says \
         nothing.\n\n| figure | value | floor | ceiling |\n|---|---|---|---|\n",
    );
    let text = |name: &str| report.get(name).map_or_else(String::new, |value| format!("{value:.4}"));
    for (name, value) in report {
        let is_beside = ["floor.", "ceiling."]
            .iter()
            .any(|prefix| name.strip_prefix(prefix).is_some_and(|of| report.contains_key(of)));
        if is_beside {
            continue;
        }
        let [floor, ceiling] = ["floor.", "ceiling."].map(|prefix| text(&format!("{prefix}{name}")));
        let _ = writeln!(out, "| {name} | {value:.4} | {floor} | {ceiling} |");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_stand_beside_their_floors_and_names_stay_text() {
        let report: BTreeMap<String, f64> =
            [("table.pairs", 0.95), ("floor.table.pairs", 0.9), ("control.knn.auroc", 0.7)]
                .map(|(name, value)| (name.to_string(), value))
                .into();
        let mut info = RunInfo::new(7, 1, Vec::new(), [90, 0, 10]);
        info.notes.push("`a|b` is <b>".to_string());
        let card = card(&Config::default(), &info, None, &report);
        assert!(card.contains("| table.pairs | 0.9500 | 0.9000 |  |\n"), "{card}");
        assert!(
            card.contains("| control.knn.auroc | 0.7000 |  |  |\n") && !card.contains("| floor."),
            "{card}"
        );
        assert!(card.contains("\\`a\\|b\\` is \\<b\\>") && card.contains("90 rows to learn from"), "{card}");
    }
}
