//! The course of a run: `events.jsonl` in columns, from any place on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use rayon::prelude::*;
use serde::Serialize;
use veridic::train::Event;

/// Bytes read at once; a page with more to see asks again.
const PIECE: u64 = 16 << 20;
/// So many lines are worth being read by several threads.
const MANY: usize = 2000;
/// Bytes from the end in which the last event is looked for.
const TAIL: u64 = 64 << 10;
/// How the line of a notice begins.
const NOTICE: &[u8] = b"{\"event\":\"notice\"";

/// Events of a run in columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Course {
    /// Where to go on reading, in bytes.
    pub next: u64,
    /// Whether there is more to be read at once.
    pub more: bool,
    /// Whether the file was begun anew since, so that what was read before is void.
    pub anew: bool,
    /// Epochs, from 1.
    pub epoch: Vec<usize>,
    /// Steps done by the end of each.
    pub step: Vec<u64>,
    /// Seconds each took.
    pub seconds: Vec<f64>,
    /// Losses and figures by name, as long as `epoch`; nothing where one was not measured.
    pub figures: BTreeMap<String, Vec<Option<f64>>>,
    /// What was noticed: epoch, step, words.
    pub notices: Vec<(usize, u64, String)>,
    /// Parts of a model without epochs: name, share done, seconds, and the loss where it learns in passes.
    pub parts: Vec<(String, f64, f64, Option<f64>)>,
    /// Lines that could not be understood.
    pub skipped: usize,
}

impl Course {
    /// The events of the run in `path` from byte `from` on. A half-written last line is left for the next time.
    pub fn read(path: &Path, from: u64) -> Self {
        let mut course = Self { next: from, ..Self::default() };
        let Ok(mut file) = File::open(path.join("events.jsonl")) else {
            course.next = 0;
            return course;
        };
        let length = file.metadata().map_or(0, |about| about.len());
        let mut from = from;
        if from > length || !begins_a_line(&mut file, from) {
            (course.anew, from) = (true, 0);
        }
        let mut bytes = Vec::new();
        let read =
            file.seek(SeekFrom::Start(from)).and_then(|_| (&mut file).take(PIECE).read_to_end(&mut bytes));
        let whole = bytes.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        // A line longer than a piece is none of ours.
        let skipped = whole == 0 && bytes.len() as u64 == PIECE;
        course.next = from + if skipped { PIECE } else { whole as u64 };
        course.more = read.is_ok() && bytes.len() as u64 == PIECE && course.next < length;
        let lines = bytes[..whole].split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
        let lines: Vec<&[u8]> = lines.collect();
        let read = |line: &&[u8]| serde_json::from_slice(line).ok();
        // A few lines are read before another thread could wake up.
        let events: Vec<Option<Event>> = match lines.len() {
            0..MANY => lines.iter().map(read).collect(),
            _ => lines.par_iter().map(read).collect(),
        };
        for event in events {
            match event {
                Some(event) => course.add(event),
                None => course.skipped += 1,
            }
        }
        course
    }

    fn add(&mut self, event: Event) {
        match event {
            Event::Epoch { epoch, step, seconds, losses } => {
                let before = self.epoch.len();
                self.epoch.push(epoch);
                self.step.push(step);
                self.seconds.push(seconds);
                for (name, value) in losses {
                    let values = self.figures.entry(name).or_default();
                    values.resize(before, None);
                    values.push(Some(value));
                }
                for values in self.figures.values_mut() {
                    values.resize(before + 1, None);
                }
            }
            Event::Notice { epoch, step, text } => self.notices.push((epoch, step, text)),
            Event::Part { part, share, seconds, loss, .. } => self.parts.push((part, share, seconds, loss)),
            Event::Start { .. } | Event::Step { .. } => {}
        }
    }
}

fn begins_a_line(file: &mut File, at: u64) -> bool {
    let mut byte = [0];
    at == 0
        || (file.seek(SeekFrom::Start(at - 1)).is_ok()
            && file.read_exact(&mut byte).is_ok()
            && byte[0] == b'\n')
}

/// The last whole epoch or part of the run in `path`, and what was noticed last: near the end, or else at the start.
pub(super) fn last_events(path: &Path) -> (Option<Event>, Option<String>) {
    let Ok(mut file) = File::open(path.join("events.jsonl")) else { return (None, None) };
    let length = file.metadata().map_or(0, |about| about.len());
    let mut lines = |from: u64| -> Vec<u8> {
        let mut bytes = Vec::new();
        let read =
            file.seek(SeekFrom::Start(from)).and_then(|_| (&mut file).take(TAIL).read_to_end(&mut bytes));
        bytes.truncate(bytes.iter().rposition(|&byte| byte == b'\n').filter(|_| read.is_ok()).unwrap_or(0));
        bytes
    };
    let (end, start) =
        (lines(length.saturating_sub(TAIL)), if length > TAIL { lines(0) } else { Vec::new() });
    // An epoch has many figures, and all but one are passed over.
    let notice = |bytes: &[u8]| {
        let mut lines = bytes.rsplit(|&byte| byte == b'\n').filter(|line| line.starts_with(NOTICE));
        lines.find_map(|line| match serde_json::from_slice(line) {
            Ok(Event::Notice { text, .. }) => Some(text),
            _ => None,
        })
    };
    let last = end
        .rsplit(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice(line).ok())
        .find(|event| matches!(event, Event::Epoch { .. } | Event::Part { .. }));
    let noticed = notice(&end).or_else(|| notice(&start));
    (last, noticed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_come_in_pieces_and_half_lines_wait() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("events.jsonl");
        assert_eq!(Course::read(dir.path(), 0), Course::default());
        let epoch = |n: usize, more: &str| {
            format!(
                "{{\"event\":\"epoch\",\"epoch\":{n},\"step\":{},\"seconds\":0.5,\"losses\":{{\"train.loss\":{n}.5{more}}}}}\n",
                n * 10
            )
        };
        let first = format!("{}not json\n{}", epoch(1, ""), epoch(2, ",\"valid.loss\":7.0"));
        std::fs::write(&file, format!("{first}{{\"event\":\"ep")).unwrap();
        let course = Course::read(dir.path(), 0);
        assert_eq!((&course.epoch[..], &course.step[..], course.skipped), (&[1, 2][..], &[10, 20][..], 1));
        assert_eq!(course.figures["train.loss"], [Some(1.5), Some(2.5)]);
        assert_eq!(course.figures["valid.loss"], [None, Some(7.0)]);
        assert_eq!(course.next, first.len() as u64);
        std::fs::write(&file, format!("{first}{}", epoch(3, ""))).unwrap();
        let rest = Course::read(dir.path(), course.next);
        assert_eq!((&rest.epoch[..], rest.anew), (&[3][..], false));
        assert!(matches!(last_events(dir.path()), (Some(Event::Epoch { epoch: 3, .. }), None)));
        let notice = "{\"event\":\"notice\",\"epoch\":1,\"step\":9,\"text\":\"collapse at step 9\"}\n";
        std::fs::write(&file, format!("{notice}{}", epoch(4, "").repeat(3000))).unwrap();
        let (last, noticed) = last_events(dir.path());
        assert!(matches!(last, Some(Event::Epoch { epoch: 4, .. })));
        assert_eq!(noticed.as_deref(), Some("collapse at step 9"));
        // The file was begun anew.
        std::fs::write(&file, epoch(1, "")).unwrap();
        let anew = Course::read(dir.path(), course.next);
        assert_eq!((&anew.epoch[..], anew.anew), (&[1][..], true));
    }
}
