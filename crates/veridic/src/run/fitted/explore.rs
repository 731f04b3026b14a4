//! The latent space of a run, walked through: from rows to points, along the tools of [`crate::latent`], and back to rows.

use std::path::Path;

use super::{Fitted, InUse};
use crate::data::{Cells, Column, Data, Images, Matrix, Schema, Table};
use crate::error::{Result, RunError};
use crate::figure::{self, Figure, LatentAxes, Pixels};
use crate::latent::{self, Path as Way, Spread};
use crate::models::Ability;
use crate::run::dataset::Windowing;
use crate::run::fitted::encoding::{Encodings, Group};
use crate::seed::Seed;

/// What to do in a latent space. Rows and dimensions are counted from 1.
#[derive(Debug, Clone, PartialEq)]
pub enum Walk {
    /// A grid over two dimensions.
    Grid {
        /// The dimension to the right, and the one upwards.
        dimensions: [usize; 2],
        /// Points along each side.
        side: usize,
        /// Latent values from and to which it reaches, at equal steps; without it the places are those of equal steps
        /// of probability: of the prior, or for an autoencoder of a normal distribution fitted to the rows' codes.
        range: Option<[f64; 2]>,
        /// The row whose other dimensions are kept; without it they are those of the prior's (the codes') mean.
        row: Option<usize>,
    },
    /// One dimension after the other, from its mean minus to its mean plus so many standard deviations of the rows'
    /// encodings; the other dimensions stay.
    Dimension {
        /// The dimensions; all if empty.
        dimensions: Vec<usize>,
        /// Points along each.
        steps: usize,
        /// Standard deviations to each side.
        reach: f64,
        /// The row to start from; without it the mean of all rows.
        row: Option<usize>,
    },
    /// A path from one row to another, both included.
    Between {
        /// The first row.
        from: usize,
        /// The last row.
        to: usize,
        /// Points along it.
        steps: usize,
        /// Straight or along the arc.
        way: Way,
    },
    /// Rows shifted along the difference between the mean encodings of two groups.
    Concept {
        /// The group that has it.
        of: Group,
        /// The group that lacks it.
        against: Group,
        /// The rows to shift; the mean of `against` if empty.
        rows: Vec<usize>,
        /// How far: 1 is the distance between the groups.
        strengths: Vec<f64>,
    },
    /// `a - b + c` of three rows.
    Arithmetic {
        /// `a`.
        a: usize,
        /// `b`.
        b: usize,
        /// `c`.
        c: usize,
    },
    /// Draws from the posterior of one row.
    Repeat {
        /// The row.
        row: usize,
        /// How many.
        n: usize,
        /// The seed of the draws.
        seed: u64,
    },
}

/// Decoded points with what each of them is.
#[derive(Debug, Clone, PartialEq)]
pub struct Walked {
    /// In a few words.
    pub title: String,
    /// The latent points, one a row.
    pub points: Matrix,
    /// What the decoder expects at each point, in original units.
    pub rows: Data,
    /// Columns that say which point it is: `strength`, `dimension`, `step`, …
    pub steps: Vec<Column>,
    /// What a user should know.
    pub notes: Vec<String>,
    pub(super) layout: PictureLayout,
    /// Of windows of series how a table becomes them.
    windows: Option<Windowing>,
}

/// How points stand in a picture.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum PictureLayout {
    /// Names on the left.
    Named { columns: usize, names: Vec<String> },
    /// Coordinates on the left and below.
    Axes { x_label: String, y_label: String, x: Vec<f64>, y: Vec<f64> },
}

