//! Rules of a table, found and of the user's own, and names of rows.

use std::fmt::Write as _;

use super::Place;

/// Stays that end on the day they begin or later, but for `broken` of them.
fn stays(broken: usize) -> String {
    let mut text = "id,start,end,ward\n".to_string();
    for i in 0..400 {
        let start = i * 37 % 200 + 1;
        let end = if i < broken { start - 1 } else { start + i * 7 % 20 };
        let _ = writeln!(text, "S-{:05},{start},{end},{}", i + 1, ["a", "b"][usize::from(i % 3 == 0)]);
    }
    text
}

const SMALL: [&str; 4] = ["--set", "model=chain", "--threads", "1"];

#[test]
fn rules_are_kept_and_rows_get_new_names() {
    let place = Place::new();
    place.write("stays.csv", stays(0));
    let rule = ["--set", "data.rules.hold=[\"start <= end\", \"end in 0..\"]"];
    let fit = ["fit", "stays.csv", "--out", "run"];
    place.succeed(&[&fit[..], &SMALL[..], &rule[..]].concat());
    let off = ["--set", "data.rules.off=[\"end <= start\", \"start <= end\"]"];
    let told = place.succeed(&[&["fit", "stays.csv", "--out", "off"][..], &SMALL[..], &off[..]].concat()).err;
    assert!(
        told.contains("names `end <= start`, which no row shows") && !told.contains("names `start"),
        "{told}"
    );
    let shown = place.succeed(&["show", "run"]).out;
    assert!(shown.contains("`start` <= `end`") && shown.contains("made new in the same form"), "{shown}");
    place.succeed(&["sample", "run", "-n", "50", "-o", "made.csv"]);
    let made = place.read("made.csv");
    let mut lines = made.lines();
    assert_eq!(lines.next(), Some("id,start,end,ward"));
    for (i, line) in lines.enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells[0], format!("S-{:05}", 401 + i));
        assert!(cells[1].parse::<i32>().unwrap() <= cells[2].parse::<i32>().unwrap(), "{line}");
    }
}

#[test]
fn rules_that_the_data_breaks_are_refused_with_its_rows() {
    let place = Place::new();
    place.write("stays.csv", stays(3));
    let fit = ["fit", "stays.csv", "--out", "run", "--set", "model=chain"];
    let with = |rule: &str| place.fail(&[&fit[..], &["--set", rule]].concat());
    let err = with("data.rules.hold=[\"start <= end\"]");
    assert!(
        err.contains("does not hold in 3 of 400 rows") && err.contains("row 1 has start = 1, end = 0"),
        "{err}"
    );
    let err = with("data.rules.hold=[\"start before end\"]");
    assert!(err.contains("data.rules.hold"), "{err}");
}
