//! The same run with several seeds side by side, of which the best is kept.

use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use crate::error::{Result, RunError};
use crate::run::check::criterion;
use crate::run::config::Config;
use crate::run::dataset::search::way_back;
use crate::run::directory::{Directory, RunInfo, Status, now};
use crate::run::fit::{FitOptions, FittedRun, fit_files};
use crate::train::{Criterion, End, Event};

/// Fits `config.train.seeds` runs, seeds counted up from the configuration's, into `seeds/SEED` of the directory; as many at
/// a time as there are threads, each with one. The directory itself becomes a copy of the best, by what its kept epoch was
/// chosen by ([`criterion`]), which no test row has a say in; `seeds.csv` lists all. Seeds that fail are left out.
///
/// # Errors
/// As a fit, of the first run, if all fail.
pub(crate) fn fit_seeds(
    config: &Config,
    options: &FitOptions,
    stop: &AtomicBool,
    observe: &mut dyn FnMut(&Event),
) -> Result<FittedRun> {
    let criterion = criterion::of(config).expect("the configuration was checked");
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
    let changed: Vec<_> = options.sets.iter().filter(|(path, _)| path != "train.seeds").cloned().collect();
    let place = |seed: u64| directory.file("seeds").join(seed.to_string());
    let one = |seed: u64, observe: &mut dyn FnMut(&Event)| -> Result<FittedRun> {
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
            // A run that goes on goes on with what was changed.
            sets: if resume { changed.clone() } else { Vec::new() },
            target: None,
            ..options.clone()
        };
        fit_files(&options, stop, observe)
    };
    let done = run_all(&seeds, options.threads, &one, observe);
    let mut fitted: Vec<(u64, FittedRun)> = Vec::new();
    let mut failed = Vec::new();
    for (&seed, result) in seeds.iter().zip(done) {
        match result {
            Ok(one) => fitted.push((seed, one)),
            Err(error) => failed.push((seed, error)),
        }
    }
    let end = |status: Status, error: Option<&crate::Error>| -> Result<()> {
        let info = directory.info()?;
        let error = error.map(ToString::to_string);
        directory.write_info(&RunInfo { status, error, ended: Some(now()), ..info })
    };
    if let Some(at) = fitted.iter().position(|(_, fitted)| fitted.end == End::Stopped) {
        end(Status::Stopped, None)?;
        let (_, fitted) = fitted.swap_remove(at);
        return Ok(FittedRun { run: directory.path.clone(), ..fitted });
    }
    let value = |seed: u64| -> Result<Option<f64>> {
        Ok(kept(&Directory::open(&place(seed))?.events(), criterion, config.train.best))
    };
    let mut table = format!("seed,{}\n", criterion.name);
    let mut best: Option<(f64, u64, FittedRun)> = None;
    for (seed, one) in fitted {
        let value = value(seed)?;
        table.push_str(&format!("{seed},{}\n", value.map_or(String::new(), |value| value.to_string())));
        let value = value.unwrap_or(if criterion.higher { f64::NEG_INFINITY } else { f64::INFINITY });
        if best.as_ref().is_none_or(|(best, ..)| criterion.prefers(value, *best)) {
            best = Some((value, seed, one));
        }
    }
    let notes: Vec<String> =
        failed.iter().map(|(seed, error)| format!("seed {seed} failed: {error}")).collect();
    let Some((best, seed, mut fitted)) = best else {
        let (_, error) = failed.swap_remove(0);
        end(Status::Failed, Some(&error))?;
        return Err(error);
    };
    table.extend(failed.iter().map(|(seed, _)| format!("{seed},\n")));
    directory.write("seeds.csv", table.as_bytes())?;
    fitted.notes.extend(notes);
    copy(&place(seed), &directory.path)?;
    // It lies elsewhere than the run it is a copy of.
    let info = directory.info()?;
    directory.write_info(&RunInfo { folder: way_back(&directory.path, &info.data), ..info })?;
    for figure in &mut fitted.figures {
        if let Ok(name) = figure.strip_prefix(place(seed)) {
            *figure = directory.path.join(name);
        }
    }
    fitted.notes.push(format!("seed {seed} is the best of {}, `{}` {best:.4}", seeds.len(), criterion.name));
    Ok(FittedRun { run: directory.path.clone(), seconds: begun.elapsed().as_secs_f64(), ..fitted })
}

/// The criterion at the epoch that a run kept.
fn kept(events: &[Event], criterion: Criterion, best: bool) -> Option<f64> {
    if best {
        return Some(criterion.best(events)?.1);
    }
    events.iter().rev().find_map(|event| match event {
        Event::Epoch { losses, .. } => losses.get(criterion.name).copied(),
        _ => None,
    })
}

/// Fits the run of a seed.
type FitOne<'a> = dyn Fn(u64, &mut dyn FnMut(&Event)) -> Result<FittedRun> + Sync + 'a;

/// What a run that is fitted by a seed gives, in the order of seeds. Events of the first are passed on, and that others
/// have ended.
fn run_all(
    seeds: &[u64],
    threads: usize,
    one: &FitOne<'_>,
    observe: &mut dyn FnMut(&Event),
) -> Vec<Result<FittedRun>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<FittedRun>>>> = Mutex::new(seeds.iter().map(|_| None).collect());
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
