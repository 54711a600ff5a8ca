//! `Range` header (RFC 9110 §14), `limit` and `offset`, as one value.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/pagination_count.html>.

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