impl Fitted {
    /// Walks through the latent space. Rows are those of `data`, or the run's own test rows (validation or training rows
    /// where there are none), for which `data_dir` says where known data sets lie.
    ///
    /// # Errors
    /// Rows, dimensions, columns or values that are not there; draws from the posterior of a model without one; data that
    /// cannot be read, does not fit the run, or has changed since.
    pub fn walk(&mut self, walk: &Walk, data: Option<&Path>, data_dir: &Path) -> Result<Walked> {
        let network = match self.network() {
            Some(network) => network,
            None => return Err(self.cannot(Ability::Reconstruct)),
        };
        let (latent, can_sample) = (network.latent(), network.can_sample());
        for dimension in walk.dimensions() {
            if dimension == 0 || dimension > latent {
                return Err(RunError::NoDimension { dimension, latent }.into());
            }
        }
        if matches!(walk, Walk::Repeat { .. }) && !self.can(Ability::Posterior) {
            return Err(self.cannot(Ability::Posterior));
        }
        if network.prior().is_some_and(|prior| prior.classes + prior.sets > 0) {
            return Err(RunError::Cannot {
                model: "a network that is asked for a class or a set".to_string(),
                verb: "be walked without one".to_string(),
                remedy: "sample rows given a class".to_string(),
            }
            .into());
        }
        let from_prior = matches!(walk, Walk::Grid { row: None, .. }) && can_sample;
        if !from_prior && !self.can(Ability::Reconstruct) {
            return Err(self.cannot(Ability::Reconstruct));
        }
        let rows = if from_prior { None } else { Some(self.encodings(data, data_dir)?) };
        let mut plan = plan(walk, latent, rows.as_ref())?;
        if matches!(walk, Walk::Grid { range: None, .. }) && !can_sample {
            plan.notes.push(
                "an autoencoder has no prior: the grid is placed by the mean and standard deviation of the codes"
                    .to_string(),
            );
        }
        let InUse { form, network, pool } =
            self.in_use(if from_prior { Ability::Sample } else { Ability::Reconstruct })?;
        let made = form.decode(&network.decode(pool, &plan.points)?)?;
        let mut notes = rows.map_or_else(Vec::new, |rows| rows.notes);
        notes.extend(plan.notes);
        let Plan { title, points, steps, layout, .. } = plan;
        let windows = form.windows().cloned();
        Ok(Walked { title, points, rows: made, steps, notes, layout, windows })
    }
}

impl Walk {
    /// The dimensions it names.
    fn dimensions(&self) -> Vec<usize> {
        match self {
            Self::Grid { dimensions, .. } => dimensions.to_vec(),
            Self::Dimension { dimensions, .. } => dimensions.clone(),
            _ => Vec::new(),
        }
    }
}

/// Points and what they are, before they are decoded.
struct Plan {
    title: String,
    points: Matrix,
    steps: Vec<Column>,
    layout: PictureLayout,
    notes: Vec<String>,
}

