//! How well made sequences stand for real ones, by a small recurrent network that learns from them.

use rand_chacha::ChaCha8Rng;

use crate::data::Matrix;
use crate::error::EvaluateError;
use crate::seed::{Seed, shuffle, uniform};

/// Rows of each kind that a step of learning looks at.
const BATCH: usize = 128;
/// Steps of learning to tell two kinds apart, and to predict.
const TELLING: usize = 2000;
const PREDICTING: usize = 5000;
/// The share of rows that telling apart is learned from; the others are judged.
const LEARNED: f64 = 0.8;
/// Adam's rate, and what is kept of the averages of slopes and squares.
const RATE: f64 = 1e-3;
const KEPT: (f64, f64) = (0.9, 0.999);

/// How much more often than by chance a recurrent network tells real from made sequences that it has not learned from,
/// `|accuracy - 1/2|`: 0 cannot be told apart, 0.5 always.
///
/// Rows are sequences, step by step with `channels` values each, best scaled to 0 to 1. The judge is that of J. Yoon, D. Jarrett and
/// M. van der Schaar (Time-series generative adversarial networks, NeurIPS 2019): a GRU of half as many units as channels, one
/// logistic output after the last step, 2,000 steps of Adam on 128 rows of each kind, four fifths of them learned from. Copies of real
/// rows reach 0: the score rewards copying.
///
/// # Errors
/// Fewer than 10 rows of either kind, rows of different width or of no whole number of steps, values that are not finite.
pub fn discriminative_score(
    real: &Matrix,
    made: &Matrix,
    channels: usize,
    seed: Seed,
) -> Result<f64, EvaluateError> {
    check(real, made, channels)?;
    Ok(told_apart([real, made], channels, TELLING, &mut seed.stream("discriminative score")))
}

/// The mean absolute error of the last channel of real sequences a step ahead, by a recurrent network that has learned from made ones;
/// in the units of the rows, lower is better.
///
/// The judge is that of Yoon et al. (2019), as for [`discriminative_score`]: the other channels of all steps up to one are looked at,
/// not the last channel's own past (of one channel alone its past is), 5,000 steps on 128 rows, absolute error. What real sequences
/// give as `made` is the least that can be hoped for.
///
/// # Errors
/// As [`discriminative_score`].
pub fn predictive_score(
    real: &Matrix,
    made: &Matrix,
    channels: usize,
    seed: Seed,
) -> Result<f64, EvaluateError> {
    check(real, made, channels)?;
    Ok(predicted([real, made], channels, PREDICTING, &mut seed.stream("predictive score")))
}

fn check(real: &Matrix, made: &Matrix, channels: usize) -> Result<(), EvaluateError> {
    for matrix in [real, made] {
        if matrix.n_rows < 10 {
            let found = matrix.n_rows as f64;
            return Err(EvaluateError::Parameter { name: "rows", found, low: 10.0, high: f64::INFINITY });
        }
        if matrix.n_cols != real.n_cols {
            return Err(EvaluateError::Width { found: matrix.n_cols, expected: real.n_cols });
        }
        if let Some(index) = matrix.values.iter().position(|value| !value.is_finite()) {
            let value = f64::from(matrix.values[index]);
            return Err(EvaluateError::NotANumber { metric: "a score of sequences", index, value });
        }
    }
    if channels == 0 || !real.n_cols.is_multiple_of(channels) || real.n_cols < 2 * channels {
        let (found, high) = (channels as f64, real.n_cols as f64 / 2.0);
        return Err(EvaluateError::Parameter { name: "channels", found, low: 1.0, high });
    }
    Ok(())
}

