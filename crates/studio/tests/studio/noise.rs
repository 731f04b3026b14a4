//! The noise of an adversarial network as a space to walk in.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::run;
use crate::shelf::Shelf;

const GAN: &str = "[model.gan]\nlatent = 2\ngenerator = [{ dense = 8, activation = 'relu' }]\n\
    discriminator = [{ dense = 8, activation = 'leaky-relu' }]\n[train]\nepochs = 2\n";

#[test]
fn the_noise_of_a_real_row_is_looked_for() {
    run(async {
        let shelf = Shelf::new().await;
        let rows: String = (0..200).map(|i| format!("{},{}\n", i * 37 % 101, i * 11 % 17)).collect();
        shelf.fit("game", &format!("x,y\n{rows}"), GAN);
        let space = shelf.browser.done("/api/space", json!({ "run": "game" })).await;
        assert_eq!(
            (&space["inverts"], &space["part"], &space["latent"]),
            (&json!(true), &json!("prior"), &json!(2))
        );
        let found = shelf.browser.done("/api/space/invert", json!({ "run": "game", "row": 3 })).await;
        let errors: Vec<f64> = found["errors"].as_array().unwrap().iter().filter_map(Value::as_f64).collect();
        assert!(errors.windows(2).all(|pair| pair[1] < pair[0]), "{errors:?}");
        assert!(found["control"].as_f64().unwrap() >= *errors.last().unwrap());
        assert_eq!(found["wanted"]["names"], json!(["x", "y"]));
        // What is shown is what its noise is decoded to.
        let point = json!({ "run": "game", "points": [found["point"]] });
        let made = shelf.browser.done("/api/space/decode", point).await;
        let number = |of: &Value, k: usize| of["cells"][0][k].as_str().unwrap().parse::<f64>().unwrap();
        for k in 0..2 {
            assert!((number(&made, k) - number(&found["made"], k)).abs() <= 1.0);
        }
        // What gives rows back is asked for their codes instead.
        shelf.fit("vae", &format!("x,y\n{rows}"), "[model.vae]\nlatent = 2\n[train]\nepochs = 1\n");
        let (status, answer) =
            shelf.browser.post("/api/space/invert", json!({ "run": "vae", "row": 0 })).await;
        assert!(status.is_client_error() && answer["message"].is_string(), "{answer}");
        assert_eq!(
            shelf.browser.post("/api/space/invert", json!({ "run": "none", "row": 0 })).await.0,
            StatusCode::NOT_FOUND
        );
    });
}

#[test]
fn a_map_runs_its_own_script_alone_and_without_an_origin() {
    run(async {
        let shelf = Shelf::new().await;
        let rows: String = (0..120).map(|i| format!("{},{}\n", i * 37 % 101, i * 11 % 17)).collect();
        shelf.fit(
            "rows",
            &format!("x,</script><b>y\n{rows}"),
            "[model.vae]\nlatent = 2\n[train]\nepochs = 1\n",
        );
        assert_eq!(shelf.json("/api/run?run=rows").await.1["map"], json!(true));
        let answer = shelf.answer("/map?run=rows").await;
        assert_eq!(answer.status(), StatusCode::OK);
        let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
        assert!(
            policy.contains("script-src 'sha256-") && policy.contains("sandbox allow-scripts"),
            "{policy}"
        );
        assert!(!policy.contains("allow-same-origin") && !policy.contains("connect-src"), "{policy}");
        for (path, wanted) in [
            ("/map?run=none", StatusCode::NOT_FOUND),
            ("/map?run=../x", StatusCode::NOT_FOUND),
            ("/map", StatusCode::BAD_REQUEST),
        ] {
            let answer = shelf.answer(path).await;
            assert_eq!(answer.status(), wanted, "{path}");
            let policy = answer.headers()["content-security-policy"].to_str().unwrap();
            assert!(policy.contains("script-src 'self'"), "{path}: {policy}");
        }
    });
}
