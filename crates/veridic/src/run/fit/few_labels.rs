//! Classifiers that learn from rows without a label: by self-training, or by pseudo-labels in rounds.

use std::sync::atomic::AtomicBool;

use veridic_graph::Pool;

use super::{Training, propagation};
use crate::data::Matrix;
use crate::error::{Result, RunError};
use crate::evaluate;
use crate::label::{PseudoLabel, pseudo_error};
use crate::models::{Guide, Network, PseudoRoundsConfig, SelfTraining, SelfTrainingConfig};
use crate::run::dataset::{Dataset, index};
use crate::seed::Seed;
use crate::train::{self, Checkpoint, End, Event, Learner, Outcome, Progress, Session};

impl Training<'_> {
    /// Trains by the network's own answers as it learns, guided by a graph where the settings have one.
    pub(super) fn run_self_training(
        &self,
        settings: &SelfTrainingConfig,
        (network, pool): (&mut Network, &mut Pool),
        from: Option<Checkpoint>,
        (stop, observe): (&AtomicBool, &mut dyn FnMut(&Event)),
        keep: &mut dyn FnMut(&Checkpoint) -> Result<()>,
    ) -> Result<Outcome> {
        let Training { config, data, .. } = *self;
        let spread = match &settings.graph {
            Some(graph) => Some(propagation::learn(graph, config, data, pool.threads())?),
            None => None,
        };
        let seen = spread.as_ref().map_or_else(|| data.seen(), |spread| spread.labelled.clone());
        let labelled = labels(data, &seen);
        if labelled.is_empty() {
            return Err(no_label().into());
        }
        let guide = spread.as_ref().map(|spread| {
            let mut places = vec![None; data.rows().len()];
            (0..).zip(&data.split.train).for_each(|(place, &row)| places[row] = Some(place));
            // What is known is said of labelled rows.
            let mut shares: Matrix = spread.model.shares().clone();
            for (row, class) in &labelled {
                if let Some(place) = places[*row as usize] {
                    let of_row = shares.row_mut(place as usize);
                    of_row.fill(0.0);
                    of_row[*class as usize] = 1.0;
                }
            }
            Guide { places, shares }
        });
        let valid = index(&data.split.valid);
        let train = index(&data.split.train);
        let mut learner = SelfTraining::new(network, settings, labelled, guide);
        let session = Session {
            config: &config.train,
            divergence: (0.0, 0),
            seed: Seed(config.seed),
            train: &train,
            second: &[],
            valid: &valid,
            from,
            measure: None,
            criterion: crate::run::check::criterion::of(config),
            stop,
            observe,
            keep,
        };
        let mut outcome = train::fit(&mut learner, pool, data.rows(), session)?;
        let rows: Vec<usize> =
            data.tested().iter().copied().filter(|&row| data.truth(row).is_some()).collect();
        if let Some(spread) = spread.as_ref().filter(|_| !rows.is_empty()) {
            let shares = spread.model.probabilities(data.rows(), &index(&rows), pool.threads())?;
            let told = shares.chunks(data.classes.len()).map(largest);
            let wrong = told.zip(&rows).filter(|(told, row)| data.truth(**row) != Some(*told)).count();
            let error = wrong as f64 / rows.len() as f64;
            outcome.progress.best_losses.insert("control.graph.error".to_string(), error);
        }
        insert_pseudo_error(data, (network, pool), &seen, &mut outcome.progress)?;
        Ok(outcome)
    }

    /// Trains on the labelled rows, gives labels to rows that the network is sure of, and trains anew on both, in rounds.
    ///
    /// A run that was stopped begins again: rounds have no checkpoint, and end with the same bits.
    pub(super) fn run_rounds(
        &self,
        settings: &PseudoRoundsConfig,
        (network, pool): (&mut Network, &mut Pool),
        (stop, observe): (&AtomicBool, &mut dyn FnMut(&Event)),
        keep: &mut dyn FnMut(&Checkpoint) -> Result<()>,
    ) -> Result<Outcome> {
        let Training { config, data, .. } = *self;
        let seen = data.seen();
        let mut is_seen = vec![false; data.rows().len()];
        seen.iter().for_each(|&row| is_seen[row] = true);
        let hidden =
            index(&data.split.train.iter().copied().filter(|&row| !is_seen[row]).collect::<Vec<_>>());
        let truth: Vec<Option<u16>> = hidden.iter().map(|&row| data.truth(row as usize)).collect();
        let given = index(&seen);
        if given.is_empty() {
            return Err(no_label().into());
        }
        let valid = index(&data.split.valid);
        let start = network.states().entries.clone();
        let mut numbers = data.class_numbers.clone();
        let mut labels: Vec<PseudoLabel> = Vec::new();
        let (mut epochs, mut steps) = (0, 0);
        for round in 0..=settings.rounds {
            hidden.iter().for_each(|&row| numbers[row as usize] = -1.0);
            for label in &labels {
                numbers[hidden[label.row as usize] as usize] = f32::from(label.class);
            }
            let taken: Vec<u32> = labels.iter().map(|label| hidden[label.row as usize]).collect();
            let train = settings.rows(&given, &taken);
            let wrong = pseudo_error(&labels, &truth).share();
            network.states_mut().entries.clone_from(&start);
            let mut last = None;
            let mut tell = |event: &Event| match event {
                // Rounds follow each other as epochs of one run.
                Event::Epoch { epoch, step, seconds, losses } => {
                    let mut losses = losses.clone();
                    losses.insert("pseudo.rows".to_string(), taken.len() as f64);
                    if let Some(wrong) = wrong {
                        losses.insert("pseudo.error".to_string(), wrong);
                    }
                    observe(&Event::Epoch {
                        epoch: epoch + epochs,
                        step: step + steps,
                        seconds: *seconds,
                        losses,
                    });
                }
                Event::Step { epoch, step, loss } => {
                    observe(&Event::Step { epoch: epoch + epochs, step: step + steps, loss: *loss });
                }
                Event::Start { train_rows, valid_rows, epochs, steps_per_epoch, batch } if round == 0 => {
                    observe(&Event::Start {
                        train_rows: *train_rows,
                        valid_rows: *valid_rows,
                        epochs: epochs * (settings.rounds + 1),
                        steps_per_epoch: *steps_per_epoch,
                        batch: *batch,
                    });
                }
                Event::Start { .. } => {}
                other => observe(other),
            };
            let session = Session {
                config: &config.train,
                divergence: (0.0, 0),
                seed: Seed(Seed(config.seed).key(&format!("round {round}"))),
                train: &train,
                second: &[],
                valid: &valid,
                from: None,
                measure: None,
                criterion: crate::run::check::criterion::of(config),
                stop,
                observe: &mut tell,
                keep: &mut |checkpoint| {
                    last = Some(checkpoint.clone());
                    Ok(())
                },
            };
            let rows = data.rows().labelled(&numbers);
            let mut outcome = train::fit(network, pool, rows, session)?;
            (epochs, steps) = (epochs + outcome.progress.epoch, steps + outcome.progress.step);
            if outcome.end == End::Stopped {
                return Ok(outcome);
            }
            let told = network.recognize(pool, data.rows(), &hidden)?.pop().unwrap_or_default();
            let next = settings.labels(&told);
            let is_over = hidden.is_empty() || (round > 0 && settings.is_settled(&labels, &next));
            if is_over || round == settings.rounds {
                if let Some(checkpoint) = &last {
                    keep(checkpoint)?;
                }
                let figures = &mut outcome.progress.best_losses;
                figures.insert("pseudo.rounds".to_string(), round as f64);
                figures.insert("pseudo.rows".to_string(), taken.len() as f64);
                if let Some(wrong) = wrong {
                    figures.insert("pseudo.taken_error".to_string(), wrong);
                }
                outcome.progress.epoch = epochs;
                insert_pseudo_error(data, (network, pool), &seen, &mut outcome.progress)?;
                return Ok(outcome);
            }
            labels = next;
        }
        unreachable!("the last round returns")
    }
}

