//! First pass: `select=` as a tree of levels.
//!
//! In: the parsed select items. Out: a [`ReadPlan`] per embed, with names as the client wrote them
//! and nothing known of types or relationships.
//! Source: <https://docs.postgrest.org/en/stable/references/api/resource_embedding.html>.

use crate::error::{Error, codes};
use crate::pg::ident::QualifiedIdentifier;
use crate::rest::api_request::range::RowRange;
use crate::rest::api_request::select::SelectItem;

use super::types::{CoercibleField, CoercibleSelectField, ReadPlan, SpreadKind};

/// Levels of embedding below the root. Bounds the recursion of this and the next stage, and that of
/// PostgreSQL's parser; far more than a person nests.
pub const MAX_EMBED_DEPTH: usize = 50;

/// Builds the tree.
///
/// # Errors
/// `PGRST100` when embeds are nested deeper than [`MAX_EMBED_DEPTH`].
pub fn tree(root: &QualifiedIdentifier, select: &[SelectItem]) -> Result<ReadPlan, Error> {
    let mut plan = level(root.clone(), 0);
    add_items(&mut plan, select)?;
    Ok(plan)
}

/// A level that selects nothing.
pub fn level(from: QualifiedIdentifier, depth: usize) -> ReadPlan {
    ReadPlan {
        select: Vec::new(),
        relation_name: from.name.clone(),
        from,
        from_alias: None,
        where_: Vec::new(),
        order: Vec::new(),
        range: RowRange::ALL,
        relation_to_parent: None,
        join_conditions: Vec::new(),
        alias: None,
        aggregate_alias: String::new(),
        hint: None,
        join_type: None,
        spread: None,
        relation_select: Vec::new(),
        depth,
        matched_by_target_name: false,
        children: Vec::new(),
    }
}

fn add_items(plan: &mut ReadPlan, items: &[SelectItem]) -> Result<(), Error> {
    for item in items {
        match item {
            SelectItem::Field {
                field,
                aggregate,
                aggregate_cast,
                cast,
                alias,
            } => plan.select.push(CoercibleSelectField {
                field: CoercibleField::unknown(field.name.clone(), field.json_path.clone()),
                aggregate: *aggregate,
                aggregate_cast: aggregate_cast.clone(),
                cast: cast.clone(),
                alias: alias.clone(),
            }),
            SelectItem::Relation {
                relation,
                alias,
                hint,
                join_type,
                select,
            } => {
                let mut child = child_of(plan, relation)?;
                child.alias.clone_from(alias);
                child.hint.clone_from(hint);
                child.join_type = *join_type;
                add_items(&mut child, select)?;
                plan.children.push(child);
            }
            SelectItem::Spread {
                relation,
                hint,
                join_type,
                select,
            } => {
                let mut child = child_of(plan, relation)?;
                child.hint.clone_from(hint);
                child.join_type = *join_type;
                // Turned into to-many once the relationship is known.
                child.spread = Some(SpreadKind::ToOne);
                add_items(&mut child, select)?;
                plan.children.push(child);
            }
        }
    }
    Ok(())
}

fn child_of(parent: &ReadPlan, relation: &str) -> Result<ReadPlan, Error> {
    let depth = parent.depth + 1;
    if depth > MAX_EMBED_DEPTH {
        return Err(
            Error::new(&codes::PGRST100, "Resources are embedded too deeply").details(format!(
                "At most {MAX_EMBED_DEPTH} levels can be embedded in the 'select' query parameter"
            )),
        );
    }
    let from = QualifiedIdentifier::new(parent.from.schema.clone(), relation);
    Ok(level(from, depth))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{embed, field, spread};
    use super::*;

    #[test]
    fn fields_and_embeds_keep_their_order_and_their_names() {
        let select = [
            field("name"),
            embed(
                "client:clients",
                vec![field("id"), embed("tasks!inner", vec![])],
            ),
            spread("owners!fk", vec![field("*")]),
        ];
        let root = QualifiedIdentifier::new("test", "projects");
        let plan = tree(&root, &select).unwrap();
        assert_eq!(plan.relation_name, "projects");
        assert_eq!(plan.select[0].field.name, "name");
        let [clients, owners] = &plan.children[..] else {
            panic!("two children expected")
        };
        assert_eq!(clients.alias.as_deref(), Some("client"));
        assert_eq!(clients.from, QualifiedIdentifier::new("test", "clients"));
        assert_eq!((clients.depth, clients.children[0].depth), (1, 2));
        assert_eq!(owners.hint.as_deref(), Some("fk"));
        assert_eq!(owners.spread, Some(SpreadKind::ToOne));
    }

    #[test]
    fn nesting_is_bounded() {
        let nest = |levels: usize| {
            let deepest = embed("a", vec![]);
            (1..levels).fold(deepest, |inner, _| embed("a", vec![inner]))
        };
        let root = QualifiedIdentifier::new("test", "a");
        assert!(tree(&root, &[nest(MAX_EMBED_DEPTH)]).is_ok());
        let error = tree(&root, &[nest(MAX_EMBED_DEPTH + 1)]).unwrap_err();
        assert_eq!((error.code(), error.status()), ("PGRST100", 400));
    }
}
