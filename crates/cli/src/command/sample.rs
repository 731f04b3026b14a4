//! `veridic sample`.

use std::path::PathBuf;

use clap::Args;
use veridic::data;
use veridic::models::Ability;
use veridic::run::Fitted;

use super::{OwnSeed, Threads, pair};
use crate::error::CliError;
use crate::output::{Output, check_figure};
use crate::quantity::count;
use crate::ui::Ui;

/// Make new rows or images like those of a run
///
/// Without -o, rows go to standard output as CSV; images need -o: FILE.png for one picture of
/// all of them, FILE.csv for one row of pixels an image.
///
/// --given is on columns of a table: COLUMN=VALUE, and of runs that were fitted without a recipe also
/// COLUMN=FROM..TO, COLUMN={VALUE,VALUE} and COLUMN=missing, several at once; how much the answer rests
/// on is said. Of adversarial networks it is also on what rows are made from: label (conditional), set
/// (coupled), and with model.gan.info category=N from 1 and code1=X, code2=X, …, which training drew
/// from -1 to 1.
///
/// Of windows of series (data.series.window) paths are made, in long form, told apart by a column
/// `path`; what is relative, such as returns, starts after 1.
///
/// Of series (runs of model=window-copula or candle-copula) N paths are made, --length points each,
/// in the form of the data and told apart by a column `path`; --after has them go on from the end of
/// the series in DATA. --figure draws them as a fan.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Sample {
    /// The run directory
    run: PathBuf,
    /// How many
    #[arg(short = 'n', value_name = "N", required_unless_present = "like", value_parser = clap::value_parser!(u32).range(1..))]
    n: Option<u32>,
    /// Only such rows: COLUMN is VALUE in all of them (may be repeated)
    #[arg(long, value_name = "COLUMN=VALUE", value_parser = pair)]
    given: Vec<(String, String)>,
    /// Make each value of A as frequent as the others, or each combination of values of several
    #[arg(long, value_name = "A,B", value_delimiter = ',', conflicts_with_all = ["given", "like"])]
    balance: Vec<String>,
    /// Take the columns that FILE has from it, row by row, and make the others; of windows of series paths like those in
    /// FILE, as many as it has windows, or -n, behind the real ones
    #[arg(long, value_name = "FILE", conflicts_with = "given")]
    like: Option<PathBuf>,
    /// Points of each path of series [default: those of a window]
    #[arg(long, value_name = "L", value_parser = clap::value_parser!(u32).range(1..))]
    length: Option<u32>,
    /// Paths of series that go on from the end of those in DATA
    #[arg(long, value_name = "DATA", conflicts_with_all = ["given", "balance", "like"])]
    after: Option<PathBuf>,
    /// Draw the paths of series as FILE, png or svg, with its numbers beside it as CSV
    #[arg(long, value_name = "FILE")]
    figure: Option<PathBuf>,
    #[command(flatten)]
    seed: OwnSeed,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    threads: Threads,
}

impl Sample {
    pub(super) fn run(mut self, ui: &Ui) -> Result<(), CliError> {
        self.output.check(&self.run, None)?;
        let mut run = Fitted::open(&self.run, self.threads.get())?;
        let seed = self.seed.of(&run);
        let n = self.n.unwrap_or(1) as usize;
        let mut provenance = run.provenance("sampled", seed)?;
        provenance.given = self.given.iter().map(|(column, value)| format!("{column}={value}")).collect();
        self.output = self.output.made_by(provenance, run.text_layout());
        let is_of_paths = self.length.is_some() || self.after.is_some() || self.figure.is_some();
        if is_of_paths || run.can(Ability::Continue) && self.given.is_empty() {
            return self.paths(ui, &run, (n, seed));
        }
        let balance: Vec<&str> = self.balance.iter().map(String::as_str).collect();
        let sampled = match (balance.as_slice(), &self.like) {
            ([_, ..], _) => run.sample_balanced(n, &balance, seed)?,
            ([], Some(_)) if self.n.is_some() && run.table_model().is_some() => {
                return Err(CliError::LikeHasRows);
            }
            ([], Some(file)) => {
                let (sampled, notes) = run.sample_like(file, self.n.map(|n| n as usize), seed)?;
                notes.iter().for_each(|note| ui.note(note));
                sampled
            }
            ([], None) if run.table_model().is_some() && run.can(Ability::Likelihood) => {
                let (sampled, effective) = run.sample_given(n, &self.given, seed)?;
                if let Some(effective) = effective {
                    ui.note(&format!(
                        "the rows were kept from draws that count as {} independent ones",
                        count(effective.round() as u64)
                    ));
                }
                sampled
            }
            ([], None) => run.sample(n, &self.given, seed)?,
        };
        self.output.sampled(ui, &sampled)
    }

    fn paths(&self, ui: &Ui, run: &Fitted, (n, seed): (usize, u64)) -> Result<(), CliError> {
        if let Some(figure) = &self.figure {
            check_figure(figure, &self.run, self.after.as_deref())?;
        }
        let length = self.length.map(|length| length as usize);
        let paths = match &self.after {
            Some(past) => run.paths_after(past, n, length, seed)?,
            None => run.paths(n, length, seed)?,
        };
        for note in &paths.notes {
            ui.note(note);
        }
        if let Some(path) = &self.figure {
            let figure = paths.figure()?;
            figure.write(path).map_err(veridic::Error::from)?;
            if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("png")) {
                let png = figure.png().map_err(veridic::Error::from)?;
                data::write_made_picture(&png, path, &run.provenance("sampled", seed)?)
                    .map_err(veridic::Error::from)?;
            }
            ui.say(&format!("drew {}", path.display()));
        }
        let (table, schema) = paths.table();
        self.output.table(ui, &table, &schema)
    }
}
