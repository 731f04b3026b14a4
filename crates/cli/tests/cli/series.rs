//! Series from the command line: alarms, new paths, filled stretches, and rows that are none.

use crate::Place;

const FIT: [&str; 4] = ["--set", "model=series", "--quiet", "--out"];

/// A daily pattern every hour from 2024-01-01 with a day that stays flat.
fn hours(n: usize) -> Vec<(String, f64)> {
    let value = |i: usize| {
        let noise = (i * 7919 % 101) as f64 / 101.0;
        let flat = (1200..1240).contains(&i);
        if flat { 5.0 + noise } else { 20.0 + 10.0 * (i as f64 * std::f64::consts::TAU / 24.0).sin() + noise }
    };
    let time = |i: usize| {
        let (day, hour) = (i / 24, i % 24);
        let (month, day) = (day / 28 + 1, day % 28 + 1);
        format!("2024-{month:02}-{day:02} {hour:02}:00:00")
    };
    // Months of 28 days would leave gaps.
    (0..n).map(|i| (if n <= 672 { time(i) } else { i.to_string() }, value(i))).collect()
}

fn csv(rows: &[(String, f64)]) -> String {
    let line = |(time, value): &(String, f64)| format!("{time},{value:.3}\n");
    String::from("time,load\n") + &rows.iter().map(line).collect::<String>()
}

fn fitted(place: &Place, name: &str, text: &str, further: &[&str]) -> String {
    place.write("series.csv", text);
    let arguments = [&["fit", "series.csv"], &FIT[..], &[name], further].concat();
    place.succeed(&arguments).err
}

#[test]
fn two_commands_from_a_file_to_alarms_with_a_picture() {
    let place = Place::new();
    fitted(&place, "run", &csv(&hours(2000)), &["--set", "data.series.time=time"]);
    let ran = place.succeed(&["alarms", "run", "series.csv", "--figure", "alarms.png"]);
    let mut lines = ran.out.lines();
    assert_eq!(lines.next(), Some("start,end,peak,score,points,channels,reason"));
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let is_there = |row: &&Vec<&str>| {
        let [start, end] = [0, 1].map(|column| row[column].parse::<f64>().unwrap());
        start < 1240.0 && end >= 1200.0
    };
    assert_eq!(rows.iter().filter(is_there).count(), 1, "{}", ran.out);
    assert!(rows.len() < 4, "{}", ran.out);
    assert!(ran.err.contains("scores above 3.000 nats"), "{}", ran.err);
    assert!(place.is_there("alarms.png") && place.is_there("alarms.csv"));
    let scores = place.succeed(&["score", "run", "series.csv", "--explain", "1"]).out;
    assert!(scores.starts_with("time,score,"), "{scores:.100}");
    assert_eq!(scores.lines().count(), 2001);
    // Another threshold, and one that no score reaches.
    let none = place.succeed(&["alarms", "run", "series.csv", "--threshold", "1000"]);
    assert!(none.out.lines().count() == 1 && none.err.contains("the highest score is"), "{none:?}");
    let more = place.succeed(&["alarms", "run", "series.csv", "--contamination", "0.2", "--gap", "0"]);
    assert!(more.out.lines().count() > rows.len() + 1, "{}", more.out);
}

#[test]
fn what_rows_were_taken_for_is_said_and_the_target_is_what_is_unusual() {
    let place = Place::new();
    let rows = hours(2000);
    let mut text = String::from("load,fault\n");
    for (i, (_, value)) in rows.iter().enumerate() {
        text.push_str(&format!("{value:.3},{}\n", u8::from((1200..1240).contains(&i))));
    }
    place.write("series.csv", text);
    let fit = ["fit", "series.csv", "--set", "model=series", "--target", "fault", "--out", "run"];
    let ran = place.succeed(&fit);
    assert!(ran.err.contains("one series of 2000 points, channel load"), "{}", ran.err);
    for figure in ["test.vus_pr", "floor.test.vus_pr", "test.f1", "test.false_alarm_rate", "test.segment_f1"]
    {
        assert!(ran.err.contains(figure), "{figure}: {}", ran.err);
    }
    // A file without labels is scored too.
    place.write("new.csv", "load\n".to_owned() + &"20.5\n21.5\n".repeat(200));
    assert!(place.succeed(&["alarms", "run", "new.csv"]).out.starts_with("start,"));
}

