//! `POST /object/list/{bucket}` and `/object/list-v2/{bucket}`.
//! Source: <https://supabase.com/docs/reference/javascript/storage-from-list>.

use actix_web::HttpResponse;
use serde::Deserialize;
use serde_json::Value;

use super::request::Call;
use super::respond;
use crate::storage::error::{Result, StorageError};
use crate::storage::list::{self, DEFAULT_LIMIT, ListOptions, MAX_LIMIT, SortColumn};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    prefix: Option<String>,
    search: Option<String>,
    limit: Option<i64>,
    offset: Option<i64>,
    #[serde(rename = "sortBy")]
    sort_by: Option<SortBy>,
    cursor: Option<String>,
    with_delimiter: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct SortBy {
    column: Option<String>,
    order: Option<String>,
}

/// Rows of a page of the newer form unless asked otherwise, and at most.
const PAGE_LIMIT: i64 = 1000;

impl Body {
    fn options(&self, default_limit: i64, max_limit: i64) -> Result<ListOptions> {
        let sort_by = self.sort_by.as_ref();
        let column = sort_by.and_then(|sort| sort.column.as_deref());
        let order = sort_by.and_then(|sort| sort.order.as_deref());
        let (limit, offset) = (
            self.limit.unwrap_or(default_limit),
            self.offset.unwrap_or(0),
        );
        if limit < 1 || offset < 0 {
            return Err(StorageError::invalid_request(
                "limit must be at least 1, offset at least 0",
            ));
        }
        Ok(ListOptions {
            prefix: self.prefix.clone().unwrap_or_default(),
            search: self.search.clone().unwrap_or_default(),
            limit: limit.min(max_limit),
            offset,
            sort: column
                .map(SortColumn::parse)
                .transpose()?
                .unwrap_or_default(),
            descending: order.is_some_and(|order| order.eq_ignore_ascii_case("desc")),
        })
    }
}

pub async fn folder(call: &mut Call<'_>, bucket: &str) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: Body = call.json().await?;
    let options = body.options(DEFAULT_LIMIT, MAX_LIMIT)?;
    let rows = list::folder(&call.state.database(), &identity, bucket, &options).await?;
    Ok(respond::json(&Value::Array(rows)))
}

pub async fn page(call: &mut Call<'_>, bucket: &str) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: Body = call.json().await?;
    let options = body.options(PAGE_LIMIT, PAGE_LIMIT)?;
    let page = list::page(
        &call.state.database(),
        &identity,
        bucket,
        &options,
        body.cursor.as_deref(),
        body.with_delimiter.unwrap_or(false),
    )
    .await?;
    Ok(respond::json(&page))
}
