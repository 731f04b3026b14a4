//! Marks that numbers, lengths of time and names of months may have.

use serde::{Deserialize, Serialize};

/// How a number below zero is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Minus {
    /// `-5`, `-$5`.
    #[default]
    Front,
    /// `−5` with the sign U+2212.
    Typographic,
    /// `$-5`.
    Inner,
    /// `–5` with a dash (U+2013).
    Dash,
    /// `- 5`, with a blank.
    SpacedFront,
    /// `− 5` with the sign U+2212 and a blank.
    SpacedTypographic,
    /// `– 5` with a dash and a blank.
    SpacedDash,
    /// `－5` with the wide sign of East Asia (U+FF0D).
    Wide,
    /// `▲5`, as accounts in Japan have it.
    Triangle,
    /// `△5`, likewise.
    OpenTriangle,
    /// `5-`.
    Behind,
    /// `5- €`.
    BehindDigits,
    /// `(5)`, `($5)`.
    Parentheses,
    /// `$(5)`, `(5) €`.
    InnerParentheses,
}

impl Minus {
    pub(super) fn is_front(&self) -> bool {
        *self == Self::Front
    }

    /// The sign before the number, if it is a line.
    pub(super) fn line(self) -> Option<&'static str> {
        Some(match self {
            Self::Front => "-",
            Self::Typographic => "\u{2212}",
            Self::Dash => "\u{2013}",
            Self::Wide => "\u{ff0d}",
            Self::SpacedFront => "- ",
            Self::SpacedTypographic => "\u{2212} ",
            Self::SpacedDash => "\u{2013} ",
            _ => return None,
        })
    }

    /// Whether both are a line before the number, which people do not tell apart.
    pub(super) fn is_like(self, other: Self) -> bool {
        self == other || (self.line().is_some() && other.line().is_some())
    }
}

/// How a length of time is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DurationForm {
    /// `36:05:09`, hours first.
    Hours,
    /// `036:05:09` or `06:05:09`: hours of at least two digits.
    PaddedHours,
    /// `90:05`, minutes and seconds.
    Minutes,
    /// `1:47.927`, minutes and seconds with as many digits behind the sign as the column has.
    Laps,
    /// `58:07` below an hour and `1:02:30` from there on, as results of races.
    Race,
    /// `2 days 03:04:05`.
    Days,
    /// `2 days 03:04:05`, `1 day`, `03:04:05`, as PostgreSQL has them.
    Interval,
    /// `2 days, 3:04:05`, `1 day, 0:00:00`, `3:04:05`, as Python has them.
    Timedelta,
    /// `PT1H30M5S` (ISO 8601).
    Iso,
    /// `P1DT1H30M`, `P0D`, likewise with days.
    IsoDays,
    /// `PT1H0M`, likewise with hours and minutes throughout.
    IsoMinutes,
    /// `PT1H0M0S`, likewise with seconds throughout.
    IsoSeconds,
}

impl DurationForm {
    /// Whether times alone, such as `03:04:05`, are of this form, too.
    pub(super) fn has_clocks(self) -> bool {
        matches!(self, Self::Interval | Self::Timedelta | Self::Hours | Self::PaddedHours)
    }
}

/// Capitals or small letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Letters {
    /// `MAY`.
    Capital,
    /// `may`.
    Small,
}
