//! The requests of the studio.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path as Name, Query, State};
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;

use super::StudioOptions;
use super::explore::{self, Models};
use super::map::{self, Maps};
use super::series;
use super::world::{self, Worlds};
use crate::StudioError;
use crate::server::answer::{Answer, Failure, Sent, apart, parsed};
use crate::server::{Gate, guarded};
use crate::shelf::{Course, Entry, Listing, Notes, Shelf};

const SCRIPT: &str = "text/javascript; charset=utf-8";
const PAGE: &str = include_str!("../../page/studio.html");

/// The files of the page.
const FILES: [(&str, &str, &str); 24] = [
    ("studio.css", "text/css; charset=utf-8", include_str!("../../page/studio.css")),
    ("studio.js", SCRIPT, include_str!("../../page/studio.js")),
    ("begin.js", SCRIPT, include_str!("../../page/begin.js")),
    ("shelf.js", SCRIPT, include_str!("../../page/shelf.js")),
    ("run.js", SCRIPT, include_str!("../../page/run.js")),
    ("course.js", SCRIPT, include_str!("../../page/course.js")),
    ("record.js", SCRIPT, include_str!("../../page/record.js")),
    ("scene.js", SCRIPT, include_str!("../../page/scene.js")),
    ("trouble.js", SCRIPT, include_str!("../../page/trouble.js")),
    ("world.js", SCRIPT, include_str!("../../page/world.js")),
    ("latent.js", SCRIPT, include_str!("../../page/latent.js")),
    ("selection.js", SCRIPT, include_str!("../../page/selection.js")),
    ("table.js", SCRIPT, include_str!("../../page/table.js")),
    ("series.js", SCRIPT, include_str!("../../page/series.js")),
    ("window.js", SCRIPT, include_str!("../../page/window.js")),
    ("map.js", SCRIPT, include_str!("../../page/map.js")),
    ("distance.js", SCRIPT, include_str!("../../page/distance.js")),
    ("snapshot.js", SCRIPT, include_str!("../../page/snapshot.js")),
    ("time.js", SCRIPT, include_str!("../../page/time.js")),
    ("curve.js", SCRIPT, include_str!("../../page/curve.js")),
    ("words.js", SCRIPT, include_str!("../../page/words.js")),
    ("server.js", SCRIPT, include_str!("../../page/server.js")),
    ("key.js", SCRIPT, include_str!("../../page/key.js")),
    ("element.js", SCRIPT, include_str!("../../page/element.js")),
];

/// Everything behind the studio's page.
#[derive(Debug)]
pub struct Studio {
    pub(super) shelf: Shelf,
    pub(super) threads: usize,
    pub(super) data_dir: PathBuf,
    pub(super) program: Option<PathBuf>,
    pub(super) worlds: Worlds,
    pub(super) models: Models,
    pub(super) maps: Maps,
}

impl Studio {
    /// A studio on a folder of runs.
    pub fn new(runs: &Path, options: &StudioOptions) -> Self {
        Self {
            shelf: Shelf::new(runs),
            threads: options.threads,
            data_dir: options.data_dir.clone(),
            program: options.program.clone(),
            worlds: Worlds::default(),
            models: Models::default(),
            maps: Maps::default(),
        }
    }
}

pub(super) type Shared = Arc<Studio>;
pub(super) type Asked<T> = Result<Query<T>, QueryRejection>;

pub(super) fn asked<T>(query: Asked<T>) -> Result<T, Failure> {
    let bad = |error: QueryRejection| Failure(error.status(), "the address is not understood".into(), None);
    query.map(|Query(asked)| asked).map_err(bad)
}

