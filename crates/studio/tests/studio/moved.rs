//! Runs whose data lies elsewhere now, and maps that are waited for.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::run;
use crate::shelf::Shelf;

const SMALL: &str = "[model.vae]\nlatent = 2\n[train]\nepochs = 1\n";

fn rows() -> String {
    let row = |i: i64| format!("{},{}\n", i * 37 % 101, i * 11 % 17);
    format!("x,y\n{}", (0..120).map(row).collect::<String>())
}

#[test]
fn data_that_is_gone_is_named_with_the_places_and_is_found_beside_the_run() {
    run(async {
        let shelf = Shelf::new().await;
        shelf.fit("small", &rows(), SMALL);
        let (data, aside) = (shelf.dir.path().join("small.csv"), shelf.dir.path().join("aside"));
        std::fs::rename(&data, &aside).unwrap();
        let small = || json!({ "run": "small" });
        for path in ["/api/table", "/api/map"] {
            let mut told = shelf.browser.post(path, small()).await;
            // A map says so once it has looked.
            while told.0 == StatusCode::OK && path == "/api/map" {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
                told = shelf.browser.post(path, small()).await;
            }
            assert_eq!(told.0, StatusCode::CONFLICT, "{path}");
            let message = told.1["message"].as_str().unwrap();
            let runs = shelf.runs().canonicalize().unwrap().display().to_string();
            assert!(message.contains("small.csv") && message.contains(&runs), "{message}");
            assert!(told.1["hint"].as_str().unwrap().contains("--data-dir"), "{}", told.1);
        }
        // A space can be walked without rows, and says why there are none.
        let space = shelf.browser.done("/api/space", small()).await;
        let trouble = space["trouble"].as_str().unwrap();
        assert!(trouble.contains("small.csv") && trouble.contains("--data-dir"), "{trouble}");
        std::fs::write(shelf.runs().join("small.csv"), "x,y\n1,2\n").unwrap();
        let (_, answer) = shelf.browser.post("/api/table", small()).await;
        assert!(answer["message"].as_str().unwrap().contains("changed"), "{answer}");
        std::fs::rename(&aside, shelf.runs().join("small.csv")).unwrap();
        assert!(shelf.browser.done("/api/table", small()).await["real"].is_array());
        assert!(shelf.browser.done("/api/space", small()).await["trouble"].is_null());
    });
}

#[test]
fn a_map_tells_how_far_it_is_and_can_be_left() {
    run(async {
        let shelf = Shelf::new().await;
        shelf.fit("rows", &rows(), SMALL);
        let asked = json!({ "run": "rows" });
        let mut stages: Vec<Value> = Vec::new();
        loop {
            let told = shelf.browser.done("/api/map", asked.clone()).await;
            if stages.last() != Some(&told["stage"]) {
                stages.push(told["stage"].clone());
            }
            if told["stage"] == "done" {
                assert!(told["rows"].as_u64().unwrap() > 0, "{told}");
                assert_eq!(told["step"][0], told["step"][1], "{told}");
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
        let order = ["read", "place", "measure", "done"];
        let at = |stage: &Value| order.iter().position(|one| stage == *one).unwrap();
        assert!(stages.is_sorted_by_key(at), "{stages:?}");
        // What is finished stays when it is left; what is not is given up.
        shelf.browser.done("/api/map/leave", asked.clone()).await;
        assert_eq!(shelf.browser.done("/api/map", asked.clone()).await["stage"], "done");
        assert_eq!(shelf.answer("/map?run=rows").await.status(), StatusCode::OK);
        shelf.fit("other", &rows(), SMALL);
        let other = json!({ "run": "other" });
        shelf.browser.done("/api/map", other.clone()).await;
        shelf.browser.done("/api/map/leave", other.clone()).await;
        assert_eq!(shelf.browser.done("/api/map", other).await["stage"], "read", "it begins anew");
        for (path, bad) in [("/api/map", "none"), ("/api/map", "../x")] {
            let (status, _) = shelf.browser.post(path, json!({ "run": bad })).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{bad}");
        }
    });
}
