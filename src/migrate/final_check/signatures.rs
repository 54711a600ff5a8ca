//! The ledger of signatures: every task is implemented by somebody and reviewed by somebody else.
//!
//! In: a JSON file, `[{"task": "…", "implemented_by": "…", "reviewed_by": "…", "signed_at": "<RFC 3339>"}]`.
//! Out: the signatures, and whether they will do.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{Answer, Options, Readiness};

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// What was done.
    pub task: String,
    /// Who did it.
    pub implemented_by: String,
    /// Who looked at it; somebody else.
    pub reviewed_by: String,
    /// When.
    pub signed_at: DateTime<Utc>,
}

/// Reads the ledger and says what is wrong with it.
///
/// # Errors
/// In words: not JSON, empty, a name missing, a task signed by its own author.
pub fn signatures(text: &str) -> Result<Vec<Signature>, String> {
    let list: Vec<Signature> =
        serde_json::from_str(text).map_err(|e| format!("the file of signatures: {e}"))?;
    if list.is_empty() {
        return Err("the file of signatures is empty".into());
    }
    for signature in &list {
        let same =
            |one: &str, other: &str| one.trim().to_lowercase() == other.trim().to_lowercase();
        let Signature {
            task,
            implemented_by,
            reviewed_by,
            ..
        } = signature;
        if [task, implemented_by, reviewed_by]
            .iter()
            .any(|name| name.trim().is_empty())
        {
            return Err(format!("{task}: a name is missing"));
        }
        if same(implemented_by, reviewed_by) {
            return Err(format!(
                "{task}: implemented and reviewed by the same person"
            ));
        }
    }
    Ok(list)
}

pub(super) fn judge(options: &Options) -> (Answer, Vec<Signature>) {
    let Some(text) = &options.sign_offs else {
        let answer = if options.without_sign_offs {
            (Readiness::LeftOut, "left out on request".into())
        } else {
            (
                Readiness::NotReady,
                "no signatures: --sign-offs, or --without-sign-offs to leave them out".into(),
            )
        };
        return (answer, vec![]);
    };
    match signatures(text) {
        Ok(list) => (
            (Readiness::Ready, format!("{} tasks signed", list.len())),
            list,
        ),
        Err(why) => ((Readiness::NotReady, why), vec![]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(implemented: &str, reviewed: &str) -> String {
        format!(
            r#"[{{"task":"4.7","implemented_by":"{implemented}","reviewed_by":"{reviewed}","signed_at":"2026-11-22T03:00:00Z"}}]"#
        )
    }

    #[test]
    fn nobody_reviews_himself() {
        assert!(signatures(&entry("Ann", "Bob")).is_ok());
        let own = signatures(&entry("Ann", " ann ")).expect_err("her own work");
        assert_eq!(own, "4.7: implemented and reviewed by the same person");
        assert!(signatures(&entry("Ann", " ")).is_err());
        assert!(signatures("[]").is_err());
        assert!(signatures("{").is_err());
    }
}
