//! The studio from the outside: what a folder of runs looks like, what is let out of it, and a network that learns.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use veridic_studio::server::Gate;
use veridic_studio::studio::{Studio, StudioOptions, router};

use crate::{Browser, OWN, PORT, ask, bytes, request, run};

/// A studio on a folder of its own, with a browser that was let in.
pub(crate) struct Shelf {
    pub(crate) dir: tempfile::TempDir,
    router: Router,
    pub(crate) browser: Browser,
}

impl Shelf {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = StudioOptions { port: None, threads: 1, data_dir: PathBuf::new(), program: None };
        let gate = Arc::new(Gate::new(PORT).unwrap());
        std::fs::create_dir(dir.path().join("runs")).unwrap();
        let studio = Arc::new(Studio::new(&dir.path().join("runs"), &options));
        let router = router(studio, Arc::clone(&gate));
        let path = gate.invitation().unwrap();
        let path = path.strip_prefix("http://127.0.0.1:4321").unwrap().to_owned();
        let answer = ask(&router, request(Method::GET, &path).body(Body::empty()).unwrap()).await;
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        Self { dir, browser: Browser { router: router.clone(), cookie }, router }
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.dir.path().join("runs")
    }

    /// A run as `fit` leaves one while it goes on.
    fn begin(&self, name: &str, status: &str) -> PathBuf {
        let path = self.runs().join(name);
        std::fs::create_dir_all(path.join("figures")).unwrap();
        let info = json!({
            "format": 1, "status": status, "veridic": "0.1.0", "seed": 3, "threads": 1, "data": [], "rows": [80, 10, 10],
            "started": 1_700_000_000, "seconds": 2.5,
        });
        write(&path.join("run.json"), &info.to_string());
        write(
            &path.join("config.toml"),
            "about = \"<b>bold</b>\"\n[data]\ntable = \"heart\"\n[model.vae]\nlatent = 2\n[train]\nepochs = 4\n",
        );
        let epoch = |n: usize| json!({ "event": "epoch", "epoch": n, "step": 10 * n, "seconds": 0.5, "losses": { "train.loss": 5.0 / n as f64, "valid.loss": 6.0 } });
        write(&path.join("events.jsonl"), &format!("{}\n{}\n{{\"event\":\"epo", epoch(1), epoch(2)));
        write(&path.join("figures/loss.csv"), "a,b\n1,2\n");
        write(
            &path.join("figures/x.svg"),
            "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        );
        path
    }

    async fn list(&self) -> Vec<Value> {
        let (status, answer) = self.browser.get("/api/runs").await;
        assert_eq!(status, StatusCode::OK);
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        answer["runs"].as_array().unwrap().clone()
    }

    /// A run of the recipe `recipe` on the table `csv`, fitted.
    pub(crate) fn fit(&self, name: &str, csv: &str, recipe: &str) {
        let data = self.dir.path().join(format!("{name}.csv"));
        write(&data, csv);
        let options = veridic::run::FitOptions {
            data: Some(data),
            data_dir: PathBuf::new(),
            out: self.runs().join(name),
            target: None,
            config: Some(veridic::run::Config::from_toml(recipe, "recipe").unwrap()),
            sets: Vec::new(),
            threads: 1,
            resume: false,
        };
        veridic::run::fit_files(&options, &std::sync::atomic::AtomicBool::new(false), &mut |_| ()).unwrap();
    }

    pub(crate) async fn answer(&self, path: &str) -> axum::http::Response<Body> {
        ask(&self.router, self.browser.request(Method::GET, path).body(Body::empty()).unwrap()).await
    }

    pub(crate) async fn json(&self, path: &str) -> (StatusCode, Value) {
        let (status, answer) = self.browser.get(path).await;
        (status, serde_json::from_slice(&answer).unwrap_or(Value::Null))
    }
}

/// The day `i` of 2021 to 2022.
pub(crate) fn day(i: i64) -> String {
    format!("{}-{:02}-{:02}", 2021 + i / 336, i / 28 % 12 + 1, i % 28 + 1)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
}

