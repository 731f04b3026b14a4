//! Steps of training.

use veridic_graph::{Draw, Feed, GraphError, Pool, States};

use super::{BATCH, MOST_REPEATS, Network};
use crate::models::program::{Input, feeds};
use crate::models::rows::Rows;
use crate::train::{Learner, Rates};

impl Network {
    /// A training step, or one of its updates alone (of an adversarial network 0 is the discriminator's, 1 the
    /// generator's); gives all losses, those of updates that were left out as they were.
    ///
    /// # Errors
    /// Rows that do not fit the model.
    pub(crate) fn update(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        (rates, draw): (Rates, Draw),
        only: Option<usize>,
    ) -> Result<&[f32], GraphError> {
        let (rate, weight, progress) = ([rates.learning], [rates.divergence], [rates.progress]);
        let pieces = self.batches().min(index.len() / self.group).max(1);
        for (number, step) in self.steps.iter_mut().enumerate() {
            if only.is_some_and(|only| only != number) {
                continue;
            }
            let (first, n) = step.parts;
            let most = step.above.map_or(step.times, |(_, most)| most.max(step.times));
            for repeat in 0..most {
                if repeat >= step.times && step.above.is_none_or(|(limit, _)| self.losses[first] <= limit) {
                    break;
                }
                let piece = repeat % pieces;
                let own = &index[piece * index.len() / pieces..(piece + 1) * index.len() / pieces];
                let own = &own[..own.len() - own.len() % self.group];
                let feeds = feeds([
                    (if self.group > 1 { Input::Group } else { Input::Row }, rows.feed(own)),
                    (if self.group > 1 { Input::GroupLabels } else { Input::Label }, rows.feed_labels(own)),
                    (Input::Rate, Feed::Shared(&rate)),
                    (Input::Weight, Feed::Shared(&weight)),
                    (Input::Progress, Feed::Shared(&progress)),
                    (Input::Importance, rows.feed_weights(own)),
                ]);
                let draw = Draw { step: draw.step * MOST_REPEATS + repeat as u64, ..draw };
                step.plan.run(pool, &mut self.states, &feeds, own.len() / self.group, draw)?;
                for (i, loss) in self.losses[first..first + n].iter_mut().enumerate() {
                    *loss = step.plan.scalar(i);
                }
            }
        }
        Ok(&self.losses)
    }
}

impl Learner for Network {
    type Rows<'a> = Rows<'a>;

    fn parts(&self) -> &[&'static str] {
        &self.parts
    }

    fn step(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        rates: Rates,
        draw: Draw,
    ) -> Result<&[f32], GraphError> {
        self.update(pool, rows, index, (rates, draw), None)
    }

    fn takes_whole_batches(&self) -> bool {
        self.steps.len() > 1
    }

    fn batches(&self) -> usize {
        self.steps.first().map_or(1, |step| step.times)
    }

    fn evaluate(
        &mut self,
        pool: &mut Pool,
        rows: Rows<'_>,
        index: &[u32],
        divergence: f32,
        draw: Draw,
    ) -> Result<Vec<f64>, GraphError> {
        let Some(evaluate) = &mut self.evaluate else { return Ok(Vec::new()) };
        let mut sums = vec![0.0; self.parts.len()];
        let divergence = [divergence];
        for (batch, index) in index.chunks(BATCH).enumerate() {
            let feeds = feeds([
                (Input::Row, rows.feed(index)),
                (Input::Label, rows.feed_labels(index)),
                (Input::Weight, Feed::Shared(&divergence)),
            ]);
            let draw = Draw { step: draw.step + batch as u64, ..draw };
            evaluate.run(pool, &mut self.states, &feeds, index.len(), draw)?;
            for (i, sum) in sums.iter_mut().enumerate() {
                *sum += f64::from(evaluate.scalar(i)) * index.len() as f64;
            }
        }
        Ok(sums.into_iter().map(|sum| sum / index.len().max(1) as f64).collect())
    }

    fn states(&self) -> &States {
        &self.states
    }

    fn states_mut(&mut self) -> &mut States {
        &mut self.states
    }
}