#[test]
fn rows_that_are_no_series_name_the_setting_that_mends_them() {
    let place = Place::new();
    let good = hours(600);
    let refused = |rows: &[(String, f64)], words: &[&str]| {
        place.write("series.csv", csv(rows));
        let error = place.fail(&["fit", "series.csv", "--set", "model=series", "--out", "refused"]);
        words.iter().for_each(|word| assert!(error.contains(word), "{word}: {error}"));
        assert!(!place.is_there("refused"), "a run that never began leaves no folder");
    };
    let mends = |rows: &[(String, f64)], run: &str, setting: &str| {
        fitted(&place, run, &csv(rows), &["--set", setting]);
        place.succeed(&["alarms", run, "series.csv"]);
    };
    let mut unsorted = good.clone();
    unsorted.swap(10, 20);
    refused(&unsorted, &["not in order: row 12 is at 2024-01-01 11:00:00", "data.series.unsorted=sort"]);
    mends(&unsorted, "sorted", "data.series.unsorted=sort");
    let mut twice = good.clone();
    twice.insert(5, good[5].clone());
    refused(&twice, &["2024-01-01 05:00:00 is there more than once, first in row 7", "duplicates=last"]);
    mends(&twice, "once", "data.series.duplicates=last");
    let mut off = good.clone();
    off[7].0 = "2024-01-01 07:20:00".to_owned();
    refused(&off, &["not evenly spaced: most steps are 3600", "--set data.series.step=3600", "spacing=rows"]);
    mends(&off, "even", "data.series.step=3600");
    mends(&off, "rows", "data.series.spacing=rows");
    place.write("series.csv", csv(&good[..10]));
    let error = place.fail(&["fit", "series.csv", "--set", "model=series", "--out", "short"]);
    assert!(error.contains("10 points, learning what is usual needs at least 16"), "{error}");
    fitted(&place, "short", &csv(&good), &[]);
    let mut zones = good.clone();
    zones[3].0 = "2024-01-01T03:00:00+02:00".to_owned();
    place.write("series.csv", csv(&zones));
    let error = place.fail(&["fit", "series.csv", "--set", "model=series", "--out", "refused"]);
    assert!(error.contains("column `time` is written in two ways"), "{error}");
    place.write("series.csv", "name,city\nAnn,Rome\nBob,Oslo\n".repeat(40));
    assert!(
        place
            .fail(&["fit", "series.csv", "--set", "model=series", "--out", "refused"])
            .contains("no column of numbers")
    );
}

#[test]
fn gaps_and_constant_channels_are_no_harm() {
    let place = Place::new();
    let mut rows = hours(600);
    rows.drain(100..130);
    let text: String = rows.iter().map(|(time, value)| format!("{time},{value:.3},7\n")).collect();
    place.write("series.csv", format!("time,load,fixed\n{text}"));
    let ran = place.succeed(&["fit", "series.csv", "--set", "model=series", "--out", "run"]);
    assert!(ran.err.contains("600 points every hour by `time`"), "{}", ran.err);
    assert!(ran.err.contains("30 points are missing"), "{}", ran.err);
    let scores = place.succeed(&["score", "run", "series.csv"]).out;
    assert_eq!(scores.lines().count(), 601);
    // What never moved is unusual where it does, and named.
    let moves =
        |line: &str| match line.strip_prefix("2024-01-22 05:00:00,").and_then(|rest| rest.strip_suffix(",7"))
        {
            Some(load) => format!("2024-01-22 05:00:00,{load},9\n"),
            None => format!("{line}\n"),
        };
    place.write("moved.csv", format!("time,load,fixed\n{}", text.lines().map(moves).collect::<String>()));
    let moved = place.succeed(&["alarms", "run", "moved.csv"]).out;
    // One alarm: no average reaches beyond a gap.
    let lines: Vec<&str> = moved.lines().skip(1).collect();
    assert!(
        matches!(lines.as_slice(), [line] if line.contains(",2024-01-22 05:00:00,") && line.contains("fixed")),
        "{moved}"
    );
}

#[test]
fn entities_are_judged_by_their_own_past() {
    let place = Place::new();
    let mut text = String::from("plant,hour,load\n");
    for plant in ["north", "south"] {
        for (i, (_, value)) in hours(800).iter().enumerate() {
            text.push_str(&format!("{plant},{i},{value:.3}\n"));
        }
    }
    let settings = ["--set", "data.series.entity=plant", "--set", "data.series.time=hour"];
    fitted(&place, "run", &text, &settings);
    let scores = place.succeed(&["score", "run", "series.csv"]).out;
    assert!(scores.starts_with("entity,hour,score\nnorth,0,"), "{scores:.60}");
    place.write("new.csv", text.replace("south", "west"));
    let error = place.fail(&["alarms", "run", "new.csv"]);
    assert!(error.contains("nothing was learned of `west`") && error.contains("pooled"), "{error}");
    // The same in a column each.
    let wide: String =
        hours(800).iter().enumerate().map(|(i, (_, v))| format!("{i},{v:.3},{:.3}\n", 2.0 * v)).collect();
    let settings = ["--set", "data.series.form=wide", "--set", "data.series.time=hour"];
    fitted(&place, "wide", &format!("hour,north,south\n{wide}"), &settings);
    let scores = place.succeed(&["score", "wide", "series.csv"]).out;
    assert!(
        scores.starts_with("entity,hour,score\nnorth,0,") && scores.contains("\nsouth,799,"),
        "{scores:.60}"
    );
}

