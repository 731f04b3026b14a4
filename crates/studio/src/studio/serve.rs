//! The studio, from the first request to Ctrl-C.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::api::{Studio, router};
use crate::server::{Gate, Listener, Unfinished};
use crate::{Result, StudioError};

/// How the studio is served.
#[derive(Debug, Clone)]
pub struct StudioOptions {
    /// The port of 127.0.0.1; any free one if `None`.
    pub port: Option<u16>,
    /// Threads for what a page has computed.
    pub threads: usize,
    /// Where known data sets lie.
    pub data_dir: PathBuf,
    /// The program that goes on with stopped runs, called with `fit --resume`; none does where it is not named.
    pub program: Option<PathBuf>,
}

/// Serves the studio on the folder `runs` until `stop` is raised; `opened` is told the address with its one-time token.
///
/// # Errors
/// A folder that is not there, a port that is taken.
pub fn serve(
    runs: &Path,
    options: &StudioOptions,
    stop: &AtomicBool,
    opened: &mut dyn FnMut(&str),
) -> Result<()> {
    if !runs.is_dir() {
        return Err(StudioError::NoFolder { path: runs.to_owned() });
    }
    let listener = Listener::bind(options.port)?;
    let gate = Arc::new(Gate::new(listener.port()).map_err(StudioError::Server)?);
    let url = gate.invitation().map_err(StudioError::Server)?;
    let studio = Arc::new(Studio::new(runs, options));
    opened(&url);
    listener.serve(router(studio, gate), stop, Unfinished::Dropped)
}
