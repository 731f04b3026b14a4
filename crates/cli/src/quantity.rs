//! Numbers as people read them.

/// `1234567` as `1,234,567`.
pub(crate) fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 row`, `2,000 rows`.
pub(crate) fn counted(n: usize, one: &str) -> String {
    format!("{} {one}{}", count(n as u64), if n == 1 { "" } else { "s" })
}

/// A loss or a metric with four significant digits: `151.2`, `0.09312`, `1.234e-7`.
pub(crate) fn figure(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() || size == 0.0 {
        return value.to_string();
    }
    if !(1e-4..1e7).contains(&size) {
        return format!("{value:.3e}");
    }
    let before = size.log10().floor() as i32 + 1;
    format!("{value:.*}", (4 - before).max(0) as usize)
}

/// `0.41 s`, `12 s`, `4 min 10 s`, `1 h 02 min`.
pub(crate) fn seconds(seconds: f64) -> String {
    // Seconds that round up to a minute are a minute.
    let whole = seconds.round() as u64;
    match whole {
        _ if !seconds.is_finite() => "unknown time".to_owned(),
        0..=9 => format!("{seconds:.*} s", if seconds < 0.995 { 2 } else { 1 }),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// `980`, `12.3k`, `1.20M`.
pub(crate) fn rate(per_second: f64) -> String {
    match per_second {
        r if !r.is_finite() => "?".to_owned(),
        r if r < 10.0 => format!("{r:.1}"),
        r if r < 1e3 => format!("{r:.0}"),
        r if r < 1e6 => format!("{:.1}k", r / 1e3),
        r => format!("{:.2}M", r / 1e6),
    }
}

/// `512 B`, `1.2 kB`, `34.5 MB`.
pub(crate) fn bytes(n: u64) -> String {
    let size = n as f64;
    match n {
        0..1_000 => format!("{n} B"),
        1_000..1_000_000 => format!("{:.1} kB", size / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", size / 1e6),
        _ => format!("{:.2} GB", size / 1e9),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(
            [0, 999, 1000, 284_807, 1_000_000].map(count),
            ["0", "999", "1,000", "284,807", "1,000,000"]
        );
        assert_eq!([counted(1, "row"), counted(0, "row")], ["1 row", "0 rows"]);
    }

    #[test]
    fn figures_have_four_significant_digits() {
        let texts = [151.2345, 0.093_123, 12_345.6, -1.5, 0.0, 1.234e-7, 9.0e9, f64::NAN].map(figure);
        assert_eq!(texts, ["151.2", "0.09312", "12346", "-1.500", "0", "1.234e-7", "9.000e9", "NaN"]);
    }

    #[test]
    fn times_use_the_two_largest_units() {
        let texts = [0.414, 1.0, 9.46, 12.3, 59.7, 250.0, 3720.0].map(seconds);
        assert_eq!(texts, ["0.41 s", "1.0 s", "9.5 s", "12 s", "1 min 00 s", "4 min 10 s", "1 h 02 min"]);
    }

    #[test]
    fn rates_and_sizes_are_scaled() {
        assert_eq!([3.21, 980.4, 12_345.0, 1.2e6].map(rate), ["3.2", "980", "12.3k", "1.20M"]);
        assert_eq!([512, 1_234, 34_500_000].map(bytes), ["512 B", "1.2 kB", "34.5 MB"]);
    }
}
