//! The two updates of a step, and what the trained networks are used for.

use veridic_graph::{Expr, Graph, Init, Shape, loss};

use super::config::{GanConfig, OutputRange};
use super::coupled::of_set;
use super::diversity::alikeness;
use super::info::{InfoConfig, Reading, agreement};
use super::sample::{beside, packed};
use super::semi_supervised::{Realness, log_sum_exp};
use super::warp::warped;
use crate::models::Layout;
use crate::models::average::{Averaged, Past, averaged, past};
use crate::models::prior::{drawn_category, one_hot};
use crate::models::program::{Inputs, Program, Update, seen};
use crate::nn::{LayerConfig, Mode, Scope, dense, flat_of, stack_of};
use crate::train::{Followed, OptimizerConfig, TrainConfig};

/// Most updates of the generator in a step that goes on while its loss is high.
const MOST_WHILE_ABOVE: usize = 10;

/// A parameter with its name.
type Named<'g> = (String, Expr<'g>);

/// What a discriminator says of a batch.
struct Judged<'g> {
    /// `[rows, .., 1]`: above the objective's boundary for rows taken for real.
    output: Expr<'g>,
    /// `[rows, .., n]`: the last hidden layer.
    features: Expr<'g>,
    reading: Option<Reading<'g>>,
    /// `[rows, .., classes]`, of the second head.
    classes: Option<Expr<'g>>,
}

/// A latent point with the parts of it that are read back.
struct Point<'g> {
    z: Expr<'g>,
    category: Option<Expr<'g>>,
    codes: Option<Expr<'g>>,
}

/// An adversarial network for rows of one layout.
struct Game<'a, 'g> {
    config: &'a GanConfig,
    layout: &'a Layout,
    train: &'a TrainConfig,
    inputs: &'a Inputs<'g>,
    /// The axis of samples of a row, where rows are judged in groups.
    lead: Vec<usize>,
}

impl GanConfig {
    /// Everything the networks are trained and used by.
    pub(crate) fn written<'g>(
        &self,
        scope: &mut Scope<'g>,
        inputs: &Inputs<'g>,
        layout: &Layout,
        train: &TrainConfig,
    ) -> Program<'g> {
        let lead = if self.group() > 1 { vec![self.group()] } else { Vec::new() };
        scope.start = self.start.init();
        Game { config: self, layout, train, inputs, lead }.written(scope)
    }
}

