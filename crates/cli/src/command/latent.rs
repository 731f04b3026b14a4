//! `veridic latent`.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use veridic::latent::{self, Path as Way};
use veridic::run::{Fitted, Group, Walk, Walked};

use super::{DataDir, OwnSeed, Threads, finite, pair};
use crate::error::CliError;
use crate::output::Output;
use crate::quantity::count;
use crate::ui::Ui;

/// Walk through the latent space of a run: grids, paths, concepts, draws
///
/// Rows are counted from 1, in DATA or, without it, among the run's test rows. Of images, -o
/// FILE.png (or svg) makes one picture and FILE.csv one row of pixels a point; of tables there are
/// rows in original units, behind columns that say which point each is.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Latent {
    #[command(subcommand)]
    tool: Tool,
}

/// What all tools take.
#[derive(Debug, Args)]
struct Common {
    /// The run directory
    run: PathBuf,
    /// The rows to choose from, with the columns that the run was fitted on [default: the run's test rows]
    data: Option<PathBuf>,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    data_dir: DataDir,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Subcommand)]
enum Tool {
    #[command(flatten)]
    Walk(Box<WalkTool>),
    /// Say how the noise of a generator clusters by the class of what is made of it
    ///
    /// The class is of digits what a frozen classifier reads, of recipes like `ring-gan` the nearest
    /// center, of other tables what they have in --by. Printed are the purity of k-means clusters, the
    /// share of nearest neighbors of one class and what a linear rule gets right, each beside chance. -o
    /// FILE.png (or svg) draws the noise, FILE.csv writes it with class and cluster.
    #[command(verbatim_doc_comment)]
    Clusters(Box<Clusters>),
    /// Find the noise of which a generator makes a row or image, as nearly as it can
    ///
    /// The search is for the least squares from the best of 512 draws; how far off it stays says what
    /// the generator cannot make. -o FILE.png (or svg) draws an image beside what is made, FILE.csv
    /// writes the noise.
    #[command(verbatim_doc_comment)]
    Invert(Box<Invert>),
}

/// Which row to look for.
#[derive(Debug, Args)]
struct Invert {
    #[command(flatten)]
    common: Common,
    /// The row
    #[arg(long, value_name = "ROW", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    row: u32,
    #[command(flatten)]
    seed: OwnSeed,
}