fn plan(walk: &Walk, latent: usize, rows: Option<&Encodings>) -> Result<Plan> {
    let notes = Vec::new();
    // Only a grid through the prior does without rows.
    let Some(rows) = rows else {
        let prior = Spread { mean: vec![0.0; latent], deviation: vec![1.0; latent] };
        return Ok(grid_plan(walk, &narrow(&prior.mean), &prior));
    };
    let spread = latent::spread(&rows.mean, rows.log_variance.as_ref());
    let start =
        |row: Option<usize>| row.map_or_else(|| Ok(narrow(&spread.mean)), |row| Ok(rows.row(row)?.to_vec()));
    Ok(match walk {
        Walk::Grid { row, .. } => {
            let through: Result<Vec<f32>> = start(*row);
            // With a posterior the grid lies over the prior, whichever row it leads through.
            let prior = Spread { mean: vec![0.0; latent], deviation: vec![1.0; latent] };
            let over = if rows.log_variance.is_some() { &prior } else { &spread };
            grid_plan(walk, &through?, over)
        }
        Walk::Dimension { dimensions, steps, reach, row } => {
            let from: Result<Vec<f32>> = start(*row);
            let from = from?;
            let (dimensions, left_out) = if dimensions.is_empty() {
                most_active(&latent::spread(&rows.mean, None))
            } else {
                (dimensions.clone(), None)
            };
            let at = latent::even_steps(-reach, *reach, *steps);
            let mut points = Matrix { n_rows: 0, n_cols: latent, values: Vec::new() };
            let (mut along, mut step, mut value) = (Vec::new(), Vec::new(), Vec::new());
            for &dimension in &dimensions {
                let j = dimension - 1;
                let values: Vec<f64> = at.iter().map(|k| spread.mean[j] + k * spread.deviation[j]).collect();
                points.values.extend(latent::walk(&from, j, &values).values);
                points.n_rows += at.len();
                along.extend(vec![dimension as f64; at.len()]);
                step.extend(&at);
                value.extend(values);
            }
            let of = row.map_or("the mean row".to_string(), |row| format!("row {row}"));
            let y = dimensions.iter().map(|&dimension| dimension as f64).collect();
            Plan {
                title: format!("Walks along latent dimensions from {of}"),
                points,
                steps: vec![number("dimension", along), number("step", step), number("value", value)],
                layout: axes("standard deviations from the mean", "latent dimension", at, y),
                notes: left_out.into_iter().collect(),
            }
        }
        Walk::Between { from, to, steps, way } => {
            let at = latent::even_steps(0.0, 1.0, *steps);
            let points = latent::interpolate(rows.row(*from)?, rows.row(*to)?, &at, *way);
            let how = if *way == Way::Linear { "straight" } else { "spherical" };
            Plan {
                title: format!("From row {from} to row {to}, {how}"),
                points,
                steps: vec![number("share", at.clone())],
                layout: axes("share of the way", "from row", at, vec![*from as f64]),
                notes,
            }
        }
        Walk::Concept { of, against, rows: shifted, strengths } => {
            let (has, lacks) = (rows.group(of)?, rows.group(against)?);
            let direction = latent::concept(&has, &lacks);
            let starts: Vec<(f64, Vec<f32>)> = if shifted.is_empty() {
                vec![(0.0, narrow(&latent::spread(&lacks, None).mean))]
            } else {
                let start = |&row: &usize| Ok((row as f64, rows.row(row)?.to_vec()));
                shifted.iter().map(start).collect::<Result<_>>()?
            };
            let mut points = Matrix { n_rows: 0, n_cols: latent, values: Vec::new() };
            let (mut row, mut strength) = (Vec::new(), Vec::new());
            for (number, start) in &starts {
                points.values.extend(latent::shift(start, &direction, strengths).values);
                points.n_rows += strengths.len();
                row.extend(vec![*number; strengths.len()]);
                strength.extend(strengths);
            }
            let length = direction.iter().map(|&value| f64::from(value).powi(2)).sum::<f64>().sqrt();
            let note = format!(
                "the concept is the difference of the means of {} and {} rows, {length:.3} long",
                has.n_rows, lacks.n_rows
            );
            let mut steps = vec![number("strength", strength)];
            let y_label = if shifted.is_empty() { "mean of the other group" } else { "row" };
            if !shifted.is_empty() {
                steps.insert(0, number("row", row));
            }
            let y = starts.iter().map(|(row, _)| *row).collect();
            Plan {
                title: format!("Towards {}, away from {}", of.name(), against.name()),
                points,
                steps,
                layout: axes("strength", y_label, strengths.clone(), y),
                notes: vec![note],
            }
        }
        Walk::Arithmetic { a, b, c } => {
            let (at, bt, ct) = (rows.row(*a)?, rows.row(*b)?, rows.row(*c)?);
            let sum = latent::arithmetic(at, bt, ct);
            let points = Matrix { n_rows: 4, n_cols: latent, values: [at, bt, ct, sum.as_slice()].concat() };
            let parts =
                [format!("row {a}"), format!("row {b}"), format!("row {c}"), format!("{a} - {b} + {c}")];
            let codes = (0..4).collect();
            let part = Column { name: "part".into(), cells: Cells::Text { codes, levels: parts.to_vec() } };
            let layout = PictureLayout::Named { columns: 1, names: parts.to_vec() };
            Plan { title: format!("Row {a} - row {b} + row {c}"), points, steps: vec![part], layout, notes }
        }
        Walk::Repeat { row, n, seed } => {
            let mean = rows.row(*row)?;
            let log_variance = rows.log_variance.as_ref().expect("asked before");
            let points = latent::repeat(mean, log_variance.row(*row - 1), *n, Seed(*seed));
            let draws = (1..=*n).map(|draw| draw as f64).collect();
            let columns = (*n as f64).sqrt().ceil() as usize;
            let layout = PictureLayout::Named { columns, names: Vec::new() };
            let title = format!("Draws from the posterior of row {row}, decoded");
            Plan { title, points, steps: vec![number("draw", draws)], layout, notes }
        }
    })
}

/// Dimensions a walk goes along where none are named, at most.
const MOST_WALKED: usize = 20;

/// The dimensions (from 1) that tell most rows apart, in their order, and what to say where some are left out.
fn most_active(codes: &Spread) -> (Vec<usize>, Option<String>) {
    let latent = codes.deviation.len();
    let mut dimensions: Vec<usize> = (1..=latent).collect();
    if latent <= MOST_WALKED {
        return (dimensions, None);
    }
    dimensions.sort_by(|&a, &b| codes.deviation[b - 1].total_cmp(&codes.deviation[a - 1]).then(a.cmp(&b)));
    dimensions.truncate(MOST_WALKED);
    dimensions.sort_unstable();
    let note =
        format!("the {MOST_WALKED} of {latent} dimensions that vary most from row to row are walked along");
    (dimensions, Some(note))
}

