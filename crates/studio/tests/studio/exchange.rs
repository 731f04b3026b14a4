//! Files of other programs, and files that were tampered with.

use serde_json::json;
use veridic_studio::StudioError;
use veridic_studio::label::{Desk, ImportOptions, Imported, check, export, import};

use crate::{Place, items, label, run};

fn yes_no() -> Vec<String> {
    vec!["yes".to_owned(), "no".to_owned()]
}

/// Labels of six rows, one skipped, one with a remark.
fn labelled() -> Place {
    let place = Place::new(9);
    run(async {
        let browser = place.enter().await;
        for row in 0..6_u64 {
            browser.done("/api/decide", label(&format!("k{row}"), row, row % 2)).await;
        }
        browser.done("/api/decide", json!({ "key": "s", "id": 6, "decision": "skip" })).await;
        browser.done("/api/comment", json!({ "key": "c", "id": 2, "text": "odd, \"very\"\nindeed" })).await;
    });
    place
}

#[test]
fn what_is_exported_comes_back_in_every_form() {
    let place = labelled();
    for name in ["a.csv", "a.jsonl", "a.parquet"] {
        let (to, new) = (place.dir.path().join(name), place.dir.path().join(format!("{name}.db")));
        let exported = export(&place.labels(), Some(&items(9)), &to).unwrap();
        assert_eq!((exported.rows, exported.labelled), (7, 6), "{name}");
        let options = ImportOptions { annotator: "import".to_owned(), ..ImportOptions::default() };
        let imported = import(&new, &items(9), &yes_no(), &to, &options).unwrap();
        assert_eq!(imported, Imported { added: 7, ..Imported::default() }, "{name}");
        let (old, new_audit) = (check(&place.labels(), None).unwrap(), check(&new, Some(&items(9))).unwrap());
        assert_eq!(
            (old.classes, old.skipped, old.comments),
            (new_audit.classes, new_audit.skipped, new_audit.comments)
        );
        // Twice changes nothing.
        let imported = import(&new, &items(9), &yes_no(), &to, &options).unwrap();
        assert_eq!(imported, Imported { known: 7, ..Imported::default() }, "{name}");
        assert_eq!(check(&new, None).unwrap().entries, new_audit.entries);
    }
    let error = export(&place.labels(), None, &place.dir.path().join("a.xls")).unwrap_err();
    assert!(error.to_string().starts_with("cannot write labels as `xls`"), "{error}");
}

#[test]
fn an_export_has_the_columns_of_the_data() {
    let place = labelled();
    let to = place.dir.path().join("a.csv");
    export(&place.labels(), Some(&items(9)), &to).unwrap();
    let text = std::fs::read_to_string(to).unwrap();
    let head = text.lines().next().unwrap();
    assert_eq!(
        head,
        "row,status,class,annotator,time,proposal,probability,comment,fingerprint,size,color,note"
    );
    let first = text.lines().nth(1).unwrap();
    assert!(first.starts_with("1,label,yes,ada,20") && first.ends_with(",0,red,n0"), "{first}");
}

#[test]
fn an_import_maps_columns_and_classes_and_names_what_it_does_not_know() {
    let place = Place::new(9);
    drop(place.router);
    let (db, file) = (place.dir.path().join("new.db"), place.dir.path().join("theirs.csv"));
    std::fs::write(&file, "nr,verdict,who\n2,ham,x\n5,spam,y\n6,,y\n").unwrap();
    let mut options = ImportOptions { annotator: "ada".to_owned(), ..ImportOptions::default() };
    let refused =
        |options: &ImportOptions| import(&db, &items(9), &yes_no(), &file, options).unwrap_err().to_string();
    assert!(
        refused(&options)
            .starts_with("cannot import: no column is called `class` or `label`, there are nr, verdict, who")
    );
    options.columns = vec![("class".to_owned(), "verdict".to_owned())];
    assert!(
        refused(&options).contains("no column says which row is meant, and there are 3 lines for 9 rows")
    );
    options.columns.push(("row".to_owned(), "nr".to_owned()));
    assert!(
        refused(&options).starts_with("2 rows have classes that are not known: ham, spam"),
        "{}",
        refused(&options)
    );
    options.classes = vec![("ham".to_owned(), "yes".to_owned()), ("spam".to_owned(), "no".to_owned())];
    let imported = import(&db, &items(9), &yes_no(), &file, &options).unwrap();
    assert_eq!(imported, Imported { added: 2, without: 1, ..Imported::default() });
    std::fs::write(&file, "row,class\n2,yes\n10,no\n").unwrap();
    let error = import(
        &db,
        &items(9),
        &yes_no(),
        &file,
        &ImportOptions { annotator: "b".into(), ..Default::default() },
    );
    assert!(error.unwrap_err().to_string().contains("line 3 is of row 10, the data has 9 rows"));
    assert_eq!(check(&db, None).unwrap().labelled(), 2, "all or nothing");
}

