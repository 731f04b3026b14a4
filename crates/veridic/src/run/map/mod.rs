//! A map: the rows of a run or of a table of numbers in the plane, with what is known of each row and how far the map
//! can be trusted.

mod codes;
mod column;
mod config;
mod input;
mod latent;
mod output;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use crate::data::{MISSING, Matrix, Schema, Table, categories};
use crate::error::Result;
use crate::evaluate;
use crate::project::{self, NeighborMethod, Neighbors, Pca};
use crate::run::dataset::TableReading;
use crate::seed::Seed;

pub use config::{MapConfig, MapMethod};
use input::{Input, Pictures};
pub(crate) use latent::{LatentMap, latent_map, latent_scores};
pub use output::{MAP_ENDINGS, map_report_path};

/// Rows of the largest map whose page knows the neighbors of each row in the data.
const MOST_WITH_NEIGHBORS: usize = 100_000;

/// What to make a map of.
#[derive(Debug, Clone, PartialEq)]
pub struct MapOptions {
    /// The directory of a run, a table (CSV, Parquet, NPY, NPZ), or images (IDX).
    pub input: PathBuf,
    /// For a run, the rows to encode; by default its own test rows, or those of the next part that has rows.
    pub data: Option<PathBuf>,
    /// Where data sets that a run names are looked for.
    pub data_dir: PathBuf,
    /// The column that gives the color; by default the run's target, or the labels of images.
    pub color: Option<String>,
    /// Columns written beside the coordinates; by default the one that gives the color.
    pub columns: Option<Vec<String>>,
    /// The settings.
    pub config: MapConfig,
    /// How a table is read; a run knows how its data are.
    pub reading: TableReading,
    /// The seed of all random draws.
    pub seed: u64,
    /// Threads to use; they change no result.
    pub threads: usize,
}

/// What happens while a map is made.
#[derive(Debug, Clone, PartialEq)]
pub enum MapEvent {
    /// A part of the work begins.
    Stage(MapStage),
    /// The input is known.
    Input {
        /// Its rows.
        rows: usize,
        /// Its columns.
        columns: usize,
    },
    /// t-SNE has come so far.
    Step {
        /// Iterations done.
        iteration: usize,
        /// Iterations in all.
        of: usize,
        /// The divergence now, in nats.
        kl: f64,
    },
}

/// A part of the work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapStage {
    /// Reading, and for a run encoding.
    Read,
    /// Finding neighbors and placing rows.
    Place,
    /// Measuring how faithful the map is.
    Measure,
}

/// A finished map.
#[derive(Debug)]
pub struct Mapped {
    /// Columns `x` and `y`, then the columns asked for; rows in the order of the input.
    pub table: Table,
    /// What its columns are.
    pub schema: Schema,
    /// The figures of the map: `map.kl`, `map.neighbour_preservation`, …, `map.seconds`; those that apply.
    pub report: BTreeMap<String, f64>,
    /// What the user should know.
    pub notes: Vec<String>,
    /// Iterations done and asked for, if the map was stopped early.
    pub stopped: Option<[usize; 2]>,
    points: Vec<[f32; 2]>,
    known: Table,
    known_schema: Schema,
    rows: Option<Vec<u32>>,
    color: Option<String>,
    pictures: Option<Pictures>,
    neighbors: Option<Neighbors>,
    title: String,
    about: String,
    axes: [String; 2],
}

/// Makes a map. `stop` ends t-SNE at the next iteration with the map as it is then; `observe` is told what happens.
///
/// Of a run, the codes of its rows are mapped. Of a table, the columns of numbers, but neither the one that gives the
/// color nor identifiers; each is brought to mean 0 and standard deviation 1 unless the file is a NumPy array, which is
/// taken as it is ([`MapConfig::standardize`]). Of images, the pixels from 0 to 1. Columns that do not vary are left
/// out, and it is said so. Wide inputs are first reduced to [`MapConfig::pca`] principal components; the figures of the
/// report compare the map with the reduced rows.
///
/// # Errors
/// Files that cannot be read, columns that are not there, missing cells (all are named), nothing to map, settings out of
/// range; [`ProjectError::Stopped`](crate::error::ProjectError::Stopped) where `stop` is raised before there is a map.
pub fn map(options: &MapOptions, stop: &AtomicBool, observe: &mut dyn FnMut(&MapEvent)) -> Result<Mapped> {
    options.config.check()?;
    observe(&MapEvent::Stage(MapStage::Read));
    let input = input::read(options)?;
    observe(&MapEvent::Input { rows: input.matrix.n_rows, columns: input.matrix.n_cols });
    let seed = Seed(options.seed);
    let placed = place(&input.matrix, &options.config, seed, options.threads, stop, observe)?;
    observe(&MapEvent::Stage(MapStage::Measure));
    finish(input, placed, options)
}

