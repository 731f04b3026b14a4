//! The pictures a recipe asks for, drawn from a fitted model and its test rows. That they can be drawn was asked before
//! training (`drawable`).

mod diagram;
mod image;
mod series;
pub(crate) mod table;

use std::path::PathBuf;

use veridic_graph::Pool;

use crate::data::{Data, Images, Table, cell_text};
use crate::error::{ConfigError, Result};
use crate::figure::{self, Coloring, Figure, Height};
use crate::models::{ModelConfig, Network};
use crate::run::check;
use crate::run::config::{Config, FigureConfig, FigureKind};
use crate::run::dataset::{Dataset, counts, index};
use crate::run::directory::Directory;
use crate::run::fit::snapshot::Snapshot;
use crate::run::fit::watch;
use crate::run::fitted::sample::sampled_rows;
use crate::run::fitted::unseen;
use crate::run::map::{LatentMap, latent_scores};
use crate::run::report::controls;
use crate::run::report::{augment, few_labels};
use crate::seed::Seed;
use crate::train::{Criterion, Event};

pub(crate) use diagram::diagram;

/// Draws all figures of the configuration into `figures/`, as SVG and PNG with their numbers as CSV.
pub(crate) fn draw(
    directory: &Directory,
    config: &Config,
    data: &Dataset,
    network: &mut Network,
    pool: &mut Pool,
    map: Option<&LatentMap>,
) -> Result<Vec<PathBuf>> {
    if config.figure.is_empty() {
        return Ok(Vec::new());
    }
    let folder = directory.folder("figures")?;
    let mut drawn: Vec<PathBuf> = Vec::new();
    for figure in &config.figure {
        let wanted = &check::figure::as_shown(data, figure);
        let mut context = Context { config, data, network: &mut *network, pool: &mut *pool, wanted, map };
        let figure = context.figure(directory)?;
        let taken = |name: &str| drawn.iter().any(|path| path.file_stem().is_some_and(|stem| stem == name));
        let mut name = wanted.kind.name().to_string();
        let mut number = 1;
        while taken(&name) {
            number += 1;
            name = format!("{}-{number}", wanted.kind.name());
        }
        if wanted.kind == FigureKind::Film {
            if let Some(film) = watch::pictured(directory, 200)? {
                directory.write(&format!("figures/{name}.png"), &film)?;
                drawn.push(folder.join(format!("{name}.png")));
            }
            continue;
        }
        figure.write(&folder.join(format!("{name}.svg")))?;
        let png = folder.join(format!("{name}.png"));
        figure.write(&png)?;
        drawn.push(png);
        if let (FigureKind::LatentMap, Some(map)) = (wanted.kind, map)
            && let Some(page) = map.page(config, data, pool.threads())?
        {
            directory.write(&format!("figures/{name}.html"), page.as_bytes())?;
        }
    }
    Ok(drawn)
}

/// A class for each row with the names of classes: positive or not where that is known, else the label.
fn classes(config: &Config, data: &Dataset, rows: &[usize]) -> (Vec<u32>, Vec<String>) {
    let target = config.data.target.as_deref().unwrap_or("label");
    let Some(labels) = &data.labels else { return (Vec::new(), Vec::new()) };
    let values: Vec<String> = counts(labels).into_iter().map(|(value, _)| value).collect();
    if let Some(positive) = data.positives(rows) {
        let other: Vec<&str> =
            values.iter().filter(|value| !data.positive.contains(value)).map(String::as_str).collect();
        let other = if let [one] = other.as_slice() { *one } else { "other" };
        let names = vec![format!("{target}: {other}"), format!("{target}: {}", data.positive.join(", "))];
        return (positive.iter().map(|&p| u32::from(p)).collect(), names);
    }
    let code = |row: &usize| {
        let label = labels[*row].as_ref();
        label.and_then(|label| values.iter().position(|value| value == label)).unwrap_or(0) as u32
    };
    (rows.iter().map(code).collect(), values)
}

/// Scores of rows by class.
fn histogram_of((config, data): (&Config, &Dataset), rows: &[usize], scores: &[f64]) -> Result<Figure> {
    let (codes, names) = classes(config, data, rows);
    let names = if names.is_empty() { vec!["all rows".to_string()] } else { names };
    let parts: Vec<Vec<f64>> = (0..names.len())
        .map(|class| {
            let of_class = |i: &usize| codes.get(*i).is_none_or(|&code| code as usize == class);
            (0..scores.len()).filter(of_class).map(|i| scores[i]).collect()
        })
        .collect();
    let classes: Vec<figure::ScoreClass<'_>> = names
        .iter()
        .zip(&parts)
        .filter(|(_, scores)| !scores.is_empty())
        .map(|(name, scores)| figure::ScoreClass { name, scores })
        .collect();
    Ok(figure::histogram(&figure::Histogram {
        title: "Scores of test rows",
        x_label: "score (higher is more unusual)",
        classes: &classes,
        height: Height::LogCount,
        bins: 60,
        log_scores: scores.iter().all(|&score| score > 0.0),
        threshold: None,
    })?)
}

