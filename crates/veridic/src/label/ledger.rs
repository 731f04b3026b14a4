//! The rules by which a history of decisions becomes labels. Nothing is ever taken out of the history: what is undone is
//! undone by another entry.

use std::collections::{BTreeMap, BTreeSet};

use crate::error::LabelError;

/// What was decided about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is of this class, counted from 0.
    Label(u16),
    /// Whoever looked did not want to say.
    Skip,
    /// Somebody else should look.
    Flag,
}

/// An entry of the history.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// A decision about the entry's row.
    Decide(Decision),
    /// A remark about the entry's row, which changes no label.
    Comment(String),
    /// The decision with this number does not count any more.
    Undo(u64),
}

/// What the model proposed when a decision was taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Proposal {
    /// The class.
    pub class: u16,
    /// Its probability, 0 to 1.
    pub probability: f32,
}

/// One entry of the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its number: 1, 2, 3, …
    pub id: u64,
    /// Milliseconds since 1970-01-01T00:00:00 UTC; never before the entry ahead of it.
    pub time: i64,
    /// The row.
    pub row: u32,
    /// Who it was, a number of the store's.
    pub annotator: u32,
    /// What was done.
    pub action: Action,
    /// What the model had proposed, if it had.
    pub proposal: Option<Proposal>,
}

/// Where a row stands: its last decision that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// No decision, or all of them undone.
    Pending,
    /// Labelled with this class.
    Labelled(u16),
    /// Skipped.
    Skipped,
    /// Flagged.
    Flagged,
}

/// How many rows stand where.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Rows labelled with each class.
    pub classes: Vec<usize>,
    /// Rows skipped.
    pub skipped: usize,
    /// Rows flagged.
    pub flagged: usize,
}

impl Counts {
    /// Rows labelled.
    pub fn labelled(&self) -> usize {
        self.classes.iter().sum()
    }
}

/// A history, and where it leaves each row. The last decision about a row that is not undone counts, whoever took it.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    events: Vec<Event>,
    /// The decisions that count of each row, as places in `events`, oldest first.
    live: BTreeMap<u32, Vec<usize>>,
    /// The decisions that count of each annotator, likewise.
    by_annotator: BTreeMap<u32, Vec<usize>>,
    undone: BTreeSet<u64>,
    /// The remarks about each row, as places in `events`.
    comments: BTreeMap<u32, Vec<usize>>,
    counts: Counts,
}

impl Ledger {
    /// An empty history of labels of so many classes.
    pub fn new(classes: usize) -> Self {
        let counts = Counts { classes: vec![0; classes], ..Counts::default() };
        Self { counts, ..Self::default() }
    }

    /// Makes room for one more class.
    pub fn add_class(&mut self) {
        self.counts.classes.push(0);
    }

    /// Finds out whether `event` may be the next entry.
    ///
    /// # Errors
    /// A number that is not the next, a time before the last entry's, a class that is not there, an undo of what is no
    /// decision, is undone already, or is of another row.
    pub fn check(&self, event: &Event) -> Result<(), LabelError> {
        let next = self.events.len() as u64 + 1;
        if event.id != next {
            return Err(LabelError::Number { found: event.id, expected: next });
        }
        if let Some(last) = self.events.last().filter(|last| last.time > event.time) {
            return Err(LabelError::Clock { event: event.id, behind: last.time - event.time });
        }
        match event.action {
            Action::Decide(Decision::Label(class)) if usize::from(class) >= self.counts.classes.len() => {
                Err(LabelError::Class { class, classes: self.counts.classes.len() })
            }
            Action::Undo(id) => match self.event(id) {
                Some(Event { action: Action::Decide(_), row, .. })
                    if *row == event.row && !self.undone.contains(&id) =>
                {
                    Ok(())
                }
                _ => Err(LabelError::Undo { id }),
            },
            _ => Ok(()),
        }
    }

    /// Adds the next entry.
    ///
    /// # Errors
    /// As [`Ledger::check`]; the history is then as it was.
    pub fn add(&mut self, event: Event) -> Result<(), LabelError> {
        self.check(&event)?;
        let (place, row) = (self.events.len(), event.row);
        let before = self.status(row);
        match event.action {
            Action::Decide(_) => {
                self.live.entry(row).or_default().push(place);
                self.by_annotator.entry(event.annotator).or_default().push(place);
            }
            Action::Undo(id) => {
                let undone = id as usize - 1;
                let annotator = self.events[undone].annotator;
                self.undone.insert(id);
                for places in [self.live.get_mut(&row), self.by_annotator.get_mut(&annotator)] {
                    places.into_iter().for_each(|places| places.retain(|place| *place != undone));
                }
            }
            Action::Comment(_) => self.comments.entry(row).or_default().push(place),
        }
        self.events.push(event);
        let after = self.status(row);
        if let Some(count) = self.count(before) {
            *count -= 1;
        }
        if let Some(count) = self.count(after) {
            *count += 1;
        }
        Ok(())
    }

