//! Long gaps in series, over which no window and no average goes.

use std::borrow::Cow;
use std::ops::Range;

use super::detector::SeriesScores;
use crate::data::series::Series;

/// A gap is long if it has more points than this share of those of the longest series, within these bounds: a quarter of what the shortest
/// windows of the default detector have.
const LONG: usize = 32;
const BOUNDS: (usize, usize) = (2, 16);
/// Fewer points between gaps say little: where gaps come that often, they are part of the form.
const PIECE: usize = 64;

/// Points above which a gap in series like these parts them; nothing where most points would lie in pieces shorter than 64 points, or
/// than `needed`.
pub(super) fn longest_filled(of: &[&Series], needed: usize) -> Option<usize> {
    let longest = of.iter().map(|series| series.len()).max()?;
    let most = (longest / LONG).clamp(BOUNDS.0, BOUNDS.1);
    let (mut n_known, mut n_long, mut is_cut) = (0, 0, false);
    for series in of {
        let pieces = pieces(series, Some(most));
        is_cut |= pieces.len() > 1;
        let lengths = pieces.iter().map(ExactSizeIterator::len);
        n_known += lengths.clone().sum::<usize>();
        n_long += lengths.filter(|length| *length >= needed.max(PIECE)).sum::<usize>();
    }
    (!is_cut || 2 * n_long >= n_known).then_some(most)
}

/// The stretches of a series between gaps of more than `most` points in all channels; all of it without `most`, or without points that
/// are known.
pub(super) fn pieces(series: &Series, most: Option<usize>) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    if let Some(most) = most {
        for i in (0..series.len()).filter(|&i| series.is_known(i)) {
            match found.last_mut() {
                Some(piece) if i - piece.end <= most => piece.end = i + 1,
                _ => found.push(i..i + 1),
            }
        }
    }
    let Some(most) = most.filter(|_| !found.is_empty()) else {
        let whole = 0..series.len();
        return Vec::from([whole]);
    };
    // A short gap at an end is no gap.
    if let Some(first) = found.first_mut().filter(|first| first.start <= most) {
        first.start = 0;
    }
    if let Some(last) = found.last_mut().filter(|last| series.len() - last.end <= most) {
        last.end = series.len();
    }
    found
}

/// A stretch of a series, without a copy where it is all of it.
pub(super) fn part<'a>(series: &'a Series, piece: &Range<usize>) -> Cow<'a, Series> {
    if *piece == (0..series.len()) {
        Cow::Borrowed(series)
    } else {
        Cow::Owned(series.slice(piece.start, piece.end))
    }
}

/// The scores of a series by those of its pieces; points between them have none.
pub(super) fn joined(series: &Series, mut scored: Vec<(Range<usize>, SeriesScores)>) -> SeriesScores {
    if let [(piece, _)] = scored.as_slice()
        && piece.len() == series.len()
    {
        return scored.remove(0).1;
    }
    let n = series.len();
    let (n_channels, n_reasons) =
        scored.first().map_or((0, 0), |(_, of)| (of.channels.len(), of.reasons.len()));
    let is_sharp = scored.iter().any(|(_, of)| !of.sharp.is_empty());
    let mut all = SeriesScores {
        entity: series.entity.clone(),
        times: series.times.clone(),
        scores: vec![f64::NAN; n],
        sharp: if is_sharp { vec![f64::NAN; n] } else { Vec::new() },
        channels: vec![vec![0.0; n]; n_channels],
        reasons: vec![vec![0.0; n]; n_reasons],
    };
    for (piece, of) in scored {
        all.scores[piece.clone()].copy_from_slice(&of.scores);
        if is_sharp {
            all.sharp[piece.clone()].copy_from_slice(&of.sharp);
        }
        let lists = all.channels.iter_mut().zip(&of.channels);
        for (whole, of) in lists.chain(all.reasons.iter_mut().zip(&of.reasons)) {
            whole[piece.clone()].copy_from_slice(of);
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(n: usize, missing: &[Range<usize>]) -> Series {
        let mut values = vec![1.0; n];
        missing.iter().for_each(|range| values[range.clone()].fill(f64::NAN));
        Series { times: (0..n).map(|i| i as f64).collect(), values: vec![values], ..Series::default() }
    }

    #[test]
    fn a_long_gap_parts_and_a_short_one_does_not() {
        let whole = series(1000, &[100..105, 500..600]);
        let most = longest_filled(&[&whole], 16);
        assert_eq!(most, Some(16));
        assert_eq!(pieces(&whole, most), [0..500, 600..1000]);
        assert_eq!(pieces(&whole, None).len(), 1);
        // Later gaps part a series too.
        let short = series(1000, std::slice::from_ref(&(100..115)));
        assert_eq!(longest_filled(&[&short], 16), Some(16));
        assert_eq!(pieces(&short, Some(16)).len(), 1);
        let at_ends = series(1000, &[0..50, 400..500, 990..1000]);
        assert_eq!(pieces(&at_ends, Some(32)), [50..400, 500..1000]);
        assert_eq!(pieces(&series(9, std::slice::from_ref(&(0..9))), Some(2)).len(), 1);
    }

    #[test]
    fn gaps_that_come_often_are_part_of_the_form() {
        let nights: Vec<Range<usize>> = (0..20).map(|day| day * 60 + 20..day * 60 + 60).collect();
        assert_eq!(longest_filled(&[&series(1200, &nights)], 16), None);
        let whole = series(1000, std::slice::from_ref(&(500..600)));
        assert_eq!(longest_filled(&[&whole], 600), None, "no piece would be long enough");
    }
}