fn told_apart(kinds: [&Matrix; 2], channels: usize, iterations: usize, random: &mut ChaCha8Rng) -> f64 {
    let mut orders = kinds.map(|matrix| (0..matrix.n_rows).collect::<Vec<usize>>());
    orders.iter_mut().for_each(|order| shuffle(order, random));
    let judged = orders.each_mut().map(|order| order.split_off((LEARNED * order.len() as f64) as usize));
    let mut network = Gru::new(channels, (channels / 2).max(1), random);
    let steps = kinds[0].n_cols / channels;
    for _ in 0..iterations {
        let picked = [0, 1].map(|kind| picked(&mut orders[kind], random));
        let rows = [0, 1].map(|kind| picked[kind].iter().map(move |&row| kinds[kind].row(row)));
        let [real, made] = rows;
        let input = Input::of(real.chain(made), steps, channels, 0..channels);
        let run = network.run(&input);
        let mut slopes = vec![0.0; steps * input.rows];
        let each = picked.iter().map(Vec::len).max().unwrap_or(1) as f32;
        for (row, slope) in slopes[(steps - 1) * input.rows..].iter_mut().enumerate() {
            let truth = if row < picked[0].len() { 1.0 } else { 0.0 };
            *slope = (sigmoid(run.logits[(steps - 1) * input.rows + row]) - truth) / each;
        }
        network.learn(&input, &run, &slopes);
    }
    let (mut right, mut all) = (0, 0);
    for (kind, judged) in judged.iter().enumerate() {
        for rows in judged.chunks(BATCH) {
            let input = Input::of(rows.iter().map(|&row| kinds[kind].row(row)), steps, channels, 0..channels);
            let last = &network.run(&input).logits[(steps - 1) * input.rows..];
            right += last.iter().filter(|logit| (**logit > 0.0) == (kind == 0)).count();
            all += rows.len();
        }
    }
    (f64::from(right as u32) / f64::from(all.max(1) as u32) - 0.5).abs()
}

fn predicted([real, made]: [&Matrix; 2], channels: usize, iterations: usize, random: &mut ChaCha8Rng) -> f64 {
    let steps = real.n_cols / channels - 1;
    let seen = 0..(channels - 1).max(1);
    let mut network = Gru::new(seen.len(), (channels / 2).max(1), random);
    let mut order: Vec<usize> = (0..made.n_rows).collect();
    // What the last channel is a step after each that is looked at.
    let ahead = |row: &[f32], t: usize| row[(t + 2) * channels - 1];
    for _ in 0..iterations {
        let picked = picked(&mut order, random);
        let input = Input::of(picked.iter().map(|&row| made.row(row)), steps, channels, seen.clone());
        let run = network.run(&input);
        let n = run.logits.len() as f32;
        let slope = |(i, logit): (usize, &f32)| {
            let (t, row) = (i / input.rows, i % input.rows);
            let said = sigmoid(*logit);
            (said - ahead(made.row(picked[row]), t)).signum() * said * (1.0 - said) / n
        };
        let slopes: Vec<f32> = run.logits.iter().enumerate().map(slope).collect();
        network.learn(&input, &run, &slopes);
    }
    let rows: Vec<usize> = (0..real.n_rows).collect();
    let mut sum = 0.0;
    for rows in rows.chunks(BATCH) {
        let input = Input::of(rows.iter().map(|&row| real.row(row)), steps, channels, seen.clone());
        for (i, logit) in network.run(&input).logits.iter().enumerate() {
            let truth = ahead(real.row(rows[i % input.rows]), i / input.rows);
            sum += f64::from((sigmoid(*logit) - truth).abs());
        }
    }
    sum / (real.n_rows * steps) as f64
}

/// A batch without replacement: the first places of the order, drawn anew.
fn picked(order: &mut [usize], random: &mut ChaCha8Rng) -> Vec<usize> {
    let n = BATCH.min(order.len());
    for i in 0..n {
        let j = i + (uniform(random) * (order.len() - i) as f64) as usize;
        order.swap(i, j.min(order.len() - 1));
    }
    order[..n].to_vec()
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Values of a batch, step by step, channel by channel, the rows side by side.
struct Input {
    rows: usize,
    steps: usize,
    values: Vec<f32>,
}

impl Input {
    /// The first `steps` steps of the channels `seen` of rows with `channels` values a step.
    fn of<'a>(
        rows: impl Iterator<Item = &'a [f32]>,
        steps: usize,
        channels: usize,
        seen: std::ops::Range<usize>,
    ) -> Self {
        let rows: Vec<&[f32]> = rows.collect();
        let mut values = Vec::with_capacity(rows.len() * steps * seen.len());
        for t in 0..steps {
            for channel in seen.clone() {
                values.extend(rows.iter().map(|row| row[t * channels + channel]));
            }
        }
        Self { rows: rows.len(), steps, values }
    }

    fn step(&self, t: usize) -> &[f32] {
        let width = self.values.len() / self.steps;
        &self.values[t * width..][..width]
    }
}

