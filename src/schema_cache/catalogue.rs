//! Which rows of the catalogue are new, and which are gone, since it was read last.
//!
//! A row that is visible now and was not then was written by a transaction that had not ended then: its
//! `xmin` is not older than the horizon of that snapshot, which is the oldest transaction that was running.
//! Rows that are gone are missing in the number. So one pass over each catalogue tells, and nothing else need
//! be read when nothing has changed. Changes in place (statistics, `relhasindex`) do not concern the cache.
//!
//! Comes in: answers to [`changes_sql`]. Goes out: [`Changes`].
//! Source: <https://www.postgresql.org/docs/current/ddl-system-columns.html>,
//! <https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-PG-SNAPSHOT>.

use std::collections::{BTreeSet, HashMap};

/// What a change of a row means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A relation that may be shown.
    Relation,
    /// An index, sequence, TOAST table…: defaults may name it.
    Name,
    /// Says something of its owner, a relation. Never gone without a change of the relation.
    Column,
    /// Says something of its owner, a relation.
    Part,
    /// A function, or its comment.
    Routine,
    /// A type: as long as it is new, nothing that was known refers to it.
    Type,
    /// The label of an enum, its owner.
    Label,
    /// What names may depend on: anything may say something else now.
    Other,
}

impl Kind {
    /// Whether rows are remembered: only then it is known whether one is new.
    fn is_kept(self) -> bool {
        !matches!(self, Self::Name | Self::Column)
    }

    /// Whether it matters that rows are gone. What refers to a type or an operator goes with it.
    fn can_go(self) -> bool {
        matches!(self, Self::Relation | Self::Part | Self::Routine)
    }
}

/// Rows of one catalogue: `id`, `part` and `owner` of each.
struct Source(Kind, &'static str);

/// All that the queries beside this file read, except what [`super::load`] compares as a whole. `pg_attrdef`
/// goes with the column, `pg_depend` with the sequence or view. Relations come first, and types before labels.
const SOURCES: [Source; 20] = [
    Source(
        Kind::Relation,
        "SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_class
         WHERE relkind IN ('r', 'v', 'm', 'f', 'p') AND relpersistence <> 't'",
    ),
    Source(
        Kind::Name,
        "SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_class
         WHERE relkind NOT IN ('r', 'v', 'm', 'f', 'p')",
    ),
    Source(
        Kind::Column,
        "SELECT attrelid AS id, 0 AS part, attrelid AS owner, xmin FROM pg_attribute",
    ),
    Source(
        Kind::Part,
        "SELECT oid AS id, 0 AS part, conrelid AS owner, xmin FROM pg_constraint
         WHERE contype IN ('p', 'u') OR contype = 'f' AND conparentid = 0",
    ),
    Source(
        Kind::Part,
        "SELECT oid AS id, 0 AS part, ev_class AS owner, xmin FROM pg_rewrite",
    ),
    Source(
        Kind::Part,
        "SELECT t.oid AS id, 0 AS part, t.tgrelid AS owner, t.xmin FROM pg_rewrite r CROSS JOIN LATERAL (
         SELECT oid, tgrelid, xmin FROM pg_trigger WHERE tgrelid = r.ev_class OFFSET 0) t WHERE r.rulename = '_RETURN'",
    ),
    Source(
        Kind::Part,
        "SELECT objoid AS id, objsubid AS part, objoid AS owner, xmin FROM pg_description
         WHERE classoid = 'pg_class'::regclass",
    ),
    Source(
        Kind::Routine,
        "SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_proc
         WHERE pronamespace <> 'pg_catalog'::regnamespace",
    ),
    Source(
        Kind::Routine,
        "SELECT objoid AS id, 0 AS part, objoid AS owner, xmin FROM pg_description
         WHERE classoid = 'pg_proc'::regclass",
    ),
    Source(
        Kind::Type,
        "SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_type",
    ),
    Source(
        Kind::Label,
        "SELECT oid AS id, 0 AS part, enumtypid AS owner, xmin FROM pg_enum",
    ),
    // Of two functions of a name, the new one in pg_catalog changes how the other one is printed.
    Source(
        Kind::Other,
        "SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_proc
         WHERE pronamespace = 'pg_catalog'::regnamespace",
    ),
    other("SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_operator"),
    other("SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_collation"),
    other("SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_ts_config"),
    other("SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_ts_dict"),
    other("SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_language"),
    // What a foreign table can do is up to its wrapper, which may read options.
    other("SELECT ftrelid AS id, 0 AS part, ftrelid AS owner, xmin FROM pg_foreign_table"),
    other("SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_foreign_server"),
    other("SELECT oid AS id, 0 AS part, oid AS owner, xmin FROM pg_foreign_data_wrapper"),
];

const fn other(rows: &'static str) -> Source {
    Source(Kind::Other, rows)
}

