//! A world: steps on request, and what can be seen after them.

use std::time::{Duration, Instant};

use serde::Deserialize;
use serde_json::{Value, json};
use veridic::data::{Data, Matrix, Mixture};
use veridic::evaluate::mode_coverage;
use veridic::run::Live;

use super::divergence::Cells;
use super::setting::Setting;
use crate::{Result, StudioError};

/// Real points that are shown.
const SHOWN: usize = 600;
/// Made points that are shown.
const MADE: usize = 400;
/// Points on each side that divergences are measured with.
const MEASURED: usize = 2000;
/// Cells along a side, of two dimensions and of one.
const SIDES: [usize; 2] = [30, 60];
/// Places along a side where the discriminator is asked, of two dimensions and of one.
const HEAT: [usize; 2] = [40, 200];
/// Lines of the grid of noise each way, and points of one dimension of noise.
const FOLD: [usize; 2] = [21, 60];
/// Made points that are shown with the way they are pushed.
const PUSHED: usize = 80;
/// Values before the points of a frame.
const HEAD: usize = 24;
/// The longest that a request may train.
const LONGEST: Duration = Duration::from_millis(200);

/// What a page asks of a world.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Ask {
    /// Steps at most.
    steps: u32,
    /// Milliseconds of training at most.
    milliseconds: u64,
    /// One of the updates alone: 0 is the discriminator's, 1 the generator's.
    only: Option<usize>,
    heat: bool,
    fold: bool,
    push: bool,
}

impl Default for Ask {
    fn default() -> Self {
        Self { steps: 0, milliseconds: 30, only: None, heat: true, fold: true, push: true }
    }
}

/// A network in training, and what it is seen against.
#[derive(Debug)]
pub(crate) struct World {
    live: Live,
    width: usize,
    /// Low and high of each dimension that is drawn, as the networks see rows.
    bounds: Vec<[f32; 2]>,
    real: Cells,
    /// The divergences of as many other real points, which made points cannot be expected to beat.
    floor: [f64; 2],
    mixture: Option<Mixture>,
    drawn: bool,
}

