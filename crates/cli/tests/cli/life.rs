//! A run from its fit to its use.

use std::fmt::Write as _;
use std::process::Stdio;

use crate::{Place, Ran, customers, fitted};

#[test]
fn a_run_is_fitted_shown_sampled_scored_encoded_and_reconstructed() {
    let place = Place::new();
    fitted(&place);

    let show = place.succeed(&["show", "run", "--diagram", "net.svg", "--quiet"]);
    for part in ["status: done", "layers\n", "encoder.0", "parameters", "train.loss", "model.safetensors"] {
        assert!(show.out.contains(part), "{part} is not in:\n{}", show.out);
    }
    assert!(place.read("net.svg").starts_with("<svg"));

    // Only data on standard output; the same command gives the same rows; a file has the same bytes.
    let sample = place.succeed(&["sample", "run", "-n", "7", "-o", "-"]);
    assert_eq!((sample.out.lines().count(), sample.err.as_str()), (8, ""));
    assert!(sample.out.starts_with("age,income,city,buys\n"), "{}", sample.out);
    assert_eq!(place.succeed(&["sample", "run", "-n", "7"]).out, sample.out);
    assert_ne!(place.succeed(&["sample", "run", "-n", "7", "--seed", "5"]).out, sample.out);
    let told = place.succeed(&["sample", "run", "-n", "7", "-o", "rows.csv"]);
    assert_eq!((told.out.as_str(), told.err.as_str()), ("", "wrote 7 rows to rows.csv\n"));
    assert_eq!(place.read("rows.csv"), sample.out);
    let given = place.succeed(&["sample", "run", "-n", "5", "--given", "city=Rome"]).out;
    assert!(given.lines().skip(1).all(|line| line.contains(",Rome,")), "{given}");

    let scores = place.succeed(&["score", "run", "data.csv", "--explain", "2"]).out;
    assert_eq!(scores.lines().count(), 121);
    let header = scores.lines().next().unwrap();
    assert!(header.contains("score") && header.contains("reason_2"), "{header}");
    let quiet = place.succeed(&["score", "run", "data.csv", "-o", "scores.json", "--quiet"]);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
    assert!(place.read("scores.json").starts_with("[\n{"));

    // A reader that goes away while rows are written is no failure.
    let mut child = place.command(&["sample", "run", "-n", "20000"]).stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    assert_eq!(child.wait().unwrap().code(), Some(0));

    let encoded = place.succeed(&["encode", "run", "data.csv"]).out;
    assert!(encoded.starts_with("z1,z2"), "{encoded}");
    let expected = place.succeed(&["reconstruct", "run", "data.csv"]).out;
    assert_eq!(expected.lines().count(), 121);
    assert!(expected.starts_with("age,income,city"), "{expected}");
}

#[test]
fn quiet_is_quiet_and_without_a_terminal_progress_is_a_few_lines() {
    let place = Place::new();
    place.write("my data.csv", customers(60));
    let quiet =
        ["fit", "my data.csv", "--set", "model=vae", "--set", "train.epochs=1", "--out", "a", "--quiet"];
    let ran = place.succeed(&quiet);
    assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""));
    let ran = place.succeed(&["fit", "my data.csv", "--set", "model=vae", "--set", "train.epochs=1"]);
    assert_eq!(ran.out, "runs/my-data-1\n");
    assert!(ran.err.contains("training on ") && ran.err.contains("rows/s"), "{}", ran.err);
    assert!(ran.err.lines().count() < 60 && !ran.err.contains('\u{1b}'), "{}", ran.err);
    assert!(ran.err.ends_with("next: veridic show runs/my-data-1\n"), "{}", ran.err);
    assert_eq!(place.succeed(&quiet[..4]).out, "runs/my-data-2\n");
}

#[test]
fn a_dry_run_prints_the_configuration_and_writes_nothing() {
    let place = Place::new();
    place.write("a.csv", customers(60));
    let ran = place.succeed(&[
        "fit",
        "a.csv",
        "--seed",
        "9",
        "--set",
        "model=vae",
        "--set",
        "train.epochs=3",
        "--out",
        "run",
        "--dry-run",
    ]);
    assert!(ran.out.contains("seed = 9\n") && ran.out.contains("epochs = 3\n"), "{}", ran.out);
    assert!(ran.err.contains("would fit ") && ran.err.contains("encoder.0"), "{}", ran.err);
    assert!(!place.is_there("run") && !place.is_there("runs"));
}

