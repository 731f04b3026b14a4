//! Looking for columns that others make.

use super::calendar::year_of;
use super::coder::{Coder, Made};
use super::declared::{Declared, Wishes};
use super::factor::{self, Factor};
use super::formula::{Counted, Formula, Operation, Part};
use super::plan::Decided;
use super::rate::{Categories, Rates};
use super::solve::whole_weights;

/// Fewest rows that show a formula, and fewest different values of it and of each of two parts.
const LEAST_ROWS: usize = 20;
const LEAST_VALUES: usize = 5;

/// Most columns of numbers among which formulas are looked for.
const MOST_COLUMNS: usize = 120;

/// Most columns that others make, and that are tried as parts of a further sum.
const MOST_MADE: usize = 4;

/// Most columns among which products of two times a number are looked for.
const MOST_SCALED: usize = 40;

/// Rows by which formulas of more than two parts are looked for.
const SAMPLE: usize = 2000;

/// Where some rows may break a formula: rows of one of several samples by which it is looked for, in all and for each part.
const FEW_ROWS: usize = 60;
const FEW_ROWS_EACH: usize = 6;
const TRIES: usize = 8;

/// The greatest whole number that a part of a sum is multiplied with: `time = hour * 100 + minute`.
pub(super) const LARGEST_WEIGHT: f64 = 100_000.0;

/// Rows that are looked at first then, and how many of them may break it.
const SCREEN: usize = 32;
const MANY: usize = 4;

/// Most rows that break it, against those that show it.
const FEW: f64 = 0.05;

/// A column of numbers and its place.
type Numbers<'a> = (usize, &'a [f64]);

