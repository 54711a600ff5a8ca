//! Scans a JSON body for the keys of its objects without building a tree.
//!
//! In: the body. Out: the body again with its keys, or PGRST102. One pass; memory is that of one
//! object's keys, and values are skipped without recursion.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use bytes::Bytes;
use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use super::{Columns, Payload, invalid, no_rows, object};
use crate::error::Error;

/// Levels of nesting that are read. PostgreSQL's own parser gives up (54001) at some 6,000 with its default
/// stack.
pub(super) const MAX_DEPTH: usize = 2_000;

/// Whether the text opens more than [`MAX_DEPTH`] levels. Brackets in strings do not count.
pub(super) fn is_too_deep(body: &[u8]) -> bool {
    if body.len() <= MAX_DEPTH {
        return false;
    }
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in body {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => depth += 1,
            b']' | b'}' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return true;
        }
    }
    false
}

/// What the body is.
enum Shape {
    Object(Columns),
    /// Objects with the same keys.
    Rows(Columns),
    /// An array of something else, or of objects with different keys.
    Mixed,
    /// An empty array, or neither object nor array.
    Nothing,
}

/// Checks a JSON body.
///
/// # Errors
/// PGRST102.
pub(super) fn parse(body: &Bytes) -> Result<(Payload, Columns), Error> {
    let shape: Option<Shape> = std::str::from_utf8(body)
        .ok()
        .and_then(|text| serde_json::from_str(text).ok());
    match shape {
        None => Err(invalid("Empty or invalid json")),
        Some(Shape::Mixed) => Err(invalid("All object keys must match")),
        Some(Shape::Nothing) => Ok(no_rows()),
        Some(Shape::Object(keys)) => Ok((object(body.clone()), keys)),
        Some(Shape::Rows(keys)) => {
            let payload = Payload::Json {
                raw: body.clone(),
                is_object: false,
            };
            Ok((payload, keys))
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ShapeVisitor)
    }
}

struct ShapeVisitor;

macro_rules! scalars {
    ($($visit:ident($type:ty)),*) => {
        $(
            fn $visit<E>(self, _: $type) -> Result<Shape, E> {
                Ok(Shape::Nothing)
            }
        )*
    };
}

impl<'de> Visitor<'de> for ShapeVisitor {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    scalars!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str)
    );

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Nothing)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut keys = Columns::new();
        while let Some(Key(key)) = map.next_key()? {
            map.next_value::<IgnoredAny>()?;
            if !keys.contains(key.as_ref()) {
                keys.insert(key.into_owned());
            }
        }
        Ok(Shape::Object(keys))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rows: A) -> Result<Shape, A::Error> {
        let Some(first) = rows.next_element_seed(Row(None))? else {
            return Ok(Shape::Nothing);
        };
        let mut keys = match first {
            RowKind::First(keys) => SeenKeys::new(keys),
            _ => return rest_is_mixed(rows),
        };
        while let Some(row) = rows.next_element_seed(Row(Some(&mut keys)))? {
            if !matches!(row, RowKind::Same) {
                return rest_is_mixed(rows);
            }
        }
        Ok(Shape::Rows(keys.last_row.into_keys().collect()))
    }
}

/// Reads on to the end, since a syntax error later on is the greater fault.
fn rest_is_mixed<'de, A: SeqAccess<'de>>(mut rows: A) -> Result<Shape, A::Error> {
    while rows.next_element::<IgnoredAny>()?.is_some() {}
    Ok(Shape::Mixed)
}

/// The keys of the first row, each with the number of the row in which it was last seen.
struct SeenKeys {
    last_row: HashMap<String, usize>,
    row: usize,
}

impl SeenKeys {
    fn new(keys: Columns) -> Self {
        Self {
            last_row: keys.into_iter().map(|key| (key, 0)).collect(),
            row: 0,
        }
    }
}

/// Reads one element of the array: the first row, or one to compare with the first.
struct Row<'k>(Option<&'k mut SeenKeys>);

enum RowKind {
    /// The first row's keys.
    First(Columns),
    /// A row with the first row's keys.
    Same,
    /// Anything else.
    Other,
}

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = RowKind;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<RowKind, D::Error> {
        deserializer.deserialize_any(self)
    }
}

macro_rules! other_scalars {
    ($($visit:ident($type:ty)),*) => {
        $(
            fn $visit<E>(self, _: $type) -> Result<RowKind, E> {
                Ok(RowKind::Other)
            }
        )*
    };
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = RowKind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    other_scalars!(
        visit_bool(bool),
        visit_i64(i64),
        visit_u64(u64),
        visit_f64(f64),
        visit_str(&str)
    );

    fn visit_unit<E>(self) -> Result<RowKind, E> {
        Ok(RowKind::Other)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<RowKind, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(RowKind::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RowKind, A::Error> {
        let Some(keys) = self.0 else {
            return match ShapeVisitor.visit_map(map)? {
                Shape::Object(keys) => Ok(RowKind::First(keys)),
                _ => Ok(RowKind::Other),
            };
        };
        keys.row += 1;
        let (mut seen, mut is_same) = (0, true);
        while let Some(Key(key)) = map.next_key()? {
            map.next_value::<IgnoredAny>()?;
            match keys.last_row.get_mut(key.as_ref()) {
                Some(last) if *last < keys.row => {
                    *last = keys.row;
                    seen += 1;
                }
                Some(_) => {}
                None => is_same = false,
            }
        }
        if is_same && seen == keys.last_row.len() {
            Ok(RowKind::Same)
        } else {
            Ok(RowKind::Other)
        }
    }
}

/// A key, borrowed from the body where it has no escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(KeyVisitor).map(Key)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_borrowed_str<E>(self, key: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(key))
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(key.to_owned()))
    }
}
