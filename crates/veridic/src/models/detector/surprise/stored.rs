//! The detector as a file holds it.

use super::super::classical::Method;
use super::super::encoding::{Encoding, Ranks};
use super::super::isolation_forest::IsolationForest;
use super::super::relation::Relations;
use super::super::stored::{Parts, insert_json};
use super::super::tail::Tail;
use super::super::witness::Witness;
use super::cell::MaskedCells;
use super::edge::Support;
use super::marginal::Marginal;
use super::space::Space;
use super::span::Span;
use super::{CELL, FOREST, MEMBERS, SPAN, Spaces, Surprise, SurpriseConfig};
use crate::models::Stored;

impl Surprise {
    /// All that is learned.
    pub fn store(&self) -> Stored {
        let mut stored = Stored::default();
        insert_json(&mut stored, "config", &self.config);
        insert_json(&mut stored, "marginals", &self.marginals);
        insert_json(&mut stored, "supports", &self.supports);
        stored.absorb("encoding", self.encoding.store());
        stored.absorb("witness", self.witness.store());
        if let Some(relations) = &self.relations {
            stored.absorb("relations", relations.store());
        }
        let mut usual: Vec<f64> = Vec::new();
        let mut members = 0;
        for (i, (tail, own)) in self.tails.iter().zip(&self.usual).enumerate() {
            let Some(tail) = tail else { continue };
            tail.store(&mut stored, &format!("tail.{i}"));
            usual.extend(own);
            members += 1;
        }
        self.tail.store(&mut stored, "tail");
        stored.insert("usual", &[members, self.encoding.columns.len()], usual);
        if let Some(forest) = &self.forest {
            stored.absorb("forest", forest.store());
        }
        if let Some(cells) = &self.cells {
            stored.absorb("cells", cells.store());
        }
        if let Some(spaces) = &self.spaces {
            stored.absorb("standard", spaces.standard.store());
            stored.absorb("ranked", spaces.ranked.store());
            if let Some(span) = &spaces.span {
                stored.absorb("span", span.store());
            }
            stored.insert("scales", &[spaces.scales.len()], spaces.scales.clone());
            store_ranks(&mut stored, &spaces.ranks);
        }
        stored
    }

