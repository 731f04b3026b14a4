//! Colors that can be told apart with any color vision.

/// A color as red, green and blue.
pub(crate) type Rgb = [u8; 3];

/// Titles and labels.
pub(crate) const INK: &str = "#222222";
/// Notes and ticks.
pub(crate) const SOFT: &str = "#555555";
/// Axis lines.
pub(crate) const LINE: &str = "#999999";
/// What is drawn on.
pub(crate) const PAPER: &str = "#ffffff";
/// Grid lines.
pub(crate) const FAINT: &str = "#e6e6e6";
/// Values without a category, and all categories past the last color.
pub(crate) const GREY: Rgb = [0xa0, 0xa0, 0xa0];

/// How many categories get a color of their own.
pub(crate) const CATEGORIES: usize = 12;

/// Okabe and Ito's eight with yellow last, then four further ones that keep apart in lightness.
const PALETTE: [Rgb; CATEGORIES] = [
    [0x00, 0x72, 0xb2],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x9e, 0x73],
    [0xcc, 0x79, 0xa7],
    [0xe6, 0x9f, 0x00],
    [0x56, 0xb4, 0xe9],
    [0x6b, 0x1e, 0x5b],
    [0x22, 0x22, 0x22],
    [0x8c, 0x8b, 0x2b],
    [0xf0, 0xe4, 0x42],
    [0xa5, 0x1c, 0x30],
    [0x9a, 0xe0, 0xc4],
];

/// Viridis at ten even steps; between them a straight line is within two units of the original.
const VIRIDIS: [Rgb; 10] = [
    [0x44, 0x01, 0x54],
    [0x48, 0x28, 0x78],
    [0x3e, 0x49, 0x89],
    [0x31, 0x68, 0x8e],
    [0x26, 0x82, 0x8e],
    [0x1f, 0x9e, 0x89],
    [0x35, 0xb7, 0x79],
    [0x6e, 0xce, 0x58],
    [0xb5, 0xde, 0x2b],
    [0xfd, 0xe7, 0x25],
];

/// Blue over white to vermilion: -1, -0.5, 0, 0.5, 1.
const DIVERGING: [Rgb; 5] =
    [[0x05, 0x3d, 0x6b], [0x4f, 0x9b, 0xc9], [0xf7, 0xf7, 0xf7], [0xe8, 0x8a, 0x4f], [0x8a, 0x31, 0x00]];

/// The color of category `i`; grey past the last.
pub(crate) fn category(i: usize) -> Rgb {
    PALETTE.get(i).copied().unwrap_or(GREY)
}

/// The viridis color of `share` in 0..=1.
pub(crate) fn viridis(share: f64) -> Rgb {
    between(&VIRIDIS, share)
}

/// The color of `value` in -1..=1 on a scale with white in the middle.
pub(crate) fn diverging(value: f64) -> Rgb {
    between(&DIVERGING, (value + 1.0) / 2.0)
}

/// The color as SVG writes it.
pub(crate) fn hex([red, green, blue]: Rgb) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn between(steps: &[Rgb], share: f64) -> Rgb {
    let last = steps.len() - 1;
    let place = share.clamp(0.0, 1.0) * last as f64;
    let i = (place.floor() as usize).min(last - 1);
    let part = place - i as f64;
    std::array::from_fn(|c| {
        (f64::from(steps[i][c]) * (1.0 - part) + f64::from(steps[i + 1][c]) * part).round() as u8
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_and_middle_of_the_scales_are_exact() {
        assert_eq!(viridis(0.0), [0x44, 0x01, 0x54]);
        assert_eq!(viridis(1.0), [0xfd, 0xe7, 0x25]);
        assert_eq!(viridis(9.0), [0xfd, 0xe7, 0x25]);
        assert_eq!(diverging(0.0), [0xf7, 0xf7, 0xf7]);
        assert_eq!(hex(category(0)), "#0072b2");
        assert_eq!(category(99), GREY);
    }
}
