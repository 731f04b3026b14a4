//! Who gets which row next. A row is held by one page at a time; what is not decided in time comes back first.
//!
//! Holds are kept in memory and measured by a clock that cannot be set back: the process that has the file is the only one,
//! and when it ends so do its pages.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use super::strategy::Why;

/// How long a page may keep a row without being heard of.
pub(crate) const HOLD: Duration = Duration::from_secs(300);

/// A page that is open, by its session.
pub(crate) type SessionId = u64;

/// Rows in the order in which they are to be asked, and who holds which.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    order: Vec<(u32, Why)>,
    /// Rows of `order` before this place were given out, or were decided already.
    at: usize,
    /// Rows that came back.
    back: VecDeque<u32>,
    /// Rows that somebody asked for, whatever the order says.
    chosen: VecDeque<u32>,
    held: BTreeMap<u32, (SessionId, Instant)>,
    /// Why the rows that are held were asked.
    whys: BTreeMap<u32, Why>,
}

impl Queue {
    /// Takes another order; holds stay as they are.
    pub(crate) fn reorder(&mut self, order: Vec<(u32, Why)>) {
        (self.order, self.at) = (order, 0);
    }

    /// Holds the next `n` rows that are `open` and nobody holds for a session.
    pub(crate) fn take(
        &mut self,
        session: SessionId,
        n: usize,
        now: Instant,
        open: impl Fn(u32) -> bool,
    ) -> Vec<(u32, Why)> {
        self.lapse(now);
        let mut taken = Vec::with_capacity(n);
        while taken.len() < n {
            let early = self.back.pop_front().map(|row| (row, Why::Again));
            let next = match early.or_else(|| self.chosen.pop_front().map(|row| (row, Why::Chosen))) {
                Some(next) => next,
                None => match self.order.get(self.at) {
                    Some(next) => {
                        self.at += 1;
                        *next
                    }
                    None => break,
                },
            };
            if open(next.0) && !self.held.contains_key(&next.0) {
                self.held.insert(next.0, (session, now + HOLD));
                self.whys.insert(next.0, next.1);
                taken.push(next);
            }
        }
        taken
    }

    /// Holds a row for a session, or prolongs its hold; `false` where another has it.
    pub(crate) fn hold(&mut self, row: u32, session: SessionId, now: Instant) -> bool {
        self.lapse(now);
        let holder = self.held.entry(row).or_insert((session, now));
        if holder.0 != session {
            return false;
        }
        holder.1 = now + HOLD;
        self.back.retain(|other| *other != row);
        true
    }

    /// Whether another session than this has the row.
    pub(crate) fn is_held_by_another(&self, row: u32, session: SessionId, now: Instant) -> bool {
        self.held.get(&row).is_some_and(|(holder, until)| *holder != session && *until > now)
    }

    /// Whether this session has the row.
    pub(crate) fn has(&self, row: u32, session: SessionId) -> bool {
        self.held.get(&row).is_some_and(|(holder, _)| *holder == session)
    }

    /// Why a row that is held was asked.
    pub(crate) fn why(&self, row: u32) -> Why {
        self.whys.get(&row).copied().unwrap_or(Why::Again)
    }

    /// Whether any session has the row.
    pub(crate) fn is_held(&self, row: u32) -> bool {
        self.held.contains_key(&row)
    }

    /// Ends a hold because the row was decided.
    pub(crate) fn settle(&mut self, row: u32) {
        self.held.remove(&row);
        self.whys.remove(&row);
    }

    /// Ends a session's hold of a row that was not decided: it comes back first.
    pub(crate) fn give_back(&mut self, row: u32, session: SessionId) {
        if self.held.get(&row).is_some_and(|(holder, _)| *holder == session) {
            self.held.remove(&row);
            self.back.push_back(row);
        }
    }

    /// Puts rows that nobody decided before all others.
    pub(crate) fn come_back(&mut self, rows: impl IntoIterator<Item = u32>) {
        self.back.extend(rows);
    }

    /// Puts these rows before those of the order, and after those that came back.
    pub(crate) fn choose(&mut self, rows: impl IntoIterator<Item = u32>) {
        self.chosen.extend(rows);
    }

    /// Rows that are held now.
    pub(crate) fn n_held(&self) -> usize {
        self.held.len()
    }

    fn lapse(&mut self, now: Instant) {
        let lapsed: Vec<u32> =
            self.held.iter().filter(|(_, (_, until))| *until <= now).map(|(row, _)| *row).collect();
        for row in lapsed {
            self.held.remove(&row);
            self.back.push_back(row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(rows: std::ops::Range<u32>) -> Queue {
        let mut queue = Queue::default();
        queue.reorder(rows.map(|row| (row, Why::Random)).collect());
        queue
    }

    fn rows(taken: Vec<(u32, Why)>) -> Vec<u32> {
        taken.into_iter().map(|(row, _)| row).collect()
    }

    #[test]
    fn two_sessions_never_get_the_same_row() {
        let (mut queue, now) = (queue(0..6), Instant::now());
        assert_eq!(rows(queue.take(1, 2, now, |_| true)), [0, 1]);
        assert_eq!(rows(queue.take(2, 2, now, |_| true)), [2, 3]);
        // Also not after another order.
        queue.reorder((0..6).rev().map(|row| (row, Why::Unsure)).collect());
        assert_eq!(rows(queue.take(1, 9, now, |row| row != 5)), [4]);
        assert!(queue.is_held_by_another(2, 1, now) && !queue.is_held_by_another(0, 1, now));
        assert!(!queue.hold(2, 1, now) && queue.hold(2, 2, now));
    }

    #[test]
    fn what_is_not_decided_in_time_or_is_given_back_comes_first() {
        let (mut queue, now) = (queue(0..9), Instant::now());
        assert_eq!(rows(queue.take(1, 3, now, |_| true)), [0, 1, 2]);
        queue.settle(0);
        queue.give_back(2, 1);
        queue.give_back(1, 7);
        assert_eq!(queue.take(2, 2, now, |row| row != 0), [(2, Why::Again), (3, Why::Random)]);
        let later = now + HOLD;
        assert_eq!(rows(queue.take(3, 2, later, |row| row != 0)), [1, 2]);
    }

    #[test]
    fn chosen_rows_come_before_the_order_and_after_what_came_back() {
        let (mut queue, now) = (queue(0..9), Instant::now());
        queue.choose([7, 3, 5]);
        queue.come_back([8]);
        let wanted = [(8, Why::Again), (7, Why::Chosen), (5, Why::Chosen), (0, Why::Random)];
        assert_eq!(queue.take(1, 4, now, |row| row != 3), wanted);
        queue.reorder((0..9).rev().map(|row| (row, Why::Unsure)).collect());
        assert_eq!(rows(queue.take(2, 9, now, |_| true)), [6, 4, 3, 2, 1]);
    }

    #[test]
    fn a_page_that_is_heard_of_keeps_its_rows() {
        let (mut queue, now) = (queue(0..4), Instant::now());
        queue.take(1, 1, now, |_| true);
        let later = now + HOLD / 2;
        assert!(queue.hold(0, 1, later));
        assert_eq!(rows(queue.take(2, 4, now + HOLD, |_| true)), [1, 2, 3]);
        assert!(!queue.hold(0, 2, now + HOLD));
    }
}
