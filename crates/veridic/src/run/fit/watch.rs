//! What an adversarial network makes, measured and drawn while it is trained and at its end.

use std::path::Path;

use veridic_graph::Pool;

use crate::data::{Data, Matrix};
use crate::error::{ConfigError, Result, RunError};
use crate::evaluate::rank_correlation;
use crate::figure::{self, Figure, Pixels};
use crate::models::Network;
use crate::run::config::Config;
use crate::run::dataset::Dataset;
use crate::run::directory::Directory;
use crate::run::fit::snapshot::Snapshot;
use crate::run::report::quality::Quality;
use crate::run::report::told;
use crate::seed::Seed;
use crate::train::{Event, Learner, Measured, Progress};

/// Rows whose distances tell how different rows are.
const COMPARED: usize = 512;

/// Made rows this much more alike than real ones are a collapse.
const COLLAPSED: f64 = 0.1;

/// Made rows of which this share lies at modes, and those are this share of all at most, have collapsed onto them.
const NEAR: f64 = 0.3;
const FEW_MODES: f64 = 0.5;
/// Modes are found one after the other: before so many steps few say nothing.
const FINDING: u64 = 500;

/// A discriminator that tells this share of both kinds has won.
const WON: f64 = 0.99;

/// How far made rows lie apart, as a share of how far real ones do.
const DIVERSITY: &str = "sample.diversity";

/// Gradients longer than this are a sign of divergence.
const STEEP: f64 = 100.0;

/// Watches a network that makes rows.
pub(crate) struct Watch<'a> {
    config: &'a Config,
    data: &'a Dataset,
    /// Where pictures go.
    directory: Option<&'a Directory>,
    snapshot: Snapshot<'a>,
    quality: Quality<'a>,
    /// The distance of real rows from each other.
    real_spread: f64,
    /// The troubles of the epoch before, which are not told again.
    said: Vec<&'static str>,
}

impl<'a> Watch<'a> {
    pub(crate) fn new(
        config: &'a Config,
        data: &'a Dataset,
        directory: Option<&'a Directory>,
        pool: &mut Pool,
    ) -> Result<Self> {
        let rows: Vec<Vec<f32>> =
            data.split.train.iter().take(2 * COMPARED).map(|&row| data.rows().row(row)).collect();
        let real = Matrix { n_rows: rows.len(), n_cols: data.layout.width(), values: rows.concat() };
        let quality = Quality::new(config, data, &data.split.train, config.evaluate.made_rows, pool)?;
        // Of a run that goes on.
        let events = directory.map(Directory::events).unwrap_or_default();
        let before = events.iter().rev().find_map(|event| match event {
            Event::Epoch { step, losses, .. } => {
                Some(troubles(|name| losses.get(name).copied(), *step, modes(config)))
            }
            _ => None,
        });
        let said = before.into_iter().flatten().map(|(kind, _)| kind).collect();
        Ok(Self {
            config,
            data,
            directory,
            snapshot: Snapshot { config, data },
            quality,
            real_spread: spread(&real),
            said,
        })
    }

    /// The figures at the end of an epoch, with its picture in `samples/`.
    pub(crate) fn measure(
        &mut self,
        network: &mut Network,
        pool: &mut Pool,
        progress: &Progress,
    ) -> Result<Measured> {
        let mut figures = self.quality.figures(network, pool, "watch", self.config.evaluate.made_rows)?;
        let z = network.points(Seed(self.config.seed), "watch", 2 * COMPARED);
        let diversity = spread(&network.decode(pool, &z)?) / self.real_spread;
        // Of rows that are all the same it says nothing.
        if self.real_spread > 0.0 {
            figures.insert(DIVERSITY.to_string(), diversity);
        }
        figures.extend(told::figures(
            self.config,
            self.data,
            (network, pool),
            ("valid", &self.data.split.valid),
        )?);
        let every = self.config.evaluate.picture_every;
        if every > 0 && (progress.epoch.is_multiple_of(every) || progress.epoch == self.config.train.epochs) {
            self.picture(network, pool, progress)?;
        }
        let mean = |name: &str| {
            let at = network.parts().iter().position(|part| Some(*part) == name.strip_prefix("train."))?;
            Some(progress.sums[at] / progress.rows.max(1) as f64)
        };
        let figure = |name: &str| figures.get(name).copied().or_else(|| mean(name));
        let troubles = troubles(figure, progress.step, modes(self.config));
        let before = std::mem::replace(&mut self.said, troubles.iter().map(|(kind, _)| *kind).collect());
        let new = troubles.into_iter().filter(|(kind, _)| !before.contains(kind));
        Ok(Measured { figures, notices: new.map(|(_, text)| text).collect() })
    }

