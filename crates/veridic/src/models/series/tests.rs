use super::*;
use crate::data::series::{Series, SeriesSet};
use crate::error::{DataError, Error, ModelError, SeriesError};
use crate::models::Stored;
use crate::nn::{Activation, LayerConfig};

/// A daily wave with a little deterministic noise.
fn wave(n: usize, phase: usize) -> Vec<f64> {
    let noise = |i: usize| ((i * 7919 + phase * 104_729) % 1013) as f64 / 1013.0 - 0.5;
    (0..n).map(|i| (i as f64 * std::f64::consts::TAU / 48.0).sin() * 3.0 + noise(i) * 0.4 + 10.0).collect()
}

/// One series of two channels; the second is unusual from point 900 to 930.
fn two_channels() -> SeriesSet {
    let mut broken = wave(1500, 1);
    broken[900..930].iter_mut().enumerate().for_each(|(i, value)| *value = 14.0 + (i % 2) as f64 * 3.0);
    let mut set = SeriesSet::single("a", wave(1500, 0));
    set.channels.push("b".into());
    set.series[0].values.push(broken);
    set
}

fn all() -> Vec<DetectorConfig> {
    vec![
        DetectorConfig::default(),
        DetectorConfig::WindowPca(WindowPcaConfig::default()),
        DetectorConfig::NearestWindows(NearestWindowsConfig { references: 500, ..Default::default() }),
        DetectorConfig::LocalPolynomial(LocalPolynomialConfig { window: Some(24) }),
        DetectorConfig::SeasonalNaive(SeasonalNaiveConfig::default()),
        DetectorConfig::Autoregression(AutoregressionConfig::default()),
        DetectorConfig::TrailingDistances(TrailingDistancesConfig::default()),
    ]
}

fn highest(scores: &[f64]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap()
}

#[test]
fn every_detector_finds_a_break_names_its_channel_and_comes_back_from_a_file() {
    let set = two_channels();
    for config in all() {
        let name = config.name();
        let detector = Detector::fit(&set, &config, false, 1).unwrap();
        let scores = detector.score(&set, 1).unwrap().remove(0);
        // The ends have no surroundings on one side, which the local curve suffers from.
        let peak = highest(&scores.scores[100..1400]) + 100;
        // The seasonal one finds it again a season later.
        assert!((850..1010).contains(&peak), "{name}: {peak}");
        assert!(scores.scores.iter().all(|score| score.is_finite() && *score >= 0.0), "{name}");
        assert!(scores.channels[1][peak] > 0.5, "{name}: {}", scores.channels[1][peak]);
        assert_eq!(detector.training_quantile(1.0), scores.scores[highest(&scores.scores)], "{name}");
        let more = Detector::fit(&set, &config, false, 3).unwrap();
        assert_eq!((&more, more.score(&set, 4).unwrap().remove(0)), (&detector, scores.clone()), "{name}");
        let bytes = detector.store().to_bytes();
        let restored = Detector::restore(&Stored::from_bytes(&bytes).unwrap()).unwrap();
        assert_eq!(restored, detector, "{name}");
        let threshold = AlarmRule::Score(0.9 * scores.scores[peak]).threshold(&restored);
        let alarms = alarms(&restored, &set.series[0], &scores, threshold, Some(10));
        let alarm = alarms.iter().find(|alarm| alarm.points.contains(&peak)).unwrap();
        assert_eq!(alarm.channels, ["b"], "{name}");
    }
}