/// Positions with what they were made of.
pub(crate) struct Placed {
    pub(crate) positions: Matrix,
    /// The rows that were placed, reduced if they were wide.
    pub(crate) rows: Matrix,
    pub(crate) report: BTreeMap<String, f64>,
    pub(crate) notes: Vec<String>,
    pub(crate) stopped: Option<[usize; 2]>,
}

/// Places rows in the plane.
pub(crate) fn place(
    matrix: &Matrix,
    config: &MapConfig,
    seed: Seed,
    threads: usize,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&MapEvent),
) -> Result<Placed> {
    let begun = Instant::now();
    observe(&MapEvent::Stage(MapStage::Place));
    let mut notes = Vec::new();
    let rows = if config.pca > 0 && matrix.n_cols > config.pca {
        notes.push(format!("{} columns were reduced to {} principal components", matrix.n_cols, config.pca));
        Pca::fit_randomized(matrix, config.pca, seed, threads)?.transform(matrix)?
    } else {
        matrix.clone()
    };
    let mut report = BTreeMap::new();
    let mut stopped = None;
    let positions = match config.method {
        MapMethod::Pca => two_components(&rows)?,
        MapMethod::Tsne => {
            let of = config.tsne.exaggeration_iterations + config.tsne.iterations;
            let mut watch = |progress: &project::TsneProgress<'_>| {
                let (iteration, of, kl) = (progress.iteration, progress.of, progress.kl);
                observe(&MapEvent::Step { iteration, of, kl });
                ControlFlow::Continue(())
            };
            let tsne = project::tsne(&rows, None, &config.tsne, seed, threads, stop, &mut watch)?;
            report.insert("map.kl".to_string(), tsne.kl);
            stopped = tsne.settings.stopped.then_some([tsne.settings.iterations, of]);
            notes.extend(tsne.notes);
            tsne.positions
        }
    };
    report.insert("map.seconds".to_string(), begun.elapsed().as_secs_f64());
    Ok(Placed { positions, rows, report, notes, stopped })
}

/// The first two principal components; a single column is the first, and the second is nothing.
fn two_components(rows: &Matrix) -> Result<Matrix> {
    let components = Pca::fit(rows, rows.n_cols.min(2))?.transform(rows)?;
    if components.n_cols == 2 {
        return Ok(components);
    }
    let values = components.values.iter().flat_map(|x| [*x, 0.0]).collect();
    Ok(Matrix { n_rows: rows.n_rows, n_cols: 2, values })
}

/// Measures the map and puts everything together.
fn finish(input: Input, placed: Placed, options: &MapOptions) -> Result<Mapped> {
    let Placed { positions, rows, mut report, notes, stopped } = placed;
    let labels = input.color.as_deref().and_then(|name| classes(&input.known, &input.schema, name));
    report.extend(evaluate::map_quality(&rows, &positions, labels.as_deref(), options.threads)?);
    let n = rows.n_rows;
    let k = options.config.neighbors.min(n.saturating_sub(1));
    let neighbors = (k > 0 && n <= MOST_WITH_NEIGHBORS)
        .then(|| project::neighbors(&rows, k, NeighborMethod::Auto, options.threads))
        .transpose()?;
    let points: Vec<[f32; 2]> = (0..n).map(|i| [positions.row(i)[0], positions.row(i)[1]]).collect();
    let wanted = options.columns.clone().unwrap_or_else(|| input.color.clone().into_iter().collect());
    let (table, schema) = output::coordinates(&points, &input.known, &input.schema, &wanted)?;
    let axes = match options.config.method {
        MapMethod::Tsne => ["t-SNE, first coordinate", "t-SNE, second coordinate"],
        MapMethod::Pca => ["first principal component", "second principal component"],
    };
    Ok(Mapped {
        table,
        schema,
        report,
        notes: input.notes.into_iter().chain(notes).collect(),
        stopped,
        points,
        known: input.known,
        known_schema: input.schema,
        rows: input.rows,
        color: input.color,
        pictures: input.pictures,
        neighbors,
        title: input.title,
        about: input.about,
        axes: axes.map(str::to_string),
    })
}

/// The class of each row by a column that tells classes, [`MISSING`] where it is not known.
pub(crate) fn classes(table: &Table, schema: &Schema, name: &str) -> Option<Vec<u32>> {
    let column = table.column(name)?;
    let (codes, levels) = categories(column, schema.column(name).map(|column| &column.kind))?;
    let is_known = |code: &u32| (*code as usize) < levels.len();
    Some(codes.into_iter().map(|code| if is_known(&code) { code } else { MISSING }).collect())
}
