//! The map of a run as the page that `veridic map` writes: made beside other requests, which may ask how far it is.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse as _;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use veridic::run::{MapConfig, MapEvent, MapOptions, MapStage, TableReading, map};

use super::api::{Asked, Shared, Studio, asked};
use super::explore::OfRun;
use crate::server::Policy;
use crate::server::answer::{Answer, Failure, Sent, apart, parsed};
use crate::{Result, StudioError};

/// Finished maps that are kept; the oldest makes way.
const MOST: usize = 3;
/// A map that nobody has asked about for so long is given up. Browsers ask rarely for pages that are not seen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Maps that are being made, and the last that were.
#[derive(Debug, Default)]
pub(super) struct Maps {
    jobs: Mutex<Vec<Arc<Job>>>,
}

/// One map.
#[derive(Debug)]
struct Job {
    run: String,
    /// When its model was written.
    written: Option<SystemTime>,
    stop: AtomicBool,
    state: Mutex<JobState>,
}

#[derive(Debug)]
struct JobState {
    asked: Instant,
    told: Told,
    page: Option<Result<Arc<str>, Failure>>,
}

/// How far a map is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
struct Told {
    /// `read`, `place`, `measure` or `done`.
    stage: &'static str,
    /// Rows that are placed, once that is known.
    rows: Option<usize>,
    /// Steps of placing done, and in all.
    step: Option<[usize; 2]>,
}

impl Told {
    fn hear(&mut self, event: &MapEvent) {
        match event {
            MapEvent::Stage(stage) => {
                self.stage = match stage {
                    MapStage::Read => "read",
                    MapStage::Place => "place",
                    MapStage::Measure => "measure",
                };
            }
            MapEvent::Input { rows, .. } => self.rows = Some(*rows),
            MapEvent::Step { iteration, of, .. } => self.step = Some([*iteration, *of]),
        }
    }
}

impl Job {
    fn state(&self) -> std::sync::MutexGuard<'_, JobState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self, options: &MapOptions) {
        let mut observe = |event: &MapEvent| {
            let mut state = self.state();
            state.told.hear(event);
            if state.asked.elapsed() > PATIENCE {
                self.stop.store(true, Ordering::Relaxed);
            }
        };
        let page = made(options, &self.stop, &mut observe);
        let mut state = self.state();
        state.told.stage = "done";
        state.page = Some(page.map(Arc::from).map_err(Failure::from));
    }
}

impl Maps {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<Job>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The map of a run and how far it is: the one that is there, or else one that is begun now and stands at its beginning.
    fn job(&self, studio: &Studio, run: &str) -> Result<(Arc<Job>, Told)> {
        let path = studio.shelf.run(run)?;
        let model = std::fs::metadata(path.join("model.safetensors"));
        let written = model.and_then(|about| about.modified()).ok();
        let mut jobs = self.lock();
        let is_same =
            |job: &&Arc<Job>| job.run == run && job.written == written && !job.stop.load(Ordering::Relaxed);
        if let Some(job) = jobs.iter().find(is_same) {
            let mut state = job.state();
            state.asked = Instant::now();
            return Ok((Arc::clone(job), state.told));
        }
        let told = Told { stage: "read", ..Told::default() };
        let state = Mutex::new(JobState { asked: Instant::now(), told, page: None });
        let job = Arc::new(Job { run: run.to_owned(), written, stop: AtomicBool::new(false), state });
        jobs.retain(|other| other.run != run);
        while jobs.len() >= MOST {
            jobs.remove(0).stop.store(true, Ordering::Relaxed);
        }
        jobs.push(Arc::clone(&job));
        let options = MapOptions {
            input: path,
            data: None,
            data_dir: studio.data_dir.clone(),
            color: None,
            columns: None,
            config: MapConfig::default(),
            reading: TableReading::default(),
            seed: 0,
            threads: studio.threads,
        };
        let own = Arc::clone(&job);
        std::thread::spawn(move || own.work(&options));
        Ok((job, told))
    }