#[test]
fn a_dead_sensor_among_calm_ones_is_an_alarm_that_names_it() {
    for n_channels in [3, 4] {
        let mut set = SeriesSet::single("c0", wave(2000, 0));
        for c in 1..n_channels {
            set.channels.push(format!("c{c}"));
            set.series[0].values.push(wave(2000, c));
        }
        let calm = set.clone();
        // What a logger writes where a sensor is silent.
        set.series[0].values[1][1000..1040].fill(-999.0);
        let rule = AlarmConfig::default().rule;
        let found = |learned: &SeriesSet, judged: &SeriesSet| {
            let detector = Detector::fit(learned, &DetectorConfig::default(), false, 1).unwrap();
            let scores = detector.score(judged, 1).unwrap().remove(0);
            let mut found = alarms(&detector, &judged.series[0], &scores, rule.threshold(&detector), None);
            // The last points have no surroundings on one side, whatever the sensors do.
            found.retain(|alarm| alarm.points.start < 1900);
            found
        };
        for learned in [&set, &calm] {
            let found = found(learned, &set);
            assert_eq!(found.len(), 1, "{n_channels}: {found:?}");
            assert!(found[0].points.contains(&1020), "{found:?}");
            assert_eq!(found[0].channels, ["c1"]);
        }
        assert!(found(&calm, &calm).is_empty());
    }
}

#[test]
fn a_damaged_file_is_told() {
    let set = two_channels();
    for config in all() {
        let stored = Detector::fit(&set, &config, false, 1).unwrap().store();
        for name in stored.tensors.keys() {
            let mut damaged = stored.clone();
            damaged.tensors.remove(name);
            // What a detector reads it needs, but for what those of earlier versions did not have.
            let is_spared = name == "left-out" || name == "gap";
            assert_eq!(Detector::restore(&damaged).is_ok(), is_spared, "{}: {name}", config.name());
            let mut damaged = stored.clone();
            damaged.insert(name.clone(), &[0], Vec::<f64>::new());
            if let Ok(detector) = Detector::restore(&damaged) {
                // An empty list that is one: nothing may panic.
                let _ = detector.score(&set, 1);
            }
        }
        for name in stored.about.keys() {
            let mut damaged = stored.clone();
            damaged.about.insert(name.clone(), "?".into());
            assert!(Detector::restore(&damaged).is_err(), "{}: {name}", config.name());
        }
    }
}

#[test]
fn later_points_are_judged_by_earlier_ones_alone() {
    let set = two_channels();
    let part = |from, to| SeriesSet { series: vec![set.series[0].slice(from, to)], ..set.clone() };
    let config = DetectorConfig::FourSurprises(FourSurprisesConfig { smooth: Some(8), ..Default::default() });
    let detector = Detector::fit(&part(0, 700), &config, false, 1).unwrap();
    let scores = detector.score(&part(700, 1500), 1).unwrap().remove(0);
    assert!((880 - 700..950 - 700).contains(&highest(&scores.scores)));
    // What comes after a point's windows changes nothing.
    let fewer = detector.score(&part(700, 1200), 1).unwrap().remove(0);
    for i in 0..200 {
        assert!((scores.scores[i] - fewer.scores[i]).abs() < 1e-4, "{i}");
    }
    let usual = scores.scores[400..].iter().sum::<f64>() / 400.0;
    assert!(usual < 3.0 && scores.scores[215] > 10.0 * usual, "{usual} {}", scores.scores[215]);
    assert_eq!(scores.reasons.len(), 7);
    let sum: f32 = scores.reasons.iter().map(|reason| reason[215]).sum();
    assert!((sum - 1.0).abs() < 1e-3);
    assert!(scores.windows(50, 50)[4] > 5.0 * scores.windows(50, 50)[0]);
}