#[test]
fn the_same_seed_gives_the_same_files_at_any_number_of_threads() {
    let place = Place::new();
    place.write("a.csv", customers(80));
    for (out, threads) in [("one", "1"), ("two", "2")] {
        let set = ["--set", "model=vae", "--set", "train.epochs=2", "--set", "evaluate.sample-rows=0"];
        place.succeed(
            &[&["fit", "a.csv", "--out", out, "--threads", threads, "--seed", "3"], &set[..]].concat(),
        );
    }
    let weights = |run: &str| std::fs::read(place.path(run).join("model.safetensors")).unwrap();
    assert_eq!(weights("one"), weights("two"));
    let rows = |run: &str| place.succeed(&["sample", run, "-n", "20"]).out;
    assert_eq!(rows("one"), rows("two"));
}

#[cfg(unix)]
#[test]
fn ctrl_c_saves_and_resume_ends_as_if_nothing_had_happened() {
    use std::io::{BufRead as _, BufReader, Read as _};
    use std::process::Command;
    let place = Place::new();
    place.write("a.csv", customers(300));
    // Long enough to be interrupted, short enough to be done twice.
    let set = [
        "--set",
        "model=vae",
        "--set",
        "train.epochs=200",
        "--set",
        "train.patience=200",
        "--set",
        "evaluate.sample-rows=0",
    ];
    let fit = |out: &'static str| [&["fit", "a.csv", "--out", out], &set[..]].concat();
    let mut child = place.command(&fit("stopped")).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("training on ") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended before training");
    }
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    assert!(rest.ends_with("stopped and saved; go on with `veridic fit --resume --out stopped`\n"), "{rest}");

    place.succeed(&["fit", "--resume", "--out", "stopped"]);
    place.succeed(&fit("through"));
    let weights = |run: &str| std::fs::read(place.path(run).join("model.safetensors")).unwrap();
    assert!(weights("stopped") == weights("through"), "a resumed run must end bit-equal");
}

#[test]
fn the_demo_leaves_rows_scores_and_figures_and_says_where() {
    let place = Place::new();
    let ran = place.succeed(&["demo", "--out", "demo"]);
    let is_there = |line: &str| {
        let path = line.split("  ").last().unwrap_or_default().trim();
        place.is_there(path)
    };
    assert!(ran.out.lines().count() >= 3 && ran.out.lines().all(is_there), "{}", ran.out);
}

#[test]
fn a_table_without_a_recipe_is_made_scored_with_reasons_and_asked() {
    let place = Place::new();
    place.write("a.csv", customers(600));
    let told =
        place.succeed(&["fit", "a.csv", "--target", "buys", "--out", "run", "--set", "train.epochs=3"]);
    assert!(told.err.contains("`train.epochs` has no effect"), "{}", told.err);
    assert!(told.err.contains("table.c2st_unseen") && told.err.contains("floor.table.pairs"), "{}", told.err);
    let made = place.succeed(&["sample", "run", "-n", "200"]).out;
    assert!(made.starts_with("age,income,city,buys\n") && made.lines().count() == 201, "{made}");
    // The table's rule holds in every row that is made.
    for line in made.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let age: f64 = cells[0].parse().unwrap();
        assert_eq!(cells[3], if age > 45.0 { "yes" } else { "no" }, "{line}");
    }
    place
        .write("odd.csv", "age,income,city,buys\n30,1930.5,Bonn,no\n30,9999.5,Bonn,no\n30,1930.5,Paris,no\n");
    let scores = place.succeed(&["score", "run", "odd.csv", "--explain", "1"]).out;
    let rows: Vec<Vec<&str>> = scores.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(rows[0][..4], ["row", "score", "tail", "reason_1"]);
    let score = |row: usize| rows[row][1].parse::<f64>().unwrap();
    assert!(score(2) > score(1) && score(3) > score(1), "{scores}");
    assert_eq!((rows[2][3], rows[3][3]), ("income", "city"), "{scores}");
    let paged = ["--page", "odd.html", "--figure", "why.svg", "--row", "2", "--budget", "2"];
    let same = place.succeed(&[&["score", "run", "odd.csv", "--explain", "1"][..], &paged].concat()).out;
    assert!(same.contains("unusual") && same.contains("reason_1") && !same.contains("reason_2"), "{same}");
    assert!(same.lines().count() == 2 && same.lines().any(|line| line.starts_with("2,")), "{same}");
    let page = place.read("odd.html");
    assert!(page.contains("<b>2</b> of") && page.contains("income") && !page.contains("http://localhost"));
    assert!(place.read("why.svg").contains("income") && place.read("why.csv").starts_with("column,adds"));
    // A row alone is listed with its reasons, a row a column.
    let listed = place.succeed(&["score", "run", "odd.csv", "--row", "2"]);
    assert!(listed.out.starts_with("column,adds,actual,expected"), "{}", listed.out);
    assert!(listed.out.lines().nth(1).unwrap().starts_with("income,"), "{}", listed.out);
    assert!(listed.err.contains("row 2 has the score "), "{}", listed.err);
    let refused = place.fail(&["score", "run", "odd.csv", "--row", "4"]);
    assert!(refused.contains("from 1 to 3"), "{refused}");
    // The picture's numbers would be written over the data.
    place.fail(&["score", "run", "odd.csv", "--figure", "odd.svg"]);
    let told = place.succeed(&["score", "run", "odd.csv", "--id", "city", "--budget", "1"]).out;
    let picked: Vec<&str> = told.lines().filter(|line| line.contains(",yes,")).collect();
    assert!(told.starts_with("city,score,unusual,tail\n") && picked.len() == 1, "{told}");
    let likely = place.succeed(&["likelihood", "run", "odd.csv"]).out;
    let first = |row: usize| likely.lines().nth(row).unwrap().split(',').next().unwrap().parse::<f64>();
    assert!(first(1).unwrap() > first(2).unwrap(), "{likely}");
    let shown = place.succeed(&["show", "run"]).out;
    assert!(shown.contains("columns") && shown.contains("the target"), "{shown}");
    place.succeed(&["map", "run", "-o", "map.csv"]);
    place.write("other.csv", "x,y\n1,2\n3,4\n");
    let refused = place.fail(&["sample", "run", "--like", "other.csv"]);
    assert!(refused.contains("no column of the run is in other.csv, which has `x`, `y`"), "{refused}");
    assert!(refused.contains("hint: the run has `age`, `income`"), "{refused}");
    let refused = place.fail(&["fit", "a.csv", "--out", "run", "--resume", "--target", "city"]);
    assert!(refused.contains("`data.target` was \"buys\" and would be \"city\""), "{refused}");
    let schema = place.read("run/schema.json");
    place.write("run/schema.json", schema.replace("Bonn", "Berlin"));
    let refused = place.fail(&["sample", "run", "-n", "2"]);
    assert!(
        refused.contains("it is not what this run learned") && refused.contains("schema.json"),
        "{refused}"
    );
    place.write("run/schema.json", schema);
    let refused = place.fail(&["encode", "run", "odd.csv"]);
    assert!(refused.starts_with("error: a chain with a detector cannot encode"), "{refused}");

    let trees = ["fit", "a.csv", "--target", "buys", "--set", "model=boosted-trees", "--out", "trees", "-q"];
    place.succeed(&trees);
    let classes = place.succeed(&["classify", "trees", "odd.csv"]).out;
    assert!(classes.starts_with("class,p_no,p_yes\nno,"), "{classes}");
}

