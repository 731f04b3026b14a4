//! The same run with several seeds side by side, of which the best is kept.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use super::config::Config;
use super::directory::{Directory, RunInfo};
use super::fit::{FitOptions, Fitted, fit};
use crate::error::{ConfigError, Result, RunError};
use crate::train::{End, Event};

/// Fits `config.train.seeds` runs, seeds counted up from the configuration's, into `seeds/SEED` of the directory; as many at
/// a time as there are threads, each with one. The directory itself becomes a copy of the best, by the figure
/// `evaluate.best-by`, else the validation loss; `seeds.csv` lists all.
///
/// # Errors
/// As [`fit`], of the first run that fails; runs that are done stay.
pub(super) fn fit_seeds(
    config: &Config,
    options: &FitOptions,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<Fitted> {
    let criterion = config.evaluate.best_by.as_deref().unwrap_or("valid.loss");
    let begun = Instant::now();
    let directory = if options.resume && options.out.join("run.json").is_file() {
        Directory::open(&options.out)?
    } else {
        let directory = Directory::create(&options.out)?;
        // So that a stopped run can be gone on with.
        directory.write_info(&RunInfo::new(config.seed, options.threads, Vec::new(), [0; 3]))?;
        directory.write("config.toml", config.to_toml().as_bytes())?;
        directory
    };
    let seeds: Vec<u64> = (0..config.train.seeds as u64).map(|i| config.seed + i).collect();
    let place = |seed: u64| directory.file("seeds").join(seed.to_string());
    let one = |seed: u64, observe: &mut dyn FnMut(&Event)| -> Result<Fitted> {
        let mut own = config.clone();
        own.seed = seed;
        own.train.seeds = 1;
        let out = place(seed);
        let resume = out.join("run.json").is_file();
        let options = FitOptions {
            config: Some(own),
            out,
            resume,
            threads: 1,
            sets: Vec::new(),
            target: None,
            ..options.clone()
        };
        fit(&options, stop, observe)
    };
    let done = run_all(&seeds, options.threads, &one, observe);
    let mut fitted: Vec<(u64, Fitted)> = Vec::new();
    for (&seed, result) in seeds.iter().zip(done) {
        fitted.push((seed, result?));
    }
    let stopped = fitted.iter().position(|(_, fitted)| fitted.end == End::Stopped);
    let value = |fitted: &Fitted| fitted.report.get(criterion).copied();
    if let Some(at) = stopped {
        let (_, fitted) = fitted.swap_remove(at);
        return Ok(Fitted { run: directory.path.clone(), ..fitted });
    }
    let mut table = format!("seed,{criterion}\n");
    for (seed, fitted) in &fitted {
        table.push_str(&format!("{seed},{}\n", value(fitted).map_or(String::new(), |v| v.to_string())));
    }
    directory.write("seeds.csv", table.as_bytes())?;
    let best = fitted
        .into_iter()
        .filter_map(|(seed, fitted)| Some((value(&fitted)?, seed, fitted)))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    let Some((best, seed, mut fitted)) = best else {
        let what = format!("no run of `train.seeds` reports `{criterion}` to choose by");
        let remedy = "name a figure of the report in `evaluate.best-by`".to_string();
        return Err(ConfigError::Conflict { what, remedy }.into());
    };
    copy(&place(seed), &directory.path)?;
    for figure in &mut fitted.figures {
        if let Ok(name) = figure.strip_prefix(place(seed)) {
            *figure = directory.path.join(name);
        }
    }
    fitted.notes.push(format!("seed {seed} is the best of {}, `{criterion}` {best:.4}", seeds.len()));
    Ok(Fitted { run: directory.path.clone(), seconds: begun.elapsed().as_secs_f64(), ..fitted })
}

/// Fits the run of a seed.
type FitOne<'a> = dyn Fn(u64, &mut dyn FnMut(&Event)) -> Result<Fitted> + Sync + 'a;

/// What a run that is fitted by a seed gives, in the order of seeds. Events of the first are passed on, and that others
/// have ended.
fn run_all(
    seeds: &[u64],
    threads: usize,
    one: &FitOne<'_>,
    observe: &mut dyn FnMut(&Event),
) -> Vec<Result<Fitted>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<Fitted>>>> = Mutex::new(seeds.iter().map(|_| None).collect());
    let (send, receive) = mpsc::channel::<Event>();
    std::thread::scope(|scope| {
        for _ in 0..threads.min(seeds.len()).max(1) {
            let send = send.clone();
            let (next, results) = (&next, &results);
            scope.spawn(move || {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(&seed) = seeds.get(at) else { break };
                    let fitted = one(seed, &mut |event| {
                        if at == 0 {
                            // Nobody listens once the main thread is gone.
                            let _ = send.send(event.clone());
                        }
                    });
                    if let Ok(fitted) = &fitted {
                        let text = format!("seed {seed} is done after {:.0} s", fitted.seconds);
                        let _ = send.send(Event::Notice { epoch: fitted.epochs, step: 0, text });
                    }
                    if let Ok(mut results) = results.lock() {
                        results[at] = Some(fitted);
                    }
                }
            });
        }
        drop(send);
        for event in receive {
            observe(&event);
        }
    });
    let results = results.into_inner().unwrap_or_default();
    results.into_iter().map(|result| result.expect("every seed was run")).collect()
}

/// Copies a run's files and folders over those of another directory.
fn copy(from: &Path, to: &Path) -> Result<()> {
    let io =
        |action: &'static str, path: &Path, source| RunError::Io { action, source, path: path.to_path_buf() };
    std::fs::create_dir_all(to).map_err(|source| io("create", to, source))?;
    let entries = std::fs::read_dir(from).map_err(|source| io("read", from, source))?;
    for entry in entries {
        let path: PathBuf = entry.map_err(|source| io("read", from, source))?.path();
        let Some(name) = path.file_name() else { continue };
        if path.is_dir() {
            copy(&path, &to.join(name))?;
        } else {
            std::fs::copy(&path, to.join(name)).map_err(|source| io("copy", &path, source))?;
        }
    }
    Ok(())
}
