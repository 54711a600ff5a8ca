//! Laying out types as Prettier does without semicolons: on one line where it fits, else one member a
//! line.

use super::types::key;

/// Columns of a line.
pub const WIDTH: usize = 80;

/// A piece of type syntax.
#[derive(Debug, Clone)]
pub enum Node {
    Text(String),
    /// `{ a: A; b: B }`; on one line only inside what is itself on one line, or as a member's type.
    Object(Vec<Node>),
    /// `{ … }` that is always broken.
    Block(Vec<Node>),
    /// `name: type`, a member of an object.
    Property(String, Box<Node>),
    /// `A | B`.
    Union(Vec<Node>),
    /// `type[]`.
    List(Box<Node>),
    /// `[A, B]`; broken, each with a comma.
    Tuple(Vec<Node>),
}

/// `name: type`.
pub fn property(name: &str, value: Node) -> Node {
    Node::Property(key(name), Box::new(value))
}

/// `name?: type`.
pub fn optional(name: &str, value: Node) -> Node {
    Node::Property(format!("{}?", key(name)), Box::new(value))
}

/// An object that is broken even where it would fit on a line.
pub fn object(members: Vec<Node>) -> Node {
    Node::Block(members)
}

impl Node {
    /// The one-line form, if there is one.
    fn inline(&self) -> Option<String> {
        let all = |nodes: &[Self], by: &str| {
            let parts: Option<Vec<_>> = nodes.iter().map(Self::inline).collect();
            parts.map(|parts| parts.join(by))
        };
        match self {
            Self::Text(text) => Some(text.clone()),
            Self::Object(members) => Some(format!("{{ {} }}", all(members, "; ")?)),
            Self::Block(_) => None,
            Self::Property(name, value) => Some(format!("{name}: {}", value.inline()?)),
            Self::Union(parts) => all(parts, " | "),
            Self::List(of) => Some(match of.as_ref() {
                Self::Union(parts) if parts.len() > 1 => format!("({})[]", of.inline()?),
                _ => format!("{}[]", of.inline()?),
            }),
            Self::Tuple(parts) if parts.is_empty() => Some("[]".into()),
            Self::Tuple(_) => None,
        }
    }

    /// Writes a member and its line feed at this depth.
    pub fn write(&self, out: &mut String, depth: usize) {
        let pad = "  ".repeat(depth);
        let inline = self
            .inline()
            .filter(|line| pad.len() + line.chars().count() <= WIDTH);
        match (inline, self) {
            (Some(line), _) => out.push_str(&format!("{pad}{line}\n")),
            (None, Self::Property(name, value)) => {
                out.push_str(&format!("{pad}{name}:"));
                value.write_value(out, depth);
                out.push('\n');
            }
            (None, _) => {
                out.push_str(&pad);
                self.write_broken(out, depth);
                out.push('\n');
            }
        }
    }

    /// What follows `name:`.
    fn write_value(&self, out: &mut String, depth: usize) {
        match self {
            Self::Union(parts) if parts.len() > 1 => {
                let whole = self.inline();
                if let Some(line) = whole.filter(|line| 2 * depth + 2 + line.len() <= WIDTH) {
                    out.push_str(&format!("\n{}{line}", "  ".repeat(depth + 1)));
                    return;
                }
                for part in parts {
                    out.push_str(&format!("\n{}| ", "  ".repeat(depth + 1)));
                    match part
                        .inline()
                        .filter(|line| 2 * depth + 4 + line.len() <= WIDTH)
                    {
                        Some(line) => out.push_str(&line),
                        None => part.write_broken(out, depth + 2),
                    }
                }
            }
            _ => {
                out.push(' ');
                self.write_broken(out, depth);
            }
        }
    }

    fn write_broken(&self, out: &mut String, depth: usize) {
        let pad = "  ".repeat(depth);
        match self {
            Self::Object(members) | Self::Block(members) => {
                out.push_str("{\n");
                for member in members {
                    member.write(out, depth + 1);
                }
                out.push_str(&format!("{pad}}}"));
            }
            Self::List(of) => {
                of.write_broken(out, depth);
                out.push_str("[]");
            }
            Self::Tuple(parts) if !parts.is_empty() => {
                out.push_str("[\n");
                for part in parts {
                    out.push_str(&"  ".repeat(depth + 1));
                    part.write_broken(out, depth + 1);
                    out.push_str(",\n");
                }
                out.push_str(&format!("{pad}]"));
            }
            _ => out.push_str(&self.inline().unwrap_or_default()),
        }
    }
}