#[test]
fn constants_spikes_and_missing_stretches_stay_finite() {
    let mut spike = vec![5.0; 600];
    let constant = SeriesSet::single("x", spike.clone());
    spike[300] = 1e12;
    let mut hole = wave(600, 0);
    hole[200..260].fill(f64::NAN);
    let mut wrong = wave(600, 0);
    wrong[300] = 1e300;
    let (spike, hole) = (SeriesSet::single("x", spike), SeriesSet::single("x", hole));
    let wrong = SeriesSet::single("x", wrong);
    for config in all() {
        let name = config.name();
        let fitted = |set: &SeriesSet| {
            let detector = Detector::fit(set, &config, false, 1).unwrap();
            let scores = detector.score(set, 1).unwrap().remove(0).scores;
            (detector, scores)
        };
        let (detector, scores) = fitted(&constant);
        assert!(scores.iter().all(|score| *score < 0.1), "{name}: {}", scores[highest(&scores)]);
        for set in [&spike, &wrong] {
            let (_, scores) = fitted(set);
            assert!(scores.iter().all(|score| score.is_finite()), "{name}");
            let scores = detector.score(set, 1).unwrap().remove(0).scores;
            assert!(scores.iter().all(|score| score.is_finite()), "{name}");
        }
        let scores = detector.score(&spike, 1).unwrap().remove(0).scores;
        assert!(scores.iter().all(|score| score.is_finite()), "{name}");
        // The seasonal one sees it again a season of 125 points later, and averages over one.
        assert!((230..=490).contains(&highest(&scores)), "{name}: {}", highest(&scores));
        let (_, scores) = fitted(&hole);
        assert!(scores[200..260].iter().all(|score| score.is_nan()), "{name}");
        assert!(scores[..200].iter().chain(&scores[260..]).all(|score| score.is_finite()), "{name}");
    }
}

#[test]
fn entities_have_their_own_past_or_a_pooled_one() {
    let of = |entity: &str, level: f64| Series {
        entity: entity.into(),
        times: (0..500).map(f64::from).collect(),
        values: vec![wave(500, entity.len()).iter().map(|value| value + level).collect()],
        labels: Vec::new(),
    };
    let set = |series: Vec<Series>| SeriesSet { channels: vec!["x".into()], time: None, series };
    let train = set(vec![of("a", 0.0), of("b", 500.0)]);
    let config = DetectorConfig::default();
    let apart = Detector::fit(&train, &config, false, 1).unwrap();
    let error = apart.score(&set(vec![of("a", 0.0), of("c", 0.0)]), 1).unwrap_err();
    assert_eq!(error.to_string(), "nothing was learned of `c`");
    assert!(error.hint().unwrap().contains("pooled"));
    // `b` at the level of `a`: new to itself, known to both together.
    let moved = set(vec![of("b", 0.0)]);
    let pooled = Detector::fit(&train, &config, true, 1).unwrap();
    let mean = |detector: &Detector| detector.score(&moved, 1).unwrap()[0].scores.iter().sum::<f64>() / 500.0;
    assert!(mean(&apart) > 20.0 * mean(&pooled), "{} {}", mean(&apart), mean(&pooled));
    assert_eq!(Detector::restore(&pooled.store()).unwrap(), pooled);
}

#[test]
fn bad_input_is_explained() {
    for config in all() {
        let short = SeriesSet::single("x", vec![1.0, 2.0, 3.0]);
        let error = Detector::fit(&short, &config, false, 1).unwrap_err();
        assert!(
            matches!(error, Error::Data(DataError::Series(SeriesError::Short { found: 3, .. }))),
            "{}: {error}",
            config.name()
        );
        let void = SeriesSet::single("x", vec![f64::NAN; 100]);
        let error = Detector::fit(&void, &config, false, 1).unwrap_err();
        assert_eq!(error.to_string(), "every value of `x` is missing");
        let none = SeriesSet { channels: Vec::new(), time: None, series: Vec::new() };
        assert!(matches!(
            Detector::fit(&none, &config, false, 1),
            Err(Error::Model(ModelError::NoColumns { .. }))
        ));
    }
    let detector = Detector::fit(&two_channels(), &DetectorConfig::default(), false, 1).unwrap();
    let error = detector.score(&SeriesSet::single("a", wave(500, 0)), 1).unwrap_err();
    assert_eq!(error.to_string(), "the table has no column `b`, which a detector of series was fitted with");
    let mut short = two_channels();
    short.series[0] = short.series[0].slice(0, 100);
    let error = detector.score(&short, 1).unwrap_err();
    assert_eq!(error.to_string(), "the series has 100 points, the detector's window needs at least 256");
    assert!(
        DetectorConfig::FourSurprises(FourSurprisesConfig { neighbors: 0, ..Default::default() })
            .check("m")
            .is_err()
    );
    assert!(AlarmConfig { rule: AlarmRule::Budget(1.0), gap: None }.check("alarm").is_err());
}

