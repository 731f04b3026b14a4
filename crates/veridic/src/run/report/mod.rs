//! The figures of `report.json`: what the field quotes for a model, on its test rows.

mod alarm;
pub(crate) mod augment;
pub(crate) mod card;
pub(crate) mod compare;
pub(crate) mod denoise;
pub(crate) mod disentanglement;
mod drawn_anew;
pub(crate) mod few;
pub(crate) mod few_labels;
pub(crate) mod judge;
pub(crate) mod learning;
mod path;
mod points;
pub(crate) mod quality;
mod sequence;
pub(crate) mod table;
pub(crate) mod told;
pub(crate) mod two_sample;
mod window;

use std::collections::BTreeMap;

use veridic_graph::{Draw, Pool};

use crate::codec::BlockKind;
use crate::data::{Binarization, Data, Matrix};
use crate::error::Result;
use crate::evaluate;
use crate::models::{ModelConfig, Network};
use crate::nn::LikelihoodConfig;
use crate::run::config::Config;
use crate::run::dataset::{Dataset, index, target_block};
use crate::run::fitted::sample::sampled_rows;
use crate::run::fitted::unseen;
use crate::run::map::latent_scores;
use crate::run::report::denoise::{denoise, squared_error};
use crate::run::report::judge::largest;
use crate::run::report::quality::Quality;
use crate::seed::Seed;
use crate::train::{Learner, Progress};

/// Neighbors of the control by distance.
pub(crate) const NEIGHBORS: usize = 5;

/// Draws of latent points that losses of test rows are averaged over at least, and the most for each row: the bound of few
/// rows from one draw each would lie above their likelihood by chance.
const TEST_DRAWS: usize = 10_000;
const MOST_TEST_DRAWS: usize = 100;

/// Images made for the report, at least.
const REPORTED: usize = 10_000;

/// Columns of a table whose correlations are compared, at most.
const MOST_PAIRED: usize = 300;

