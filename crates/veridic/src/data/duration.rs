//! Lengths of time as text, in seconds as numbers.

use std::fmt::Write as _;

use super::spelling::DurationForm;

/// Seconds of a length of time written as `text`.
pub(crate) fn parse(text: &str, form: DurationForm) -> Option<f64> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let seconds = match form {
        DurationForm::Hours | DurationForm::PaddedHours => clock(text, true)?,
        DurationForm::Minutes => clock(text, false)?,
        DurationForm::Race => clock(text, true).or_else(|| clock(text, false))?,
        DurationForm::Laps => clock(&text.replace(',', "."), false)?,
        DurationForm::Days => {
            let (days, rest) = text.split_once(' ')?;
            let rest = rest.strip_prefix("days")?.trim_start();
            let days: f64 = days.parse::<u32>().ok()?.into();
            days * 86_400.0 + if rest.is_empty() { 0.0 } else { clock(rest, true)? }
        }
        DurationForm::Interval => days_and_clock(text, "")?,
        DurationForm::Timedelta => days_and_clock(text, ",")?,
        DurationForm::Iso | DurationForm::IsoDays | DurationForm::IsoMinutes | DurationForm::IsoSeconds => {
            iso(text)?
        }
    };
    Some(if negative { -seconds } else { seconds })
}

/// The forms in which lengths of time of this form may have been written.
pub(crate) fn alike(form: DurationForm) -> &'static [DurationForm] {
    use DurationForm::{
        Days, Hours, Interval, Iso, IsoDays, IsoMinutes, IsoSeconds, Laps, Minutes, PaddedHours, Race,
        Timedelta,
    };
    match form {
        Iso | IsoDays | IsoMinutes | IsoSeconds => &[Iso, IsoDays, IsoMinutes, IsoSeconds],
        Hours => &[Hours, PaddedHours],
        PaddedHours => &[PaddedHours, Hours],
        Minutes => &[Minutes],
        Race => &[Race],
        Days => &[Days],
        Interval => &[Interval],
        Timedelta => &[Timedelta],
        // As many digits as the column has.
        Laps => &[],
    }
}

/// The form of `text`, and its seconds, if it is a length of time that no time of day is.
pub(crate) fn form_of(text: &str) -> Option<DurationForm> {
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    // No time of day is below zero.
    if negative && clock(text, true).is_some() {
        return Some(DurationForm::Hours);
    }
    if text.starts_with('P') {
        return iso(text).map(|_| DurationForm::Iso);
    }
    if is_lap(text) {
        return Some(DurationForm::Laps);
    }
    if !text.contains(" day") {
        return None;
    }
    let full = |form| parse(text, form).map(|_| form);
    // With hours of two digits behind days, also `1 days`.
    let is_full = text.contains(" days ");
    let days = is_full.then(|| full(DurationForm::Days)).flatten();
    days.or_else(|| full(DurationForm::Interval)).or_else(|| full(DurationForm::Timedelta))
}

/// Whether a text is minutes and seconds with a fraction.
fn is_lap(text: &str) -> bool {
    let are_digits = |part: &str, widths: std::ops::RangeInclusive<usize>| {
        widths.contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
    };
    text.split_once(':').is_some_and(|(minutes, rest)| {
        are_digits(minutes, 1..=3)
            && rest.split_once(['.', ',']).is_some_and(|(seconds, fraction)| {
                are_digits(seconds, 2..=2) && seconds < "60" && are_digits(fraction, 1..=6)
            })
    })
}

/// Whether a column in `form` may have times alone, such as `03:04:05`.
pub(crate) fn has_clock(text: &str, form: DurationForm) -> bool {
    form.has_clocks() && clock(text, true).is_some()
}

/// `2 days 03:04:05`, `1 day`, `03:04:05`; days and time are parted by `sign` and a blank.
fn days_and_clock(text: &str, sign: &str) -> Option<f64> {
    let Some((days, rest)) = text.split_once(" day") else { return clock(text, true) };
    let days: f64 = days.parse::<u32>().ok()?.into();
    let rest = rest.strip_prefix('s').unwrap_or(rest);
    if rest.is_empty() {
        return Some(days * 86_400.0);
    }
    let time = rest.strip_prefix(sign)?.strip_prefix(' ')?;
    Some(days * 86_400.0 + clock(time, true)?)
}