impl Formula {
    /// The formulas that hold in every row but a share, by column; each makes a column of those before it. And of columns of
    /// which another says more, where some parts are missing, that one: the tax and the price make the whole, and 1.19 times
    /// the price does where the tax was not filled in.
    pub(super) fn find(
        (coders, slack): (&[Coder], f64),
        columns: &[Made],
        decided: &[Option<Decided>],
        wishes: &Wishes,
    ) -> (Vec<Option<Self>>, Vec<Option<Self>>) {
        let mut found: Vec<Option<Self>> = vec![None; columns.len()];
        let mut instead: Vec<Option<Self>> = vec![None; columns.len()];
        let numbers: Vec<Numbers<'_>> = columns
            .iter()
            .enumerate()
            .filter_map(|(j, made)| match made {
                Made::Number(values) if varied(values, 2) => Some((j, values.as_slice())),
                _ => None,
            })
            .collect();
        let many: Vec<bool> = numbers.iter().map(|(_, values)| varied(values, LEAST_VALUES)).collect();
        let texts = columns.iter().zip(coders).enumerate().filter_map(|(i, of)| match of {
            (Made::Symbol(symbols), Coder::Text(coder)) => Some(Categories::new(i, symbols, coder.missing())),
            _ => None,
        });
        // The coarsest first: it says most.
        let mut categories: Vec<Categories<'_>> = texts.collect();
        categories.sort_by_key(Categories::levels);
        if numbers.len() > MOST_COLUMNS {
            return (found, instead);
        }
        let year = |(i, moments): &Numbers<'_>| (*i, moments.iter().map(|moment| year_of(*moment)).collect());
        let years: Vec<(usize, Vec<f64>)> =
            numbers.iter().filter(|(i, _)| wishes.is_moment(*i)).map(year).collect();
        for (place, (j, values)) in numbers.iter().enumerate() {
            let present = values.iter().filter(|v| !v.is_nan()).count();
            if present < LEAST_ROWS || !many[place] || decided[*j].is_some() {
                continue;
            }
            // What another column decides is known once that is: a price, of a product.
            let is_known = |i: &usize| decided[*i].as_ref().map_or(*i, |of| of.by) < *j;
            let (before, many): (Vec<Numbers<'_>>, Vec<bool>) =
                numbers.iter().copied().zip(&many).filter(|((i, _), _)| is_known(i)).unzip();
            let most = (slack * values.len() as f64) as usize;
            let usual = median(values);
            let search = Search { column: *j, coder: &coders[*j], values, usual, wishes, most };
            let rich = || before.iter().zip(&many).filter(|(_, many)| **many).map(|(of, _)| of);
            let pairs = rich().flat_map(|a| rich().map(move |b| (a, b)));
            let mut two = pairs.filter(|(a, b)| a.0 != b.0);
            // Of numbers that another may be multiplied with, the shortest says most; the same says all.
            let mut times: Vec<Self> = rich().filter_map(|of| search.times(&[(*of, false)])).collect();
            times.sort_by_key(|formula| formula.factor.map_or(0, Factor::digits));
            let times = times.into_iter().next();
            let (same, times) = match times {
                Some(formula) if formula.factor.is_none() => (Some(formula), None),
                other => (None, other),
            };
            let same = same.or_else(|| before.iter().find_map(|of| search.of_moment(*of)));
            let of_year =
                || years.iter().filter(|(i, _)| is_known(i)).find_map(|of| search.of_year(of, &before));
            let two = same.or_else(|| two.find_map(|(a, b)| search.of_pair(*a, *b))).or_else(of_year);
            // What others make says nothing that they do not.
            let (own, made): (Vec<Numbers<'_>>, Vec<Numbers<'_>>) =
                before.iter().copied().partition(|(i, _)| found[*i].is_none());
            let scaled = || {
                let all = before.iter().copied().zip(&many).map(|(of, many)| (of, *many));
                let (mut few, made): (Vec<_>, Vec<_>) = all.partition(|(of, _)| found[of.0].is_none());
                // Of what others make, counts come last: the nights of a stay, times the price of one.
                let is_count = |of: &Numbers<'_>| matches!(&coders[of.0], Coder::Number(coder) if coder.spacing() >= 1.0);
                few.extend(made.into_iter().filter(|(of, _)| is_count(of)).take(MOST_MADE));
                (few.len() <= MOST_SCALED).then(|| search.of_scaled(&few)).flatten()
            };
            let rest = || search.beside(&made, &own);
            let rated = || {
                // Nothing makes a category but one that decides it, so that it may stand further on.
                let is_free = |i: &usize| match &decided[*i] {
                    None => true,
                    Some(of) => of.period.is_none() && matches!(columns[of.by], Made::Symbol(_)),
                };
                let known = categories.iter().filter(|of| is_known(&of.column) || is_free(&of.column));
                search.of_rates(&rich().copied().collect::<Vec<_>>(), &known.collect::<Vec<_>>())
            };
            if let (Some(two), 0) = (&two, most)
                && says(two, columns, values) < present
            {
                let other = times.clone().or_else(rated);
                instead[*j] = other.filter(|of| says(of, columns, values) > says(two, columns, values));
            }
            let shifted = || rich().find_map(|of| search.of_shifted(*of));
            // What is rounded of another is not all that it says: the hour of a time, which a factor gives.
            let among_all = || if made.is_empty() { None } else { search.of_many(&before) };
            let simple = two.or(times).or_else(|| search.of_many(&own)).or_else(rest);
            let simple = simple.or_else(among_all).or_else(shifted);
            found[*j] = simple.or_else(scaled).or_else(rated);
        }
        (found, instead)
    }
}

/// Looking for what makes a column.
#[derive(Clone, Copy)]
struct Search<'a> {
    column: usize,
    coder: &'a Coder,
    values: &'a [f64],
    /// The median of these, which is the value that most rows have if there is one.
    usual: f64,
    wishes: &'a Wishes,
    /// Rows that may break what is found.
    most: usize,
}

