//! How far training is: a bar on a terminal, a few lines elsewhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use veridic::run::{MapEvent, MapStage};
use veridic::train::Event;

use crate::quantity::{count, counted, figure, rate, seconds};
use crate::ui::Ui;

/// Lines are at least this far apart.
const LEAST: Duration = Duration::from_secs(2);
/// A line is due after this time, also when no tenth of the epochs is complete.
const LONGEST: Duration = Duration::from_secs(30);
/// How often the bar changes.
const REDRAW: Duration = Duration::from_millis(100);

/// Shows the events of a run.
pub(crate) struct Progress {
    ui: Ui,
    begun: Instant,
    meter: Meter,
    lines: Lines,
    bar: Option<ProgressBar>,
    drawn: Duration,
}

impl Progress {
    /// Nothing is shown before the first event.
    pub(crate) fn new(ui: &Ui) -> Self {
        let bar = (ui.is_terminal() && !ui.is_quiet()).then(bar);
        let (begun, meter, lines) = (Instant::now(), Meter::default(), Lines::default());
        Self { ui: *ui, begun, meter, lines, bar, drawn: Duration::ZERO }
    }

    /// Takes note of `event` and shows it if it is time to.
    pub(crate) fn observe(&mut self, event: &Event) {
        if self.ui.is_quiet() {
            return;
        }
        let now = self.begun.elapsed();
        if let Event::Part { part, done, of, share, .. } = event {
            self.part(part, (*done, *of), *share, now);
            return;
        }
        self.meter.note(event, now);
        if let Event::Start { train_rows, valid_rows, epochs, .. } = event {
            let valid = match valid_rows {
                0 => String::new(),
                n => format!(", {} for validation", count(*n as u64)),
            };
            let (rows, epochs) = (counted(*train_rows, "row"), counted(*epochs, "epoch"));
            self.ui.say(&format!("training on {rows}{valid}: {epochs}"));
        }
        if let Event::Notice { epoch, text, .. } = event {
            let line = format!("epoch {epoch}: {text}");
            match &self.bar {
                Some(bar) => bar.suspend(|| self.ui.say(&line)),
                None => self.ui.say(&line),
            }
        }
        match &self.bar {
            Some(bar) if now - self.drawn >= REDRAW || matches!(event, Event::Start { .. }) => {
                self.drawn = now;
                bar.set_length(self.meter.steps());
                bar.set_position(self.meter.step);
                bar.set_message(self.meter.line(now));
            }
            Some(_) => {}
            None => {
                if self.lines.is_due(event, &self.meter, now) {
                    self.ui.say(&self.meter.line(now));
                }
            }
        }
    }

    /// A part of a model was learned.
    fn part(&mut self, part: &str, (done, of): (usize, usize), share: f64, now: Duration) {
        let left = match share {
            share if share > 0.0 => now.mul_f64((1.0 - share) / share),
            _ => Duration::ZERO,
        };
        let line = format!("learned `{part}`, {done} of {of}, {} left", seconds(left.as_secs_f64()));
        match &self.bar {
            Some(bar) => {
                bar.set_length(1000);
                bar.set_position((share * 1000.0) as u64);
                bar.set_message(line);
            }
            None if now - self.drawn >= LONGEST => {
                self.drawn = now;
                self.ui.say(&line);
            }
            None => {}
        }
    }

    /// Takes the bar away and says how it ended.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
        if self.meter.first.is_some() {
            self.ui.say(&self.meter.summary());
        }
    }
}

/// Shows how far a map is: a bar with the divergence on a terminal, a line now and then elsewhere.
pub(crate) struct MapProgress {
    ui: Ui,
    begun: Instant,
    bar: Option<ProgressBar>,
    told: Duration,
}

impl MapProgress {
    /// Nothing is shown before the first event.
    pub(crate) fn new(ui: &Ui) -> Self {
        let bar = (ui.is_terminal() && !ui.is_quiet()).then(bar);
        Self { ui: *ui, begun: Instant::now(), bar, told: Duration::ZERO }
    }

