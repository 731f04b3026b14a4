//! How alike the rows are, each figure beside its floor and its ceiling.

use super::judge::Judged;
use super::{Drawn, Evaluation, REPEATS, Sides, worst_pairs};
use crate::data::{self, Table};
use crate::error::Result;
use crate::evaluate;
use crate::run::report::two_sample::{giveaway, two_sample};
use crate::seed::Seed;

/// Columns whose pairs are compared, at most.
const MOST_PAIRED: usize = 60;

/// One figure of a drawing: synthetic, independent and other real rows, each against `own`.
fn three(
    drawn: &Drawn,
    mut of: impl FnMut(&Table, &Table) -> Result<Option<f64>>,
) -> Result<Option<[f64; 3]>> {
    let value = of(&drawn.own, &drawn.synthetic)?;
    let floor = of(&drawn.own, &drawn.independent)?;
    let ceiling = of(&drawn.own, &drawn.other)?;
    Ok(value.zip(floor).zip(ceiling).map(|((value, floor), ceiling)| [value, floor, ceiling]))
}

pub(super) fn insert(all: &mut Evaluation, sides: &Sides<'_>) -> Result<()> {
    let schema = sides.schema;
    let unseen = sides.unseen.is_some();
    // Of the rows that are compared, those that trees tell apart and those whose neighbors are looked for.
    let (judged, supported) = (sides.most * 3 / 10, sides.most / 5);
    let names: Vec<&str> = all.compared_columns.iter().map(String::as_str).collect();
    let first = |table: &Table, n: usize| table.take(&(0..n.min(table.n_rows)).collect::<Vec<_>>());
    let support = |own: &Table, other: &Table| -> Result<Option<evaluate::Support>> {
        let (own, other) = (first(own, supported).select(&names)?, first(other, supported).select(&names)?);
        Ok(evaluate::support(&own, &other))
    };
    let mut figures: Vec<(&'static str, Vec<[f64; 3]>)> = Vec::new();
    let mut insert = |name: &'static str, values: Option<[f64; 3]>| {
        let Some(values) = values else { return };
        match figures.iter_mut().find(|(known, _)| *known == name) {
            Some((_, repeated)) => repeated.push(values),
            None => figures.push((name, vec![values])),
        }
    };
    for repeat in 0..REPEATS {
        let drawn = sides.drawn(repeat, unseen);
        let seed = Seed(sides.seed.key(&format!("judge {repeat}")));
        insert("table.shapes", three(&drawn, |a, b| Ok(evaluate::shape_similarity(a, b, schema)?.mean))?);
        if names.len() <= MOST_PAIRED && names.len() > 1 {
            insert("table.pairs", three(&drawn, |a, b| Ok(evaluate::pair_trends(a, b, schema)?.mean))?);
        }
        if unseen {
            let judge = |a: &Table, b: &Table| Ok(Some(two_sample(a, b, schema, seed, judged)?));
            insert("table.c2st_unseen", three(&drawn, judge)?);
        }
        let halves = sides.drawn(repeat, false);
        let judge = |a: &Table, b: &Table| Ok(Some(two_sample(a, b, schema, seed, judged)?));
        insert("table.c2st", three(&halves, judge)?);
        let value = support(&drawn.own, &drawn.synthetic)?;
        let floor = support(&drawn.own, &drawn.independent)?;
        let ceiling = support(&drawn.own, &drawn.other)?;
        if let Some(((value, floor), ceiling)) = value.zip(floor).zip(ceiling) {
            insert(
                "table.alpha_precision",
                Some([value.alpha_precision, floor.alpha_precision, ceiling.alpha_precision]),
            );
            insert("table.beta_recall", Some([value.beta_recall, floor.beta_recall, ceiling.beta_recall]));
        }
    }
    for (name, repeated) in &figures {
        if repeated.len() == REPEATS {
            all.judged.push(Judged::of(name, repeated)?);
        }
    }
    let drawn = sides.drawn(0, unseen);
    let shapes = evaluate::shape_similarity(&drawn.own, &drawn.synthetic, schema)?;
    let with = |column: evaluate::ColumnSimilarity| Some((column.column, column.score?));
    all.columns = shapes.columns.into_iter().filter_map(with).collect();
    all.columns.sort_by(|a, b| a.1.total_cmp(&b.1));
    if names.len() <= MOST_PAIRED {
        let pairs = evaluate::pair_trends(&drawn.own, &drawn.synthetic, schema)?;
        let ceiling = evaluate::pair_trends(&drawn.own, &drawn.other, schema)?;
        all.pairs = worst_pairs(&pairs.pairs, &ceiling.pairs);
    } else {
        all.notes.push(format!("pairs of columns are compared of tables of at most {MOST_PAIRED} columns"));
    }
    let found = giveaway(&drawn.own, &drawn.synthetic, schema, sides.seed, judged)?;
    all.giveaway = found.columns;
    let rows: Vec<usize> = found.rows.iter().take(5).map(|(row, _)| *row).collect();
    let shown = drawn.synthetic.take(&rows);
    for row in 0..shown.n_rows {
        let text = |name: &&str| data::cell_text(schema, &shown, name, row).unwrap_or_default();
        all.least_real.push(names.iter().map(text).collect());
    }
    Ok(())
}