/// What a network said of a batch, and what its slopes need: lists a step, each unit by unit.
struct Run {
    /// By step and row.
    logits: Vec<f32>,
    reset: Vec<Vec<f32>>,
    update: Vec<Vec<f32>>,
    fresh: Vec<Vec<f32>>,
    /// The states before the first step and after each.
    states: Vec<Vec<f32>>,
}

/// A layer from inputs and state: for each unit out its weights of both, then its bias.
#[derive(Clone)]
struct Layer {
    weights: Vec<f32>,
    inputs: usize,
    first: Vec<f64>,
    second: Vec<f64>,
}

impl Layer {
    /// Weights uniform as by Glorot and Bengio (2010), for all of `outputs` together.
    fn new(inputs: usize, outputs: usize, bias: f32, random: &mut ChaCha8Rng) -> Self {
        let reach = (6.0 / (inputs + outputs) as f64).sqrt();
        let mut weights = Vec::with_capacity((inputs + 1) * outputs);
        for _ in 0..outputs {
            weights.extend((0..inputs).map(|_| ((2.0 * uniform(random) - 1.0) * reach) as f32));
            weights.push(bias);
        }
        let zeros = vec![0.0; weights.len()];
        Self { weights, inputs, first: zeros.clone(), second: zeros }
    }

    /// Sums of each unit for each row of the inputs, which come in lists one after the other.
    fn apply(&self, inputs: [&[f32]; 2], rows: usize) -> Vec<f32> {
        let mut out = Vec::with_capacity(self.weights.len() / (self.inputs + 1) * rows);
        for weights in self.weights.chunks_exact(self.inputs + 1) {
            let from = out.len();
            out.resize(from + rows, weights[self.inputs]);
            let lists = inputs.into_iter().flat_map(|list| list.chunks_exact(rows));
            for (weight, values) in weights.iter().zip(lists) {
                out[from..].iter_mut().zip(values).for_each(|(sum, value)| *sum += weight * value);
            }
        }
        out
    }

    /// Adds the slopes of the weights to `sums` by those of the outputs.
    fn add_slopes(&self, sums: &mut [f64], inputs: [&[f32]; 2], slopes: &[f32], rows: usize) {
        for (sums, slopes) in sums.chunks_exact_mut(self.inputs + 1).zip(slopes.chunks_exact(rows)) {
            let lists = inputs.into_iter().flat_map(|list| list.chunks_exact(rows));
            for (sum, values) in sums.iter_mut().zip(lists) {
                *sum += f64::from(values.iter().zip(slopes).map(|(a, b)| a * b).sum::<f32>());
            }
            sums[self.inputs] += f64::from(slopes.iter().sum::<f32>());
        }
    }

    /// Adds the slopes of the inputs from `from` on to `back`.
    fn add_back(&self, back: &mut [f32], from: usize, slopes: &[f32], rows: usize) {
        for (weights, slopes) in self.weights.chunks_exact(self.inputs + 1).zip(slopes.chunks_exact(rows)) {
            for (weight, back) in weights[from..self.inputs].iter().zip(back.chunks_exact_mut(rows)) {
                back.iter_mut().zip(slopes).for_each(|(back, slope)| *back += weight * slope);
            }
        }
    }

    /// A step of Adam (Kingma and Ba 2015), the `step`-th from 1.
    fn adam(&mut self, slopes: &[f64], step: i32) {
        let rate = RATE * (1.0 - KEPT.1.powi(step)).sqrt() / (1.0 - KEPT.0.powi(step));
        let averages = self.first.iter_mut().zip(&mut self.second);
        for ((weight, slope), (first, second)) in self.weights.iter_mut().zip(slopes).zip(averages) {
            *first += (1.0 - KEPT.0) * (slope - *first);
            *second += (1.0 - KEPT.1) * (slope * slope - *second);
            *weight -= (rate * *first / (second.sqrt() + 1e-8)) as f32;
        }
    }
}

