//! Where values live while a plan runs.

/// A place, before addresses are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// In a worker's own memory, for one chunk of rows: an offset.
    Chunk(usize),
    /// For all rows: an entry of the row storage.
    Rows(usize),
    /// Shared by all rows: an offset.
    Shared(usize),
    /// A state.
    State(usize),
    /// One part for each unit of work: an entry of the partial storage.
    Partial(usize),
}

/// First-fit allocation of one memory by lifetime, done once when a plan is compiled.
#[derive(Debug, Default)]
pub(crate) struct Arena {
    /// Live blocks as (offset, length), by offset.
    live: Vec<(usize, usize)>,
    /// Values needed in all.
    pub(crate) len: usize,
}

/// Blocks begin on cache lines.
const LINE: usize = 16;

impl Arena {
    /// A block of `len` values.
    pub(crate) fn allocate(&mut self, len: usize) -> usize {
        let len = len.max(1).next_multiple_of(LINE);
        let mut offset = 0;
        let mut at = self.live.len();
        for (i, &(start, used)) in self.live.iter().enumerate() {
            if start - offset >= len {
                at = i;
                break;
            }
            offset = start + used;
        }
        self.live.insert(at, (offset, len));
        self.len = self.len.max(offset + len);
        offset
    }

    /// Gives the block at `offset` back.
    pub(crate) fn free(&mut self, offset: usize) {
        self.live.retain(|&(start, _)| start != offset);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_blocks_are_used_again() {
        let mut arena = Arena::default();
        let (a, b) = (arena.allocate(20), arena.allocate(10));
        assert_eq!((a, b, arena.len), (0, 32, 48));
        arena.free(a);
        assert_eq!(arena.allocate(16), 0);
        assert_eq!(arena.allocate(16), 16);
        assert_eq!(arena.allocate(1), 48);
    }
}
