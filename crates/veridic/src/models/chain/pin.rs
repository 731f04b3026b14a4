//! What columns that are known leave of those that they are made of.

use std::borrow::Cow;

use super::coder::{Coder, Made};
use super::evidence::Evidence;
use super::formula::{Formula, Operation};
use super::frame::{Frame, Known};
use super::law::Law;
use super::plan::Plan;

/// Parts of a sum that may be unknown beside one that is bounded by their ends.
const MOST_OPEN: usize = 3;
/// How often a value is moved so that what follows from it becomes what is known.
const ROUNDS: usize = 4;
/// Steps of rounding that are tried on both sides.
const STEPS: [f64; 4] = [1.0, -1.0, 2.0, -2.0];

impl<'a> Known<'a> {
    /// Adds what columns that are known leave of column `j`: as a part of a formula, and as what others follow from that are parts.
    pub(super) fn pin(&self, j: usize, frame: &mut Frame<'a>) {
        if self.evidence.is_empty() && self.law.checks.ranges.is_empty() {
            return;
        }
        let Law { plan, .. } = self.law;
        let instead = plan.instead.iter().enumerate();
        for (whole, formula) in instead.chain(plan.formulas.iter().enumerate()) {
            if let Some(formula) = formula
                && let Some(which) = formula.parts.iter().position(|part| part.column == j)
            {
                self.pin_part((whole, formula), which, frame);
            }
        }
        for whole in (0..self.law.coding.columns.len()).filter(|whole| plan.follows(*whole)) {
            let told = self.given(whole, |given| given.made.numbers(), f64::NAN);
            if let Some(told) = told
                && let Some(path) = plan.path(j, whole).filter(|path| path.len() > 1)
            {
                self.pin_through(j, (&path, &told), frame);
            }
        }
    }

    /// Adds what a formula whose whole is known, or is between ends that a rule says, leaves of its part `which`: a value where the
    /// other parts are known, or between which values it is where a few of a sum are not.
    fn pin_part(&self, (whole, formula): (usize, &Formula), which: usize, frame: &mut Frame<'a>) {
        let Law { coding, checks, .. } = self.law;
        let Coder::Number(own) = frame.own else { return };
        let (evidence, nothing_known) = (self.evidence.get(whole), Evidence::default());
        let evidence = evidence.unwrap_or(&nothing_known);
        let range =
            checks.ranges.iter().find(|range| range.column == whole).map(|range| [range.from, range.to]);
        if evidence.is_free() && range.is_none() {
            return;
        }
        let j = formula.parts[which].column;
        let nothing = || Cow::Owned(vec![f64::NAN; self.n]);
        let cells: Vec<Cow<[f64]>> = formula
            .parts
            .iter()
            .map(|part| match formula.rates.as_ref().filter(|rates| rates.of == part.column) {
                _ if part.column == j => nothing(),
                Some(rates) => self.symbols(part.column).map_or_else(nothing, |of| rates.cells(&of).into()),
                None => self
                    .numbers(part.column)
                    .map_or_else(nothing, |cells| formula.counted(part.column, cells)),
            })
            .collect();
        let intervals = match (&evidence.given, evidence.sets.as_slice()) {
            // Any value that is there is no condition.
            (None, [set]) if !set.has_missing(&coding.coders[whole]) => set.intervals(&coding.coders[whole]),
            _ => Vec::new(),
        };
        let is_sum =
            formula.operation == Operation::Sum && formula.terms.is_none() && formula.counted.is_none();
        let drawn: Vec<bool> = formula.parts.iter().map(|part| self.done[part.column].is_some()).collect();
        for row in 0..self.n {
            let parts = cells.iter().zip(&drawn).enumerate();
            let mut open = parts.filter(|(i, (cells, _))| *i != which && cells[row].is_nan());
            // Where a part that was drawn is missing, so is the whole.
            let Ok(open) =
                open.try_fold(0, |open, (_, (_, drawn))| if *drawn { Err(()) } else { Ok(open + 1) })
            else {
                continue;
            };
            let of_row = || cells.iter().map(|cells| cells[row]);
            let given = evidence.given(self.from + row);
            let ends = match given.map(|given| &given.made) {
                Some(Made::Number(values)) => [values[self.from + row]; 2],
                Some(Made::Symbol(_)) => continue,
                None => match intervals.as_slice() {
                    [(low, high)] => [*low, *high],
                    // What is left over is not less than nothing.
                    _ => match range {
                        Some(range) => range,
                        None => continue,
                    },
                },
            };
            let span = match open {
                0 if given.is_some() && !formula.is_loose(j) => {
                    let value = formula.solve(which, ends[0], of_row());
                    if value.is_finite() {
                        frame.pins.resize(self.n, f64::NAN);
                        frame.pins[row] = own.round(value);
                    }
                    continue;
                }
                0 => formula.span(which, (ends[0], ends[1]), &of_row()),
                1..=MOST_OPEN if is_sum => {
                    self.open_span(formula, which, ends, &of_row().collect::<Vec<f64>>())
                }
                _ => None,
            };
            if let Some((low, high)) = span {
                frame.limit(self.n, row, low, high, false);
            }
        }
    }