#[test]
fn a_copula_makes_paths_goes_on_and_fills() {
    let place = Place::new();
    let rows = hours(600);
    place.write("series.csv", csv(&rows));
    let fit = ["fit", "series.csv", "--set", "model=window-copula", "--out", "run"];
    let ran = place.succeed(&fit);
    for figure in ["sample.nearness", "control.bootstrap.nearness", "real.volatility_1", "sample.kurtosis"] {
        assert!(ran.err.contains(figure), "{figure}: {}", ran.err);
    }
    let made = place.succeed(&["sample", "run", "-n", "2", "--length", "3"]).out;
    let lines: Vec<&str> = made.lines().collect();
    assert_eq!((lines[0], lines.len()), ("path,time,load", 7));
    assert!(
        lines[1].starts_with("1,2024-01-26 00:00:00,") && lines[6].starts_with("2,2024-01-26 02:00:00,"),
        "{made}"
    );
    assert_eq!(made, place.succeed(&["sample", "run", "-n", "2", "--length", "3"]).out);
    let after =
        ["sample", "run", "-n", "20", "--length", "12", "--after", "series.csv", "--figure", "fan.png"];
    let on = place.succeed(&after).out;
    assert!(on.lines().nth(1).unwrap().starts_with("1,2024-01-26 00:00:00,"), "{on:.60}");
    assert!(place.is_there("fan.png"));
    // Ten hours are lost and found again, with bounds.
    let mut text = String::from("time,load\n");
    for (i, (time, value)) in rows.iter().enumerate() {
        let cell = if (300..310).contains(&i) { String::new() } else { format!("{value:.3}") };
        text.push_str(&format!("{time},{cell}\n"));
    }
    place.write("holes.csv", text);
    let filled = place.succeed(&["fill", "run", "holes.csv"]);
    assert!(filled.err.contains("10 values were filled"), "{}", filled.err);
    let lines: Vec<Vec<&str>> = filled.out.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(lines[0], ["time", "load", "load_low", "load_high"]);
    assert_eq!(lines[1][2..], ["", ""]);
    for i in 300..310 {
        let [value, low, high] = [1, 2, 3].map(|column| lines[i + 1][column].parse::<f64>().unwrap());
        assert!(low <= value && value <= high, "{:?}", lines[i + 1]);
        assert!((value - rows[i].1).abs() < 4.0, "{value} for {}", rows[i].1);
    }
    assert!(place.fail(&["fill", "run", "holes.csv", "-n", "3"]).contains("leave `-n` out"));
    for [n, length] in [["1", "1000000000"], ["1000000000", "24"]] {
        let error = place.fail(&["sample", "run", "-n", n, "--length", length]);
        assert!(error.contains("GB") && error.contains(if n == "1" { length } else { n }), "{error}");
    }
    assert!(place.fail(&["sample", "run", "-n", "2", "--given", "load=3"]).contains("no conditions"));
    assert!(place.fail(&["alarms", "run", "series.csv"]).contains("a copula of windows cannot find"));
}

#[test]
fn settings_of_paths_are_refused_of_other_runs() {
    let place = Place::new();
    fitted(&place, "run", &csv(&hours(600)), &[]);
    let error = place.fail(&["sample", "run", "-n", "2", "--length", "5"]);
    assert!(error.contains("a detector of series cannot make paths of series"), "{error}");
    let window = ["--set", "model.window-copula.window=1", "--out", "none"];
    let error = place.fail(&[&["fit", "series.csv"], &window[..]].concat());
    assert!(error.contains("model.window-copula.window"), "{error}");
}

#[test]
fn a_sensor_that_sticks_is_an_alarm_as_long_as_it_does() {
    let place = Place::new();
    let mut rows = hours(2000);
    let stuck = rows[600].1;
    rows[600..760].iter_mut().for_each(|row| row.1 = stuck);
    fitted(&place, "run", &csv(&rows), &["--set", "data.series.time=time"]);
    let found = place.succeed(&["alarms", "run", "series.csv"]).out;
    let points =
        |line: &str| -> Vec<f64> { line.split(',').take(2).map(|cell| cell.parse().unwrap()).collect() };
    let holds = |line: &&str| points(line)[0] <= 700.0 && points(line)[1] >= 700.0;
    let alarm = found.lines().skip(1).find(holds).unwrap_or_else(|| panic!("{found}"));
    let [start, end] = points(alarm)[..] else { panic!("{alarm}") };
    assert!((590.0..=600.0).contains(&start) && (759.0..790.0).contains(&end), "{found}");
}

#[test]
fn constant_channels_are_drawn_once() {
    let place = Place::new();
    let text: String = (0..300).map(|i| format!("{i},7,3.5\n")).collect();
    let ran = fitted(&place, "run", &format!("time,a,b\n{text}"), &["--set", "data.series.time=time"]);
    place.succeed(&["alarms", "run", "series.csv", "--figure", "alarms.png"]);
    assert_eq!(place.read("alarms.csv").lines().next(), Some("time,a,b,score"), "{ran}");
}
