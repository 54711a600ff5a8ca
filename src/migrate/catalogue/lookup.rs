//! Finds objects of a snapshot by their number, their name, or their place on a table.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::{Object, Snapshot};

/// Places of objects, made at the first question. No part of what a snapshot says: all are equal, and a copy asks
/// anew.
#[derive(Debug, Default)]
pub struct Lookup(OnceLock<Index>);

impl Clone for Lookup {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Lookup {
    fn eq(&self, _other: &Self) -> bool {
        true
    }
}

#[derive(Debug, Default)]
struct Index {
    /// Objects then: with more or less of them it says nothing any more.
    count: usize,
    keys: HashMap<(String, String), usize>,
    identities: HashMap<(String, String), usize>,
    parts: HashMap<(String, String, String), usize>,
}

impl Index {
    fn of(objects: &[Object]) -> Self {
        let mut index = Self {
            count: objects.len(),
            ..Self::default()
        };
        for (place, object) in objects.iter().enumerate() {
            let kind = || object.kind.clone();
            index
                .keys
                .entry((kind(), object.key.clone()))
                .or_insert(place);
            let identity = (kind(), object.identity.clone());
            index.identities.entry(identity).or_insert(place);
            if let (true, Some(parent)) = (is_part(object), &object.parent) {
                let part = (kind(), parent.clone(), object.name.clone());
                index.parts.entry(part).or_insert(place);
            }
        }
        index
    }

    fn find(&self, of: &Object) -> Option<usize> {
        let kind = || of.kind.clone();
        let by_part = || {
            let part = (kind(), of.parent.clone()?, of.name.clone());
            self.parts.get(&part).filter(|_| is_part(of))
        };
        self.keys
            .get(&(kind(), of.key.clone()))
            .or_else(|| self.identities.get(&(kind(), of.identity.clone())))
            .or_else(by_part)
            .copied()
    }
}

impl Snapshot {
    /// The same object at this moment: by its number, by its name, or the policy, trigger, rule or constraint of
    /// its name on the same table, whatever that is called. The objects must not be replaced by others between two
    /// questions.
    pub fn counterpart(&self, of: &Object) -> Option<&Object> {
        let index = self.lookup.0.get_or_init(|| Index::of(&self.objects));
        match index.count == self.objects.len() {
            true => index.find(of),
            false => Index::of(&self.objects).find(of),
        }
        .and_then(|place| self.objects.get(place))
    }
}

/// The same part of the same table, whatever the table is called.
pub fn is_same_part(one: &Object, other: &Object) -> bool {
    is_part(one) && one.kind == other.kind && one.parent == other.parent && one.name == other.name
}

fn is_part(object: &Object) -> bool {
    matches!(
        object.kind.as_str(),
        "policy" | "trigger" | "rule" | "constraint"
    )
}
