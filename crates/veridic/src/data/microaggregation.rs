//! Tables whose values are those of groups of rows and of nobody alone.
//!
//! Univariate microaggregation (Domingo-Ferrer and Mateo-Sanz 2002, "Practical data-oriented microaggregation for statistical
//! disclosure control"): neighboring numbers are put into groups of at least [`LEAST`] rows, of which the mean is all that is
//! kept; here a cell is then drawn between the means, so that a column stays as smooth as it was. Categories of fewer rows are
//! pooled.

use std::collections::HashMap;

use rand_chacha::ChaCha8Rng;

use super::{Cells, ColumnSchema, Kind, MISSING, Schema, Table};
use crate::seed::{Seed, uniform};

/// Fewest rows that share what is kept of them.
pub(crate) const LEAST: usize = 10;

/// Most groups of a column: 16 for each of the 64 cells of a chain, whose ends are 17 knots.
const MOST_GROUPS: usize = 1024;

/// What rare categories are called.
const POOLED: &str = "other";

/// Most values of a column of numbers that is a target of classes, and left as it is.
const MOST_CLASSES: usize = 20;

/// Replaces the values of a table by those of groups of the rows `learned`, by which the other rows are replaced, too, and says
/// in the schema what is there now.
///
/// Numbers and moments of which at least [`LEAST`] rows have the same one stay; others are drawn between the means of groups. A column
/// with fewer cells than that becomes empty. Categories of fewer rows are called `other`. Names of rows and texts that are left
/// out become running numbers. Columns of two values and constants stay, and so do the values of `target`, if they are classes.
pub(crate) fn microaggregate(
    table: &mut Table,
    schema: &mut Schema,
    learned: &[usize],
    target: Option<&str>,
    seed: Seed,
) {
    for column in &mut table.columns {
        let Some(about) = schema.columns.iter_mut().find(|about| about.name == column.name) else { continue };
        let is_target = target == Some(column.name.as_str());
        match (&about.kind, &mut column.cells) {
            (Kind::Identifier, cells) => *cells = numbered(cells),
            (Kind::Categorical { .. }, Cells::Text { codes, levels }) if !is_target => {
                pool(codes, levels, learned);
                about.kind = Kind::Categorical { levels: levels.clone() };
            }
            (Kind::Integer { .. } | Kind::Real { .. } | Kind::DateTime { .. }, Cells::Number(values))
                if !(is_target && distinct(values) <= MOST_CLASSES) =>
            {
                let grid = Grid::of(&about.kind, values);
                let present = learned.iter().map(|row| values[*row]).filter(|value| value.is_finite());
                let groups = Groups::new(present.collect(), grid);
                let mut random = seed.stream(&format!("microaggregation.{}", column.name));
                values.iter_mut().for_each(|value| *value = groups.draw(*value, &mut random));
                told(about, values);
            }
            _ => {}
        }
    }
    *schema = schema.refreshed(table);
}

/// The schema of a column of numbers after its values were replaced.
fn told(about: &mut ColumnSchema, values: &[f64]) {
    if let Some(known) = &mut about.values {
        known.clear();
    }
    // Of a column that became empty nothing is left of its range.
    if let Kind::Integer { min, max } | Kind::Real { min, max, .. } | Kind::DateTime { min, max, .. } =
        &mut about.kind
        && values.iter().all(|value| value.is_nan())
    {
        (*min, *max) = (0.0, 0.0);
    }
}

/// Running numbers in place of cells.
fn numbered(cells: &Cells) -> Cells {
    let n = cells.len();
    match cells {
        Cells::Number(_) => Cells::Number((1..=n).map(|row| row as f64).collect()),
        Cells::Text { .. } => Cells::Text {
            codes: (0..n as u32).collect(),
            levels: (1..=n).map(|row| row.to_string()).collect(),
        },
    }
}

fn distinct(values: &[f64]) -> usize {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_unstable_by(f64::total_cmp);
    sorted.dedup();
    sorted.len()
}

/// Gives levels of fewer rows than [`LEAST`] one name.
fn pool(codes: &mut [u32], levels: &mut Vec<String>, learned: &[usize]) {
    let mut counts = vec![0usize; levels.len()];
    for row in learned {
        if codes[*row] != MISSING {
            counts[codes[*row] as usize] += 1;
        }
    }
    let is_pooled = |level: usize| counts[level] < LEAST || levels[level] == POOLED;
    let is_used = codes.iter().any(|code| *code != MISSING && is_pooled(*code as usize));
    let mut kept: Vec<String> =
        (0..levels.len()).filter(|level| !is_pooled(*level)).map(|level| levels[level].clone()).collect();
    if is_used {
        kept.push(POOLED.to_string());
    }
    kept.sort_unstable();
    let place: HashMap<&str, u32> = kept.iter().map(String::as_str).zip(0..).collect();
    let pooled = place.get(POOLED).copied().unwrap_or(MISSING);
    let map: Vec<u32> =
        levels.iter().map(|level| place.get(level.as_str()).copied().unwrap_or(pooled)).collect();
    codes.iter_mut().filter(|code| **code != MISSING).for_each(|code| *code = map[*code as usize]);
    *levels = kept;
}