/// `h:mm:ss` (with hours) or `m:ss`, seconds with a fraction or not.
fn clock(text: &str, hours: bool) -> Option<f64> {
    let parts: Vec<&str> = text.split(':').collect();
    let whole = |part: &str, two: bool| -> Option<f64> {
        let fits = !part.is_empty()
            && part.len() <= 6
            && (!two || part.len() == 2)
            && part.bytes().all(|b| b.is_ascii_digit());
        fits.then(|| part.parse::<u32>().ok().map(f64::from)).flatten()
    };
    let seconds = |part: &str| -> Option<f64> {
        let (units, fraction) =
            part.split_once('.').map_or((part, None), |(units, fraction)| (units, Some(fraction)));
        whole(units, true).filter(|&value| value < 60.0)?;
        if fraction.is_some_and(|digits| {
            digits.is_empty() || digits.len() > 9 || !digits.bytes().all(|b| b.is_ascii_digit())
        }) {
            return None;
        }
        part.parse().ok()
    };
    match (parts.as_slice(), hours) {
        ([h, m, s], true) => {
            let minutes = whole(m, true).filter(|&value| value < 60.0)?;
            Some(whole(h, false)? * 3600.0 + minutes * 60.0 + seconds(s)?)
        }
        ([m, s], false) => Some(whole(m, false)? * 60.0 + seconds(s)?),
        _ => None,
    }
}

/// `P[nD]T[nH][nM][n[.n]S]`.
fn iso(text: &str) -> Option<f64> {
    let rest = text.strip_prefix('P')?;
    let (mut total, mut number, mut is_time, mut units) = (0.0, String::new(), false, "DHMS");
    let mut any = false;
    for character in rest.chars() {
        if character.is_ascii_digit() || (character == '.' && !number.is_empty()) {
            number.push(character);
            continue;
        }
        if character == 'T' && !is_time && number.is_empty() {
            is_time = true;
            continue;
        }
        let at = units.find(character)?;
        units = &units[at + 1..];
        if number.len() > 12 || (number.contains('.') && character != 'S') || (character == 'D') == is_time {
            return None;
        }
        let value: f64 = number.parse().ok()?;
        total += value
            * match character {
                'D' => 86_400.0,
                'H' => 3600.0,
                'M' => 60.0,
                _ => 1.0,
            };
        number.clear();
        any = true;
    }
    (any && number.is_empty()).then_some(total)
}

