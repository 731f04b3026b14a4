//! Categories as codes: frequent ones of their own, rare ones of many in buckets.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::data::MISSING;

/// Most symbols that have a code each.
const MOST_CODES: usize = 253;

/// Where there are more symbols: so many have a code each, the others share buckets.
const FREQUENT: usize = 200;
const BUCKETS: usize = 53;

/// What a member of a bucket has before it is counted.
const PRIOR: f64 = 0.5;

/// How the categories of a column become codes and come back. Symbols are levels; the one after the last level is a missing
/// cell, the next after that a level never seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(in crate::models) struct TextCoder {
    levels: Vec<String>,
    /// Symbols of each code, the most frequent first; sums of shares within the code up to each.
    members: Vec<Vec<(u32, f64)>>,
}

impl TextCoder {
    /// Learns how to code symbols, each a level or [`MISSING`].
    pub(in crate::models) fn fit(symbols: impl Iterator<Item = u32>, levels: Vec<String>) -> Self {
        let missing = levels.len();
        let mut counts = vec![0u32; missing + 1];
        for symbol in symbols {
            counts[if symbol == MISSING { missing } else { symbol as usize }] += 1;
        }
        let mut seen: Vec<u32> = (0..=missing as u32).filter(|s| counts[*s as usize] > 0).collect();
        // The sort is stable: among equals the first level first.
        seen.sort_by_key(|symbol| std::cmp::Reverse(counts[*symbol as usize]));
        let mut groups: Vec<Vec<u32>> = Vec::new();
        if seen.len() <= MOST_CODES {
            groups.extend(seen.into_iter().map(|symbol| vec![symbol]));
        } else {
            groups.extend(seen[..FREQUENT].iter().map(|symbol| vec![*symbol]));
            let rest = &seen[FREQUENT..];
            let total: u64 = rest.iter().map(|symbol| u64::from(counts[*symbol as usize])).sum();
            let mut passed = 0u64;
            let mut buckets = vec![Vec::new(); BUCKETS];
            for symbol in rest {
                buckets[(passed * BUCKETS as u64 / total) as usize].push(*symbol);
                passed += u64::from(counts[*symbol as usize]);
            }
            groups.extend(buckets.into_iter().filter(|bucket| !bucket.is_empty()));
        }
        let members = groups.into_iter().map(|group| {
            let weight = |symbol: &u32| f64::from(counts[*symbol as usize]) + PRIOR;
            let total: f64 = group.iter().map(weight).sum();
            let mut sum = 0.0;
            group
                .iter()
                .map(|symbol| {
                    sum += weight(symbol) / total;
                    (*symbol, sum)
                })
                .collect()
        });
        let members = members.collect();
        Self { levels, members }
    }

    /// Number of codes.
    pub(in crate::models) fn codes(&self) -> usize {
        self.members.len()
    }

    /// Number of codes by which later columns see this one; the last is of symbols never seen.
    pub(in crate::models) fn bins(&self) -> usize {
        self.members.len() + 1
    }

    /// Whether every code is one symbol.
    pub(in crate::models) fn is_discrete(&self) -> bool {
        self.members.iter().all(|members| members.len() == 1)
    }

    pub(in crate::models) fn levels(&self) -> &[String] {
        &self.levels
    }

    /// The code of each symbol and its share of the code; [`codes`](Self::codes) and 0 for symbols never seen.
    pub(in crate::models) fn lookup(&self) -> Vec<(u8, f32)> {
        let mut lookup = vec![(self.members.len() as u8, 0.0); self.levels.len() + 2];
        for (code, members) in self.members.iter().enumerate() {
            let mut below = 0.0;
            for (symbol, sum) in members {
                lookup[*symbol as usize] = (code as u8, (sum - below) as f32);
                below = *sum;
            }
        }
        lookup
    }

    /// The symbol of a missing cell.
    pub(in crate::models) fn missing(&self) -> u32 {
        self.levels.len() as u32
    }

    /// The symbol of this coder for each level of other cells.
    pub(in crate::models) fn symbols(&self, levels: &[String]) -> Vec<u32> {
        let known: HashMap<&str, u32> =
            self.levels.iter().enumerate().map(|(i, level)| (level.as_str(), i as u32)).collect();
        let unknown = self.missing() + 1;
        levels.iter().map(|level| known.get(level.as_str()).copied().unwrap_or(unknown)).collect()
    }

    /// Number of symbols that share a code.
    pub(in crate::models) fn sharing(&self, code: usize) -> usize {
        self.members.get(code).map_or(0, Vec::len)
    }

    /// The symbol at `place`, 0 to 1, of a code.
    pub(in crate::models) fn symbol(&self, code: usize, place: f64) -> u32 {
        let Some(members) = self.members.get(code) else { return self.missing() };
        let found = members.partition_point(|(_, sum)| *sum <= place).min(members.len() - 1);
        members[found].0
    }

    /// What is wrong with a coder that was read from a file, if anything.
    pub(in crate::models) fn problem(&self) -> Option<&'static str> {
        let known = |(symbol, share): &(u32, f64)| *symbol as usize <= self.levels.len() && share.is_finite();
        let sound = |members: &Vec<(u32, f64)>| !members.is_empty() && members.iter().all(known);
        let sizes = (1..=254).contains(&self.members.len());
        (!sizes || !self.members.iter().all(sound)).then_some("categories that are not there")
    }
}
