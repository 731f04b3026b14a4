//! One seed, one result.

use super::support::{Place, cases, mixed_vae, sampled};

#[test]
fn the_loss_falls_and_the_report_names_what_the_field_quotes() {
    let place = Place::new();
    for case in cases() {
        let out = case.name();
        let fitted = place.fit(&case.config(), &out, 1);
        assert_eq!(fitted.epochs, 4, "{case:?}");
        for part in ["train.loss", "valid.loss"] {
            let losses = place.losses(&out, part);
            assert_eq!(losses.len(), 4, "{case:?}");
            assert!(losses[3] < losses[0], "{case:?} {part} {losses:?}");
        }
        let mut names = vec![
            "latent.probe_accuracy",
            "test.auroc",
            "test.average_precision",
            "test.loss",
            "train.epochs",
            "train.loss",
            "valid.loss",
        ];
        if case.model == "vae" {
            names.extend(["test.kl", "test.reconstruction", "train.kl", "train.reconstruction", "valid.kl"]);
            names.extend([
                "latent.active_units",
                "valid.reconstruction",
                "sample.correlation_similarity",
                "sample.shape_similarity",
            ]);
        }
        if case.has_nll() {
            names.extend(["test.elbo", "test.nll", "test.nll_samples", "test.nll_sd"]);
            let [elbo, nll, reconstruction, kl] =
                ["elbo", "nll", "reconstruction", "kl"].map(|name| fitted.report[&format!("test.{name}")]);
            assert_eq!(elbo, -(reconstruction + kl), "{case:?}");
            // Not exactly a bound at other draws, but far from any other mistake.
            assert!(nll < -elbo + 0.5 && nll > -elbo - 10.0, "{case:?} {nll} {elbo}");
        }
        if case.model == "vae" {
            // The divergence of a unit is nowhere negative, and their sum is that of the report.
            let units = std::fs::read_to_string(place.at(&out).join("latent-units.csv")).unwrap();
            let kl: Vec<f64> =
                units.lines().skip(1).map(|line| line.split(',').nth(1).unwrap().parse().unwrap()).collect();
            assert_eq!(kl.len(), 3, "{case:?}");
            assert!(kl.iter().all(|kl| *kl >= -1e-6), "{case:?} {kl:?}");
            let sum: f64 = kl.iter().sum();
            assert!((sum - fitted.report["test.kl"]).abs() < 1e-4 * (1.0 + sum), "{case:?} {sum}");
        }
        // The target is modeled as a flag.
        names.push("test.accuracy");
        names.sort_unstable();
        assert_eq!(fitted.report.keys().map(String::as_str).collect::<Vec<_>>(), names, "{case:?}");
        for share in ["test.auroc", "test.average_precision", "test.accuracy", "latent.probe_accuracy"] {
            assert!((0.0..=1.0).contains(&fitted.report[share]), "{case:?} {share}");
        }
        // The report speaks of the epoch whose weights were kept.
        let best = place.losses(&out, "valid.loss").into_iter().fold(f64::INFINITY, f64::min);
        assert_eq!(fitted.report["valid.loss"], best, "{case:?}");
        let run = place.open(&out, 1);
        assert_eq!(run.report(), fitted.report, "{case:?}");
    }
}

#[test]
fn one_seed_gives_the_same_bits_at_any_number_of_threads() {
    let place = Place::new();
    for case in cases() {
        let config = case.config();
        let name = case.name();
        let outs = [1, 2, 2].iter().enumerate().map(|(i, &threads)| {
            let out = format!("{name}-{i}");
            place.fit(&config, &out, threads);
            let rows = (case.model == "vae").then(|| sampled(&mut place.open(&out, threads), 50, &[], 3));
            (place.outcome(&out), rows)
        });
        let outs: Vec<_> = outs.collect();
        assert!(outs[0] == outs[1], "{case:?}: threads change the result");
        assert!(outs[1] == outs[2], "{case:?}: repetition changes the result");
    }
}

#[test]
fn another_seed_gives_another_result() {
    let place = Place::new();
    let mut config = mixed_vae();
    place.fit(&config, "a", 1);
    config.seed = 8;
    place.fit(&config, "b", 1);
    let (a, b) = (place.outcome("a"), place.outcome("b"));
    assert!(a.0 != b.0 && a.1 != b.1 && a.2 != b.2);
    let mut run = place.open("a", 1);
    assert_ne!(sampled(&mut run, 20, &[], 1), sampled(&mut run, 20, &[], 2));
    assert_eq!(sampled(&mut run, 20, &[], 1), sampled(&mut run, 20, &[], 1));
}

#[test]
fn the_configuration_of_a_run_repeats_it() {
    let place = Place::new();
    place.fit(&mixed_vae(), "a", 1);
    let written = std::fs::read_to_string(place.at("a").join("config.toml")).unwrap();
    let config = veridic::run::Config::from_toml(&written, "config.toml").unwrap();
    let options = veridic::run::FitOptions { data: None, ..place.options(&config, "b", 1) };
    veridic::run::fit_files(&options, &super::support::never(), &mut |_| {}).unwrap();
    assert!(place.outcome("a") == place.outcome("b"));
    let again = std::fs::read_to_string(place.at("b").join("config.toml")).unwrap();
    assert_eq!(written, again);
}

#[test]
fn the_divergence_is_weighted_up_over_the_first_epochs() {
    let place = Place::new();
    let config = mixed_vae()
        .with(&[("model.vae.kl-warmup".into(), "2".into()), ("model.vae.beta".into(), "3".into())]);
    place.fit(&config.unwrap(), "run", 1);
    let [loss, reconstruction, kl] =
        ["loss", "reconstruction", "kl"].map(|part| place.losses("run", &format!("train.{part}")));
    for (epoch, weight) in [0.0, 1.5, 3.0, 3.0].into_iter().enumerate() {
        let expected = reconstruction[epoch] + weight * kl[epoch];
        assert!((loss[epoch] - expected).abs() < 1e-4, "epoch {} {} {expected}", epoch + 1, loss[epoch]);
    }
    // Validation is always at full weight: else epochs could not be compared.
    let [loss, reconstruction, kl] =
        ["loss", "reconstruction", "kl"].map(|part| place.losses("run", &format!("valid.{part}")));
    assert!((loss[0] - reconstruction[0] - 3.0 * kl[0]).abs() < 1e-4);
}

#[test]
fn batches_of_one_row_and_of_all_rows_learn() {
    let place = Place::new();
    for case in cases() {
        for batch in [1, 100_000] {
            let mut config = case.config();
            (config.train.batch, config.train.epochs) = (batch, 2);
            let out = format!("{}-{batch}", case.name());
            let fitted = place.fit(&config, &out, 1);
            assert!(fitted.report["test.loss"].is_finite(), "{case:?} {batch}");
        }
    }
}