    /// Between which values part `which` of a sum is, of which some others (NaN) are known to be between the ends of their columns.
    fn open_span(
        &self,
        formula: &Formula,
        which: usize,
        ends: [f64; 2],
        cells: &[f64],
    ) -> Option<(f64, f64)> {
        let reach = |(i, cell): (usize, &f64)| match &self.law.coding.coders[formula.parts[i].column] {
            _ if i == which || !cell.is_nan() => Some([*cell; 2]),
            Coder::Number(coder) => Some([coder.least(), coder.most()]),
            Coder::Text(_) => None,
        };
        let reach: Vec<[f64; 2]> = cells.iter().enumerate().map(reach).collect::<Option<_>>()?;
        // A sum is greatest and least at the ends of its parts, whichever sign each has.
        let corners = (0..1usize << (cells.len() + 1)).filter(|corner| {
            // Those that are known have one end.
            (0..cells.len()).all(|i| corner >> i & 1 == 0 || reach[i][0] < reach[i][1])
        });
        let values = corners.map(|corner| {
            let cells = (0..cells.len()).map(|i| reach[i][corner >> i & 1]);
            formula.solve(which, ends[corner >> cells.len() & 1], cells)
        });
        let span = values.fold((f64::MAX, f64::MIN), |(low, high), value| (low.min(value), high.max(value)));
        Some(span).filter(|(low, high)| low.is_finite() && high.is_finite() && low <= high)
    }

    /// Adds the values of column `j` from which the last column of `path` follows as it is told (NaN where it is not), by way of
    /// the others.
    fn pin_through(&self, j: usize, (path, told): (&[usize], &[f64]), frame: &mut Frame<'a>) {
        let Coder::Number(own) = frame.own else { return };
        let (least, most) = (own.least(), own.most());
        let Some(way) = self.way(j, path) else { return };
        let follows = |x: &[f64]| self.follow(&way, x);
        let (Some(at_least), Some(at_most)) = (follows(&vec![least; self.n]), follows(&vec![most; self.n]))
        else {
            return;
        };
        let slope: Vec<f64> =
            at_least.iter().zip(&at_most).map(|(low, high)| (high - low) / (most - least)).collect();
        let is_told = |row: &usize| told[*row].is_finite() && slope[*row].is_finite() && slope[*row] != 0.0;
        let rows: Vec<usize> = (0..self.n).filter(is_told).collect();
        if rows.is_empty() {
            return;
        }
        let is_right = |row: usize, made: f64| (made - told[row]).abs() <= 1e-9 * (1.0 + told[row].abs());
        let mut x = vec![least; self.n];
        for row in &rows {
            x[*row] = own.round(least + (told[*row] - at_least[*row]) / slope[*row]);
        }
        let mut found = vec![false; self.n];
        for _ in 0..ROUNDS {
            let Some(made) = follows(&x) else { return };
            for row in rows.iter().copied().filter(|row| made[*row].is_finite()) {
                found[row] = is_right(row, made[row]);
                if !found[row] {
                    x[row] = own.round(x[row] + (told[row] - made[row]) / slope[row]);
                }
            }
            if rows.iter().all(|row| found[*row]) {
                break;
            }
        }
        for step in STEPS {
            if own.spacing() == 0.0 || rows.iter().all(|row| found[*row]) {
                break;
            }
            let near: Vec<f64> = x.iter().map(|x| own.round(x + step * own.spacing())).collect();
            let Some(made) = follows(&near) else { return };
            for row in rows.iter().copied() {
                if !found[row] && is_right(row, made[row]) {
                    (found[row], x[row]) = (true, near[row]);
                }
            }
        }
        frame.pins.resize(self.n, f64::NAN);
        rows.into_iter().filter(|row| found[*row]).for_each(|row| frame.pins[row] = x[row]);
    }