    /// The picture before training, and that of real rows.
    pub(crate) fn begin(&self, network: &mut Network, pool: &mut Pool) -> Result<()> {
        let Some(directory) = self.directory.filter(|_| self.config.evaluate.picture_every > 0) else {
            return Ok(());
        };
        self.picture(network, pool, &Progress::default())?;
        if let Data::Images(images) = &self.data.content {
            let width = self.data.layout.width();
            let side = self.snapshot.side();
            let rows = self.data.split.train.iter().take(side * side);
            let pixels: Vec<u8> =
                rows.flat_map(|&row| &images.pixels[row * width..(row + 1) * width]).copied().collect();
            let grid = self.snapshot.grid(images, "Training images", Pixels::Bytes(&pixels))?;
            directory.write("samples/real.png", &grid.png()?)?;
        }
        Ok(())
    }

    fn picture(&self, network: &mut Network, pool: &mut Pool, progress: &Progress) -> Result<()> {
        let Some(directory) = self.directory else { return Ok(()) };
        let title = format!("Step {}", progress.step);
        let figure = self.snapshot.drawn(network, pool, &title)?;
        let Some(figure) = figure else { return Ok(()) };
        directory.folder("samples")?;
        directory.write(&format!("samples/step-{:08}.png", progress.step), &figure.png()?)
    }
}

/// The modes that there are to be found, where the data is a mixture.
fn modes(config: &Config) -> Option<usize> {
    config.data.mixture.map(|mixture| mixture.centers().len())
}

/// What is wrong with the game at the end of an epoch, by kind; `figure` gives what was measured, by name, and `modes` is how
/// many there are to be found.
fn troubles(
    figure: impl Fn(&str) -> Option<f64>,
    step: u64,
    modes: Option<usize>,
) -> Vec<(&'static str, String)> {
    let mut troubles = Vec::new();
    if let (Some(found), Some(near), Some(of)) =
        (figure("sample.modes"), figure("sample.high_quality"), modes.filter(|of| *of > 1))
        && step >= FINDING
        && near > NEAR
        && found <= FEW_MODES * of as f64
    {
        let text = format!(
            "collapse at step {step}: made rows lie at {found} of {of} modes, and {:.0} % of them at one; hint: \
             `model.gan.packing = 2`, `minibatch` or `diversity` keep them apart, a `penalty` keeps the discriminator from \
             driving them about",
            near * 100.0
        );
        troubles.push(("modes", text));
    }
    if let Some(diversity) = figure(DIVERSITY).filter(|&diversity| diversity < COLLAPSED) {
        let text = format!(
            "collapse at step {step}: made rows differ {:.1} % as much as real ones; hint: `model.gan.packing = 2`, \
             `minibatch` or `diversity` keep them apart",
            diversity * 100.0
        );
        troubles.push(("collapse", text));
    }
    if let (Some(real), Some(made)) = (figure("train.real"), figure("train.made"))
        && real > WON
        && made > WON
    {
        let text = format!(
            "the discriminator has won by step {step}: it tells {:.1} % of real and {:.1} % of made rows; hint: soft \
             `labels.real`, `input-noise`, or a lower rate in `discriminator-optimizer`",
            real * 100.0,
            made * 100.0
        );
        troubles.push(("won", text));
    }
    let gradients = [
        ("discriminator-gradient", "train.discriminator-gradient"),
        ("generator-gradient", "train.generator-gradient"),
    ];
    for (kind, name) in gradients {
        if let Some(norm) = figure(name).filter(|&norm| norm > STEEP) {
            let norm = if norm < 1e6 { format!("{norm:.0}") } else { format!("{norm:.1e}") };
            let text = format!(
                "the {kind} has a mean norm of {norm} by step {step}, a sign of divergence; hint: a lower rate, \
                 `train.clip-norm`, or a `penalty`"
            );
            troubles.push((kind, text));
        }
    }
    troubles
}

