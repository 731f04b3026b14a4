//! Maps from the command line: files of every form, a report beside them, and bad input.

use crate::{Place, customers, fitted};

/// Three clouds in three columns, with an identifier, a class, a constant and a flag.
fn clouds(rows: usize) -> String {
    let mut text = String::from("id,a,b,c,kind,same,flag\n");
    for i in 0..rows {
        let noise = |k: usize| (i * (7 + 4 * k) % 23) as f64 / 23.0;
        let middle = |k: usize| if i % 3 == k { 9.0 } else { 0.0 };
        let [a, b, c] = [0, 1, 2].map(|k| middle(k) + noise(k));
        let kind = ["red", "green", "</script>"][i % 3];
        text.push_str(&format!("{},{a:.4},{b:.4},{c:.4},{kind},7,{}\n", 1000 + i, i % 2));
    }
    text
}

#[test]
fn one_map_is_written_in_every_form_with_a_report() {
    let place = Place::new();
    place.write("data.csv", clouds(90));
    let outputs = ["-o", "m.csv", "-o", "m.png", "-o", "m.svg", "-o", "m.html", "-o", "other.parquet"];
    let asked =
        [&["map", "data.csv", "--method", "pca", "--color", "kind", "--columns", "kind,id"][..], &outputs]
            .concat();
    let ran = place.succeed(&asked);
    assert_eq!(ran.out, "");
    for note in [
        "mapped 4 of 7 columns, each brought to mean 0",
        "not mapped (constant): same",
        "not mapped (identifier): id",
    ] {
        assert!(ran.err.contains(note), "{note:?} is not in:\n{}", ran.err);
    }
    let csv = place.read("m.csv");
    assert!(csv.starts_with("x,y,kind,id\n"), "{csv}");
    let ids: Vec<&str> = csv.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!((ids.len(), ids[0], ids[89]), (90, "1000", "1089"), "rows are in the order of the input");
    assert!(std::fs::read(place.path("m.png")).unwrap().starts_with(b"\x89PNG"));
    let svg = place.read("m.svg");
    assert!(svg.starts_with("<svg") && svg.contains("&lt;/script&gt;") && svg.contains(">red</text>"));
    let html = place.read("m.html");
    assert_eq!(html.matches("</script>").count(), 2, "no cell is part of the page");
    let report = place.read("m.report.json");
    assert!(report.contains("\"map.seconds\"") && !report.contains("map.kl"), "{report}");
    assert_eq!(report, place.read("other.report.json"));
    // The class of each row follows from its place.
    let again = place.succeed(&[
        "map",
        "data.csv",
        "--method",
        "pca",
        "--color",
        "kind",
        "--columns",
        "kind,id",
        "--quiet",
    ]);
    assert_eq!((again.out, again.err.as_str()), (csv, ""));
}

#[test]
fn a_run_is_mapped_with_its_own_test_rows_or_with_others() {
    let place = Place::new();
    fitted(&place);
    let own = place.succeed(&["map", "run", "--method", "pca", "-o", "-", "-o", "own.html", "--quiet"]).out;
    // A fifth of 120 rows; the target gives the color.
    assert!(own.starts_with("x,y,buys\n"), "{own}");
    assert_eq!(own.lines().count(), 25);
    let given = ["map", "run", "data.csv", "--method", "pca", "--color", "score", "--columns", "city,z1"];
    let all = place.succeed(&given).out;
    assert!(all.starts_with("x,y,city,z1\n"), "{all}");
    assert_eq!(all.lines().count(), 121);
}

#[test]
fn bad_input_is_refused_before_anything_is_written() {
    let place = Place::new();
    place.write("data.csv", clouds(30));
    place.write("holes.csv", "a,b\n1,2\n,3\n4,\n5,6\n");
    place.write("words.csv", "a,b\nx,p\nx,p\nx,p\nx,p\n");
    let refuse = |arguments: &[&str], parts: &[&str]| {
        let err = place.fail(&[&["map"], arguments].concat());
        for part in parts {
            assert!(err.contains(part), "{part:?} is not in:\n{err}");
        }
    };
    refuse(&["data.csv", "--color", "knd", "-o", "m.csv"], &["no column `knd`", "did you mean `kind`?"]);
    refuse(&["data.csv", "--columns", "kind,idd", "-o", "m.csv"], &["no column `idd`", "did you mean `id`?"]);
    refuse(&["data.csv", "-o", "m.xls"], &["cannot write a map as `xls`", "html", "hint: "]);
    refuse(&["data.csv", "-o", "no/m.csv"], &["hint: make the folder first"]);
    std::fs::create_dir(place.path("folder.csv")).unwrap();
    refuse(&["data.csv", "-o", "folder.csv"], &["could not write", "folder.csv", "hint: name a file"]);
    refuse(
        &["data.csv", "-o", "m.csv", "-o", "./m.csv"],
        &["m.csv and ./m.csv would be the same file", "hint: "],
    );
    refuse(
        &["data.csv", "-o", "m.report.json", "-o", "m.csv"],
        &["m.report.json and the report of m.csv would be the same file"],
    );
    std::fs::create_dir(place.path("half")).unwrap();
    place.write("half/config.toml", "");
    refuse(&["half", "-o", "m.csv"], &["not a run: it has no `run.json`", "hint: "]);
    refuse(&["data.csv", "-o", "data.csv"], &["would replace the data"]);
    refuse(&["data.csv", "data.csv", "-o", "m.csv"], &["data.csv is not a run", "hint: "]);
    refuse(&["absent.csv"], &["there is no such file"]);
    refuse(
        &["holes.csv", "-o", "m.csv"],
        &["2 cells are missing (row 2 `a`, row 3 `b`): holes.csv", "hint: fill the cells"],
    );
    refuse(&["words.csv", "-o", "m.csv"], &["none of the 2 columns has numbers that vary: words.csv"]);
    refuse(&["data.csv", "--set", "tsne.perplexty=5"], &["did you mean `perplexity`?"]);
    refuse(&["data.csv", "--set", "tsne.perplexity=0"], &["`tsne.perplexity` is 0, allowed is above 1"]);
    place.write("one.csv", "a,b\n1,2\n");
    refuse(&["one.csv", "-o", "m.csv"], &["none of the 2 columns", "hint: a map needs rows that differ"]);
    refuse(&["data.csv", "--set", "pca=-1"], &["cannot set `pca` to `-1`", "0 and above"]);
    assert!(!place.is_there("m.csv") && !place.is_there("m.report.json"));
    let ran = place.run(&["map", "data.csv", "--method", "umap"]);
    assert!(ran.code == Some(2) && ran.err.contains("tsne, pca"), "{ran:?}");
}

#[test]
fn an_output_may_not_take_the_place_of_a_file_of_the_run() {
    let place = Place::new();
    place.write("data.csv", customers(120));
    fitted(&place);
    let before = place.read("run/report.json");
    let err = place.fail(&["map", "run", "--method", "pca", "-o", "run/report.json"]);
    assert!(err.contains("would replace the data that is read or a file of the run"), "{err}");
    assert_eq!(place.read("run/report.json"), before);
}

#[test]
fn thousands_of_threads_are_no_more_than_can_run() {
    let place = Place::new();
    place.write("data.csv", clouds(300));
    let short = ["--set", "tsne.iterations=20", "--set", "tsne.exaggeration-iterations=20", "--quiet"];
    let made =
        |threads| place.succeed(&[&["map", "data.csv", "--threads", threads][..], &short].concat()).out;
    assert_eq!(made("5000"), made("1"));
}
