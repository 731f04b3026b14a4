//! Whether steps do what their formulas say.

use veridic_graph::{Draw, Pool};

use super::*;
use crate::data::Matrix;
use crate::models::{Layout, ModelConfig, Network, Rows};
use crate::nn::{Activation, LayerConfig};
use crate::train::{Learner, Rates, TrainConfig};

const RATES: Rates = Rates { learning: 0.01, divergence: 0.0, progress: 0.5 };

fn dense(units: usize) -> Vec<LayerConfig> {
    vec![LayerConfig::Dense { units, activation: Activation::LeakyRelu }]
}

fn small() -> GanConfig {
    GanConfig { latent: 3, generator: dense(6), discriminator: dense(6), ..GanConfig::default() }
}

fn layout() -> Layout {
    Layout { dims: vec![2], classes: 3, ..Layout::default() }
}

fn rows() -> Matrix {
    let values = (0..128).map(|i| ((i * 37 % 23) as f32 - 11.0) / 7.0).collect();
    Matrix { n_rows: 64, n_cols: 2, values }
}

const LABELS: [f32; 64] = {
    let mut labels = [0.0; 64];
    let mut i = 0;
    while i < 64 {
        labels[i] = (i % 3) as f32;
        i += 1;
    }
    labels
};

fn network(config: GanConfig) -> Network {
    config.check().unwrap();
    Network::new(&ModelConfig::Gan(Box::new(config)), layout(), &TrainConfig::default(), 5).unwrap()
}

/// The losses of some steps, and the weights after them.
fn trained(config: GanConfig, steps: u64, threads: usize) -> (Vec<Vec<f32>>, Vec<Vec<f32>>) {
    let (mut network, matrix, mut pool) = (network(config), rows(), Pool::new(threads));
    let data = Rows::matrix(&matrix).labelled(&LABELS);
    let index: Vec<u32> = (0..64).collect();
    let losses = (0..steps)
        .map(|step| network.step(&mut pool, data, &index, RATES, Draw { seed: 1, step }).unwrap().to_vec())
        .collect();
    (losses, network.states().entries.iter().map(|state| state.values.clone()).collect())
}

/// Every switch there is, one at a time.
fn variants() -> Vec<(&'static str, GanConfig)> {
    let gan = small;
    let info = InfoConfig { categories: 4, continuous: 2, ..InfoConfig::default() };
    vec![
        ("plain", gan()),
        ("minimax", GanConfig { objective: Objective::Minimax, ..gan() }),
        ("least squares", GanConfig { objective: Objective::LeastSquares, ..gan() }),
        ("hinge", GanConfig { objective: Objective::Hinge, spectral_norm: true, ..gan() }),
        (
            "wasserstein",
            GanConfig {
                objective: Objective::Wasserstein,
                penalty: Some(Penalty::Gradient(10.0)),
                discriminator_updates: 3,
                ..gan()
            },
        ),
        (
            "clipped",
            GanConfig { objective: Objective::Wasserstein, penalty: Some(Penalty::Clip(0.02)), ..gan() },
        ),
        ("real gradient", GanConfig { penalty: Some(Penalty::RealGradient(1.0)), ..gan() }),
        ("packed", GanConfig { packing: 4, ..gan() }),
        (
            "minibatch",
            GanConfig {
                minibatch: Some(MinibatchConfig { group: 8, ..MinibatchConfig::default() }),
                ..gan()
            },
        ),
        (
            "packed with a slope bounded at real rows",
            GanConfig { packing: 2, penalty: Some(Penalty::RealGradient(1.0)), ..gan() },
        ),
        ("replay", GanConfig { replay: 3, ..gan() }),
        (
            "coupled",
            GanConfig {
                coupled: Some(CoupledConfig::default()),
                generator: [dense(6), dense(2)].concat(),
                discriminator: [dense(6), dense(4)].concat(),
                classify: 1.0,
                ..gan()
            },
        ),
        ("conditional", GanConfig { conditional: true, packing: 2, ..gan() }),
        ("info", GanConfig { info: Some(info), ..gan() }),
        ("mixed", GanConfig { mixed_batches: true, ..gan() }),
        (
            "tricks",
            GanConfig {
                labels: LabelConfig { real: [0.7, 1.2], made: [0.0, 0.3], flip: 0.05 },
                input_noise: 0.1,
                feature_matching: 0.5,
                diversity: 0.1,
                history: 0.01,
                target: 0.9,
                average: 0.9,
                classify: 0.5,
                generator_while_above: Some(0.1),
                ..gan()
            },
        ),
    ]
}

