//! The geometry of the plots: horizontal bars, drawn by the template as SVG.
//!
//! In: names and numbers. Out: bars with their widths and places. Pure, so that the page is the same for
//! the same facts.

use serde::Serialize;

/// Width of the longest bar.
const WIDTH: f64 = 420.0;
/// Longest name beside a bar, in characters; it has 230 units.
const NAME: usize = 34;
/// Height of a line.
const LINE: f64 = 22.0;

/// One bar. Lengths in units of the SVG.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bar {
    /// At its left.
    pub name: String,
    /// At its right.
    pub label: String,
    /// Length.
    pub width: f64,
    /// Upper edge.
    pub y: f64,
    /// Class for the colour: `before`, `after`, …
    pub kind: &'static str,
}

/// Bars for values, scaled to the largest. A value that is not zero is always visible.
pub fn bars(values: impl IntoIterator<Item = (String, String, f64, &'static str)>) -> Vec<Bar> {
    let values: Vec<_> = values.into_iter().collect();
    let largest = values.iter().map(|value| value.2).fold(0.0, f64::max);
    let mut y = -LINE;
    values
        .into_iter()
        .map(|(name, label, value, kind)| {
            y += LINE;
            let width = if largest > 0.0 && value > 0.0 {
                (value / largest * WIDTH).max(1.0)
            } else {
                0.0
            };
            Bar {
                name: shortened(&name),
                label,
                width: (width * 10.0).round() / 10.0,
                y,
                kind,
            }
        })
        .collect()
}

/// The name in one line, cut.
fn shortened(name: &str) -> String {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.chars().count() <= NAME {
        return name;
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// Height of the drawing.
pub(super) fn height(bars: &[Bar]) -> f64 {
    bars.last().map_or(0.0, |bar| bar.y + LINE)
}

/// `1,234,567`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut out = String::new();
    if number < 0 {
        out.push('-');
    }
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `850 ms`, `12.3 s`, `4 min 05 s`, `1 h 02 min`.
pub(super) fn duration(seconds: f64) -> String {
    // Far below the range in which a float loses whole numbers.
    let whole = seconds.max(0.0).round() as u64;
    match seconds {
        s if s < 1.0 => format!("{:.0} ms", s.max(0.0) * 1000.0),
        s if s < 60.0 => format!("{s:.1} s"),
        s if s < 3600.0 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_fills_the_width_and_the_smallest_is_seen() {
        let of = |value: f64| ("x".to_owned(), String::new(), value, "after");
        let bars = bars([of(1_000_000.0), of(1.0), of(0.0), of(500_000.0)]);
        let widths: Vec<_> = bars.iter().map(|bar| bar.width).collect();
        assert_eq!(widths, [420.0, 1.0, 0.0, 210.0]);
        assert_eq!(bars[3].y.to_bits(), 66f64.to_bits());
        assert_eq!(height(&bars).to_bits(), 88f64.to_bits());
        assert_eq!(height(&[]).to_bits(), 0f64.to_bits());
    }

    #[test]
    fn a_long_name_is_cut() {
        let long = bars([("é".repeat(99), String::new(), 1.0, "after")]);
        assert_eq!(long[0].name.chars().count(), NAME);
        assert!(long[0].name.ends_with('…'));
    }

    #[test]
    fn numbers_are_read_in_groups_and_times_in_words() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1000, "1,000"),
            (-1_234_567, "-1,234,567"),
        ] {
            assert_eq!(grouped(number), text);
        }
        for (seconds, text) in [
            (-1.0, "0 ms"),
            (0.85, "850 ms"),
            (12.34, "12.3 s"),
            (245.0, "4 min 05 s"),
            (3720.0, "1 h 02 min"),
        ] {
            assert_eq!(duration(seconds), text);
        }
    }
}
