//! `veridic studio`.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use veridic_studio::StudioError;
use veridic_studio::studio::{self, StudioOptions};

use super::label::browse;
use super::{DataDir, Finish, Threads};
use crate::error::CliError;
use crate::interrupt;
use crate::ui::Ui;

/// Watch runs learn, compare them, and walk through what they have learned, on a page in the browser
///
/// RUNS is a folder of runs, or one run. Everything is drawn from files, so that runs which another
/// process trains are seen as they go. Also there: a small adversarial network that learns while
/// you watch. The page is on this machine alone; its address is printed and lets one browser in.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Studio {
    /// A folder of runs, or a run
    #[arg(value_name = "RUNS", default_value = "runs")]
    runs: PathBuf,
    /// Listen on this port of 127.0.0.1 [default: any that is free]
    #[arg(long, value_name = "P")]
    port: Option<u16>,
    /// Print the address and open no browser
    #[arg(long)]
    no_browser: bool,
    #[command(flatten)]
    data_dir: DataDir,
    #[command(flatten)]
    threads: Threads,
}

impl Studio {
    pub(super) fn run(self, ui: &Ui) -> Result<Finish, CliError> {
        let options = StudioOptions {
            port: self.port,
            threads: self.threads.get(),
            data_dir: self.data_dir.get(),
            program: std::env::current_exe().ok(),
        };
        let stop = interrupt::watch(ui);
        let mut failed = None;
        studio::serve(&self.runs, &options, stop, &mut |url| {
            failed = ui.data(|out| writeln!(out, "{url}")).err();
            ui.say(&format!("showing {}; Ctrl-C ends, and no run is touched by it", self.runs.display()));
            if !self.no_browser {
                browse(url);
            }
        })?;
        match failed {
            Some(error) => Err(error),
            None => Ok(Finish::Done),
        }
    }
}

/// Does `work`, which writes the run `out`, with the studio open on it; afterwards the page stays until Ctrl-C.
pub(super) fn beside(
    ui: &Ui,
    out: &Path,
    data_dir: PathBuf,
    (stop, browser): (&'static AtomicBool, bool),
    work: impl FnOnce() -> Result<Finish, CliError>,
) -> Result<Finish, CliError> {
    let folder = match out.parent() {
        Some(parent) if parent != Path::new("") => parent.to_path_buf(),
        _ => PathBuf::from("."),
    };
    // The run's own directory is made by the fit, which looks whether it is free.
    std::fs::create_dir_all(&folder).map_err(|source| StudioError::File { path: folder.clone(), source })?;
    let options = StudioOptions { port: None, threads: 1, data_dir, program: std::env::current_exe().ok() };
    std::thread::scope(|scope| {
        let (told, address) = std::sync::mpsc::channel();
        let page = scope.spawn(move || {
            studio::serve(&folder, &options, stop, &mut |url| {
                let _ = told.send(url.to_owned());
            })
        });
        if let Ok(url) = address.recv() {
            let url = on_run(&url, out);
            ui.data(|out| writeln!(out, "{url}"))?;
            if browser {
                browse(&url);
            }
        }
        let finish = work();
        if finish.is_err() {
            stop.store(true, Ordering::SeqCst);
        } else if !stop.load(Ordering::SeqCst) {
            ui.say("the page stays open; Ctrl-C ends");
        }
        match page.join() {
            Ok(served) => served?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        finish
    })
}

/// The address of the studio as it opens on one run.
fn on_run(url: &str, run: &Path) -> String {
    let name = run.file_name().map_or_else(|| ".".to_owned(), |name| name.to_string_lossy().into_owned());
    format!("{url}#/run/{}", escaped(&name))
}

/// Text as part of an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_leads_to_the_run_whatever_its_name() {
        let url = "http://127.0.0.1:1/?token=a";
        assert_eq!(on_run(url, Path::new("runs/a-1")), format!("{url}#/run/a-1"));
        assert_eq!(on_run(url, Path::new("my runs/a b/ü%")), format!("{url}#/run/%C3%BC%25"));
    }
}