#[test]
fn alarms_merge_and_become_a_table() {
    let set = two_channels();
    let detector = Detector::fit(&set, &DetectorConfig::default(), false, 1).unwrap();
    let mut scores = detector.score(&set, 1).unwrap().remove(0);
    scores.sharp.clear();
    scores.scores.fill(0.0);
    scores.scores[100..103].fill(2.0);
    scores.scores[101] = 5.0;
    scores.scores[105] = 3.0;
    scores.scores[106] = f64::NAN;
    scores.scores[400] = 9.0;
    // One that knows of no usual course goes by scores alone.
    let naive = DetectorConfig::SeasonalNaive(SeasonalNaiveConfig::default());
    let naive = Detector::fit(&set, &naive, false, 1).unwrap();
    let found = alarms(&naive, &set.series[0], &scores, 1.0, Some(2));
    assert_eq!(found.len(), 2);
    assert_eq!((found[0].points.clone(), found[0].start, found[0].end), (100..106, 100.0, 105.0));
    assert_eq!((found[0].peak, found[0].score), (101.0, 5.0));
    assert_eq!(alarms(&naive, &set.series[0], &scores, 1.0, Some(1)).len(), 3);
    let found = alarms(&detector, &set.series[0], &scores, 1.0, Some(2));
    assert_eq!((found.len(), found[0].score), (2, 5.0));
    assert!(found[0].points.start >= 100 && found[0].points.end <= 106);
    let (table, schema) = alarm_table(&found, &set);
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    assert_eq!(names, ["start", "end", "peak", "score", "points", "channels", "reason"]);
    assert_eq!(schema.columns.len(), 7);
    assert!(schema.validate().is_ok());
    let (none, schema) = alarm_table(&[], &set);
    assert_eq!((none.n_rows, schema.columns.len()), (0, 6));
    // A budget of a hundredth of the points is a hundredth of those in training.
    let threshold = AlarmRule::Budget(0.01).threshold(&detector);
    let training = detector.score(&set, 1).unwrap().remove(0).scores;
    assert!((training.iter().filter(|score| **score > threshold).count() as f64 - 15.0).abs() < 2.0);
}

/// A small autoencoder of windows of 16 points.
fn autoencoder(trailing: bool) -> DetectorConfig {
    let mut config = WindowAutoencoderConfig { window: 16, trailing, ..WindowAutoencoderConfig::default() };
    config.train.epochs = 4;
    config.encoder = vec![LayerConfig::Dense { units: 4, activation: Activation::Linear }];
    config.decoder = vec![LayerConfig::Dense { units: 16, activation: Activation::Tanh }];
    DetectorConfig::Autoencoder(Box::new(config))
}

#[test]
fn an_autoencoder_of_windows_finds_a_break_and_says_how_much_comes_back() {
    let set = two_channels();
    for trailing in [false, true] {
        let config = autoencoder(trailing);
        let detector = Detector::fit(&set, &config, false, 1).unwrap();
        let scores = detector.score(&set, 1).unwrap().remove(0);
        let peak = highest(&scores.scores);
        assert!((890..950).contains(&peak), "{peak}");
        assert!(scores.channels[1][peak.min(920)] > 0.5, "{}", scores.channels[1][peak.min(920)]);
        let [own, pca] = detector.reconstruction().unwrap();
        // Of a wave with a little noise nearly all comes back from four components, and much from four values.
        assert!(pca > 0.0 && pca < 0.1 && own > 0.0 && own < 0.6, "{own} {pca}");
        assert_eq!(Detector::fit(&set, &config, false, 3).unwrap(), detector);
        let bytes = detector.store().to_bytes();
        let restored = Detector::restore(&Stored::from_bytes(&bytes).unwrap()).unwrap();
        assert_eq!(restored.score(&set, 2).unwrap().remove(0), scores);
        let mut damaged = detector.store();
        damaged.tensors.retain(|name, _| !name.contains("weights."));
        assert!(Detector::restore(&damaged).is_err());
    }
}

