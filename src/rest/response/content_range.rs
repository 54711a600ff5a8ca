//! `Content-Range` and the status that goes with it (RFC 9110 §14.4).
//!
//! In: the range asked for and the numbers of rows. Out: `0-24/3573`, `*/0`, `0-24/*`, and 200, 206 or 416.
//! Source: <https://docs.postgrest.org/en/stable/references/api/pagination_count.html>.

/// The header of rows `offset..offset + rows` out of `total`, when counted.
pub fn header(offset: u64, rows: i64, total: Option<i64>) -> String {
    let total_text = total.map_or_else(|| "*".to_owned(), |total| total.to_string());
    if rows <= 0 || total == Some(0) {
        return format!("*/{total_text}");
    }
    format!("{offset}-{}/{total_text}", last(offset, rows))
}

/// 200: all rows; 206: some of them; 416: the range begins behind the last row.
pub fn status(offset: u64, rows: i64, total: Option<i64>) -> u16 {
    match total {
        None => 200,
        Some(total) if i128::from(offset) > i128::from(total) => 416,
        Some(total) if rows < total => 206,
        Some(_) => 200,
    }
}

fn last(offset: u64, rows: i64) -> i128 {
    i128::from(offset) + i128::from(rows) - 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_statuses() {
        let cases = [
            // offset, rows, total -> header, status
            (0, 15, None, "0-14/*", 200),
            (0, 15, Some(15), "0-14/15", 200),
            (0, 1, Some(15), "0-0/15", 206),
            (5, 5, Some(15), "5-9/15", 206),
            (5, 10, Some(15), "5-14/15", 206),
            (0, 0, None, "*/*", 200),
            (0, 0, Some(0), "*/0", 200),
            (15, 0, Some(15), "*/15", 206),
            (16, 0, Some(15), "*/15", 416),
            (1, 0, Some(0), "*/0", 416),
            (100, 0, None, "*/*", 200),
        ];
        for (offset, rows, total, text, code) in cases {
            assert_eq!(
                header(offset, rows, total),
                text,
                "{offset} {rows} {total:?}"
            );
            assert_eq!(
                status(offset, rows, total),
                code,
                "{offset} {rows} {total:?}"
            );
        }
    }

    #[test]
    fn the_largest_offset_does_not_overflow() {
        assert_eq!(status(u64::MAX, 0, Some(1)), 416);
        assert!(header(u64::MAX, i64::MAX, None).ends_with("/*"));
    }
}
