//! The `Prefer` header (RFC 7240) and `Preference-Applied`.
//!
//! In: the header's value (several headers joined by commas). Out: [`Preferences`], and from them
//! the value of `Preference-Applied`. Names and values are compared exactly, letters' case included; of
//! two values of one preference the first counts. Under `handling=strict` the plan stage refuses what
//! is in [`Preferences::invalid`] with PGRST122.
//!
//! A time zone is not checked here: version 16 gives any name to PostgreSQL, whose error (22023,
//! status 400) tells the client. Earlier versions looked it up in `pg_timezone_names` and ignored
//! unknown ones.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/api/preferences.html>.

/// `resolution=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    MergeDuplicates,
    IgnoreDuplicates,
}

/// `return=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Return {
    Representation,
    HeadersOnly,
    Minimal,
}

/// `count=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    Exact,
    Planned,
    Estimated,
}

/// `tx=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transaction {
    Commit,
    Rollback,
}

/// `missing=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    Default,
    Null,
}

/// `handling=`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handling {
    Strict,
    Lenient,
}

/// What the client preferred. Absent fields were not sent (or, for `tx`, not allowed).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Preferences {
    pub resolution: Option<Resolution>,
    pub representation: Option<Return>,
    pub count: Option<Count>,
    pub transaction: Option<Transaction>,
    pub missing: Option<Missing>,
    pub handling: Option<Handling>,
    /// A time zone name or offset as sent; PostgreSQL decides whether it exists.
    pub timezone: Option<String>,
    /// Rows; a negative number counts as 0, text that is no number as absent.
    pub max_affected: Option<u64>,
    /// Preferences nobody knows; refused under `handling=strict`.
    pub invalid: Vec<String>,
}

/// A preference whose values are a fixed list.
trait Fixed: Copy + 'static {
    /// `name=value` as in the header, for each value.
    const TABLE: &'static [(&'static str, Self)];
}

macro_rules! fixed {
    ($($type:ident { $($text:literal $variant:ident),* })*) => {
        $(
            impl Fixed for $type {
                const TABLE: &'static [(&'static str, Self)] = &[$(($text, Self::$variant)),*];
            }

            impl $type {
                /// As in the `Prefer` header.
                pub fn header_value(self) -> &'static str {
                    match self {
                        $(Self::$variant => $text),*
                    }
                }
            }
        )*
        /// All values of all preferences with a fixed list.
        const KNOWN: &[&str] = &[$($($text),*),*];
    };
}

fixed! {
    Resolution {
        "resolution=merge-duplicates" MergeDuplicates,
        "resolution=ignore-duplicates" IgnoreDuplicates
    }
    Return {
        "return=representation" Representation,
        "return=minimal" Minimal,
        "return=headers-only" HeadersOnly
    }
    Count { "count=exact" Exact, "count=planned" Planned, "count=estimated" Estimated }
    Transaction { "tx=commit" Commit, "tx=rollback" Rollback }
    Missing { "missing=default" Default, "missing=null" Null }
    Handling { "handling=strict" Strict, "handling=lenient" Lenient }
}

const TIMEZONE: &str = "timezone=";
const MAX_AFFECTED: &str = "max-affected=";

impl Preferences {
    /// Parses the `Prefer` header. `allow_tx`: the server lets the client end the transaction
    /// (`db-tx-end`); otherwise `tx` is recognised and ignored.
    pub fn parse(header: Option<&str>, allow_tx: bool) -> Self {
        let Some(header) = header else {
            return Self::default();
        };
        let sent: Vec<&str> = header.split(',').map(str::trim).collect();
        let max_affected = after(&sent, MAX_AFFECTED).and_then(|n| n.trim().parse::<i64>().ok());
        Self {
            resolution: fixed(&sent),
            representation: fixed(&sent),
            count: fixed(&sent),
            transaction: if allow_tx { fixed(&sent) } else { None },
            missing: fixed(&sent),
            handling: fixed(&sent),
            timezone: after(&sent, TIMEZONE).map(str::to_owned),
            max_affected: max_affected.map(|n| u64::try_from(n).unwrap_or(0)),
            invalid: sent
                .iter()
                .filter(|sent| !is_known(sent))
                .map(|sent| (*sent).to_owned())
                .collect(),
        }
    }

    /// The value of `Preference-Applied`, or `None` when nothing was applied. The response stage clears
    /// what an answer of its kind does not apply before it calls this. `max-affected` shows only under
    /// `handling=strict`, without which it has no effect.
    pub fn applied_header(&self) -> Option<String> {
        let strict = self.handling == Some(Handling::Strict);
        let applied: Vec<String> = [
            self.resolution.map(|p| p.header_value().to_owned()),
            self.missing.map(|p| p.header_value().to_owned()),
            self.representation.map(|p| p.header_value().to_owned()),
            self.count.map(|p| p.header_value().to_owned()),
            self.transaction.map(|p| p.header_value().to_owned()),
            self.handling.map(|p| p.header_value().to_owned()),
            self.timezone
                .as_ref()
                .map(|name| format!("{TIMEZONE}{name}")),
            self.max_affected
                .filter(|_| strict)
                .map(|rows| format!("{MAX_AFFECTED}{rows}")),
        ]
        .into_iter()
        .flatten()
        .collect();
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

/// The first value of a preference.
fn fixed<P: Fixed>(sent: &[&str]) -> Option<P> {
    let value = |sent: &&str| P::TABLE.iter().find(|(text, _)| text == sent);
    sent.iter().find_map(value).map(|(_, value)| *value)
}

/// The text after the first preference of that name.
fn after<'a>(sent: &[&'a str], name: &str) -> Option<&'a str> {
    sent.iter().find_map(|sent| sent.strip_prefix(name))
}

fn is_known(sent: &str) -> bool {
    KNOWN.contains(&sent) || sent.starts_with(TIMEZONE) || sent.starts_with(MAX_AFFECTED)
}

#[cfg(test)]
mod tests;
