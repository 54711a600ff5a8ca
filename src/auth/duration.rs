//! Durations as Go writes them, which is how bans are given: `24h`, `1h30m`, `1.5h`.
//!
//! Source: <https://pkg.go.dev/time#ParseDuration>.

use chrono::TimeDelta;
use winnow::ascii::float;
use winnow::combinator::{alt, opt, preceded, repeat};
use winnow::prelude::*;
use winnow::token::take_while;

/// Parses one or more `number unit` pairs; units are `h m s ms us µs ns`. `None` for anything else and
/// for what exceeds the range.
///
/// ```
/// use oppbase::auth::duration::parse;
/// assert_eq!(parse("1h30m").map(|d| d.num_minutes()), Some(90));
/// assert_eq!(parse("a day"), None);
/// ```
pub fn parse(text: &str) -> Option<TimeDelta> {
    let seconds = signed.parse(text).ok()?;
    // About 292 years, the range of Go's type.
    if !seconds.is_finite() || seconds.abs() > 9.2e9 {
        return None;
    }
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    TimeDelta::try_milliseconds((seconds * 1000.0) as i64)
}

fn signed(input: &mut &str) -> ModalResult<f64> {
    let sign = opt(alt(('-'.value(-1.0), '+'.value(1.0)))).map(|sign| sign.unwrap_or(1.0));
    let total = repeat(1.., pair).fold(|| 0.0, |sum: f64, part: f64| sum + part);
    (sign, total)
        .map(|(sign, total)| sign * total)
        .parse_next(input)
}

fn pair(input: &mut &str) -> ModalResult<f64> {
    let number =
        take_while(1.., |c: char| c.is_ascii_digit() || c == '.').and_then(float::<_, f64, _>);
    let unit = alt((
        "h".value(3600.0),
        "ms".value(1e-3),
        "m".value(60.0),
        "s".value(1.0),
        alt(("us", "µs", "μs")).value(1e-6),
        "ns".value(1e-9),
    ));
    (number, preceded((), unit))
        .map(|(number, unit): (f64, f64)| number * unit)
        .parse_next(input)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn go_durations() {
        for (text, seconds) in [
            ("24h", Some(86_400)),
            ("87600h", Some(315_360_000)),
            ("1h30m", Some(5400)),
            ("1.5h", Some(5400)),
            ("2m3s", Some(123)),
            ("1500ms", Some(1)),
            ("-1h", Some(-3600)),
            ("", None),
            ("h", None),
            ("1", None),
            ("1d", None),
            ("1h 1m", None),
            ("1h30", None),
            ("inf", None),
            ("99999999999h", None),
        ] {
            assert_eq!(parse(text).map(|d| d.num_seconds()), seconds, "{text}");
        }
    }
}
