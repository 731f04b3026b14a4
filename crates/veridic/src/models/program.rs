//! A model written down as expressions, before it is compiled.

use veridic_graph::{Expr, Feed, Graph, Shape};

use super::aae::is_discriminators;
use super::prior::Prior;
use super::rows::Layout;
use super::{Decoding, NetworkConfig};
use crate::error::ConfigError;
use crate::nn::{Likelihood, Mode, Scope};
use crate::train::TrainConfig;

/// The inputs of the graph, in the order they are declared and fed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Input {
    /// A row, and its class.
    Row,
    Label,
    /// The rows of a group one after the other, and their classes.
    Group,
    GroupLabels,
    Latent,
    Rate,
    Weight,
    Progress,
    /// One row and its posterior, for estimates of its likelihood.
    Target,
    Mean,
    LogVariance,
    /// The weight of a row in a loss that has weights.
    Importance,
}

/// The feeds of all inputs; those a plan does not read are fed nothing.
pub(super) fn feeds<'a, const N: usize>(given: [(Input, Feed<'a>); N]) -> [Feed<'a>; 12] {
    let mut all = [Feed::Shared(&[]); 12];
    for (input, feed) in given {
        all[input as usize] = feed;
    }
    all
}

/// The inputs as expressions.
pub(crate) struct Inputs<'g> {
    /// `[rows, width]` and `[rows, 1]`: a row in use, and the number of its class.
    pub(crate) row: Expr<'g>,
    pub(crate) label: Expr<'g>,
    /// `[rows, group width]` and `[rows, group]`: what training reads.
    pub(crate) group: Expr<'g>,
    pub(crate) group_labels: Expr<'g>,
    /// `[rows, latent]`.
    pub(crate) latent: Expr<'g>,
    /// The learning rate, the weight of the divergence, the share of the run that is over: scalars.
    pub(crate) rate: Expr<'g>,
    pub(crate) weight: Expr<'g>,
    pub(crate) progress: Expr<'g>,
    /// `[width]`, and `[latent]` each.
    pub(crate) target: Expr<'g>,
    pub(crate) posterior: (Expr<'g>, Expr<'g>),
    /// `[rows, 1]`.
    pub(crate) importance: Expr<'g>,
}

impl<'g> Inputs<'g> {
    pub(super) fn declare(
        graph: &'g Graph,
        config: NetworkConfig<'_>,
        layout: &Layout,
    ) -> Result<Self, ConfigError> {
        let (width, latent) = (layout.width(), config.latent(layout)?.iter().product());
        // The order of declaration is the order of feeds.
        let (row, label) = (graph.rows("x", &[width]), graph.rows("label", &[1]));
        let samples = config.group();
        let (group, group_labels) =
            (graph.rows("group", &[samples * width]), graph.rows("labels", &[samples]));
        let (group, group_labels) = if samples > 1 { (group, group_labels) } else { (row, label) };
        Ok(Self {
            row,
            label,
            group,
            group_labels,
            latent: graph.rows("z", &[latent]),
            rate: graph.shared("learning rate", &[]),
            weight: graph.shared("weight of the divergence", &[]),
            progress: graph.shared("progress", &[]),
            target: graph.shared("target", &[width]),
            posterior: (
                graph.shared("posterior mean", &[latent]),
                graph.shared("posterior log-variance", &[latent]),
            ),
            importance: graph.rows("importance", &[1]),
        })
    }
}

/// One update of a training step.
pub(crate) struct Update<'g> {
    /// Named losses, scalars; the first is what the update minimizes.
    pub(crate) parts: Vec<(&'static str, Expr<'g>)>,
    /// States and their new values.
    pub(crate) updates: Vec<(Expr<'g>, Expr<'g>)>,
    /// How often it is done in a step.
    pub(crate) times: usize,
    /// It goes on while its first loss is above the one, up to so many times.
    pub(crate) above: Option<(f32, usize)>,
}

/// A model as expressions over [`Inputs`].
pub(crate) struct Program<'g> {
    /// The updates of a training step, in order.
    pub(crate) updates: Vec<Update<'g>>,
    /// The losses of a row in use, scalars; none for models that have none.
    pub(crate) evaluate: Vec<Expr<'g>>,
    /// `[rows, latent]`: the code, or the mean of the posterior and its log-variance.
    pub(crate) encode: Vec<Expr<'g>>,
    /// `[rows, width]`: what is expected from a latent point, for models that can say.
    pub(crate) decode: Option<Expr<'g>>,
    /// `[rows, width]`: the log-variance of each value at a latent point, where the decoder gives it.
    pub(crate) deviate: Option<Expr<'g>>,
    /// `[rows, 1]`; of models that give rows back also what each encoded column adds to it and the row that is expected,
    /// `[rows, width]` each.
    pub(crate) score: Vec<Expr<'g>>,
    /// `[groups, 1]`: the score of the first row of each group among the others, for models that judge rows in groups.
    pub(crate) among: Option<Expr<'g>>,
    /// `[rows, 1]`: `ln p(x, z) - ln q(z | x)`, for models with a posterior.
    pub(crate) weigh: Option<Expr<'g>>,
    /// What heads read from a row, `[rows, n]` each.
    pub(crate) recognize: Vec<Expr<'g>>,
    /// Dimensions of the latent space.
    pub(crate) latent: usize,
    /// What latent points are drawn from, for models that can be sampled from.
    pub(crate) prior: Option<Prior>,
}

