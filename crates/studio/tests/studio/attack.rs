//! The attack script: foreign hosts and origins, missing and used tokens, paths, forms and sizes.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::{OWN, Place, ask, bytes, label, request, run};

const PATHS: [(Method, &str); 18] = [
    (Method::GET, "/"),
    (Method::GET, "/page/label.js"),
    (Method::GET, "/api/about"),
    (Method::GET, "/api/state"),
    (Method::GET, "/api/image/0"),
    (Method::POST, "/api/next"),
    (Method::POST, "/api/decide"),
    (Method::POST, "/api/alike"),
    (Method::POST, "/api/decide-all"),
    (Method::POST, "/api/undo"),
    (Method::POST, "/api/comment"),
    (Method::POST, "/api/review"),
    (Method::POST, "/api/release"),
    (Method::POST, "/api/look"),
    (Method::POST, "/api/cells"),
    (Method::POST, "/api/annotator"),
    (Method::POST, "/api/class"),
    (Method::POST, "/api/invite"),
];

#[test]
fn a_foreign_host_gets_nothing_whatever_it_knows() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let bad = [
            "evil.example",
            "evil.example:4321",
            "127.0.0.1",
            "127.0.0.1:80",
            "127.0.0.1:4321.evil.example",
            "127.0.0.1.evil.example:4321",
            "localhost.evil.example:4321",
            "0.0.0.0:4321",
            "[::1]:4321",
            "127.0.0.2:4321",
            "127.0.0.1:04321x",
            "",
        ];
        for (method, path) in PATHS {
            for host in bad {
                let request = axum::http::Request::builder()
                    .method(method.clone())
                    .uri(path)
                    .header("host", host)
                    .header("cookie", &browser.cookie)
                    .header("authorization", format!("Bearer {}", place.gate.secret()))
                    .body(Body::empty())
                    .unwrap();
                let answer = ask(&place.router, request).await;
                assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{method} {path} {host}");
            }
        }
        let without = axum::http::Request::get("/").body(Body::empty()).unwrap();
        assert_eq!(ask(&place.router, without).await.status(), StatusCode::FORBIDDEN);
        let two = request(Method::GET, "/").header("host", "evil.example").body(Body::empty()).unwrap();
        assert_eq!(ask(&place.router, two).await.status(), StatusCode::FORBIDDEN);
        let local = axum::http::Request::get("/").header("host", "LocalHost:4321");
        let local = local.header("cookie", &browser.cookie).body(Body::empty()).unwrap();
        assert_eq!(ask(&place.router, local).await.status(), StatusCode::OK);
    });
}

#[test]
fn without_token_or_cookie_nothing_is_told() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let name = browser.cookie.split('=').next().unwrap();
        let wrong = [
            String::new(),
            format!("{name}="),
            format!("{name}=00"),
            format!("x{}", browser.cookie),
            "veridic-80=1".into(),
        ];
        for (method, path) in PATHS {
            for cookie in &wrong {
                let request = request(method.clone(), path)
                    .header("cookie", cookie)
                    .header("sec-fetch-site", "same-origin")
                    .header("content-type", "application/json")
                    .body(Body::from("{}"))
                    .unwrap();
                let answer = ask(&place.router, request).await;
                assert_eq!(answer.status(), StatusCode::UNAUTHORIZED, "{method} {path} {cookie}");
                let text = String::from_utf8(bytes(answer).await).unwrap();
                assert!(!text.contains("t.csv") && !text.contains("size"), "{text}");
            }
        }
        for token in ["", "x", place.gate.secret()] {
            let request = request(Method::GET, &format!("/?token={token}")).body(Body::empty()).unwrap();
            let answer = ask(&place.router, request).await;
            assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
            assert!(answer.headers().get("set-cookie").is_none());
        }
    });
}