/// A GRU whose state is reset before the product (Cho et al. 2014), with a logistic output after each step.
struct Gru {
    units: usize,
    /// Reset, then update.
    gates: Layer,
    fresh: Layer,
    out: Layer,
    steps: i32,
}

impl Gru {
    fn new(inputs: usize, units: usize, random: &mut ChaCha8Rng) -> Self {
        let gates = Layer::new(inputs + units, 2 * units, 1.0, random);
        let fresh = Layer::new(inputs + units, units, 0.0, random);
        let out = Layer::new(units, 1, 0.0, random);
        Self { units, gates, fresh, out, steps: 0 }
    }

    fn run(&self, input: &Input) -> Run {
        let rows = input.rows;
        let mut run = Run {
            logits: Vec::with_capacity(rows * input.steps),
            reset: Vec::new(),
            update: Vec::new(),
            fresh: Vec::new(),
            states: vec![vec![0.0; self.units * rows]],
        };
        for t in 0..input.steps {
            let (x, state) = (input.step(t), &run.states[t]);
            let mut reset = self.gates.apply([x, state], rows);
            reset.iter_mut().for_each(|value| *value = sigmoid(*value));
            let update = reset.split_off(self.units * rows);
            let held: Vec<f32> = reset.iter().zip(state).map(|(reset, state)| reset * state).collect();
            let mut fresh = self.fresh.apply([x, &held], rows);
            fresh.iter_mut().for_each(|value| *value = value.tanh());
            let next = update.iter().zip(state).zip(&fresh);
            let next: Vec<f32> = next.map(|((u, state), fresh)| u * state + (1.0 - u) * fresh).collect();
            run.logits.extend(self.out.apply([&next, &[]], rows));
            run.reset.push(reset);
            run.update.push(update);
            run.fresh.push(fresh);
            run.states.push(next);
        }
        run
    }

    /// The slopes of all weights, by those of the logits.
    fn slopes(&self, input: &Input, run: &Run, slopes: &[f32]) -> [Vec<f64>; 3] {
        let rows = input.rows;
        let inputs = self.fresh.inputs - self.units;
        let mut sums = [&self.gates, &self.fresh, &self.out].map(|layer| vec![0.0; layer.weights.len()]);
        let mut back = vec![0.0; self.units * rows];
        for t in (0..input.steps).rev() {
            let (x, state) = (input.step(t), &run.states[t]);
            let slope = &slopes[t * rows..][..rows];
            self.out.add_slopes(&mut sums[2], [&run.states[t + 1], &[]], slope, rows);
            self.out.add_back(&mut back, 0, slope, rows);
            let (reset, update, fresh) = (&run.reset[t], &run.update[t], &run.fresh[t]);
            let all = 0..self.units * rows;
            let of_fresh: Vec<f32> =
                all.clone().map(|i| back[i] * (1.0 - update[i]) * (1.0 - fresh[i] * fresh[i])).collect();
            let held: Vec<f32> = reset.iter().zip(state).map(|(reset, state)| reset * state).collect();
            self.fresh.add_slopes(&mut sums[1], [x, &held], &of_fresh, rows);
            let mut of_held = vec![0.0; self.units * rows];
            self.fresh.add_back(&mut of_held, inputs, &of_fresh, rows);
            let of_reset = all.clone().map(|i| of_held[i] * state[i] * reset[i] * (1.0 - reset[i]));
            let of_update =
                all.clone().map(|i| back[i] * (state[i] - fresh[i]) * update[i] * (1.0 - update[i]));
            let of_gates: Vec<f32> = of_reset.chain(of_update).collect();
            self.gates.add_slopes(&mut sums[0], [x, state], &of_gates, rows);
            all.for_each(|i| back[i] = back[i] * update[i] + of_held[i] * reset[i]);
            self.gates.add_back(&mut back, inputs, &of_gates, rows);
        }
        sums
    }