    /// Gives up a map that is not finished, and forgets one that failed.
    fn leave(&self, run: &str) {
        self.lock().retain(|job| {
            let is_kept = job.run != run || matches!(job.state().page, Some(Ok(_)));
            if !is_kept {
                job.stop.store(true, Ordering::Relaxed);
            }
            is_kept
        });
    }
}

fn made(options: &MapOptions, stop: &AtomicBool, observe: &mut dyn FnMut(&MapEvent)) -> Result<String> {
    let made = map(options, stop, observe)?;
    let name = options.input.file_name().unwrap_or_default().to_string_lossy();
    let name: String = name.chars().map(|c| if c.is_alphanumeric() { c } else { '-' }).collect();
    Ok(made.page(&name)?)
}

/// How far the map of a run is; begins it where nobody has.
pub(super) async fn progress(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    let (maps, name) = (Arc::clone(&studio), run.clone());
    let (job, told) = apart(move || maps.maps.job(&maps, &name)).await?;
    let failed = job.state().page.as_ref().and_then(|page| page.as_ref().err()).cloned();
    match failed {
        Some(failure) => {
            studio.maps.leave(&run);
            Err(failure)
        }
        None => Ok(Json(told).into_response()),
    }
}

/// The page of a run's map is left: nobody waits for it any more.
pub(super) async fn leave(State(studio): State<Shared>, sent: Sent) -> Answer {
    let OfRun { run } = parsed(sent)?;
    studio.maps.leave(&run);
    Ok(Json(serde_json::json!({})).into_response())
}

/// The page of a run's map, once it is made. It is one file with a script in it, which the studio lets nothing else have: it runs
/// without an origin of its own, so that it can ask the studio for nothing, and only the script that the program wrote runs at all.
pub(super) async fn page(State(studio): State<Shared>, query: Asked<OfRun>) -> Answer {
    let OfRun { run } = asked(query)?;
    let (maps, name) = (Arc::clone(&studio), run.clone());
    let job = apart(move || {
        let (job, _) = maps.maps.job(&maps, &name)?;
        // Whoever asks for the page itself waits for it.
        while job.state().page.is_none() {
            std::thread::sleep(Duration::from_millis(20));
            job.state().asked = Instant::now();
        }
        Ok(job)
    })
    .await?;
    let none = || StudioError::Refused("this map has no script".into());
    let page = job.state().page.clone().ok_or_else(none)?;
    let page = page.inspect_err(|_| studio.maps.leave(&run))?;
    let policy = policy(&page).and_then(|policy| Policy::new(&policy)).ok_or_else(none)?;
    let kind = [(header::CONTENT_TYPE, "text/html; charset=utf-8")];
    Ok((Extension(policy), kind, page.to_string()).into_response())
}

/// What the map may do: run its own script and nothing else.
fn policy(page: &str) -> Option<String> {
    let (_, rest) = page.rsplit_once("<script>")?;
    let (script, _) = rest.split_once("</script>")?;
    let hash = STANDARD.encode(Sha256::digest(script.as_bytes()));
    Some(format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data: blob:; base-uri 'none'; form-action \
         'none'; frame-ancestors 'none'; sandbox allow-scripts allow-downloads"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_script_of_the_map_may_run() {
        let policy = policy("<script type=\"text/plain\">x</script><script>alert(1)</script>").unwrap();
        let hash = STANDARD.encode(Sha256::digest(b"alert(1)"));
        assert!(policy.contains(&format!("script-src 'sha256-{hash}'")), "{policy}");
        assert!(!policy.contains("script-src 'unsafe") && policy.contains("sandbox allow-scripts"));
        assert!(super::policy("<p>").is_none());
    }

    #[test]
    fn a_map_tells_how_far_it_is() {
        let mut told = Told { stage: "read", ..Told::default() };
        told.hear(&MapEvent::Input { rows: 12, columns: 3 });
        told.hear(&MapEvent::Stage(MapStage::Place));
        told.hear(&MapEvent::Step { iteration: 5, of: 9, kl: 1.0 });
        assert_eq!(told, Told { stage: "place", rows: Some(12), step: Some([5, 9]) });
        told.hear(&MapEvent::Stage(MapStage::Measure));
        assert_eq!(told.stage, "measure");
    }
}