/// How to look at the noise of a generator.
#[derive(Debug, Args)]
struct Clusters {
    /// The run directory
    run: PathBuf,
    /// Points of noise
    #[arg(short = 'n', value_name = "N", default_value_t = 5000, value_parser = clap::value_parser!(u32).range(100..=50_000))]
    n: u32,
    /// The column of what is made that is its class
    #[arg(long, value_name = "COLUMN")]
    by: Option<String>,
    #[command(flatten)]
    seed: OwnSeed,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

#[derive(Debug, Subcommand)]
enum WalkTool {
    /// Decode a grid over two latent dimensions
    ///
    /// Its places have equal steps of probability, from 5 % to 95 % of the prior, so that all cells
    /// stand for equally many samples; with --range they have equal distances. An autoencoder has no
    /// prior: its grid follows the mean and standard deviation of the rows' codes.
    #[command(verbatim_doc_comment)]
    Grid {
        #[command(flatten)]
        common: Common,
        /// The dimension to the right and the one upwards [default: 1,2]
        #[arg(long, value_name = "I,J", value_parser = different)]
        dims: Option<[usize; 2]>,
        /// Points along each side
        #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u16).range(2..=100))]
        side: u16,
        /// Reach from LOW to HIGH at equal steps
        #[arg(long, value_name = "LOW,HIGH", value_parser = rising, allow_hyphen_values = true)]
        range: Option<[f64; 2]>,
        /// Keep the other dimensions of this row [default: the middle of the prior]
        #[arg(long, value_name = "ROW")]
        row: Option<usize>,
    },
    /// Walk along one latent dimension after the other
    ///
    /// From its mean minus to its mean plus 3 standard deviations of the rows' encodings.
    #[command(verbatim_doc_comment)]
    Walk {
        #[command(flatten)]
        common: Common,
        /// The dimensions to walk along [default: all]
        #[arg(long, value_name = "I,…", value_delimiter = ',')]
        dims: Vec<usize>,
        /// Start from this row [default: the mean of all rows]
        #[arg(long, value_name = "ROW")]
        row: Option<usize>,
        /// Points along each dimension
        #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u16).range(2..=1000))]
        steps: u16,
        /// Standard deviations to each side
        #[arg(long, value_name = "SD", default_value_t = 3.0, value_parser = positive, allow_hyphen_values = true)]
        reach: f64,
    },
    /// Go from one row to another
    Between {
        #[command(flatten)]
        common: Common,
        /// The row to start from
        #[arg(long, value_name = "ROW")]
        from: usize,
        /// The row to end at
        #[arg(long, value_name = "ROW")]
        to: usize,
        /// Points along the path, both ends included
        #[arg(long, value_name = "N", default_value_t = 11, value_parser = clap::value_parser!(u16).range(2..=1000))]
        steps: u16,
        /// Along the arc around the middle of the prior instead of straight
        #[arg(long)]
        spherical: bool,
    },
    /// Give rows more or less of what tells two groups apart
    ///
    /// The concept is the difference between the mean encodings of two groups of rows; a strength of
    /// 1 moves a row as far as the groups lie apart, a negative one the other way.
    #[command(verbatim_doc_comment)]
    Concept {
        #[command(flatten)]
        common: Common,
        /// The group that has it: rows with VALUE in COLUMN (for images label=VALUE)
        #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair, required_unless_present = "of_rows", conflicts_with = "of_rows")]
        of: Option<(String, String)>,
        /// The group that has it, row by row
        #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
        of_rows: Vec<usize>,
        /// The group that lacks it
        #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair, required_unless_present = "against_rows", conflicts_with = "against_rows")]
        against: Option<(String, String)>,
        /// The group that lacks it, row by row
        #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
        against_rows: Vec<usize>,
        /// The rows to change [default: the mean of the group that lacks it]
        #[arg(long, value_name = "ROW,…", value_delimiter = ',')]
        rows: Vec<usize>,
        /// One or more strengths
        #[arg(long, value_name = "S,…", value_delimiter = ',', allow_hyphen_values = true, value_parser = finite, conflicts_with = "strengths")]
        strength: Vec<f64>,
        /// So many strengths from LOW to HIGH [default: -1,1,9]
        #[arg(long, value_name = "LOW,HIGH,N", allow_hyphen_values = true, value_parser = range_of)]
        strengths: Option<(f64, f64, usize)>,
    },
    /// Add to one row what another has and a third lacks: a - b + c
    Arithmetic {
        #[command(flatten)]
        common: Common,
        /// The row to begin with
        #[arg(short, value_name = "ROW")]
        a: usize,
        /// The row to take off
        #[arg(short, value_name = "ROW")]
        b: usize,
        /// The row to add
        #[arg(short, value_name = "ROW")]
        c: usize,
    },
    /// Draw from the posterior of one row, again and again
    Repeat {
        #[command(flatten)]
        common: Common,
        /// The row
        #[arg(long, value_name = "ROW")]
        row: usize,
        /// How many draws
        #[arg(short = 'n', value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u16).range(1..=10000))]
        n: u16,
        #[command(flatten)]
        seed: OwnSeed,
    },
}

impl Latent {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        match self.tool {
            Tool::Walk(tool) => tool.run(ui),
            Tool::Clusters(clusters) => clusters.run(ui),
            Tool::Invert(invert) => invert.run(ui),
        }
    }
}

