//! `Range` header (RFC 9110 §14), `limit` and `offset`, as one value.
//!
//! In: the header (GET only) and the root's `limit`/`offset`. Out: a [`RowRange`], or PGRST103.
//! Both are intervals of row numbers and the answer is their intersection. The only empty interval
//! that is allowed is `limit=0`: it asks for no rows and wins over the header.
//!
//! Kept from PostgREST: a header that is no range of row numbers asks for all rows; a negative
//! offset of the root is 0; `limit` that is no number is ignored, but with an `offset` it counts as 0
//! (so `limit=x&offset=5` is refused like `limit=0&offset=5`).
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/pagination_count.html>.

use crate::error::{Error, codes};

/// Rows asked for: skip `offset`, then at most `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowRange {
    /// Rows to skip.
    pub offset: u64,
    /// Rows to return; `None` means all.
    pub limit: Option<u64>,
}

impl RowRange {
    /// All rows.
    pub const ALL: RowRange = RowRange {
        offset: 0,
        limit: None,
    };

    /// Caps the limit (db-max-rows).
    #[must_use]
    pub fn capped(self, max_rows: Option<u64>) -> Self {
        let limit = match (self.limit, max_rows) {
            (Some(l), Some(m)) => Some(l.min(m)),
            (l, m) => l.or(m),
        };
        Self { limit, ..self }
    }
}

/// Row numbers from `lower` to `upper`, both included. Numbers are clamped to what PostgreSQL's
/// `bigint` holds, so that sums of two fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Interval {
    lower: i128,
    /// `None`: no end.
    upper: Option<i128>,
}

impl Interval {
    const ALL: Self = Self {
        lower: 0,
        upper: None,
    };

    fn is_empty(self) -> bool {
        self.upper.is_some_and(|upper| upper < self.lower)
    }

    fn intersection(self, other: Self) -> Self {
        Self {
            lower: self.lower.max(other.lower),
            upper: match (self.upper, other.upper) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
        }
    }

    /// Only for intervals that are not negative.
    fn rows(self) -> RowRange {
        let count = |n: i128| u64::try_from(n.clamp(0, i128::from(i64::MAX))).unwrap_or_default();
        RowRange {
            offset: count(self.lower),
            limit: self.upper.map(|upper| count(upper - self.lower + 1)),
        }
    }
}

/// `limit` and `offset` of one level as sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct LimitOffset {
    /// Outer: sent; inner: a number.
    limit: Option<Option<i128>>,
    /// As `limit`.
    offset: Option<Option<i128>>,
}

impl LimitOffset {
    pub fn set_limit(&mut self, value: &str) {
        self.limit = Some(integer(value));
    }

    pub fn set_offset(&mut self, value: &str) {
        self.offset = Some(integer(value));
    }

    fn interval(self) -> Interval {
        let lower = self.offset.flatten().unwrap_or(0);
        let upper = match (self.limit, self.offset) {
            (None, _) | (Some(None), None) => None,
            (Some(limit), _) => Some(lower + limit.unwrap_or(0) - 1),
        };
        Interval { lower, upper }
    }

    /// The rows of an embed.
    ///
    /// # Errors
    /// What PostgreSQL says about a negative number, since it would get to see it.
    pub fn embedded(self) -> Result<RowRange, Error> {
        let interval = self.interval();
        if interval.lower < 0 {
            return Err(Error::from_database(
                "2201X",
                400,
                "OFFSET must not be negative",
            ));
        }
        if interval
            .upper
            .is_some_and(|upper| upper - interval.lower + 1 < 0)
        {
            return Err(Error::from_database(
                "2201W",
                400,
                "LIMIT must not be negative",
            ));
        }
        Ok(interval.rows())
    }
}

/// The rows of the root level. `header` is the `Range` header, given for GET only (RFC 9110).
///
/// # Errors
/// PGRST103 for an empty interval other than `limit=0`.
pub(super) fn top_level(header: Option<&str>, limit: LimitOffset) -> Result<RowRange, Error> {
    let header = header.map_or(Interval::ALL, header_interval);
    let asked = limit.interval();
    // Only `limit=0` without an offset (or with 0) ends right before row 0.
    if asked.upper == Some(-1) {
        return Ok(RowRange {
            offset: 0,
            limit: Some(0),
        });
    }
    let interval = header.intersection(asked);
    if interval.is_empty() {
        let details = if header.is_empty() {
            "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        } else {
            "Limit should be greater than or equal to zero."
        };
        return Err(
            Error::new(&codes::PGRST103, "Requested range not satisfiable").details(details),
        );
    }
    Ok(interval.rows())
}

/// `first-last` or `first-`; anything else is all rows.
fn header_interval(header: &str) -> Interval {
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    match header.split_once('-') {
        Some((lower, upper)) if !lower.is_empty() && digits(lower) && digits(upper) => Interval {
            lower: integer(lower).unwrap_or(0),
            upper: integer(upper),
        },
        _ => Interval::ALL,
    }
}

/// A decimal integer with an optional minus, clamped to the range of `bigint`.
fn integer(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let magnitude = digits
        .parse::<i128>()
        .unwrap_or(i128::MAX)
        .min(i128::from(i64::MAX));
    Some(if negative { -magnitude } else { magnitude })
}

#[cfg(test)]
mod tests;
