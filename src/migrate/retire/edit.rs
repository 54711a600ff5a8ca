//! Takes the old words out of definitions as PostgreSQL writes them. Pure.
//!
//! In: the SQL that makes a view, a function or a trigger. Out: the same without the columns that go, or
//! `None` when the text is not the one that is known: what was changed by somebody else is not overwritten.

/// The functions that read or write an old column.
pub(super) const FUNCTIONS: [&str; 2] = [
    "function public.opportunities_before_insert()",
    "function public.opportunities_before_update()",
];

/// What leaves the text of a function, and what takes its place. Each is there once at most; what matters is
/// that nothing old is left.
type Cuts = &'static [(&'static str, &'static str)];

const INSERT: Cuts = &[
    (
        "  -- The view deals marks what it inserts in this column, which is nobody's to write but ours.
  is_old_face boolean := new.search_tsv is not distinct from 'deals'::tsvector;
",
        "",
    ),
    (
        "select o.legacy_stage, o.probability, o.search_tsv into existing",
        "select o.probability, o.search_tsv into existing",
    ),
    (
        "    new.legacy_stage := coalesce(new.legacy_stage, existing.legacy_stage);
",
        "",
    ),
    (
        "  -- A deal has always needed a stage, and has no default for it. Its name was asked for first.
  if is_old_face and new.legacy_stage is null and new.name is not null then
    raise not_null_violation using
      message = 'null value in column \"stage\" of relation \"deals\" violates not-null constraint',
      schema = 'public', table = 'deals', column = 'stage';
  end if;

",
        "",
    ),
    (
        "  if new.legacy_stage is null then
    new.legacy_stage := private.stage_reverse(new.stage);
  elsif is_old_face then
    new.stage := private.stage_forward(new.legacy_stage);
  elsif not private.stage_fits(new.legacy_stage, new.stage) then
    perform private.refuse_pair('stage', 'legacy_stage', 'Send the stage, or both with the same value. A new row without a stage is a lead.');
  end if;

",
        "",
    ),
];

const UPDATE: Cuts = &[(
    "  one_changed := new.stage is distinct from old.stage;
  other_changed := new.legacy_stage is distinct from old.legacy_stage;
  if other_changed and not one_changed then
    if not private.stage_fits(new.legacy_stage, old.stage) then
      new.stage := private.stage_forward(new.legacy_stage);
    end if;
  elsif one_changed and not private.stage_fits(new.legacy_stage, new.stage) then
    if other_changed then
      perform private.refuse_pair('stage', 'legacy_stage');
    end if;
    new.legacy_stage := private.stage_reverse(new.stage);
  end if;

",
    "",
)];

/// In the condition of a trigger, as PostgreSQL writes it.
const CONDITION: Cuts = &[(
    " OR (new.legacy_stage IS DISTINCT FROM old.legacy_stage)",
    "",
)];

/// Columns that go.
const OLD_COLUMNS: [&str; 3] = ["legacy_stage", "original_company_id", "company_id_backup"];
/// Views that go.
const OLD_VIEWS: [&str; 5] = [
    "deals",
    "deals_summary",
    "deal_notes",
    "dealNotes",
    "activity_log",
];

/// By it the rules tell the old face from the new one.
const OLD_FACE: &str = "is_old_face";

/// Whether a column that goes is named.
pub(super) fn names_old_column(text: &str) -> bool {
    OLD_COLUMNS.iter().any(|name| has_word(text, name))
}

/// Whether anything that goes is named.
pub(super) fn names_anything_old(text: &str) -> bool {
    names_old_column(text) || OLD_VIEWS.iter().any(|name| has_word(text, name))
}

fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part)
    })
}

/// A view that lists the columns, among others and each on a line of its own, as PostgreSQL writes them: the
/// list without them.
pub(super) fn view(definition: &str) -> Option<String> {
    let mut lines: Vec<String> = vec![];
    for line in definition.lines() {
        let item = line.trim();
        let end = item.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
        let (name, rest) = item.split_at(end.unwrap_or(item.len()));
        let column = name.rsplit_once('.').map_or(name, |(_, column)| column);
        if !OLD_COLUMNS.contains(&column) {
            lines.push(line.to_owned());
        } else if rest.is_empty() || rest.starts_with(')') {
            // The last one of its list: the one before it is the last now.
            let last = lines.last_mut()?;
            *last = format!("{}{rest}", last.trim_end().strip_suffix(',')?);
        } else if rest != "," {
            return None;
        }
    }
    let text = lines.join("\n");
    (!names_old_column(&text)).then_some(text)
}