    /// Shows `event` if it is time to.
    pub(crate) fn observe(&mut self, event: &MapEvent) {
        let now = self.begun.elapsed();
        let text = match event {
            MapEvent::Input { rows, columns } => {
                self.ui.say(&format!("mapping {} of {}", counted(*rows, "row"), counted(*columns, "number")));
                return;
            }
            MapEvent::Stage(stage) => match stage {
                MapStage::Read => "reading",
                MapStage::Place => "finding neighbors",
                MapStage::Measure => "measuring the map",
            }
            .to_owned(),
            MapEvent::Step { iteration, of, kl } => {
                if let Some(bar) = &self.bar {
                    bar.set_length(*of as u64);
                    bar.set_position(*iteration as u64);
                }
                format!("iteration {iteration}/{of}  KL {}", figure(*kl))
            }
        };
        match &self.bar {
            Some(bar) => {
                bar.set_message(text);
                bar.tick();
            }
            None if matches!(event, MapEvent::Step { .. }) && now - self.told >= LONGEST => {
                self.told = now;
                self.ui.say(&text);
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:24} {percent:>3}%  {msg}")
        .expect("the template is right")
        .progress_chars("━╸ ");
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(style);
    bar
}

/// What is known from the events so far. Times are since the command began.
#[derive(Debug, Default)]
struct Meter {
    batch: usize,
    epochs: usize,
    steps_per_epoch: u64,
    /// When the steps since this start were begun, and how many had been done before.
    first: Option<(Duration, u64)>,
    started: Duration,
    /// When the last event came: what is done after training does not count.
    latest: Duration,
    epoch: usize,
    step: u64,
    running: Option<f64>,
    losses: BTreeMap<String, f64>,
}

impl Meter {
    fn note(&mut self, event: &Event, now: Duration) {
        self.latest = now;
        match event {
            Event::Notice { .. } | Event::Part { .. } => {}
            Event::Start { batch, epochs, steps_per_epoch, .. } => {
                (self.batch, self.epochs, self.steps_per_epoch) = (*batch, *epochs, *steps_per_epoch);
                self.started = now;
            }
            Event::Step { epoch, step, loss } => {
                self.first.get_or_insert((self.started, step.saturating_sub(1)));
                (self.epoch, self.step, self.running) = (*epoch, *step, Some(*loss));
            }
            Event::Epoch { epoch, step, losses, .. } => {
                (self.epoch, self.step) = (*epoch, *step);
                self.losses.clone_from(losses);
                self.running = None;
            }
        }
    }

    fn steps(&self) -> u64 {
        self.epochs as u64 * self.steps_per_epoch
    }

    /// Steps a second, since this start.
    fn pace(&self, now: Duration) -> Option<f64> {
        let (begun, before) = self.first?;
        let elapsed = now.saturating_sub(begun).as_secs_f64();
        (elapsed > 0.0 && self.step > before).then(|| (self.step - before) as f64 / elapsed)
    }

    fn rows_per_second(&self, now: Duration) -> Option<f64> {
        Some(self.pace(now)? * self.batch as f64)
    }

    /// `epoch 3/20  loss 0.09312  valid 0.09401  1.20M rows/s  12 s left`.
    fn line(&self, now: Duration) -> String {
        let mut parts = vec![format!("epoch {}/{}", self.epoch.max(1), self.epochs)];
        if let Some(loss) = self.running.or(self.losses.get("train.loss").copied()) {
            parts.push(format!("loss {}", figure(loss)));
        }
        if let Some(&loss) = self.losses.get("valid.loss") {
            parts.push(format!("valid {}", figure(loss)));
        }
        // Of adversarial networks the last epoch's figures.
        for name in ["train.generator", "train.real", "train.made"] {
            if let (Some(&value), Some((_, word))) = (self.losses.get(name), name.split_once('.')) {
                parts.push(format!("{word} {}", figure(value)));
            }
        }
        parts.extend(self.losses.iter().filter_map(|(name, value)| {
            Some(format!("{} {}", name.strip_prefix("sample.")?.replace('_', " "), figure(*value)))
        }));
        if let Some(rows) = self.rows_per_second(now) {
            parts.push(format!("{} rows/s", rate(rows)));
        }
        let left = self.steps().saturating_sub(self.step);
        if let Some(pace) = self.pace(now).filter(|_| left > 0) {
            parts.push(format!("{} left", seconds(left as f64 / pace)));
        }
        parts.join("  ")
    }

    /// `epoch 20/20 after 3.2 s, 1.20M rows/s  loss 0.09312  valid 0.09401`.
    fn summary(&self) -> String {
        let now = self.latest;
        let took = now.saturating_sub(self.started).as_secs_f64();
        let mut text = format!("epoch {}/{} after {}", self.epoch, self.epochs, seconds(took));
        if let Some(rows) = self.rows_per_second(now) {
            text.push_str(&format!(", {} rows/s", rate(rows)));
        }
        for (name, word) in [("train.loss", "loss"), ("valid.loss", "valid")] {
            if let Some(&loss) = self.losses.get(name) {
                text.push_str(&format!("  {word} {}", figure(loss)));
            }
        }
        text
    }
}

/// When a line is due: at each tenth of the epochs, but not more often than every [`LEAST`], and every [`LONGEST`].
#[derive(Debug, Default)]
struct Lines {
    last: Duration,
    tenth: usize,
}

impl Lines {
    fn is_due(&mut self, event: &Event, meter: &Meter, now: Duration) -> bool {
        let since = now.saturating_sub(self.last);
        let tenth = meter.epoch * 10 / meter.epochs.max(1);
        let due = match event {
            Event::Start { .. } => {
                self.last = now;
                false
            }
            Event::Notice { .. } | Event::Part { .. } => false,
            Event::Step { .. } => since >= LONGEST,
            // The last one is told by the summary.
            Event::Epoch { .. } => {
                meter.epoch < meter.epochs && (since >= LONGEST || since >= LEAST && tenth > self.tenth)
            }
        };
        if due {
            (self.last, self.tenth) = (now, tenth);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Event =
        Event::Start { train_rows: 1000, valid_rows: 100, epochs: 20, steps_per_epoch: 10, batch: 100 };

    fn epoch(epoch: usize) -> Event {
        let losses = [("train.loss", 1.5), ("valid.loss", 1.75)];
        let losses = losses.map(|(name, loss)| (name.to_owned(), loss)).into();
        Event::Epoch { epoch, step: epoch as u64 * 10, seconds: 1.0, losses }
    }

    #[test]
    fn a_line_has_losses_rate_and_remaining_time_of_this_session() {
        let mut meter = Meter::default();
        meter.note(&START, Duration::from_secs(1));
        // A resumed run: 40 steps were done before.
        meter.note(&Event::Step { epoch: 5, step: 41, loss: 2.0 }, Duration::from_secs(1));
        assert_eq!(meter.line(Duration::from_secs(2)), "epoch 5/20  loss 2.000  100 rows/s  2 min 39 s left");
        meter.note(&epoch(6), Duration::from_secs(3));
        let line = "epoch 6/20  loss 1.500  valid 1.750  1.0k rows/s  14 s left";
        assert_eq!(meter.line(Duration::from_secs(3)), line);
        let summary = "epoch 6/20 after 2.0 s, 1.0k rows/s  loss 1.500  valid 1.750";
        assert_eq!(meter.summary(), summary);
    }

    #[test]
    fn lines_come_at_tenths_of_the_epochs_and_not_more_often_than_every_two_seconds() {
        let due_at = |seconds_per_epoch: f64| {
            let (mut meter, mut lines) = (Meter::default(), Lines::default());
            meter.note(&START, Duration::ZERO);
            lines.is_due(&START, &meter, Duration::ZERO);
            (1..=20)
                .filter(|&i| {
                    let now = Duration::from_secs_f64(i as f64 * seconds_per_epoch);
                    meter.note(&epoch(i), now);
                    lines.is_due(&epoch(i), &meter, now)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(due_at(0.01), [0; 0]);
        assert_eq!(due_at(0.7), [3, 6, 9, 12, 15, 18]);
        assert_eq!(due_at(1.5), [2, 4, 6, 8, 10, 12, 14, 16, 18]);
        assert_eq!(due_at(60.0).len(), 19);
    }

    #[test]
    fn a_long_epoch_is_told_of_every_half_minute() {
        let (mut meter, mut lines) = (Meter::default(), Lines::default());
        meter.note(&START, Duration::ZERO);
        lines.is_due(&START, &meter, Duration::ZERO);
        let step = Event::Step { epoch: 1, step: 1, loss: 2.0 };
        meter.note(&step, Duration::from_secs(5));
        assert!(!lines.is_due(&step, &meter, Duration::from_secs(5)));
        assert!(lines.is_due(&step, &meter, Duration::from_secs(31)));
        assert!(!lines.is_due(&step, &meter, Duration::from_secs(32)));
    }
}
