//! Runs of series from the outside: scored points, windows, and ways to go on.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::run;
use crate::shelf::{Shelf, day};

/// Days of two channels with a rhythm of a week; on one day of them something happens.
fn csv(days: i64) -> String {
    let value = |i: i64, shift: f64| {
        (i as f64 * std::f64::consts::TAU / 7.0 + shift).sin() + 0.01 * (i * i % 13) as f64
    };
    let row = |i: i64| {
        let strange = if i == 200 { 9.0 } else { 0.0 };
        format!("{},{:.4},{:.4}\n", day(i), 20.0 + value(i, 0.0) + strange, 5.0 + value(i, 1.0))
    };
    format!("day,load,price\n{}", (0..days).map(row).collect::<String>())
}

#[test]
fn a_series_is_seen_with_its_scores_and_alarms() {
    run(async {
        let shelf = Shelf::new().await;
        let recipe = "[data]\nsplit = { valid = 0.0, test = 0.0 }\n[data.series]\nspacing = 'rows'\n[model.series]\ndetector = { window-pca = {} }\n";
        shelf.fit("days", &csv(400), recipe);
        let view = shelf.json("/api/run?run=days").await.1;
        assert_eq!((&view["series"], &view["table"]), (&json!(true), &json!(false)));
        // Nothing is there before it was asked what there is.
        let part = json!({ "run": "days", "series": 0, "channels": [1, 0], "from": null, "to": null });
        assert_eq!(shelf.browser.post("/api/series/part", part.clone()).await.0, StatusCode::CONFLICT);
        let about = shelf.browser.done("/api/series", json!({ "run": "days" })).await;
        assert_eq!((&about["channels"], &about["points"]), (&json!(["load", "price"]), &json!(400)));
        assert_eq!(
            (&about["dates"], &about["scored"], &about["paths"]),
            (&json!(true), &json!(true), &json!(false))
        );
        let alarm = &about["alarms"][0];
        assert_eq!((&alarm["series"], &alarm["channels"][0]), (&json!(0), &json!("load")), "{alarm}");
        let all = shelf.browser.done("/api/series/part", part).await;
        assert!(all["channels"][1]["y"][200].as_f64().unwrap() > 27.0);
        let highest = |line: &Value| {
            let values = line["y"].as_array().unwrap().iter().map(|y| y.as_f64().unwrap_or(f64::MIN));
            values.fold(f64::MIN, f64::max)
        };
        assert!((highest(&all["scores"]) - about["series"][0]["peak"].as_f64().unwrap()).abs() < 1e-9);
        // Closer: the points of the alarm alone.
        let (from, to) = (&alarm["start"], &alarm["end"]);
        let near = json!({ "run": "days", "series": 0, "channels": [0], "from": from, "to": to });
        let near = shelf.browser.done("/api/series/part", near).await;
        assert_eq!(near["points"], alarm["points"]);
        for bad in [
            json!({ "run": "days", "series": 1, "channels": [], "from": null, "to": null }),
            json!({ "run": "days", "series": 0, "channels": [2], "from": null, "to": null }),
        ] {
            assert_eq!(shelf.browser.post("/api/series/part", bad).await.0, StatusCode::CONFLICT);
        }
        // Nobody can go on from here.
        let ways = json!({ "run": "days", "after": 0, "channel": 0 });
        assert!(shelf.browser.post("/api/series/paths", ways).await.0.is_client_error());
    });
}

#[test]
fn a_series_goes_on_in_a_fan() {
    run(async {
        let shelf = Shelf::new().await;
        let recipe = "[data]\nsplit = { valid = 0.0, test = 0.0 }\n[data.series]\nspacing = 'rows'\n[model.window-copula]\nwindow = 14\n";
        shelf.fit("days", &csv(400), recipe);
        let about = shelf.browser.done("/api/series", json!({ "run": "days" })).await;
        assert_eq!(
            (&about["scored"], &about["paths"], &about["threshold"]),
            (&json!(false), &json!(true), &Value::Null)
        );
        let ways =
            |after: Value, seed: u64| json!({ "run": "days", "after": after, "channel": 0, "seed": seed });
        let on = shelf.browser.done("/api/series/paths", ways(json!(0), 0)).await;
        let last = on["past"]["x"].as_array().unwrap().last().unwrap().as_f64().unwrap();
        assert!(on["x"][0].as_f64().unwrap() > last && on["shares"].as_array().unwrap().len() == 5);
        for step in 0..on["x"].as_array().unwrap().len() {
            let at = |share: usize| on["shares"][share][step].as_f64().unwrap();
            assert!((0..4).all(|share| at(share) <= at(share + 1)), "step {step}");
        }
        let new = shelf.browser.done("/api/series/paths", ways(Value::Null, 0)).await;
        let other = shelf.browser.done("/api/series/paths", ways(Value::Null, 1)).await;
        assert!(new["past"].is_null() && new["paths"] != other["paths"]);
        let bad = json!({ "run": "days", "after": 7, "channel": 0 });
        assert_eq!(shelf.browser.post("/api/series/paths", bad).await.0, StatusCode::CONFLICT);
    });
}

#[test]
fn windows_stand_beside_made_ones() {
    run(async {
        let shelf = Shelf::new().await;
        let recipe = "[data.series]\nspacing = 'rows'\nwindow = { length = 14 }\n[model.vae]\nlatent = 2\n\
            encoder = [{ dense = 8, activation = 'relu' }]\ndecoder = [{ dense = 8, activation = 'relu' }]\n[train]\nepochs = 1\n";
        shelf.fit("days", &csv(400), recipe);
        let view = shelf.json("/api/run?run=days").await.1;
        assert_eq!(
            (&view["series"], &view["table"], &view["latent"]),
            (&json!(true), &json!(false), &json!(true))
        );
        let about = shelf.browser.done("/api/series", json!({ "run": "days" })).await;
        assert_eq!((&about["kind"], &about["steps"]), (&json!("windows"), &json!(14)));
        let n = about["real"].as_array().unwrap().len();
        assert!(
            n > 0
                && about["back"].as_array().unwrap().len() == n
                && !about["made"].as_array().unwrap().is_empty()
        );
        for side in ["real", "back", "made"] {
            let window = &about[side][0];
            assert_eq!(
                (window.as_array().unwrap().len(), window[1].as_array().unwrap().len()),
                (2, 14),
                "{side}"
            );
        }
        // In the unit of the data.
        assert!((about["real"][0][0][3].as_f64().unwrap() - 20.0).abs() < 2.0);
        assert!(about["names"][0].as_str().unwrap().contains("202"), "{}", about["names"][0]);
        assert_eq!(about["scored"]["scores"].as_array().unwrap().len(), n);
        let space = shelf.browser.done("/api/space", json!({ "run": "days" })).await;
        assert!(space["trouble"].is_null() && space["part"] != "prior", "{}", space["trouble"]);
        let named: Vec<&str> = space["columns"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|column| column["name"].as_str())
            .collect();
        assert!(named.contains(&"from") && !named.contains(&"load_1"), "{named:?}");
        let made =
            shelf.browser.done("/api/space/decode", json!({ "run": "days", "points": [[0.0, 0.0]] })).await;
        assert_eq!(made["windows"][0][0].as_array().unwrap().len(), 14);
        // A run of a table has no series to show.
        let vae = "[model.vae]\nlatent = 2\n[train]\nepochs = 1\n";
        shelf.fit("rows", &csv(100), vae);
        assert_eq!(shelf.browser.post("/api/series", json!({ "run": "rows" })).await.0, StatusCode::CONFLICT);
    });
}
