//! What a page can rely on: nothing lost, nothing twice, nothing to two.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::json;
use veridic_studio::label::check;

use crate::{Place, ids, label, run};

#[test]
fn two_browsers_on_one_queue_never_get_the_same_row() {
    run(async {
        let place = Place::new(60);
        let (one, two) = (place.enter().await, place.enter().await);
        let mut given: Vec<Vec<u64>> = vec![Vec::new(), Vec::new()];
        let mut ready = [one.next(4).await, two.next(4).await];
        for turn in 0..52 {
            let who = turn % 2;
            let browser = [&one, &two][who];
            let row = ready[who].remove(0);
            given[who].push(row);
            let key = format!("{who}-{turn}");
            let mut choice = label(&key, row, (turn % 3 == 0).into());
            choice["have"] = json!(ready[who]);
            choice["want"] = json!(1);
            ready[who].extend(ids(&browser.done("/api/decide", choice).await));
        }
        let all: Vec<u64> = given.iter().chain(&ready).flatten().copied().collect();
        let different: BTreeSet<u64> = all.iter().copied().collect();
        assert_eq!((all.len(), different.len()), (60, 60));
        let audit = check(&place.labels(), None).unwrap();
        assert_eq!((audit.labelled(), audit.pending, audit.shown), (52, 8, 60));
    });
}

#[test]
fn a_decision_that_is_sent_twice_is_kept_once() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let row = browser.next(1).await[0];
        for _ in 0..3 {
            let answer = browser.done("/api/decide", label("same", row, 1)).await;
            assert_eq!(answer["state"]["labelled"], 1);
        }
        let many = json!({ "key": "many", "class": 0, "ids": [(row + 1) % 9, (row + 2) % 9] });
        for _ in 0..2 {
            assert_eq!(browser.done("/api/decide-all", many.clone()).await["state"]["labelled"], 3);
        }
        for _ in 0..2 {
            assert_eq!(browser.done("/api/undo", json!({ "key": "undo" })).await["state"]["labelled"], 2);
        }
        let remark = json!({ "key": "remark", "id": row, "text": "odd" });
        for _ in 0..2 {
            assert_eq!(browser.done("/api/comment", remark.clone()).await["comments"], json!(["odd"]));
        }
        assert_eq!(check(&place.labels(), None).unwrap().entries, 5);
    });
}

#[test]
fn everything_is_there_after_the_server_is_opened_anew_and_open_rows_come_first() {
    run(async {
        let place = Place::new(30);
        let browser = place.enter().await;
        let rows = browser.next(5).await;
        browser.done("/api/decide", label("a", rows[0], 1)).await;
        browser.done("/api/decide", json!({ "key": "b", "id": rows[1], "decision": "skip" })).await;
        browser.done("/api/decide", json!({ "key": "c", "id": rows[2], "decision": "flag" })).await;
        browser.done("/api/comment", json!({ "key": "d", "id": rows[3], "text": "later" })).await;
        let place = place.again(30);
        let browser = place.enter().await;
        let again: BTreeSet<u64> = browser.next(2).await.into_iter().collect();
        assert_eq!(again, BTreeSet::from([rows[3], rows[4]]), "rows that were shown and not decided");
        let state = browser.done("/api/next", json!({ "have": [], "want": 0 })).await["state"].clone();
        assert_eq!(
            (&state["labelled"], &state["skipped"], &state["flagged"]),
            (&json!(1), &json!(1), &json!(1))
        );
        // A decision that was kept before the crash and is sent again.
        let answer = browser.done("/api/decide", label("a", rows[0], 1)).await;
        assert_eq!(answer["state"]["labelled"], 1);
    });
}

