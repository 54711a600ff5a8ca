//! The documentation's preferences, their order and what is unknown.

use proptest::prelude::*;

use super::*;

fn parse(header: &str) -> Preferences {
    Preferences::parse(Some(header), true)
}

#[test]
fn every_preference() {
    assert_eq!(
        parse(
            "resolution=ignore-duplicates, return=representation,count=exact  ,tx=rollback, \
             missing=default, handling=strict, timezone=America/Los_Angeles, max-affected=100"
        ),
        Preferences {
            resolution: Some(Resolution::IgnoreDuplicates),
            representation: Some(Return::Representation),
            count: Some(Count::Exact),
            transaction: Some(Transaction::Rollback),
            missing: Some(Missing::Default),
            handling: Some(Handling::Strict),
            timezone: Some("America/Los_Angeles".into()),
            max_affected: Some(100),
            invalid: vec![],
        }
    );
    assert_eq!(Preferences::parse(None, true), Preferences::default());
}

#[test]
fn the_first_of_several_values_counts() {
    assert_eq!(
        parse("tx=commit, tx=rollback").transaction,
        Some(Transaction::Commit)
    );
    let preferences = parse("timezone=a, timezone=b, max-affected=1, max-affected=2");
    assert_eq!(preferences.timezone.as_deref(), Some("a"));
    assert_eq!(preferences.max_affected, Some(1));
}

#[test]
fn tx_needs_permission_but_is_never_invalid() {
    let refused = Preferences::parse(Some("tx=rollback"), false);
    assert_eq!(refused, Preferences::default());
}

#[test]
fn the_unknown_is_collected() {
    let preferences = parse("handling=strict, foo, count=Exact, return=all,, timezone=Nowhere");
    assert_eq!(
        preferences.invalid,
        ["foo", "count=Exact", "return=all", ""]
    );
    assert_eq!(preferences.count, None);
}

#[test]
fn max_affected_is_a_number_of_rows() {
    assert_eq!(parse("max-affected=ten").max_affected, None);
    assert_eq!(parse("max-affected=ten").invalid, Vec::<String>::new());
    assert_eq!(parse("max-affected=-1").max_affected, Some(0));
    assert_eq!(parse("max-affected=0").max_affected, Some(0));
}

#[test]
fn what_was_applied_is_told_in_a_fixed_order() {
    assert_eq!(
        parse(
            "max-affected=5, timezone=05:30, handling=strict, tx=rollback, count=planned, \
             return=minimal, missing=null, resolution=merge-duplicates"
        )
        .applied_header()
        .as_deref(),
        Some(
            "resolution=merge-duplicates, missing=null, return=minimal, count=planned, \
             tx=rollback, handling=strict, timezone=05:30, max-affected=5"
        )
    );
    assert_eq!(parse("max-affected=5").applied_header(), None);
    assert_eq!(parse("foo").applied_header(), None);
}

proptest! {
    #[test]
    fn what_is_applied_is_read_back(header in "(count=(exact|planned|estimated)|return=minimal|tx=commit|handling=strict|max-affected=[0-9]{1,4}|timezone=[A-Z][a-z]{1,5}|, ){0,9}") {
        let mut preferences = parse(&header);
        preferences.invalid.clear();
        if preferences.handling.is_none() {
            preferences.max_affected = None;
        }
        let applied = preferences.applied_header();
        prop_assert_eq!(Preferences::parse(applied.as_deref(), true), preferences);
    }
}