    /// What [`store`](Self::store) gave.
    ///
    /// # Errors
    /// What is missing or damaged.
    pub fn restore(stored: &Stored) -> Result<Self, String> {
        let config: SurpriseConfig = stored.json("config")?;
        config.check("model.surprise").map_err(|error| error.to_string())?;
        let encoding = Encoding::restore(&stored.below("encoding"))?;
        let width = encoding.columns.len();
        let marginals: Vec<Marginal> = stored.json("marginals")?;
        if marginals.len() != width || !marginals.iter().all(Marginal::check) {
            return Err("`marginals` does not fit the columns".to_string());
        }
        // Detectors of earlier versions do not look where numbers are.
        let supports: Vec<Support> = match stored.about.contains_key("supports") {
            true => stored.json("supports")?,
            false => Vec::new(),
        };
        if !(supports.is_empty() || supports.len() == width) || !supports.iter().all(Support::check) {
            return Err("`supports` does not fit the columns".to_string());
        }
        // They have no forest, nor have those that learned from rows which are all ordinary.
        let forest = stored.below("forest");
        let forest = match forest.about.is_empty() {
            true => None,
            false => Some(IsolationForest::restore(&forest, encoding.layout.width)?),
        };
        let cells = stored.below("cells");
        let cells = match cells.tensors.is_empty() {
            true => None,
            false => Some(MaskedCells::restore(&cells, &encoding.layout, width)?),
        };
        let spaces = match encoding.layout.width {
            0 => None,
            coordinates => {
                let standard = Space::restore(&stored.below("standard"), coordinates)?;
                let ranked = Space::restore(&stored.below("ranked"), coordinates)?;
                let scales = stored.finite("scales", width)?;
                let n = standard.rows.n_rows;
                if n < 2 || ranked.rows.n_rows != n || scales.iter().any(|scale| *scale <= 0.0) {
                    return Err("reference rows and scales do not fit".to_string());
                }
                let k = config.neighbors.min(n - 1);
                let span = Span::restore(&stored.below("span"), &encoding.layout, n)?;
                Some(Spaces { standard, ranked, span, ranks: restore_ranks(stored, width)?, scales, k })
            }
        };
        let spanned = spaces.as_ref().is_some_and(|spaces| spaces.span.is_some());
        let mut tails = [const { None }; MEMBERS];
        for (i, tail) in tails.iter_mut().enumerate() {
            if (i != FOREST || forest.is_some()) && (i != CELL || cells.is_some()) && (i != SPAN || spanned) {
                *tail = Some(Tail::restore(stored, &format!("tail.{i}"))?);
            }
        }
        let usual = stored.finite("usual", tails.iter().flatten().count() * width)?;
        let mut usual = usual.chunks(width);
        let of = |tail: &Option<Tail>| tail.as_ref().and_then(|_| usual.next());
        let usual = tails.iter().map(of).map(|own| own.map_or(vec![0.0; width], <[f64]>::to_vec)).collect();
        let witness = Witness::restore(&stored.below("witness"), &encoding)?;
        let tail = Tail::restore(stored, "tail")?;
        // Detectors of earlier versions do not look at relations, and many have none.
        let relations = stored.below("relations");
        let relations = match relations.about.is_empty() {
            true => None,
            false => Some(Relations::restore(&relations, &encoding)?),
        };
        Ok(Self {
            config,
            encoding,
            spaces,
            forest,
            cells,
            marginals,
            relations,
            supports,
            tails,
            tail,
            usual,
            witness,
        })
    }
}

fn store_ranks(stored: &mut Stored, ranks: &[Ranks]) {
    let knots: Vec<u32> = ranks.iter().map(|ranks| ranks.values.len() as u32).collect();
    stored.insert("ranks.knots", &[knots.len()], knots);
    stored.insert("ranks.counts", &[ranks.len()], ranks.iter().map(|ranks| ranks.count).collect());
    let all = |part: fn(&Ranks) -> &[u32]| ranks.iter().flat_map(part).copied().collect::<Vec<u32>>();
    let (below, through) = (all(|ranks| &ranks.below), all(|ranks| &ranks.through));
    let values: Vec<f64> = ranks.iter().flat_map(|ranks| &ranks.values).copied().collect();
    stored.insert("ranks.values", &[values.len()], values);
    stored.insert("ranks.below", &[below.len()], below);
    stored.insert("ranks.through", &[through.len()], through);
}

fn restore_ranks(stored: &Stored, columns: usize) -> Result<Vec<Ranks>, String> {
    let knots = stored.values::<u32>("ranks.knots")?;
    let counts = stored.values::<u32>("ranks.counts")?;
    let mut values = stored.values::<f64>("ranks.values")?;
    let mut below = stored.values::<u32>("ranks.below")?;
    let mut through = stored.values::<u32>("ranks.through")?;
    let total = knots.iter().map(|n| *n as usize).try_fold(0usize, usize::checked_add);
    let fits = [values.len(), below.len(), through.len()].iter().all(|len| Some(*len) == total);
    if knots.len() != columns || counts.len() != columns || !fits {
        return Err("ranks do not fit the columns".to_string());
    }
    let mut ranks = Vec::with_capacity(columns);
    for (&n, &count) in knots.iter().zip(counts) {
        let n = n as usize;
        let own = Ranks {
            values: values[..n].to_vec(),
            below: below[..n].to_vec(),
            through: through[..n].to_vec(),
            count,
        };
        if !own.check() {
            return Err("ranks are not in order".to_string());
        }
        ranks.push(own);
        (values, below, through) = (&values[n..], &below[n..], &through[n..]);
    }
    Ok(ranks)
}