/// All figures, by name.
///
/// Of models that make digits, from 10 000 of them, and of adversarial networks on a mixture, from `evaluate.made-rows`
/// rows, those of [`Quality`]. Of adversarial networks also:
/// - `sample.diversity`: how far made rows lie apart, as a share of how far real ones do; of the epoch that was kept.
///
/// Of all others:
/// - `train.…`, `valid.…`: losses of the epoch whose weights were kept, mean nats a row.
/// - `test.loss`, `test.reconstruction`, `test.kl`: likewise of the test rows; of a model that draws, the mean of one draw
///   for each of 10 000 rows and more, of up to 100 draws for each of fewer.
/// - `test.elbo`: minus their sum, the evidence lower bound; higher is better.
/// - `test.nll`: minus the importance-weighted estimate of the log-likelihood, nats a row, with `test.nll_samples` draws
///   (`evaluate.nll-samples`); lower is better. The mean over repeats, `test.nll_sd` their standard deviation.
/// - `latent.active_units`: latent dimensions whose posterior mean varies with the row.
/// - `latent.probe_accuracy`: how often a linear rule on codes tells the label, 0 to 1; learned from training rows.
/// - `latent.mig`, `latent.sap`, `latent.dci_…`, `latent.factor_vae_score`: disentanglement, where `evaluate.factors`
///   are named, 0 to 1, higher is better.
/// - `test.loss_per_pixel`: the loss divided by the number of values, for images without a divergence.
/// - `test.noisy_error`, `test.restored_error`: mean squared difference of an encoded value of spoilt and of restored
///   test rows from the clean ones, for models with noise; one draw of the noise of a fixed seed.
/// - `test.auroc`, `test.average_precision`: how well the score tells positive test rows.
/// - `test.accuracy`: how often the decoder's target is the row's, for a modeled target.
/// - `latent.auroc`, `latent.average_precision`: likewise of the score by neighbors among the codes of training rows.
/// - `test.reconstruction` of autoencoders of windows of series: [`window`]; `test.delay` and the like where some are unusual:
///   [`alarm`].
/// - `control.pca.…`, `control.knn.…`: the same two figures for controls on the same rows.
/// - `sample.shape_similarity`, `sample.correlation_similarity`: sampled rows against test rows, 0 to 1, higher is
///   more alike; correlations of tables of at most 300 modeled columns.
pub(crate) fn report(
    config: &Config,
    data: &Dataset,
    network: &mut Network,
    pool: &mut Pool,
    progress: &Progress,
) -> Result<BTreeMap<String, f64>> {
    let mut report: BTreeMap<String, f64> = progress.best_losses.clone();
    report.insert("train.epochs".to_string(), progress.epoch as f64);
    if data.windows.is_some() && network.can_sample() && config.evaluate.sample_rows > 0 {
        window::insert_facts(&mut report, (config, data), (&mut *network, &mut *pool))?;
    }
    if matches!(config.model, ModelConfig::Gan(_)) {
        let n = config.evaluate.made_rows.max(REPORTED);
        let n = if config.data.mixture.is_some() { config.evaluate.made_rows } else { n };
        let mut quality = Quality::new(config, data, data.tested(), n, pool)?;
        report.extend(quality.figures(network, pool, "report", n)?);
        report.extend(quality.told(network, pool)?);
        report.extend(told::figures(config, data, (network, pool), ("test", data.tested()))?);
        return Ok(report);
    }
    let rows = data.tested();
    if rows.is_empty() {
        return Ok(report);
    }
    let divergence = config.model.divergence().0;
    let samples = match &config.model {
        ModelConfig::Vae(vae) => vae.samples,
        _ => 1,
    };
    let test = index(rows);
    let draws = if network.has_posterior() {
        TEST_DRAWS.div_ceil(test.len() * samples).min(MOST_TEST_DRAWS)
    } else {
        1
    };
    let mut losses = vec![0.0; network.parts().len()];
    for repeat in 0..draws as u64 {
        // Batches of a repeat are steps of their own.
        let draw = Draw { seed: Seed(config.seed).key("test"), step: repeat << 32 };
        let of_draw = network.evaluate(pool, data.rows(), &test, divergence, draw)?;
        losses.iter_mut().zip(of_draw).for_each(|(sum, loss)| *sum += loss / draws as f64);
    }
    for (part, loss) in network.parts().iter().zip(&losses) {
        report.insert(format!("test.{part}"), *loss);
    }
    if let (ModelConfig::Classifier(_), Some(accuracy)) = (&config.model, report.get("test.accuracy")) {
        report.insert("test.error".to_string(), 1.0 - accuracy);
    }
    if data.windows.is_some() && network.reconstructs() {
        window::insert_unexplained(&mut report, data, (&mut *network, &mut *pool), rows)?;
        window::insert_fill(&mut report, data, (&mut *network, &mut *pool), rows)?;
    }
    disentanglement::insert(&mut report, config, data, (&mut *network, &mut *pool), rows)?;
    if matches!(data.content, Data::Images(_)) && config.model.likelihood() == LikelihoodConfig::Bernoulli {
        let reconstruction = if network.has_posterior() { losses[1] } else { losses[0] };
        report.insert("test.loss_per_pixel".to_string(), reconstruction / data.layout.width() as f64);
    }
    if network.can_sample() && config.data.images.binarization == Binarization::None {
        let n = config.evaluate.made_rows.max(REPORTED);
        report.extend(Quality::new(config, data, rows, n, pool)?.figures(network, pool, "report", n)?);
    }
    if let Some(noise) = config.model.noise() {
        let made = denoise(noise, data, rows, (&mut *network, &mut *pool), Seed(config.seed))?;
        report.insert("test.noisy_error".to_string(), squared_error(&made.noisy, &made.original));
        report.insert("test.restored_error".to_string(), squared_error(&made.restored, &made.original));
    }
    if let Some(positive) = data.positives(rows).filter(|p| p.contains(&true) && p.contains(&false)) {
        let mut scores = network.score(pool, data.rows(), &test)?;
        unseen::add_own(data, config.data.target.as_deref(), rows, &mut scores);
        insert_ranking(&mut report, "test", &scores, &positive)?;
        if config.evaluate.latent {
            let scores = latent_scores(data, rows, network, pool)?;
            insert_ranking(&mut report, "latent", &scores, &positive)?;
        }
        if data.windows.is_some() {
            alarm::insert_alarms(
                &mut report,
                (config, data),
                (&mut *network, &mut *pool),
                (rows, &positive),
            )?;
        } else if config.evaluate.controls {
            for (name, scores) in controls(data, rows, network.latent(), pool.threads())? {
                insert_ranking(&mut report, &format!("control.{name}"), &scores, &positive)?;
            }
        }
    }
    if network.reconstructs()
        && let Some(accuracy) = target_accuracy(config, data, network, pool, &test)?
    {
        report.insert("test.accuracy".to_string(), accuracy);
    }
    if let Data::Table(table, schema) = &data.content
        && network.can_sample()
        && config.evaluate.sample_rows > 0
        && let Some(codec) = &data.codec
    {
        let z = network.points(Seed(config.seed), "report", config.evaluate.sample_rows);
        let sampled = sampled_rows(network, pool, &z, Seed(config.seed))?;
        let synthetic = codec.decode(&sampled)?;
        let real = table.take(rows);
        let modeled: Vec<&str> = codec.blocks().iter().map(|block| block.column.as_str()).collect();
        let (real, synthetic) = (real.select(&modeled)?, synthetic.select(&modeled)?);
        let mut kinds = schema.clone();
        kinds.columns.retain(|column| modeled.contains(&column.name.as_str()));
        let mut alike = vec![("shape", evaluate::shape_similarity(&real, &synthetic, &kinds)?.mean)];
        // Pairs of columns grow with the square of their number.
        if modeled.len() <= MOST_PAIRED {
            alike.push(("correlation", evaluate::correlation_similarity(&real, &synthetic, &kinds)?.mean));
        }
        for (name, mean) in alike {
            if let Some(mean) = mean {
                report.insert(format!("sample.{name}_similarity"), mean);
            }
        }
    }
    Ok(report)
}