/// A query of these sources: how many rows each has, and those written by transactions of at most this age
/// (`$1 int`), or all (`$2 boolean`). A scan each; nothing is sent when nothing is new.
fn sources_sql(sources: impl Iterator<Item = usize>) -> String {
    let selects: Vec<String> = sources
        .filter_map(|index| {
            let Source(kind, rows) = SOURCES.get(index)?;
            let is_new = "$2 OR age(e.xmin) <= $1 AND age(e.xmin) >= 0";
            let (filter, condition) = match kind.is_kept() {
                true => (format!("FILTER (WHERE {is_new})"), String::new()),
                // Nobody needs the number, and to leave out most rows early is faster.
                false => (String::new(), format!("WHERE {is_new}")),
            };
            Some(format!(
                "SELECT {index} AS source, count(*) AS total, \
                 string_agg(concat_ws(' ', e.id, e.part, e.owner, e.xmin), ',') {filter} AS rows \
                 FROM ({rows}) e {condition}"
            ))
        })
        .collect();
    selects.join(" UNION ALL ")
}

/// The query for what is new everywhere.
pub(super) fn changes_sql() -> String {
    sources_sql(0..SOURCES.len())
}

/// The query for all rows that are remembered.
pub(super) fn entries_sql() -> String {
    let sources = SOURCES.iter().enumerate();
    sources_sql(sources.filter(|(_, s)| s.0.is_kept()).map(|(i, _)| i))
}

/// The query for all rows of these sources.
pub(super) fn some_entries_sql(sources: &[usize]) -> String {
    sources_sql(sources.iter().copied())
}

/// One row of a catalogue.
#[derive(Debug, Clone, Copy)]
struct Entry {
    id: u32,
    part: i32,
    owner: u32,
    xmin: u32,
}

/// The answer for one source.
#[derive(Debug)]
pub(super) struct Answer {
    source: usize,
    total: usize,
    entries: Vec<Entry>,
}

impl Answer {
    /// From the number of the source, how many rows it has, and rows as the query lists them. None when they
    /// are something else.
    pub(super) fn parse(source: i32, total: i64, rows: Option<&str>) -> Option<Self> {
        let entries = rows.into_iter().flat_map(|rows| rows.split(','));
        Some(Self {
            source: usize::try_from(source).ok()?,
            total: usize::try_from(total).ok()?,
            entries: entries.map(Entry::parse).collect::<Option<_>>()?,
        })
    }
}

impl Entry {
    /// `id part owner xmin`.
    fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split(' ');
        Some(Self {
            id: numbers.next()?.parse().ok()?,
            part: numbers.next()?.parse().ok()?,
            owner: numbers.next()?.parse().ok()?,
            xmin: numbers.next()?.parse().ok()?,
        })
    }
}

/// What may say something else than before.
#[derive(Debug, Default)]
pub(super) struct Changes {
    /// All of it.
    pub everything: bool,
    /// Columns of what is no relation that may be shown.
    pub others: bool,
    /// Relations, also such as are gone.
    pub relations: BTreeSet<u32>,
    /// Relations, indexes, sequences… whose names may have changed.
    pub named: BTreeSet<u32>,
    /// Functions, also such as are gone.
    pub routines: BTreeSet<u32>,
    /// Types that nobody referred to before.
    pub new_types: BTreeSet<u32>,
}

impl Changes {
    fn add(&mut self, kind: Kind, entry: Entry, is_new: bool) {
        match kind {
            Kind::Relation => {
                self.named.insert(entry.id);
                self.relations.insert(entry.id);
            }
            Kind::Name => {
                self.named.insert(entry.id);
            }
            Kind::Column | Kind::Part => {
                self.relations.insert(entry.owner);
            }
            Kind::Routine => {
                self.routines.insert(entry.owner);
            }
            Kind::Type if is_new => {
                self.new_types.insert(entry.id);
            }
            Kind::Label => self.everything |= !self.new_types.contains(&entry.owner),
            Kind::Type | Kind::Other => self.everything = true,
        }
    }
}

/// By `id` and `part`, owner and `xmin`.
type Rows = HashMap<(u32, i32), (u32, u32)>;

/// The rows that are remembered, by source.
#[derive(Debug)]
pub(super) struct Entries(Vec<Rows>);

impl Entries {
    /// From all answers of [`entries_sql`].
    pub(super) fn new(answers: Vec<Answer>) -> Self {
        let mut entries = Self(SOURCES.iter().map(|_| Rows::new()).collect());
        for answer in answers {
            if let Some(known) = entries.0.get_mut(answer.source) {
                *known = by_id(&answer.entries);
            }
        }
        entries
    }

