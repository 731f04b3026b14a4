//! `veridic film`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use clap::Args;
use veridic::data::replace;

use crate::error::CliError;
use crate::output::check_place;
use crate::quantity::bytes;
use crate::ui::Ui;

/// Show what a run made during training as a film, an animated PNG or with ffmpeg an MP4
///
/// The film is of the pictures in RUN/samples, which always have the same noise. Browsers play an
/// animated PNG (png, apng); for mp4 the program `ffmpeg` must be there.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Film {
    /// The run directory
    run: PathBuf,
    /// Write to FILE (png, apng or mp4), `-` for a png to standard output
    #[arg(short, long, value_name = "FILE")]
    output: PathBuf,
    /// Show each picture for N milliseconds
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(10..=10_000))]
    milliseconds: u16,
}

impl Film {
    pub(super) fn run(self, ui: &Ui) -> Result<(), CliError> {
        let path = self.output;
        if path.as_os_str() == "-" {
            let film = veridic::run::film(&self.run, self.milliseconds)?;
            return ui.data(|out| out.write_all(&film));
        }
        check_place(&path, &self.run, None)?;
        let ending =
            path.extension().map(|ending| ending.to_string_lossy().to_lowercase()).unwrap_or_default();
        if !["png", "apng", "mp4"].contains(&ending.as_str()) {
            return Err(CliError::FilmEnding { ending, path });
        }
        let film = veridic::run::film(&self.run, self.milliseconds)?;
        let film = if ending == "mp4" { encoded(&film, &path)? } else { film };
        replace(&path, |file| file.write_all(&film))?;
        ui.say(&format!("wrote {} to {}", bytes(film.len() as u64), path.display()));
        Ok(())
    }
}

/// The film as an MP4, by ffmpeg.
fn encoded(film: &[u8], path: &Path) -> Result<Vec<u8>, CliError> {
    let failed = |reason: String| CliError::Ffmpeg { reason, path: path.to_owned() };
    let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
    let (from, to) = (folder.path().join("film.apng"), folder.path().join("film.mp4"));
    fs::write(&from, film).map_err(|error| failed(error.to_string()))?;
    // H.264 in the form that players know wants even sides.
    let ran = Command::new("ffmpeg")
        .args(["-y", "-loglevel", "error", "-i"])
        .arg(&from)
        .args(["-vf", "pad=ceil(iw/2)*2:ceil(ih/2)*2", "-pix_fmt", "yuv420p", "-movflags", "+faststart"])
        .arg(&to)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => failed("there is no such program here".to_string()),
            _ => failed(error.to_string()),
        })?;
    if !ran.status.success() {
        return Err(failed(String::from_utf8_lossy(&ran.stderr).trim().to_owned()));
    }
    fs::read(&to).map_err(|error| failed(error.to_string()))
}