    /// All entries, oldest first.
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The entry of this number.
    pub fn event(&self, id: u64) -> Option<&Event> {
        self.events.get(usize::try_from(id.checked_sub(1)?).ok()?)
    }

    /// Whether a decision was undone.
    pub fn is_undone(&self, id: u64) -> bool {
        self.undone.contains(&id)
    }

    /// Where a row stands.
    pub fn status(&self, row: u32) -> Status {
        match self.decided(row).map(|event| &event.action) {
            Some(Action::Decide(Decision::Label(class))) => Status::Labelled(*class),
            Some(Action::Decide(Decision::Skip)) => Status::Skipped,
            Some(Action::Decide(Decision::Flag)) => Status::Flagged,
            _ => Status::Pending,
        }
    }

    /// The decision about a row that counts.
    pub fn decided(&self, row: u32) -> Option<&Event> {
        self.live.get(&row)?.last().map(|place| &self.events[*place])
    }

    /// How many rows stand where.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The last decision of an annotator that is not undone: what undo would undo.
    pub fn last_of(&self, annotator: u32) -> Option<&Event> {
        self.by_annotator.get(&annotator)?.last().map(|place| &self.events[*place])
    }

    /// The last decisions that count, newest first.
    pub fn newest(&self) -> impl Iterator<Item = &Event> {
        let counts =
            |event: &&Event| matches!(event.action, Action::Decide(_)) && !self.undone.contains(&event.id);
        self.events.iter().rev().filter(counts)
    }

    /// The rows that are decided, with their status, by number.
    pub fn decided_rows(&self) -> impl Iterator<Item = (u32, Status)> {
        let rows = self.live.iter().filter(|(_, places)| !places.is_empty());
        rows.map(|(&row, _)| (row, self.status(row)))
    }

    /// The labelled rows with their classes, by number.
    pub fn labels(&self) -> impl Iterator<Item = (u32, u16)> {
        self.decided_rows().filter_map(|(row, status)| match status {
            Status::Labelled(class) => Some((row, class)),
            _ => None,
        })
    }

    /// The class that each annotator last gave a row, by annotator; only those that count.
    pub fn opinions(&self, row: u32) -> BTreeMap<u32, u16> {
        let places = self.live.get(&row).map_or(&[][..], Vec::as_slice);
        let labels = places.iter().filter_map(|place| match &self.events[*place] {
            Event { action: Action::Decide(Decision::Label(class)), annotator, .. } => {
                Some((*annotator, *class))
            }
            _ => None,
        });
        labels.collect()
    }

    /// The rows on which annotators differ, by number.
    pub fn disagreements(&self) -> Vec<u32> {
        let differ = |row: &u32| {
            let opinions = self.opinions(*row);
            let mut classes = opinions.values();
            classes.next().is_some_and(|first| classes.any(|other| other != first))
        };
        self.live.keys().copied().filter(differ).collect()
    }

