//! The paths of the service.
//!
//! In: the method and the path below `/storage/v1`, as it came. Out: a [`Target`], whose bucket and name
//! are percent-decoded once and not changed otherwise.

use actix_web::http::Method;
use percent_encoding::percent_decode_str;

use crate::storage::error::{Result, StorageError, codes};

/// A bucket and the name of an object in it, any text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub bucket: String,
    pub name: String,
}

/// Why a file may be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// The bucket is public, or else the caller's policies.
    Any,
    Authenticated,
    Public,
    /// The token of the link.
    Signed,
}

/// What a request is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    Status,
    Version,
    Health,
    ListBuckets,
    CreateBucket,
    GetBucket(String),
    UpdateBucket(String),
    DeleteBucket(String),
    EmptyBucket(String),
    Upload { at: At, replace: bool },
    UploadSigned(At),
    Download(Access, At),
    Info(Access, At),
    List(String),
    ListV2(String),
    Move,
    Copy,
    Remove(At),
    RemoveMany(String),
    Sign(At),
    SignMany(String),
    SignUpload(At),
    Purge,
}

impl Target {
    /// Reads method and path.
    ///
    /// # Errors
    /// NotFound for paths that the service does not have, InvalidKey for names that are no UTF-8.
    pub fn parse(method: &Method, path: &str) -> Result<Self> {
        let words: Vec<&str> = path.strip_prefix('/').unwrap_or(path).split('/').collect();
        let found = match words.as_slice() {
            ["status"] if is_read(method) => Some(Self::Status),
            ["version"] if is_read(method) => Some(Self::Version),
            ["health"] if is_read(method) => Some(Self::Health),
            ["bucket", rest @ ..] => bucket(method, rest)?,
            ["object", rest @ ..] => object(method, rest)?,
            // The picture as it is: its size is not changed here.
            ["render", "image", rest @ ..] if is_read(method) => read(rest)?,
            ["cdn", _, _, ..] if method == Method::DELETE => Some(Self::Purge),
            _ => None,
        };
        found.ok_or_else(|| {
            StorageError::new(
                &codes::NOT_FOUND,
                format!("Route {method}:{path} not found"),
            )
        })
    }
}

fn is_read(method: &Method) -> bool {
    method == Method::GET || method == Method::HEAD
}

fn bucket(method: &Method, rest: &[&str]) -> Result<Option<Target>> {
    let id = |raw: &str| decoded(raw);
    Ok(Some(match (method.as_str(), rest) {
        ("GET" | "HEAD", [] | [""]) => Target::ListBuckets,
        ("POST", [] | [""]) => Target::CreateBucket,
        ("GET" | "HEAD", [raw]) => Target::GetBucket(id(raw)?),
        ("PUT", [raw]) => Target::UpdateBucket(id(raw)?),
        ("DELETE", [raw]) => Target::DeleteBucket(id(raw)?),
        ("POST", [raw, "empty"]) => Target::EmptyBucket(id(raw)?),
        _ => return Ok(None),
    }))
}

fn object(method: &Method, rest: &[&str]) -> Result<Option<Target>> {
    if is_read(method) {
        return match rest {
            ["info", rest @ ..] => Ok(info(rest)?),
            rest => match read(rest)? {
                Some(target) => Ok(Some(target)),
                None => Ok(at(rest)?.map(|at| Target::Download(Access::Any, at))),
            },
        };
    }
    Ok(match (method.as_str(), rest) {
        ("POST", ["move"]) => Some(Target::Move),
        ("POST", ["copy"]) => Some(Target::Copy),
        ("POST", ["list", raw]) => Some(Target::List(decoded(raw)?)),
        ("POST", ["list-v2", raw]) => Some(Target::ListV2(decoded(raw)?)),
        ("POST", ["sign", raw] | ["sign", raw, ""]) => Some(Target::SignMany(decoded(raw)?)),
        ("POST", ["sign", rest @ ..]) => at(rest)?.map(Target::Sign),
        ("POST", ["upload", "sign", rest @ ..]) => at(rest)?.map(Target::SignUpload),
        ("PUT", ["upload", "sign", rest @ ..]) => at(rest)?.map(Target::UploadSigned),
        ("POST", rest) => at(rest)?.map(|at| Target::Upload { at, replace: false }),
        ("PUT", rest) => at(rest)?.map(|at| Target::Upload { at, replace: true }),
        ("DELETE", [raw] | [raw, ""]) => Some(Target::RemoveMany(decoded(raw)?)),
        ("DELETE", rest) => at(rest)?.map(Target::Remove),
        _ => None,
    })
}

/// `public/…`, `authenticated/…`, `sign/…`
fn read(rest: &[&str]) -> Result<Option<Target>> {
    let (access, rest) = match rest {
        ["public", rest @ ..] => (Access::Public, rest),
        ["authenticated", rest @ ..] => (Access::Authenticated, rest),
        ["sign", rest @ ..] => (Access::Signed, rest),
        _ => return Ok(None),
    };
    Ok(at(rest)?.map(|at| Target::Download(access, at)))
}

