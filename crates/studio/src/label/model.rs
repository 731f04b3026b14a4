//! The model in the background: learns after every few labels, and orders the queue anew.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use veridic::data::Matrix;
use veridic::seed::Seed;

use super::desk::{Desk, Proposals, Snapshot};
use super::features::features;
use super::items::Content;
use super::proposer::Proposer;
use super::strategy::{self, Known};

/// Learning starts so long after the last time at the earliest.
const REST: Duration = Duration::from_millis(250);

/// How much later than others this thread's work is done, on the scale of Unix (0 to 19).
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// Learns until the desk is told to stop.
///
/// The page comes first: this thread and its workers are of low priority where the system has priorities of threads, and one
/// processor is left free where there are several.
pub(crate) fn learn(desk: &Desk, proposer: &mut dyn Proposer, threads: usize, seed: Seed, stop: &AtomicBool) {
    // Of Linux alone the rule holds for one thread, and for those that it starts. Without it learning only disturbs more.
    #[cfg(target_os = "linux")]
    let _ = rustix::process::nice(NICENESS);
    let workers = rayon::ThreadPoolBuilder::new().num_threads(threads.saturating_sub(1).max(1)).build().ok();
    let within = |work: &mut (dyn FnMut() + Send)| match &workers {
        Some(workers) => workers.install(work),
        None => work(),
    };
    let anomaly: Option<Vec<f32>> = match (desk.reasons(), desk.items().content(), desk.items().unusual()) {
        (Some(reasons), ..) => Some(reasons.scores.clone()),
        (None, Content::Table { table, .. }, Some(unusual)) => Some(unusual.scores(table)),
        _ => None,
    };
    // Rows can be asked before there are features.
    within(&mut || round(desk, proposer, None, anomaly.as_deref(), seed));
    // Data that says nothing (constant columns) can still be labelled, without proposals.
    let made = features(desk.items(), threads).ok().map(Arc::new);
    if let Some(made) = &made {
        desk.set_features(Arc::clone(made));
    }
    let mut pause = Duration::ZERO;
    while !stop.load(Ordering::Relaxed) && desk.wait(pause) {
        let start = Instant::now();
        within(&mut || round(desk, proposer, made.as_deref(), anomaly.as_deref(), seed));
        // At most a third of the time.
        pause = REST.max(start.elapsed() * 2);
    }
}

fn round(
    desk: &Desk,
    proposer: &mut dyn Proposer,
    features: Option<&Matrix>,
    anomaly: Option<&[f32]>,
    seed: Seed,
) {
    let Snapshot { labels, counts, classes, open } = desk.snapshot();
    let known_classes = counts.iter().filter(|count| **count > 0).count();
    let proposals = features
        .filter(|_| known_classes > 1)
        .and_then(|features| proposer.propose(features, &labels, classes.len()).ok())
        .map(|shares| Arc::new(Proposals { shares, labels: labels.len(), name: proposer.name().to_owned() }));
    let known = Known {
        features,
        proposals: proposals.as_ref().map(|proposals| &proposals.shares),
        anomaly,
        counts: &counts,
        classes: &classes,
        open: &open,
    };
    // Chance is drawn anew with every label, the same for the same labels.
    let order = strategy::order(&known, Seed(seed.key(&format!("label/{}", labels.len()))));
    desk.set_order(order, proposals);
}