    fn learn(&mut self, input: &Input, run: &Run, slopes: &[f32]) {
        let [gates, fresh, out] = self.slopes(input, run, slopes);
        self.steps += 1;
        self.gates.adam(&gates, self.steps);
        self.fresh.adam(&fresh, self.steps);
        self.out.adam(&out, self.steps);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks of two channels, the second following the first.
    fn walks(rows: usize, name: &str, pull: f64) -> Matrix {
        let mut random = Seed(5).stream(name);
        let mut values = Vec::new();
        for _ in 0..rows {
            let mut x = uniform(&mut random);
            for _ in 0..8 {
                let before = x;
                x = (x + pull * (0.5 - x) + 0.2 * (uniform(&mut random) - 0.5)).clamp(0.0, 1.0);
                values.extend([x as f32, before as f32]);
            }
        }
        Matrix { n_rows: rows, n_cols: 16, values }
    }

    #[test]
    fn slopes_are_those_of_small_differences() {
        let mut random = Seed(1).stream("test");
        let mut network = Gru::new(2, 3, &mut random);
        let rows = walks(5, "a", 0.1);
        let input = Input::of((0..5).map(|row| rows.row(row)), 8, 2, 0..2);
        // The loss is a sum of logits with these weights.
        let weights: Vec<f32> = (0..40).map(|_| uniform(&mut random) as f32 - 0.5).collect();
        let loss = |network: &Gru| -> f64 {
            let run = network.run(&input);
            run.logits.iter().zip(&weights).map(|(a, b)| f64::from(a * b)).sum()
        };
        let found = network.slopes(&input, &network.run(&input), &weights);
        for (l, found) in found.iter().enumerate() {
            for (i, found) in found.iter().enumerate() {
                let mut at = |by: f32| {
                    weights_of(&mut network, l)[i] += by;
                    loss(&network)
                };
                let expected = (at(1e-2) - at(-2e-2)) / 2e-2;
                at(1e-2);
                assert!(
                    (found - expected).abs() < 1e-3 * (1.0 + expected.abs()),
                    "{l} {i}: {found} {expected}"
                );
            }
        }
    }

    fn weights_of(network: &mut Gru, layer: usize) -> &mut [f32] {
        &mut [&mut network.gates, &mut network.fresh, &mut network.out][layer].weights
    }

    #[test]
    fn other_sequences_are_told_apart_and_like_ones_are_not() {
        let (real, same, mut other) = (walks(400, "a", 0.1), walks(400, "b", 0.1), walks(400, "c", 0.1));
        other.values.iter_mut().for_each(|value| *value *= 0.5);
        let told = |made: &Matrix| told_apart([&real, made], 2, 1000, &mut Seed(2).stream("judge"));
        assert!(told(&same) < 0.12, "{}", told(&same));
        assert!(told(&other) > 0.2, "{}", told(&other));
        assert_eq!(told(&other), told(&other));
    }

    #[test]
    fn what_is_learned_from_like_sequences_predicts_better() {
        let (real, same) = (walks(300, "a", 0.1), walks(300, "b", 0.1));
        // The second channel stands still, which says nothing of how it follows the first.
        let mut still = same.clone();
        still.values.iter_mut().skip(1).step_by(2).for_each(|value| *value = 0.1);
        let error = |made: &Matrix| predicted([&real, made], 2, 800, &mut Seed(3).stream("judge"));
        assert!(error(&same) < 0.12 && error(&still) > 0.2, "{} {}", error(&same), error(&still));
    }

    #[test]
    fn bad_sequences_are_refused() {
        let real = walks(20, "a", 0.1);
        assert!(discriminative_score(&real, &walks(5, "b", 0.1), 2, Seed(0)).is_err());
        assert!(discriminative_score(&real, &real, 3, Seed(0)).is_err());
        assert!(predictive_score(&real, &real, 16, Seed(0)).is_err());
        let mut broken = real.clone();
        broken.values[7] = f32::NAN;
        assert!(predictive_score(&real, &broken, 2, Seed(0)).is_err());
        let narrow = Matrix { n_rows: 20, n_cols: 14, values: vec![0.0; 280] };
        assert!(predictive_score(&real, &narrow, 2, Seed(0)).is_err());
    }
}
