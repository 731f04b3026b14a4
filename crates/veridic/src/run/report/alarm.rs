//! How soon unusual stretches of series are found by their windows.

use std::collections::BTreeMap;

use veridic_graph::Pool;

use crate::data::{Cells, Data, Matrix, Schema};
use crate::error::Result;
use crate::evaluate;
use crate::models::Network;
use crate::models::chain::RuleConfig;
use crate::models::detector::{Detector, DetectorConfig};
use crate::project::Pca;
use crate::run::config::Config;
use crate::run::dataset::{Dataset, index};
use crate::run::report::insert_ranking;
use crate::seed::Seed;

/// Above this quantile of the scores of windows learned from there is an alarm.
const USUAL: f64 = 0.99;

/// Scores of what was learned from and of test windows, by a scorer with a name.
struct Scorer {
    name: &'static str,
    learned: Vec<f64>,
    tested: Vec<f64>,
}

/// Of windows of series some of which are known to be unusual: an alarm is a score above the 99 % quantile of those of the windows
/// learned from.
///
/// - `test.delay`: points from the end of the first window that holds a point of an unusual stretch, which is the first moment at
///   which it could be told, to that of the first alarm among the stretch's windows; the mean over stretches that are found.
/// - `test.found`: the share of the stretches that are, 0 to 1.
/// - `test.false_alarm_rate`: the share of windows without an unusual point that have an alarm.
///
/// With `evaluate.controls` also those, and `auroc` and `average_precision`, of `control.pca` (squared distance from as many principal
/// components as the code has values) and `control.isolation-forest`, both on the same windows. Stretches closer together than a
/// window are one.
pub(super) fn insert_alarms(
    report: &mut BTreeMap<String, f64>,
    (config, data): (&Config, &Dataset),
    (network, pool): (&mut Network, &mut Pool),
    (rows, positive): (&[usize], &[bool]),
) -> Result<()> {
    let train = &data.split.train;
    let mut score = |rows: &[usize]| network.score(pool, data.rows(), &index(rows));
    let own = Scorer { name: "test", learned: score(train)?, tested: score(rows)? };
    let mut scorers = vec![own];
    if config.evaluate.controls {
        scorers.extend(controls(config, data, (network.latent(), pool.threads()), rows)?);
    }
    let stretches = stretches(data, rows, positive);
    let stride = data.windows.as_ref().map_or(1, |windows| windows.window().stride) as f64;
    for Scorer { name, mut learned, tested } in scorers {
        if learned.is_empty() {
            continue;
        }
        if name != "test" {
            insert_ranking(report, name, &tested, positive)?;
        }
        let at = ((learned.len() - 1) as f64 * USUAL).round() as usize;
        let threshold = *learned.select_nth_unstable_by(at, f64::total_cmp).1;
        let is_alarm = |i: &usize| tested[*i] > threshold;
        let delays: Vec<f64> = stretches
            .iter()
            .filter_map(|windows| Some(windows.iter().position(is_alarm)? as f64 * stride))
            .collect();
        let usual: Vec<usize> = (0..rows.len()).filter(|&i| !positive[i]).collect();
        let false_alarms = usual.iter().filter(|i| is_alarm(i)).count();
        let share = |count: usize, of: usize| count as f64 / of.max(1) as f64;
        report.insert(format!("{name}.found"), share(delays.len(), stretches.len()));
        report.insert(format!("{name}.false_alarm_rate"), share(false_alarms, usual.len()));
        if let Ok(mean) = evaluate::mean(&delays) {
            report.insert(format!("{name}.delay"), mean);
        }
    }
    Ok(())
}

/// The test windows of each unusual stretch, in order.
fn stretches(data: &Dataset, rows: &[usize], positive: &[bool]) -> Vec<Vec<usize>> {
    let Data::Table(table, _) = &data.content else { return Vec::new() };
    let entity = data.windows.as_ref().and_then(|windows| table.column(&windows.columns.entity));
    let of = |row: usize| match entity.map(|column| &column.cells) {
        Some(Cells::Text { codes, .. }) => codes[row],
        _ => 0,
    };
    let mut stretches: Vec<Vec<usize>> = Vec::new();
    let mut before: Option<u32> = None;
    for (i, &row) in rows.iter().enumerate() {
        let entity = of(row);
        if positive[i] {
            match stretches.last_mut().filter(|_| before == Some(entity)) {
                Some(stretch) => stretch.push(i),
                None => stretches.push(vec![i]),
            }
        }
        before = positive[i].then_some(entity);
    }
    stretches
}

fn controls(
    config: &Config,
    data: &Dataset,
    (components, threads): (usize, usize),
    rows: &[usize],
) -> Result<Vec<Scorer>> {
    let pick = |rows: &[usize]| {
        let values = rows.iter().flat_map(|&row| data.rows().row(row)).collect();
        Matrix { n_rows: rows.len(), n_cols: data.layout.width(), values }
    };
    let train = &data.split.train;
    let (learned, tested) = (pick(train), pick(rows));
    let pca = Pca::fit(&learned, components.clamp(1, learned.n_cols))?;
    let mut scorers = vec![Scorer {
        name: "control.pca",
        learned: pca.reconstruction_error(&learned)?,
        tested: pca.reconstruction_error(&tested)?,
    }];
    if let (Data::Table(table, schema), Some(windows)) = (&data.content, &data.windows) {
        let names = windows.columns.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let values = table.select(&names)?;
        let kinds = schema.columns.iter().filter(|column| names.contains(&column.name.as_str())).cloned();
        let kinds = Schema { columns: kinds.collect() };
        let forest = DetectorConfig::IsolationForest(Default::default());
        let forest = Detector::fit(
            forest,
            &values,
            &kinds,
            train,
            &RuleConfig::default(),
            (Seed(config.seed), threads),
        )?;
        scorers.push(Scorer {
            name: "control.isolation-forest",
            learned: forest.score(&values.take(train), threads)?.score,
            tested: forest.score(&values.take(rows), threads)?.score,
        });
    }
    Ok(scorers)
}