impl Invert {
    fn run(self, ui: &Ui) -> Result<(), CliError> {
        let Self { common, row, seed } = self;
        common.output.check_with_pictures(&common.run, common.data.as_deref())?;
        let mut fitted = Fitted::open(&common.run, common.threads.get())?;
        let seed = seed.of(&fitted);
        let reading = match &common.data {
            Some(data) => fitted.read(data)?,
            None => {
                let own = fitted.own_rows(Path::new(&common.data_dir.get()), row as usize)?;
                fitted.own_reading(&own)?
            }
        };
        let found = fitted.invert(&reading, row as usize - 1, seed)?;
        let (first, steps) = (found.errors[0], found.errors.len() - 1);
        ui.say(&format!(
            "row {row} is made but for {:.4} (root mean square, in values as the network sees them) after {} steps; the best of 512 draws \
             is {first:.4} off, the mean of made rows {:.4}",
            found.error(),
            count(steps as u64),
            found.control
        ));
        common.output.made_by(fitted.provenance("latent", seed)?, fitted.text_layout()).inverted(ui, &found)
    }
}

impl Clusters {
    fn run(self, ui: &Ui) -> Result<(), CliError> {
        let Self { run, n, by, seed, output, threads } = self;
        output.check_with_pictures(&run, None)?;
        let mut fitted = Fitted::open(&run, threads.get())?;
        let seed = seed.of(&fitted);
        let found = fitted.noise_clusters(n as usize, by.as_deref(), seed)?;
        let classes: Vec<String> =
            found.classes.iter().map(|(class, n)| format!("{class} {}", count(*n as u64))).collect();
        ui.say(&format!("{} points of noise; classes: {}", count(u64::from(n)), classes.join(", ")));
        let figure = |name: String| found.report.get(&name).copied().unwrap_or(f64::NAN);
        for (name, what) in [
            ("purity", "of k-means clusters is their commonest class"),
            ("neighbors", "of the 10 nearest points have the class of a point"),
            ("probe", "of the classes of other points are told by a linear rule"),
        ] {
            let (value, chance) = (figure(format!("clusters.{name}")), figure(format!("chance.{name}")));
            ui.say(&format!("{name}: {value:.3} {what}; by chance {chance:.3}"));
        }
        output.made_by(fitted.provenance("latent", seed)?, fitted.text_layout()).clusters(ui, &found)
    }
}

impl WalkTool {
    fn run(&self, ui: &Ui) -> Result<(), CliError> {
        let common = self.common();
        common.output.check_with_pictures(&common.run, common.data.as_deref())?;
        let mut run = Fitted::open(&common.run, common.threads.get())?;
        let seed = self.seed(&run);
        let walk = self.walk(seed);
        let walked: Walked = run.walk(&walk, common.data.as_deref(), Path::new(&common.data_dir.get()))?;
        for note in &walked.notes {
            ui.note(note);
        }
        let provenance = run.provenance("latent", seed)?;
        common.output.clone().made_by(provenance, run.text_layout()).walked(ui, &walked)
    }
}

impl WalkTool {
    /// The seed of a tool that draws: the one that was asked for, or the run's.
    fn seed(&self, run: &Fitted) -> u64 {
        match self {
            Self::Repeat { seed, .. } => seed.of(run),
            _ => run.config().seed,
        }
    }

    fn common(&self) -> &Common {
        match self {
            Self::Grid { common, .. }
            | Self::Walk { common, .. }
            | Self::Between { common, .. }
            | Self::Concept { common, .. }
            | Self::Arithmetic { common, .. }
            | Self::Repeat { common, .. } => common,
        }
    }

