//! Training steps a second on the workloads of the benchmarks, as one JSON line.
//!
//! `steps --workload W1 --seconds 4 --threads 2`: forward, backward and optimizer, shuffled rows of a resident
//! table, as training takes them. With `--steps N` it makes so many instead, to compare losses with those of others;
//! with `--vectors AVX2` it leaves AVX-512 alone.
#![allow(clippy::print_stdout, reason = "a program that prints its result")]

mod workload;

use std::time::Instant;

use veridic::train::Learner;
use veridic_graph::{Draw, Isa, Pool};
use workload::{Order, Workload, products};

fn main() {
    let started = Instant::now();
    let arguments: Vec<String> = std::env::args().collect();
    let value = |name: &str, default: &str| {
        let at = arguments.iter().position(|a| a == name);
        at.and_then(|i| arguments.get(i + 1)).map_or(default.to_string(), String::clone)
    };
    let workload = value("--workload", "W1");
    let seconds: f64 = value("--seconds", "2").parse().expect("a number of seconds");
    let threads: usize = value("--threads", "2").parse().expect("a number of threads");
    let vectors = value("--vectors", "");
    assert!(vectors.is_empty() || named(&vectors).choose(), "the processor has no {vectors}");
    let exactly: u64 = value("--steps", "0").parse().expect("a number of steps");
    let work = Workload::read(&workload);
    let (rows, rates, data) = (work.rows(), work.rates(), work.data);
    let mut network = work.network();
    let batch = work.batch(&network);
    let mut pool = Pool::new(threads);
    let mut step = 0u64;
    let mut losses = Vec::new();
    let mut order = Order::new(rows.len());
    let mut one = |step: &mut u64| {
        let draw = Draw { seed: 1, step: *step };
        let found = network.step(&mut pool, rows, order.next(batch), rates, draw).expect("rows fit");
        losses.clear();
        losses.extend_from_slice(found);
        *step += 1;
    };
    one(&mut step);
    let startup = started.elapsed().as_secs_f64();
    // As the peers: at least half a second and 3 steps of warm-up, and 3 steps in the timed part.
    let begun = Instant::now();
    while if exactly > 0 { step < exactly } else { step < 4 || begun.elapsed().as_secs_f64() < 0.5 } {
        one(&mut step);
    }
    let (begun, first) = (Instant::now(), step);
    while exactly == 0 && (step < first + 3 || begun.elapsed().as_secs_f64() < seconds) {
        one(&mut step);
    }
    let (steps, elapsed) = (step - first, begun.elapsed().as_secs_f64());
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak: f64 = peak.and_then(|kb| kb.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(f64::NAN);
    network.record_times(true);
    network.step(&mut pool, rows, order.next(batch), rates, Draw { seed: 1, step }).expect("rows fit");
    let operations: f64 = network.task_times().iter().flatten().map(|task| task.operations).sum();
    let peak_rate = products(&mut pool);
    let named: Vec<String> =
        network.parts().iter().zip(&losses).map(|(part, loss)| format!("\"{part}\":{loss}")).collect();
    println!(
        "{{\"peer\":\"veridic\",\"setting\":\"default\",\"workload\":\"{workload}\",\"threads\":{threads},\
         \"steps_per_second\":{:.2},\"steps\":{steps},\"seconds\":{elapsed:.3},\"peak_rss_mb\":{:.1},\
         \"gflop_per_step\":{:.6},\"peak_gflops\":{peak_rate:.1},\
         \"startup_s\":{startup:.4},\"loss\":{},\"losses\":{{{}}},\"data\":\"{data}\",\
         \"versions\":{{\"veridic\":\"{}\"}}}}",
        steps as f64 / elapsed,
        peak / 1024.0,
        1e-9 * operations,
        losses[0],
        named.join(","),
        env!("CARGO_PKG_VERSION"),
    );
}

/// An instruction set by the name that results carry.
fn named(vectors: &str) -> Isa {
    let known = Isa::available()
        .into_iter()
        .find(|isa| format!("{isa:?}").to_uppercase() == vectors.replace('-', ""));
    known.unwrap_or_else(|| panic!("the processor has no {vectors}"))
}
