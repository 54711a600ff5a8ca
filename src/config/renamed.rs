//! Variables with the old word: `DEAL_X` reads as `OPPORTUNITY_X`.
//!
//! In: the environment as pairs. Out: the settings under their new names, and what to say about old ones;
//! an error when both names are set to different values. SQL sees a setting as
//! `current_setting('app.settings.opportunity_x', true)`. Pure; the table of names is in
//! [`crate::mapping::table::ENVIRONMENT`].

use std::collections::BTreeMap;

use super::load::ConfigError;

const OLD: &str = "DEAL_";
const NEW: &str = "OPPORTUNITY_";

/// What the environment says under either word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Renamed {
    /// `(OPPORTUNITY_X, value)`, sorted.
    pub settings: Vec<(String, String)>,
    /// One line for all old names that decided, or nothing.
    pub warning: Option<String>,
}

impl Renamed {
    /// The settings as PostgreSQL's: `app.settings.opportunity_x`.
    pub fn app_settings(self) -> impl Iterator<Item = (String, String)> {
        self.settings
            .into_iter()
            .map(|(name, value)| (format!("app.settings.{}", name.to_lowercase()), value))
    }
}

/// Reads the variables of either word. An empty value counts as not set.
///
/// # Errors
/// [`ConfigError::Conflict`] when a variable is set under both names to different values.
pub fn read(env: impl IntoIterator<Item = (String, String)>) -> Result<Renamed, ConfigError> {
    let mut old = BTreeMap::new();
    let mut new = BTreeMap::new();
    for (name, value) in env.into_iter().filter(|(_, value)| !value.is_empty()) {
        if let Some(rest) = name.strip_prefix(OLD) {
            old.insert(rest.to_owned(), value);
        } else if let Some(rest) = name.strip_prefix(NEW) {
            new.insert(rest.to_owned(), value);
        }
    }
    let mut followed = Vec::new();
    for (rest, value) in old {
        match new.get(&rest) {
            Some(known) if *known != value => {
                return Err(ConfigError::Conflict(format!(
                    "{OLD}{rest} and {NEW}{rest} are one setting under two names, and they differ: \
                     remove {OLD}{rest}"
                )));
            }
            Some(_) => {}
            None => {
                followed.push(format!("{OLD}{rest} as {NEW}{rest}"));
                new.insert(rest, value);
            }
        }
    }
    let warning = (!followed.is_empty()).then(|| {
        format!(
            "warning: old names of variables were read: {}\n\
             hint: `oppbase rename-env FILE` renames them in a file",
            followed.join(", ")
        )
    });
    let settings = new
        .into_iter()
        .map(|(rest, value)| (format!("{NEW}{rest}"), value))
        .collect();
    Ok(Renamed { settings, warning })
}

/// A text in dotenv's form with the old names replaced, also where other values refer to them (`${DEAL_X}`,
/// `$DEAL_X`); comments, order and everything else stay, values of several lines too. A line whose new name is set
/// as well goes when both say the same.
///
/// # Errors
/// The names that are set under both words to different values.
pub fn rename(text: &str) -> Result<String, ConfigError> {
    let lines = beginnings(text);
    let assignments = || lines.iter().filter(|(_, is_first)| *is_first);
    let values: BTreeMap<&str, &str> = assignments()
        .filter_map(|(line, _)| assignment(line))
        .collect();
    let old: Vec<&str> = values
        .keys()
        .copied()
        .filter(|name| name.starts_with(OLD))
        .collect();
    let mut out = String::with_capacity(text.len() + 64);
    for (line, is_first) in lines {
        let found = assignment(line).filter(|_| is_first);
        let Some((name, value)) = found else {
            out.push_str(line);
            continue;
        };
        let line = old
            .iter()
            .fold(line.to_owned(), |line, name| refer(&line, name));
        let Some(rest) = name.strip_prefix(OLD) else {
            out.push_str(&line);
            continue;
        };
        let new = format!("{NEW}{rest}");
        match values.get(new.as_str()) {
            None => out.push_str(&line.replacen(name, &new, 1)),
            Some(known) if *known == value => {}
            Some(_) => {
                return Err(ConfigError::Conflict(format!(
                    "{name} and {new} are both set, to different values: remove one of them"
                )));
            }
        }
    }
    Ok(out)
}

/// The lines, and whether each is none that goes on with a quoted value.
fn beginnings(text: &str) -> Vec<(&str, bool)> {
    let mut open: Option<char> = None;
    let mark = |line| {
        let is_first = open.is_none();
        let rest = match is_first {
            true => assignment(line).map_or("", |(_, value)| value),
            false => line,
        };
        let quote = open.or_else(|| rest.chars().next().filter(|c| matches!(c, '"' | '\'')));
        if let Some(quote) = quote {
            let inner = if is_first { &rest[1..] } else { rest };
            open = (!inner.contains(quote)).then_some(quote);
        }
        (line, is_first)
    };
    text.split_inclusive('\n').map(mark).collect()
}