/// All requests of the studio behind the gate; a function, so that tests call it without a socket.
pub fn router(studio: Arc<Studio>, gate: Arc<Gate>) -> Router {
    let pages = Router::new()
        .route("/", get(|| async { ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], PAGE) }))
        .route("/page/{file}", get(page_file))
        .route("/api/runs", get(runs))
        .route("/api/run", get(run))
        .route("/api/course", get(course))
        .route("/api/file", get(file))
        .route("/api/annotate", post(annotate))
        .route("/api/stop", post(stop))
        .route("/api/resume", post(resume))
        .route("/api/remove", post(remove))
        .route("/api/restore", post(restore))
        .route("/api/world/begin", post(world::begin))
        .route("/api/world/frame", post(world::frame))
        .route("/api/world/rows", post(world::rows))
        .route("/api/space", post(explore::space))
        .route("/api/space/decode", post(explore::decode))
        .route("/api/space/walk", post(explore::walk))
        .route("/api/space/invert", post(explore::invert))
        .route("/api/table", post(explore::table))
        .route("/map", get(map::page))
        .route("/api/map", post(map::progress))
        .route("/api/map/leave", post(map::leave))
        .route("/api/series", post(series::about))
        .route("/api/series/part", post(series::part))
        .route("/api/series/paths", post(series::paths))
        .with_state(studio);
    guarded(pages, gate)
}

async fn page_file(Name(name): Name<String>) -> Answer {
    let found = FILES.iter().find(|(file, ..)| *file == name);
    let (_, kind, content) = found.ok_or_else(|| Failure::absent("file"))?;
    Ok(([(header::CONTENT_TYPE, *kind)], *content).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeenAll {
    /// The mark of the list that the page has; where it still is that, nothing is sent again.
    #[serde(default)]
    seen: String,
}

async fn runs(State(studio): State<Shared>, query: Asked<SeenAll>) -> Answer {
    let SeenAll { seen } = asked(query)?;
    let answer = apart(move || {
        let Listing { entries, more, trouble, mark } = studio.shelf.list();
        if mark == seen {
            return Ok(serde_json::Value::Null);
        }
        let entries: Vec<&Entry> = entries.iter().map(|entry| &**entry).collect();
        let folder = studio.shelf.root().display().to_string();
        Ok(json!({ "folder": folder, "runs": entries, "more": more, "trouble": trouble, "mark": mark }))
    });
    Ok(Json(answer.await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfRun {
    run: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    run: String,
    /// The mark of what the page has; where it still is that, nothing is sent again.
    #[serde(default)]
    seen: String,
}

async fn run(State(studio): State<Shared>, query: Asked<Seen>) -> Answer {
    let Seen { run, seen } = asked(query)?;
    Ok(Json(apart(move || studio.shelf.view_anew(&run, &seen)).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    run: String,
    from: u64,
}

async fn course(State(studio): State<Shared>, query: Asked<From>) -> Answer {
    let From { run, from } = asked(query)?;
    Ok(Json(apart(move || Ok(Course::read(&studio.shelf.run(&run)?, from))).await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OfFile {
    run: String,
    file: String,
}

async fn file(State(studio): State<Shared>, query: Asked<OfFile>) -> Answer {
    let OfFile { run, file } = asked(query)?;
    let (bytes, kind) = apart(move || {
        let (path, kind) = studio.shelf.file(&run, &file)?;
        let bytes = std::fs::read(&path).map_err(|source| StudioError::File { path, source })?;
        Ok((bytes, kind))
    })
    .await?;
    let saved = if kind == "application/octet-stream" { "attachment" } else { "inline" };
    Ok(([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, saved)], bytes).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Annotated {
    run: String,
    notes: Notes,
}

async fn annotate(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Annotated { run, notes } = parsed(sent)?;
    apart(move || studio.shelf.annotate(&run, &notes)).await?;
    Ok(Json(json!({})).into_response())
}

async fn remove(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    let key = apart(move || studio.shelf.remove(&run)).await?;
    Ok(Json(json!({ "key": key })).into_response())
}

async fn stop(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    apart(move || studio.shelf.stop(&run)).await?;
    Ok(Json(json!({})).into_response())
}

async fn resume(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    let none = || StudioError::Refused("this studio was opened without a program that trains".into());
    apart(move || {
        let program = studio.program.as_deref().ok_or_else(none)?;
        studio.shelf.resume(&run, program, &studio.data_dir)
    })
    .await?;
    Ok(Json(json!({})).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    key: String,
}

async fn restore(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Key { key } = parsed(sent)?;
    let run = apart(move || studio.shelf.restore(&key)).await?;
    Ok(Json(json!({ "run": run })).into_response())
}