#[test]
fn runs_of_every_condition_are_listed_and_move() {
    run(async {
        let shelf = Shelf::new().await;
        assert!(shelf.list().await.is_empty());
        let going = shelf.begin("going", "running");
        shelf.begin("nested/done", "done");
        write(&shelf.begin("damaged", "done").join("run.json"), "{\"format\":");
        write(&shelf.begin("newer", "done").join("run.json"), "{\"format\": 99}");
        write(&shelf.begin("unreadable", "done").join("config.toml"), "model = 7");
        std::fs::create_dir(shelf.runs().join("foreign")).unwrap();
        let listed = shelf.list().await;
        let of = |name: &str| listed.iter().find(|run| run["name"] == name).unwrap()["status"].clone();
        let names = ["going", "nested/done", "damaged", "newer", "unreadable", "foreign"];
        let statuses = names.map(|name| of(name).as_str().unwrap().to_owned());
        assert_eq!(statuses, ["running", "done", "damaged", "newer", "damaged", "foreign"]);
        let entry = listed.iter().find(|run| run["name"] == "going").unwrap();
        assert_eq!(
            (&entry["share"], &entry["model"], &entry["data"]),
            (&json!(0.5), &json!("vae"), &json!("heart"))
        );
        // It goes on in another process.
        let (_, course) = shelf.json("/api/course?run=going&from=0").await;
        assert_eq!((&course["epoch"], &course["more"]), (&json!([1, 2]), &json!(false)));
        let text = std::fs::read_to_string(going.join("events.jsonl")).unwrap();
        let next = "ch\",\"epoch\":3,\"step\":30,\"seconds\":0.5,\"losses\":{\"train.loss\":1.0}}\n";
        write(&going.join("events.jsonl"), &(text + next));
        let (_, rest) = shelf.json(&format!("/api/course?run=going&from={}", course["next"])).await;
        assert_eq!((&rest["epoch"], &rest["figures"]["train.loss"]), (&json!([3]), &json!([1.0])));
        let entry = shelf.list().await.into_iter().find(|run| run["name"] == "going").unwrap();
        assert_eq!(entry["share"], json!(0.75));
        let (_, view) = shelf.json("/api/run?run=going").await;
        assert_eq!((&view["criterion"], &view["epochs"]), (&json!(["valid.loss", false]), &json!(4)));
        assert!(shelf.json("/api/run?run=damaged").await.1["trouble"].is_string());
        std::fs::remove_dir_all(going).unwrap();
        assert_eq!(shelf.json("/api/run?run=going").await.0, StatusCode::NOT_FOUND);
    });
}

#[test]
fn nothing_beside_the_records_of_a_run_is_let_out() {
    run(async {
        let shelf = Shelf::new().await;
        let path = shelf.begin("a", "done");
        write(&path.join("model.safetensors"), "x");
        write(&shelf.dir.path().join("secret.csv"), "x");
        for (run, file) in [
            ("a", "model.safetensors"),
            ("a", "../../secret.csv"),
            ("a", "figures/../run.json"),
            ("a", "figures/..%2f..%2f..%2fsecret.csv"),
            ("..", "secret.csv"),
            ("a/..", "a/run.json"),
            ("%2fetc", "passwd"),
            (".removed", "x"),
        ] {
            let (status, _) = shelf.browser.get(&format!("/api/file?run={run}&file={file}")).await;
            assert_eq!(status, StatusCode::NOT_FOUND, "{run} {file}");
        }
        for path in
            ["/api/run?run=../..", "/api/course?run=..&from=0", "/api/run", "/api/course?run=a&from=-1"]
        {
            assert!(shelf.browser.get(path).await.0.is_client_error(), "{path}");
        }
        let get = |file: &str| {
            let path = format!("/api/file?run=a&file={file}");
            shelf.browser.request(Method::GET, &path).body(Body::empty()).unwrap()
        };
        let answer = ask(&shelf.router, get("figures/x.svg")).await;
        // Whatever could hold a script is saved, not shown.
        assert_eq!(answer.headers()["content-disposition"], "attachment");
        assert_eq!(answer.headers()["content-type"], "application/octet-stream");
        assert_eq!(ask(&shelf.router, get("figures/loss.csv")).await.status(), StatusCode::OK);
    });
}

