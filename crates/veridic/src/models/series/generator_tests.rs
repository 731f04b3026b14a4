use super::*;
use crate::data::series::{Series, SeriesSet};
use crate::error::{DataError, Error, SeriesError};
use crate::models::Stored;
use crate::seed::{Seed, standard_normal};

/// An autoregression and a noisy follower a step later, both far from normal.
fn related(n: usize) -> SeriesSet {
    let mut random = Seed(3).stream("related");
    let (mut level, mut a, mut b) = (0.0f64, Vec::new(), Vec::new());
    for _ in 0..n {
        b.push((0.8 * level + 0.3 * standard_normal(&mut random)).exp());
        level = 0.9 * level + 0.436 * standard_normal(&mut random);
        a.push(level.exp());
    }
    let mut set = SeriesSet::single("a", a);
    set.channels.push("b".into());
    set.series[0].values.push(b);
    set
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len() as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |x: &[f64], mx: f64, y: &[f64], my: f64| {
        x.iter().zip(y).map(|(p, q)| (p - mx) * (q - my)).sum::<f64>()
    };
    sum(a, ma, b, mb) / (sum(a, ma, a, ma) * sum(b, mb, b, mb)).sqrt()
}

fn logs(values: &[f64]) -> Vec<f64> {
    values.iter().map(|value| value.ln()).collect()
}

#[test]
fn paths_have_the_marginals_and_the_lagged_correlations_and_any_length() {
    let set = related(4000);
    let model = WindowCopula::fit(&set, &WindowCopulaConfig { window: 8 }).unwrap();
    let paths = model.sample(1, 6000, Seed(1));
    let (a, b) = (logs(&paths.series[0].values[0]), logs(&paths.series[0].values[1]));
    assert!((correlation(&a[1..], &a[..5999]) - 0.9).abs() < 0.03);
    // 0.8 / sqrt(0.64 + 0.09).
    let follower = correlation(&b[1..], &a[..5999]);
    assert!((follower - 0.936).abs() < 0.02, "{follower}");
    let spread = (a.iter().map(|v| v * v).sum::<f64>() / 6000.0).sqrt();
    assert!((spread - 1.0).abs() < 0.2, "{spread}");
    assert_eq!(paths, model.sample(1, 6000, Seed(1)));
    // A path does not depend on how many there are.
    let many = model.sample(3, 20, Seed(1));
    assert_eq!(many.series[1].values, model.sample(2, 20, Seed(1)).series[1].values);
    assert_ne!(many.series[0].values, many.series[1].values);
    let restored = WindowCopula::restore(&Stored::from_bytes(&model.store().to_bytes()).unwrap()).unwrap();
    assert_eq!(restored, model);
    for name in model.store().tensors.keys() {
        let mut damaged = model.store();
        damaged.insert(name.clone(), &[0], Vec::<f64>::new());
        assert!(WindowCopula::restore(&damaged).is_err(), "{name}");
    }
}

#[test]
fn a_path_goes_on_where_the_past_ends() {
    let set = related(4000);
    let model = WindowCopula::fit(&set, &WindowCopulaConfig { window: 8 }).unwrap();
    let high =
        Series { times: vec![5.0, 6.0, 7.0], values: vec![vec![9.0; 3], vec![5.8; 3]], ..Series::default() };
    let paths = model.continue_from(&high, 200, 3, Seed(2)).unwrap();
    let mean = |t: usize| paths.series.iter().map(|s| s.values[0][t].ln()).sum::<f64>() / 200.0;
    // ln 9 is 2.2: it falls back by a tenth a step.
    assert!((mean(0) - 1.98).abs() < 0.2 && mean(2) < mean(0), "{} {}", mean(0), mean(2));
    assert_eq!(paths.series[0].times, [8.0, 9.0, 10.0]);
    let hole = Series { values: vec![vec![9.0, 9.0, f64::NAN], vec![5.8; 3]], ..high };
    assert!(model.continue_from(&hole, 1, 3, Seed(2)).is_err());
}

#[test]
fn missing_stretches_are_filled_closer_than_by_a_line_and_within_their_bounds() {
    let set = related(6000);
    let model = WindowCopula::fit(&set, &WindowCopulaConfig { window: 16 }).unwrap();
    let mut holes = set.series[0].clone();
    let (mut missing, mut within, mut ours, mut line) = (0.0, 0.0, 0.0, 0.0);
    for start in (50..5900).step_by(40) {
        holes.values[0][start..start + 6].fill(f64::NAN);
    }
    let filled = model.impute(&holes).unwrap();
    for start in (50..5900).step_by(40) {
        let truth = &set.series[0].values[0];
        for i in start..start + 6 {
            let share = (i + 1 - start) as f64 / 7.0;
            let straight = truth[start - 1] + (truth[start + 6] - truth[start - 1]) * share;
            missing += 1.0;
            within += f64::from(u8::from(filled[0].low[i] <= truth[i] && truth[i] <= filled[0].high[i]));
            ours += (filled[0].values[i].ln() - truth[i].ln()).abs();
            line += (straight.ln() - truth[i].ln()).abs();
        }
    }
    // The other channel is there and follows a step later.
    assert!(ours < 0.8 * line, "{ours} {line}");
    let share = within / missing;
    assert!((0.85..0.95).contains(&share), "{share}");
    assert_eq!(filled[1].values, holes.values[1]);
    let void = Series {
        values: vec![vec![f64::NAN; 900], vec![f64::NAN; 900]],
        times: (0..900).map(f64::from).collect(),
        ..Series::default()
    };
    let filled = model.impute(&void).unwrap();
    assert!(filled.iter().all(|channel| channel.values.iter().all(|value| value.is_finite())));
    assert!(filled[0].high[400] > 4.0 * filled[0].low[400]);
    assert!(model.impute(&Series { values: vec![vec![1.0]], ..Series::default() }).is_err());
}