/// Refuses an `evaluate.best-by` that these rows have no figure for.
///
/// # Errors
/// [`ConfigError::Conflict`].
pub(crate) fn check(config: &Config, data: &Dataset, network: &mut Network, pool: &mut Pool) -> Result<()> {
    const FEW: usize = 64;
    let Some(name) = &config.evaluate.best_by else { return Ok(()) };
    let mut quality = Quality::new(config, data, &data.split.train, FEW, pool)?;
    let mut known: Vec<String> = quality.figures(network, pool, "watch", FEW)?.into_keys().collect();
    known.push(DIVERSITY.to_string());
    known.extend(told::figures(config, data, (network, pool), ("valid", &data.split.valid))?.into_keys());
    if known.contains(name) {
        return Ok(());
    }
    let what = format!("`evaluate.best-by` is `{name}`, and nothing of the kind is measured of these rows");
    let remedy = format!("choose among {}", known.join(", "));
    Err(ConfigError::Conflict { what, remedy }.into())
}

/// Losses, accuracies and gradients of both networks by epoch, as panels below each other.
pub(crate) fn game_curves(events: &[Event]) -> Result<Figure> {
    let of = |name: &str| -> Vec<f64> {
        let epochs = events.iter().filter_map(|event| match event {
            Event::Epoch { losses, .. } => {
                Some(losses.get(&format!("train.{name}")).copied().unwrap_or(f64::NAN))
            }
            _ => None,
        });
        epochs.collect()
    };
    let panel = |title: &str, y_label: &str, names: [(&str, &str); 2], log: bool| -> Result<Figure> {
        let values = names.map(|(part, _)| of(part));
        let series: Vec<figure::Series<'_>> =
            names.iter().zip(&values).map(|((_, name), values)| figure::Series { name, values }).collect();
        Ok(figure::loss_curves(&figure::LossCurves { title, y_label, series: &series, log, best: None })?)
    };
    let networks = [("generator", "generator"), ("discriminator", "discriminator")];
    let kinds = [("real", "real rows"), ("made", "made rows")];
    let gradients = [("generator-gradient", "generator"), ("discriminator-gradient", "discriminator")];
    let rows = vec![
        vec![panel("Losses", "mean loss of a row", networks, false)?],
        vec![panel("Rows the discriminator tells", "share", kinds, false)?],
        vec![panel("Norms of gradients", "norm", gradients, true)?],
    ];
    let numbers = rows.iter().flatten().map(Figure::csv).collect::<Vec<_>>().join("\n");
    Ok(figure::sheet(&figure::Sheet { title: "The game by epoch", rows: &rows, numbers: &numbers })?)
}

/// The rank correlation over epochs between what the critic says of how far made rows are from real ones (minus its loss)
/// and the distance by the judge's features, -1 to 1: near 1 where its loss falls as quality rises. Nothing for fewer than
/// three epochs with both.
pub(crate) fn quality_correlation(events: &[Event]) -> Option<f64> {
    let pairs: Vec<(f64, f64)> = events
        .iter()
        .filter_map(|event| match event {
            Event::Epoch { losses, .. } => {
                Some((-losses.get("train.discriminator")?, *losses.get("sample.frechet")?))
            }
            _ => None,
        })
        .collect();
    let (apart, distances): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    (apart.len() >= 3).then(|| rank_correlation(&apart, &distances))
}

/// The pictures that a run made during training as a film, an animated PNG with so many milliseconds a picture, 1 to 60000.
///
/// # Errors
/// What is no run, and [`RunError::Cannot`] for a run without pictures.
pub fn film(run: &Path, milliseconds: u16) -> Result<Vec<u8>> {
    let directory = Directory::open(run)?;
    let config = directory.config()?;
    pictured(&directory, milliseconds)?.ok_or_else(|| {
        RunError::Cannot {
            model: config.model.noun().to_string(),
            verb: "be filmed without pictures of its training".to_string(),
            remedy: "fit an adversarial network with `evaluate.picture-every` above 0".to_string(),
        }
        .into()
    })
}

