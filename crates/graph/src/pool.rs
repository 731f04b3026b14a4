//! Long-lived worker threads that take numbered tasks.
//!
//! A training step is a few parallel regions of tens of microseconds, so a region must cost less than one: workers
//! spin for a while between regions and park only when nothing comes. Which worker takes which task is left to
//! chance; no result may depend on it.
#![allow(
    unsafe_code,
    reason = "hands a borrowed closure to threads that outlive the borrow; see `Pool::run`"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::thread::{JoinHandle, Thread};
use std::time::{Duration, Instant};

use crate::kernel::float::FlushDenormals;

/// How long an idle worker spins before it parks.
const SPIN: Duration = Duration::from_millis(2);

/// A task: its number and the worker that runs it (0 is the caller).
type Job<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// Threads that run the parallel parts of plans; the caller's thread is one of them.
#[derive(Debug)]
pub struct Pool {
    shared: Arc<Region>,
    workers: Vec<Worker>,
}

#[derive(Debug)]
struct Worker {
    thread: Thread,
    handle: Option<JoinHandle<()>>,
}

/// The region in progress. `ticket` holds its number (32 bits), its tasks (16) and the next task to take (16), so that
/// a task is claimed only from the region it belongs to.
#[derive(Debug)]
struct Region {
    ticket: AtomicU64,
    job: AtomicPtr<()>,
    done: AtomicUsize,
    panicked: AtomicBool,
    closing: AtomicBool,
    parked: AtomicUsize,
}

impl Pool {
    /// A pool of `threads` threads, the caller's included; 0 counts as 1.
    pub fn new(threads: usize) -> Self {
        let shared = Arc::new(Region {
            ticket: AtomicU64::new(0),
            job: AtomicPtr::new(std::ptr::null_mut()),
            done: AtomicUsize::new(0),
            panicked: AtomicBool::new(false),
            closing: AtomicBool::new(false),
            parked: AtomicUsize::new(0),
        });
        let workers = (1..threads.clamp(1, 256))
            .filter_map(|worker| {
                let shared = Arc::clone(&shared);
                // Where the system refuses another thread, the ones there are do the work.
                std::thread::Builder::new()
                    .name(format!("veridic-{worker}"))
                    .spawn(move || work(&shared, worker))
                    .ok()
            })
            .map(|handle| Worker { thread: handle.thread().clone(), handle: Some(handle) })
            .collect();
        Self { shared, workers }
    }

    /// Threads, the caller's included.
    pub fn threads(&self) -> usize {
        self.workers.len() + 1
    }

    /// Runs `job(task, worker)` for each task below `tasks`, and returns when all are done.
    pub(crate) fn run(&mut self, tasks: usize, job: Job<'_>) {
        if self.workers.is_empty() || tasks <= 1 {
            for task in 0..tasks {
                job(task, 0);
            }
            return;
        }
        // A region has at most 65 535 tasks; more are run as several regions.
        const MOST: usize = u16::MAX as usize;
        for first in (0..tasks).step_by(MOST) {
            self.region(MOST.min(tasks - first), &|task, worker| job(first + task, worker));
        }
    }

    fn region(&mut self, tasks: usize, job: Job<'_>) {
        let region = &*self.shared;
        let slot: *const Job<'_> = &raw const job;
        region.job.store(slot.cast_mut().cast(), Ordering::Relaxed);
        region.done.store(0, Ordering::Relaxed);
        let number = (region.ticket.load(Ordering::Relaxed) >> 32) + 1;
        // Publishes job and count to whoever claims a task (see `claim`), and orders this before reading `parked`.
        region.ticket.store((number << 32) | (tasks as u64) << 16, Ordering::SeqCst);
        if region.parked.load(Ordering::SeqCst) > 0 {
            for worker in &self.workers {
                worker.thread.unpark();
            }
        }
        // Waits for the workers also when a task of this thread panics: they hold a pointer to `job`.
        let rest = Rest { region, tasks };
        while let Some(task) = region.claim() {
            let finished = Finish(region);
            job(task, 0);
            drop(finished);
        }
        drop(rest);
        assert!(!region.panicked.load(Ordering::Relaxed), "a worker thread panicked");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.shared.closing.store(true, Ordering::SeqCst);
        for worker in &mut self.workers {
            worker.thread.unpark();
            if let Some(handle) = worker.handle.take() {
                // A worker that panicked has already been reported by `region`.
                let _ = handle.join();
            }
        }
    }
}