/// One of [`FUNCTIONS`], or a trigger.
pub(super) fn program(identity: &str, definition: &str) -> Option<String> {
    let cuts = match identity {
        name if name == FUNCTIONS[0] => INSERT,
        name if name == FUNCTIONS[1] => UPDATE,
        _ => CONDITION,
    };
    let mut text = definition.to_owned();
    for (from, to) in cuts {
        if text.matches(from).count() > 1 {
            return None;
        }
        text = text.replacen(from, to, 1);
    }
    let is_known = text != definition && !names_old_column(&text) && !has_word(&text, OLD_FACE);
    is_known.then_some(text)
}

/// A function of schema `webhooks`: the events in old words go on until their own end, with the word that
/// follows from the stage.
pub(super) fn webhook(definition: &str) -> Option<String> {
    /// Behind the columns of the row, whose order stays.
    const ADDED: &str = "(left(row_to_json(image)::text, -1) || ',\"legacy_stage\":' \
                         || to_json(private.stage_reverse(image.stage)) || '}')::json";
    let text = definition
        .replace("new.legacy_stage", "private.stage_reverse(new.stage)")
        .replace("old.legacy_stage", "private.stage_reverse(old.stage)");
    let told = text.replace("row_to_json(image)", ADDED);
    let is_known = told != text && !names_old_column(&told.replace(ADDED, ""));
    is_known.then_some(told)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::migrations::{Baseline, migrations};

    /// A function as the migrations make it.
    fn source(name: &str) -> String {
        let files = migrations(Baseline::Fork);
        let start = format!("function {name}() returns trigger");
        let file = files.iter().find(|file| file.sql.contains(&start));
        let (_, rest) = file.expect("a file").sql.split_once(&start).expect("it");
        rest.split("end $$;").next().unwrap_or_default().to_owned()
    }

    #[test]
    fn the_functions_of_the_migrations_are_known() {
        for identity in FUNCTIONS {
            let name = identity
                .trim_start_matches("function ")
                .trim_end_matches("()");
            let before = source(name);
            assert!(names_old_column(&before), "{name}");
            let after = program(identity, &before).expect("known");
            assert!(after.contains("private.stage_probability(new.stage)"));
            assert_eq!(program(identity, &after), None, "no second time");
        }
        let told = webhook(&source("webhooks.opportunity_changed")).expect("known");
        assert!(
            !told.contains("new.legacy_stage") && told.contains("private.stage_reverse(old.stage)")
        );
    }

    #[test]
    fn a_view_loses_the_columns_wherever_they_stand() {
        let list = "SELECT o.id,\n    o.legacy_stage,\n    o.original_company_id,\n    o.name,\n    o.original_company_id\n   FROM o";
        assert_eq!(
            view(list).as_deref(),
            Some("SELECT o.id,\n    o.name\n   FROM o")
        );
        assert_eq!(
            view("SELECT id\n FROM o\n WHERE legacy_stage = 'won'"),
            None
        );
        assert_eq!(view("SELECT id,\n lower(legacy_stage) AS x\n FROM o"), None);
        assert_eq!(
            view("SELECT id,\n legacy_stage AS x,\n name\n FROM o"),
            None
        );
    }

    #[test]
    fn a_condition_compares_the_stage_alone() {
        let trigger = "CREATE TRIGGER t BEFORE UPDATE OF stage_manual ON public.opportunities FOR EACH ROW \
            WHEN (((NOT new.stage_manual) AND ((new.stage IS DISTINCT FROM old.stage) OR (new.legacy_stage IS DISTINCT FROM \
            old.legacy_stage)))) EXECUTE FUNCTION f('no')";
        let found = program("trigger t on public.opportunities", trigger).expect("known");
        assert!(found.contains(
            "WHEN (((NOT new.stage_manual) AND ((new.stage IS DISTINCT FROM old.stage)))) EXECUTE"
        ));
    }

    #[test]
    fn old_names_are_found_as_words() {
        assert!(names_anything_old("select from public.deals d"));
        assert!(names_anything_old("from \"dealNotes\""));
        assert!(!names_anything_old("nb_deals, ideals, opportunities"));
    }
}
