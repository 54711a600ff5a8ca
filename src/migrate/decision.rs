//! From findings to a decision. Pure, and in whole numbers: exactly 1 % is too much.
//!
//! In: what each rule found, the warning rates, the score. Out: [`Decision`] with its reasons and the
//! confidence, as an operator reads them.

use serde::Serialize;

use super::score::{Points, Score};
use super::validation::rules::{Group, Severity};

/// More violations than this are a caution.
const MANY_VIOLATIONS: u64 = 20;
/// HIGH findings that a group may have.
const ALLOWED_UNIQUE: u64 = 5;
const ALLOWED_REQUIRED: u64 = 10;

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Decision {
    /// Nothing stands in the way.
    Go,
    /// Nothing stands in the way, and somebody should look at the findings first.
    ProceedWithCaution,
    /// NO-GO: put the data right first.
    Delay,
    /// NO-GO: it cannot be done as things are, or it is not known whether it can.
    Block,
}

impl Decision {
    /// GO or NO-GO.
    pub fn is_go(self) -> bool {
        matches!(self, Self::Go | Self::ProceedWithCaution)
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Go => "GO",
            Self::ProceedWithCaution => "PROCEED_WITH_CAUTION",
            Self::Delay => "DELAY",
            Self::Block => "BLOCK",
        }
    }
}

/// What a rule found.
#[derive(Debug, Clone, Copy)]
pub struct Finding<'a> {
    pub id: &'a str,
    /// As it counts here: some rules are lowered by circumstances.
    pub severity: Severity,
    pub group: Group,
    /// `None`: the rule could not be evaluated.
    pub count: Option<u64>,
    /// Counts for the warning rate and as a violation.
    pub gated: bool,
    /// HIGH findings refuse by their number.
    pub counted: bool,
    pub fixable: bool,
}

/// Records with at least one warning, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rate {
    /// `companies`, `contacts`, `deals`, `notes`, `tasks`, `all`; or a rule's id.
    pub of: &'static str,
    pub records: u64,
    pub with_findings: u64,
}

impl Rate {
    /// Less than 1 %: 1 of 100 is too much. Nothing of nothing passes.
    pub fn passes(self) -> bool {
        self.with_findings == 0 || u128::from(self.with_findings) * 100 < u128::from(self.records)
    }

    /// Percent with four decimals, cut and not rounded: what is below 1 % never reads 1.0000.
    pub fn percent(self) -> String {
        if self.records == 0 {
            return "0.0000".into();
        }
        let parts = u128::from(self.with_findings) * 1_000_000 / u128::from(self.records);
        format!("{}.{:04}", parts / 10_000, parts % 10_000)
    }
}

/// The decision, why, and how sure one may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub decision: Decision,
    /// `GO` or `NO-GO`.
    pub verdict: &'static str,
    /// 0..=100.
    pub confidence: u32,
    /// The strongest first; empty for GO.
    pub reasons: Vec<String>,
}

/// Decides.
pub fn decide(findings: &[Finding<'_>], rates: &[Rate], score: &Score) -> Verdict {
    let stages = [
        (Decision::Block, blockers(findings)),
        (Decision::Delay, delays(findings, rates)),
        (Decision::ProceedWithCaution, cautions(findings, score)),
    ];
    let decision = stages
        .iter()
        .find(|(_, reasons)| !reasons.is_empty())
        .map_or(Decision::Go, |(decision, _)| *decision);
    Verdict {
        decision,
        verdict: if decision.is_go() { "GO" } else { "NO-GO" },
        confidence: confidence(findings, score),
        reasons: stages
            .into_iter()
            .flat_map(|(_, reasons)| reasons)
            .collect(),
    }
}

fn is_blocker(finding: &Finding<'_>) -> bool {
    match finding.count {
        None => true,
        Some(count) => finding.severity == Severity::Critical && count > 0,
    }
}

fn blockers(findings: &[Finding<'_>]) -> Vec<String> {
    findings
        .iter()
        .filter(|finding| is_blocker(finding))
        .map(|finding| match finding.count {
            None => format!("{}: not evaluated", finding.id),
            Some(count) => format!("{}: {count} CRITICAL", finding.id),
        })
        .collect()
}

fn delays(findings: &[Finding<'_>], rates: &[Rate]) -> Vec<String> {
    let mut reasons = Vec::new();
    for (group, allowed) in [
        (Group::Referential, 0),
        (Group::Unique, ALLOWED_UNIQUE),
        (Group::Required, ALLOWED_REQUIRED),
        (Group::System, 0),
    ] {
        let of_group = findings
            .iter()
            .filter(|f| f.group == group && f.severity == Severity::High && f.counted);
        let (mut sum, mut ids) = (0, Vec::new());
        for finding in of_group.filter(|f| f.count > Some(0)) {
            sum += finding.count.unwrap_or_default();
            ids.push(finding.id);
        }
        if sum > allowed {
            let ids = ids.join(", ");
            reasons.push(format!("{ids}: {sum} HIGH, {allowed} may be"));
        }
    }
    for rate in rates.iter().filter(|rate| !rate.passes()) {
        reasons.push(format!(
            "{}: {} of {} records with warnings = {} %, must be less than 1 %",
            rate.of,
            rate.with_findings,
            rate.records,
            rate.percent()
        ));
    }
    reasons
}

/// Violations: findings that count for the warning rate, rule by rule.
fn violations<'a>(findings: &'a [Finding<'a>]) -> impl Iterator<Item = (&'a Finding<'a>, u64)> {
    findings
        .iter()
        .filter(|finding| finding.gated && finding.severity.weighs())
        .filter_map(|finding| Some((finding, finding.count?)))
        .filter(|(_, count)| *count > 0)
}

fn cautions(findings: &[Finding<'_>], score: &Score) -> Vec<String> {
    let mut reasons = Vec::new();
    let total: u64 = violations(findings).map(|(_, count)| count).sum();
    let fixable: u64 = violations(findings)
        .filter(|(finding, _)| finding.fixable)
        .map(|(_, count)| count)
        .sum();
    if total > MANY_VIOLATIONS {
        reasons.push(format!("{total} violations, more than {MANY_VIOLATIONS}"));
    }
    if u128::from(fixable) * 100 < u128::from(total) * 80 {
        reasons.push(format!(
            "{fixable} of {total} violations can be fixed by --fix, less than 80 %"
        ));
    }
    if score.total < Points(8_000) {
        reasons.push(format!("score {} is below 80", score.total));
    }
    for finding in findings
        .iter()
        .filter(|f| f.group == Group::System && f.severity.is_warning())
    {
        if finding.severity == Severity::Medium && finding.count > Some(0) {
            reasons.push(format!(
                "{}: {}",
                finding.id,
                finding.count.unwrap_or_default()
            ));
        }
    }
    reasons
}

/// 100, less 25 for each rule that blocks, 5 for each that warns, 2 for each point of score under 95.
fn confidence(findings: &[Finding<'_>], score: &Score) -> u32 {
    let blockers = findings.iter().filter(|f| is_blocker(f)).count();
    let warnings = findings
        .iter()
        .filter(|f| f.severity.is_warning() && f.count > Some(0))
        .count();
    let missing = 9_500_u32.saturating_sub(score.total.0);
    let minus = 25 * blockers + 5 * warnings + (2 * missing as usize).div_ceil(100);
    u32::try_from(100_usize.saturating_sub(minus)).unwrap_or_default()
}

#[cfg(test)]
#[path = "decision_tests.rs"]
mod tests;
