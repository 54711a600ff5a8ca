//! Deal ⇄ opportunity, stated once as data: which old word is which new one.
//!
//! In: nothing; the facts are constants in [`table`]. Out: look-ups in both directions for the code that
//! speaks the old vocabulary (endpoints, webhooks, reports, documents), and through [`sql`] the functions
//! and views by which the database itself keeps both faces in step. Pure: no I/O, no clock.
//!
//! The translation obeys the laws of a lens: reading and writing back changes nothing (GetPut), reading
//! after a write gives what was written (PutGet), a write of one column changes only what derives from
//! it (Frame). `stage` is the one lossy value: three new stages share one old word, which is why the old
//! text is stored beside the enum.

pub mod sql;
pub mod table;

/// One relation's two faces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RelationMap {
    /// Names under which the old face is served, the canonical one first. All are views.
    pub old: &'static [&'static str],
    /// The table of the new face.
    pub new: &'static str,
    /// Further names of the new face, also views, with the new column names.
    pub aliases: &'static [&'static str],
    /// Columns in the order in which the old face shows them.
    pub columns: &'static [ColumnMap],
    /// Foreign keys of the table, which requests may name, under both names.
    pub foreign_keys: &'static [NameMap],
    /// A column (`tsvector`) that nobody but the table's rules writes. An insert through the old face puts the
    /// face's name there, by which the rules tell the faces apart; updates do not need to be told apart.
    pub marker: Option<&'static str>,
    /// What a reader of the migration guide should know.
    pub note: &'static str,
}

/// One column's two names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnMap {
    /// Name on the old face.
    pub old: &'static str,
    /// Stored column of the new table that the old face reads and writes. Same type, same value.
    pub new: &'static str,
    /// The other half of a pair, which a trigger keeps equal (or equal modulo representation).
    pub twin: Option<&'static str>,
    /// New-side columns that a trigger derives when this one is written.
    pub derives: &'static [&'static str],
    /// What a reader of the migration guide should know; empty when there is nothing to say.
    pub note: &'static str,
}

/// One value of the enum `opportunity_stage` with everything that follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StageMap {
    /// The enum value.
    pub stage: &'static str,
    /// The old word shown for it when the stored text no longer fits.
    pub legacy: &'static str,
    /// Old texts, normalised by [`normalise`], that mean this stage. Disjoint between stages.
    pub words: &'static [&'static str],
    /// Default probability of winning, in percent, 0..=100.
    pub probability: u8,
    /// Automatic status, a value of the enum `opportunity_status`.
    pub status: &'static str,
    /// Whether the stage ends the opportunity, won or lost.
    pub closed: bool,
}

/// An old name that is not a column: route, event, configuration key, variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NameMap {
    /// Old name.
    pub old: &'static str,
    /// New name.
    pub new: &'static str,
    /// Default value or remark.
    pub note: &'static str,
}

/// The look-up form of a legacy stage text: ASCII-trimmed, ASCII-lower-cased, each run of blanks, `_`,
/// `/`, `.` one `-`. Never stored: the text itself is kept as it was sent.
pub fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut in_run = false;
    for c in text.trim_matches(is_blank).chars() {
        if is_blank(c) || matches!(c, '_' | '/' | '.') {
            in_run = true;
            continue;
        }
        if std::mem::take(&mut in_run) {
            out.push('-');
        }
        out.push(c.to_ascii_lowercase());
    }
    if in_run {
        out.push('-');
    }
    out
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

/// The stage that a legacy text means, or `None` when the table has no word for it.
pub fn stage_of(legacy_text: &str) -> Option<&'static StageMap> {
    let word = normalise(legacy_text);
    table::STAGES
        .iter()
        .find(|map| map.words.contains(&word.as_str()))
}

/// The entry of an enum value.
pub fn stage(value: &str) -> Option<&'static StageMap> {
    table::STAGES.iter().find(|map| map.stage == value)
}

/// Whether several stages are shown by the same old word as `map`.
pub fn is_lossy(map: &StageMap) -> bool {
    table::STAGES
        .iter()
        .filter(|other| other.legacy == map.legacy)
        .count()
        > 1
}

