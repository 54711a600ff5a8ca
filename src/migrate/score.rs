//! The quality score of a CRM's data: reported, and below 80 a caution. Pure.
//!
//! In: how full the records are, and how many pass which rules. Out: [`Score`], in hundredths of a point,
//! 0..=10000, so that no rounding decides anything: 40 % completeness, 30 % accuracy, 20 % consistency,
//! 10 % validity.

use serde::{Serialize, Serializer};

/// Hundredths of a point, 0..=10000; written with two decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Points(pub u32);

/// All of it.
pub const FULL: Points = Points(10_000);

impl std::fmt::Display for Points {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:02}", self.0 / 100, self.0 % 100)
    }
}

impl Serialize for Points {
    /// As a number of points: `97.25`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.0) / 100.0)
    }
}

/// How full the records of one kind are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filled {
    pub records: u64,
    /// Points of all records together.
    pub points: u64,
    /// Points of one record in which everything is filled.
    pub full_points: u64,
}

/// How many records break a rule, of how many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    pub broken: u64,
    pub of: u64,
}

impl Share {
    /// What passes; all of it where there is nothing to break.
    pub fn passing(self) -> Points {
        if self.of == 0 {
            return FULL;
        }
        let passing = u128::from(self.of.saturating_sub(self.broken));
        points(passing * 10_000 / u128::from(self.of))
    }
}

/// What the score is made of.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    pub filled: Vec<Filled>,
    /// Q1 to Q5.
    pub accuracy: Vec<Share>,
    /// U1, stage known, relations intact.
    pub consistency: Vec<Share>,
    /// Business rules.
    pub validity: Vec<Share>,
}

/// The score and its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Score {
    pub total: Points,
    pub completeness: Points,
    pub accuracy: Points,
    pub consistency: Points,
    pub validity: Points,
    pub level: Level,
}

/// The score in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Excellent,
    Good,
    Fair,
    Poor,
    Critical,
}

impl Level {
    fn of(total: Points) -> Self {
        match total.0 {
            9_000.. => Self::Excellent,
            8_000.. => Self::Good,
            7_000.. => Self::Fair,
            6_000.. => Self::Poor,
            _ => Self::Critical,
        }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::Excellent => "EXCELLENT",
            Self::Good => "GOOD",
            Self::Fair => "FAIR",
            Self::Poor => "POOR",
            Self::Critical => "CRITICAL",
        }
    }
}

/// The score. A CRM without records is full: nothing in it is wrong.
pub fn score(facts: &Facts) -> Score {
    let completeness = completeness(&facts.filled);
    let accuracy = mean(&facts.accuracy);
    let consistency = mean(&facts.consistency);
    let validity = mean(&facts.validity);
    let total = Points((4 * completeness.0 + 3 * accuracy.0 + 2 * consistency.0 + validity.0) / 10);
    Score {
        total,
        completeness,
        accuracy,
        consistency,
        validity,
        level: Level::of(total),
    }
}

/// The mean over all records, whatever their kind.
fn completeness(filled: &[Filled]) -> Points {
    let records: u128 = filled.iter().map(|kind| u128::from(kind.records)).sum();
    if records == 0 {
        return FULL;
    }
    // Kinds have different maxima, so each is brought to ten-thousandths of its own.
    let sum: u128 = filled
        .iter()
        .filter(|kind| kind.full_points > 0)
        .map(|kind| u128::from(kind.points) * 10_000 / u128::from(kind.full_points))
        .sum();
    points(sum / records)
}

fn mean(shares: &[Share]) -> Points {
    if shares.is_empty() {
        return FULL;
    }
    let sum: u128 = shares
        .iter()
        .map(|share| u128::from(share.passing().0))
        .sum();
    points(sum / shares.len() as u128)
}

fn points(hundredths: u128) -> Points {
    Points(u32::try_from(hundredths).unwrap_or(u32::MAX).min(FULL.0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_weigh_40_30_20_10() {
        let nothing = Share { broken: 1, of: 1 };
        let all = Facts {
            filled: vec![Filled {
                records: 2,
                points: 190,
                full_points: 95,
            }],
            ..Facts::default()
        };
        assert_eq!(score(&all).total, FULL);
        let cases: [(Facts, u32); 4] = [
            (
                Facts {
                    filled: vec![Filled {
                        records: 1,
                        points: 0,
                        full_points: 100,
                    }],
                    ..Facts::default()
                },
                6_000,
            ),
            (
                Facts {
                    accuracy: vec![nothing],
                    ..Facts::default()
                },
                7_000,
            ),
            (
                Facts {
                    consistency: vec![nothing],
                    ..Facts::default()
                },
                8_000,
            ),
            (
                Facts {
                    validity: vec![nothing],
                    ..Facts::default()
                },
                9_000,
            ),
        ];
        for (facts, total) in cases {
            assert_eq!(score(&facts).total, Points(total));
        }
    }

    #[test]
    fn levels_begin_at_their_bounds() {
        let levels: Vec<_> = [
            10_000, 9_000, 8_999, 8_000, 7_999, 7_000, 6_999, 6_000, 5_999, 0,
        ]
        .map(|total| Level::of(Points(total)).name())
        .into();
        assert_eq!(
            levels,
            [
                "EXCELLENT",
                "EXCELLENT",
                "GOOD",
                "GOOD",
                "FAIR",
                "FAIR",
                "POOR",
                "POOR",
                "CRITICAL",
                "CRITICAL"
            ]
        );
    }

    #[test]
    fn the_mean_is_over_records_and_not_over_kinds() {
        let facts = Facts {
            filled: vec![
                Filled {
                    records: 3,
                    points: 300,
                    full_points: 100,
                },
                Filled {
                    records: 1,
                    points: 0,
                    full_points: 95,
                },
            ],
            ..Facts::default()
        };
        assert_eq!(score(&facts).completeness, Points(7_500));
        assert_eq!(score(&facts).completeness.to_string(), "75.00");
    }

    fn shares() -> impl Strategy<Value = Vec<Share>> {
        proptest::collection::vec(
            (any::<u64>(), any::<u64>()).prop_map(|(broken, of)| Share { broken, of }),
            0..6,
        )
    }

    proptest! {
        #[test]
        fn a_score_is_between_0_and_100_and_between_its_parts(
            kinds in proptest::collection::vec((any::<u64>(), any::<u64>(), any::<u64>()), 0..6),
            accuracy in shares(),
            consistency in shares(),
            validity in shares(),
        ) {
            let filled = kinds.into_iter().map(|(records, points, full_points)| Filled { records, points, full_points }).collect();
            let score = score(&Facts { filled, accuracy, consistency, validity });
            let parts = [score.completeness, score.accuracy, score.consistency, score.validity];
            prop_assert!(parts.iter().all(|part| *part <= FULL));
            prop_assert!(score.total <= *parts.iter().max().expect("four"));
            prop_assert!(score.total >= *parts.iter().min().expect("four"));
        }

        #[test]
        fn one_more_broken_record_never_raises_the_score(broken in 0u64..1_000, of in 0u64..1_000) {
            let one = |broken| score(&Facts { accuracy: vec![Share { broken, of }], ..Facts::default() }).total;
            prop_assert!(one(broken + 1) <= one(broken));
        }
    }
}