/// A line in which `${DEAL_X}` and `$DEAL_X` are called by the new name.
fn refer(line: &str, old: &str) -> String {
    let new = old.replacen(OLD, NEW, 1);
    let line = line.replace(&format!("${{{old}}}"), &format!("${{{new}}}"));
    let bare = format!("${old}");
    let mut pieces = line.split(bare.as_str());
    let mut out = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let goes_on = piece.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        out.push('$');
        out.push_str(if goes_on { old } else { &new });
        out.push_str(piece);
    }
    out
}

/// Name and value of a line `[export] NAME=value`; `None` for comments and everything else.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    let line = line.strip_prefix("export ").unwrap_or(line);
    let (name, value) = line.split_once('=')?;
    let name = name.trim();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    is_name.then_some((name, value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::table::ENVIRONMENT;

    fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        pairs.iter().map(owned).collect()
    }

    #[test]
    fn every_old_name_of_the_table_reads_as_the_new_one() {
        for name in ENVIRONMENT {
            let renamed = read(env(&[(name.old, "x")])).expect("no conflict");
            assert_eq!(renamed.settings, env(&[(name.new, "x")]));
            let warning = renamed.warning.clone().expect("a warning");
            assert!(warning.contains(name.old) && warning.contains(name.new));
            let (setting, value) = renamed.app_settings().next().expect("a setting");
            assert_eq!(setting, format!("app.settings.{}", name.new.to_lowercase()));
            assert_eq!(value, "x");
        }
    }

    #[test]
    fn one_warning_names_all_and_the_new_name_needs_none() {
        let renamed = read(env(&[("DEAL_A", "1"), ("DEAL_ELSE", "2"), ("OTHER", "3")]));
        let renamed = renamed.expect("no conflict");
        assert_eq!(renamed.settings.len(), 2);
        assert_eq!(renamed.warning.expect("one").lines().count(), 2);
        let same = read(env(&[("DEAL_A", "1"), ("OPPORTUNITY_A", "1")])).expect("no conflict");
        assert_eq!(same.warning, None);
        let empty = read(env(&[("DEAL_A", "1"), ("OPPORTUNITY_A", "")])).expect("not set");
        assert_eq!(empty.settings, env(&[("OPPORTUNITY_A", "1")]));
    }

    #[test]
    fn two_values_are_an_error_that_names_both() {
        let error = read(env(&[("DEAL_A", "1"), ("OPPORTUNITY_A", "2")])).expect_err("a conflict");
        let text = error.to_string();
        assert!(
            text.contains("DEAL_A") && text.contains("OPPORTUNITY_A"),
            "{text}"
        );
    }

    #[test]
    fn a_file_keeps_comments_and_order_and_renaming_twice_changes_nothing() {
        let text = "# DEAL_MAX_AMOUNT=5 in a comment\n\nA=1\r\nexport DEAL_MAX_AMOUNT = \"5 # x\" # DEAL_\n  DEAL_X='a=b'\nURL=http://x/?DEAL_Y=1\nMY_DEAL_Z=1";
        let renamed = rename(text).expect("no conflict");
        assert_eq!(
            renamed,
            "# DEAL_MAX_AMOUNT=5 in a comment\n\nA=1\r\nexport OPPORTUNITY_MAX_AMOUNT = \"5 # x\" # DEAL_\n  OPPORTUNITY_X='a=b'\nURL=http://x/?DEAL_Y=1\nMY_DEAL_Z=1"
        );
        assert_eq!(rename(&renamed).expect("no conflict"), renamed);
        let refers =
            "DEAL_A=1\nB=\"${DEAL_A}/$DEAL_A/$DEAL_AB\"\nC='first\nDEAL_A=2\nlast'\n# $DEAL_A\n";
        assert_eq!(
            rename(refers).expect("no conflict"),
            "OPPORTUNITY_A=1\nB=\"${OPPORTUNITY_A}/$OPPORTUNITY_A/$DEAL_AB\"\nC='first\nDEAL_A=2\nlast'\n# $DEAL_A\n"
        );
        let twice = "DEAL_A=1\nOPPORTUNITY_A=1\n";
        assert_eq!(rename(twice).expect("the same"), "OPPORTUNITY_A=1\n");
        assert!(rename("DEAL_A=1\nOPPORTUNITY_A=2\n").is_err());
    }
}