/// Whether `legacy_text` may stand beside the enum value without being rewritten.
pub fn fits(legacy_text: &str, map: &StageMap) -> bool {
    stage_of(legacy_text).is_some_and(|meant| meant == map)
        || (is_lossy(map) && normalise(legacy_text) == map.legacy)
}

/// The schema of everything that has two names.
pub const SCHEMA: &str = "public";

/// The relation that serves `name` as one of its old names.
pub fn relation_by_old_name(name: &str) -> Option<&'static RelationMap> {
    table::RELATIONS.iter().find(|map| map.old.contains(&name))
}

/// The old name as the table spells it and the relation that takes its place: tables and views alike.
pub fn successor(name: &str) -> Option<(&'static str, &'static str)> {
    let relations = table::RELATIONS
        .iter()
        .flat_map(|map| map.old.iter().map(|old| (*old, map.new)));
    let views = table::VIEWS.iter().map(|map| (map.old, map.new));
    relations.chain(views).find(|(old, _)| *old == name)
}

/// The relation that held the foreign key `name`, and the key under both names.
pub fn foreign_key_by_old_name(name: &str) -> Option<(&'static RelationMap, &'static NameMap)> {
    table::RELATIONS.iter().find_map(|map| {
        let key = map.foreign_keys.iter().find(|key| key.old == name)?;
        Some((map, key))
    })
}

/// Whether `name` is the new face of something: a table, an alias of it, or a view.
pub fn is_new_name(name: &str) -> bool {
    let is_relation = |map: &RelationMap| map.new == name || map.aliases.contains(&name);
    table::RELATIONS.iter().any(is_relation) || table::VIEWS.iter().any(|map| map.new == name)
}

/// The values that a text column of the old face is known to have; empty for every other column. Rows may have
/// further ones.
pub fn listed_values(relation: &str, column: &str) -> &'static [&'static str] {
    match (relation, column) {
        ("deals", "stage") => table::DEFAULT_DEAL_STAGES,
        _ => &[],
    }
}

/// New column names for an old one on the old face of `relation`.
pub fn column_by_old_name(relation: &RelationMap, name: &str) -> Option<&'static ColumnMap> {
    relation.columns.iter().find(|column| column.old == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn look_up_form_trims_lowers_and_joins() {
        assert_eq!(normalise("  Proposal Sent "), "proposal-sent");
        assert_eq!(normalise("in_negociation"), "in-negociation");
        assert_eq!(normalise("Closed / Won"), "closed-won");
        assert_eq!(normalise("won."), "won-");
        assert_eq!(normalise("\t\n"), "");
        // Only ASCII changes case: the database does the same whatever its locale.
        assert_eq!(normalise("ÉTAPE"), "Étape");
    }

    #[test]
    fn three_stages_share_one_word() {
        let lossy: Vec<_> = table::STAGES
            .iter()
            .filter(|m| is_lossy(m))
            .map(|m| m.stage)
            .collect();
        assert_eq!(lossy, ["lead", "qualified", "needs_analysis"]);
        for map in table::STAGES {
            assert!(fits(map.legacy, map), "{}", map.stage);
        }
        assert_eq!(stage_of("opportunity").map(|m| m.stage), Some("qualified"));
        assert_eq!(stage_of("Negotiation - Legal Review"), None);
    }

    #[test]
    fn foreign_keys_are_those_that_the_migration_renames() {
        let migration = include_str!("../../migrations/20261103010000_1_1_opportunities.sql");
        let mut renamed = Vec::new();
        for line in migration.lines() {
            let words: Vec<_> = line
                .split([' ', '"', ';'])
                .filter(|word| !word.is_empty())
                .collect();
            if let ["alter", "table", .., "rename", "constraint", old, "to", new] = words[..]
                && old.ends_with("_fkey")
            {
                renamed.push((old, new));
            }
        }
        let keys = table::RELATIONS.iter().flat_map(|map| map.foreign_keys);
        let known: Vec<_> = keys.map(|key| (key.old, key.new)).collect();
        assert_eq!(known, renamed);
        for (old, new) in known {
            let (map, key) = foreign_key_by_old_name(old).expect(old);
            assert_eq!(key.new, new);
            assert!(new.starts_with(map.new), "{new} is of {}", map.new);
        }
    }
}