impl Search<'_> {
    /// How far apart values of the column are at least.
    fn spacing(&self) -> f64 {
        match self.coder {
            Coder::Number(coder) => coder.spacing(),
            Coder::Text(_) => 0.0,
        }
    }

    /// The formula by which the column is made of two others, if there is one.
    fn of_pair(&self, a: Numbers<'_>, b: Numbers<'_>) -> Option<Formula> {
        let operations = [
            (Operation::Sum, false),
            (Operation::Sum, true),
            (Operation::Product, false),
            (Operation::Product, true),
        ];
        operations.into_iter().filter(|(_, inverse)| *inverse || a.0 < b.0).find_map(
            |(operation, inverse)| {
                let formula = Formula::of_two([a.0, b.0], (operation, inverse));
                let n_moments = [self.column, a.0, b.0].iter().filter(|j| self.is_moment(**j)).count();
                match (operation, n_moments) {
                    // Two moments and how far they are apart.
                    (Operation::Sum, 2) => {
                        let ways = formula.distances(self.column, &self.wishes.moments);
                        ways.into_iter().find(|formula| {
                            let counted = [a, b].map(|(j, cells)| formula.counted(j, cells.into()));
                            self.shows(formula, &[&counted[0], &counted[1]])
                        })
                    }
                    // Sums of moments, and products with them, mean nothing.
                    (_, 1..) => None,
                    _ => self.shows(&formula, &[a.1, b.1]).then_some(formula),
                }
            },
        )
    }

    /// The same of three or more. Where rows may break it, few rows are asked several times: in one of them all may keep it.
    fn of_many(&self, others: &[Numbers<'_>]) -> Option<Formula> {
        self.samples(others.len()).find_map(|sample| self.of_sample(others, sample))
    }

    /// Samples of rows by which so many parts are looked for: how many rows, and the first.
    fn samples(&self, others: usize) -> impl Iterator<Item = (usize, usize)> {
        let few = FEW_ROWS.max(FEW_ROWS_EACH * others);
        let (size, tries) = if self.most == 0 { (SAMPLE, 1) } else { (few, TRIES) };
        (0..tries).map(move |offset| (size, offset))
    }

    fn is_moment(&self, column: usize) -> bool {
        self.wishes.is_moment(column)
    }

    /// That the column holds the same moments as another, if it does.
    fn of_moment(&self, (column, cells): Numbers<'_>) -> Option<Formula> {
        let are_moments = self.is_moment(self.column) && self.is_moment(column);
        let part = Part { column, inverse: false, unit: 1 };
        let formula = Formula { parts: vec![part], ..Formula::of_two([0, 0], (Operation::Product, false)) };
        (are_moments && self.shows(&formula, &[cells])).then_some(formula)
    }

    /// The sum of the year of a moment and another column, or the difference, if there is one: an age, of a date and the year of
    /// birth.
    fn of_year(&self, (moments, years): &(usize, Vec<f64>), others: &[Numbers<'_>]) -> Option<Formula> {
        if self.is_moment(self.column) {
            return None;
        }
        let others = others.iter().filter(|(column, _)| !self.is_moment(*column));
        let ways = others.flat_map(|other| [(other, true), (other, false)]);
        ways.into_iter().find_map(|((other, cells), inverse)| {
            let formula = Formula::of_two([*moments, *other], (Operation::Sum, inverse));
            let formula = Formula { counted: Some(Counted::Year(*moments)), ..formula };
            self.shows(&formula, &[years, cells]).then_some(formula)
        })
    }

    /// The sum of others and of columns that others make, each added or subtracted: a tax in proportion to the price, and a fee.
    fn beside(&self, made: &[Numbers<'_>], own: &[Numbers<'_>]) -> Option<Formula> {
        let made = &made[..made.len().min(MOST_MADE)];
        if self.is_moment(self.column) || made.iter().any(|(column, _)| self.is_moment(*column)) {
            return None;
        }
        let ways = 3usize.pow(made.len() as u32);
        (1..ways).find_map(|way| {
            let signs: Vec<f64> =
                (0..made.len()).map(|i| [0.0, 1.0, -1.0][way / 3usize.pow(i as u32) % 3]).collect();
            let less = |row: usize| -> f64 {
                made.iter()
                    .zip(&signs)
                    .filter(|(_, sign)| **sign != 0.0)
                    .map(|((_, cells), sign)| sign * cells[row])
                    .sum()
            };
            let rest: Vec<f64> =
                self.values.iter().enumerate().map(|(row, value)| value - less(row)).collect();
            let search = Search { values: &rest, ..*self };
            let formula = search.signed(own)?;
            let parts = made.iter().zip(&signs).filter(|(_, sign)| **sign != 0.0);
            let parts =
                parts.map(|((column, _), sign)| Part { column: *column, inverse: *sign < 0.0, unit: 1 });
            let formula = Formula {
                parts: formula.into_iter().chain(parts).collect(),
                ..Formula::of_two([0, 0], (Operation::Sum, false))
            };
            let formula = formula.sorted();
            let all: Vec<&Numbers<'_>> = made.iter().chain(own).collect();
            let cells: Option<Vec<&[f64]>> = formula
                .parts
                .iter()
                .map(|part| all.iter().find(|(column, _)| *column == part.column).map(|(_, cells)| *cells))
                .collect();
            (!formula.parts[0].inverse && self.shows(&formula, &cells?)).then_some(formula)
        })
    }

    /// The parts by which the values are a sum of others.
    fn signed(&self, others: &[Numbers<'_>]) -> Option<Vec<Part>> {
        // One alone is the rest itself.
        let step = self.values.len().div_ceil(SCREEN).max(1);
        let is_rest = |(_, cells): &&Numbers<'_>| {
            let rows = (0..self.values.len()).step_by(step).map(|row| (self.values[row] - cells[row]).abs());
            let apart = rows.filter(|apart| *apart > self.spacing()).count();
            apart <= MANY
        };
        if let Some((column, _)) = others.iter().find(is_rest) {
            return Some(vec![Part { column: *column, inverse: false, unit: 1 }]);
        }
        let plain: fn(f64) -> f64 = |v| v;
        let mut samples = self.samples(others.len());
        let (used, weights) =
            samples.find_map(|sample| whole_weights(self.values, others, plain, 1.0, sample))?;
        let parts = used.iter().zip(weights).filter(|(_, weight)| *weight != 0);
        let parts = parts.map(|(i, weight)| Part { column: others[*i].0, inverse: weight < 0, unit: 1 });
        Some(parts.collect()).filter(|parts: &Vec<Part>| !parts.is_empty())
    }

    /// The same by a sample of rows: how many, and the first.
    fn of_sample(&self, others: &[Numbers<'_>], sample: (usize, usize)) -> Option<Formula> {
        let plain: fn(f64) -> f64 = |v| v;
        // Products are sums of logarithms.
        let log: fn(f64) -> f64 = |v| if v > 0.0 { v.ln() } else { f64::NAN };
        let ways = [(Operation::Sum, plain, LARGEST_WEIGHT), (Operation::Product, log, 1.0)];
        ways.into_iter().find_map(|(operation, map, most)| {
            let (used, weights) = whole_weights(self.values, others, map, most, sample)?;
            let mut parts: Vec<(Part, &[f64])> = used
                .iter()
                .zip(weights)
                .filter(|(_, weight)| *weight != 0)
                .map(|(i, weight)| {
                    let unit = u32::try_from(weight.unsigned_abs()).unwrap_or(1);
                    (Part { column: others[*i].0, inverse: weight < 0, unit }, others[*i].1)
                })
                .collect();
            // Moments have units of their own.
            let is_weighed = parts.iter().any(|(part, _)| part.unit > 1);
            if is_weighed
                && (self.is_moment(self.column) || parts.iter().any(|(part, _)| self.is_moment(part.column)))
            {
                return None;
            }
            parts.sort_by_key(|(part, _)| (part.inverse, part.column));
            let cells: Vec<&[f64]> = parts.iter().map(|(_, cells)| *cells).collect();
            let mut formula = Formula {
                parts: parts.into_iter().map(|(part, _)| part).collect(),
                operation,
                unit: 1,
                terms: None,
                factor: None,
                rates: None,
                counted: None,
            };
            if operation == Operation::Sum {
                formula.factor = self.constant(&formula, &cells, sample.1);
            }
            let is_made = formula.factor.is_some() || !formula.parts.first()?.inverse;
            (formula.parts.len() > 1 && is_made && self.shows(&formula, &cells)).then_some(formula)
        })
    }

    /// What has to be added to the parts of a sum in the first row from `from` on that has them all, if it is not nothing.
    fn constant(&self, formula: &Formula, cells: &[&[f64]], from: usize) -> Option<Factor> {
        let Coder::Number(coder) = self.coder else { return None };
        let moments = formula.parts.iter().map(|part| part.column).chain([self.column]);
        if moments.into_iter().any(|column| self.is_moment(column)) {
            return None;
        }
        let apart = |row: usize| self.values[row] - formula.of(cells.iter().map(|cells| cells[row]));
        let apart = (from..self.values.len()).map(apart).find(|apart| apart.is_finite())?;
        let value = coder.round(apart);
        (value.abs() > self.spacing() / 2.0).then_some(Factor { value: value.abs(), inverse: value < 0.0 })
    }

    /// That the column and another have the same sum in all rows, or the same difference: a share and what is left of 100.
    fn of_shifted(&self, of: Numbers<'_>) -> Option<Formula> {
        (0..TRIES.min(self.most + 1)).flat_map(|row| [(row, true), (row, false)]).find_map(
            |(row, inverse)| {
                let parts = vec![Part { column: of.0, inverse, unit: 1 }];
                let formula = Formula { parts, ..Formula::of_two([0, 0], (Operation::Sum, false)) };
                let factor = Some(self.constant(&formula, &[of.1], row)?);
                let formula = Formula { factor, ..formula };
                self.shows(&formula, &[of.1]).then_some(formula)
            },
        )
    }

    /// The formula by which the column is so many times the product of two others, if there is one.
    fn of_scaled(&self, others: &[(Numbers<'_>, bool)]) -> Option<Formula> {
        // A rate has few values; what it is a rate of has many.
        let pairs = others.iter().flat_map(|a| others.iter().map(move |b| (*a, *b)));
        let pairs = pairs.filter(|(a, b)| a.0.0 != b.0.0 && (a.1 || b.1)).map(|(a, b)| (a.0, b.0));
        let both = pairs.flat_map(|pair| [(pair, false), (pair, true)]);
        let once = both.filter(|((a, b), inverse)| *inverse || a.0 < b.0);
        once.into_iter().find_map(|((a, b), inverse)| self.times(&[(a, false), (b, inverse)]))
    }

    /// The formula by which the column is so many times a product, if there is one: of columns, and whether each is divided by.
    fn times(&self, of: &[(Numbers<'_>, bool)]) -> Option<Formula> {
        if self.is_moment(self.column) || of.iter().any(|((column, _), _)| self.is_moment(*column)) {
            return None;
        }
        let product = |row: usize| {
            of.iter().fold(1.0, |whole, ((_, cells), inverse)| {
                Operation::Product.join(whole, cells[row], *inverse)
            })
        };
        let factor = factor::find(self.values, product, self.spacing(), self.most)?;
        let part = |((column, _), inverse): &(Numbers<'_>, bool)| Part {
            column: *column,
            inverse: *inverse,
            unit: 1,
        };
        let parts = of.iter().map(part).collect();
        let factor = (factor.value != 1.0).then_some(factor);
        let formula = Formula { parts, factor, ..Formula::of_two([0, 0], (Operation::Product, false)) };
        let cells: Vec<&[f64]> = of.iter().map(|((_, cells), _)| *cells).collect();
        self.shows(&formula, &cells).then_some(formula)
    }

    /// The formula by which the column is so many times another, and how many a category decides, if there is one.
    fn of_rates(&self, others: &[Numbers<'_>], categories: &[&Categories<'_>]) -> Option<Formula> {
        let is_wide = others.len() > MOST_SCALED || categories.len() > MOST_SCALED;
        if is_wide || self.is_moment(self.column) {
            return None;
        }
        let others = others.iter().filter(|(i, _)| !self.is_moment(*i));
        let pairs = others.flat_map(|other| categories.iter().map(move |of| (other, of)));
        pairs.into_iter().find_map(|((other, cells), of)| {
            let rates = Rates::find((self.values, cells), of, self.spacing(), self.most)?;
            let of_rows = rates.cells(of.symbols);
            let formula = Formula {
                rates: Some(rates),
                ..Formula::of_two([*other, of.column], (Operation::Product, false))
            };
            self.shows(&formula, &[cells, &of_rows]).then_some(formula)
        })
    }

    /// Whether a formula holds in every row in which nothing is missing, and enough of them show it.
    fn shows(&self, formula: &Formula, cells: &[&[f64]]) -> bool {
        let of = |row: usize| cells.iter().map(move |cells| cells[row]);
        // No part alone says as much.
        let is_alone = cells.len() == 1;
        // That two columns nearly always have the same values makes none the rest of a number.
        let has_constant = formula.has_constant();
        let apart = |row: &usize| {
            let value = self.values[*row];
            let is_told = value != 0.0 && !value.is_nan() && !(has_constant && value == self.usual);
            is_told && (is_alone || of(*row).all(|cell| cell != value))
        };
        let n = self.values.len();
        let says = |row: &usize| !self.values[*row].is_nan() && formula.of(of(*row)).is_finite();
        let breaks = |row: &usize| says(row) && !formula.holds(self.coder, self.values[*row], of(*row));
        // Most formulas hold nowhere, and a few rows tell.
        let few = (0..n).step_by(n.div_ceil(SCREEN).max(1));
        let screened = self.most == 0 || few.filter(breaks).take(MANY + 1).count() <= MANY;
        let mut broken = if screened { 0 } else { self.most + 1 };
        let mut shown = 0;
        for row in 0..n {
            if broken > self.most {
                return false;
            }
            match breaks(&row) {
                true => broken += 1,
                false => shown += usize::from(says(&row) && apart(&row)),
            }
        }
        broken <= self.most
            && shown >= LEAST_ROWS
            && broken as f64 <= FEW * shown as f64
            && !self.wishes.is_off(&Declared::Formula { column: self.column, formula: formula.clone() })
    }
}

/// Rows in which a formula says what the value is, and there is one.
fn says(formula: &Formula, columns: &[Made], values: &[f64]) -> usize {
    let Some(cells) = formula.cells(columns) else { return 0 };
    let said = |(row, value): &(usize, &f64)| {
        !value.is_nan() && formula.of(cells.iter().map(|cells| cells[*row])).is_finite()
    };
    values.iter().enumerate().filter(said).count()
}

fn varied(values: &[f64], least: usize) -> bool {
    let mut seen: Vec<f64> = Vec::new();
    values.iter().filter(|v| !v.is_nan()).any(|v| {
        if !seen.contains(v) {
            seen.push(*v);
        }
        seen.len() >= least
    })
}

/// The median of those that are present, of two the upper one; NaN of none.
fn median(values: &[f64]) -> f64 {
    let mut present: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    let middle = present.len() / 2;
    if present.is_empty() {
        return f64::NAN;
    }
    *present.select_nth_unstable_by(middle, f64::total_cmp).1
}
