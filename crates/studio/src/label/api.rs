//! The requests of the page.

use std::sync::Arc;

use axum::extract::{Extension, Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::ask::Review;
use super::desk::Desk;
use super::keep::Choice;
use crate::StudioError;
use crate::server::answer::{Answer, Failure, Sent, apart, parsed};
use crate::server::{Gate, Session, guarded};

/// The files of the page.
const FILES: [(&str, &str, &str); 9] = [
    ("label.css", "text/css; charset=utf-8", include_str!("../../page/label.css")),
    ("label.js", SCRIPT, include_str!("../../page/label.js")),
    ("server.js", SCRIPT, include_str!("../../page/server.js")),
    ("key.js", SCRIPT, include_str!("../../page/key.js")),
    ("item.js", SCRIPT, include_str!("../../page/item.js")),
    ("panel.js", SCRIPT, include_str!("../../page/panel.js")),
    ("batch.js", SCRIPT, include_str!("../../page/batch.js")),
    ("dialog.js", SCRIPT, include_str!("../../page/dialog.js")),
    ("element.js", SCRIPT, include_str!("../../page/element.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";
const PAGE: &str = include_str!("../../page/label.html");

#[derive(Clone)]
struct Api {
    desk: Arc<Desk>,
    gate: Arc<Gate>,
}

/// All requests of the labelling page behind the gate; a function, so that tests call it without a socket.
pub fn router(desk: Arc<Desk>, gate: Arc<Gate>) -> Router {
    let api = Api { desk, gate: Arc::clone(&gate) };
    let pages = Router::new()
        .route("/", get(|| async { ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE) }))
        .route("/page/{file}", get(file))
        .route("/api/about", get(about))
        .route("/api/state", get(state))
        .route("/api/image/{id}", get(image))
        .route("/api/next", post(next))
        .route("/api/look", post(look))
        .route("/api/cells", post(cells))
        .route("/api/decide", post(decide))
        .route("/api/alike", post(alike))
        .route("/api/decide-all", post(decide_all))
        .route("/api/undo", post(undo))
        .route("/api/comment", post(comment))
        .route("/api/review", post(review))
        .route("/api/release", post(release))
        .route("/api/annotator", post(annotator))
        .route("/api/class", post(class))
        .route("/api/invite", post(invite))
        .with_state(api);
    guarded(pages, gate)
}

async fn file(Path(name): Path<String>) -> Answer {
    let found = FILES.iter().find(|(file, ..)| *file == name);
    let (_, kind, content) = found.ok_or_else(|| Failure::absent("file"))?;
    Ok(([(header::CONTENT_TYPE, *kind)], *content).into_response())
}

async fn about(State(api): State<Api>) -> Response {
    Json(api.desk.about()).into_response()
}

async fn state(State(api): State<Api>, Extension(session): Extension<Session>) -> Answer {
    let state = apart(move || Ok(api.desk.state(session.0))).await?;
    Ok(Json(state).into_response())
}

async fn image(State(api): State<Api>, Path(id): Path<String>) -> Answer {
    let none = || Failure(StatusCode::NOT_FOUND, "there is no such image".into(), None);
    let id: usize = id.parse().map_err(|_| none())?;
    let png = apart(move || Ok(api.desk.items().png(id))).await?.ok_or_else(none)?;
    Ok(([(header::CONTENT_TYPE, "image/png")], png).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    have: Vec<u32>,
    want: usize,
}

async fn next(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Wanted { have, want } = parsed(sent)?;
    let (items, state) = apart(move || api.desk.next(session.0, &have, want)).await?;
    Ok(Json(json!({ "items": items, "state": state })).into_response())
}

async fn decide(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let choice: Choice = parsed(sent)?;
    let (items, state) = apart(move || api.desk.decide(session.0, &choice)).await?;
    Ok(Json(json!({ "items": items, "state": state })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Alike {
    class: u16,
    want: usize,
}

async fn alike(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Alike { class, want } = parsed(sent)?;
    let items = apart(move || api.desk.alike(session.0, class, want)).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Many {
    key: String,
    class: u16,
    ids: Vec<u32>,
}

async fn decide_all(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Many { key, class, ids } = parsed(sent)?;
    let state = apart(move || api.desk.decide_all(session.0, &key, class, &ids)).await?;
    Ok(Json(json!({ "state": state })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Undo {
    key: String,
    #[serde(default)]
    event: Option<u64>,
}

async fn undo(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Undo { key, event } = parsed(sent)?;
    let (item, state) = apart(move || api.desk.undo(session.0, &key, event)).await?;
    Ok(Json(json!({ "item": item, "state": state })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Comment {
    key: String,
    id: u32,
    text: String,
}

async fn comment(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Comment { key, id, text } = parsed(sent)?;
    let comments = apart(move || api.desk.comment(session.0, &key, id, &text)).await?;
    Ok(Json(json!({ "comments": comments })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    what: Review,
}

async fn review(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Again { what } = parsed(sent)?;
    let items = apart(move || Ok(api.desk.review(session.0, what))).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Listed {
    ids: Vec<u32>,
}

async fn look(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Listed { ids } = parsed(sent)?;
    let items = apart(move || Ok(api.desk.look(session.0, &ids))).await?;
    Ok(Json(json!({ "items": items })).into_response())
}

/// What rows of a table hold that are not asked about but shown beside one that is.
async fn cells(State(api): State<Api>, Extension(_): Extension<Session>, sent: Sent) -> Answer {
    let Listed { ids } = parsed(sent)?;
    let rows = apart(move || Ok(api.desk.cells(&ids))).await?;
    Ok(Json(json!({ "rows": rows })).into_response())
}

async fn release(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Listed { ids } = parsed(sent)?;
    api.desk.release(session.0, &ids);
    Ok(Json(json!({})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    name: String,
}

async fn annotator(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Named { name } = parsed(sent)?;
    let state = apart(move || {
        api.desk.sit(session.0, &name)?;
        Ok(api.desk.state(session.0))
    })
    .await?;
    Ok(Json(json!({ "state": state })).into_response())
}

async fn class(State(api): State<Api>, Extension(session): Extension<Session>, sent: Sent) -> Answer {
    let Named { name } = parsed(sent)?;
    let state = apart(move || {
        api.desk.add_class(&name)?;
        Ok(api.desk.state(session.0))
    })
    .await?;
    Ok(Json(json!({ "state": state })).into_response())
}

/// A link for one more browser.
async fn invite(State(api): State<Api>, Extension(_): Extension<Session>) -> Answer {
    let url = api.gate.invitation().map_err(|error| Failure::from(StudioError::Server(error)))?;
    Ok(Json(json!({ "url": url })).into_response())
}