    /// Takes in what is new. The sources of which something is gone, to be asked for all they have.
    pub(super) fn add(&mut self, answers: Vec<Answer>, changes: &mut Changes) -> Vec<usize> {
        let mut reduced = Vec::new();
        for mut answer in answers {
            let Some(Source(kind, _)) = SOURCES.get(answer.source) else {
                continue;
            };
            if *kind == Kind::Column {
                let found = answer.entries.len();
                answer
                    .entries
                    .retain(|column| self.is_relation(column.owner));
                changes.others |= answer.entries.len() < found;
            }
            let Some(known) = self.0.get_mut(answer.source) else {
                continue;
            };
            for entry in answer.entries {
                let place = (entry.id, entry.part);
                let before = match kind.is_kept() {
                    true => known.insert(place, (entry.owner, entry.xmin)),
                    false => None,
                };
                // Written by a transaction that had ended then, although an older one had not.
                if before != Some((entry.owner, entry.xmin)) {
                    changes.add(*kind, entry, before.is_none());
                }
            }
            if kind.can_go() && known.len() != answer.total {
                reduced.push(answer.source);
            }
        }
        reduced
    }

    /// Whether it is one that may be shown, not an index or a sequence.
    fn is_relation(&self, oid: u32) -> bool {
        let relations = self.0.first();
        relations.is_some_and(|relations| relations.contains_key(&(oid, 0)))
    }

    /// Takes in all rows of a source; those that were known and are not among them are gone.
    pub(super) fn replace(&mut self, answer: &Answer, changes: &mut Changes) {
        let source = (SOURCES.get(answer.source), self.0.get_mut(answer.source));
        let (Some(Source(kind, _)), Some(known)) = source else {
            return;
        };
        let now = by_id(&answer.entries);
        let before = std::mem::replace(known, now);
        let differ = |a: &Rows, b: &Rows| -> Vec<Entry> {
            let differing = a.iter().filter(|(place, said)| b.get(place) != Some(said));
            differing
                .map(|(&(id, part), &(owner, xmin))| Entry {
                    id,
                    part,
                    owner,
                    xmin,
                })
                .collect()
        };
        for entry in differ(known, &before)
            .into_iter()
            .chain(differ(&before, known))
        {
            changes.add(*kind, entry, false);
        }
    }
}

fn by_id(entries: &[Entry]) -> Rows {
    let entries = entries.iter();
    entries
        .map(|e| ((e.id, e.part), (e.owner, e.xmin)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELATIONS: i32 = 0;
    const COLUMNS: i32 = 2;
    const TYPES: i32 = 9;
    const LABELS: i32 = 10;

    fn answer(source: i32, total: i64, rows: &str) -> Answer {
        let rows = Some(rows).filter(|rows| !rows.is_empty());
        Answer::parse(source, total, rows).expect("numbers")
    }

    fn known() -> Entries {
        Entries::new(vec![
            answer(RELATIONS, 2, "1 0 1 90,2 0 2 99"),
            answer(TYPES, 1, "7 0 7 50"),
        ])
    }

    #[test]
    fn only_what_another_transaction_wrote_is_new() {
        let (mut entries, mut changes) = (known(), Changes::default());
        let found = vec![
            answer(RELATIONS, 3, "2 0 2 99,3 0 3 101"),
            answer(COLUMNS, 5, "1 0 1 101,4 0 4 101"),
        ];
        assert_eq!(entries.add(found, &mut changes), [0_usize; 0]);
        assert_eq!(changes.relations, BTreeSet::from([1, 3]));
        assert_eq!(changes.named, BTreeSet::from([3]));
        assert!(!changes.everything);
    }

    #[test]
    fn what_is_gone_is_missing_in_the_number_also_when_something_came() {
        let (mut entries, mut changes) = (known(), Changes::default());
        let found = vec![answer(RELATIONS, 2, "3 0 3 101")];
        assert_eq!(entries.add(found, &mut changes), [0]);
        entries.replace(&answer(RELATIONS, 2, "1 0 1 90,3 0 3 101"), &mut changes);
        assert_eq!(changes.relations, BTreeSet::from([2, 3]));
        let mut changes = Changes::default();
        let found = vec![answer(RELATIONS, 2, "")];
        assert_eq!(entries.add(found, &mut changes), [0_usize; 0]);
    }

    #[test]
    fn a_new_type_concerns_nobody_and_a_changed_one_everybody() {
        let (mut entries, mut changes) = (known(), Changes::default());
        let found = vec![
            answer(TYPES, 2, "8 0 8 101"),
            answer(LABELS, 1, "9 0 8 101"),
        ];
        entries.add(found, &mut changes);
        assert!(!changes.everything);
        for changed in [
            answer(TYPES, 2, "7 0 7 102"),
            answer(LABELS, 2, "10 0 8 102"),
        ] {
            let mut changes = Changes::default();
            entries.add(vec![changed], &mut changes);
            assert!(changes.everything);
        }
    }

    #[test]
    fn the_numbers_of_the_sources_are_those_of_the_tests() {
        let kinds = [RELATIONS, COLUMNS, TYPES, LABELS].map(|source| SOURCES[source as usize].0);
        assert_eq!(
            kinds,
            [Kind::Relation, Kind::Column, Kind::Type, Kind::Label]
        );
    }

    #[test]
    fn unreadable_rows_are_no_answer() {
        for rows in ["x", "1 2 3", "1 0 1 9,", "-1 0 1 9"] {
            assert!(Answer::parse(0, 1, Some(rows)).is_none(), "{rows}");
        }
    }
}
