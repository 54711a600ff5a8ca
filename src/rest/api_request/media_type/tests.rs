//! Known types, vendor types with options, quality order, and the texts that go back.

use proptest::prelude::*;

use super::*;

fn plan(inner: MediaType, format: PlanFormat, options: &[PlanOption]) -> MediaType {
    MediaType::Plan {
        inner: Box::new(inner),
        format,
        options: options.to_vec(),
    }
}

#[test]
fn known_types_in_any_case_with_any_parameters() {
    for (text, expected) in [
        ("application/json", MediaType::ApplicationJson),
        (
            "application/json; charset=utf-8",
            MediaType::ApplicationJson,
        ),
        ("application/geo+json", MediaType::GeoJson),
        ("text/csv;header=present", MediaType::TextCsv),
        ("Text/Plain", MediaType::TextPlain),
        ("text/xml", MediaType::TextXml),
        ("application/openapi+json", MediaType::OpenApi),
        ("application/x-www-form-urlencoded", MediaType::UrlEncoded),
        ("application/octet-stream", MediaType::OctetStream),
        ("*/*", MediaType::Any),
        (
            "application/vnd.pgrst.array+json",
            MediaType::ApplicationJson,
        ),
        (
            "application/vnd.pgrst.array;nulls=stripped",
            MediaType::ArrayJsonStripped,
        ),
        (
            "ApplicatIon/vnd.PgRsT.object+json",
            MediaType::SingularJson {
                nulls_stripped: false,
            },
        ),
        (
            "application/vnd.pgrst.object ; NULLS = stripped",
            MediaType::SingularJson {
                nulls_stripped: true,
            },
        ),
        (
            "application/vnd.twkb",
            MediaType::Other("application/vnd.twkb".into()),
        ),
        (
            "unknown/unknown; a=b",
            MediaType::Other("unknown/unknown; a=b".into()),
        ),
    ] {
        assert_eq!(MediaType::parse(text), expected, "{text}");
    }
}

#[test]
fn plans() {
    use PlanOption::{Analyze, Buffers, Settings, Verbose, Wal};
    let json = MediaType::ApplicationJson;
    for (text, expected) in [
        (
            "application/vnd.pgrst.plan",
            plan(json.clone(), PlanFormat::Text, &[]),
        ),
        (
            "application/vnd.pgrst.plan;",
            plan(json.clone(), PlanFormat::Text, &[]),
        ),
        (
            "application/vnd.pgrst.plan ; for=\"text/xml\" ; options=analyze",
            plan(MediaType::TextXml, PlanFormat::Text, &[Analyze]),
        ),
        (
            "application/vnd.pgrst.plan+json;for=\"text/csv\"",
            plan(MediaType::TextCsv, PlanFormat::Json, &[]),
        ),
        (
            "application/vnd.pgrst.plan+text; for=\"application/vnd.pgrst.object\"; \
             options=wal|buffers|nonsense|settings|verbose|analyze",
            plan(
                MediaType::SingularJson {
                    nulls_stripped: false,
                },
                PlanFormat::Text,
                &[Analyze, Verbose, Settings, Buffers, Wal],
            ),
        ),
    ] {
        assert_eq!(MediaType::parse(text), expected, "{text}");
    }
}

#[test]
fn what_cannot_be_read_is_kept() {
    for text in [
        "",
        "json",
        "/",
        "text/",
        " text/csv",
        "\"",
        "a/b;for=\"",
        "é/ü",
    ] {
        assert_eq!(
            MediaType::parse(text),
            MediaType::Other(text.into()),
            "{text}"
        );
    }
    let cut = MediaType::parse("application/vnd.pgrst.plan;for=\"text/csv");
    assert_eq!(cut, plan(MediaType::ApplicationJson, PlanFormat::Text, &[]));
}

#[test]
fn accept_is_ordered_by_quality_then_specificity() {
    let accept = |text: &str| {
        let types = MediaType::parse_accept(Some(text));
        types.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        accept("text/csv; q=0.5, application/json"),
        ["application/json", "text/csv"]
    );
    assert_eq!(accept("*/*, text/csv"), ["text/csv", "*/*"]);
    assert_eq!(accept("text/csv,text/plain"), ["text/csv", "text/plain"]);
    assert_eq!(
        accept("application/vnd.pgrst.object+json, application/json;q=x"),
        ["application/vnd.pgrst.object+json", "application/json"]
    );
    assert_eq!(
        accept("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"),
        [
            "text/html",
            "application/xhtml+xml",
            "application/xml",
            "*/*"
        ]
    );
    assert_eq!(MediaType::parse_accept(None), [MediaType::Any]);
    assert_eq!(MediaType::parse_accept(Some(" ")), [MediaType::Any]);
}

#[test]
fn content_type_names_the_charset_of_texts() {
    assert_eq!(
        MediaType::ApplicationJson.content_type(),
        "application/json; charset=utf-8"
    );
    assert_eq!(
        MediaType::OctetStream.content_type(),
        "application/octet-stream"
    );
    assert_eq!(
        MediaType::Other("image/png".into()).content_type(),
        "image/png"
    );
    assert_eq!(
        plan(
            MediaType::TextCsv,
            PlanFormat::Json,
            &[PlanOption::Analyze, PlanOption::Wal]
        )
        .content_type(),
        "application/vnd.pgrst.plan+json; for=\"text/csv\"; options=analyze|wal; charset=utf-8"
    );
}

fn any_simple() -> impl Strategy<Value = MediaType> {
    prop_oneof![
        prop::sample::select(vec![
            MediaType::ApplicationJson,
            MediaType::GeoJson,
            MediaType::TextCsv,
            MediaType::TextPlain,
            MediaType::TextXml,
            MediaType::OpenApi,
            MediaType::UrlEncoded,
            MediaType::OctetStream,
            MediaType::Any,
            MediaType::ArrayJsonStripped,
            MediaType::SingularJson {
                nulls_stripped: true
            },
            MediaType::SingularJson {
                nulls_stripped: false
            },
        ]),
        "x[a-z]{0,5}/[a-z.+-]{1,8}(;[a-z]{1,3}=[a-z]{1,3})?".prop_map(MediaType::Other),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(
        inner in any_simple(),
        is_plan in any::<bool>(),
        format in prop::sample::select(vec![PlanFormat::Json, PlanFormat::Text]),
        options in prop::sample::subsequence(PLAN_OPTIONS.map(|(_, option)| option).to_vec(), 0..=5),
    ) {
        let media = if is_plan { plan(inner, format, &options) } else { inner };
        prop_assert_eq!(MediaType::parse(&media.to_string()), media);
    }
}
