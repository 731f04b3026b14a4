//! Stopping runs that another process trains, and going on with those that were stopped.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::list::Shelf;
use crate::{Result, StudioError};

/// The file of a run that asks whoever trains it to stop at the next step; it is taken away when that is heard.
pub const STOP: &str = "stop";

/// How long a start is watched for mistakes that show at once.
const BEGIN: Duration = Duration::from_millis(1500);

impl Shelf {
    /// Asks the process that trains a run to stop at the next step and to save it.
    ///
    /// # Errors
    /// What is no run, or is not being trained; a folder that cannot be written.
    pub fn stop(&self, name: &str) -> Result<()> {
        let run = self.run(name)?;
        if self.status(name).as_deref() != Some("running") {
            return Err(StudioError::Refused("nobody trains this run".into()));
        }
        let path = run.join(STOP);
        std::fs::write(&path, b"").map_err(|source| StudioError::File { path, source })
    }

    /// Goes on with a run that was stopped, failed or fell silent, by `program fit --resume` in a process of its own, which does
    /// not end with the studio.
    ///
    /// # Errors
    /// What is no run, or is finished or being trained; what `program` says where it ends at once.
    pub fn resume(&self, name: &str, program: &Path, data_dir: &Path) -> Result<()> {
        let run = self.run(name)?;
        match self.status(name).as_deref() {
            Some("stopped" | "failed" | "silent") => {}
            Some("running") => return Err(StudioError::Refused("this run is being trained".into())),
            _ => return Err(StudioError::Refused("there is nothing to go on with".into())),
        }
        let mut command = Command::new(program);
        command
            .args(["fit", "--resume", "--quiet", "--out"])
            .arg(absolute(&run))
            .arg("--data-dir")
            .arg(data_dir);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        // Ctrl-C in the studio's terminal is not meant for it.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(StudioError::Server)?;
        let mut said = child.stderr.take();
        let mut heard = move || {
            let mut text = String::new();
            said.as_mut().map(|said| said.read_to_string(&mut text));
            text
        };
        let begun = Instant::now();
        while begun.elapsed() < BEGIN {
            match child.try_wait().map_err(StudioError::Server)? {
                Some(status) if !status.success() => {
                    return Err(StudioError::Refused(heard().trim().to_owned()));
                }
                Some(_) => return Ok(()),
                None => std::thread::sleep(Duration::from_millis(50)),
            }
        }
        // Somebody has to listen until the end, or it would wait for its words to be read.
        std::thread::spawn(move || {
            heard();
            child.wait()
        });
        Ok(())
    }

    fn status(&self, name: &str) -> Option<String> {
        self.list().entries.iter().find(|entry| entry.name == name).map(|entry| entry.status.clone())
    }
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