/// What the numbers of a column are multiples of.
#[derive(Debug, Clone, Copy)]
struct Grid(Option<f64>);

impl Grid {
    fn of(kind: &Kind, values: &[f64]) -> Self {
        Self(match kind {
            Kind::Integer { .. } => Some(1.0),
            Kind::Real { decimals, .. } if *decimals <= 9 => Some(10f64.powi(-i32::from(*decimals))),
            // Days, hours and minutes, where all moments are whole ones.
            Kind::DateTime { .. } => [86_400.0, 3600.0, 60.0, 1.0]
                .into_iter()
                .find(|step| values.iter().all(|value| value.is_nan() || value.rem_euclid(*step) == 0.0)),
            _ => None,
        })
    }

    fn round(self, value: f64) -> f64 {
        match self.0 {
            // Divided by a whole number rather than multiplied by a tenth, so that 0.3 is 0.3.
            Some(step) if step < 1.0 => (value * (1.0 / step).round()).round() / (1.0 / step).round(),
            Some(step) => (value / step).round() * step,
            None => value,
        }
    }
}

/// Groups of neighboring numbers, each of at least [`LEAST`] rows.
#[derive(Debug)]
struct Groups {
    grid: Grid,
    /// Below which a number belongs to each group but the last.
    ends: Vec<f64>,
    /// Means, rising.
    means: Vec<f64>,
    /// Whether the mean is a value that enough rows have.
    shared: Vec<bool>,
}

/// Rows of one group: the sorted numbers from one place to another.
struct Group {
    from: usize,
    to: usize,
    is_shared: bool,
}

impl Groups {
    fn new(mut values: Vec<f64>, grid: Grid) -> Self {
        values.sort_unstable_by(f64::total_cmp);
        let size = LEAST.max(values.len().div_ceil(MOST_GROUPS));
        let mut groups: Vec<Group> = Vec::new();
        let mut at = 0;
        for run in values.chunk_by(|a, b| a == b) {
            let (from, to) = (at, at + run.len());
            at = to;
            // Of a value that many rows have, even fewer than a group has, nobody is known by.
            let is_shared = run.len() >= LEAST;
            match groups.last_mut() {
                Some(last) if !last.is_shared && !is_shared && last.to - last.from < size => last.to = to,
                _ => groups.push(Group { from, to, is_shared }),
            }
        }
        // Groups that are too small, between values of many rows or at the end, go with a neighbor.
        let mut i = 0;
        while i < groups.len() {
            let Group { from, to, is_shared } = groups[i];
            if is_shared || to - from >= LEAST {
                i += 1;
            } else if i > 0 {
                groups[i - 1].to = to;
                groups.remove(i);
            } else if groups.len() > 1 {
                groups[1].from = from;
                groups.remove(0);
            } else {
                groups.clear();
            }
        }
        let mean = |group: &Group| {
            let of = &values[group.from..group.to];
            if group.is_shared {
                // The value that most have.
                let longest = of.chunk_by(|a, b| a == b).max_by_key(|run| run.len());
                return longest.map_or(f64::NAN, |run| run[0]);
            }
            of.iter().map(|value| value / of.len() as f64).sum()
        };
        let means: Vec<f64> = groups.iter().map(mean).collect();
        let end = |pair: &[Group]| 0.5 * values[pair[0].to - 1] + 0.5 * values[pair[1].from];
        let ends = groups.windows(2).map(end).collect();
        Self { grid, ends, means, shared: groups.iter().map(|group| group.is_shared).collect() }
    }

