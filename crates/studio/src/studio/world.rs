//! The requests of the page on which a network learns.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::json;

use super::api::Shared;
use crate::StudioError;
use crate::server::answer::{Answer, Sent, apart, parsed};
use crate::world::{Ask, Setting, World};

/// Networks that learn at the same time; the oldest makes way.
const MOST: usize = 4;

/// A world by its number.
type Held = (u64, Arc<Mutex<World>>);

/// The last number given, and the worlds of all pages.
#[derive(Debug, Default)]
pub(super) struct Worlds {
    state: Mutex<(u64, Vec<Held>)>,
}

impl Worlds {
    fn add(&self, world: World) -> u64 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let (last, worlds) = &mut *state;
        *last += 1;
        worlds.push((*last, Arc::new(Mutex::new(world))));
        if worlds.len() > MOST {
            worlds.remove(0);
        }
        *last
    }

    fn get(&self, id: u64) -> Result<Arc<Mutex<World>>, StudioError> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let found = state.1.iter().find(|(of, _)| *of == id).map(|(_, world)| Arc::clone(world));
        found.ok_or_else(|| StudioError::NoRun { name: format!("world {id}") })
    }
}

pub(super) async fn begin(State(studio): State<Shared>, sent: Sent) -> Answer {
    let setting: Setting = parsed(sent)?;
    let answer = apart(move || {
        let world = World::new(&setting, studio.threads)?;
        let about = world.about()?;
        Ok(json!({ "id": studio.worlds.add(world), "about": about }))
    });
    Ok(Json(answer.await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    id: u64,
    ask: Ask,
}

pub(super) async fn frame(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Asked { id, ask } = parsed(sent)?;
    let frame = apart(move || {
        let world = studio.worlds.get(id)?;
        let mut world = world.lock().unwrap_or_else(PoisonError::into_inner);
        world.frame(&ask)
    });
    Ok(([(header::CONTENT_TYPE, "application/octet-stream")], frame.await?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Of {
    id: u64,
}

/// The rows of a world as CSV, for the recipe that it is saved as.
pub(super) async fn rows(State(studio): State<Shared>, sent: Sent) -> Answer {
    let Of { id } = parsed(sent)?;
    let csv = apart(move || {
        let world = studio.worlds.get(id)?;
        let world = world.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(world.csv())
    });
    Ok(Json(json!({ "csv": csv.await? })).into_response())
}