#[test]
fn a_token_lets_one_browser_in_once_and_leaves_the_address() {
    run(async {
        let place = Place::new(9);
        let url = place.gate.invitation().unwrap();
        let path = url.strip_prefix("http://127.0.0.1:4321").unwrap();
        let get = || request(Method::GET, path).body(Body::empty()).unwrap();
        let first = ask(&place.router, get()).await;
        assert_eq!(
            (first.status(), &first.headers()["location"]),
            (StatusCode::SEE_OTHER, &"/".parse().unwrap())
        );
        let cookie = first.headers()["set-cookie"].to_str().unwrap();
        for part in ["veridic-4321=", "HttpOnly", "SameSite=Strict", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert!(!cookie.contains(path.strip_prefix("/?token=").unwrap()));
        let second = ask(&place.router, get()).await;
        assert_eq!(second.status(), StatusCode::UNAUTHORIZED);
        assert!(second.headers().get("set-cookie").is_none());
    });
}

#[test]
fn other_sites_can_neither_change_nor_read() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let row = browser.next(1).await[0];
        let body = label("k", row, 0).to_string();
        let headers: [&[(&str, &str)]; 8] = [
            &[("origin", "https://evil.example")],
            &[("origin", "null")],
            &[("origin", "http://127.0.0.1:4322")],
            &[("origin", "https://127.0.0.1:4321")],
            &[("sec-fetch-site", "cross-site")],
            &[("sec-fetch-site", "same-site")],
            &[("sec-fetch-site", "same-origin"), ("origin", "http://evil.example")],
            &[],
        ];
        for headers in headers {
            let mut request = request(Method::POST, "/api/decide")
                .header("cookie", &browser.cookie)
                .header("content-type", "application/json");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let answer = ask(&place.router, request.body(Body::from(body.clone())).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{headers:?}");
        }
        // A form or a script of elsewhere can send these without asking.
        for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""] {
            let request = browser.request(Method::POST, "/api/decide").header("content-type", kind);
            let answer = ask(&place.router, request.body(Body::from(body.clone())).unwrap()).await;
            assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{kind}");
        }
        for path in ["/api/state", "/api/about", "/page/label.js"] {
            let request = request(Method::GET, path)
                .header("cookie", &browser.cookie)
                .header("sec-fetch-site", "cross-site")
                .body(Body::empty())
                .unwrap();
            assert_eq!(ask(&place.router, request).await.status(), StatusCode::FORBIDDEN, "{path}");
        }
        for method in [Method::OPTIONS, Method::PUT, Method::DELETE, Method::PATCH, Method::TRACE] {
            let request = browser.request(method.clone(), "/api/decide").body(Body::empty()).unwrap();
            assert_eq!(
                ask(&place.router, request).await.status(),
                StatusCode::METHOD_NOT_ALLOWED,
                "{method}"
            );
        }
        let state = browser.get("/api/state").await.1;
        let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        assert_eq!(state["labelled"], 0, "nothing was kept");
        // What changes something is no GET.
        for (method, path) in PATHS.iter().filter(|(method, _)| *method == Method::POST) {
            assert_eq!(browser.get(path).await.0, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
        }
    });
}

#[test]
fn every_answer_keeps_to_itself() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let requests = [
            browser.request(Method::GET, "/"),
            browser.request(Method::GET, "/page/label.js"),
            browser.request(Method::GET, "/api/state"),
            browser.request(Method::GET, "/no/such"),
            request(Method::GET, "/"),
            request(Method::GET, "/?token=x"),
            axum::http::Request::get("/").header("host", "evil.example"),
        ];
        for request in requests {
            let answer = ask(&place.router, request.body(Body::empty()).unwrap()).await;
            let headers = answer.headers();
            let policy = headers["content-security-policy"].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self';"), "{policy}");
            assert!(!policy.contains("unsafe") && !policy.contains("http"), "{policy}");
            assert_eq!(headers["x-content-type-options"], "nosniff");
            assert_eq!(headers["cache-control"], "no-store");
            assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
            assert!(headers.keys().all(|name| !name.as_str().starts_with("access-control")));
        }
    });
}

#[test]
fn no_path_leads_to_a_file_of_this_machine() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        std::fs::write(place.dir.path().join("secret.txt"), "secret").unwrap();
        for path in [
            "/page/../labels.db",
            "/page/..%2f..%2fCargo.toml",
            "/page/%2e%2e/%2e%2e/etc/passwd",
            "/page//etc/passwd",
            "/page/label.js/../../secret.txt",
            "/page/label.js%00.css",
            "/labels.db",
            "/labels.db.lock",
            "/../../etc/passwd",
            "//etc/passwd",
            "/api/image/../../secret.txt",
            "/api/image/..%2fsecret.txt",
            "/api/image/-1",
            "/api/image/99999999999",
            "/api/image/0",
            "/src/lib.rs",
        ] {
            let (status, body) = browser.get(path).await;
            assert!([StatusCode::NOT_FOUND, StatusCode::BAD_REQUEST].contains(&status), "{path}: {status}");
            assert!(!String::from_utf8_lossy(&body).contains("secret"), "{path}");
        }
    });
}