/// `labels.rows` that were looked at, and `pseudo.error`: the share of the other training rows that the network tells wrong,
/// where their class is known.
fn insert_pseudo_error(
    data: &Dataset,
    (network, pool): (&mut Network, &mut Pool),
    seen: &[usize],
    progress: &mut Progress,
) -> Result<()> {
    let mut is_seen = vec![false; data.rows().len()];
    seen.iter().for_each(|&row| is_seen[row] = true);
    let is_asked = |row: &usize| !is_seen[*row] && data.truth(*row).is_some();
    let rows: Vec<usize> = data.split.train.iter().copied().filter(is_asked).collect();
    progress.best_losses.insert("labels.rows".to_string(), seen.len() as f64);
    if rows.is_empty() {
        return Ok(());
    }
    let told = network.recognize(pool, data.rows(), &index(&rows))?.pop().unwrap_or_default();
    let told: Vec<u16> = (0..told.n_rows).map(|i| largest(told.row(i))).collect();
    let truth: Vec<u16> = rows.iter().filter_map(|&row| data.truth(row)).collect();
    let right = evaluate::accuracy(&told, &truth)?;
    progress.best_losses.insert("pseudo.error".to_string(), 1.0 - right);
    Ok(())
}

/// Rows with the numbers of their classes.
fn labels(data: &Dataset, rows: &[usize]) -> Vec<(u32, f32)> {
    rows.iter().filter_map(|&row| Some((row as u32, f32::from(data.truth(row)?)))).collect()
}

fn largest(shares: &[f32]) -> u16 {
    crate::run::report::judge::largest(shares) as u16
}

fn no_label() -> RunError {
    RunError::NoData {
        reason: "no training row has a label".to_string(),
        remedy: "give `data.target`, images in folders named by their classes, or `data.labels`".to_string(),
    }
}