#[test]
fn undo_goes_back_to_the_first_decision_and_gives_each_row_back() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let rows = browser.next(6).await;
        for (i, row) in rows.iter().enumerate() {
            browser.done("/api/decide", label(&format!("k{i}"), *row, 0)).await;
        }
        for (i, row) in rows.iter().rev().enumerate() {
            let answer = browser.done("/api/undo", json!({ "key": format!("u{i}") })).await;
            assert_eq!(
                (answer["item"]["id"].as_u64(), answer["state"]["labelled"].as_u64()),
                (Some(*row), Some(5 - i as u64))
            );
        }
        let answer = browser.done("/api/undo", json!({ "key": "none" })).await;
        assert!(answer["item"].is_null());
        // Back in any order, and decided otherwise.
        browser.done("/api/decide", label("again", rows[2], 1)).await;
        let audit = check(&place.labels(), None).unwrap();
        assert_eq!((audit.labelled(), audit.pending, audit.entries, audit.undone), (1, 5, 13, 6));
        assert_eq!(audit.classes[1], ("no".to_owned(), 1));
    });
}

#[test]
fn a_row_of_another_page_or_one_that_is_decided_is_refused() {
    run(async {
        let place = Place::new(9);
        let (one, two) = (place.enter().await, place.enter().await);
        let row = one.next(1).await[0];
        let (status, answer) = two.post("/api/decide", label("x", row, 0)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(answer["message"].as_str().unwrap().contains("another page has row"), "{answer}");
        one.done("/api/release", json!({ "ids": [row] })).await;
        two.done("/api/decide", label("y", row, 0)).await;
        let (status, answer) = one.post("/api/decide", label("z", row, 1)).await;
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(answer["message"].as_str().unwrap().contains("was decided meanwhile"), "{answer}");
    });
}

#[test]
fn two_people_who_differ_are_counted_and_reviewed() {
    run(async {
        let place = Place::new(9);
        let (one, two) = (place.enter().await, place.enter().await);
        two.done("/api/annotator", json!({ "name": "bob" })).await;
        for row in 0..4_u64 {
            one.done("/api/decide", label(&format!("a{row}"), row, 0)).await;
            let mut choice = label(&format!("b{row}"), row, u64::from(row == 3));
            choice["again"] = json!(true);
            two.done("/api/decide", choice).await;
        }
        let state = one.done("/api/next", json!({ "have": [], "want": 0 })).await["state"].clone();
        assert_eq!((&state["disagreements"], &state["agreement"][1]), (&json!(1), &json!(0.75)));
        let answer = one.done("/api/review", json!({ "what": "disagreements" })).await;
        assert_eq!(ids(&answer), [3]);
        assert_eq!(answer["items"][0]["opinions"], json!([["ada", 0], ["bob", 1]]));
        // While it is looked at again it is nobody else's.
        assert_eq!(ids(&two.done("/api/review", json!({ "what": "disagreements" })).await), [0_u64; 0]);
        let audit = check(&place.labels(), None).unwrap();
        assert_eq!(audit.agreement.unwrap().disagreements, 1);
        assert_eq!(audit.annotators, ["ada", "bob"]);
    });
}

#[test]
fn rows_beside_the_item_are_told_and_those_that_are_none_are_empty() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let answer = browser.done("/api/cells", json!({ "ids": [2, 0, 99] })).await;
        let wanted =
            json!([[2, ["14", "<script>alert(1)</script>", "n0"]], [0, ["0", "red", "n0"]], [99, []]]);
        assert_eq!(answer["rows"], wanted);
        let many: Vec<u32> = (0..5000).collect();
        let answer = browser.done("/api/cells", json!({ "ids": many })).await;
        assert_eq!(answer["rows"].as_array().unwrap().len(), 64);
    });
}

#[test]
fn a_class_that_is_added_can_be_chosen() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let answer = browser.done("/api/class", json!({ "name": "unclear" })).await;
        assert_eq!(answer["state"]["classes"][2], json!(["unclear", 0]));
        let row = browser.next(1).await[0];
        browser.done("/api/decide", label("k", row, 2)).await;
        assert_eq!(check(&place.labels(), None).unwrap().classes[2], ("unclear".to_owned(), 1));
    });
}