fn info(rest: &[&str]) -> Result<Option<Target>> {
    let (access, rest) = match rest {
        ["public", rest @ ..] if rest.len() > 1 => (Access::Public, rest),
        ["authenticated", rest @ ..] if rest.len() > 1 => (Access::Authenticated, rest),
        rest => (Access::Any, rest),
    };
    Ok(at(rest)?.map(|at| Target::Info(access, at)))
}

/// Bucket and name; `None` without a name.
fn at(words: &[&str]) -> Result<Option<At>> {
    let [bucket, name @ ..] = words else {
        return Ok(None);
    };
    let name = name.join("/");
    if name.is_empty() {
        return Ok(None);
    }
    Ok(Some(At {
        bucket: decoded(bucket)?,
        name: decoded(&name)?,
    }))
}

fn decoded(raw: &str) -> Result<String> {
    let text = percent_decode_str(raw).decode_utf8();
    let text = text.map_err(|_| StorageError::invalid_key("Invalid key: not UTF-8"))?;
    if text.contains('\0') {
        return Err(StorageError::invalid_key("Invalid key: a NUL character"));
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parse(method: &str, path: &str) -> Result<Target, &'static str> {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        Target::parse(&method, path).map_err(|error| error.code.code)
    }

    fn at(bucket: &str, name: &str) -> At {
        At {
            bucket: bucket.into(),
            name: name.into(),
        }
    }

    #[test]
    fn every_route_is_found() {
        let upload = |replace| Target::Upload {
            at: at("b", "d/x"),
            replace,
        };
        for (request, expected) in [
            ("GET /bucket", Target::ListBuckets),
            ("GET /bucket/", Target::ListBuckets),
            ("POST /bucket", Target::CreateBucket),
            ("GET /bucket/a%20b", Target::GetBucket("a b".into())),
            ("PUT /bucket/b", Target::UpdateBucket("b".into())),
            ("POST /bucket/b/empty", Target::EmptyBucket("b".into())),
            ("DELETE /bucket/b", Target::DeleteBucket("b".into())),
            ("POST /object/b/d/x", upload(false)),
            ("PUT /object/b/d/x", upload(true)),
            (
                "GET /object/b/d/x",
                Target::Download(Access::Any, at("b", "d/x")),
            ),
            (
                "HEAD /object/b/x",
                Target::Download(Access::Any, at("b", "x")),
            ),
            (
                "GET /object/public/b/x",
                Target::Download(Access::Public, at("b", "x")),
            ),
            (
                "GET /object/authenticated/b/x",
                Target::Download(Access::Authenticated, at("b", "x")),
            ),
            (
                "GET /object/sign/b/x",
                Target::Download(Access::Signed, at("b", "x")),
            ),
            (
                "GET /render/image/public/b/x",
                Target::Download(Access::Public, at("b", "x")),
            ),
            (
                "GET /object/info/b/x",
                Target::Info(Access::Any, at("b", "x")),
            ),
            (
                "GET /object/info/public/b/x",
                Target::Info(Access::Public, at("b", "x")),
            ),
            ("POST /object/list/b", Target::List("b".into())),
            ("POST /object/list-v2/b", Target::ListV2("b".into())),
            ("POST /object/move", Target::Move),
            ("POST /object/copy", Target::Copy),
            ("DELETE /object/b/x", Target::Remove(at("b", "x"))),
            ("DELETE /object/b", Target::RemoveMany("b".into())),
            ("POST /object/sign/b/d/x", Target::Sign(at("b", "d/x"))),
            ("POST /object/sign/b", Target::SignMany("b".into())),
            (
                "POST /object/upload/sign/b/x",
                Target::SignUpload(at("b", "x")),
            ),
            (
                "PUT /object/upload/sign/b/x",
                Target::UploadSigned(at("b", "x")),
            ),
            ("DELETE /cdn/b/x", Target::Purge),
        ] {
            let (method, path) = request.split_once(' ').expect("method and path");
            assert_eq!(parse(method, path), Ok(expected), "{request}");
        }
        for request in [
            "GET /",
            "GET /object/b",
            "PATCH /object/b/x",
            "GET /upload/resumable",
            "POST /status",
        ] {
            let (method, path) = request.split_once(' ').expect("method and path");
            assert_eq!(parse(method, path), Err("NotFound"), "{request}");
        }
    }

    #[test]
    fn names_are_decoded_once_and_not_changed() {
        for (raw, name) in [
            ("a%2Fb", "a/b"),
            ("a%252Fb", "a%2Fb"),
            ("..%2f..%2fetc", "../../etc"),
            ("%2fetc", "/etc"),
            ("a//b/", "a//b/"),
            ("%C3%9Cbung.txt", "Übung.txt"),
            ("a+b", "a+b"),
        ] {
            let path = format!("/object/b/{raw}");
            assert_eq!(
                parse("GET", &path),
                Ok(Target::Download(Access::Any, at("b", name)))
            );
        }
        for raw in ["%ff", "a%00b"] {
            assert_eq!(parse("GET", &format!("/object/b/{raw}")), Err("InvalidKey"));
        }
    }

    proptest! {
        #[test]
        fn any_path_is_read_or_refused(path in "(/|object|bucket|sign|upload|info|public|list|%2f|%|\\PC){0,12}") {
            for method in ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH"] {
                let _ = parse(method, &path);
            }
        }
    }
}
