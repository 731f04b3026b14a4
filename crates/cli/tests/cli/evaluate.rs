//! Synthetic rows are judged.

use crate::{Place, customers};

#[test]
fn a_page_and_its_figures_are_written_and_the_gravest_is_said_first() {
    let place = Place::new();
    place.write("real.csv", customers(240));
    place.write("copies.csv", customers(200));
    let arguments =
        ["evaluate", "real.csv", "copies.csv", "--target", "buys", "--protected", "city", "-o", "r.html"];
    let ran = place.succeed(&arguments);
    assert_eq!(ran.out, "");
    assert!(ran.err.ends_with("wrote r.html, r.json and r.columns.csv\n"), "{}", ran.err);
    let place_of = |word: &str| ran.err.find(word).unwrap_or(usize::MAX);
    assert!(place_of("copies: ") < place_of("indistinguishable: "), "{}", ran.err);
    let page = place.read("r.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n") && !page.contains("<script"));
    assert!(
        place.read("r.columns.csv").starts_with("column,value,real,made\nage,"),
        "{}",
        place.read("r.columns.csv")
    );
    let figures = place.read("r.json");
    for name in ["\"floor.table.pairs\"", "\"ceiling.table.c2st\"", "\"fairness.city.selection_gap\""] {
        assert!(figures.contains(name), "{name}");
    }
}

#[test]
fn a_column_that_was_left_out_of_made_rows_does_not_tell_them_apart() {
    let place = Place::new();
    let phones = |text: String| -> String {
        let line = |(i, line): (usize, &str)| match i {
            0 => format!("{line},phone\n"),
            _ => format!("{line},0171 {}/{}\n", i * 7919 % 10_007, i % 97),
        };
        text.lines().enumerate().map(line).collect()
    };
    place.write("real.csv", phones(customers(240)));
    place.write("made.csv", customers(200));
    let ran = place.succeed(&["evaluate", "real.csv", "made.csv", "-o", "pages/new/r.html"]);
    assert!(place.is_there("pages/new/r.html") && place.is_there("pages/new/r.json"));
    assert!(ran.err.contains("`phone` is missing, so it is not compared"), "{}", ran.err);
    assert!(!ran.err.contains("given away by `phone`"), "{}", ran.err);
}

#[test]
fn files_that_do_not_go_together_are_refused_and_no_input_is_lost() {
    let place = Place::new();
    place.write("real.csv", customers(60));
    place.write("other.csv", "age,town\n1,a\n2,b\n");
    place.write("tiny.csv", customers(3));
    place.write("empty.csv", "");
    assert!(place.fail(&["evaluate", "real.csv", "other.csv"]).contains("income"));
    let tiny = place.fail(&["evaluate", "real.csv", "tiny.csv"]);
    assert!(tiny.contains("20 rows") && tiny.contains("there are 3"), "{tiny}");
    place.fail(&["evaluate", "real.csv", "empty.csv"]);
    place.fail(&["evaluate", "real.csv", "real.csv", "-o", "real.csv"]);
    assert_eq!(place.read("real.csv"), customers(60));
    let ending = place.fail(&["evaluate", "real.csv", "real.csv", "-o", "r.xyz"]);
    assert!(ending.contains("cannot write a page as `xyz`") && ending.contains("name it r.html"), "{ending}");
    assert!(!place.path("r.xyz").exists() && !place.path("r.json").exists());
    let no = place.fail(&["evaluate", "real.csv", "real.csv", "--target", "bys"]);
    assert!(no.contains("`buys`"), "{no}");
}

#[test]
fn made_files_say_where_they_come_from_and_runs_have_a_card_and_a_page() {
    let place = Place::new();
    place.write("data.csv", customers(400));
    let fit = |out: &str, seed: &str| {
        place.succeed(&["fit", "data.csv", "--target", "buys", "--out", out, "--seed", seed, "--quiet"])
    };
    fit("run", "1");
    fit("other", "2");
    let card = place.read("run/card.md");
    for part in
        ["# Model card", "data.csv (sha256 ", "rows to learn from", "| table.pairs |", "veridic sample"]
    {
        assert!(card.contains(part), "{part} is not in:\n{card}");
    }
    let page = place.read("run/report.html");
    assert!(page.starts_with("<!doctype html>") && page.contains("Fidelity"), "{page}");

    for file in ["rows.csv", "rows.csv.gz", "rows.json", "rows.parquet"] {
        place.succeed(&["sample", "run", "-n", "20", "--seed", "7", "-o", file]);
        let told = place.succeed(&["check", file, "--run", "run"]);
        for part in
            ["synthetic: yes (sampled)\n", "seed: 7\n", "learned from: data.csv ", "as they were written\n"]
        {
            assert!(told.out.contains(part), "{part} is not in:\n{}", told.out);
        }
        assert_eq!(told.err, "made by run\n");
        assert!(place.fail(&["check", file, "--run", "other"]).contains("another run"));
    }
    // The rows are the same whatever they are written to, and say so only where they can.
    assert!(place.path("rows.csv.provenance.json").is_file());
    assert!(!place.path("rows.parquet.provenance.json").exists());
    let rows = place.read("rows.csv");
    place.write("rows.csv", rows.replacen('1', "2", 1));
    assert!(place.fail(&["check", "rows.csv"]).contains("was changed since it was made"));
    let silent = place.fail(&["check", "data.csv"]);
    assert!(silent.contains("says nothing of its origin") && silent.contains("hint: "), "{silent}");
    assert!(place.fail(&["check", "no.csv"]).contains("no.csv"));

    // Combinations of values, as often as each other.
    place.succeed(&["sample", "run", "-n", "60", "--balance", "city,buys", "-o", "even.csv"]);
    let mut counts = std::collections::BTreeMap::new();
    let even = place.read("even.csv");
    let header: Vec<&str> = even.lines().next().unwrap().split(',').collect();
    let [city, buys] = ["city", "buys"].map(|name| header.iter().position(|column| *column == name).unwrap());
    for line in even.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        *counts.entry((cells[city], cells[buys])).or_insert(0) += 1;
    }
    let (least, most) = (counts.values().min().unwrap(), counts.values().max().unwrap());
    assert!(counts.len() >= 4 && most - least <= 1, "{counts:?}");
    assert!(place.fail(&["sample", "run", "-n", "3", "--balance", "city,buys"]).contains("needs"));

    // Ends of ranges in the wrong order, and none.
    let given = |given: &str| place.fail(&["sample", "run", "-n", "3", "--given", given]);
    let err = given("age=40..30");
    assert!(err.contains("`40` is above `30`") && err.contains("write `age=30..40`"), "{err}");
    let err = given("age=30..inf");
    assert!(err.contains("no cell is infinite") && err.contains("`age=FROM..`"), "{err}");

    // Pictures of a run say where they come from, and the weights of another run are not its own.
    let told = place.succeed(&["check", "run/figures/columns.png", "--run", "run"]);
    assert!(told.out.contains("synthetic: yes (drawn)\n"), "{}", told.out);
    std::fs::copy(place.path("other/model.safetensors"), place.path("run/model.safetensors")).unwrap();
    let err = place.fail(&["sample", "run", "-n", "3"]);
    assert!(err.contains("it was changed, or is another run's") && err.contains("hint: "), "{err}");
    // Runs of earlier versions say nothing of it.
    let info = place.read("run/run.json");
    let (before, _) = info.split_once(",\n  \"model\": ").unwrap();
    place.write("run/run.json", format!("{before}\n}}\n"));
    place.succeed(&["sample", "run", "-n", "3"]);
}
