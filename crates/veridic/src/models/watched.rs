//! Fits of which workers say how far they are: their words are passed on by the thread that waits for them, which observers belong
//! to.

use std::sync::atomic::AtomicBool;
use std::sync::mpsc;
use std::time::Instant;

use super::Stored;
use super::chain::{Chain, ChainConfig, Outcome, Partial, Progress};
use super::circuit::{Circuit, CircuitConfig};
use crate::data::{Schema, Table};
use crate::error::Result;
use crate::seed::Seed;
use crate::train::Event;

/// Fits a circuit; `None` once `stop` is raised.
pub(super) fn circuit(
    config: &CircuitConfig,
    (table, schema, rows): (&Table, &Schema, &[usize]),
    (seed, threads): (Seed, usize),
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Option<Circuit>> {
    let begun = Instant::now();
    let (passes, heard) = mpsc::channel::<(usize, f64)>();
    std::thread::scope(|scope| {
        let fit = scope.spawn(move || {
            let passes = std::sync::Mutex::new(passes);
            let tell = |done: usize, likelihood: f64| {
                // Whoever listened may be gone.
                let _ = passes.lock().map(|passes| passes.send((done, -likelihood)));
            };
            Circuit::fit(config, (table, schema), rows, (seed, threads), stop, &tell)
        });
        for (done, loss) in heard {
            let of = config.epochs;
            let share = done as f64 / of as f64;
            let seconds = begun.elapsed().as_secs_f64();
            let loss = loss.is_finite().then_some(loss);
            observe(&Event::Part { part: format!("pass {done}"), done, of, share, seconds, loss });
        }
        Ok(fit.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?)
    })
}

/// What a chain's workers say to whoever waits for them.
enum Word {
    Part(Event),
    Partial(Stored),
}

/// Where a part of a model that is still being learned is kept.
pub(super) type Keep<'a> = dyn FnMut(&Stored) -> Result<()> + 'a;

/// Fits a chain, `from` what was learned before, if anything was; `None` once `stop` is raised. What was learned so far is given to
/// `keep` every few seconds and when it stops.
pub(super) fn chain(
    config: &ChainConfig,
    (table, schema, rows): (&Table, &Schema, &[usize]),
    (seed, threads): (Seed, usize),
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
    (from, keep): (Option<Partial>, &mut Keep<'_>),
) -> Result<Option<Chain>> {
    /// Seconds from one partial result that is kept to the next.
    const KEPT_EVERY: u64 = 5;
    let begun = Instant::now();
    let (words, heard) = mpsc::channel::<Word>();
    std::thread::scope(|scope| {
        let fit = scope.spawn(move || {
            let words = std::sync::Mutex::new((words, begun));
            let tell = |progress: &Progress<'_>| {
                let Ok(mut last) = words.lock() else { return };
                // Nobody listens any more once keeping has failed.
                let _ = last.0.send(Word::Part(Event::Part {
                    part: progress.column.to_string(),
                    done: progress.done,
                    of: progress.of,
                    share: progress.share,
                    seconds: begun.elapsed().as_secs_f64(),
                    loss: None,
                }));
                if last.1.elapsed().as_secs() >= KEPT_EVERY {
                    last.1 = Instant::now();
                    let _ = last.0.send(Word::Partial(progress.partial.store()));
                }
            };
            Chain::fit(config, table, schema, rows, seed, threads, stop, &tell, from)
        });
        let mut kept = Ok(());
        for word in heard {
            match word {
                Word::Part(event) => observe(&event),
                Word::Partial(stored) => kept = kept.and_then(|()| keep(&stored)),
            }
        }
        let outcome = fit.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        kept?;
        match outcome {
            Outcome::Fitted(chain) => Ok(Some(*chain)),
            Outcome::Stopped(partial) => {
                keep(&partial.store())?;
                Ok(None)
            }
        }
    })
}
