//! Faults among points that were all learned from are alarms, and clean series raise at most one.
#![allow(clippy::unwrap_used, reason = "test code")]

use veridic::data::series::SeriesSet;
use veridic::models::series::{Alarm, AlarmConfig, Detector, DetectorConfig, alarms};
use veridic::seed::Seed;

const POINTS: usize = 3000;
const SEEDS: u64 = 3;

/// A day of 288 points with a little noise, and where a fault may be.
fn days(seed: u64) -> (Vec<f64>, usize) {
    let key = |name: &str| Seed(seed).key(name);
    let noise = |i: usize| {
        // The sum of four is nearly normal, with a standard deviation of 0.58.
        let one = |k: u64| {
            let mixed = (key("noise") ^ (4 * i as u64 + k)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            ((mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 40) as f64 / (1u64 << 24) as f64
                - 0.5
        };
        (0..4).map(one).sum::<f64>()
    };
    let value = |i: usize| (i as f64 * std::f64::consts::TAU / 288.0).sin() * 3.0 + noise(i) * 0.5;
    ((0..POINTS).map(value).collect(), 300 + (key("place") % 2200) as usize)
}

fn found(values: Vec<f64>) -> Vec<Alarm> {
    let set = SeriesSet::single("x", values);
    let detector = Detector::fit(&set, &DetectorConfig::default(), false, 1).unwrap();
    let scores = detector.score(&set, 1).unwrap().remove(0);
    let threshold = AlarmConfig::default().rule.threshold(&detector);
    alarms(&detector, &set.series[0], &scores, threshold, None)
}

fn check(name: &str, (length, most): (usize, usize), fault: impl Fn(&mut [f64])) {
    for seed in 0..SEEDS {
        let (mut values, at) = days(seed);
        fault(&mut values[at..]);
        let found = found(values);
        let is_here = |alarm: &&Alarm| alarm.points.start < at + length && alarm.points.end > at;
        assert!(found.iter().any(|alarm| is_here(&alarm)), "{name} {seed} {at}: {found:?}");
        // A window on either side of it belongs to it.
        let is_far = |alarm: &&Alarm| alarm.points.start > at + length + 64 || alarm.points.end + 64 < at;
        assert!(found.iter().filter(is_far).count() <= most, "{name} {seed} {at}: {found:?}");
    }
}

#[test]
fn a_spike_a_shift_and_a_dead_sensor_are_found_in_what_was_learned_from() {
    let size = 2.1;
    check("spike", (1, 1), |values| values[0] += 8.0 * size);
    check("dip", (1, 1), |values| values[0] -= 8.0 * size);
    check("shift", (150, 1), |values| values[..150].iter_mut().for_each(|value| *value += 3.0 * size));
    check("three spikes", (1, 3), |values| [0, 100, 350].iter().for_each(|&i| values[i] += 8.0 * size));
    for length in [60, 150] {
        check("dead", (length, 1), |values| {
            let last = values[0];
            values[..length].fill(last);
        });
    }
}

#[test]
fn clean_series_raise_at_most_one_alarm() {
    for seed in 0..SEEDS {
        let found = found(days(seed).0);
        assert!(found.len() <= 1, "{seed}: {found:?}");
    }
}
