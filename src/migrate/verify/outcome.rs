//! What a verification comes to: checks, categories, scores, the verdict.
//!
//! Source of the thresholds: 95 success, 80 with warnings, 60 partial, below that failed; any broken check
//! of severity critical is a failure, and any of severity high at least a warning.

use serde::Serialize;

/// How bad it is when a check is broken. Ordered, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Data is lost or wrong, or somebody sees what they may not. The verdict is FAILED.
    Critical,
    /// A rule is broken that the product relies on.
    High,
    /// Worth a look before the day is over.
    Medium,
    /// Cosmetic.
    Low,
    /// Never counts.
    Info,
}

impl Severity {
    /// What the check weighs in its category's score.
    fn weight(self) -> u32 {
        match self {
            Self::Critical => 8,
            Self::High => 4,
            Self::Medium => 2,
            Self::Low => 1,
            Self::Info => 0,
        }
    }

    /// In capitals, as in the reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
            Self::Info => "INFO",
        }
    }
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// As expected.
    Passed,
    /// Not as expected.
    Failed,
    /// It could not be asked; counts as failed.
    NotEvaluated,
}

/// One question and its answer.
///
/// Shape: `{"id":"rules.archived","title":"…","severity":"critical","status":"failed","expected":"0 rows",
/// "found":"1 rows","failed":1,"samples":["17"],"detail":null}`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Check {
    /// Stable name, `category.check`.
    pub id: String,
    /// What is asked, for people.
    pub title: String,
    /// Severity if it is broken.
    pub severity: Severity,
    /// The answer.
    pub status: Status,
    /// What it should be.
    pub expected: String,
    /// What it is.
    pub found: String,
    /// Rows or objects that are wrong.
    pub failed: i64,
    /// Ids or names of the first of them; never personal data.
    pub samples: Vec<String>,
    /// Why it could not be evaluated, or what else there is to know.
    pub detail: Option<String>,
}

impl Check {
    /// A check with `failed` things wrong; none is a pass.
    pub fn counted(
        id: &str,
        title: &str,
        severity: Severity,
        failed: i64,
        samples: Vec<String>,
    ) -> Self {
        Self {
            id: id.into(),
            title: title.into(),
            severity,
            status: if failed == 0 {
                Status::Passed
            } else {
                Status::Failed
            },
            expected: "0 wrong".into(),
            found: format!("{failed} wrong"),
            failed,
            samples,
            detail: None,
        }
    }

    /// A check that compares two values.
    pub fn compared(
        id: &str,
        title: &str,
        severity: Severity,
        expected: String,
        found: String,
    ) -> Self {
        let is_equal = expected == found;
        Self {
            expected,
            found,
            ..Self::counted(id, title, severity, i64::from(!is_equal), vec![])
        }
    }

    /// A check that looks for names: those of `expected` that are missing and those that are too many.
    pub fn listed(
        id: &str,
        title: &str,
        severity: Severity,
        missing: Vec<String>,
        unexpected: Vec<String>,
    ) -> Self {
        let failed = missing.len() + unexpected.len();
        let samples = missing
            .into_iter()
            .map(|name| format!("missing: {name}"))
            .chain(
                unexpected
                    .into_iter()
                    .map(|name| format!("unexpected: {name}")),
            )
            .take(20)
            .collect();
        Self::counted(
            id,
            title,
            severity,
            i64::try_from(failed).unwrap_or(i64::MAX),
            samples,
        )
    }

    /// A check that could not be asked.
    pub fn not_evaluated(
        id: &str,
        title: &str,
        severity: Severity,
        why: impl Into<String>,
    ) -> Self {
        Self {
            status: Status::NotEvaluated,
            expected: String::new(),
            found: "not evaluated".into(),
            detail: Some(why.into()),
            ..Self::counted(id, title, severity, 0, vec![])
        }
    }

    /// Adds what else there is to know.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Whether it makes the verdict worse.
    pub fn counts_against(&self) -> bool {
        self.status != Status::Passed && self.severity != Severity::Info
    }
}

/// Checks of one kind.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Category {
    /// Stable name.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// Weighted share of the checks that passed, 0..=100.
    pub score: f64,
    /// In the order in which they were asked.
    pub checks: Vec<Check>,
}

