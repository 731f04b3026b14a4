//! What a page decides. It is on disk before it is answered, once however often it is sent.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::Deserialize;
use veridic::label::{Action, Decision};

use super::desk::{Desk, LONGEST, LONGEST_NAME, MOST, check_class, checked, refused};
use super::queue::SessionId;
use super::store::Entry;
use super::strategy::Why;
use super::view::{ItemView, State};
use crate::Result;

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

impl Desk {
    /// Seats an annotator at a page.
    pub(crate) fn sit(&self, session: SessionId, name: &str) -> Result<()> {
        let name = checked(name, LONGEST_NAME, "a name")?;
        let mut inner = self.lock();
        let number = inner.store.annotator(&name)?;
        inner.annotators.insert(number, name);
        inner.sessions.insert(session, number);
        Ok(())
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::label::{Items, check};
    use veridic::data::Images;

    #[test]
    fn a_full_disk_keeps_what_was_confirmed_and_takes_the_rest_when_there_is_room() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("l.db");
        let images =
            Images { n: 2000, height: 1, width: 2, channels: 1, pixels: vec![7; 4000], labels: None };
        let classes = ["a", "b"].map(str::to_owned);
        let desk = Desk::open(Items::of_images("i", images), &path, &classes, "ada", None).unwrap();
        desk.lock().store.limit(2);
        let choice = |row: u32| Choice {
            key: format!("{row}-{}", "x".repeat(80)),
            id: row,
            decision: Kind::Label,
            class: Some(1),
            proposal: None,
            again: false,
            have: Vec::new(),
            want: 3,
        };
        let full = (0..2000).find_map(|row| desk.decide(1, &choice(row)).err().map(|error| (row, error)));
        let (row, error) = full.unwrap();
        assert!(row > 0 && error.hint().is_some_and(|hint| hint.starts_with("free some space")), "{error}");
        let labelled = || check(&path, None).unwrap().labelled();
        assert_eq!((labelled(), desk.progress().0), (row as usize, row as usize));
        // Nobody holds what could not be given.
        let held = desk.state(1).held;
        assert!(desk.decide(1, &choice(row)).is_err());
        assert_eq!(desk.state(1).held, held);
        desk.lock().store.limit(1000);
        desk.decide(1, &choice(row)).unwrap();
        assert_eq!((labelled(), desk.progress().0), (row as usize + 1, row as usize + 1));
    }
}