/// One pass over rows, as a model writes it.
pub(crate) struct Pass<'g> {
    /// `[rows, latent]`: the code, or the mean of the posterior.
    pub(crate) latent: Expr<'g>,
    /// `[rows, latent]`, for models with a posterior.
    pub(crate) log_variance: Option<Expr<'g>>,
    /// `[rows, width]`: what each encoded column adds to the score (higher is more unusual).
    pub(crate) terms: Expr<'g>,
    /// `[rows, 1]`: what the score has beside them, for models with a posterior its divergence.
    pub(crate) divergence: Option<Expr<'g>>,
    /// Named losses, `[rows, 1]` each; the first is minimized.
    pub(crate) parts: Vec<(&'static str, Expr<'g>)>,
}

/// A model that is trained to give rows back.
pub(super) fn decoding<'g>(
    config: Decoding<'_>,
    scope: &mut Scope<'g>,
    inputs: &Inputs<'g>,
    layout: &Layout,
    likelihood: &Likelihood,
    train: Option<&TrainConfig>,
) -> Program<'g> {
    let graph = scope.graph;
    let x = inputs.row;
    let seen = seen(graph, layout);
    let input = seen.map_or(x, |seen| x * seen).reshape(&layout.dims);
    let trained = train.map(|train| {
        let drawn = if layout.redrawn { graph.uniform(&x.shape()).less(x) } else { x };
        let drawn = layout.turn.apply(graph, drawn, &layout.dims);
        // Images have no blocks.
        let spoilt =
            config.noise().map_or(drawn, |noise| noise.apply(scope, drawn, layout.blocks.is_empty()));
        let spoilt = seen.map_or(spoilt, |seen| spoilt * seen);
        let pass = config.pass(scope, likelihood, (drawn, spoilt.reshape(&layout.dims)), inputs.weight);
        let statistics = scope.take_updates();
        let mut loss = pass.parts[0].1.mean_rows();
        let mut more = Vec::new();
        if let Decoding::Aae(aae) = config {
            let against = aae.against(scope, pass.latent);
            loss = loss.reshape(&[]) + against.encoder * aae.adversarial;
            more.push(aae.update(scope, inputs, against, train));
        }
        (pass, statistics, loss, more)
    });
    scope.mode = Mode::Infer;
    let used = config.pass(scope, likelihood, (x, input), inputs.weight);
    let shape = config.latent(&layout.dims).expect("the layers were checked");
    let y = config.decode(scope, likelihood, inputs.latent.reshape(&shape));
    // The row's own code stands for the latent point; what scoring has made of it already is the same expression.
    let own = config.decode(scope, likelihood, used.latent.reshape(&shape));
    let expected = likelihood.expected(scope, own);
    let mean_parts =
        |pass: &Pass<'g>| pass.parts.iter().map(|(name, part)| (*name, part.mean_rows())).collect::<Vec<_>>();
    let mut all = Vec::new();
    if let (Some((pass, statistics, loss, mut more)), Some(train)) = (trained, train) {
        let mut parameters = scope.parameters().to_vec();
        parameters.retain(|(name, _)| !is_discriminators(name));
        let mut updates = train.follow(graph, (loss, inputs.rate), &parameters, None).updates;
        updates.extend(statistics);
        all.push(Update { parts: mean_parts(&pass), updates, times: 1, above: None });
        all.append(&mut more);
    }
    // What the encoder may not see counts in no score; taken off afterwards it would leave its rounding behind.
    let terms = seen.map_or(used.terms, |seen| used.terms * seen);
    let score = used.divergence.map_or(terms.sum_width(), |divergence| terms.sum_width() + divergence);
    let mut evaluated = mean_parts(&used);
    let mut prior = used.log_variance.is_some();
    if let Decoding::Aae(aae) = config {
        evaluated.extend(aae.against(scope, used.latent).parts);
        prior = true;
    }
    Program {
        updates: all,
        evaluate: evaluated.into_iter().map(|(_, part)| part).collect(),
        encode: std::iter::once(used.latent).chain(used.log_variance).collect(),
        decode: Some(likelihood.expected(scope, y)),
        deviate: likelihood.decoded_log_variance(y),
        score: vec![score, terms, expected],
        among: None,
        weigh: config.log_weight(scope, likelihood, inputs.target, inputs.posterior),
        recognize: Vec::new(),
        latent: shape.iter().product(),
        prior: prior.then(|| Prior::normal(shape.iter().product())),
    }
}

/// 1 for each encoded column the encoder sees, 0 for the others; nothing if it sees all.
pub(crate) fn seen<'g>(graph: &'g Graph, layout: &Layout) -> Option<Expr<'g>> {
    let flags: Vec<bool> = (0..layout.width()).map(|j| !layout.unseen.contains(&j)).collect();
    let runs = flags.chunk_by(|a, b| a == b).map(|run| {
        let flag = graph.constant(if run[0] { 1.0 } else { 0.0 });
        flag.broadcast(&Shape::shared(&[run.len()]))
    });
    let runs: Vec<Expr<'g>> = runs.collect();
    (!layout.unseen.is_empty()).then(|| graph.concat(&runs, 0))
}
