//! Which old name a request uses: in its path, or in an embed of its `select`. Pure.
//!
//! In: path and query as sent. Out: the old name, what takes its place, and where that is served.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::mapping;
use crate::rest::api_request::select::{self, SelectItem};

/// Where the engine serves every relation.
const ENGINE: &str = "/rest/v1";
/// The successor that has an endpoint at the root as well.
const AT_ROOT: &str = "opportunities";

/// An old name in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The old name, as the mapping spells it.
    pub old: &'static str,
    /// The relation that takes its place.
    pub new: &'static str,
    /// `/7` of a path that names one row; empty otherwise.
    item: String,
    /// The name is in `select` and the path is another relation's.
    is_embed: bool,
}

impl Use {
    /// Path of the successor.
    pub fn successor(&self) -> String {
        let prefix = if self.new == AT_ROOT { "" } else { ENGINE };
        format!("{prefix}/{}{}", self.new, self.item)
    }

    /// The endpoint without what differs from call to call: `/deals`, `/deals/{id}`, `select=deals()`.
    pub fn endpoint(&self) -> String {
        match (self.is_embed, self.item.is_empty()) {
            (true, _) => format!("select={}()", self.old),
            (false, true) => format!("/{}", self.old),
            (false, false) => format!("/{}/{{id}}", self.old),
        }
    }

    /// The text of the `Warning` header.
    pub fn warning(&self) -> String {
        if self.is_embed {
            let (old, new) = (self.old, self.new);
            return format!("Deprecated name {old} in select. Use {new} instead");
        }
        format!("Deprecated endpoint. Use {} instead", self.successor())
    }
}

/// The old name that a request uses. `path` starts after the mount point.
pub fn find(path: &str, query: &str) -> Option<Use> {
    let mut segments = path.strip_prefix('/').unwrap_or(path).splitn(2, '/');
    let first = decode(segments.next().unwrap_or_default());
    if let Some((old, new)) = mapping::successor(&first) {
        let item = segments.next().filter(|rest| is_id(rest));
        return Some(Use {
            old,
            new,
            item: item.map(|id| format!("/{id}")).unwrap_or_default(),
            is_embed: false,
        });
    }
    let select = query.split(['&', ';']).find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        (decode(name) == "select").then_some(value)
    })?;
    let (old, new) = embedded(select)?;
    Some(Use {
        old,
        new,
        item: String::new(),
        is_embed: true,
    })
}

fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn decode(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
}

/// The first old name among the embeds. Without a parenthesis there is no embed.
fn embedded(select: &str) -> Option<(&'static str, &'static str)> {
    let text = decode(select);
    let may_embed = text.contains('(') && (text.contains("deal") || text.contains("activity_log"));
    if !may_embed {
        return None;
    }
    // What cannot be parsed is refused by the engine.
    in_items(&select::parse(&text.replace('+', " ")).ok()?)
}

fn in_items(items: &[SelectItem]) -> Option<(&'static str, &'static str)> {
    items.iter().find_map(|item| match item {
        SelectItem::Relation {
            relation, select, ..
        }
        | SelectItem::Spread {
            relation, select, ..
        } => named(relation).or_else(|| in_items(select)),
        SelectItem::Field { .. } => None,
    })
}

/// An embed is named by its relation or by a foreign key, whose old name leads to the old face.
fn named(target: &str) -> Option<(&'static str, &'static str)> {
    mapping::successor(target).or_else(|| {
        let (map, _) = mapping::foreign_key_by_old_name(target)?;
        mapping::successor(map.old[0])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_old_name_is_found_and_points_to_where_its_successor_is_served() {
        for (path, old, successor) in [
            ("/deals", "deals", "/opportunities"),
            ("/deals/7", "deals", "/opportunities/7"),
            ("/deals/abc", "deals", "/opportunities"),
            ("/%64eals", "deals", "/opportunities"),
            (
                "/deals_summary",
                "deals_summary",
                "/rest/v1/opportunities_summary",
            ),
            ("/dealNotes", "dealNotes", "/rest/v1/opportunityNotes"),
            ("/deal_notes", "deal_notes", "/rest/v1/opportunityNotes"),
            (
                "/activity_log",
                "activity_log",
                "/rest/v1/opportunity_activity_log",
            ),
        ] {
            let found = find(path, "").expect(path);
            assert_eq!((found.old, found.successor().as_str()), (old, successor));
        }
    }

    #[test]
    fn embeds_are_found_at_any_depth_and_in_any_spelling() {
        for (select, old) in [
            ("*,deals(*)", "deals"),
            ("*,d:deals!company_id!inner(id)", "deals"),
            ("id,companies(name,...deals(name))", "deals"),
            ("*%2C%64eals(*)", "deals"),
            ("*,dealNotes(*)", "dealNotes"),
            ("id,deals_company_id_fkey(id,stage)", "deals"),
            ("id,contacts(d:deals_sales_id_fkey(id))", "deals"),
            ("id,...dealNotes_sales_id_fkey(id)", "dealNotes"),
        ] {
            let found = find("/companies", &format!("limit=1&select={select}")).expect(select);
            assert_eq!(found.old, old);
            assert_eq!(found.endpoint(), format!("select={old}()"));
        }
        let encoded = find("/companies", "limit=1&%73elect=deals(*)").expect("found");
        assert_eq!(encoded.old, "deals");
    }

    #[test]
    fn other_requests_use_no_old_name() {
        for (path, query) in [
            ("/opportunities", "name=ilike.*deals(*"),
            ("/opportunities", "select=deals"),
            ("/companies_summary", "select=nb_deals,sales(id)"),
            ("/companies", "select=deals_company_id_fkey"),
            ("/companies", "select=opportunities_company_id_fkey(id)"),
            ("/opportunity_notes", ""),
            ("/opportunity_activity_log", ""),
            ("/dealsx", ""),
            ("/", ""),
        ] {
            assert_eq!(find(path, query), None, "{path}?{query}");
        }
    }

    #[test]
    fn an_endpoint_says_nothing_about_the_row() {
        assert_eq!(
            find("/deals/7", "").expect("found").endpoint(),
            "/deals/{id}"
        );
    }
}