#[test]
fn every_variant_trains_to_the_same_bits_at_any_number_of_threads() {
    for (name, config) in variants() {
        let (losses, weights) = trained(config.clone(), 4, 1);
        assert!(losses.iter().flatten().all(|loss| loss.is_finite()), "{name}: {losses:?}");
        assert!(weights.iter().flatten().all(|weight| weight.is_finite()), "{name}");
        assert_ne!(losses[0], losses[3], "{name}");
        assert_eq!(trained(config, 4, 2), (losses, weights), "{name}");
    }
}

#[test]
fn every_variant_makes_judges_and_scores_rows() {
    for (name, config) in variants() {
        let mut network = network(config.clone());
        let (mut pool, matrix) = (Pool::new(1), rows());
        let z = network.prior().unwrap().draw(crate::seed::Seed(1), "test", 9, |_| None);
        assert_eq!(z.n_cols, network.latent(), "{name}");
        let made = network.decode(&mut pool, &z).unwrap();
        assert_eq!((made.n_rows, made.n_cols), (9, 2), "{name}");
        let data = Rows::matrix(&matrix).labelled(&LABELS);
        let scores = network.score(&mut pool, data, &[0, 1, 2]).unwrap();
        let terms = network.explain(&mut pool, data, &[0, 1, 2]).unwrap().terms;
        assert!(terms.values.is_empty() && scores.iter().all(|score| score.is_finite()), "{name}");
        // A row's score does not depend on the rows beside it.
        assert_eq!(network.score(&mut pool, data, &[1]).unwrap()[0], scores[1], "{name}");
        // Its code, the discriminator's six or four features, whatever the latent space is.
        let (codes, _) = network.encode(&mut pool, data, &[0, 1, 2]).unwrap();
        let features = if config.coupled.is_some() { 4 } else { 6 };
        assert_eq!((codes.n_rows, codes.n_cols, codes.values.len()), (3, features, 3 * features), "{name}");
        let (alone, _) = network.encode(&mut pool, data, &[1]).unwrap();
        assert_eq!(alone.row(0), codes.row(1), "{name}");
        let read = network.recognize(&mut pool, data, &[0, 1]).unwrap();
        let heads = config.info.map_or(0, |_| 2)
            + usize::from(config.classify > 0.0) * config.coupled.map_or(1, |_| 2);
        assert_eq!(read.len(), heads, "{name}");
    }
}

#[test]
fn clipping_keeps_weights_within_bounds_and_biases_free() {
    let config =
        GanConfig { objective: Objective::Wasserstein, penalty: Some(Penalty::Clip(0.02)), ..small() };
    let mut network = network(config);
    let (matrix, mut pool) = (rows(), Pool::new(1));
    let index: Vec<u32> = (0..64).collect();
    network.step(&mut pool, Rows::matrix(&matrix), &index, RATES, Draw { seed: 1, step: 0 }).unwrap();
    let is_critics = |name: &str| name.starts_with("discriminator.") && name.ends_with(".weight");
    let weights: Vec<f32> = network
        .states()
        .entries
        .iter()
        .filter(|state| is_critics(&state.name))
        .flat_map(|state| state.values.clone())
        .collect();
    assert!(weights.iter().all(|weight| weight.abs() <= 0.02) && weights.contains(&0.02));
}