#[test]
fn the_studio_lets_nobody_in_and_has_no_markup() {
    run(async {
        let shelf = Shelf::new().await;
        shelf.begin("a", "done");
        for path in ["/", "/api/runs", "/api/run?run=a", "/api/file?run=a&file=run.json", "/page/studio.js"] {
            let answer = ask(&shelf.router, request(Method::GET, path).body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{path}");
            let foreign = shelf.browser.request(Method::GET, path).header("host", "evil.example");
            let answer = ask(&shelf.router, foreign.body(Body::empty()).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
        }
        for path in [
            "/api/annotate",
            "/api/remove",
            "/api/restore",
            "/api/world/begin",
            "/api/world/frame",
            "/api/world/rows",
            "/api/space",
            "/api/space/decode",
            "/api/space/walk",
            "/api/table",
        ] {
            let from_elsewhere = request(Method::POST, path)
                .header("cookie", &shelf.browser.cookie)
                .header("origin", "http://evil.example")
                .header("content-type", "application/json");
            let answer = ask(&shelf.router, from_elsewhere.body(Body::from("{}")).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path}");
            assert!(!answer.headers().contains_key("access-control-allow-origin"));
            assert_eq!(
                shelf.browser.post(path, json!({ "odd": 1 })).await.0,
                StatusCode::BAD_REQUEST,
                "{path}"
            );
            assert!(shelf.browser.get(path).await.0.is_client_error(), "no change by GET: {path}");
        }
        for file in [
            "studio.js",
            "shelf.js",
            "run.js",
            "curve.js",
            "world.js",
            "latent.js",
            "table.js",
            "words.js",
            "begin.js",
            "course.js",
            "distance.js",
            "record.js",
            "selection.js",
            "series.js",
            "scene.js",
            "snapshot.js",
            "trouble.js",
            "time.js",
            "window.js",
            "curve.js",
            "element.js",
            "key.js",
            "server.js",
        ] {
            let (status, script) = shelf.browser.get(&format!("/page/{file}")).await;
            assert_eq!(status, StatusCode::OK);
            let script = String::from_utf8(script).unwrap();
            for way in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
            {
                assert!(!script.contains(way), "{file}: {way}");
            }
            assert!(!script.contains("http://") && !script.contains("https://"), "{file}");
        }
        assert!(OWN.ends_with("4321"));
    });
}

#[test]
fn what_a_page_has_seen_is_not_sent_again() {
    run(async {
        let shelf = Shelf::new().await;
        let path = shelf.begin("a", "done");
        let all = shelf.json("/api/runs").await.1;
        let of = |what: &Value| what["mark"].as_str().unwrap().to_owned();
        let again = |mark: &str| format!("/api/runs?seen={mark}");
        assert_eq!(shelf.json(&again(&of(&all))).await.1, Value::Null);
        let view = shelf.json("/api/run?run=a").await.1;
        let ask_again = |mark: &str| format!("/api/run?run=a&seen={}", mark.replace(' ', "%20"));
        assert_eq!(shelf.json(&ask_again(&of(&view))).await.1, Value::Null);
        write(&path.join("report.json"), "{\"test.loss\": 3.0}");
        let anew = shelf.json(&ask_again(&of(&view))).await.1;
        assert_eq!(anew["report"]["test.loss"], 3.0);
        let list = shelf.json(&again(&of(&all))).await.1;
        assert_eq!(list["runs"][0]["figures"]["test.loss"], 3.0);
        assert_ne!(of(&list), of(&all));
    });
}

#[test]
fn a_run_that_is_removed_comes_back_and_one_that_is_trained_stays() {
    run(async {
        let shelf = Shelf::new().await;
        shelf.begin("deep/a", "done");
        shelf.begin("going", "running");
        let notes = json!({ "tags": ["good"], "note": "<script>" });
        shelf.browser.done("/api/annotate", json!({ "run": "deep/a", "notes": notes })).await;
        assert_eq!(shelf.json("/api/run?run=deep/a").await.1["notes"], notes);
        assert_eq!(
            shelf.browser.post("/api/remove", json!({ "run": "going" })).await.0,
            StatusCode::CONFLICT
        );
        let key = shelf.browser.done("/api/remove", json!({ "run": "deep/a" })).await["key"].clone();
        assert_eq!(shelf.list().await.iter().filter(|run| run["name"] == "deep/a").count(), 0);
        for bad in ["x", "1-../a", "../1-a", "1-deep~b"] {
            assert!(
                shelf.browser.post("/api/restore", json!({ "key": bad })).await.0.is_client_error(),
                "{bad}"
            );
        }
        assert_eq!(shelf.browser.done("/api/restore", json!({ "key": key })).await["run"], "deep/a");
        assert_eq!(shelf.json("/api/run?run=deep/a").await.1["notes"], notes);
    });
}

/// The values of a frame.
async fn frame(shelf: &Shelf, id: &Value, ask_for: Value) -> Vec<f32> {
    let body = json!({ "id": id, "ask": ask_for });
    let request =
        shelf.browser.request(Method::POST, "/api/world/frame").header("content-type", "application/json");
    let answer = ask(&shelf.router, request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(answer.status(), StatusCode::OK);
    bytes(answer).await.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect()
}

#[test]
fn a_world_learns_step_by_step() {
    run(async {
        let shelf = Shelf::new().await;
        let small = json!({ "generator": [8], "discriminator": [8], "batch": 16, "steps": 100 });
        let begun = shelf.browser.done("/api/world/begin", small).await;
        assert!(begun["about"]["recipe"].as_str().unwrap().contains("[model.gan]"));
        let v = frame(&shelf, &begun["id"], json!({ "steps": 3, "milliseconds": 100 })).await;
        assert!(v[0] >= 1.0 && v[1] == 100.0 && v[12] == 8.0 && v[14] == 2.0);
        assert_eq!(
            v.len(),
            24 + 2 * v[16] as usize + v[15] as usize + 2 * v[17] as usize + 4 * v[18] as usize
        );
        assert!(v[9] > 0.0 && v[10] > 0.0 && v[10] < 0.6932, "divergences {} {}", v[9], v[10]);
        // What is seen does not change what is learned.
        let still = frame(&shelf, &begun["id"], json!({ "heat": false, "fold": false, "push": false })).await;
        assert_eq!((still[0], still[15]), (v[0], 0.0));
        // One dimension, judged in groups; points drawn by hand.
        let one = json!({ "data": "gaussian", "generator": [4], "discriminator": [8], "latent": 1, "minibatch": true, "penalty": 0.0, "batch": 8 });
        let one = shelf.browser.done("/api/world/begin", one).await;
        let v = frame(&shelf, &one["id"], json!({ "steps": 2 })).await;
        assert!(v[14] == 1.0 && v[15] == 200.0);
        let drawn = json!({ "data": "drawn", "points": (0..20).map(|i| [f64::from(i) / 20.0, 0.5]).collect::<Vec<_>>() });
        let drawn = shelf.browser.done("/api/world/begin", drawn).await;
        let csv = shelf.browser.done("/api/world/rows", json!({ "id": drawn["id"] })).await;
        assert!(csv["csv"].as_str().unwrap().starts_with("x,y\n"));
        for bad in [
            json!({ "generator": [0] }),
            json!({ "discriminator": [4, 4, 4, 4, 4, 4, 4] }),
            json!({ "batch": 1 }),
            json!({ "steps": 1_000_000 }),
            json!({ "data": "drawn", "points": [[0.0, 0.0]] }),
            json!({ "objective": "wasserstein", "penalty": 0.0 }),
            json!({ "rate": -1.0 }),
            json!({ "lead": 0.0 }),
            json!({ "packing": 3, "minibatch": true }),
        ] {
            let (status, answer) = shelf.browser.post("/api/world/begin", bad.clone()).await;
            assert_eq!(status, StatusCode::CONFLICT, "{bad}: {answer}");
            assert!(answer["message"].is_string());
        }
        let gone = shelf.browser.post("/api/world/frame", json!({ "id": 999, "ask": {} })).await;
        assert_eq!(gone.0, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_latent_space_is_walked_and_a_table_set_beside_what_is_made_of_it() {
    run(async {
        let shelf = Shelf::new().await;
        let row = |i: i64| format!("{},{},{}\n", i % 17, ["red", "green"][i as usize % 2], day(i));
        let rows: String = (0..120).map(row).collect();
        let recipe = "[model.vae]\nlatent = 2\nlikelihood = 'mixed'\nencoder = [{ dense = 4, activation = 'relu' }]\ndecoder = [{ dense = 4, activation = 'relu' }]\n[train]\nepochs = 1\n";
        shelf.fit("small", &format!("size,color,day\n{rows}"), recipe);
        let view = shelf.json("/api/run?run=small").await.1;
        assert_eq!((&view["latent"], &view["table"]), (&json!(true), &json!(true)));
        let space = shelf.browser.done("/api/space", json!({ "run": "small" })).await;
        assert_eq!(
            (&space["latent"], &space["posterior"], &space["kind"]),
            (&json!(2), &json!(true), &json!("table"))
        );
        assert_eq!(space["columns"][1]["levels"].as_array().unwrap().len(), 2);
        let made = shelf
            .browser
            .done("/api/space/decode", json!({ "run": "small", "points": [[0.0, 0.0], [1.0, -1.0]] }))
            .await;
        let names = json!(["size", "color", "day"]);
        assert_eq!((&made["names"], made["cells"].as_array().unwrap().len()), (&names, 2));
        let walked = shelf
            .browser
            .done("/api/space/walk", json!({ "run": "small", "from": 0, "to": 1, "steps": 5 }))
            .await;
        assert_eq!(walked["points"].as_array().unwrap().len(), 10);
        shelf
            .browser
            .done("/api/space/walk", json!({ "run": "small", "from": 0, "steps": 4, "seed": 1 }))
            .await;
        for bad in [
            json!({ "run": "small", "points": [[0.0]] }),
            json!({ "run": "small", "points": [] }),
            json!({ "run": "small", "points": [[0.0, 0.0], [0.0]] }),
        ] {
            assert_eq!(shelf.browser.post("/api/space/decode", bad).await.0, StatusCode::CONFLICT);
        }
        let far = json!({ "run": "small", "from": 0, "to": 99_999, "steps": 5 });
        assert_eq!(shelf.browser.post("/api/space/walk", far).await.0, StatusCode::CONFLICT);
        let table = shelf.browser.done("/api/table", json!({ "run": "small" })).await;
        assert_eq!(
            table["real"][0]["values"].as_array().unwrap().len(),
            table["made"][0]["values"].as_array().unwrap().len()
        );
        // Moments are numbers, which the page writes as dates.
        assert_eq!(
            (&table["real"][2]["kind"], &table["made"][2]["kind"]),
            (&json!("date-time"), &json!("date-time"))
        );
        assert!(table["real"][2]["values"][0].as_f64().unwrap() > 1.5e9);
        assert!(table["scored"]["scores"][0].is_number() && table["scored"]["reasons"][0][0][0].is_string());
        assert_eq!(shelf.browser.post("/api/table", json!({ "run": "none" })).await.0, StatusCode::NOT_FOUND);
    });
}

#[test]
fn a_run_is_asked_to_stop_and_gone_on_with() {
    run(async {
        let shelf = Shelf::new().await;
        let going = shelf.begin("going", "running");
        shelf.begin("stopped", "stopped");
        shelf.begin("done", "done");
        let ask_for = |path: &'static str, name: &'static str| {
            let browser = &shelf.browser;
            async move { browser.post(path, json!({ "run": name })).await }
        };
        assert_eq!(ask_for("/api/stop", "going").await.0, StatusCode::OK);
        assert!(going.join("stop").is_file());
        for (path, name, words) in [
            ("/api/stop", "stopped", "nobody trains"),
            ("/api/stop", "none", "none"),
            ("/api/stop", "../x", ""),
            ("/api/resume", "going", "without a program"),
        ] {
            let (status, answer) = ask_for(path, name).await;
            assert!(status.is_client_error(), "{path} {name}: {status}");
            assert!(answer.to_string().contains(words), "{answer}");
        }
        let runs = veridic_studio::shelf::Shelf::new(&shelf.runs());
        let program = Path::new("/bin/false");
        for (name, words) in [("going", "being trained"), ("done", "nothing to go on with"), ("stopped", "")]
        {
            let error = runs.resume(name, program, Path::new(".")).unwrap_err().to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
        #[cfg(unix)]
        runs.resume("stopped", Path::new("/bin/true"), Path::new(".")).unwrap();
    });
}