fn grid_plan(walk: &Walk, through: &[f32], over: &Spread) -> Plan {
    let Walk::Grid { dimensions, side, range, .. } = walk else {
        unreachable!("only a grid has a plan of a grid")
    };
    let [across, up] = dimensions.map(|dimension| dimension - 1);
    let at = |j: usize| match range {
        Some([low, high]) => latent::even_steps(*low, *high, *side),
        None => over.places(j, *side),
    };
    let (x, y) = (at(across), at(up));
    let points = latent::grid(through, (across, up), &x, &y);
    let values = |j: usize| (0..points.n_rows).map(|i| f64::from(points.row(i)[j])).collect();
    let [x_name, y_name] = dimensions.map(|dimension| format!("z{dimension}"));
    let steps = vec![number(&x_name, values(across)), number(&y_name, values(up))];
    let [x_label, y_label] = dimensions.map(|dimension| format!("latent dimension {dimension}"));
    let down = y.into_iter().rev().collect();
    let layout = axes(&x_label, &y_label, x, down);
    Plan { title: "Decoded points of the latent plane".to_string(), points, steps, layout, notes: Vec::new() }
}

fn axes(x_label: &str, y_label: &str, x: Vec<f64>, y: Vec<f64>) -> PictureLayout {
    PictureLayout::Axes { x_label: x_label.to_string(), y_label: y_label.to_string(), x, y }
}

fn number(name: &str, values: Vec<f64>) -> Column {
    Column { name: name.to_string(), cells: Cells::Number(values) }
}

fn narrow(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

impl Walked {
    /// The rows in original units behind the columns that say which point each is; of images a column a pixel. A name
    /// that the data has too gets `latent_` before it.
    pub fn table(&self) -> (Table, Schema) {
        let (mut table, mut schema) = match &self.rows {
            Data::Table(table, schema) => (table.clone(), schema.clone()),
            Data::Images(images) => {
                let table = pixels(images);
                let schema = Schema::of(&table);
                (table, schema)
            }
        };
        let named = |column: &Column| {
            let taken = table.column(&column.name).is_some();
            let name = if taken { format!("latent_{}", column.name) } else { column.name.clone() };
            Column { name, cells: column.cells.clone() }
        };
        let steps: Vec<Column> = self.steps.iter().map(named).collect();
        let own = Table { n_rows: table.n_rows, columns: steps };
        let mut columns = super::score::plain_schema(&own).columns;
        columns.extend(schema.columns.drain(..).filter(|column| table.column(&column.name).is_some()));
        let mut all = own.columns;
        all.append(&mut table.columns);
        (Table { n_rows: table.n_rows, columns: all }, Schema { columns })
    }

    /// Whether there is a picture of them: of images, and of windows of series.
    pub fn has_figure(&self) -> bool {
        self.windows.is_some() || matches!(self.rows, Data::Images(_))
    }

    /// The images, or windows of series, as a picture.
    ///
    /// # Errors
    /// Rows of a table, which are no picture; more images than can be drawn.
    pub fn figure(&self) -> Result<Figure> {
        if let Some(windows) = &self.windows {
            return self.series_figure(windows);
        }
        let Data::Images(images) = &self.rows else {
            return Err(RunError::Cannot {
                model: "a run of a table".to_string(),
                verb: "be drawn as images".to_string(),
                remedy: "write the rows as csv, parquet or json".to_string(),
            }
            .into());
        };
        let mut grid =
            figure::ImageGrid::plain(&self.title, Pixels::Bytes(&images.pixels), images.shape(), 1);
        match &self.layout {
            PictureLayout::Named { columns, names } => (grid.columns, grid.row_labels) = (*columns, names),
            PictureLayout::Axes { x_label, y_label, x, y } => {
                grid.columns = x.len();
                grid.axes = Some(LatentAxes { x_label, y_label, x, y });
            }
        }
        Ok(figure::image_grid(&grid)?)
    }
}

/// One row an image with the columns `pixel_0`, `pixel_1`, …, channels last.
fn pixels(images: &Images) -> Table {
    let size = images.height * images.width * images.channels;
    let values = |i: usize| images.pixels.iter().skip(i).step_by(size).map(|&value| value.into()).collect();
    let columns = (0..size).map(|i| number(&format!("pixel_{i}"), values(i))).collect();
    Table { n_rows: images.n, columns }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_walk_goes_along_the_dimensions_that_vary_most() {
        let of = |n: usize| Spread {
            mean: vec![0.0; n],
            deviation: (0..n).map(|i| if i % 2 == 0 { 1.0 } else { 0.01 }).collect(),
        };
        assert_eq!(most_active(&of(20)), ((1..=20).collect(), None));
        let (dimensions, note) = most_active(&of(41));
        assert_eq!(dimensions, (0..20).map(|i| 2 * i + 1).collect::<Vec<_>>());
        assert_eq!(note.unwrap(), "the 20 of 41 dimensions that vary most from row to row are walked along");
    }
}