#[test]
fn the_generator_moves_only_by_its_own_update() {
    // With a rate of zero for the generator's part nothing of it may move.
    let mut network = network(GanConfig { adversarial: 0.0, feature_matching: 1e-30, ..small() });
    let (matrix, mut pool) = (rows(), Pool::new(1));
    let index: Vec<u32> = (0..64).collect();
    let values = |network: &Network, part: &str| -> Vec<f32> {
        let own = network.states().entries.iter().filter(|state| state.name.starts_with(part));
        own.flat_map(|state| state.values.clone()).collect()
    };
    let rates = Rates { learning: 1e-3, ..RATES };
    let (generator, discriminator) = (values(&network, "generator."), values(&network, "discriminator."));
    network.step(&mut pool, Rows::matrix(&matrix), &index, rates, Draw { seed: 1, step: 0 }).unwrap();
    let moved = |before: &[f32], after: &[f32]| {
        before.iter().zip(after).map(|(a, b)| (a - b).abs()).fold(0.0f32, f32::max)
    };
    assert!(moved(&generator, &values(&network, "generator.")) < 1e-6);
    assert!(moved(&discriminator, &values(&network, "discriminator.")) > 1e-4);
}

#[test]
fn losses_at_the_start_have_their_closed_forms() {
    // A discriminator whose output is zero for every row: ln 2 a row of each kind.
    let mut network = network(small());
    for state in &mut network.states_mut().entries {
        if state.name.starts_with("discriminator.output") {
            state.values.fill(0.0);
        }
    }
    let (matrix, mut pool) = (rows(), Pool::new(1));
    let index: Vec<u32> = (0..64).collect();
    let losses = network.step(&mut pool, Rows::matrix(&matrix), &index, RATES, Draw::default()).unwrap();
    assert!((losses[0] - 2.0 * std::f32::consts::LN_2).abs() < 1e-6, "{losses:?}");
}

#[test]
fn settings_that_do_not_go_together_are_refused() {
    let refused = |config: GanConfig| config.check().unwrap_err().to_string();
    assert!(refused(GanConfig { objective: Objective::Wasserstein, ..small() }).contains("wasserstein"));
    assert!(refused(GanConfig { packing: 17, ..small() }).contains("model.gan.packing"));
    assert!(
        refused(GanConfig { packing: 2, minibatch: Some(MinibatchConfig::default()), ..small() })
            .contains("minibatch")
    );
    assert!(
        refused(GanConfig {
            objective: Objective::Hinge,
            labels: LabelConfig { real: [0.9, 0.9], ..LabelConfig::default() },
            ..small()
        })
        .contains("labels")
    );
    assert!(refused(GanConfig { average: 1.0, ..small() }).contains("model.gan.average"));
}

#[test]
fn categories_of_warped_images_train_to_the_same_bits_and_only_images_are_warped() {
    let info = InfoConfig {
        categories: 3,
        warp: Some(WarpConfig::default()),
        agreement: 2.0,
        ..InfoConfig::default()
    };
    let config = GanConfig { info: Some(info), packing: 2, ..small() };
    let model = ModelConfig::Gan(Box::new(config.clone()));
    let refused = Network::new(&model, layout(), &TrainConfig::default(), 5).err().unwrap().to_string();
    assert!(refused.contains("info.warp"), "{refused}");
    let layout = Layout { dims: vec![4, 3, 1], ..Layout::default() };
    let values = (0..64 * 12).map(|i| (i * 37 % 23) as f32 / 22.0).collect();
    let matrix = Matrix { n_rows: 64, n_cols: 12, values };
    let index: Vec<u32> = (0..64).collect();
    let trained = |threads: usize, info: InfoConfig| {
        let model = ModelConfig::Gan(Box::new(GanConfig { info: Some(info), ..config.clone() }));
        let mut network = Network::new(&model, layout.clone(), &TrainConfig::default(), 5).unwrap();
        let mut pool = Pool::new(threads);
        let losses: Vec<Vec<f32>> = (0..4)
            .map(|step| {
                let draw = Draw { seed: 1, step };
                network.step(&mut pool, Rows::matrix(&matrix), &index, RATES, draw).unwrap().to_vec()
            })
            .collect();
        let at = network.parts().iter().position(|part| *part == "agreement");
        (losses, at)
    };
    let (losses, at) = trained(1, info);
    let agreed: Vec<f32> = losses.iter().map(|step| step[at.unwrap()]).collect();
    assert!(agreed.iter().all(|nats| (0.0..=3f32.ln()).contains(nats)), "{agreed:?}");
    assert_eq!(trained(2, info).0, losses);
    // Warping changes what is learned, and so does agreeing.
    let (alone, none) = trained(1, InfoConfig { agreement: 0.0, ..info });
    assert!(none.is_none() && alone[3][0] != losses[3][0]);
    let (still, _) = trained(1, InfoConfig { agreement: 0.0, warp: None, ..info });
    assert_ne!(alone[3][0], still[3][0]);
}

