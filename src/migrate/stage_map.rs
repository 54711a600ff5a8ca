//! What the stage texts of a CRM mean: the operator's map, the table, the texts configured as won, else lead.
//!
//! In: `--stage-map text=stage` and `--unmapped-stage`. Out: [`StageMap::meaning`] of a text, the same that
//! `private.stage_forward` finds once the migration has put the operator's map into `private.stage_map`.
//! Pure.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mapping::{self, table};

/// What a text that nobody knows is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Unmapped {
    /// The first stage, with a warning per row.
    #[default]
    Warn,
    /// The first stage, without a warning.
    Lead,
    /// Nothing: the migration is refused.
    Fail,
}

/// Why a text means its stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// `--stage-map`.
    Operator,
    /// The built-in table.
    Table,
    /// `dealPipelineStatuses` of the configuration row: the site's word for won.
    Configuration,
    /// Nobody knows it.
    Unknown,
}

/// The operator's words.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StageMap {
    /// Normalised text → value of the enum `opportunity_stage`.
    pub words: BTreeMap<String, &'static str>,
    pub unmapped: Unmapped,
}

impl StageMap {
    /// Adds `text=stage`. The text may contain `=`; the last one separates. Later entries win.
    ///
    /// # Errors
    /// One line for the operator.
    pub fn add(&mut self, entry: &str) -> Result<(), String> {
        let (text, stage) = entry
            .rsplit_once('=')
            .ok_or_else(|| format!("\"{entry}\" is not text=stage"))?;
        let word = mapping::normalise(text);
        if word.is_empty() {
            return Err(format!("\"{entry}\" names no text"));
        }
        let stage = mapping::stage(stage.trim()).ok_or_else(|| {
            let known: Vec<_> = table::STAGES.iter().map(|map| map.stage).collect();
            format!(
                "\"{}\" is no stage; the stages are {}",
                stage.trim(),
                known.join(", ")
            )
        })?;
        self.words.insert(word, stage.stage);
        Ok(())
    }

    /// The stage that a text means. `won` is the configuration's list of texts that mean won.
    pub fn meaning(&self, text: &str, won: &[String]) -> (&'static str, Source) {
        if let Some(stage) = self.words.get(&mapping::normalise(text)) {
            return (stage, Source::Operator);
        }
        if let Some(map) = mapping::stage_of(text) {
            return (map.stage, Source::Table);
        }
        if won.iter().any(|word| word == text) {
            return ("closed_won", Source::Configuration);
        }
        (table::DEFAULT_STAGE, Source::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operator_wins_over_the_table_and_the_table_over_the_site() {
        let mut map = StageMap::default();
        map.add(" Won = nurturing").expect("a stage");
        map.add("a=b=proposal").expect("a stage");
        let won = ["Signed".to_owned(), "lost".to_owned()];
        assert_eq!(map.meaning("won", &won), ("nurturing", Source::Operator));
        assert_eq!(map.meaning("a=b", &won), ("proposal", Source::Operator));
        assert_eq!(map.meaning("lost", &won), ("closed_lost", Source::Table));
        assert_eq!(
            map.meaning("Signed", &won),
            ("closed_won", Source::Configuration)
        );
        assert_eq!(map.meaning("signed", &won), ("lead", Source::Unknown));
    }

    #[test]
    fn a_wrong_entry_says_what_is_wrong() {
        let mut map = StageMap::default();
        assert!(map.add("won").is_err());
        assert!(map.add(" =lead").is_err());
        assert!(
            map.add("x=y")
                .is_err_and(|text| text.contains("closed_won"))
        );
    }
}
