//! The decision's bounds, one by one, and its laws.

use proptest::prelude::*;

use super::*;
use crate::migrate::score::{FULL, Level};

const PERFECT: Score = Score {
    total: FULL,
    completeness: FULL,
    accuracy: FULL,
    consistency: FULL,
    validity: FULL,
    level: Level::Excellent,
};

fn finding(severity: Severity, group: Group, count: u64) -> Finding<'static> {
    Finding {
        id: "X1",
        severity,
        group,
        count: Some(count),
        gated: true,
        counted: true,
        fixable: true,
    }
}

fn rate(with_findings: u64, records: u64) -> Rate {
    Rate {
        of: "deals",
        records,
        with_findings,
    }
}

fn decision(findings: &[Finding<'_>], rates: &[Rate]) -> Decision {
    decide(findings, rates, &PERFECT).decision
}

#[test]
fn one_percent_is_too_much_and_less_is_not() {
    for (with, of, passes) in [
        (27, 3_000, true),
        (29, 3_000, true),
        (30, 3_000, false),
        (1, 100, false),
        (1, 101, true),
        (0, 0, true),
        (0, 10, true),
        (1, 0, false),
        (u64::MAX, u64::MAX, false),
        (u64::MAX / 100, u64::MAX, true),
    ] {
        assert_eq!(rate(with, of).passes(), passes, "{with} of {of}");
        let expected = if passes {
            Decision::Go
        } else {
            Decision::Delay
        };
        assert_eq!(decision(&[], &[rate(with, of)]), expected);
    }
}

#[test]
fn percents_are_cut() {
    assert_eq!(rate(27, 3_000).percent(), "0.9000");
    assert_eq!(rate(30, 3_000).percent(), "1.0000");
    assert_eq!(rate(999_999, 100_000_000).percent(), "0.9999");
    assert_eq!(rate(0, 0).percent(), "0.0000");
    assert_eq!(rate(3, 3).percent(), "100.0000");
}

#[test]
fn critical_and_not_evaluated_block() {
    let critical = finding(Severity::Critical, Group::Quality, 1);
    assert_eq!(decision(&[critical], &[]), Decision::Block);
    let none = Finding {
        count: Some(0),
        ..critical
    };
    assert_eq!(decision(&[none], &[]), Decision::Go);
    let unknown = Finding {
        count: None,
        severity: Severity::Info,
        ..critical
    };
    let verdict = decide(&[unknown], &[], &PERFECT);
    assert_eq!(verdict.decision, Decision::Block);
    assert_eq!(verdict.reasons, ["X1: not evaluated"]);
    assert_eq!(verdict.verdict, "NO-GO");
}

#[test]
fn high_findings_refuse_by_number_in_their_group() {
    for (group, allowed) in [
        (Group::Referential, 0),
        (Group::Unique, 5),
        (Group::Required, 10),
        (Group::System, 0),
    ] {
        let at = decision(&[finding(Severity::High, group, allowed)], &[]);
        assert!(at.is_go(), "{group:?}");
        let above = [finding(Severity::High, group, allowed + 1)];
        assert_eq!(decision(&above, &[]), Decision::Delay, "{group:?}");
        let by_rate = [Finding {
            counted: false,
            ..above[0]
        }];
        assert!(decision(&by_rate, &[]).is_go(), "{group:?}");
    }
    let quality = finding(Severity::High, Group::Quality, 1_000);
    assert_eq!(decision(&[quality], &[]), Decision::ProceedWithCaution);
    // Two rules of a group add up.
    let two = [finding(Severity::High, Group::Unique, 3); 2];
    assert_eq!(decision(&two, &[]), Decision::Delay);
}

#[test]
fn cautions_begin_above_20_below_80_percent_and_below_80_points() {
    let medium = |count| finding(Severity::Medium, Group::Quality, count);
    assert_eq!(decision(&[medium(20)], &[]), Decision::Go);
    assert_eq!(decision(&[medium(21)], &[]), Decision::ProceedWithCaution);
    assert_eq!(
        decision(&[finding(Severity::Low, Group::Quality, 999)], &[]),
        Decision::Go
    );
    let reported = Finding {
        gated: false,
        ..medium(999)
    };
    assert_eq!(decision(&[reported], &[]), Decision::Go);
    let unfixable = |count| Finding {
        fixable: false,
        ..medium(count)
    };
    assert_eq!(decision(&[medium(8), unfixable(2)], &[]), Decision::Go);
    assert_eq!(
        decision(&[medium(7), unfixable(2)], &[]),
        Decision::ProceedWithCaution
    );
    let at = Score {
        total: Points(8_000),
        ..PERFECT
    };
    let below = Score {
        total: Points(7_999),
        ..PERFECT
    };
    assert_eq!(decide(&[], &[], &at).decision, Decision::Go);
    assert_eq!(
        decide(&[], &[], &below).decision,
        Decision::ProceedWithCaution
    );
}

#[test]
fn confidence_loses_25_5_and_2() {
    let critical = finding(Severity::Critical, Group::Quality, 3);
    let medium = finding(Severity::Medium, Group::Quality, 3);
    assert_eq!(decide(&[], &[], &PERFECT).confidence, 100);
    assert_eq!(decide(&[critical, medium], &[], &PERFECT).confidence, 70);
    assert_eq!(decide(&[critical; 5], &[], &PERFECT).confidence, 0);
    let score = Score {
        total: Points(9_000),
        ..PERFECT
    };
    assert_eq!(decide(&[], &[], &score).confidence, 90);
}

fn any_finding() -> impl Strategy<Value = Finding<'static>> {
    let severities = prop_oneof![
        Just(Severity::Info),
        Just(Severity::Low),
        Just(Severity::Medium),
        Just(Severity::High),
        Just(Severity::Critical),
    ];
    let groups = prop_oneof![
        Just(Group::Referential),
        Just(Group::Unique),
        Just(Group::Required),
        Just(Group::Quality),
        Just(Group::System),
    ];
    (
        severities,
        groups,
        proptest::option::of(0u64..50),
        any::<[bool; 3]>(),
    )
        .prop_map(
            |(severity, group, count, [gated, counted, fixable])| Finding {
                id: "X1",
                severity,
                group,
                count,
                gated,
                counted,
                fixable,
            },
        )
}

