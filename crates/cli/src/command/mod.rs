//! The commands, one a file. A command's doc comment is its help.

mod alarms;
mod check;
mod classify;
mod compare;
mod data;
mod demo;
mod encode;
mod evaluate;
mod fill;
mod film;
mod fit;
mod label;
mod latent;
mod likelihood;
mod map;
mod meaning;
mod predict;
mod recipes;
mod reconstruct;
mod sample;
mod score;
mod show;
mod simulate;
mod studio;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};
use veridic::run::Fitted;

use crate::error::CliError;
use crate::ui::Ui;

/// Learns what data is like, makes more of it, and says what does not belong in it
///
/// Data goes to standard output, everything else to standard error.
/// Exit codes: 0 success, 1 the input, 2 usage, 70 a bug, 130 stopped by Ctrl-C.
#[derive(Debug, Parser)]
#[command(name = "veridic", version, arg_required_else_help = true, verbatim_doc_comment)]
pub(crate) struct Arguments {
    /// What to do
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Say nothing but errors on standard error
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Demo(demo::Demo),
    Fit(fit::Fit),
    Sample(sample::Sample),
    Score(score::Score),
    Alarms(alarms::Alarms),
    Encode(encode::Encode),
    Reconstruct(reconstruct::Reconstruct),
    Fill(fill::Fill),
    Predict(predict::Predict),
    Classify(classify::Classify),
    Likelihood(likelihood::Likelihood),
    Map(map::Map),
    Latent(latent::Latent),
    Compare(compare::Compare),
    Evaluate(evaluate::Evaluate),
    Check(check::Check),
    Film(film::Film),
    Label(label::Label),
    Studio(studio::Studio),
    Show(show::Show),
    Recipes(recipes::Recipes),
    Data(data::Data),
}

/// How a command ended that did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// It did what was asked.
    Done,
    /// The user stopped it.
    Stopped,
}

/// Runs a command.
pub(crate) fn run(command: Command, ui: &Ui) -> Result<Finish, CliError> {
    match command {
        Command::Demo(demo) => return demo.run(ui),
        Command::Fit(fit) => return fit.run(ui),
        Command::Map(map) => return map.run(ui),
        Command::Label(label) => return label.run(ui),
        Command::Studio(studio) => return studio.run(ui),
        Command::Sample(sample) => sample.run(ui)?,
        Command::Score(score) => score.run(ui)?,
        Command::Alarms(alarms) => alarms.run(ui)?,
        Command::Encode(encode) => encode.run(ui)?,
        Command::Reconstruct(reconstruct) => reconstruct.run(ui)?,
        Command::Fill(fill) => fill.run(ui)?,
        Command::Predict(predict) => predict.run(ui)?,
        Command::Classify(classify) => classify.run(ui)?,
        Command::Likelihood(likelihood) => likelihood.run(ui)?,
        Command::Latent(latent) => latent.run(ui)?,
        Command::Compare(compare) => compare.run(ui)?,
        Command::Evaluate(evaluate) => evaluate.run(ui)?,
        Command::Check(check) => check.run(ui)?,
        Command::Film(film) => film.run(ui)?,
        Command::Show(show) => show.run(ui)?,
        Command::Recipes(recipes) => recipes.run(ui)?,
        Command::Data(data) => data.run(ui)?,
    }
    Ok(Finish::Done)
}

/// How many threads to use.
#[derive(Debug, Args)]
struct Threads {
    /// Use N threads; results do not depend on it [default: all processors]
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
}

impl Threads {
    fn get(&self) -> usize {
        let all = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.threads.map_or_else(all, NonZeroUsize::get)
    }
}

/// Where the random numbers of a use of a run come from.
#[derive(Debug, Clone, Args)]
struct OwnSeed {
    /// Draw random numbers from this seed [default: the run's own]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
}

impl OwnSeed {
    fn of(&self, run: &Fitted) -> u64 {
        self.seed.unwrap_or(run.config().seed)
    }
}

/// Where data sets lie.
#[derive(Debug, Args)]
struct DataDir {
    /// Look for data sets below DIR [default: the environment's VERIDIC_DATA, else ./data]
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
}

impl DataDir {
    fn get(&self) -> PathBuf {
        let from_environment = || std::env::var_os("VERIDIC_DATA").filter(|dir| !dir.is_empty());
        let default = || from_environment().map_or_else(|| PathBuf::from("data"), PathBuf::from);
        self.data_dir.clone().unwrap_or_else(default)
    }
}

/// `NAME=VALUE`, cut at the first `=`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some(("", _)) => Err("there is nothing before the `=`".to_owned()),
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err("there is no `=` in it".to_owned()),
    }
}

/// A number that others can be compared with.
fn finite(text: &str) -> Result<f64, String> {
    match text.trim().parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value),
        _ => Err("it is no number".to_owned()),
    }
}

/// A part of the rows.
fn share(text: &str) -> Result<f64, String> {
    match finite(text)? {
        share if share > 0.0 && share < 1.0 => Ok(share),
        _ => Err("a share is above 0 and below 1".to_owned()),
    }
}

/// The first of `runs/<stem>-1`, `runs/<stem>-2`, … that is not there.
fn free_run(stem: &str) -> PathBuf {
    let runs = Path::new("runs");
    let mut number = 1_u32;
    loop {
        let path = runs.join(format!("{stem}-{number}"));
        // Also what cannot be looked at is taken.
        if path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound) {
            return path;
        }
        number += 1;
    }
}

/// `path` as it can be pasted into a shell.
pub(crate) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,:@%=".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        text
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_pair_is_cut_at_the_first_equals_sign() {
        assert_eq!(pair("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        assert!(pair("a").is_err() && pair("=a").is_err());
    }

    #[test]
    fn paths_are_quoted_only_where_a_shell_would_cut_them() {
        let texts = ["runs/a-1", "my runs/a", "it's"].map(|path| quoted(Path::new(path)));
        assert_eq!(texts, ["runs/a-1", "'my runs/a'", r"'it'\''s'"]);
    }
}