#[test]
fn requests_that_make_no_sense_are_answered_and_change_nothing() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let row = browser.next(1).await[0];
        let long = "x".repeat(70_000);
        let (status, _) = browser.post("/api/comment", json!({ "key": "k", "id": row, "text": long })).await;
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
        let long = "x".repeat(3_000);
        let conflicts = [
            ("/api/comment", json!({ "key": "k", "id": row, "text": long })),
            ("/api/comment", json!({ "key": "k", "id": row, "text": "  " })),
            ("/api/comment", json!({ "key": "k", "id": 9, "text": "x" })),
            ("/api/decide", label("k", row, 2)),
            ("/api/decide", label("k", 9, 0)),
            ("/api/decide", label("", row, 0)),
            ("/api/decide", label(&"k".repeat(101), row, 0)),
            ("/api/decide", json!({ "key": "k", "id": row, "decision": "label" })),
            ("/api/decide-all", json!({ "key": "k", "class": 0, "ids": [] })),
            ("/api/decide-all", json!({ "key": "k", "class": 0, "ids": [row, row] })),
            ("/api/decide-all", json!({ "key": "k", "class": 7, "ids": [row] })),
            ("/api/decide-all", json!({ "key": "k", "class": 0, "ids": (0..65).collect::<Vec<u32>>() })),
            ("/api/undo", json!({ "key": "k", "event": 1 })),
            ("/api/alike", json!({ "class": 0, "want": 5 })),
            ("/api/class", json!({ "name": "yes" })),
            ("/api/class", json!({ "name": "\u{7}" })),
            ("/api/annotator", json!({ "name": "" })),
        ];
        for (path, body) in conflicts {
            let (status, answer) = browser.post(path, body.clone()).await;
            let is_nothing = path == "/api/undo" && status == StatusCode::OK && answer["item"].is_null();
            assert!(status == StatusCode::CONFLICT || is_nothing, "{path} {body}: {status} {answer}");
            assert!(is_nothing || answer["message"].is_string());
        }
        let malformed = [
            json!({}),
            json!([]),
            json!({ "key": "k", "id": -1, "decision": "label", "class": 0 }),
            json!({ "key": "k", "id": 1.5, "decision": "label", "class": 0 }),
            json!({ "key": "k", "id": row, "decision": "delete" }),
            json!({ "key": "k", "id": row, "decision": "skip", "path": "/etc/passwd" }),
        ];
        for body in malformed {
            assert_eq!(browser.post("/api/decide", body.clone()).await.0, StatusCode::BAD_REQUEST, "{body}");
        }
        let request = browser.request(Method::POST, "/api/decide").header("content-type", "application/json");
        let answer = ask(&place.router, request.body(Body::from("{\"key\":")).unwrap()).await;
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST);
        // A page may wish for much.
        assert!(browser.next(usize::MAX / 2).await.len() <= 9);
        let audit = veridic_studio::label::check(&place.labels(), None).unwrap();
        assert_eq!((audit.entries, audit.annotators.len()), (0, 1));
    });
}

#[test]
fn programs_of_the_same_user_come_in_with_the_secret() {
    run(async {
        let place = Place::new(9);
        let post = |secret: &str| {
            request(Method::POST, "/api/invite")
                .header("authorization", format!("Bearer {secret}"))
                .header("content-type", "application/json")
                .body(Body::from("{}"))
                .unwrap()
        };
        let answer = ask(&place.router, post(place.gate.secret())).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let answer: serde_json::Value = serde_json::from_slice(&bytes(answer).await).unwrap();
        assert!(answer["url"].as_str().unwrap().starts_with(&format!("http://{OWN}/?token=")));
        assert_eq!(ask(&place.router, post("guess")).await.status(), StatusCode::UNAUTHORIZED);
    });
}

#[test]
fn cells_with_markup_are_told_as_text() {
    run(async {
        let place = Place::new(9);
        let browser = place.enter().await;
        let answer = browser.done("/api/next", json!({ "have": [], "want": 9 })).await;
        let cells: Vec<&str> = answer["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["cells"][1].as_str().unwrap())
            .collect();
        assert!(cells.contains(&"<script>alert(1)</script>"));
        // The page's own code makes elements from text alone.
        for file in
            ["label.js", "element.js", "item.js", "panel.js", "batch.js", "dialog.js", "key.js", "server.js"]
        {
            let script = String::from_utf8(browser.get(&format!("/page/{file}")).await.1).unwrap();
            for way in
                ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
            {
                assert!(!script.contains(way), "{file}: {way}");
            }
            // The name of what is drawn is no address.
            let script = script.replace("http://www.w3.org/2000/svg", "");
            assert!(!script.contains("http://") && !script.contains("https://"), "{file}");
        }
    });
}