/// How well scores, by name, tell positive rows.
fn roc_of(positive: &[bool], all: &[(String, Vec<f64>)]) -> Result<Figure> {
    let scorers: Vec<figure::Scorer<'_>> =
        all.iter().map(|(name, scores)| figure::Scorer { name, scores }).collect();
    let title = "How well scores tell test rows";
    Ok(figure::roc_pr(&figure::RocPr { title, positive, scorers: &scorers })?)
}

struct Context<'a> {
    config: &'a Config,
    data: &'a Dataset,
    network: &'a mut Network,
    pool: &'a mut Pool,
    wanted: &'a FigureConfig,
    map: Option<&'a LatentMap>,
}

impl Context<'_> {
    fn figure(&mut self, directory: &Directory) -> Result<Figure> {
        match self.wanted.kind {
            FigureKind::LossCurves => loss_curves(&directory.events(), self.config.criterion()),
            FigureKind::GameCurves => watch::game_curves(&directory.events()),
            FigureKind::Made | FigureKind::Film => self.made(),
            FigureKind::CodeTraversal => self.code_traversal(),
            FigureKind::LatentScatter => self.latent_scatter(),
            FigureKind::LatentMap => self.latent_map(),
            FigureKind::LatentGrid => self.latent_grid(),
            FigureKind::TraversalGrid => self.traversal_grid(),
            FigureKind::Denoised => self.denoised(),
            FigureKind::ScoreHistogram => self.score_histogram(),
            FigureKind::ReconstructionBars => self.reconstruction_bars(),
            FigureKind::ImagePairs => self.image_pairs(),
            FigureKind::ImageSamples => self.image_samples(),
            FigureKind::PosteriorDraws => self.posterior_draws(),
            FigureKind::SampledRows => self.sampled_rows(),
            FigureKind::RocPr => self.roc_pr(),
            FigureKind::Correlation => self.correlation(),
            FigureKind::Columns => self.columns(),
            FigureKind::LearningCurves => {
                Err(self.needs("a classifier that is no network", "leave the figure out"))
            }
            FigureKind::Augmentation => self.augmentation(directory),
            FigureKind::FewLabelCurves => self.few_label_curves(directory),
            FigureKind::SeriesPairs => self.series_pairs(),
            FigureKind::SeriesWalk => self.series_walk(),
            FigureKind::SeriesSamples => self.series_samples(),
            FigureKind::Diagram => diagram(self.config, self.network.layers(), &self.data.layout.dims),
        }
    }

    /// What an adversarial network makes.
    fn made(&mut self) -> Result<Figure> {
        if !matches!(self.config.model, ModelConfig::Gan(_)) {
            return Err(self.needs("an adversarial network", "leave the figure out"));
        }
        let snapshot = Snapshot { config: self.config, data: self.data };
        let figure = snapshot.drawn(self.network, self.pool, "Made by the generator")?;
        figure.ok_or_else(|| self.needs("images, or a table of one or two columns", "leave the figure out"))
    }

    fn augmentation(&self, directory: &Directory) -> Result<Figure> {
        let report = directory.read_json("report.json")?;
        let table =
            self.config.augment.as_ref().map(|augment| augment::table(augment, &report)).transpose()?;
        table
            .flatten()
            .ok_or_else(|| self.needs("the section `augment`", "add `[augment]`, or leave the figure out"))
    }

    fn few_label_curves(&self, directory: &Directory) -> Result<Figure> {
        let text = String::from_utf8_lossy(&directory.read(few_labels::CURVES)?).into_owned();
        few_labels::figure(&few_labels::from_csv(&text))?.ok_or_else(|| {
            self.needs("the section `few-labels`", "add `[few-labels]`, or leave the figure out")
        })
    }

    fn needs(&self, what: &str, remedy: &str) -> crate::Error {
        let what = format!("the figure `{}` needs {what}", self.wanted.kind.name());
        ConfigError::Conflict { what, remedy: remedy.to_string() }.into()
    }

    fn images(&self) -> Result<&Images> {
        match &self.data.content {
            Data::Images(images) => Ok(images),
            Data::Table(..) => Err(self.needs("images", "leave it out for a table")),
        }
    }

    fn latent_scatter(&mut self) -> Result<Figure> {
        let rows = check::figure::shown(self.data).to_vec();
        let (latent, _) = self.network.encode(self.pool, self.data.rows(), &index(&rows))?;
        let second = usize::from(latent.n_cols > 1);
        let points: Vec<[f32; 2]> =
            (0..latent.n_rows).map(|i| [latent.row(i)[0], latent.row(i)[second]]).collect();
        let (codes, names) = classes(self.config, self.data, &rows);
        let coloring = match names.len() {
            0 => Coloring::Plain,
            _ => Coloring::Category { codes: &codes, names: &names },
        };
        Ok(figure::scatter(&figure::Scatter {
            title: "Test rows in the latent space",
            x_label: "mean of latent dimension 1",
            y_label: if second == 1 { "mean of latent dimension 2" } else { "mean of latent dimension 1" },
            points: &points,
            coloring,
            marginals: true,
        })?)
    }

    fn latent_map(&self) -> Result<Figure> {
        let map = self.map.ok_or_else(|| self.needs("a map", "add `[map]`, or leave the figure out"))?;
        let (codes, names) = classes(self.config, self.data, &map.rows);
        let coloring = match names.len() {
            0 => Coloring::Plain,
            _ => Coloring::Category { codes: &codes, names: &names },
        };
        Ok(figure::plane(&figure::Scatter {
            title: "Map of test rows in the latent space",
            x_label: "first coordinate of the map",
            y_label: "second coordinate of the map",
            points: &map.points,
            coloring,
            marginals: false,
        })?)
    }

    fn score_histogram(&mut self) -> Result<Figure> {
        let rows = check::figure::shown(self.data);
        let mut scores = self.network.score(self.pool, self.data.rows(), &index(rows))?;
        unseen::add_own(self.data, self.config.data.target.as_deref(), rows, &mut scores);
        histogram_of((self.config, self.data), rows, &scores)
    }

    fn reconstruction_bars(&mut self) -> Result<Figure> {
        let Some(codec) = &self.data.codec else {
            return Err(self.needs("a table", "leave it out for images"));
        };
        let row = check::figure::of_label(self.data, self.wanted)[self.wanted.row];
        let (latent, _) = self.network.encode(self.pool, self.data.rows(), &[row as u32])?;
        let expected = self.network.decode(self.pool, &latent)?;
        let wide = |values: &[f32]| values.iter().map(|&value| f64::from(value)).collect::<Vec<f64>>();
        let of = self.wanted.label.as_ref().map_or(String::new(), |label| {
            format!(" ({} = {label})", self.config.data.target.as_deref().unwrap_or("label"))
        });
        Ok(figure::bars(&figure::Bars {
            title: &format!("One test row{of} and its reconstruction"),
            y_label: "value after scaling",
            columns: &codec.column_names(),
            actual: &wide(self.data.matrix.row(row)),
            reconstructed: &wide(expected.row(0)),
        })?)
    }

    /// Sampled rows; with a label, from posteriors of training rows that have it.
    fn draw_rows(&mut self, n: usize) -> Result<Option<Table>> {
        let Some(codec) = &self.data.codec else { return Ok(None) };
        let seed = Seed(self.config.seed);
        let mut z = self.network.points(seed, "figure", n);
        if let (Some(label), Some(labels)) = (&self.wanted.label, &self.data.labels) {
            let train = self.data.split.train.iter().copied();
            let rows: Vec<usize> = train.filter(|&row| labels[row].as_ref() == Some(label)).take(n).collect();
            let (mean, log_variance) = self.network.encode(self.pool, self.data.rows(), &index(&rows))?;
            if let (Some(log_variance), false) = (log_variance, rows.is_empty()) {
                for i in 0..n {
                    let at = i % rows.len();
                    for (j, value) in z.row_mut(i).iter_mut().enumerate() {
                        *value = mean.row(at)[j] + (0.5 * log_variance.row(at)[j]).exp() * *value;
                    }
                }
            }
        }
        let rows = sampled_rows(self.network, self.pool, &z, seed)?;
        Ok(Some(codec.decode(&rows)?))
    }

    fn sampled_rows(&mut self) -> Result<Figure> {
        let n = self.wanted.count.min(12);
        let real = check::figure::of_label(self.data, self.wanted);
        let Some(made) = self.draw_rows(n)? else {
            return Err(self.needs("a table", "leave it out for images"));
        };
        let Data::Table(table, schema) = &self.data.content else {
            return Err(self.needs("a table", "leave it out for images"));
        };
        // As many columns as can be read.
        let columns: Vec<String> = made.columns.iter().take(14).map(|column| column.name.clone()).collect();
        let texts = |table: &Table, rows: &[usize]| -> Vec<Vec<String>> {
            let row = |&row: &usize| {
                let cell = |name: &String| shorter(&cell_text(schema, table, name, row).unwrap_or_default());
                columns.iter().map(cell).collect()
            };
            rows.iter().map(row).collect()
        };
        let real: Vec<usize> = real.into_iter().take(n).collect();
        let (real, made) = (texts(table, &real), texts(&made, &(0..n).collect::<Vec<_>>()));
        let of = self.wanted.label.as_ref().map_or(String::new(), |label| {
            format!(" with {} = {label}", self.config.data.target.as_deref().unwrap_or("label"))
        });
        let groups = [
            figure::RowGroup { name: &format!("real{of}"), rows: &real },
            figure::RowGroup { name: &format!("synthetic{of}"), rows: &made },
        ];
        Ok(figure::table_figure(&figure::TableFigure {
            title: "Real and synthetic rows",
            columns: &columns,
            groups: &groups,
        })?)
    }

    fn roc_pr(&mut self) -> Result<Figure> {
        let rows = check::figure::shown(self.data).to_vec();
        let positive = self.data.positives(&rows).filter(|p| p.contains(&true) && p.contains(&false));
        let Some(positive) = positive else {
            return Err(self.needs("positive and other test rows", "give `data.target` and `data.positive`"));
        };
        let mut scores = self.network.score(self.pool, self.data.rows(), &index(&rows))?;
        unseen::add_own(self.data, self.config.data.target.as_deref(), &rows, &mut scores);
        let mut all = vec![(self.config.model.name().to_string(), scores)];
        if self.config.evaluate.latent {
            let scores = latent_scores(self.data, &rows, self.network, self.pool)?;
            all.push(("neighbors among training codes".to_string(), scores));
        }
        if self.config.evaluate.controls {
            for (name, scores) in controls(self.data, &rows, self.network.latent(), self.pool.threads())? {
                let name = match name {
                    "pca" => {
                        format!("PCA, {} components", self.network.latent().min(self.data.layout.width()))
                    }
                    _ => "5th nearest training row".to_string(),
                };
                all.push((name, scores));
            }
        }
        roc_of(&positive, &all)
    }

    fn columns(&mut self) -> Result<Figure> {
        match self.draw_rows(2000)? {
            Some(made) => table::columns(self.data, &made),
            None => Err(self.needs("a table", "leave it out for images")),
        }
    }

    fn correlation(&mut self) -> Result<Figure> {
        let Some(made) = self.draw_rows(2000)? else {
            return Err(self.needs("a table", "leave it out for images"));
        };
        let Data::Table(table, _) = &self.data.content else {
            return Err(self.needs("a table", "leave it out for images"));
        };
        table::dependence(&table.take(&self.data.split.train), &made)
    }
}