#[test]
fn coupled_generators_share_their_first_layers_and_give_the_set_that_is_asked_for() {
    let (_, config) = variants().into_iter().find(|(name, _)| *name == "coupled").unwrap();
    let mut network = network(config);
    let names: Vec<String> = network.weights().into_iter().map(|weight| weight.name).collect();
    for shared in ["generator.0.weight", "generator.first.0.weight", "generator.second.0.weight"] {
        assert!(names.iter().any(|name| name == shared), "{shared}: {names:?}");
    }
    for shared in ["discriminator.0.weight", "discriminator.first.0.weight", "discriminator.second.0.weight"]
    {
        assert!(names.iter().any(|name| name == shared), "{shared}: {names:?}");
    }
    // The same noise with the one set, with the other, and with the first again.
    let point = [0.3, -0.7, 1.1];
    let sets = [[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]];
    let values = sets.iter().flat_map(|set| [&point[..], set].concat()).collect();
    let z = Matrix { n_rows: 3, n_cols: 5, values };
    let made = network.decode(&mut Pool::new(1), &z).unwrap();
    assert_eq!(made.row(0), made.row(2));
    assert_ne!(made.row(0), made.row(1));
    // What only the second set has of its own does not reach the first.
    let mut weights = network.weights();
    for weight in weights.iter_mut().filter(|weight| weight.name.starts_with("generator.second.")) {
        weight.values.iter_mut().for_each(|value| *value += 1.0);
    }
    network.set_weights(&weights).unwrap();
    let changed = network.decode(&mut Pool::new(1), &z).unwrap();
    assert_eq!(changed.row(0), made.row(0));
    assert_ne!(changed.row(1), made.row(1));
}

#[test]
fn a_label_of_the_second_set_that_is_not_there_changes_nothing() {
    // Without labels of its own the second set gives the classifying head no gradient.
    let (_, config) = variants().into_iter().find(|(name, _)| *name == "coupled").unwrap();
    let (matrix, mut pool) = (rows(), Pool::new(1));
    let labels: Vec<f32> = (0..64).map(|i| if i < 32 { (i % 3) as f32 } else { -1.0 }).collect();
    let index: Vec<u32> = (0..32).flat_map(|i| [i, i + 32]).collect();
    let classification =
        |network: &Network| network.parts().iter().position(|part| *part == "classification").unwrap();
    let mut one = self::network(config);
    let at = classification(&one);
    let data = Rows::matrix(&matrix).labelled(&labels);
    let loss = one.step(&mut pool, data, &index, RATES, Draw { seed: 1, step: 0 }).unwrap()[at];
    // Half of the rows have a label: the mean over all is half of about ln 3.
    assert!((loss - 0.5 * 3f32.ln()).abs() < 0.25, "{loss}");
}

#[test]
fn replay_judges_the_generator_as_it_was() {
    let config = GanConfig { replay: 2, ..small() };
    let (mut network, matrix, mut pool) = (network(config), rows(), Pool::new(1));
    let data = Rows::matrix(&matrix).labelled(&LABELS);
    let index: Vec<u32> = (0..64).collect();
    let of = |network: &Network, name: &str| -> Vec<f32> {
        network.states().entries.iter().find(|state| state.name == name).unwrap().values.clone()
    };
    let mut generators = vec![of(&network, "generator.0.weight")];
    let mut kept = Vec::new();
    for step in 0..4 {
        network.step(&mut pool, data, &index, RATES, Draw { seed: 1, step }).unwrap();
        generators.push(of(&network, "generator.0.weight"));
        kept.push(of(&network, "optimizer.replay.generator.0.weight"));
    }
    // Taken at the steps 0 and 2, each before the generator's own update.
    assert_eq!([&kept[0], &kept[1]], [&generators[0]; 2]);
    assert_eq!([&kept[2], &kept[3]], [&generators[2]; 2]);
    assert_ne!(generators[0], generators[2]);
}