/// Appends `seconds`, rounded to `decimals` digits after the point, as `form` has them.
pub(crate) fn write(seconds: f64, form: DurationForm, decimals: u8, text: &mut String) {
    let decimals = decimals.min(9);
    let scale = 10_f64.powi(i32::from(decimals));
    let ticks = (seconds.abs() * scale).round();
    if seconds < 0.0 && ticks > 0.0 {
        text.push('-');
    }
    let seconds = ticks / scale;
    let whole = seconds.trunc() as u64;
    let fraction = {
        let digits = (ticks - whole as f64 * scale) as u64;
        if digits == 0 {
            String::new()
        } else {
            format!(".{digits:0width$}", width = usize::from(decimals)).trim_end_matches('0').to_owned()
        }
    };
    let (hours, minutes, units) = (whole / 3600, whole / 60 % 60, whole % 60);
    let written = match form {
        DurationForm::Hours => write!(text, "{hours}:{minutes:02}:{units:02}{fraction}"),
        DurationForm::PaddedHours => write!(text, "{hours:02}:{minutes:02}:{units:02}{fraction}"),
        DurationForm::Minutes => write!(text, "{}:{units:02}{fraction}", whole / 60),
        DurationForm::Race if hours == 0 => write!(text, "{minutes}:{units:02}{fraction}"),
        DurationForm::Race => write!(text, "{hours}:{minutes:02}:{units:02}{fraction}"),
        DurationForm::Laps if decimals == 0 => write!(text, "{}:{units:02}", whole / 60),
        DurationForm::Laps => {
            let (digits, width) = ((ticks - whole as f64 * scale) as u64, usize::from(decimals));
            write!(text, "{}:{units:02}.{digits:0width$}", whole / 60)
        }
        DurationForm::Days => {
            write!(text, "{} days {:02}:{minutes:02}:{units:02}{fraction}", hours / 24, hours % 24)
        }
        DurationForm::Interval | DurationForm::Timedelta => {
            let (days, hours) = (hours / 24, hours % 24);
            let is_clock = form == DurationForm::Timedelta || days == 0 || hours + minutes + units > 0;
            let is_clock = is_clock || !fraction.is_empty();
            let mut written = Ok(());
            if days > 0 {
                let between = match (form, is_clock) {
                    (DurationForm::Timedelta, _) => ", ",
                    (_, true) => " ",
                    (_, false) => "",
                };
                written = write!(text, "{days} day{}{between}", if days == 1 { "" } else { "s" });
            }
            let width = if form == DurationForm::Interval { 2 } else { 1 };
            if is_clock {
                written =
                    written.and_then(|()| write!(text, "{hours:0width$}:{minutes:02}:{units:02}{fraction}"));
            }
            written
        }
        DurationForm::IsoMinutes => write!(text, "PT{hours}H{minutes}M{}", {
            if units > 0 || !fraction.is_empty() { format!("{units}{fraction}S") } else { String::new() }
        }),
        DurationForm::IsoSeconds => write!(text, "PT{hours}H{minutes}M{units}{fraction}S"),
        DurationForm::Iso | DurationForm::IsoDays => {
            let is_day =
                hours >= 24 && hours.is_multiple_of(24) && minutes == 0 && units == 0 && fraction.is_empty();
            let has_days = form == DurationForm::IsoDays || is_day;
            let (days, hours) = if has_days { (hours / 24, hours % 24) } else { (0, hours) };
            let has_time = hours > 0 || minutes > 0 || units > 0 || !fraction.is_empty();
            let part = |count: String, unit: char, is_there: bool| {
                if is_there { format!("{count}{unit}") } else { String::new() }
            };
            let zero = whole == 0 && fraction.is_empty();
            write!(
                text,
                "P{}{}{}{}{}",
                part(days.to_string(), 'D', days > 0 || (zero && has_days)),
                if has_time || !has_days { "T" } else { "" },
                part(hours.to_string(), 'H', hours > 0),
                part(minutes.to_string(), 'M', minutes > 0),
                part(
                    format!("{units}{fraction}"),
                    'S',
                    units > 0 || !fraction.is_empty() || (zero && !has_days)
                ),
            )
        }
    };
    written.expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_written_as_they_are_read() {
        for (text, form, seconds) in [
            ("36:05:09", DurationForm::Hours, 129_909.0),
            ("06:05:09", DurationForm::PaddedHours, 21_909.0),
            ("90:05", DurationForm::Minutes, 5405.0),
            ("1:07.50", DurationForm::Laps, 67.5),
            ("58:07", DurationForm::Race, 3487.0),
            ("1:02:30", DurationForm::Race, 3750.0),
            ("2 days 03:04:05", DurationForm::Days, 183_845.0),
            ("PT1H30M5S", DurationForm::Iso, 5405.0),
            ("2 days", DurationForm::Interval, 172_800.0),
            ("1 day 03:04:05", DurationForm::Interval, 97_445.0),
            ("03:04:05", DurationForm::Interval, 11_045.0),
            ("1 day, 3:04:05", DurationForm::Timedelta, 97_445.0),
            ("3 days, 0:00:00", DurationForm::Timedelta, 259_200.0),
            ("3:04:05", DurationForm::Timedelta, 11_045.0),
            ("PT0.25S", DurationForm::Iso, 0.25),
            ("-0:00:01.5", DurationForm::Hours, -1.5),
        ] {
            assert_eq!(parse(text, form), Some(seconds), "{text}");
            let mut again = String::new();
            write(seconds, form, 2, &mut again);
            assert_eq!(again, text);
        }
    }

    #[test]
    fn what_is_no_length_of_time_is_refused() {
        for text in ["", "1:2:3", "1:60:00", "1:00:60", "a:00:00", "1:00", "1:00:00:00"] {
            assert_eq!(parse(text, DurationForm::Hours), None, "{text}");
        }
        for text in ["P", "PT", "P1H", "PT1D", "PTS", "PT1M1H", "P1"] {
            assert_eq!(iso(text), None, "{text}");
        }
        assert_eq!(form_of("2 days 03:04:05"), Some(DurationForm::Days));
        assert_eq!(form_of("1:47,927"), Some(DurationForm::Laps));
        for text in ["two days", "1:75.5", "1:47", "1:7.5", "12:30:05.5", "1:47.x"] {
            assert_eq!(form_of(text), None, "{text}");
        }
    }
}