/// Days whose width is persistent and whose prices lie anywhere in it.
fn prices(n: usize) -> SeriesSet {
    let mut random = Seed(5).stream("prices");
    let (mut width, mut last) = (0.0f64, 3.0f64);
    let mut values = vec![Vec::new(); 6];
    for _ in 0..n {
        width = 0.95 * width + 0.2 * standard_normal(&mut random);
        let range = (width - 4.0).exp();
        let (open, close) = (crate::seed::uniform(&mut random), crate::seed::uniform(&mut random));
        let low = last + 0.1 * range * standard_normal(&mut random) - open * range;
        last = low + close * range;
        let volume = (10.0 + width + 0.3 * standard_normal(&mut random)).exp();
        let day = [low + open * range, low + range, low, last].map(f64::exp);
        for (channel, value) in values.iter_mut().zip(day.into_iter().chain([last.exp(), volume])) {
            channel.push(value);
        }
    }
    let channels = ["Open", "High", "Low", "Close", "Adj", "Volume"].map(str::to_owned).to_vec();
    let times = (0..n).map(|i| i as f64).collect();
    SeriesSet { channels, time: None, series: vec![Series { times, values, ..Series::default() }] }
}

fn returns(close: &[f64]) -> Vec<f64> {
    close.windows(2).map(|pair| (pair[1] / pair[0]).ln()).collect()
}

#[test]
fn candles_are_in_order_and_their_volatility_comes_in_clusters() {
    let set = prices(3000);
    let model = CandleCopula::fit(&set, &CandleCopulaConfig::default()).unwrap();
    let made = model.sample(400, 24, Seed(1));
    assert_eq!(made.series.len(), 400);
    let mut pairs: [Vec<f64>; 2] = Default::default();
    for series in &made.series {
        let [open, high, low, close, copy, volume] = series.values.as_slice() else { panic!() };
        for t in 0..24 {
            assert!(
                low[t] <= open[t]
                    && open[t] <= high[t] * 1.000_001
                    && low[t] <= close[t]
                    && close[t] <= high[t] * 1.000_001
            );
            assert!(low[t] > 0.0 && volume[t] > 0.0 && copy[t] == close[t]);
        }
        let sizes: Vec<f64> = returns(close).iter().map(|r| r.abs()).collect();
        pairs[0].extend(&sizes[1..]);
        pairs[1].extend(&sizes[..22]);
    }
    let real: Vec<f64> = returns(&set.series[0].values[3]).iter().map(|r| r.abs()).collect();
    let (made_lag, real_lag) =
        (correlation(&pairs[0], &pairs[1]), correlation(&real[1..], &real[..real.len() - 1]));
    assert!((made_lag - real_lag).abs() < 0.1 && real_lag > 0.15, "{made_lag} {real_lag}");
    let restored = CandleCopula::restore(&Stored::from_bytes(&model.store().to_bytes()).unwrap()).unwrap();
    assert_eq!(restored.sample(2, 30, Seed(4)), model.sample(2, 30, Seed(4)));
    for name in model.store().tensors.keys() {
        let mut damaged = model.store();
        damaged.insert(name.clone(), &[0], Vec::<f64>::new());
        assert!(CandleCopula::restore(&damaged).is_err(), "{name}");
    }
}

#[test]
fn a_stormy_past_gives_stormy_paths_from_its_last_price() {
    let set = prices(3000);
    let model = CandleCopula::fit(&set, &CandleCopulaConfig::default()).unwrap();
    let series = &set.series[0];
    let width = |i: &usize| (series.values[1][*i] / series.values[2][*i]).ln();
    let by_width = |a: &usize, b: &usize| width(a).total_cmp(&width(b));
    let (calm, storm) = ((30..2900).min_by(by_width).unwrap(), (30..2900).max_by(by_width).unwrap());
    let size = |end: usize| {
        let past = series.slice(end - 25, end + 1);
        let paths = model.continue_from(&past, 60, 10, Seed(1)).unwrap();
        let first = paths.series[0].values[3][0] / past.values[3][25];
        assert!((first.ln()).abs() < 1.0 && paths.series[0].times[0] == end as f64 + 1.0);
        paths.series.iter().flat_map(|s| returns(&s.values[3])).map(f64::abs).sum::<f64>()
    };
    assert!(size(storm) > 2.0 * size(calm), "{} {}", size(storm), size(calm));
    assert!(model.continue_from(&series.slice(0, 2), 1, 5, Seed(1)).is_err());
}

#[test]
fn tables_that_are_no_prices_are_refused() {
    let set = related(200);
    let error = CandleCopula::fit(&set, &CandleCopulaConfig::default()).unwrap_err();
    assert_eq!(error.to_string(), "candles need a channel `open`, which is not there");
    let mut other = prices(100);
    other.series[0].values[4][7] += 1.0;
    let error = CandleCopula::fit(&other, &CandleCopulaConfig::default()).unwrap_err();
    assert!(matches!(error, Error::Data(DataError::Series(SeriesError::NotAPrice { .. }))));
    let mut zero = prices(100);
    zero.series[0].values[2][7] = 0.0;
    assert!(
        CandleCopula::fit(&zero, &CandleCopulaConfig::default())
            .unwrap_err()
            .to_string()
            .starts_with("`Low` is 0 at point 8")
    );
    let short = prices(20);
    assert!(CandleCopula::fit(&short, &CandleCopulaConfig::default()).is_err());
    assert!(WindowCopula::fit(&set, &WindowCopulaConfig { window: 1 }).is_err());
}