pub(crate) fn insert_ranking(
    report: &mut BTreeMap<String, f64>,
    prefix: &str,
    scores: &[f64],
    positive: &[bool],
) -> Result<()> {
    report.insert(format!("{prefix}.auroc"), evaluate::auroc(scores, positive)?);
    report.insert(format!("{prefix}.average_precision"), evaluate::average_precision(scores, positive)?);
    Ok(())
}

/// The scores of the controls on `rows`, with their names.
pub(crate) fn controls(
    data: &Dataset,
    rows: &[usize],
    components: usize,
    threads: usize,
) -> Result<Vec<(&'static str, Vec<f64>)>> {
    let pick = |rows: &[usize]| {
        let values = rows.iter().flat_map(|&row| data.rows().row(row)).collect();
        Matrix { n_rows: rows.len(), n_cols: data.layout.width(), values }
    };
    let (train, test) = (pick(&data.split.train), pick(rows));
    let components = components.min(data.layout.width());
    Ok(vec![
        ("pca", evaluate::pca_reconstruction_error(&train, &test, components)?),
        ("knn", evaluate::knn_distance(&train, &test, NEIGHBORS, threads)?),
    ])
}

/// How often the decoder's most probable target is the row's own.
fn target_accuracy(
    config: &Config,
    data: &Dataset,
    network: &mut Network,
    pool: &mut Pool,
    test: &[u32],
) -> Result<Option<f64>> {
    let Some((start, width, kind)) = target_block(&data.layout, config.data.target.as_deref()) else {
        return Ok(None);
    };
    let (latent, _) = network.encode(pool, data.rows(), test)?;
    let expected = network.decode(pool, &latent)?;
    let mut hits = 0usize;
    for (i, &row) in test.iter().enumerate() {
        let (said, is) =
            (&expected.row(i)[start..start + width], &data.matrix.row(row as usize)[start..start + width]);
        let hit = match kind {
            BlockKind::Flag => (said[0] > 0.5) == (is[0] > 0.5),
            _ => largest(said) == largest(is),
        };
        hits += usize::from(hit);
    }
    Ok(Some(hits as f64 / test.len() as f64))
}
