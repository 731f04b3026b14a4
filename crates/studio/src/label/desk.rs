//! The state behind the labelling page: the file, the queue, and what the model proposes.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use veridic::data::Matrix;
use veridic::label::{self, Action, Event, Ledger, Proposal, Status};
use veridic::seed::Seed;

use super::exchange;
use super::items::{Fingerprint, Items};
use super::queue::{Queue, SessionId};
use super::store::{self, Entry, Store};
use super::strategy::{Order, Why};
use crate::{Result, StudioError};

/// Rows that one answer brings at most.
pub(crate) const MOST: usize = 64;
/// Characters of a remark or a name.
pub(super) const LONGEST: usize = 2000;
/// Characters of the name of a class.
pub(super) const LONGEST_NAME: usize = 60;

/// Probabilities of classes with what they were learned from.
#[derive(Debug)]
pub(crate) struct Proposals {
    /// Rows x classes.
    pub(crate) shares: Matrix,
    /// Labels it was learned from.
    pub(crate) labels: usize,
    /// The classifier's name.
    pub(crate) name: String,
}

/// The state behind the labelling page: the file, the queue, and what the model proposes.
#[derive(Debug)]
pub struct Desk {
    pub(super) items: Items,
    inner: Mutex<Inner>,
    wake: (Mutex<Wake>, Condvar),
    pub(super) budget: Option<usize>,
    notes: Vec<String>,
    pub(super) reasons: Option<Reasons>,
}

/// How unusual rows are by a run, with the columns that say so.
#[derive(Debug)]
pub struct Reasons {
    /// A score for each row, higher is more unusual.
    pub scores: Vec<f32>,
    /// For each row the columns that add most, and what was expected there.
    pub columns: Vec<Vec<(String, String)>>,
}

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) store: Store,
    pub(super) classes: Vec<String>,
    pub(super) annotators: BTreeMap<u32, String>,
    pub(super) shown: BTreeMap<u32, Fingerprint>,
    pub(super) ledger: Ledger,
    pub(super) keys: HashMap<String, u64>,
    pub(super) queue: Queue,
    /// Who sits at each page, where it is not the first annotator.
    pub(super) sessions: BTreeMap<SessionId, u32>,
    /// Who sits at a page that was not told.
    pub(super) host: u32,
    pub(super) features: Option<Arc<Matrix>>,
    pub(super) proposals: Option<Arc<Proposals>>,
    pub(super) strategy: String,
}

#[derive(Debug, Default)]
struct Wake {
    dirty: bool,
    stop: bool,
}

/// What the model learns from.
#[derive(Debug)]
pub(crate) struct Snapshot {
    /// Labelled rows with their classes, by row.
    pub(crate) labels: Vec<(u32, u16)>,
    /// Rows labelled with each class.
    pub(crate) counts: Vec<usize>,
    /// Names of the classes.
    pub(crate) classes: Vec<String>,
    /// Rows without a decision, by number.
    pub(crate) open: Vec<u32>,
}

