//! Which overload a call means.
//!
//! In: the routine's name, the names of the arguments, and for a POST its content type. Out: the one
//! routine whose parameters fit: every required one is given, and nothing it does not take. Failing
//! that, a POST may mean the routine with a single unnamed parameter of the body's type.
//! Source: <https://docs.postgrest.org/en/stable/references/api/functions.html#overloaded-functions>.

use std::collections::BTreeSet;

use crate::error::Error;
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::media_type::MediaType;
use crate::schema_cache::SchemaCache;
use crate::schema_cache::routine::Routine;

use super::faults::{self, CallShape};

/// Finds the routine.
///
/// # Errors
/// `PGRST202` when none fits, `PGRST203` when several do.
pub fn find<'c>(
    cache: &'c SchemaCache,
    target: &QualifiedIdentifier,
    arguments: &BTreeSet<String>,
    content_type: &MediaType,
    is_post: bool,
) -> Result<&'c Routine, Error> {
    let overloads = cache.routines.get(target).map_or(&[][..], Vec::as_slice);
    let has_raw_body = is_post
        && matches!(
            content_type,
            MediaType::OctetStream | MediaType::TextPlain | MediaType::TextXml
        );
    let (mut by_name, mut by_body) = (Vec::new(), Vec::new());
    for routine in overloads {
        if takes(routine, arguments, has_raw_body) {
            by_name.push(routine);
        } else if is_post && takes_body(routine, content_type) {
            by_body.push(routine);
        }
    }
    let fitting = if by_name.is_empty() { by_body } else { by_name };
    match fitting[..] {
        [] => {
            let arguments: Vec<_> = arguments.iter().cloned().collect();
            let call = CallShape {
                arguments: &arguments,
                content_type,
                is_post,
            };
            Err(faults::no_routine(cache, target, call))
        }
        [only] => Ok(only),
        _ => Err(faults::ambiguous_routine(&fitting)),
    }
}

fn takes(routine: &Routine, arguments: &BTreeSet<String>, has_raw_body: bool) -> bool {
    if routine.params.is_empty() {
        return arguments.is_empty() && !has_raw_body;
    }
    let is_param = |name: &String| routine.params.iter().any(|p| p.name == *name);
    let mut required = routine.params.iter().filter(|p| p.required);
    required.all(|p| arguments.contains(&p.name)) && arguments.iter().all(is_param)
}

