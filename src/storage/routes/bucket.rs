//! `/bucket`: the buckets themselves.
//! Source: <https://supabase.com/docs/reference/javascript/storage-createbucket>.

use actix_web::HttpResponse;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::request::Call;
use super::respond;
use crate::storage::bucket::{self, ListOptions, Settings};
use crate::storage::error::{Result, StorageError, codes};
use crate::storage::name::BucketName;
use crate::storage::transfer;

/// Body of create and update. `null` differs from absent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Body {
    id: Option<String>,
    name: Option<String>,
    public: Option<bool>,
    r#type: Option<String>,
    #[serde(deserialize_with = "present")]
    file_size_limit: Option<Value>,
    #[serde(deserialize_with = "present")]
    allowed_mime_types: Option<Value>,
}

/// `null` becomes `Some(Value::Null)`.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(deserializer).map(Some)
}

impl Body {
    fn settings(&self, server_limit_bytes: u64) -> Result<Settings> {
        if self
            .r#type
            .as_deref()
            .is_some_and(|kind| kind != "STANDARD")
        {
            return Err(StorageError::new(
                &codes::NOT_SUPPORTED,
                "Only buckets of type STANDARD are supported",
            ));
        }
        let settings = Settings {
            public: self.public,
            file_size_limit_bytes: self.file_size_limit.as_ref().map(size).transpose()?,
            allowed_mime_types: self.allowed_mime_types.as_ref().map(types).transpose()?,
        };
        settings.check(server_limit_bytes)?;
        Ok(settings)
    }
}

/// Bytes, or text such as `20MB` with decimal units; null, 0 and the empty text are no limit.
fn size(value: &Value) -> Result<Option<u64>> {
    let bad = || {
        StorageError::new(
            &codes::INVALID_PARAMETER,
            "file_size_limit must be bytes or a text such as \"20MB\"",
        )
    };
    match value {
        Value::Null => Ok(None),
        Value::Number(number) => number.as_u64().ok_or_else(bad).map(Some),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) => parse_size(text).ok_or_else(bad).map(Some),
        _ => Err(bad()),
    }
}

fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: u64 = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "TB" => 1_000_000_000_000,
        _ => return None,
    };
    if let Ok(whole) = number.parse::<u64>() {
        return whole.checked_mul(factor);
    }
    let bytes = number.parse::<f64>().ok()? * f64::from(u32::try_from(factor).ok()?);
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "digits and a dot are not negative, and the cast saturates"
    )]
    Some(bytes as u64)
}

fn types(value: &Value) -> Result<Option<Vec<String>>> {
    let bad = || StorageError::invalid_request("allowed_mime_types must be a list of types");
    match value {
        Value::Null => Ok(None),
        Value::Array(entries) if entries.is_empty() => Ok(None),
        Value::Array(entries) => entries
            .iter()
            .map(|entry| entry.as_str().map(str::to_owned).ok_or_else(bad))
            .collect::<Result<_>>()
            .map(Some),
        _ => Err(bad()),
    }
}

pub async fn list(call: &Call<'_>) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let number = |name: &str| {
        let text = call.query(name).filter(|text| !text.is_empty());
        text.map(|text| match text.parse::<i64>() {
            Ok(number) if number >= 0 => Ok(number),
            _ => Err(StorageError::invalid_request(format!(
                "{name} must be a number"
            ))),
        })
        .transpose()
    };
    let options = ListOptions {
        search: call
            .query("search")
            .filter(|text| !text.is_empty() && !text.contains('\0')),
        sort_column: call
            .query("sortColumn")
            .filter(|c| ["id", "name", "created_at", "updated_at"].contains(&c.as_str())),
        descending: call.query("sortOrder").as_deref() == Some("desc"),
        limit: number("limit")?,
        offset: number("offset")?.unwrap_or(0),
    };
    let buckets = bucket::list(&call.state.database(), &identity, &options).await?;
    Ok(respond::json(&Value::Array(buckets)))
}

pub async fn get(call: &Call<'_>, id: &str) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let bucket = bucket::get(&call.state.database(), &identity, id).await?;
    Ok(respond::json(&bucket))
}

pub async fn create(call: &mut Call<'_>) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: Body = call.json().await?;
    // Both are the same in every client; a bucket is addressed by its id.
    let name = body.id.as_ref().or(body.name.as_ref());
    let name = name
        .ok_or_else(|| StorageError::invalid_request("body must have required property 'name'"))?;
    let name = BucketName::parse(name)?;
    let settings = body.settings(call.state.file_size_limit_bytes)?;
    bucket::create(&call.state.database(), &identity, &name, &settings).await?;
    Ok(respond::json(&json!({"name": name.as_str()})))
}

pub async fn update(call: &mut Call<'_>, id: &str) -> Result<HttpResponse> {
    let identity = call.identity()?;
    let body: Body = call.json().await?;
    let settings = body.settings(call.state.file_size_limit_bytes)?;
    bucket::update(&call.state.database(), &identity, id, &settings).await?;
    Ok(respond::json(&json!({"message": "Successfully updated"})))
}

pub async fn delete(call: &Call<'_>, id: &str) -> Result<HttpResponse> {
    let identity = call.identity()?;
    bucket::delete(&call.state.database(), &identity, id).await?;
    Ok(respond::json(&json!({"message": "Successfully deleted"})))
}

pub async fn empty(call: &Call<'_>, id: &str) -> Result<HttpResponse> {
    let identity = call.identity()?;
    transfer::empty(call.state, &identity, id).await?;
    Ok(respond::json(&json!({"message": "Successfully emptied"})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_bytes_or_text_with_decimal_units() {
        for (value, expected) in [
            (json!(100), Some(100)),
            (json!("100"), Some(100)),
            (json!("20MB"), Some(20_000_000)),
            (json!("1.5 kb"), Some(1500)),
            (json!("1gb"), Some(1_000_000_000)),
            (json!(null), None),
            (json!(""), None),
        ] {
            assert_eq!(size(&value), Ok(expected), "{value}");
        }
        for bad in [
            json!("x"),
            json!("10 parsecs"),
            json!(-1),
            json!(1.5),
            json!([]),
            json!("99999999999999999999TB"),
        ] {
            assert!(size(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn null_differs_from_absent() {
        let settings = |body: Value| {
            let body: Body = serde_json::from_value(body).expect("a body");
            body.settings(100).expect("settings")
        };
        assert_eq!(settings(json!({})).file_size_limit_bytes, None);
        assert_eq!(
            settings(json!({"file_size_limit": null})).file_size_limit_bytes,
            Some(None)
        );
        assert_eq!(
            settings(json!({"allowed_mime_types": null})).allowed_mime_types,
            Some(None)
        );
        assert_eq!(settings(json!({"public": true})).public, Some(true));
    }
}
