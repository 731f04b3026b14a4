//! Where the time of a training step goes: for each task of its plans the share of the step, GFLOP/s and GB/s, beside what
//! the machine reaches on large products and plain copies in the same run.
//!
//! `cargo run --release -p veridic --example profile -- W3 --threads 1 --seconds 2`: the workloads of `bench/` (default: W1, W2,
//! W3, C1, W5 and W7). A task's time is that of all threads, and the least of many short stretches, so that other programs show
//! little. What the tasks leave of the quickest stretch is handing out work, waiting for each other, and checking feeds. Bytes
//! are those of operands and results, most of which come from a cache.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

mod workload;

use std::time::Instant;

use veridic::models::Network;
use veridic::train::Learner;
use veridic_graph::{Draw, Pool, TaskTime};
use workload::{Order, WORKLOADS, Workload, products};

/// Tasks that take a smaller share are printed as one line.
const LEAST_SHARE: f64 = 0.005;

/// Seconds of a stretch, about.
const STRETCH: f64 = 0.004;

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|i| arguments.get(i + 1)).map_or(default.to_string(), String::clone)
    };
    let threads: usize = value("--threads", "1").parse().expect("a number of threads");
    let seconds: f64 = value("--seconds", "2").parse().expect("a number of seconds");
    let is_known = |name: &&String| WORKLOADS.iter().any(|(known, ..)| known == name);
    let mut named: Vec<&str> = arguments.iter().filter(is_known).map(String::as_str).collect();
    if named.is_empty() {
        named = vec!["W1", "W2", "W3", "C1", "W5", "W7"];
    }
    let mut pool = Pool::new(threads);
    let peak = Peak {
        operations: products(&mut pool),
        near: copies(threads, 1 << 15),
        far: copies(threads, 1 << 24),
    };
    println!(
        "{threads} threads; large products {:.0} GFLOP/s, copies {:.0} GB/s in the second-level cache, {:.0} GB/s in memory",
        peak.operations, peak.near, peak.far
    );
    for name in named {
        profile(name, &mut pool, seconds, &peak);
    }
}

/// What the machine reaches: GFLOP/s and GB/s.
struct Peak {
    operations: f64,
    near: f64,
    far: f64,
}

fn profile(name: &str, pool: &mut Pool, seconds: f64, peak: &Peak) {
    let work = Workload::read(name);
    let (rows, rates) = (work.rows(), work.rates());
    let mut network = work.network();
    let batch = work.batch(&network);
    let mut order = Order::new(rows.len());
    let mut step = 0;
    let mut stretch = |network: &mut Network, steps: u64| {
        network.record_times(true);
        let begun = Instant::now();
        for _ in 0..steps {
            let draw = Draw { seed: 1, step };
            network.step(pool, rows, order.next(batch), rates, draw).expect("rows fit");
            step += 1;
        }
        begun.elapsed().as_secs_f64() / steps as f64
    };
    let first = stretch(&mut network, 1).min(stretch(&mut network, 2));
    let steps = ((STRETCH / first) as u64).clamp(1, 1000);
    let (mut quickest, mut best) = (f64::INFINITY, Vec::new());
    let begun = Instant::now();
    while best.is_empty() || begun.elapsed().as_secs_f64() < seconds {
        quickest = quickest.min(stretch(&mut network, steps));
        let times = network.task_times();
        if best.is_empty() {
            best = times;
            continue;
        }
        for (best, task) in best.iter_mut().flatten().zip(times.into_iter().flatten()) {
            if task.seconds < best.seconds {
                *best = task;
            }
        }
    }
    println!(
        "\n{name}, {} rows: {:.1} steps/s in the quickest of stretches of {steps}",
        work.data,
        1.0 / quickest
    );
    // Seconds of all threads.
    let threads = pool.threads() as f64;
    let total = quickest * steps as f64 * threads;
    println!("{:>6} {:>9} {:>8} {:>6} {:>7} {:>7}", "share", "us", "GFLOP/s", "of", "GB/s", "stage");
    let (mut listed, mut rest) = (0.0, 0.0);
    let several = best.len() > 1;
    for (update, tasks) in best.iter().enumerate() {
        for task in tasks {
            let TaskTime { stage, in_rows, name, seconds, operations, bytes } = task;
            if seconds / total < LEAST_SHARE {
                rest += seconds / total;
                continue;
            }
            listed += seconds / total;
            let rate = 1e-9 * operations / seconds * threads;
            let stage = if several { format!("{}.{stage}", update + 1) } else { stage.to_string() };
            println!(
                "{:5.1}% {:9.1} {rate:8.1} {:5.0}% {:7.1} {stage:>6}{} {name}",
                100.0 * seconds / total,
                1e6 * seconds / steps as f64,
                100.0 * rate / peak.operations,
                1e-9 * bytes / seconds * threads,
                if *in_rows { "r" } else { " " },
            );
        }
    }
    println!("{:5.1}% smaller tasks", 100.0 * rest);
    println!("{:5.1}% between tasks", 100.0 * (1.0 - listed - rest));
}

/// GB/s, read and written, of copies of so many values on each thread.
fn copies(threads: usize, values: usize) -> f64 {
    std::thread::scope(|scope| {
        let copy = || {
            let (from, mut to) = (vec![1.0f32; values], vec![0.0f32; values]);
            let rounds = ((1usize << 27) / values).max(4);
            let mut best = f64::INFINITY;
            for _ in 0..rounds {
                let begun = Instant::now();
                to.copy_from_slice(std::hint::black_box(&from));
                std::hint::black_box(&mut to);
                best = best.min(begun.elapsed().as_secs_f64());
            }
            8e-9 * values as f64 / best
        };
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(copy)).collect();
        running.into_iter().map(|thread| thread.join().expect("a copy does not panic")).sum()
    })
}