    /// What is there in place of a value; NaN where there is no group.
    fn draw(&self, value: f64, random: &mut ChaCha8Rng) -> f64 {
        if value.is_nan() || self.means.is_empty() {
            return f64::NAN;
        }
        let i = self.ends.partition_point(|end| *end < value);
        let mean = self.means[i];
        if self.shared[i] {
            return mean;
        }
        // As many on either side of the mean, and nothing beyond the first and the last.
        let middle = |other: Option<&f64>| other.map_or(mean, |other| 0.5 * mean + 0.5 * other);
        let low = middle(i.checked_sub(1).and_then(|below| self.means.get(below)));
        let high = middle(self.means.get(i + 1));
        let (side, place) = (uniform(random), uniform(random));
        let drawn = if side < 0.5 { low + (mean - low) * place } else { mean + (high - mean) * place };
        self.grid.round(drawn)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::Column;

    fn microaggregated(columns: Vec<(&str, Kind, Cells)>, learned: usize) -> (Table, Schema) {
        let about = |(name, kind, _): &(&str, Kind, Cells)| ColumnSchema::new(*name, kind.clone(), 0);
        let mut schema = Schema { columns: columns.iter().map(about).collect() };
        let n_rows = columns[0].2.len();
        let columns: Vec<Column> =
            columns.into_iter().map(|(name, _, cells)| Column { name: name.to_string(), cells }).collect();
        let mut table = Table { columns, n_rows };
        let rows: Vec<usize> = (0..learned).collect();
        microaggregate(&mut table, &mut schema, &rows, Some("class"), Seed(1));
        (table, schema)
    }

    fn numbers(table: &Table, name: &str) -> Vec<f64> {
        match &table.column(name).unwrap().cells {
            Cells::Number(values) => values.clone(),
            Cells::Text { .. } => panic!("numbers"),
        }
    }

    #[test]
    fn no_number_of_few_rows_stays_and_the_distribution_does() {
        let n = 3000;
        let mut random = Seed(3).stream("test");
        let mut values: Vec<f64> =
            (0..n).map(|i| if i % 3 == 0 { 0.0 } else { (3.0 * uniform(&mut random)).exp() }).collect();
        values[7] = 123_456.789;
        values[8] = f64::NAN;
        let kind = Kind::Real { decimals: 15, min: 0.0, max: 123_456.789 };
        let (table, schema) = microaggregated(vec![("x", kind, Cells::Number(values.clone()))], n);
        let made = numbers(&table, "x");
        assert!(made[8].is_nan());
        for (value, made) in values.iter().zip(&made) {
            assert_eq!(*made == 0.0, *value == 0.0);
            assert!(*value == 0.0 || !values.contains(made), "{made} is a value of a row");
        }
        // The mean of the ten largest is the end.
        let mut sorted = values.clone();
        sorted.retain(|value| !value.is_nan());
        sorted.sort_by(f64::total_cmp);
        let Kind::Real { max, .. } = schema.columns[0].kind else { panic!("a real") };
        assert!(max < 20_000.0, "{max}");
        let mut after: Vec<f64> = made.into_iter().filter(|value| !value.is_nan()).collect();
        after.sort_by(f64::total_cmp);
        for share in [0.4, 0.5, 0.75, 0.9] {
            let at = (share * sorted.len() as f64) as usize;
            assert!((after[at] / sorted[at] - 1.0).abs() < 0.03, "{} for {}", after[at], sorted[at]);
        }
    }

    #[test]
    fn few_cells_are_no_group() {
        let mut values = vec![f64::NAN; 50];
        values[..LEAST - 1].fill(17.0);
        let kind = Kind::Integer { min: 17.0, max: 17.0 };
        let (table, schema) = microaggregated(vec![("x", kind, Cells::Number(values))], 50);
        assert!(numbers(&table, "x").iter().all(|value| value.is_nan()));
        assert_eq!(schema.columns[0].kind, Kind::Integer { min: 0.0, max: 0.0 });
        assert_eq!(schema.columns[0].missing, 50);
    }

    #[test]
    fn rare_values_between_frequent_ones_go_with_a_neighbor() {
        let values: Vec<f64> =
            (0..100).map(|i| if i == 50 { 4.0 } else { f64::from(i / 50) * 8.0 }).collect();
        let kind = Kind::Integer { min: 0.0, max: 8.0 };
        let (table, _) = microaggregated(vec![("x", kind, Cells::Number(values))], 100);
        let made = numbers(&table, "x");
        assert!(made.iter().all(|value| [0.0, 8.0].contains(value)), "{made:?}");
    }

    #[test]
    fn rare_categories_are_pooled_by_the_rows_that_are_learned_from() {
        let text = |level: &str| level.to_string();
        let mut codes = vec![0u32; 30];
        codes[10..20].fill(1);
        (codes[3], codes[4], codes[25]) = (2, MISSING, 3);
        // The last level is of rows that are not learned from, as many as there are.
        codes.extend([3; 20]);
        let levels = vec![text("a"), text("b"), text("planted"), text("unknown")];
        let kind = Kind::Categorical { levels: levels.clone() };
        let cells = Cells::Text { codes, levels };
        let (table, schema) = microaggregated(vec![("c", kind, cells)], 30);
        let cells = &table.columns[0].cells;
        assert_eq!(schema.columns[0].kind.levels(), ["a", "b", "other"]);
        assert_eq!((cells.text(3), cells.text(4), cells.text(30)), (Some("other"), None, Some("other")));
        assert_eq!((cells.text(0), cells.text(15)), (Some("a"), Some("b")));
    }

    #[test]
    fn names_become_numbers_days_stay_days_and_classes_stay() {
        let n = 40;
        let names = Cells::Text {
            codes: (0..n as u32).collect(),
            levels: (0..n).map(|i| format!("person {i}")).collect(),
        };
        let days = Cells::Number((0..n).map(|i| 86_400.0 * f64::from(i * i)).collect());
        let class = Cells::Number((0..n).map(|i| f64::from(u8::from(i == 3))).collect());
        let moment = Kind::DateTime { format: "%Y-%m-%d".to_string(), min: 0.0, max: 1e9 };
        let (table, _) = microaggregated(
            vec![
                ("name", Kind::Identifier, names),
                ("day", moment, days),
                ("class", Kind::Integer { min: 0.0, max: 1.0 }, class.clone()),
            ],
            n as usize,
        );
        assert_eq!(table.column("name").unwrap().cells.text(0), Some("1"));
        assert!(numbers(&table, "day").iter().all(|value| value % 86_400.0 == 0.0));
        assert_eq!(table.column("class").unwrap().cells, class);
    }
}