#[test]
fn an_autoencoder_of_windows_is_checked() {
    let check = |change: &dyn Fn(&mut WindowAutoencoderConfig)| {
        let mut config = WindowAutoencoderConfig::default();
        change(&mut config);
        DetectorConfig::Autoencoder(Box::new(config)).check("d").map_err(|error| error.to_string())
    };
    assert!(check(&|_| ()).is_ok());
    assert!(check(&|config| config.window = 1).unwrap_err().contains("d.autoencoder.window"));
    assert!(check(&|config| config.train.batch = 0).unwrap_err().contains("d.autoencoder.train.batch"));
}

#[test]
fn detectors_of_earlier_versions_score_as_they_did() {
    let set = two_channels();
    let detector = Detector::fit(&set, &DetectorConfig::default(), false, 1).unwrap();
    let mut earlier = detector.store();
    earlier.tensors.remove("left-out");
    let scales: Vec<String> =
        earlier.tensors.keys().filter(|name| name.ends_with("scale")).cloned().collect();
    assert_eq!(scales.len(), 2);
    for name in scales {
        let three = earlier.values::<f64>(&name).unwrap()[..3].to_vec();
        earlier.insert(name, &[3], three);
    }
    let opened = Detector::restore(&earlier).unwrap();
    let (old, new) = (opened.score(&set, 1).unwrap(), detector.score(&set, 1).unwrap());
    assert_eq!(
        old[0].scores.iter().map(|s| s.to_bits()).collect::<Vec<_>>(),
        new[0].scores.iter().map(|s| s.to_bits()).collect::<Vec<_>>()
    );
    let threshold = AlarmConfig::default().rule.threshold(&opened);
    let found = alarms(&opened, &set.series[0], &old[0], threshold, None);
    assert!(found.iter().all(|alarm| !alarm.points.is_empty()));
}

#[test]
fn nothing_goes_over_a_long_gap() {
    let mut set = two_channels();
    set.series[0].values.iter_mut().for_each(|channel| channel[700..800].fill(f64::NAN));
    let mut changed = set.clone();
    changed.series[0].values[0][670..700].fill(500.0);
    for config in all() {
        let detector = Detector::fit(&set, &config, false, 1).unwrap();
        let [before, after] = [&set, &changed].map(|set| detector.score(set, 1).unwrap().remove(0));
        let name = config.name();
        assert_eq!(before.scores[800..], after.scores[800..], "{name}");
        assert!(after.scores[670..700].iter().any(|score| *score > 2.0 * before.scores[690]), "{name}");
        assert!(after.scores[700..800].iter().all(|score| score.is_nan()), "{name}");
        assert_eq!(after.times.len(), 1500);
        let bytes = detector.store().to_bytes();
        assert_eq!(Detector::restore(&Stored::from_bytes(&bytes).unwrap()).unwrap(), detector, "{name}");
    }
}

#[test]
fn of_the_parts_of_an_entity_some_may_be_short_but_not_all() {
    let whole = SeriesSet::single("x", wave(2000, 3));
    let part = |from, to| whole.series[0].slice(from, to);
    let set = SeriesSet { series: vec![part(0, 1000), part(1100, 1105), part(1300, 2000)], ..whole.clone() };
    for config in all() {
        let detector = Detector::fit(&set, &config, false, 1).unwrap();
        let scores = detector.score(&set, 1).unwrap();
        let lengths: Vec<usize> = scores.iter().map(|of| of.scores.len()).collect();
        assert_eq!(lengths, [1000, 5, 700], "{}", config.name());
        assert!(scores[2].scores.iter().all(|score| score.is_finite()), "{}", config.name());
        // What is too short for a window is not unusual for that.
        assert!(!scores[1].scores.iter().any(|score| *score > 3.0), "{}", config.name());
        let short = SeriesSet { series: vec![part(1100, 1105)], ..whole.clone() };
        let error = detector.score(&short, 1).unwrap_err().to_string();
        assert!(error.contains("5 points, the detector's window needs at least"), "{error}");
    }
}
