//! The `Range` header: one range of bytes, or nothing, or a range that cannot be had.
//!
//! Pure. Source: RFC 9110 section 14.

/// What to send of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// All of it, with status 200.
    Whole,
    /// From the first byte up to but not including the last, with status 206.
    Part { start: u64, end: u64 },
    /// Status 416.
    Unsatisfiable,
}

/// Reads the header against the file's size. Other units are ignored, as the RFC asks; several ranges
/// are refused, as Supabase does.
pub fn wanted(header: Option<&str>, size: u64) -> Wanted {
    let Some(header) = header else {
        return Wanted::Whole;
    };
    let Some((unit, range)) = header.trim().split_once('=') else {
        return Wanted::Whole;
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::Whole;
    }
    parse(range.trim(), size).map_or(Wanted::Unsatisfiable, |(start, end)| Wanted::Part {
        start,
        end,
    })
}

/// `0-4`, `5-`, `-5`
fn parse(range: &str, size: u64) -> Option<(u64, u64)> {
    let (first, last) = range.split_once('-')?;
    let number = |text: &str| {
        let is_digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // More digits than a number takes: beyond every file.
        is_digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (start, end) = match (first.trim(), last.trim()) {
        ("", suffix) => (size.saturating_sub(number(suffix)?), size),
        (first, "") => (number(first)?, size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first, last.saturating_add(1).min(size).max(first.min(size)))
        }
    };
    (start < end && end <= size).then_some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ranges_of_eight_bytes() {
        let part = |start, end| Wanted::Part { start, end };
        for (header, expected) in [
            ("bytes=6-7", part(6, 8)),
            ("bytes=6-100", part(6, 8)),
            ("bytes=-2", part(6, 8)),
            ("bytes=-100", part(0, 8)),
            ("bytes=3-", part(3, 8)),
            ("bytes=0-0", part(0, 1)),
            ("BYTES=0-0", part(0, 1)),
            ("bytes=8-", Wanted::Unsatisfiable),
            ("bytes=-0", Wanted::Unsatisfiable),
            ("bytes=5-4", Wanted::Unsatisfiable),
            ("bytes=0-1,3-4", Wanted::Unsatisfiable),
            ("bytes=x-", Wanted::Unsatisfiable),
            ("bytes=99999999999999999999999-", Wanted::Unsatisfiable),
            ("items=0-1", Wanted::Whole),
            ("nonsense", Wanted::Whole),
        ] {
            assert_eq!(wanted(Some(header), 8), expected, "{header}");
        }
        assert_eq!(wanted(None, 8), Wanted::Whole);
        assert_eq!(wanted(Some("bytes=0-"), 0), Wanted::Unsatisfiable);
    }

    proptest! {
        #[test]
        fn a_part_lies_within_the_file(header in "bytes=[0-9]{0,4}-[0-9]{0,4}|\\PC{0,20}", size in 0u64..3000) {
            if let Wanted::Part { start, end } = wanted(Some(&header), size) {
                prop_assert!(start < end && end <= size);
            }
        }
    }
}