#[test]
fn labels_of_other_data_other_classes_and_no_labels_at_all_are_refused() {
    let place = labelled();
    let open = |rows, classes: &[String]| Desk::open(items(rows), &place.labels(), classes, "ada", None);
    assert!(open(9, &[]).is_ok());
    let grown = open(12, &[]).unwrap();
    assert!(
        grown.notes()[0].starts_with("the data has changed since it was labelled, but none of the 7 rows")
    );
    let error = open(9, &["yes".to_owned(), "maybe".to_owned()]).unwrap_err();
    assert!(error.to_string().starts_with("the file has labels of other classes: no"), "{error}");
    let error = open(4, &[]).unwrap_err().to_string();
    assert!(
        error.starts_with("3 of the 7 rows that were shown have changed since, the first is row 5"),
        "{error}"
    );
    let text = place.dir.path().join("text.db");
    std::fs::write(&text, "no database at all, but long enough to be looked at\n".repeat(9)).unwrap();
    assert!(matches!(
        Desk::open(items(9), &text, &yes_no(), "ada", None),
        Err(StudioError::NotLabels { .. })
    ));
    let foreign = place.dir.path().join("foreign.db");
    rusqlite::Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert!(matches!(
        Desk::open(items(9), &foreign, &yes_no(), "ada", None),
        Err(StudioError::NotLabels { .. })
    ));
    let none = place.dir.path().join("none.db");
    assert!(matches!(check(&none, None), Err(StudioError::NoLabels { .. })));
    assert!(matches!(
        Desk::open(items(9), &none, &[], "ada", None),
        Err(StudioError::FewClasses { found: 0 })
    ));
    assert!(!none.exists(), "nothing is made in vain");
}

#[test]
fn entries_cannot_be_changed_and_what_was_tampered_with_is_found() {
    let place = labelled();
    let connection = rusqlite::Connection::open(place.labels()).unwrap();
    for change in ["UPDATE event SET class = 0", "DELETE FROM event WHERE number = 3"] {
        let error = connection.execute(change, []).unwrap_err().to_string();
        assert!(error.contains("entries are added, never"), "{error}");
    }
    assert!(check(&place.labels(), None).is_ok());
    // Whoever takes the triggers away first.
    connection
        .execute_batch("DROP TRIGGER event_is_not_deleted; DELETE FROM event WHERE number = 3")
        .unwrap();
    let error = check(&place.labels(), None).unwrap_err().to_string();
    assert!(error.contains("entry 4 is found where 3 must be"), "{error}");
}

#[test]
fn the_view_label_tells_other_programs_where_rows_stand() {
    let place = labelled();
    run(async {
        let browser = place.enter().await;
        browser.done("/api/undo", json!({ "key": "u" })).await;
        browser.done("/api/undo", json!({ "key": "v" })).await;
    });
    let connection = rusqlite::Connection::open(place.labels()).unwrap();
    let mut statement = connection.prepare("SELECT row, status, coalesce(class, '') FROM label").unwrap();
    let rows: Vec<(u32, String, String)> = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .unwrap()
        .collect::<rusqlite::Result<_>>()
        .unwrap();
    assert_eq!(rows[1], (2, "label".to_owned(), "no".to_owned()));
    assert_eq!(rows[5], (6, "pending".to_owned(), String::new()));
    assert_eq!(rows[6].1, "pending");
    let mode: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
    assert_eq!(mode, "wal");
}

#[test]
fn a_clock_that_was_set_back_keeps_the_order_of_labels() {
    let place = labelled();
    let ahead = "INSERT INTO event (number, time, row, annotator, action, class, key) \
                 SELECT 9, max(time) + 3600000, 1, 1, 'label', 1, 'ahead' FROM event";
    rusqlite::Connection::open(place.labels()).unwrap().execute(ahead, []).unwrap();
    let desk = Desk::open(items(9), &place.labels(), &[], "ada", None).unwrap();
    assert!(
        desk.notes().iter().any(|note| note.starts_with("this machine's clock is 3")),
        "{:?}",
        desk.notes()
    );
    drop(desk);
    let place = place.again(9);
    run(async {
        let browser = place.enter().await;
        browser.done("/api/decide", label("later", 8, 0)).await;
    });
    assert_eq!(check(&place.labels(), None).unwrap().entries, 10);
}
