//! The server of the page, from the first request to Ctrl-C.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use veridic::seed::Seed;

use super::desk::Desk;
use super::lock::{self, Lock};
use super::proposer::Proposer;
use super::{api, model};
use crate::server::{Gate, Listener, Unfinished};
use crate::{Result, StudioError};

/// How the page is served.
#[derive(Debug, Clone)]
pub struct ServeOptions {
    /// The port of 127.0.0.1; any free one if `None`.
    pub port: Option<u16>,
    /// Threads for the model.
    pub threads: usize,
    /// The seed of what is asked by chance.
    pub seed: u64,
}

/// A page that can be opened.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The address with its one-time token: it lets one browser in.
    pub url: String,
}

/// A link to the page of another process that has the labels at `path`; `None` where no process has them.
///
/// # Errors
/// [`StudioError::InUse`] where the other process cannot be asked.
pub fn attach(path: &Path) -> Result<Option<Opened>> {
    match Lock::take(path)? {
        Some(_) => Ok(None),
        None => lock::invitation(path).map(|url| Some(Opened { url })),
    }
}

/// Serves the labelling page of the file at `path` until `stop` is raised. `open` makes the desk once the file is this
/// process's own; `opened` is told the address. Gives the number of labels there are then.
///
/// # Errors
/// A file that another process has, those of `open`, a port that is taken.
pub fn serve(
    path: &Path,
    open: impl FnOnce() -> Result<Desk>,
    proposer: &mut dyn Proposer,
    options: &ServeOptions,
    stop: &AtomicBool,
    opened: &mut dyn FnMut(&Desk, &Opened),
) -> Result<usize> {
    let lock = Lock::take(path)?.ok_or_else(|| StudioError::InUse { path: path.to_owned() })?;
    let desk = Arc::new(open()?);
    let listener = Listener::bind(options.port)?;
    let gate = Arc::new(Gate::new(listener.port()).map_err(StudioError::Server)?);
    lock.publish(gate.port(), gate.secret())?;
    let url = gate.invitation().map_err(StudioError::Server)?;
    opened(&desk, &Opened { url });
    std::thread::scope(|scope| {
        let learner = Arc::clone(&desk);
        scope.spawn(move || model::learn(&learner, proposer, options.threads, Seed(options.seed), stop));
        let router = api::router(Arc::clone(&desk), gate);
        let served = listener.serve(router, stop, Unfinished::Awaited);
        desk.stop();
        served.map(|()| desk.progress().0)
    })
}