/// At most so many characters of a cell in a picture.
pub(crate) fn shorter(text: &str) -> String {
    // Fractions of the encoded precision say nothing to a reader.
    match text.parse::<f64>() {
        Ok(value) if text.len() > 8 => format!("{value:.3}"),
        _ => text.chars().take(18).collect(),
    }
}

/// Losses by epoch.
pub(crate) fn loss_curves(events: &[Event], criterion: Option<Criterion>) -> Result<Figure> {
    let of = |name: &str| -> Vec<f64> {
        let epochs = events.iter().filter_map(|event| match event {
            Event::Epoch { losses, .. } => losses.get(name).copied(),
            _ => None,
        });
        epochs.collect()
    };
    let (train, valid) = (of("train.loss"), of("valid.loss"));
    let mut series = vec![figure::Series { name: "training", values: &train }];
    if !valid.is_empty() {
        series.push(figure::Series { name: "validation", values: &valid });
    }
    Ok(figure::loss_curves(&figure::LossCurves {
        title: "Loss by epoch",
        y_label: "mean loss of a row (nats)",
        series: &series,
        best: criterion.and_then(|criterion| criterion.best(events)).map(|(epoch, _)| epoch),
        log: train.iter().chain(&valid).all(|&loss| loss > 0.0)
            && train.first().zip(train.last()).is_some_and(|(first, last)| first / last > 5.0),
    })?)
}