#[test]
fn coupled_networks_refuse_what_they_cannot_be() {
    let coupled = |coupled: CoupledConfig| GanConfig {
        coupled: Some(coupled),
        generator: [dense(6), dense(2)].concat(),
        discriminator: [dense(6), dense(4)].concat(),
        ..small()
    };
    let error = coupled(CoupledConfig { generator: 2, discriminator: 1 }).check().unwrap_err();
    assert!(error.to_string().contains("model.gan.coupled.generator"), "{error}");
    let error = GanConfig { packing: 2, ..coupled(CoupledConfig::default()) }.check().unwrap_err();
    assert!(error.to_string().contains("`packing`"), "{error}");
}

#[test]
fn windows_of_series_are_made_and_judged_by_layers_over_their_steps() {
    let layers = |text: &str| -> Vec<LayerConfig> {
        let table: toml::Table = toml::from_str(&format!("layers = {text}")).unwrap();
        table["layers"].clone().try_into().unwrap()
    };
    let layout = Layout { dims: vec![6, 2], classes: 3, ..Layout::default() };
    let rows = Matrix {
        n_rows: 64,
        n_cols: 12,
        values: (0..768).map(|i| ((i * 37 % 23) as f32 - 11.0) / 7.0).collect(),
    };
    let over_steps = GanConfig {
        latent: 18,
        generator: layers("[{ series = [6, 3] }, { gru = 5, direction = 'both' }, { step-dense = 2 }]"),
        discriminator: layers("[{ lstm = 4, output = 'last' }]"),
        ..GanConfig::default()
    };
    let dense = GanConfig { latent: 3, generator: dense(6), discriminator: dense(4), ..GanConfig::default() };
    for (name, config) in [
        ("over steps", over_steps.clone()),
        ("dense", dense.clone()),
        (
            "conditional",
            GanConfig { conditional: true, generator: dense.generator.clone(), ..over_steps.clone() },
        ),
        ("packed", GanConfig { packing: 2, ..over_steps.clone() }),
        (
            "minibatch",
            GanConfig { minibatch: Some(MinibatchConfig { group: 8, ..Default::default() }), ..dense },
        ),
        ("mixed", GanConfig { mixed_batches: true, ..over_steps.clone() }),
        ("slope bounded", GanConfig { penalty: Some(Penalty::RealGradient(1.0)), ..over_steps }),
    ] {
        config.check().unwrap();
        let model = ModelConfig::Gan(Box::new(config.clone()));
        let mut network = Network::new(&model, layout.clone(), &TrainConfig::default(), 5).unwrap();
        let data = Rows::matrix(&rows).labelled(&LABELS);
        let (mut pool, index) = (Pool::new(2), (0..64).collect::<Vec<u32>>());
        for step in 0..3 {
            let losses = network.step(&mut pool, data, &index, RATES, Draw { seed: 1, step }).unwrap();
            assert!(losses.iter().all(|loss| loss.is_finite()), "{name}: {losses:?}");
        }
        let z = network.prior().unwrap().draw(crate::seed::Seed(1), "test", 9, |_| None);
        let made = network.decode(&mut pool, &z).unwrap();
        assert_eq!((made.n_rows, made.n_cols), (9, 12), "{name}");
        let scores = network.score(&mut pool, data, &[0, 1, 2]).unwrap();
        assert_eq!(scores.len(), 3, "{name}");
        assert_eq!(network.score(&mut pool, data, &[1]).unwrap()[0], scores[1], "{name}");
        let (codes, _) = network.encode(&mut pool, data, &[0, 1, 2]).unwrap();
        assert_eq!((codes.n_rows, codes.n_cols), (3, 4), "{name}");
        // All steps of a window are judged as one, not each as a row of its own.
        let mut later = rows.clone();
        later.values[12 + 11] += 1.0;
        let changed = network.score(&mut pool, Rows::matrix(&later).labelled(&LABELS), &[1]).unwrap();
        assert_ne!(changed[0], scores[1], "{name}");
    }
    let coupled = GanConfig { coupled: Some(CoupledConfig::default()), ..GanConfig::default() };
    let error = coupled.check_layers(&layout).unwrap_err();
    assert!(error.to_string().contains("windows of series"), "{error}");
}
