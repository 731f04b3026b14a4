//! Scoring and encoding: the same for the same row, always.

use veridic::data::{Cells, Data, ReadOptions, read};
use veridic::run::Fitted;

use super::support::{
    HEADER, Place, ROWS, cases, contents, csv, csv_of, mixed_vae, numbers, row, scores, text, texts,
};

fn encoded(run: &mut Fitted, path: &std::path::Path) -> String {
    let (table, schema, _) = run.encode(path).unwrap();
    text(&table, &schema)
}

#[test]
fn a_reopened_run_scores_and_encodes_the_same_at_any_number_of_threads_and_changes_nothing() {
    let place = Place::new();
    let table = place.at("table.csv");
    for case in cases() {
        let out = case.name();
        place.fit(&case.config(), &out, 1);
        let before = contents(&place.at(&out));
        let (mut one, mut two) = (place.open(&out, 1), place.open(&out, 2));
        let first = scores(&mut one, &table);
        assert_eq!(first.len(), ROWS);
        assert!(first.iter().all(|score| score.is_finite()), "{case:?}");
        assert_eq!(first, scores(&mut one, &table), "{case:?}: scored twice");
        assert_eq!(first, scores(&mut two, &table), "{case:?}: two threads");
        let codes = encoded(&mut one, &table);
        assert_eq!(codes, encoded(&mut one, &table), "{case:?}: encoded twice");
        assert_eq!(codes, encoded(&mut two, &table), "{case:?}: two threads");
        assert!(codes.starts_with("z1,z2,z3\n"), "{case:?}");
        two.reconstruct(&table).unwrap();
        two.score(&table, 2).unwrap();
        assert!(before == contents(&place.at(&out)), "{case:?}: files changed");
    }
}

#[test]
fn a_row_alone_scores_and_encodes_as_in_its_file() {
    let place = Place::new();
    for case in cases() {
        let out = case.name();
        place.fit(&case.config(), &out, 1);
        let mut run = place.open(&out, 2);
        let (all, codes) =
            (scores(&mut run, &place.at("table.csv")), encoded(&mut run, &place.at("table.csv")));
        for i in [0, 3, 5, 63, 64, 130, ROWS - 1] {
            let alone = place.file("one.csv", &csv_of([i]));
            assert_eq!(scores(&mut run, &alone), [all[i]], "{case:?} row {i}");
            assert_eq!(
                encoded(&mut run, &alone).lines().nth(1),
                codes.lines().nth(i + 1),
                "{case:?} row {i}"
            );
        }
    }
}

#[test]
fn the_target_does_not_change_a_score() {
    let place = Place::new();
    for case in cases() {
        let out = case.name();
        place.fit(&case.config(), &out, 1);
        let mut run = place.open(&out, 1);
        let with = scores(&mut run, &place.at("table.csv"));
        let without: String =
            csv().lines().map(|line| line.rsplit_once(',').unwrap().0.to_string() + "\n").collect();
        let without = place.file("without.csv", &without);
        assert_eq!(with, scores(&mut run, &without), "{case:?}: without the target");
        let swapped =
            csv().replace(",good\n", ",other\n").replace(",bad\n", ",good\n").replace(",other\n", ",bad\n");
        let swapped = place.file("swapped.csv", &swapped);
        assert_eq!(with, scores(&mut run, &swapped), "{case:?}: with other targets");
        assert_eq!(encoded(&mut run, &place.at("table.csv")), encoded(&mut run, &swapped), "{case:?}");
    }
}

#[test]
fn missing_cells_and_unseen_categories_are_scored_and_told() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    let mut run = place.open("run", 1);
    let mut odd = row(0);
    // `visits` and `member` had no missing cells in training.
    (odd[2], odd[4], odd[3]) = (String::new(), String::new(), "violet".to_string());
    let path = place.file("odd.csv", &format!("{HEADER}\n{}\n{}\n", odd.join(","), row(1).join(",")));
    let judged = run.score(&path, 3).unwrap();
    let ((table, _), notes) = (judged.table(), judged.notes);
    let all = numbers(&table, "score");
    assert!(all.iter().all(|score| score.is_finite()), "{all:?}");
    let notes = notes.join("\n");
    for expected in ["`violet`", "`visits` has 1 missing cells", "`member` has 1 missing cells"] {
        assert!(notes.contains(expected), "{expected} is not in: {notes}");
    }
    let usual = scores(&mut run, &place.at("table.csv"));
    assert_eq!(all[1], usual[1], "a row beside an odd one");
}

#[test]
fn reasons_add_up_to_the_score_of_an_autoencoder() {
    let place = Place::new();
    for case in cases().into_iter().filter(|case| case.model == "autoencoder") {
        place.fit(&case.config(), &case.name(), 1);
        let mut run = place.open(&case.name(), 1);
        let (table, _) = run.score(place.at("table.csv"), 99).unwrap().table();
        let all = numbers(&table, "score");
        // Height, visits, color, member, since: not the identifier, the constant or the target.
        let adds: Vec<_> = (1..=5).map(|k| numbers(&table, &format!("reason_{k}_adds"))).collect();
        assert!(table.column("reason_6").is_none(), "{case:?}");
        for i in 0..ROWS {
            let sum: f64 = adds.iter().map(|adds| adds[i]).sum();
            assert!((sum - all[i]).abs() < 1e-4 * (1.0 + all[i].abs()), "{case:?} row {i}: {sum} {}", all[i]);
            assert!(adds.windows(2).all(|pair| pair[0][i] >= pair[1][i]), "{case:?} row {i}");
        }
        let names: std::collections::BTreeSet<_> =
            (1..=5).filter_map(|k| texts(&table, &format!("reason_{k}"))[0].clone()).collect();
        assert_eq!(names.into_iter().collect::<Vec<_>>(), ["color", "height", "member", "since", "visits"]);
    }
}

#[test]
fn every_difference_of_other_data_is_listed_at_once() {
    let place = Place::new();
    place.fit(&mixed_vae(), "run", 1);
    let path =
        place.file("other.csv", "id,heigth,visits,color,since,site\nx,150.0,many,red,yesterday,north\n");
    let error = place.open("run", 1).score(&path, 0).unwrap_err().to_string();
    for expected in ["`height`", "`member`", "`visits`", "`since`", "many", "other.csv"] {
        assert!(error.contains(expected), "{expected} is not in: {error}");
    }
}

#[test]
fn reconstructions_have_the_form_of_the_data() {
    let place = Place::new();
    let source = read(&place.at("table.csv"), &ReadOptions::default()).unwrap().table;
    for case in cases() {
        let out = case.name();
        place.fit(&case.config(), &out, 1);
        let Data::Table(table, schema) = place.open(&out, 1).reconstruct(place.at("table.csv")).unwrap().0
        else {
            panic!("a table");
        };
        assert_eq!(table.n_rows, ROWS);
        assert!(schema.column("height").is_some());
        let names: Vec<_> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names, ["height", "visits", "color", "member", "since", "site", "label"], "{case:?}");
        assert!(numbers(&table, "visits").iter().all(|value| value.fract() == 0.0), "{case:?}");
        assert!(matches!(source.column("since").unwrap().cells, Cells::Number(_)));
    }
}