impl Desk {
    /// Opens the labels of `items` in the file at `path`, or makes it. New `classes` are added to those of the file;
    /// `annotator` sits at every page until somebody else says who they are.
    ///
    /// # Errors
    /// Labels of other or changed data, fewer than two classes, classes that the file has and `classes` lacks, a file that
    /// cannot be used.
    pub fn open(
        items: Items,
        path: &Path,
        classes: &[String],
        annotator: &str,
        budget: Option<usize>,
    ) -> Result<Self> {
        let is_new = !path.is_file() || path.metadata().is_ok_and(|about| about.len() == 0);
        let classes: Vec<String> = match is_new && classes.is_empty() {
            true => items.classes().unwrap_or_default(),
            false => classes.to_vec(),
        };
        for (i, name) in classes.iter().enumerate() {
            check_class(name, &classes[..i])?;
        }
        if is_new && classes.len() < 2 {
            return Err(StudioError::FewClasses { found: classes.len() });
        }
        let store = Store::open(path, items.identity())?;
        let mut contents = store.contents()?;
        let mut notes = items.notes().to_vec();
        if contents.identity.check(&items, contents.shown.iter(), path)? {
            notes.push(format!(
                "the data has changed since it was labelled, but none of the {} rows that were shown has",
                contents.shown.len()
            ));
            store.set_identity(items.identity())?;
        }
        if !classes.is_empty() {
            let lost: Vec<String> =
                contents.classes.iter().filter(|name| !classes.contains(name)).cloned().collect();
            if !lost.is_empty() {
                return Err(StudioError::LostClasses { names: lost, path: path.to_owned() });
            }
        }
        for name in &classes {
            if !contents.classes.contains(name) {
                store.add_class(name)?;
                contents.classes.push(name.clone());
                contents.ledger.add_class();
            }
        }
        if contents.classes.len() < 2 {
            return Err(StudioError::FewClasses { found: contents.classes.len() });
        }
        let annotator = checked(annotator, LONGEST_NAME, "a name")?;
        let host = store.annotator(&annotator)?;
        contents.annotators.insert(host, annotator);
        let behind = contents.ledger.events().last().map_or(0, |last| last.time - store::now());
        if behind > 1000 {
            notes.push(format!(
                "this machine's clock is {} s behind the last label; times stay in order, so new labels get that time",
                behind / 1000
            ));
        }
        let mut queue = Queue::default();
        // Until the model has looked.
        let rows: Vec<u32> = (0..items.len() as u32).collect();
        queue.reorder(label::random(&rows, Seed(0)).into_iter().map(|row| (row, Why::Random)).collect());
        let pending = contents.shown.keys().filter(|row| contents.ledger.status(**row) == Status::Pending);
        queue.come_back(pending.copied());
        let inner = Inner {
            store,
            classes: contents.classes,
            annotators: contents.annotators,
            shown: contents.shown,
            ledger: contents.ledger,
            keys: contents.keys,
            queue,
            sessions: BTreeMap::new(),
            host,
            features: None,
            proposals: None,
            strategy: String::new(),
        };
        let wake = (Mutex::new(Wake { dirty: true, stop: false }), Condvar::new());
        Ok(Self { items, inner: Mutex::new(inner), wake, budget, notes, reasons: None })
    }

    /// With how unusual each row is by a run.
    #[must_use]
    pub fn with_reasons(self, reasons: Reasons) -> Self {
        Self { reasons: Some(reasons), ..self }
    }

    /// Asks the rows first that a file names in its column `row`, counted from 1, such as the selection that a map or the
    /// studio saves. Those that are decided already are passed over.
    ///
    /// # Errors
    /// A file that cannot be read or has no such column, a row that the data does not have.
    pub fn with_first(self, from: &Path) -> Result<Self> {
        let rows = exchange::rows(from, self.items.len())?;
        self.lock().queue.choose(rows);
        Ok(self)
    }

    /// What is labelled.
    pub fn items(&self) -> &Items {
        &self.items
    }

    /// What the user should know.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Labels there are, and rows.
    pub fn progress(&self) -> (usize, usize) {
        (self.lock().ledger.counts().labelled(), self.items.len())
    }

    pub(crate) fn reasons(&self) -> Option<&Reasons> {
        self.reasons.as_ref()
    }

    /// Keeps the numbers that the model learns from.
    pub(crate) fn set_features(&self, features: Arc<Matrix>) {
        self.lock().features = Some(features);
        self.wake();
    }

    /// What the model learns from.
    pub(crate) fn snapshot(&self) -> Snapshot {
        let inner = self.lock();
        let labels: Vec<(u32, u16)> =
            inner.ledger.labels().filter(|(row, _)| (*row as usize) < self.items.len()).collect();
        let mut is_open = vec![true; self.items.len()];
        for (row, _) in inner.ledger.decided_rows() {
            if let Some(open) = is_open.get_mut(row as usize) {
                *open = false;
            }
        }
        let open = (0..is_open.len() as u32).filter(|row| is_open[*row as usize]).collect();
        let counts = inner.ledger.counts().classes.clone();
        Snapshot { labels, counts, classes: inner.classes.clone(), open }
    }

    /// Takes what the model found.
    pub(crate) fn set_order(&self, order: Order, proposals: Option<Arc<Proposals>>) {
        let mut inner = self.lock();
        inner.queue.reorder(order.rows);
        inner.strategy = order.about;
        inner.proposals = proposals;
    }