/// The pictures of `samples/` as a film, if there are any.
pub(crate) fn pictured(directory: &Directory, milliseconds: u16) -> Result<Option<Vec<u8>>> {
    let folder = directory.file("samples");
    let Ok(entries) = std::fs::read_dir(&folder) else { return Ok(None) };
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_string_lossy().into_owned()))
        .filter(|name| name.starts_with("step-") && name.ends_with(".png"))
        .collect();
    names.sort();
    let pictures =
        names.iter().map(|name| directory.read(&format!("samples/{name}"))).collect::<Result<Vec<_>>>()?;
    if pictures.is_empty() {
        return Ok(None);
    }
    let film = figure::film(&pictures, milliseconds);
    Ok(Some(film.map_err(|error| directory.damaged("samples", &format!("a picture in it: {error}")))?))
}

/// The mean distance between rows and the next ones.
fn spread(rows: &Matrix) -> f64 {
    let pairs = rows.n_rows / 2;
    let distance = |i: usize| -> f64 {
        let (a, b) = (rows.row(2 * i), rows.row(2 * i + 1));
        a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>().sqrt()
    };
    (0..pairs).map(distance).sum::<f64>() / pairs.max(1) as f64
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn epoch((loss, distance): (f64, f64)) -> Event {
        let losses = [("train.discriminator", loss), ("sample.frechet", distance)];
        let losses: BTreeMap<String, f64> = losses.map(|(name, value)| (name.to_string(), value)).into();
        Event::Epoch { epoch: 1, step: 1, seconds: 0.0, losses }
    }

    #[test]
    fn a_critic_whose_loss_rises_to_zero_while_samples_get_closer_correlates() {
        // The critic minimizes made - real, so that a loss of -8 says that rows are far apart.
        let falling = [(-8.0, 90.0), (-4.0, 40.0), (-2.0, 10.0), (-1.0, 9.0)].map(epoch);
        assert_eq!(quality_correlation(&falling), Some(1.0));
        let rising = [(-1.0, 90.0), (-2.0, 40.0), (-4.0, 10.0)].map(epoch);
        assert_eq!(quality_correlation(&rising), Some(-1.0));
        // One pair of neighbors out of order: 1 - 6 (1 + 1) / (4 (16 - 1)).
        let mixed = [(-8.0, 90.0), (-4.0, 40.0), (-2.0, 9.0), (-1.0, 10.0)].map(epoch);
        assert!((quality_correlation(&mixed).unwrap() - 0.8).abs() < 1e-12);
        assert_eq!(quality_correlation(&mixed[..2]), None);
    }

    fn found(figures: &[(&str, f64)], step: u64, modes: Option<usize>) -> Vec<&'static str> {
        let figure = |name: &str| figures.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
        troubles(figure, step, modes).into_iter().map(|(kind, _)| kind).collect()
    }

    #[test]
    fn a_game_that_goes_wrong_is_told_from_one_that_does_not() {
        let good = [("sample.diversity", 1.0), ("sample.modes", 8.0), ("sample.high_quality", 0.9)];
        assert!(found(&good, 5000, Some(8)).is_empty());
        let few = [("sample.diversity", 0.6), ("sample.modes", 3.0), ("sample.high_quality", 0.9)];
        assert_eq!(found(&few, 5000, Some(8)), ["modes"]);
        // At first modes are found one after the other; without modes there are none to be missed.
        assert!(found(&few, 100, Some(8)).is_empty() && found(&few, 5000, None).is_empty());
        // Rows that lie nowhere have not collapsed onto anything.
        let nowhere = [("sample.modes", 0.0), ("sample.high_quality", 0.0), ("sample.diversity", 0.01)];
        assert_eq!(found(&nowhere, 5000, Some(8)), ["collapse"]);
        let won = [("train.real", 0.999), ("train.made", 1.0), ("train.generator-gradient", 1e3)];
        assert_eq!(found(&won, 5000, None), ["won", "generator-gradient"]);
    }
}