impl Region {
    /// The next task of the region in progress, if one is left.
    fn claim(&self) -> Option<usize> {
        let mut ticket = self.ticket.load(Ordering::Acquire);
        loop {
            let (tasks, next) = ((ticket >> 16) & 0xffff, ticket & 0xffff);
            if next >= tasks {
                return None;
            }
            match self.ticket.compare_exchange_weak(ticket, ticket + 1, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return Some(next as usize),
                Err(now) => ticket = now,
            }
        }
    }
}

fn work(region: &Region, worker: usize) {
    let _flush = FlushDenormals::on();
    let mut idle_since: Option<Instant> = None;
    let mut spins = 0u32;
    loop {
        if let Some(task) = region.claim() {
            idle_since = None;
            let finished = Finish(region);
            // SAFETY: the task was claimed from a region that cannot end before it is counted as done (when
            // `finished` drops), so the closure the caller borrowed, and the place it left it in, are alive.
            let job = unsafe { *region.job.load(Ordering::Relaxed).cast_const().cast::<Job<'_>>() };
            job(task, worker);
            drop(finished);
            continue;
        }
        spins = spins.wrapping_add(1);
        std::hint::spin_loop();
        if spins.is_multiple_of(256) {
            let since = *idle_since.get_or_insert_with(Instant::now);
            if region.closing.load(Ordering::Relaxed) {
                return;
            }
            if since.elapsed() > SPIN {
                region.parked.fetch_add(1, Ordering::SeqCst);
                // A region published before `parked` was raised has not unparked this thread: look once more.
                let ticket = region.ticket.load(Ordering::SeqCst);
                if (ticket & 0xffff) >= ((ticket >> 16) & 0xffff) && !region.closing.load(Ordering::SeqCst) {
                    std::thread::park();
                }
                region.parked.fetch_sub(1, Ordering::SeqCst);
                idle_since = None;
            }
        }
    }
}

/// Counts a task as done, also when it panics, so that the caller is never left waiting.
struct Finish<'a>(&'a Region);

impl Drop for Finish<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.panicked.store(true, Ordering::Relaxed);
        }
        self.0.done.fetch_add(1, Ordering::Release);
    }
}

/// Ends a region: gives up what nobody has claimed, and waits for what others have.
struct Rest<'a> {
    region: &'a Region,
    tasks: usize,
}

impl Drop for Rest<'_> {
    fn drop(&mut self) {
        while self.region.claim().is_some() {
            self.region.done.fetch_add(1, Ordering::Release);
        }
        let mut spins = 0u32;
        while self.region.done.load(Ordering::Acquire) < self.tasks {
            spins += 1;
            if spins.is_multiple_of(4096) {
                std::thread::yield_now();
            }
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_task_runs_once() {
        for threads in [1, 2, 5] {
            let mut pool = Pool::new(threads);
            assert_eq!(pool.threads(), threads);
            for round in 0..300 {
                let tasks = round % 40;
                let counts: Vec<AtomicUsize> = (0..tasks).map(|_| AtomicUsize::new(0)).collect();
                pool.run(tasks, &|task, worker| {
                    assert!(worker < threads);
                    counts[task].fetch_add(1, Ordering::Relaxed);
                });
                assert!(counts.iter().all(|count| count.load(Ordering::Relaxed) == 1));
            }
            std::thread::sleep(SPIN * 3);
            let total = AtomicUsize::new(0);
            pool.run(70_000, &|_, _| {
                total.fetch_add(1, Ordering::Relaxed);
            });
            assert_eq!(total.into_inner(), 70_000);
        }
    }
}