    /// Waits until something was decided; `false` when it is time to stop.
    pub(crate) fn wait(&self, pause: Duration) -> bool {
        let (lock, changed) = &self.wake;
        let until = Instant::now() + pause;
        let mut wake = lock.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if wake.stop {
                return false;
            }
            if wake.dirty && left.is_zero() {
                wake.dirty = false;
                return true;
            }
            let least = if wake.dirty { left } else { Duration::from_secs(3600) };
            wake = changed.wait_timeout(wake, least).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Ends the waiting.
    pub(crate) fn stop(&self) {
        self.wake.0.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.wake.1.notify_all();
    }

    pub(super) fn wake(&self) {
        self.wake.0.lock().unwrap_or_else(PoisonError::into_inner).dirty = true;
        self.wake.1.notify_all();
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Inner> {
        // Memory follows the disk: a panic in between leaves what is on disk.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    pub(super) fn annotator(&self, session: SessionId) -> u32 {
        self.sessions.get(&session).copied().unwrap_or(self.host)
    }

    /// The next entry, checked.
    pub(super) fn entry(
        &self,
        session: SessionId,
        row: u32,
        action: Action,
        proposal: Option<(u16, f32)>,
        key: &str,
    ) -> Result<Entry> {
        if key.is_empty() || key.len() > 100 {
            return refused("a key has 1 to 100 characters");
        }
        let known = |(class, probability): &(u16, f32)| {
            usize::from(*class) < self.classes.len() && (0.0..=1.0).contains(probability)
        };
        let proposal = proposal.filter(known).map(|(class, probability)| Proposal { class, probability });
        let last = self.ledger.events().last();
        let event = Event {
            id: self.ledger.events().len() as u64 + 1,
            // A clock that was set back does not put labels in another order.
            time: store::now().max(last.map_or(0, |last| last.time)),
            row,
            annotator: self.annotator(session),
            action,
            proposal,
        };
        self.ledger.check(&event).map_err(|error| StudioError::Refused(error.to_string()))?;
        Ok(Entry { event, key: key.to_owned() })
    }

    pub(super) fn may_decide(&self, row: u32, session: SessionId, again: bool, rows: usize) -> Result<()> {
        if row as usize >= rows {
            return refused(format!("there is no row {}", u64::from(row) + 1));
        }
        if self.queue.is_held_by_another(row, session, Instant::now()) {
            return refused(format!("another page has row {} now", row + 1));
        }
        if !again && self.ledger.status(row) != Status::Pending {
            return refused(format!("row {} was decided meanwhile", row + 1));
        }
        Ok(())
    }

    /// To disk, then to memory.
    pub(super) fn commit(&mut self, shown: &[(u32, Fingerprint)], entries: Vec<Entry>) -> Result<()> {
        self.store.commit(shown, &entries)?;
        self.shown.extend(shown.iter().copied());
        for Entry { event, key } in entries {
            self.keys.insert(key, event.id);
            self.ledger.add(event)?;
        }
        Ok(())
    }
}

pub(super) fn refused<T>(why: impl Into<String>) -> Result<T> {
    Err(StudioError::Refused(why.into()))
}

pub(super) fn checked(text: &str, longest: usize, what: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > longest {
        return refused(format!("{what} has 1 to {longest} characters"));
    }
    Ok(text.to_owned())
}

/// Refuses names of classes that cannot be told apart or shown.
pub(crate) fn check_class(name: &str, others: &[String]) -> Result<()> {
    let reason = if name.trim().is_empty() {
        "it is empty"
    } else if name.chars().count() > LONGEST_NAME {
        "it is longer than 60 characters"
    } else if name.chars().any(char::is_control) {
        "it has control characters"
    } else if name.trim() != name {
        "it begins or ends with a space"
    } else if others.iter().any(|other| other == name) {
        "it is there already"
    } else if others.len() >= 1000 {
        "there are 1000 classes already"
    } else {
        return Ok(());
    };
    Err(StudioError::ClassName { name: name.to_owned(), reason })
}
