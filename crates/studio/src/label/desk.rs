//! What the page can ask for. Every decision is on disk before it is answered.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Deserialize;
use veridic::data::Matrix;
use veridic::label::{Action, Decision, Event, Ledger, Proposal, Status};

use super::items::{Fingerprint, Items};
use super::queue::{Queue, SessionId};
use super::store::{self, Entry, Store};
use super::strategy::{Order, Why};
use super::view::{About, ItemView, Recent, State, described};
use crate::{Result, StudioError};

/// Rows that one answer brings at most.
pub(crate) const MOST: usize = 64;
/// Characters of a remark or a name.
const LONGEST: usize = 2000;
/// Characters of the name of a class.
const LONGEST_NAME: usize = 60;

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
    items: Items,
    inner: Mutex<Inner>,
    wake: (Mutex<Wake>, Condvar),
    budget: Option<usize>,
    notes: Vec<String>,
    reasons: Option<Reasons>,
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
struct Inner {
    store: Store,
    classes: Vec<String>,
    annotators: BTreeMap<u32, String>,
    shown: BTreeMap<u32, Fingerprint>,
    ledger: Ledger,
    keys: HashMap<String, u64>,
    queue: Queue,
    /// Who sits at each page, where it is not the first annotator.
    sessions: BTreeMap<SessionId, u32>,
    /// Who sits at a page that was not told.
    host: u32,
    features: Option<Arc<Matrix>>,
    proposals: Option<Arc<Proposals>>,
    strategy: String,
}

#[derive(Debug, Default)]
struct Wake {
    dirty: bool,
    stop: bool,
}

/// A decision as the page sends it.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Choice {
    /// Chosen by the page; the same key is kept once.
    pub key: String,
    /// The row, from 0.
    pub id: u32,
    /// What was decided.
    pub decision: Kind,
    /// The class of a label, from 0.
    #[serde(default)]
    pub class: Option<u16>,
    /// What the page showed as proposal: class and probability.
    #[serde(default)]
    pub proposal: Option<(u16, f32)>,
    /// Whether the row was decided before and is looked at again.
    #[serde(default)]
    pub again: bool,
    /// Rows that the page has ready.
    #[serde(default)]
    pub have: Vec<u32>,
    /// How many more it wants.
    #[serde(default)]
    pub want: usize,
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A class was given.
    Label,
    /// The row was passed over.
    Skip,
    /// Somebody else should look.
    Flag,
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