fn strictness(decision: Decision) -> usize {
    [
        Decision::Go,
        Decision::ProceedWithCaution,
        Decision::Delay,
        Decision::Block,
    ]
    .iter()
    .position(|other| *other == decision)
    .expect("listed")
}

proptest! {
    #[test]
    fn go_has_no_reasons_and_anything_else_has(
        findings in proptest::collection::vec(any_finding(), 0..8),
        with in 0u64..200, of in 0u64..10_000,
    ) {
        let verdict = decide(&findings, &[rate(with, of)], &PERFECT);
        prop_assert_eq!(verdict.decision == Decision::Go, verdict.reasons.is_empty());
        prop_assert!(verdict.confidence <= 100);
    }

    #[test]
    fn one_more_finding_never_softens_the_refusal(
        findings in proptest::collection::vec(any_finding(), 0..8),
        more in any_finding(),
    ) {
        let before = decide(&findings, &[], &PERFECT);
        let mut findings = findings;
        // A fixable finding may raise the fixable share: that is a caution less, never a refusal less.
        findings.push(more);
        let after = decide(&findings, &[], &PERFECT);
        let floor = |d| strictness(d).max(1);
        prop_assert!(floor(after.decision) >= floor(before.decision));
        prop_assert!(after.confidence <= before.confidence);
    }

    #[test]
    fn a_rate_passes_exactly_when_it_is_below_one_percent(with in 0u64..1_000_000, of in 1u64..1_000_000) {
        prop_assert_eq!(rate(with, of).passes(), with == 0 || (with as f64) / (of as f64) < 0.01);
    }
}
