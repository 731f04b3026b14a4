//! So many workers.

use std::num::NonZeroUsize;

use crate::error::ModelError;

/// Workers made where there are fewer processors: thousands would do nothing but look for work at each other's.
const MOST_WORKERS: usize = 8;

/// Does `work` with so many workers; 0 counts as 1, and of more than there are processors to run them at most
/// [`MOST_WORKERS`] are made.
///
/// # Errors
/// Those of `work`; [`ModelError::Threads`].
pub(crate) fn parallel<T: Send>(
    threads: usize,
    work: impl FnOnce() -> Result<T, ModelError> + Send,
) -> Result<T, ModelError> {
    let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let threads = threads.clamp(1, processors.max(MOST_WORKERS));
    let built = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    built.map_err(|error| ModelError::Threads { threads, reason: error.to_string() })?.install(work)
}