/// Rows to go through once more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Review {
    /// Annotators differ.
    Disagreements,
    /// Flagged.
    Flagged,
    /// Skipped.
    Skipped,
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

    /// Seats an annotator at a page.
    pub(crate) fn sit(&self, session: SessionId, name: &str) -> Result<()> {
        let name = checked(name, LONGEST_NAME, "a name")?;
        let mut inner = self.lock();
        let number = inner.store.annotator(&name)?;
        inner.annotators.insert(number, name);
        inner.sessions.insert(session, number);
        Ok(())
    }

    /// What does not change while a page is open.
    pub(crate) fn about(&self) -> About {
        let inner = self.lock();
        super::view::about(&self.items, inner.store.path(), self.budget)
    }

    /// Counts and figures.
    pub(crate) fn state(&self, session: SessionId) -> State {
        self.state_of(&self.lock(), session)
    }

    /// `want` more rows for a page that has `have`.
    pub(crate) fn next(
        &self,
        session: SessionId,
        have: &[u32],
        want: usize,
    ) -> Result<(Vec<ItemView>, State)> {
        let mut inner = self.lock();
        let taken = self.take(&mut inner, session, have, want);
        let shown = self.not_yet_shown(&inner, &taken);
        if let Err(error) = inner.commit(&shown, Vec::new()) {
            taken.iter().for_each(|(row, _)| inner.queue.give_back(*row, session));
            return Err(error);
        }
        Ok((self.views(&inner, &taken), self.state_of(&inner, session)))
    }

    /// Rows that a page has, as they are now.
    pub(crate) fn look(&self, session: SessionId, rows: &[u32]) -> Vec<ItemView> {
        let inner = self.lock();
        let own = |row: &&u32| (**row as usize) < self.items.len() && inner.queue.has(**row, session);
        let rows: Vec<(u32, Why)> =
            rows.iter().filter(own).take(MOST).map(|row| (*row, inner.queue.why(*row))).collect();
        self.views(&inner, &rows)
    }

    /// Keeps a decision, and gives more rows.
    pub(crate) fn decide(&self, session: SessionId, choice: &Choice) -> Result<(Vec<ItemView>, State)> {
        let mut inner = self.lock();
        let mut entries = Vec::new();
        if !inner.keys.contains_key(&choice.key) {
            let decision = match (choice.decision, choice.class) {
                (Kind::Label, Some(class)) => Decision::Label(class),
                (Kind::Label, None) => return refused("a label needs a class"),
                (Kind::Skip, _) => Decision::Skip,
                (Kind::Flag, _) => Decision::Flag,
            };
            inner.may_decide(choice.id, session, choice.again, self.items.len())?;
            let action = Action::Decide(decision);
            entries.push(inner.entry(session, choice.id, action, choice.proposal, &choice.key)?);
            // So that it is not among the rows that come next.
            inner.queue.hold(choice.id, session, Instant::now());
        }
        let taken = self.take(&mut inner, session, &choice.have, choice.want);
        let mut shown = self.not_yet_shown(&inner, &taken);
        shown.extend(self.not_yet_shown(&inner, &[(choice.id, Why::Again)]));
        if let Err(error) = inner.commit(&shown, entries) {
            taken.iter().for_each(|(row, _)| inner.queue.give_back(*row, session));
            return Err(error);
        }
        inner.queue.settle(choice.id);
        let answer = (self.views(&inner, &taken), self.state_of(&inner, session));
        drop(inner);
        self.wake();
        Ok(answer)
    }

    /// Gives many rows one class at once: all or none are kept.
    pub(crate) fn decide_all(
        &self,
        session: SessionId,
        key: &str,
        class: u16,
        rows: &[u32],
    ) -> Result<State> {
        let mut inner = self.lock();
        if rows.is_empty() || rows.len() > MOST {
            return refused(format!("1 to {MOST} rows can be labelled at once"));
        }
        if rows.iter().collect::<BTreeSet<_>>().len() < rows.len() {
            return refused("a row is there twice");
        }
        let keys: Vec<String> = (0..rows.len()).map(|i| format!("{key}/{i}")).collect();
        let mut entries: Vec<Entry> = Vec::new();
        if !inner.keys.contains_key(&keys[0]) {
            for (row, key) in rows.iter().zip(&keys) {
                inner.may_decide(*row, session, false, self.items.len())?;
                let proposal = inner.proposals.as_ref().and_then(|proposals| {
                    let shares = proposals.shares.row(*row as usize);
                    let best = (0..shares.len()).max_by(|a, b| shares[*a].total_cmp(&shares[*b]))?;
                    Some((best as u16, shares[best]))
                });
                let action = Action::Decide(Decision::Label(class));
                let mut entry = inner.entry(session, *row, action, proposal, key)?;
                entry.event.id += entries.len() as u64;
                entries.push(entry);
            }
        }
        let again: Vec<(u32, Why)> = rows.iter().map(|row| (*row, Why::Again)).collect();
        let shown = self.not_yet_shown(&inner, &again);
        inner.commit(&shown, entries)?;
        rows.iter().for_each(|row| inner.queue.settle(*row));
        let state = self.state_of(&inner, session);
        drop(inner);
        self.wake();
        Ok(state)
    }

    /// Rows that the model takes for `class`, surest first, held for a page.
    pub(crate) fn alike(&self, session: SessionId, class: u16, want: usize) -> Result<Vec<ItemView>> {
        let mut inner = self.lock();
        let Some(proposals) = inner.proposals.clone() else {
            return refused("there is no model yet: label a few rows of at least two classes first");
        };
        let class = usize::from(class);
        let shares = &proposals.shares;
        if class >= shares.n_cols {
            return refused("the model does not know this class yet");
        }
        let is_of =
            |row: u32| shares.row(row as usize).iter().all(|share| *share <= shares.row(row as usize)[class]);
        let mut rows: Vec<u32> = (0..shares.n_rows as u32)
            .filter(|&row| {
                inner.ledger.status(row) == Status::Pending && !inner.queue.is_held(row) && is_of(row)
            })
            .collect();
        rows.sort_by(|a, b| shares.row(*b as usize)[class].total_cmp(&shares.row(*a as usize)[class]));
        rows.truncate(want.min(MOST));
        let now = Instant::now();
        let taken: Vec<(u32, Why)> = rows
            .into_iter()
            .filter(|row| inner.queue.hold(*row, session, now))
            .map(|row| (row, Why::Likely))
            .collect();
        let shown = self.not_yet_shown(&inner, &taken);
        inner.commit(&shown, Vec::new())?;
        Ok(self.views(&inner, &taken))
    }

    /// Rows to look at once more, held for a page.
    pub(crate) fn review(&self, session: SessionId, what: Review) -> Vec<ItemView> {
        let mut inner = self.lock();
        let rows: Vec<u32> = match what {
            Review::Disagreements => inner.ledger.disagreements(),
            Review::Flagged | Review::Skipped => {
                let wanted = if what == Review::Flagged { Status::Flagged } else { Status::Skipped };
                inner
                    .ledger
                    .decided_rows()
                    .filter(|(_, status)| *status == wanted)
                    .map(|(row, _)| row)
                    .collect()
            }
        };
        let now = Instant::now();
        let taken: Vec<(u32, Why)> = rows
            .into_iter()
            .filter(|row| inner.queue.hold(*row, session, now))
            .take(MOST)
            .map(|row| (row, Why::Again))
            .collect();
        self.views(&inner, &taken)
    }

    /// Undoes a decision, or the page's annotator's last: an entry of its own. Gives the row back to the page.
    pub(crate) fn undo(
        &self,
        session: SessionId,
        key: &str,
        event: Option<u64>,
    ) -> Result<(Option<ItemView>, State)> {
        let mut inner = self.lock();
        let row = match inner.keys.get(key) {
            // Sent twice: it was undone the first time.
            Some(id) => inner.ledger.event(*id).map(|event| event.row),
            None => {
                let annotator = inner.annotator(session);
                let undone = match event {
                    Some(id) => inner.ledger.event(id),
                    None => inner.ledger.last_of(annotator),
                };
                let Some((id, row)) = undone.map(|event| (event.id, event.row)) else {
                    return Ok((None, self.state_of(&inner, session)));
                };
                let entry = inner.entry(session, row, Action::Undo(id), None, key)?;
                inner.commit(&[], vec![entry])?;
                Some(row)
            }
        };
        let view = match row {
            Some(row) if inner.queue.hold(row, session, Instant::now()) => {
                self.views(&inner, &[(row, Why::Again)]).pop()
            }
            _ => None,
        };
        let answer = (view, self.state_of(&inner, session));
        drop(inner);
        self.wake();
        Ok(answer)
    }

    /// Keeps a remark about a row.
    pub(crate) fn comment(&self, session: SessionId, key: &str, row: u32, text: &str) -> Result<Vec<String>> {
        let text = checked(text, LONGEST, "a remark")?;
        let mut inner = self.lock();
        if row as usize >= self.items.len() {
            return refused(format!("there is no row {}", u64::from(row) + 1));
        }
        if !inner.keys.contains_key(key) {
            let entry = inner.entry(session, row, Action::Comment(text), None, key)?;
            let shown = self.not_yet_shown(&inner, &[(row, Why::Again)]);
            inner.commit(&shown, vec![entry])?;
        }
        Ok(inner.ledger.comments(row).map(str::to_owned).collect())
    }

    /// Adds a class.
    pub(crate) fn add_class(&self, name: &str) -> Result<()> {
        let name = name.trim();
        let mut inner = self.lock();
        check_class(name, &inner.classes)?;
        inner.store.add_class(name)?;
        inner.classes.push(name.to_owned());
        inner.ledger.add_class();
        Ok(())
    }

    /// Gives rows back that a page will not decide.
    pub(crate) fn release(&self, session: SessionId, rows: &[u32]) {
        let mut inner = self.lock();
        rows.iter().for_each(|row| inner.queue.give_back(*row, session));
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

    fn wake(&self) {
        self.wake.0.lock().unwrap_or_else(PoisonError::into_inner).dirty = true;
        self.wake.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // Memory follows the disk: a panic in between leaves what is on disk.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, inner: &mut Inner, session: SessionId, have: &[u32], want: usize) -> Vec<(u32, Why)> {
        let now = Instant::now();
        for row in have.iter().take(4 * MOST) {
            inner.queue.hold(*row, session, now);
        }
        let Inner { queue, ledger, .. } = inner;
        let (have, rows): (BTreeSet<u32>, usize) = (have.iter().copied().collect(), self.items.len());
        queue.take(session, want.min(MOST), now, |row| {
            (row as usize) < rows && ledger.status(row) == Status::Pending && !have.contains(&row)
        })
    }

    fn not_yet_shown(&self, inner: &Inner, rows: &[(u32, Why)]) -> Vec<(u32, Fingerprint)> {
        let new = rows.iter().filter(|(row, _)| !inner.shown.contains_key(row));
        new.filter_map(|(row, _)| Some((*row, *self.items.fingerprints().get(*row as usize)?))).collect()
    }

    fn views(&self, inner: &Inner, rows: &[(u32, Why)]) -> Vec<ItemView> {
        let proposals = inner.proposals.as_deref();
        let features = inner.features.as_deref();
        let one = |(row, why): &(u32, Why)| {
            let mut view = described(&self.items, self.reasons.as_ref(), *row, *why);
            if let Some(proposals) = proposals {
                view.shares = proposals.shares.row(*row as usize).to_vec();
            }
            if let Some(features) = features {
                view.near = super::view::near(features, &inner.ledger, *row);
            }
            view.comments = inner.ledger.comments(*row).map(str::to_owned).collect();
            view.decided = inner.ledger.decided(*row).map(|event| Recent::of(event, &inner.annotators));
            let opinions = inner.ledger.opinions(*row);
            view.opinions = opinions
                .into_iter()
                .map(|(annotator, class)| {
                    (inner.annotators.get(&annotator).cloned().unwrap_or_default(), class)
                })
                .collect();
            view
        };
        rows.iter().map(one).collect()
    }

    fn state_of(&self, inner: &Inner, session: SessionId) -> State {
        let annotator = inner.annotator(session);
        let mut state = super::view::state(
            &inner.ledger,
            &inner.classes,
            &inner.annotators,
            annotator,
            self.items.len(),
            self.budget,
        );
        state.shown = inner.shown.len();
        state.held = inner.queue.n_held();
        state.strategy.clone_from(&inner.strategy);
        state.model = inner.proposals.as_ref().map(|proposals| (proposals.name.clone(), proposals.labels));
        state
    }
}

impl Inner {
    fn annotator(&self, session: SessionId) -> u32 {
        self.sessions.get(&session).copied().unwrap_or(self.host)
    }

    /// The next entry, checked.
    fn entry(
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

    fn may_decide(&self, row: u32, session: SessionId, again: bool, rows: usize) -> Result<()> {
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
    fn commit(&mut self, shown: &[(u32, Fingerprint)], entries: Vec<Entry>) -> Result<()> {
        self.store.commit(shown, &entries)?;
        self.shown.extend(shown.iter().copied());
        for Entry { event, key } in entries {
            self.keys.insert(key, event.id);
            self.ledger.add(event)?;
        }
        Ok(())
    }
}

fn refused<T>(why: impl Into<String>) -> Result<T> {
    Err(StudioError::Refused(why.into()))
}

fn checked(text: &str, longest: usize, what: &str) -> Result<String> {
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