impl<'g> Game<'_, 'g> {
    fn written(&self, scope: &mut Scope<'g>) -> Program<'g> {
        let config = self.config;
        let (discriminator_update, [target, told_by]) = self.discriminator_update(scope);
        let (generator_update, average) = self.generator_update(scope, target);
        scope.take_updates();

        scope.mode = Mode::Infer;
        if let Some(average) = average {
            scope.substitute(average);
        }
        let prior = config.prior(self.layout.classes);
        // A coupled point is noise and the set that is asked for, which the generator is not given.
        let z = self.inputs.latent;
        let set = (prior.sets > 0).then(|| z.slice(0, prior.noise.1, prior.sets));
        let z = if set.is_some() { z.slice(0, 0, prior.noise.1) } else { z };
        if config.sample_dropout && config.generator.iter().any(|l| matches!(l, LayerConfig::Dropout { .. }))
        {
            scope.dropout_in_use = true;
        }
        let made = self.generate(scope, z);
        let made = set.map_or(made, |set| of_set(made, set));
        scope.dropout_in_use = false;
        let decode = match (self.is_image(), config.range) {
            (true, OutputRange::Symmetric) => (made + 1.0) * 0.5,
            _ => made,
        };
        let decode = flat_of(decode, 0);
        scope.substitute(told_by.unwrap_or_default());
        // A row alone is judged as a group of its like.
        let like = |x: Expr<'g>| {
            if self.lead.is_empty() {
                return x;
            }
            let dims = x.shape().dims;
            x.reshape(&[&[1][..], &dims].concat())
                .broadcast(&Shape::with_rows(&[&self.lead[..], &dims].concat()))
        };
        // A row in use is judged without its target, which no score may depend on.
        let row = seen(scope.graph, self.layout).map_or(self.inputs.row, |seen| self.inputs.row * seen);
        let one = self.ranged(row).reshape(&self.layout.dims);
        let condition = self.asked(self.inputs.label);
        let judged = self.judge(scope, like(one), condition.map(like), false);
        let first = |of: Expr<'g>| if of.shape().dims.len() > 1 { of.slice(0, 0, 1) } else { of };
        let flat_first = |of: Expr<'g>| {
            let of = first(of);
            of.reshape(&[of.shape().width()])
        };
        let mut recognize = Vec::new();
        if let Some(reading) = judged.reading {
            recognize.extend(reading.logits.map(flat_first));
            recognize.extend(reading.codes.map(flat_first));
        }
        match (config.semi_supervised, judged.classes) {
            (Some(semi), Some(classes)) => {
                recognize = semi.recognized(flat_first(classes), self.layout.classes);
            }
            (_, classes) => recognize.extend(classes.map(flat_first)),
        }
        if let (Some(_), Some(classes)) = (config.coupled, judged.classes) {
            recognize.push(classes.slice(0, 1, 1).reshape(&[classes.shape().width() / 2]));
        }
        let among = (!self.lead.is_empty() && !config.conditional).then(|| {
            config.objective.boundary() - flat_first(self.judge(scope, self.real(), None, false).output)
        });
        Program {
            updates: vec![discriminator_update, generator_update],
            encode: vec![flat_first(judged.features)],
            latent: prior.width(),
            decode: Some(decode),
            deviate: None,
            score: vec![config.objective.boundary() - flat_first(judged.output)],
            among,
            recognize,
            evaluate: Vec::new(),
            weigh: None,
            prior: Some(prior),
        }
    }

    /// The discriminator's update, the average of its weights that the generator learns from, if it does, and the one by
    /// which rows are classified.
    fn discriminator_update(&self, scope: &mut Scope<'g>) -> (Update<'g>, [Option<Vec<Named<'g>>>; 2]) {
        let config = self.config;
        scope.mode = Mode::Train;
        let label = self.asked(self.inputs.group_labels);
        let point = self.point(scope.graph, label);
        let made = self.generate(scope, point.z).detach();
        let mut snapshot = Vec::new();
        let made = match config.replay {
            0 => made,
            steps => {
                let Past { values, updates } = past(scope.graph, &self.own(scope, &["generator"]), steps);
                snapshot = updates;
                scope.substitute(values);
                let before = self.generate(scope, point.z).detach();
                scope.substitute(Vec::new());
                let half = scope.graph.bernoulli(&Shape::with_rows(&vec![1; made.shape().dims.len()]), 0.5);
                made + half * (before - made)
            }
        };
        // The generator's running statistics follow its own updates.
        scope.take_updates();
        let real = self.real();
        let (on_real, on_made) = if config.mixed_batches {
            self.judge_mixed(scope, real, made, label)
        } else {
            (self.judge(scope, real, label, true), self.judge(scope, made, label, true))
        };
        let (of_real, of_made) = config.labels.draw(on_real.output);
        let objective = config.objective;
        let adversarial =
            objective.of_real(on_real.output, of_real) + objective.of_made(on_made.output, of_made);
        let mut total = mean(adversarial);
        let boundary = scope.graph.constant(objective.boundary());
        let mut parts = vec![
            ("discriminator", total),
            ("real", mean(boundary.less(on_real.output))),
            ("made", mean(on_made.output.less(boundary))),
        ];
        let updates = scope.take_updates();
        if let Some(penalty) = config.penalty {
            let judge = |x: Expr<'g>| self.judge(scope, x, label, true).output;
            if let Some(penalty) = penalty.of(real, made, judge) {
                parts.push(("penalty", penalty));
                total = total + penalty;
            }
            // Statistics follow the rows, not points between them.
            scope.take_updates();
        }
        let warp = self.warp(scope.graph);
        if let (Some(info), Some(reading)) = (&config.info, on_made.reading) {
            let reading = self.reread(scope, reading, (made, label), warp);
            let losses = reading.losses(point.category, point.codes);
            if let Some(category) = losses[0] {
                let known = (info.categories as f32).ln();
                parts.push(("information", known - mean(category)));
            }
            total = with_reading(total, info, losses);
            if let (true, Some(reading)) = (info.agreement > 0.0, on_real.reading) {
                let again = self.reread(scope, reading, (real, label), warp);
                if let Some((one, other)) = reading.logits.zip(again.logits) {
                    let agreed = agreement(one, other);
                    parts.push(("agreement", agreed));
                    total = total - agreed * info.agreement;
                }
            }
            scope.take_updates();
        }
        if let (Some(classes), true) = (on_real.classes, config.classify > 0.0) {
            let labels = self.labels(self.inputs.group_labels);
            let cross_entropy = match &config.semi_supervised {
                Some(semi) => semi.of_labelled(classes, labels),
                // Rows without a label are all zero there, and lose nothing.
                None => mean(loss::cross_entropy(classes, one_hot(labels, self.layout.classes))),
            };
            parts.push(("classification", cross_entropy));
            total = total + cross_entropy * config.classify;
        }
        if let (Some(semi), Some(classes)) = (&config.semi_supervised, on_made.classes) {
            total = semi.of_made(classes).map_or(total, |loss| total + loss);
        }
        let own = self.own(scope, &["discriminator", "reader"]);
        // Both networks follow the same schedule, each at its own rate.
        let (slope, mut learned) = self.learn(scope.graph, (total, &own), config.discriminator_optimizer);
        if let Some(super::Penalty::Clip(limit)) = config.penalty {
            for (state, next) in &mut learned {
                if own.iter().any(|(name, p)| p.is(*state) && name.ends_with(".weight")) {
                    *next = next.clamp(-limit, limit);
                }
            }
        }
        learned.extend(updates);
        learned.extend(snapshot);
        let told_by = config.semi_supervised.map_or(0.0, |semi| semi.average);
        let averages = [("optimizer.target", config.target), ("judged", told_by)].map(|(path, decay)| {
            (decay > 0.0).then(|| {
                let Averaged { updates, values } = averaged(scope.graph, path, &own, decay);
                learned.extend(updates);
                values
            })
        });
        parts.push(("discriminator-gradient", slope));
        (Update { parts, updates: learned, times: config.discriminator_updates, above: None }, averages)
    }

    /// The generator's update, and what takes the place of its weights when sampling.
    fn generator_update(
        &self,
        scope: &mut Scope<'g>,
        target: Option<Vec<Named<'g>>>,
    ) -> (Update<'g>, Option<Vec<Named<'g>>>) {
        let config = self.config;
        let label = self.asked(self.inputs.group_labels);
        let point = self.point(scope.graph, label);
        let made = self.generate(scope, point.z);
        let updates = scope.take_updates();
        scope.substitute(target.unwrap_or_default());
        let judged = self.judge(scope, made, label, true);
        let mut total = mean(config.objective.of_generator(judged.output));
        let mut parts = vec![("generator", total)];
        total = total * config.adversarial;
        if config.feature_matching > 0.0 {
            let on_real = self.judge(scope, self.real(), label, true).features.detach();
            let average = |f: Expr<'g>| f.mean_rows();
            let distance = (average(judged.features) - average(on_real)).square().sum_width().reshape(&[]);
            parts.push(("feature-distance", distance));
            total = total + distance * config.feature_matching;
        }
        if config.diversity > 0.0 {
            let alike = alikeness(judged.features);
            parts.push(("alikeness", alike));
            total = total + alike * config.diversity;
        }
        if let (Some(info), Some(reading)) = (config.info.filter(|info| info.cooperate), judged.reading) {
            let warp = self.warp(scope.graph);
            let reading = self.reread(scope, reading, (made, label), warp);
            total = with_reading(total, &info, reading.losses(point.category, point.codes));
        }
        scope.substitute(Vec::new());
        scope.take_updates();
        let own = self.own(scope, &["generator"]);
        let (slope, mut learned) = self.learn(scope.graph, (total, &own), None);
        learned.extend(updates);
        parts.push(("generator-gradient", slope));
        let average = (config.average > 0.0).then(|| {
            let Averaged { updates, values } = averaged(scope.graph, "average", &own, config.average);
            learned.extend(updates);
            values
        });
        let above = config.generator_while_above.map(|limit| (limit, MOST_WHILE_ABOVE));
        (Update { parts, updates: learned, times: config.generator_updates, above }, average)
    }

    /// The norm of the gradients of `total`, and the updates by which `own` follow them.
    fn learn(
        &self,
        graph: &'g Graph,
        (mut total, own): (Expr<'g>, &[Named<'g>]),
        optimizer: Option<OptimizerConfig>,
    ) -> (Expr<'g>, Vec<(Expr<'g>, Expr<'g>)>) {
        let mut updates = Vec::new();
        if self.config.history > 0.0 {
            // A mean over all steps: its weight of the newest falls with their number.
            let owner = own.first().map_or("", |(name, _)| name.as_str());
            let count = graph.state(&format!("optimizer.history.{owner}"), &[], Init::Constant(0.0));
            updates.push((count, count + 1.0));
            for (name, p) in own {
                let name = format!("optimizer.history.mean.{name}");
                let before = graph.state(&name, &p.shape().dims, Init::Constant(0.0));
                let mean = before + (*p - before) / (count + 1.0);
                updates.push((before, mean));
                total = total + (*p - mean.detach()).square().sum_width().reshape(&[]) * self.config.history;
            }
        }
        let Followed { gradients, updates: followed } =
            self.train.follow(graph, (total, self.inputs.rate), own, optimizer);
        let zero = graph.constant(0.0);
        let square = gradients.iter().fold(zero, |sum, g| sum + g.square().sum_width().reshape(&[]));
        updates.extend(followed);
        (square.sqrt(), updates)
    }

    /// The parameters of these networks.
    fn own(&self, scope: &Scope<'g>, networks: &[&str]) -> Vec<Named<'g>> {
        let is_own = |name: &str| networks.iter().any(|network| name.starts_with(&format!("{network}.")));
        scope.parameters().iter().filter(|(name, _)| is_own(name)).cloned().collect()
    }

    fn is_image(&self) -> bool {
        self.layout.dims.len() == 3
    }

    /// Real rows as the networks see them.
    fn real(&self) -> Expr<'g> {
        self.ranged(self.inputs.group).reshape(&[&self.lead[..], &self.layout.dims].concat())
    }

    fn ranged(&self, x: Expr<'g>) -> Expr<'g> {
        let symmetric = self.is_image() && self.config.range == OutputRange::Symmetric;
        if symmetric { x * 2.0 - 1.0 } else { x }
    }

    /// Class numbers in a last axis of length 1.
    fn labels(&self, label: Expr<'g>) -> Expr<'g> {
        if self.lead.is_empty() { label } else { label.reshape(&[label.shape().width(), 1]) }
    }

    /// The classes that are asked for, one-hot, for models that are asked.
    fn asked(&self, label: Expr<'g>) -> Option<Expr<'g>> {
        let is_one = label.shape().width() == 1;
        let numbers = if is_one { label } else { self.labels(label) };
        self.config.conditional.then(|| one_hot(numbers, self.layout.classes))
    }

    /// A latent point drawn for each sample.
    fn point(&self, graph: &'g Graph, label: Option<Expr<'g>>) -> Point<'g> {
        let prior = self.config.prior(self.layout.classes);
        // Both of a coupled pair are made of one point.
        let lead = if self.config.coupled.is_some() { &[] } else { self.lead.as_slice() };
        let category = (prior.categories > 0).then(|| drawn_category(graph, lead, prior.categories));
        let codes = (prior.continuous > 0)
            .then(|| graph.uniform(&Shape::with_rows(&[lead, &[prior.continuous]].concat())) * 2.0 - 1.0);
        let noise = prior.noise(graph, lead);
        let all: Vec<Expr<'g>> = [Some(noise), label, category, codes].into_iter().flatten().collect();
        Point { z: graph.concat(&all, lead.len()), category, codes }
    }

    /// Rows made of latent points.
    fn generate(&self, scope: &mut Scope<'g>, z: Expr<'g>) -> Expr<'g> {
        scope.spectral = false;
        let layers = &self.config.generator;
        match self.config.coupled {
            Some(coupled) => {
                let finish = |scope: &mut Scope<'g>, path: &str, made| self.finished(scope, path, made, 0);
                coupled.generate(scope, layers, z, finish)
            }
            None => {
                let lead = z.shape().dims.len() - 1;
                let made = stack_of(scope, "generator", layers, z, lead);
                self.finished(scope, "generator", made, lead)
            }
        }
    }

    /// What the last layer gives in the shape of a row, by one more layer if it needs one; the first `lead` axes count samples.
    fn finished(&self, scope: &mut Scope<'g>, path: &str, made: Expr<'g>, lead: usize) -> Expr<'g> {
        if !self.config.generator.is_empty() && made.shape().dims[lead..] == self.layout.dims {
            return made;
        }
        let (width, path) = (self.layout.width(), format!("{path}.output"));
        let y = dense(scope, &path, flat_of(made, lead), width);
        scope.describe(&path, "dense, linear", &[width]);
        y.reshape(&[&y.shape().dims[..lead], &self.layout.dims].concat())
    }

    /// What the discriminator says of samples `x`, with the classes they were asked for.
    fn judge(&self, scope: &mut Scope<'g>, x: Expr<'g>, asked: Option<Expr<'g>>, noisy: bool) -> Judged<'g> {
        let config = self.config;
        scope.spectral = config.spectral_norm;
        let mut x = x;
        if noisy && config.input_noise > 0.0 {
            let deviation = (1.0 - self.inputs.progress) * config.input_noise;
            x = x + scope.graph.normal(&x.shape()) * deviation;
        }
        let axes = self.layout.dims.len();
        if let Some(asked) = asked {
            x = beside(x, asked, axes);
        }
        if config.packing > 1 {
            x = packed(x);
        }
        let lead = x.shape().dims.len() - axes;
        let hidden = match config.coupled {
            Some(coupled) => coupled.see(scope, &config.discriminator, x),
            None => stack_of(scope, "discriminator", &config.discriminator, x, lead),
        };
        self.heads(scope, flat_of(hidden, lead))
    }

    /// The matrix of a warp, where the category is read from warped images.
    fn warp(&self, graph: &'g Graph) -> Option<Expr<'g>> {
        let &[h, w, _] = self.layout.dims.as_slice() else { return None };
        Some(self.config.info?.warp?.drawn(graph, [h, w]))
    }

    /// What was read from samples `x`, with the category of the same samples warped.
    fn reread(
        &self,
        scope: &mut Scope<'g>,
        reading: Reading<'g>,
        (x, asked): (Expr<'g>, Option<Expr<'g>>),
        warp: Option<Expr<'g>>,
    ) -> Reading<'g> {
        let Some(by) = warp else { return reading };
        let again = self.judge(scope, warped(x, by), asked, true).reading;
        Reading { logits: again.and_then(|again| again.logits), ..reading }
    }

    /// Real and made samples judged in one batch, whose statistics they share.
    fn judge_mixed(
        &self,
        scope: &mut Scope<'g>,
        real: Expr<'g>,
        made: Expr<'g>,
        asked: Option<Expr<'g>>,
    ) -> (Judged<'g>, Judged<'g>) {
        let pair = |a: Expr<'g>, b: Expr<'g>| {
            let one = |x: Expr<'g>| x.reshape(&[&[1][..], &x.shape().dims].concat());
            a.graph().concat(&[one(a), one(b)], 0)
        };
        let both = self.judge(scope, pair(real, made), asked.map(|asked| pair(asked, asked)), true);
        let half = |of: Expr<'g>, i: usize| of.slice(0, i, 1).reshape(&of.shape().dims[1..]);
        let part = |i: usize| Judged {
            output: half(both.output, i),
            features: half(both.features, i),
            reading: both.reading.map(|reading| Reading {
                logits: reading.logits.map(|logits| half(logits, i)),
                codes: reading.codes.map(|mean| half(mean, i)),
            }),
            classes: both.classes.map(|classes| half(classes, i)),
        };
        (part(0), part(1))
    }

    /// What is said of the last hidden layer, a list of values a sample.
    fn heads(&self, scope: &mut Scope<'g>, features: Expr<'g>) -> Judged<'g> {
        let config = self.config;
        let compared = match &config.minibatch {
            Some(minibatch) => minibatch.append(scope, "discriminator", features),
            None => features,
        };
        let by_classes = config.semi_supervised.is_some_and(|semi| semi.realness == Realness::Classes);
        let output = (!by_classes).then(|| {
            let output = dense(scope, "discriminator.output", compared, 1);
            scope.describe("discriminator.output", "dense, linear", &[1]);
            output
        });
        scope.spectral = false;
        let classes = (config.classify > 0.0).then(|| {
            let width = config.semi_supervised.map_or(0, |semi| semi.outputs(0)) + self.layout.classes;
            let logits = dense(scope, "discriminator.classes", features, width);
            scope.describe("discriminator.classes", "dense, softmax", &[width]);
            logits
        });
        let output = output.or_else(|| classes.map(log_sum_exp)).expect("`classify` was checked");
        let reading = config.info.map(|info| info.read(scope, features));
        Judged { output, features, reading, classes }
    }
}

/// A loss with those of reading the category and the codes back.
fn with_reading<'g>(
    total: Expr<'g>,
    info: &InfoConfig,
    [category, codes]: [Option<Expr<'g>>; 2],
) -> Expr<'g> {
    let weighed = [(category, info.weight), (codes, info.continuous_weight)];
    weighed
        .into_iter()
        .fold(total, |total, (loss, weight)| loss.map_or(total, |loss| total + mean(loss) * weight))
}

/// The mean over rows and all else.
fn mean(x: Expr<'_>) -> Expr<'_> {
    x.mean_width().mean_rows().reshape(&[])
}
