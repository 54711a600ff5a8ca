//! Limits, offsets and headers, their intersections and their faults.

use proptest::prelude::*;

use super::*;
use crate::rest::api_request::testing::{get, request, texts};

fn rows(offset: u64, limit: Option<u64>) -> RowRange {
    RowRange { offset, limit }
}

fn asked(limit: Option<&str>, offset: Option<&str>) -> LimitOffset {
    let mut asked = LimitOffset::default();
    if let Some(limit) = limit {
        asked.set_limit(limit);
    }
    if let Some(offset) = offset {
        asked.set_offset(offset);
    }
    asked
}

fn top(header: Option<&str>, limit: Option<&str>, offset: Option<&str>) -> RowRange {
    top_level(header, asked(limit, offset)).unwrap()
}

fn fault(header: Option<&str>, limit: Option<&str>, offset: Option<&str>) -> String {
    let error = top_level(header, asked(limit, offset)).unwrap_err();
    assert_eq!((error.code(), error.status()), ("PGRST103", 416));
    assert_eq!(texts(&error).0, "Requested range not satisfiable");
    texts(&error).1.to_owned()
}

const NEGATIVE: &str = "Limit should be greater than or equal to zero.";

#[test]
fn limit_and_offset() {
    assert_eq!(top(None, None, None), RowRange::ALL);
    assert_eq!(top(None, Some("15"), Some("30")), rows(30, Some(15)));
    assert_eq!(top(None, Some("15"), None), rows(0, Some(15)));
    assert_eq!(top(None, None, Some("30")), rows(30, None));
}

#[test]
fn limit_zero_asks_for_no_rows_and_wins() {
    assert_eq!(top(None, Some("0"), None), rows(0, Some(0)));
    assert_eq!(top(None, Some("0"), Some("0")), rows(0, Some(0)));
    assert_eq!(top(Some("5-9"), Some("0"), None), rows(0, Some(0)));
    assert_eq!(top(Some("1-0"), Some("0"), None), rows(0, Some(0)));
    assert_eq!(fault(None, Some("0"), Some("5")), NEGATIVE);
}

#[test]
fn the_header_is_met_with_the_limit() {
    assert_eq!(top(Some("0-19"), None, None), rows(0, Some(20)));
    assert_eq!(top(Some("10-"), None, None), rows(10, None));
    assert_eq!(top(Some("0-19"), Some("5"), Some("2")), rows(2, Some(5)));
    assert_eq!(top(Some("3-4"), Some("100"), None), rows(3, Some(2)));
    for no_range in ["items=0-19", "-5", "5", "a-b", "", "1-2-3"] {
        assert_eq!(top(Some(no_range), None, None), RowRange::ALL, "{no_range}");
    }
}

#[test]
fn empty_ranges_are_faults() {
    assert_eq!(
        fault(Some("1-0"), None, None),
        "The lower boundary must be lower than or equal to the upper boundary in the Range header."
    );
    assert_eq!(fault(None, Some("-1"), None), NEGATIVE);
    assert_eq!(fault(Some("10-19"), Some("5"), None), NEGATIVE);
}

#[test]
fn what_is_no_number_is_ignored_alone_and_zero_with_an_offset() {
    assert_eq!(top(None, Some("ten"), None), RowRange::ALL);
    assert_eq!(top(None, Some(""), None), RowRange::ALL);
    assert_eq!(top(None, None, Some("x")), RowRange::ALL);
    assert_eq!(fault(None, Some("ten"), Some("5")), NEGATIVE);
    assert_eq!(top(None, None, Some("-3")), RowRange::ALL);
}

#[test]
fn numbers_that_no_bigint_holds_are_clamped() {
    let huge = "99999999999999999999999999999999999999999999";
    let max = u64::try_from(i64::MAX).unwrap();
    assert_eq!(top(None, Some(huge), None), rows(0, Some(max)));
    assert_eq!(top(None, Some(huge), Some(huge)), rows(max, Some(max)));
    assert_eq!(top(Some(&format!("{huge}-")), None, None), rows(max, None));
    assert_eq!(fault(None, Some(&format!("-{huge}")), None), NEGATIVE);
}

#[test]
fn embeds_get_postgresql_s_words_for_negative_numbers() {
    assert_eq!(
        asked(Some("10"), Some("2")).embedded(),
        Ok(rows(2, Some(10)))
    );
    assert_eq!(asked(Some("0"), None).embedded(), Ok(rows(0, Some(0))));
    let limit = asked(Some("-1"), None).embedded().unwrap_err();
    assert_eq!(
        (limit.code(), texts(&limit).0),
        ("2201W", "LIMIT must not be negative")
    );
    let offset = asked(None, Some("-1")).embedded().unwrap_err();
    assert_eq!(
        (offset.code(), texts(&offset).0),
        ("2201X", "OFFSET must not be negative")
    );
}

#[test]
fn only_get_heeds_the_header_and_put_takes_no_limit() {
    let with_range = |method: &str| request(method, "/people").with_header("range", "0-0");
    let range = |method: &str| {
        let request = with_range(method).with_body("application/json", "{}");
        request.parsed().unwrap().top_level_range
    };
    assert_eq!(range("GET"), rows(0, Some(1)));
    assert_eq!(range("HEAD"), RowRange::ALL);
    assert_eq!(range("POST"), RowRange::ALL);
    assert_eq!(range("PUT"), RowRange::ALL);
    let error = request("PUT", "/people?limit=1").parsed().unwrap_err();
    assert_eq!(error.code(), "PGRST114");
    assert_eq!(
        get("/people?limit=3").query.ranges[&vec![]],
        rows(0, Some(3))
    );
}

#[test]
fn max_rows_caps() {
    assert_eq!(RowRange::ALL.capped(Some(3)), rows(0, Some(3)));
    assert_eq!(rows(1, Some(9)).capped(Some(3)), rows(1, Some(3)));
    assert_eq!(rows(1, Some(2)).capped(Some(3)), rows(1, Some(2)));
}

proptest! {
    #[test]
    fn a_range_never_asks_for_more_than_header_or_limit(
        first in 0u64..50, count in 1u64..50, limit in 1u64..50, offset in 0u64..50,
    ) {
        let header = format!("{first}-{}", first + count - 1);
        let both = top_level(Some(&header), asked(Some(&limit.to_string()), Some(&offset.to_string())));
        let wanted: Vec<u64> =
            (first..first + count).filter(|row| (offset..offset + limit).contains(row)).collect();
        match both {
            Ok(range) => {
                let end = range.offset + range.limit.unwrap_or_default();
                prop_assert_eq!((range.offset..end).collect::<Vec<_>>(), wanted);
            }
            Err(_) => prop_assert!(wanted.is_empty()),
        }
    }
}