impl Category {
    /// Scores the checks.
    pub fn new(id: &'static str, title: &'static str, checks: Vec<Check>) -> Self {
        let weights = |of: &dyn Fn(&Check) -> bool| -> u32 {
            checks
                .iter()
                .filter(|check| of(check))
                .map(|check| check.severity.weight())
                .sum()
        };
        let all = weights(&|_| true);
        let passed = weights(&|check| check.status == Status::Passed);
        let score = if all == 0 {
            100.0
        } else {
            (f64::from(passed) / f64::from(all) * 1000.0).round() / 10.0
        };
        Self {
            id,
            title,
            score,
            checks,
        }
    }
}

/// The overall answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Verdict {
    /// Score of at least 95, and nothing high is broken.
    Success,
    /// At least 80.
    SuccessWithWarnings,
    /// At least 60.
    PartialSuccess,
    /// Below 60, or something critical.
    Failed,
}

impl Verdict {
    /// The word in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::SuccessWithWarnings => "SUCCESS_WITH_WARNINGS",
            Self::PartialSuccess => "PARTIAL_SUCCESS",
            Self::Failed => "FAILED",
        }
    }
}

/// Mean score and verdict.
pub fn overall(categories: &[Category]) -> (f64, Verdict) {
    let count = categories.len().max(1);
    let sum: f64 = categories.iter().map(|category| category.score).sum();
    let score = (sum / f64::from(u32::try_from(count).unwrap_or(u32::MAX)) * 10.0).round() / 10.0;
    let is_broken = |severity: Severity| {
        categories
            .iter()
            .flat_map(|category| &category.checks)
            .any(|check| check.severity == severity && check.status != Status::Passed)
    };
    let verdict = match score {
        _ if is_broken(Severity::Critical) => Verdict::Failed,
        s if s >= 95.0 && !is_broken(Severity::High) => Verdict::Success,
        s if s >= 80.0 => Verdict::SuccessWithWarnings,
        s if s >= 60.0 => Verdict::PartialSuccess,
        _ => Verdict::Failed,
    };
    (score, verdict)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn category(broken: usize, of: usize, severity: Severity) -> Category {
        let checks = (0..of)
            .map(|i| Check::counted("x", "x", severity, i64::from(i < broken), vec![]))
            .collect();
        Category::new("x", "x", checks)
    }

    #[test]
    fn five_perfect_categories_do_not_hide_one_loss() {
        let mut all = vec![category(0, 3, Severity::High); 5];
        all.push(category(1, 1, Severity::Critical));
        assert_eq!(overall(&all), (83.3, Verdict::Failed));
    }

    #[test]
    fn one_broken_check_of_severity_high_is_a_warning_whatever_the_mean() {
        let mut all = vec![category(0, 30, Severity::Critical); 9];
        all.push(category(1, 100, Severity::High));
        assert_eq!(overall(&all), (99.9, Verdict::SuccessWithWarnings));
    }

    #[test]
    fn the_thresholds_are_inclusive() {
        for (broken, verdict) in [
            (5, Verdict::Success),
            (6, Verdict::SuccessWithWarnings),
            (20, Verdict::SuccessWithWarnings),
            (21, Verdict::PartialSuccess),
            (40, Verdict::PartialSuccess),
            (41, Verdict::Failed),
        ] {
            let (_, found) = overall(&[category(broken, 100, Severity::Medium)]);
            assert_eq!(found, verdict, "{broken} of 100");
        }
    }

    #[test]
    fn what_was_not_evaluated_counts_as_broken_and_info_never_counts() {
        let unknown = Check::not_evaluated("x", "x", Severity::High, "no table");
        assert!(unknown.counts_against());
        assert_eq!(
            Category::new("x", "x", vec![unknown]).score.to_bits(),
            0f64.to_bits()
        );
        let noted = Check::counted("x", "x", Severity::Info, 3, vec![]);
        assert!(!noted.counts_against());
        assert_eq!(
            overall(&[Category::new("x", "x", vec![noted])]).1,
            Verdict::Success
        );
    }

    #[test]
    fn severities_are_ordered_from_the_worst() {
        assert!(Severity::Critical < Severity::High);
        assert!(Severity::Low < Severity::Info);
    }
}