#[test]
fn a_table_from_standard_input_is_fitted_and_scored() {
    let place = Place::new();
    place.write("data.csv", customers(120));
    let piped = |arguments: &[&str]| {
        let file = std::fs::File::open(place.path("data.csv")).unwrap();
        Ran::of(&place.command(arguments).stdin(file).output().unwrap())
    };
    let ran = piped(&["fit", "-", "--set", "model=isolation-forest", "--out", "piped"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.err.contains("standard input") && place.is_there("piped/model.safetensors"), "{ran:?}");
    place.succeed(&["fit", "data.csv", "--set", "model=isolation-forest", "--out", "named", "--quiet"]);
    let scores = piped(&["score", "piped", "-"]);
    assert_eq!(scores.code, Some(0), "{scores:?}");
    assert_eq!(scores.out, place.succeed(&["score", "named", "data.csv"]).out);
    assert_eq!(scores.out.lines().count(), 121);
}

#[test]
fn made_rows_are_laid_out_as_the_data() {
    let place = Place::new();
    let mut text = "Stadt;Betrag;Zahl\n".to_owned();
    for i in 0..60 {
        let _ =
            writeln!(text, "{};{},{:02};{}", ["Köln", "München"][i % 2], 3 + i * 7 % 90, i * 13 % 100, i % 9);
    }
    let latin: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    place.write("umsatz.csv", latin);
    place.succeed(&[
        "fit",
        "umsatz.csv",
        "--out",
        "run",
        "--set",
        "model=chain",
        "--set",
        "evaluate.sample-rows=0",
    ]);
    place.succeed(&["sample", "run", "-n", "40", "-o", "made.csv"]);
    let made = std::fs::read(place.path("made.csv")).unwrap();
    assert!(
        made.starts_with(b"Stadt;Betrag;Zahl\nK\xf6ln;")
            || made.starts_with(b"Stadt;Betrag;Zahl\nM\xfcnchen;")
    );
    place.succeed(&["check", "made.csv", "--run", "run"]);
    place.succeed(&["likelihood", "run", "made.csv", "-o", "likely.csv"]);
    // Others read UTF-8.
    let out = place.succeed(&["sample", "run", "-n", "40"]).out;
    assert!(out.starts_with("Stadt;Betrag;Zahl\n") && out.contains("München;"), "{out}");
    place.succeed(&["sample", "run", "-n", "4", "-o", "made.json"]);
    assert!(
        place.read("made.json").contains("\"Stadt\":\"K")
            || place.read("made.json").contains("\"Stadt\":\"M")
    );
}
