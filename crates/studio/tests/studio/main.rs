//! The server from the outside, without a socket: what it lets in, what it keeps, what it gives to whom.

#![expect(clippy::unwrap_used, reason = "test support")]

mod attack;
mod exchange;
mod moved;
mod noise;
mod page;
mod series;
mod shelf;

use std::path::PathBuf;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use veridic::data::{ReadOptions, read_bytes};
use veridic_studio::label::{Desk, Items, router};
use veridic_studio::server::Gate;

const PORT: u16 = 4321;
const OWN: &str = "127.0.0.1:4321";

/// A table of `rows` sizes and colors; its cells may be markup.
fn items(rows: usize) -> Items {
    let mut text = String::from("size,color,note\n");
    for i in 0..rows {
        let color = ["red", "green", "<script>alert(1)</script>"][i % 3];
        text.push_str(&format!("{},{color},n{}\n", i * 7 % 40, i % 2));
    }
    let veridic::data::Reading { table, schema, .. } =
        read_bytes("t.csv", text.into(), &ReadOptions::default()).unwrap();
    Items::of_table("t.csv", table, schema)
}

/// A server over a file of its own.
struct Place {
    dir: tempfile::TempDir,
    gate: Arc<Gate>,
    router: Router,
}

/// A browser that was let in.
#[derive(Clone)]
struct Browser {
    router: Router,
    cookie: String,
}

impl Place {
    fn new(rows: usize) -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self::at(dir, rows)
    }

    fn at(dir: tempfile::TempDir, rows: usize) -> Self {
        let classes = ["yes", "no"].map(str::to_owned);
        let desk = Desk::open(items(rows), &dir.path().join("labels.db"), &classes, "ada", None).unwrap();
        let gate = Arc::new(Gate::new(PORT).unwrap());
        let router = router(Arc::new(desk), Arc::clone(&gate));
        Self { dir, gate, router }
    }

    fn labels(&self) -> PathBuf {
        self.dir.path().join("labels.db")
    }

    /// The same file, opened anew, as after a crash.
    fn again(self, rows: usize) -> Self {
        let Self { dir, router, .. } = self;
        drop(router);
        Self::at(dir, rows)
    }

    async fn enter(&self) -> Browser {
        let url = self.gate.invitation().unwrap();
        let path = url.strip_prefix("http://127.0.0.1:4321").unwrap();
        let answer = ask(&self.router, request(Method::GET, path).body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::SEE_OTHER);
        let cookie = answer.headers()["set-cookie"].to_str().unwrap();
        let cookie = cookie.split(';').next().unwrap().to_owned();
        Browser { router: self.router.clone(), cookie }
    }
}

impl Browser {
    fn request(&self, method: Method, path: &str) -> axum::http::request::Builder {
        request(method, path)
            .header("cookie", &self.cookie)
            .header("origin", "http://127.0.0.1:4321")
            .header("sec-fetch-site", "same-origin")
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = self
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(Body::from(body.to_string()))
            .unwrap();
        let answer = ask(&self.router, request).await;
        let status = answer.status();
        (status, serde_json::from_slice(&bytes(answer).await).unwrap_or(Value::Null))
    }

    /// What must succeed.
    async fn done(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.post(path, body.clone()).await;
        assert_eq!(status, StatusCode::OK, "{path} {body}: {answer}");
        answer
    }

    async fn get(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let answer = ask(&self.router, self.request(Method::GET, path).body(Body::empty()).unwrap()).await;
        let status = answer.status();
        (status, bytes(answer).await)
    }

    async fn next(&self, want: usize) -> Vec<u64> {
        ids(&self.done("/api/next", json!({ "have": [], "want": want })).await)
    }
}

fn request(method: Method, path: &str) -> axum::http::request::Builder {
    Request::builder().method(method).uri(path).header("host", OWN)
}

async fn ask(router: &Router, request: Request<Body>) -> Response<Body> {
    router.clone().oneshot(request).await.unwrap()
}

async fn bytes(answer: Response<Body>) -> Vec<u8> {
    answer.into_body().collect().await.unwrap().to_bytes().to_vec()
}

fn ids(answer: &Value) -> Vec<u64> {
    answer["items"].as_array().unwrap().iter().map(|item| item["id"].as_u64().unwrap()).collect()
}

fn label(key: &str, id: u64, class: u64) -> Value {
    json!({ "key": key, "id": id, "decision": "label", "class": class })
}

/// Runs a test on a runtime of its own.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test);
}