fn takes_body(routine: &Routine, content_type: &MediaType) -> bool {
    let [only] = &routine.params[..] else {
        return false;
    };
    only.name.is_empty()
        && match content_type {
            MediaType::ApplicationJson => matches!(&*only.data_type, "json" | "jsonb"),
            MediaType::TextPlain => only.data_type == "text",
            MediaType::TextXml => only.data_type == "xml",
            MediaType::OctetStream => only.data_type == "bytea",
            _ => false,
        }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cache_with, routine};
    use super::*;

    fn found(
        cache: &SchemaCache,
        name: &str,
        arguments: &[&str],
        body: Option<MediaType>,
    ) -> Result<Vec<String>, Error> {
        let target = QualifiedIdentifier::new("test", name);
        let arguments = arguments.iter().map(|a| (*a).to_owned()).collect();
        let is_post = body.is_some();
        let content_type = body.unwrap_or(MediaType::ApplicationJson);
        let routine = find(cache, &target, &arguments, &content_type, is_post)?;
        let params = routine.params.iter();
        Ok(params
            .map(|p| format!("{}:{}", p.name, p.data_type))
            .collect())
    }

    fn overloaded() -> SchemaCache {
        cache_with(vec![
            routine("f", &[]),
            routine("f", &["a:integer"]),
            routine("f", &["a:integer", "b:text?"]),
            routine("f", &["x:integer?", "y:integer?"]),
            routine("g", &[":json"]),
            routine("g", &["a:integer", "b:integer"]),
            routine("raw", &[]),
            routine("raw", &[":text"]),
            routine("raw", &[":xml"]),
            routine("raw", &[":bytea"]),
            routine("three", &["name:text", "param:text", "val:text"]),
        ])
    }

    #[test]
    fn overloads_are_told_apart_by_the_names_of_their_arguments() {
        let cache = overloaded();
        for (arguments, expected) in [
            (&["a", "b"][..], vec!["a:integer", "b:text"]),
            (&["y"], vec!["x:integer", "y:integer"]),
            (&["x", "y"], vec!["x:integer", "y:integer"]),
        ] {
            assert_eq!(found(&cache, "f", arguments, None).unwrap(), expected);
        }
    }

    #[test]
    fn several_that_fit_are_ambiguous() {
        let error = found(&overloaded(), "f", &["a"], None).unwrap_err();
        let fault = error.fault();
        assert_eq!((&*fault.code, fault.status), ("PGRST203", 300));
        assert_eq!(
            fault.message,
            "Could not choose the best candidate function between: test.f(a => integer), \
             test.f(a => integer, b => text)"
        );
        assert_eq!(
            fault.hint.as_deref(),
            Some(
                "Try renaming the parameters or the function itself in the database so function \
                 overloading can be resolved"
            )
        );
        assert_eq!(fault.details, None);
    }

    #[test]
    fn a_body_may_be_the_single_unnamed_parameter() {
        let cache = overloaded();
        let by_body = |name, media| found(&cache, name, &[], Some(media)).unwrap();
        assert_eq!(by_body("g", MediaType::ApplicationJson), [":json"]);
        assert_eq!(by_body("raw", MediaType::TextPlain), [":text"]);
        assert_eq!(by_body("raw", MediaType::TextXml), [":xml"]);
        assert_eq!(by_body("raw", MediaType::OctetStream), [":bytea"]);
        // Named arguments come first.
        let json = Some(MediaType::ApplicationJson);
        assert_eq!(
            found(&cache, "g", &["a", "b"], json).unwrap(),
            ["a:integer", "b:integer"]
        );
        assert!(
            found(&cache, "raw", &[], Some(MediaType::ApplicationJson))
                .unwrap()
                .is_empty()
        );
        assert_eq!(
            found(&cache, "g", &[], None).unwrap_err().code(),
            "PGRST202"
        );
    }

    #[test]
    fn what_was_looked_for_is_told() {
        let cache = overloaded();
        let json = || Some(MediaType::ApplicationJson);
        let none = &[][..];
        for (arguments, body, signature, searched) in [
            (none, None, " without parameters", "without parameters"),
            (&["v"], None, "(v)", "with parameter v"),
            (&["v", "w"], None, "(v, w)", "with parameters v, w"),
            (
                &["v"],
                json(),
                "(v)",
                "with parameter v or with a single unnamed json/jsonb parameter",
            ),
            (
                none,
                json(),
                " without parameters",
                "without parameters or with a single unnamed json/jsonb parameter",
            ),
            (
                none,
                Some(MediaType::TextPlain),
                "",
                "with a single unnamed text parameter",
            ),
            (
                none,
                Some(MediaType::TextXml),
                "",
                "with a single unnamed xml parameter",
            ),
            (
                none,
                Some(MediaType::OctetStream),
                "",
                "with a single unnamed bytea parameter",
            ),
        ] {
            let error = found(&cache, "three", arguments, body).unwrap_err();
            let fault = error.fault();
            assert_eq!((&*fault.code, fault.status), ("PGRST202", 404));
            assert_eq!(
                fault.message,
                format!("Could not find the function test.three{signature} in the schema cache")
            );
            let details = format!(
                "Searched for the function test.three {searched}, but no matches were found in \
                 the schema cache."
            );
            assert_eq!(fault.details, Some(details.into()));
        }
    }

    #[test]
    fn the_nearest_routine_is_suggested() {
        let cache = overloaded();
        let three = Some("Perhaps you meant to call the function test.three");
        let params = Some("Perhaps you meant to call the function test.three(name, param, val)");
        for (name, arguments, body, expected) in [
            ("thre", &[][..], None, three),
            ("zzz", &[], None, None),
            ("three", &["param", "val"], None, params),
            ("three", &["nam", "pqaram", "vall"], None, params),
            ("three", &["noclosealternative"], None, None),
            ("thre", &[], Some(MediaType::TextPlain), None),
        ] {
            let error = found(&cache, name, arguments, body).unwrap_err();
            let hint = error.fault().hint.as_deref();
            assert_eq!(hint, expected, "{name} {arguments:?}");
        }
    }
}