    /// What the columns of `path` follow from beside column `j`; `None` where one of that is known in no row.
    fn way<'b>(&self, j: usize, path: &'b [usize]) -> Option<Way<'b>> {
        let Law { coding, plan, .. } = self.law;
        let mut known: Vec<Option<Made>> = vec![None; coding.columns.len()];
        let mut open = vec![false; self.n];
        let inputs = path.iter().flat_map(|column| plan.inputs(*column));
        for i in inputs.filter(|i| *i != j && !path.contains(i)) {
            known[i] = Some(match &coding.coders[i] {
                Coder::Number(_) => Made::Number(self.numbers(i)?.into_owned()),
                Coder::Text(coder) => {
                    let mut symbols = self.symbols(i)?.into_owned();
                    for (open, symbol) in open.iter_mut().zip(&mut symbols).filter(|(_, s)| **s == u32::MAX) {
                        (*open, *symbol) = (true, coder.missing());
                    }
                    Made::Symbol(symbols)
                }
            });
        }
        let before_last = path.split_last().map_or(&[][..], |(_, before)| before);
        let given = |column: &usize| self.given(*column, |given| given.made.numbers(), f64::NAN);
        Some(Way { j, path, known, given: before_last.iter().map(given).collect(), open })
    }

    /// What the last column of a way is in each row where its first is `x`; NaN where what it follows from is not known.
    fn follow(&self, way: &Way<'_>, x: &[f64]) -> Option<Vec<f64>> {
        let Law { coding, plan, .. } = self.law;
        let mut made: Vec<Option<Made>> = vec![None; coding.columns.len()];
        made[way.j] = Some(Made::Number(x.to_vec()));
        for (at, column) in way.path.iter().enumerate() {
            let cells = |i: usize| made[i].as_ref().or(way.known[i].as_ref());
            let mut own = plan.reference(*column, coding.coders, &cells, 0..self.n)?;
            if let (Made::Number(values), Some(Some(given))) = (&mut own, way.given.get(at)) {
                let given = values.iter_mut().zip(given).filter(|(_, given)| !given.is_nan());
                given.for_each(|(to, given)| *to = *given);
            }
            made[*column] = Some(own);
        }
        let Some(Made::Number(mut values)) = made[*way.path.last()?].take() else { return None };
        values.iter_mut().zip(&way.open).filter(|(_, open)| **open).for_each(|(value, _)| *value = f64::NAN);
        Some(values)
    }
}

/// Columns that follow from one, up to a last, and what is known beside that one.
struct Way<'a> {
    j: usize,
    path: &'a [usize],
    /// By column, what those of the path follow from beside it.
    known: Vec<Option<Made>>,
    /// Of those before the last what is given, which is taken as it is.
    given: Vec<Option<Vec<f64>>>,
    /// Rows in which a category that the last follows from is not known.
    open: Vec<bool>,
}

impl Plan {
    /// The columns that one which follows is made of.
    pub(super) fn inputs(&self, j: usize) -> Vec<usize> {
        if let Some(decided) = &self.decided[j] {
            return vec![decided.by];
        }
        let formulas = self.formulas[j].iter().chain(&self.instead[j]);
        formulas.flat_map(|formula| formula.parts.iter().map(|part| part.column)).collect()
    }

    /// Columns that follow from column `j` up to `whole`, which is the last of them, each after those that it is made of; `None`
    /// where that does not follow from `j`.
    pub(super) fn path(&self, j: usize, whole: usize) -> Option<Vec<usize>> {
        let n = self.order.len();
        let mut depends = vec![false; n];
        depends[j] = true;
        for i in self.order.iter().copied().filter(|i| *i != j && self.follows(*i)) {
            depends[i] = self.inputs(i).iter().any(|part| depends[*part]);
        }
        if whole == j || !depends[whole] {
            return None;
        }
        let mut wanted = vec![false; n];
        wanted[whole] = true;
        for i in self.order.iter().rev().copied().filter(|i| depends[*i] && *i != j) {
            if wanted[i] {
                self.inputs(i).into_iter().for_each(|part| wanted[part] = true);
            }
        }
        Some(self.order.iter().copied().filter(|i| *i != j && wanted[*i] && depends[*i]).collect())
    }
}