    /// Remarks about a row, oldest first.
    pub fn comments(&self, row: u32) -> impl Iterator<Item = &str> {
        let places = self.comments.get(&row).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| match &self.events[*place].action {
            Action::Comment(text) => Some(text.as_str()),
            _ => None,
        })
    }

    fn count(&mut self, status: Status) -> Option<&mut usize> {
        match status {
            Status::Pending => None,
            Status::Labelled(class) => self.counts.classes.get_mut(usize::from(class)),
            Status::Skipped => Some(&mut self.counts.skipped),
            Status::Flagged => Some(&mut self.counts.flagged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A history as it is told: row, annotator, action.
    fn ledger(entries: &[(u32, u32, Action)]) -> Ledger {
        let mut ledger = Ledger::new(2);
        for (row, annotator, action) in entries {
            ledger.add(next(&ledger, *row, *annotator, action.clone())).unwrap();
        }
        ledger
    }

    fn next(ledger: &Ledger, row: u32, annotator: u32, action: Action) -> Event {
        let id = ledger.events().len() as u64 + 1;
        Event { id, time: id as i64, row, annotator, action, proposal: None }
    }

    fn label(class: u16) -> Action {
        Action::Decide(Decision::Label(class))
    }

    #[test]
    fn the_last_decision_that_is_not_undone_counts() {
        let mut ledger =
            ledger(&[(7, 1, label(0)), (7, 1, label(1)), (8, 1, Action::Decide(Decision::Skip))]);
        assert_eq!((ledger.status(7), ledger.status(8)), (Status::Labelled(1), Status::Skipped));
        assert_eq!(ledger.counts(), &Counts { classes: vec![0, 1], skipped: 1, flagged: 0 });
        ledger.add(next(&ledger, 7, 1, Action::Undo(2))).unwrap();
        assert_eq!(ledger.status(7), Status::Labelled(0));
        ledger.add(next(&ledger, 7, 1, Action::Undo(1))).unwrap();
        assert_eq!(ledger.status(7), Status::Pending);
        assert_eq!(ledger.counts(), &Counts { classes: vec![0, 0], skipped: 1, flagged: 0 });
        assert_eq!(ledger.labels().count(), 0);
        assert_eq!(ledger.events().len(), 5, "nothing is taken out");
    }

    #[test]
    fn undo_goes_back_through_ones_own_decisions_to_the_first() {
        let mut ledger = ledger(&[(1, 1, label(0)), (2, 2, label(0)), (3, 1, label(1))]);
        let mut undone = Vec::new();
        while let Some(event) = ledger.last_of(1) {
            let (id, row) = (event.id, event.row);
            undone.push(row);
            ledger.add(next(&ledger, row, 1, Action::Undo(id))).unwrap();
        }
        assert_eq!(undone, [3, 1]);
        assert_eq!(ledger.labels().collect::<Vec<_>>(), [(2, 0)]);
    }

    #[test]
    fn entries_that_cannot_be_are_refused_and_change_nothing() {
        let mut ledger = ledger(&[(1, 1, label(0)), (1, 1, Action::Comment("odd".into()))]);
        let refused = |ledger: &mut Ledger, event: Event| ledger.add(event).unwrap_err().to_string();
        let event = next(&ledger, 2, 1, label(2));
        assert_eq!(refused(&mut ledger, event), "there is no class 3, there are 2");
        for id in [2, 9, 0] {
            let event = next(&ledger, 1, 1, Action::Undo(id));
            assert_eq!(refused(&mut ledger, event), format!("entry {id} cannot be undone"));
        }
        let event = next(&ledger, 5, 1, Action::Undo(1));
        assert_eq!(refused(&mut ledger, event), "entry 1 cannot be undone");
        let event = Event { time: 1, ..next(&ledger, 1, 1, label(1)) };
        assert_eq!(refused(&mut ledger, event), "entry 3 is 1 ms older than the one before it");
        let event = Event { id: 7, ..next(&ledger, 1, 1, label(1)) };
        assert_eq!(refused(&mut ledger, event), "entry 7 is found where 3 must be");
        assert_eq!((ledger.events().len(), ledger.status(1)), (2, Status::Labelled(0)));
        ledger.add(next(&ledger, 1, 1, Action::Undo(1))).unwrap();
        let event = next(&ledger, 1, 1, Action::Undo(1));
        assert_eq!(refused(&mut ledger, event), "entry 1 cannot be undone");
    }

    #[test]
    fn opinions_are_the_last_of_each_and_rows_where_they_differ_are_found() {
        let mut ledger = ledger(&[
            (1, 1, label(0)),
            (1, 2, label(1)),
            (2, 1, label(1)),
            (2, 2, label(0)),
            (2, 2, label(1)),
            (3, 1, label(0)),
        ]);
        assert_eq!(ledger.opinions(1).into_iter().collect::<Vec<_>>(), [(1, 0), (2, 1)]);
        assert_eq!(ledger.disagreements(), [1]);
        ledger.add(next(&ledger, 1, 2, Action::Undo(2))).unwrap();
        assert_eq!(ledger.disagreements(), Vec::<u32>::new());
    }

    #[test]
    fn remarks_stay_and_change_no_label() {
        let ledger = ledger(&[(1, 1, Action::Comment("a".into())), (1, 2, Action::Comment("b".into()))]);
        assert_eq!(ledger.comments(1).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(ledger.status(1), Status::Pending);
    }
}
