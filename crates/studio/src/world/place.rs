//! Where rows lie that a network is to learn.

use serde::Deserialize;
use veridic::data::{Cells, Data, Gaussian, Grid, Mixture, Ring, Table};
use veridic::seed::{Seed, standard_normal};

use crate::{Result, StudioError};

/// Rows of a world without a mixture of its own.
const ROWS: usize = 8000;
/// Points that may be drawn by hand.
const MOST_DRAWN: usize = 2000;
/// How far drawn points are spread, in units of the drawing, which is 2 wide.
const PEN: f64 = 0.02;

/// The data of a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Place {
    /// Eight normal distributions on a circle.
    #[default]
    Ring,
    /// Twenty-five on a grid.
    Grid,
    /// Three of different widths.
    Blobs,
    /// A straight line with a little noise.
    Line,
    /// Two half circles that reach into each other.
    Moons,
    /// Points that were drawn by hand.
    Drawn,
    /// One normal distribution in one dimension, as in the books.
    Gaussian,
}

impl Place {
    /// The mixture that a configuration can name, where the world is one.
    pub(crate) fn mixture(self) -> Option<Mixture> {
        match self {
            Self::Ring => Some(Mixture::Ring(Ring { deviation: 0.05, rows: 10_000, ..Ring::default() })),
            Self::Grid => Some(Mixture::Grid(Grid { deviation: 0.15, rows: 20_000, ..Grid::default() })),
            Self::Gaussian => Some(Mixture::Gaussian(Gaussian::default())),
            Self::Blobs | Self::Line | Self::Moons | Self::Drawn => None,
        }
    }

    /// The rows of a world that no configuration can name; `drawn` within -1 and 1.
    ///
    /// # Errors
    /// Too few or too many drawn points, or some far away.
    pub(crate) fn rows(self, drawn: &[[f64; 2]], seed: u64) -> Result<Option<Data>> {
        let mut random = Seed(seed).stream("world");
        let mut normal = || standard_normal(&mut random);
        let even = |i: usize| (i as f64 + 0.5) / ROWS as f64;
        let point = |i: usize| -> [f64; 2] {
            match self {
                Self::Blobs => {
                    let [x, y, deviation] = [[-0.6, -0.5, 0.12], [0.6, -0.3, 0.2], [0.0, 0.65, 0.07]][i % 3];
                    [x + deviation * normal(), y + deviation * normal()]
                }
                Self::Line => {
                    let along = 2.0 * even(i) - 1.0;
                    [along + 0.02 * normal(), 0.6 * along + 0.02 * normal()]
                }
                Self::Moons => {
                    let angle = std::f64::consts::PI * even(i);
                    let (x, y) = if i.is_multiple_of(2) {
                        (angle.cos(), angle.sin())
                    } else {
                        (1.0 - angle.cos(), 0.5 - angle.sin())
                    };
                    [x + 0.05 * normal(), y + 0.05 * normal()]
                }
                Self::Drawn => {
                    let [x, y] = drawn[i % drawn.len()];
                    [x + PEN * normal(), y + PEN * normal()]
                }
                Self::Ring | Self::Grid | Self::Gaussian => [0.0; 2],
            }
        };
        if self.mixture().is_some() {
            return Ok(None);
        }
        if self == Self::Drawn {
            if !(10..=MOST_DRAWN).contains(&drawn.len()) {
                return Err(StudioError::Refused(format!(
                    "draw 10 to {MOST_DRAWN} points first; there are {}",
                    drawn.len()
                )));
            }
            if drawn.iter().flatten().any(|value| !(-2.0..=2.0).contains(value)) {
                return Err(StudioError::Refused("points are drawn within -1 and 1".into()));
            }
        }
        let points: Vec<[f64; 2]> = (0..ROWS).map(point).collect();
        let column = |j: usize| Cells::numbers(points.iter().map(move |point| point[j]));
        let table = Table::new([("x", column(0)), ("y", column(1))]).map_err(veridic::Error::from)?;
        Ok(Some(table.into()))
    }
}