    /// What the library is to do; what draws draws with this seed.
    fn walk(&self, seed: u64) -> Walk {
        match self {
            Self::Grid { dims, side, range, row, .. } => Walk::Grid {
                dimensions: dims.unwrap_or([1, 2]),
                side: usize::from(*side),
                range: *range,
                row: *row,
            },
            Self::Walk { dims, row, steps, reach, .. } => Walk::Dimension {
                dimensions: dims.clone(),
                steps: usize::from(*steps),
                reach: *reach,
                row: *row,
            },
            Self::Between { from, to, steps, spherical, .. } => Walk::Between {
                from: *from,
                to: *to,
                steps: usize::from(*steps),
                way: if *spherical { Way::Spherical } else { Way::Linear },
            },
            Self::Concept { of, of_rows, against, against_rows, rows, strength, strengths, .. } => {
                let strengths = match strengths {
                    _ if !strength.is_empty() => strength.clone(),
                    Some((low, high, n)) => latent::even_steps(*low, *high, *n),
                    None => latent::even_steps(-1.0, 1.0, 9),
                };
                Walk::Concept {
                    of: group(of.as_ref(), of_rows),
                    against: group(against.as_ref(), against_rows),
                    rows: rows.clone(),
                    strengths,
                }
            }
            Self::Arithmetic { a, b, c, .. } => Walk::Arithmetic { a: *a, b: *b, c: *c },
            Self::Repeat { row, n, .. } => Walk::Repeat { row: *row, n: usize::from(*n), seed },
        }
    }
}

fn group(value: Option<&(String, String)>, rows: &[usize]) -> Group {
    match value {
        Some((column, value)) => Group::Value { column: column.clone(), value: value.clone() },
        None => Group::Rows(rows.to_vec()),
    }
}

fn positive(text: &str) -> Result<f64, String> {
    finite(text).and_then(|value| if value > 0.0 { Ok(value) } else { Err("it is not above 0".to_owned()) })
}

/// Two values with a comma between them.
fn two<T: std::str::FromStr>(text: &str) -> Result<[T; 2], String> {
    let parts: Vec<T> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    let is_whole = text.split(',').count() == 2;
    <[T; 2]>::try_from(parts)
        .ok()
        .filter(|_| is_whole)
        .ok_or_else(|| "it is not two numbers with a comma".to_owned())
}

/// Two dimensions that span a plane.
fn different(text: &str) -> Result<[usize; 2], String> {
    match two(text)? {
        [a, b] if a == b => Err("a grid needs two different dimensions".to_owned()),
        [0, _] | [_, 0] => Err("dimensions are counted from 1".to_owned()),
        dims => Ok(dims),
    }
}

fn rising(text: &str) -> Result<[f64; 2], String> {
    let [low, high] = two(text)?;
    if low < high && f64::is_finite(high - low) {
        Ok([low, high])
    } else {
        Err("LOW must be below HIGH".to_owned())
    }
}

fn range_of(text: &str) -> Result<(f64, f64, usize), String> {
    let parts: Vec<&str> = text.split(',').collect();
    let [low, high, n] = parts.as_slice() else { return Err("it is not LOW,HIGH,N".to_owned()) };
    match n.trim().parse::<usize>() {
        Ok(n) if (1..=1000).contains(&n) => Ok((finite(low)?, finite(high)?, n)),
        _ => Err(format!("`{n}` is not a number from 1 to 1000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strengths_are_given_by_their_ends_and_number() {
        assert_eq!(range_of("-2,2,5"), Ok((-2.0, 2.0, 5)));
        assert_eq!(range_of("-2,2").unwrap_err(), "it is not LOW,HIGH,N");
        assert_eq!(range_of("0,1,0").unwrap_err(), "`0` is not a number from 1 to 1000");
        assert_eq!(range_of("0,inf,3").unwrap_err(), "it is no number");
        assert_eq!(two::<usize>("2,1"), Ok([2, 1]));
        assert!(
            two::<usize>("2,1,3").is_err() && two::<usize>("2,x").is_err() && two::<usize>("-1,2").is_err()
        );
        assert_eq!(
            (rising("-4,4"), rising("4,-4").is_err(), rising("0,nan").is_err()),
            (Ok([-4.0, 4.0]), true, true)
        );
        assert_eq!(different("2,1"), Ok([2, 1]));
        assert_eq!(different("1,1").unwrap_err(), "a grid needs two different dimensions");
        assert_eq!(different("0,1").unwrap_err(), "dimensions are counted from 1");
        assert_eq!(positive("-1").unwrap_err(), "it is not above 0");
    }
}
