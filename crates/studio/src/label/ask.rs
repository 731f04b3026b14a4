//! What a page is given: rows that nobody else has, and how things stand.

use std::collections::BTreeSet;
use std::time::Instant;

use serde::Deserialize;
use veridic::label::Status;

use super::desk::{Desk, Inner, MOST, refused};
use super::items::Fingerprint;
use super::queue::SessionId;
use super::strategy::Why;
use super::view::{self, About, ItemView, Recent, State};
use crate::Result;

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
    /// What does not change while a page is open.
    pub(crate) fn about(&self) -> About {
        let inner = self.lock();
        view::about(&self.items, inner.store.path(), self.budget)
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

    /// What rows of a table hold, by number.
    pub(crate) fn cells(&self, rows: &[u32]) -> Vec<(u32, Vec<Option<String>>)> {
        rows.iter().take(MOST).map(|row| (*row, view::cells(&self.items, *row))).collect()
    }

    /// Gives rows back that a page will not decide.
    pub(crate) fn release(&self, session: SessionId, rows: &[u32]) {
        let mut inner = self.lock();
        rows.iter().for_each(|row| inner.queue.give_back(*row, session));
    }

    pub(super) fn take(
        &self,
        inner: &mut Inner,
        session: SessionId,
        have: &[u32],
        want: usize,
    ) -> Vec<(u32, Why)> {
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

    pub(super) fn not_yet_shown(&self, inner: &Inner, rows: &[(u32, Why)]) -> Vec<(u32, Fingerprint)> {
        let new = rows.iter().filter(|(row, _)| !inner.shown.contains_key(row));
        new.filter_map(|(row, _)| Some((*row, *self.items.fingerprints().get(*row as usize)?))).collect()
    }

    pub(super) fn views(&self, inner: &Inner, rows: &[(u32, Why)]) -> Vec<ItemView> {
        let proposals = inner.proposals.as_deref();
        let features = inner.features.as_deref();
        let one = |(row, why): &(u32, Why)| {
            let mut view = view::described(&self.items, self.reasons.as_ref(), *row, *why);
            if let Some(proposals) = proposals {
                view.shares = proposals.shares.row(*row as usize).to_vec();
            }
            if let Some(features) = features {
                view.near = view::near(features, &inner.ledger, *row);
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

    pub(super) fn state_of(&self, inner: &Inner, session: SessionId) -> State {
        let annotator = inner.annotator(session);
        let mut state = view::state(
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