impl World {
    /// A network at its start.
    ///
    /// # Errors
    /// Settings out of range.
    pub(crate) fn new(setting: &Setting, threads: usize) -> Result<Self> {
        let config = setting.config()?;
        let live = Live::new(&config, setting.data.rows(&setting.points, setting.seed)?, threads)?;
        let width = live.layout().width();
        let rows = live.real(2 * MEASURED);
        let bounds: Vec<[f32; 2]> = (0..width)
            .map(|j| {
                let values = rows.values.iter().skip(j).step_by(width);
                let (low, high) =
                    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(a, b), &v| (a.min(v), b.max(v)));
                let margin = 0.3 * (high - low).max(1e-3);
                [low - margin, high + margin]
            })
            .collect();
        let side = SIDES[2 - width.clamp(1, 2)];
        let (one, other) = rows.values.split_at(rows.n_rows / 2 * width);
        let (real, again) = (Cells::of(one, width, &bounds, side), Cells::of(other, width, &bounds, side));
        let floor = [real.kullback_leibler(&again), real.jensen_shannon(&again)];
        let drawn = setting.data.mixture().is_none();
        Ok(Self { live, width, bounds, real, floor, mixture: setting.data.mixture(), drawn })
    }

    /// What a page is told once.
    ///
    /// # Errors
    /// Rows that cannot be decoded.
    pub(crate) fn about(&self) -> Result<Value> {
        // Encoded values are a straight line of the original ones: two places say which.
        let unit = |value: f32| -> Result<Vec<f64>> {
            let place = Matrix { n_rows: 1, n_cols: self.width, values: vec![value; self.width] };
            Ok(numbers(&self.live.decode(&place)?))
        };
        let (zero, one) = (unit(0.0)?, unit(1.0)?);
        let scale: Vec<f64> = zero.iter().zip(&one).map(|(zero, one)| one - zero).collect();
        Ok(json!({
            "width": self.width,
            "bounds": self.bounds,
            "real": self.live.real(SHOWN).values,
            "mean": zero,
            "scale": scale,
            "steps": self.live.steps().1,
            "floor": self.floor,
            "recipe": self.live.config().to_toml(),
            "drawn": self.drawn,
        }))
    }

    /// The rows as a file for the command line, where no recipe can name them.
    pub(crate) fn csv(&self) -> String {
        let Some(table) = self.live.table() else { return String::new() };
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        let mut text = names.join(",") + "\n";
        let values = numbers_of(table);
        for row in values.chunks_exact(self.width) {
            let row: Vec<String> = row.iter().map(f64::to_string).collect();
            text.push_str(&row.join(","));
            text.push('\n');
        }
        text
    }

    /// Trains as asked, and gives what can be seen then: 24 values (see `page/world.js`), made points, judgements, the
    /// folded grid of noise, and pushed points, as 32-bit floats.
    ///
    /// # Errors
    /// A loss that is not finite.
    pub(crate) fn frame(&mut self, ask: &Ask) -> Result<Vec<u8>> {
        if ask.only.is_some_and(|only| only > 1) {
            return Err(StudioError::Refused("there are two updates, 0 and 1".into()));
        }
        let (begun, limit) = (Instant::now(), Duration::from_millis(ask.milliseconds).min(LONGEST));
        let mut done = 0;
        while done < ask.steps && (done == 0 || begun.elapsed() < limit) && self.live.step(ask.only)? {
            done += 1;
        }
        let noise = self.live.noise("seen", MEASURED);
        let made = self.live.make(&noise)?;
        let cells = Cells::of(&made.values, self.width, &self.bounds, SIDES[2 - self.width.clamp(1, 2)]);
        let losses = self.live.losses();
        let loss = |name: &str| losses.get(name).map_or(f32::NAN, |&loss| loss as f32);
        let (step, steps) = self.live.steps();
        let heat = if ask.heat { self.heat()? } else { Vec::new() };
        let fold = if ask.fold { self.fold()? } else { Vec::new() };
        let pushed = if ask.push { self.pushed(&made)? } else { Vec::new() };
        let mut values = vec![
            step as f32,
            steps as f32,
            f32::from(u8::from(self.live.is_over())),
            loss("discriminator"),
            loss("generator"),
            loss("real"),
            loss("made"),
            loss("discriminator-gradient"),
            loss("generator-gradient"),
            self.real.kullback_leibler(&cells) as f32,
            self.real.jensen_shannon(&cells) as f32,
        ];
        values.extend(self.modes(&made)?);
        values.extend([
            self.width as f32,
            heat.len() as f32,
            MADE as f32,
            (fold.len() / self.width) as f32,
            (pushed.len() / 4) as f32,
            done as f32,
        ]);
        values.resize(HEAD, 0.0);
        values.extend(&made.values[..MADE * self.width]);
        values.extend(heat);
        values.extend(fold);
        values.extend(pushed);
        Ok(values.iter().flat_map(|value| value.to_le_bytes()).collect())
    }

    /// Modes that are found, how many there are, and the share of made points that are at one.
    fn modes(&self, made: &Matrix) -> Result<[f32; 3]> {
        let Some(mixture) = &self.mixture else { return Ok([f32::NAN; 3]) };
        let centers = mixture.centers();
        let made = numbers(&self.live.decode(made)?);
        let covered = mode_coverage(&made, &centers, mixture.deviation()).map_err(veridic::Error::from)?;
        Ok([covered.modes as f32, centers.len() as f32, covered.high_quality as f32])
    }

    /// The discriminator's output, less the boundary, at places row by row from the lower left.
    fn heat(&mut self) -> Result<Vec<f32>> {
        let side = HEAT[2 - self.width.clamp(1, 2)];
        let at = |[low, high]: [f32; 2], i: usize| low + (high - low) * (i as f32 + 0.5) / side as f32;
        let places = Matrix {
            n_rows: side.pow(self.width as u32),
            n_cols: self.width,
            values: match self.bounds.as_slice() {
                [x, y] => (0..side * side).flat_map(|i| [at(*x, i % side), at(*y, i / side)]).collect(),
                [x, ..] => (0..side).map(|i| at(*x, i)).collect(),
                [] => Vec::new(),
            },
        };
        Ok(self.live.judge(&places)?.into_iter().map(|value| value as f32).collect())
    }

    /// Where an even grid over the first two dimensions of noise is taken to; over one of them if there is one.
    fn fold(&mut self) -> Result<Vec<f32>> {
        let latent = self.live.latent();
        let many = self.live.noise("fold", 256);
        // As far as noise reaches, whatever it is drawn from.
        let reach = many.values.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let place = |i: usize, of: usize| reach * (2.0 * i as f32 / (of - 1) as f32 - 1.0);
        let mut noise = Matrix::default();
        if latent == 1 || self.width == 1 {
            noise = Matrix { n_rows: FOLD[1], n_cols: latent, values: vec![0.0; FOLD[1] * latent] };
            (0..FOLD[1]).for_each(|i| noise.row_mut(i)[0] = place(i, FOLD[1]));
        } else {
            let side = FOLD[0];
            noise.n_rows = side * side;
            noise.n_cols = latent;
            noise.values = vec![0.0; side * side * latent];
            for i in 0..side * side {
                noise.row_mut(i)[..2].copy_from_slice(&[place(i % side, side), place(i / side, side)]);
            }
        }
        Ok(self.live.make(&noise)?.values)
    }

    /// Made points with the slope of the judgement there, by differences: the way that the generator is told to go.
    fn pushed(&mut self, made: &Matrix) -> Result<Vec<f32>> {
        let n = PUSHED.min(made.n_rows);
        let mut values = vec![0.0; 4 * n];
        for i in 0..n {
            values[4 * i..4 * i + self.width].copy_from_slice(made.row(i));
        }
        for (j, [low, high]) in self.bounds.clone().into_iter().enumerate() {
            let step = (high - low) * 2e-3;
            let mut at = |by: f32| -> Result<Vec<f64>> {
                let mut rows = Matrix { n_rows: n, ..made.clone() };
                rows.values.truncate(n * self.width);
                (0..n).for_each(|i| rows.row_mut(i)[j] += by);
                Ok(self.live.judge(&rows)?)
            };
            let (above, below) = (at(step)?, at(-step)?);
            for i in 0..n {
                values[4 * i + 2 + j] = ((above[i] - below[i]) / f64::from(2.0 * step)) as f32;
            }
        }
        Ok(values)
    }
}

/// The numbers of a table, row by row.
fn numbers(data: &Data) -> Vec<f64> {
    data.table().map_or_else(Vec::new, |(table, _)| numbers_of(table))
}

fn numbers_of(table: &veridic::data::Table) -> Vec<f64> {
    let columns: Vec<&[f64]> = table
        .columns
        .iter()
        .filter_map(|column| match &column.cells {
            veridic::data::Cells::Number(values) => Some(values.as_slice()),
            veridic::data::Cells::Text { .. } => None,
        })
        .collect();
    (0..table.n_rows).flat_map(|row| columns.iter().map(move |column| column[row])).collect()
}
