//! Variables with the old word: `DEAL_X` reads as `OPPORTUNITY_X`.
//!
//! In: the environment as pairs. Out: the settings under their new names, and what to say about old ones;
//! an error when both names are set to different values. SQL sees a setting as
//! `current_setting('app.settings.opportunity_x', true)`. Pure; the table of names is in
//! [`crate::mapping::table::ENVIRONMENT`].

use std::collections::{BTreeMap, BTreeSet};

use super::dotenv::{self, Entry};
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

/// A text in dotenv's form with the old names replaced, also where other values refer to them (`${DEAL_X:-0}`,
/// `$DEAL_X`); comments, order and everything else stay. Of entries that are one setting under two names the first
/// stays when all say the same; an empty one says nothing, as in [`read`].
///
/// # Errors
/// The names that are set under both words to different values.
pub fn rename(text: &str) -> Result<String, ConfigError> {
    let entries = dotenv::parse(text);
    let names = Names::of(&entries);
    names.agree()?;
    let mut kept = BTreeSet::new();
    let mut out = String::with_capacity(text.len() + 64);
    for entry in &entries {
        match entry {
            Entry::Assignment(assignment) => {
                let name = assignment.name();
                let value = dotenv::refer(assignment.value(), |name| names.successor(name));
                let Some(rest) = setting(name).filter(|rest| names.is_renamed(rest)) else {
                    out.push_str(&assignment.with(name, &value));
                    continue;
                };
                let stays = match names.says(rest) {
                    Says::Old => name.starts_with(OLD),
                    Says::New => name.starts_with(NEW),
                    Says::Both => !meaning(&value).is_empty() && kept.insert(rest),
                    Says::Nothing => kept.insert(rest),
                };
                if stays {
                    out.push_str(&assignment.with(&format!("{NEW}{rest}"), &value));
                }
            }
            Entry::Export(text) => out.push_str(&names.exported(text)),
            Entry::Other(text) => out.push_str(text),
        }
    }
    Ok(out)
}

/// What the file says of each setting that has an old name in it: by what follows `DEAL_`.
struct Names<'a>(BTreeMap<&'a str, Setting<'a>>);

/// Values that are not empty, as they mean with the new names in them; and which words are there.
#[derive(Default)]
struct Setting<'a> {
    old: Vec<&'a str>,
    new: Vec<&'a str>,
    is_new_there: bool,
    is_old_there: bool,
}

/// Whose entries say what a setting is.
enum Says {
    /// The old name's; beside them a new name is empty, if it is there.
    Old,
    /// The new name's; the old one is empty.
    New,
    /// Either's, and they agree.
    Both,
    /// All are empty.
    Nothing,
}

impl<'a> Names<'a> {
    fn of(entries: &[Entry<'a>]) -> Self {
        let mut settings: BTreeMap<&str, Setting<'_>> = BTreeMap::new();
        for entry in entries {
            let Entry::Assignment(assignment) = entry else {
                continue;
            };
            let Some(rest) = setting(assignment.name()) else {
                continue;
            };
            let setting = settings.entry(rest).or_default();
            let value = meaning(assignment.value());
            let (there, values) = match assignment.name().starts_with(OLD) {
                true => (&mut setting.is_old_there, &mut setting.old),
                false => (&mut setting.is_new_there, &mut setting.new),
            };
            *there = true;
            values.extend(Some(value).filter(|value| !value.is_empty()));
        }
        settings.retain(|_, setting| setting.is_old_there);
        Self(settings)
    }

    fn is_renamed(&self, rest: &str) -> bool {
        self.0.contains_key(rest)
    }

    /// Which of a setting's names say something.
    fn says(&self, rest: &str) -> Says {
        let Some(setting) = self.0.get(rest) else {
            return Says::Nothing;
        };
        match (setting.old.is_empty(), setting.new.is_empty()) {
            _ if !setting.is_new_there => Says::Old,
            (false, true) => Says::Old,
            (true, false) => Says::New,
            (false, false) => Says::Both,
            (true, true) => Says::Nothing,
        }
    }

    /// The new name of an old one that the file sets. What refers to an old name that says nothing beside a new
    /// one goes on to say nothing.
    fn successor(&self, name: &str) -> Option<String> {
        let rest = name.strip_prefix(OLD)?;
        let setting = self.0.get(rest)?;
        (!setting.old.is_empty() || !setting.is_new_there).then(|| format!("{NEW}{rest}"))
    }

    fn agree(&self) -> Result<(), ConfigError> {
        for (rest, setting) in &self.0 {
            let renamed = |value: &&str| dotenv::refer(value, |name| self.successor(name));
            let mut all = setting.old.iter().chain(&setting.new).map(renamed);
            let first = all.next();
            if !setting.new.is_empty() && !setting.old.is_empty() && !all.all(|v| Some(v) == first)
            {
                return Err(ConfigError::Conflict(format!(
                    "{OLD}{rest} and {NEW}{rest} are both set, to different values: remove one of them"
                )));
            }
        }
        Ok(())
    }

    /// A line `export NAME …` by the new names.
    fn exported(&self, line: &str) -> String {
        let by_word = |piece: &str| {
            let word = piece.trim_end();
            let new = self.successor(word);
            [new.as_deref().unwrap_or(word), &piece[word.len()..]].concat()
        };
        line.split_inclusive(char::is_whitespace)
            .map(by_word)
            .collect()
    }
}

/// What follows the old or the new word.
fn setting(name: &str) -> Option<&str> {
    name.strip_prefix(OLD).or_else(|| name.strip_prefix(NEW))
}

/// A value without its quotes, where they change nothing in it.
fn meaning(value: &str) -> &str {
    ['"', '\'', '`']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .filter(|inner| !inner.contains(['\\', '$', '"', '\'', '`']))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let twice = "DEAL_A=1\nOPPORTUNITY_A=1\n";
        assert_eq!(rename(twice).expect("the same"), "OPPORTUNITY_A=1\n");
        assert!(rename("DEAL_A=1\nOPPORTUNITY_A=2\n").is_err());
    }

    #[test]
    fn entries_are_compared_and_dropped_with_all_their_lines() {
        let key = |old: &str, new: &str| {
            format!(
                "DEAL_KEY=\"-----BEGIN\n{old}\n-----END\"\nOPPORTUNITY_KEY=\"-----BEGIN\n{new}\n-----END\"\nPORT=1\n"
            )
        };
        assert!(rename(&key("abc", "xyz")).is_err());
        assert_eq!(
            rename(&key("abc", "abc")).expect("the same"),
            "OPPORTUNITY_KEY=\"-----BEGIN\nabc\n-----END\"\nPORT=1\n"
        );
        for (text, wanted) in [
            // The first stays: what refers to it stands behind it.
            (
                "DEAL_A=1\nB=$DEAL_A\nOPPORTUNITY_A='1'",
                "OPPORTUNITY_A=1\nB=$OPPORTUNITY_A\n",
            ),
            ("OPPORTUNITY_A=1\nDEAL_A=1 # x\n", "OPPORTUNITY_A=1\n"),
            ("DEAL_A=\nOPPORTUNITY_A=5\n", "OPPORTUNITY_A=5\n"),
            ("OPPORTUNITY_A=\nDEAL_A=5\n", "OPPORTUNITY_A=5\n"),
            (
                "DEAL_A=1\nDEAL_A=2\nOPPORTUNITY_A=\n",
                "OPPORTUNITY_A=1\nOPPORTUNITY_A=2\n",
            ),
            (
                "OPPORTUNITY_A=1\nDEAL_A=\nOPPORTUNITY_A=2\n",
                "OPPORTUNITY_A=1\nOPPORTUNITY_A=2\n",
            ),
            ("OPPORTUNITY_A=\"\"\nDEAL_A=\n", "OPPORTUNITY_A=\"\"\n"),
            (
                "DEAL_A=\nB=${DEAL_A:-0}\nOPPORTUNITY_A=5\n",
                "B=${DEAL_A:-0}\nOPPORTUNITY_A=5\n",
            ),
            ("DEAL_A=1\nDEAL_A=2\n", "OPPORTUNITY_A=1\nOPPORTUNITY_A=2\n"),
            (
                "DEAL_A=$DEAL_B\nDEAL_B=1\nOPPORTUNITY_A=$OPPORTUNITY_B\n",
                "OPPORTUNITY_A=$OPPORTUNITY_B\nOPPORTUNITY_B=1\n",
            ),
        ] {
            assert_eq!(rename(text).expect(text), wanted, "{text}");
            assert_eq!(rename(wanted).expect(wanted), wanted);
        }
        for conflict in [
            "DEAL_A=#f\nOPPORTUNITY_A=#0\n",
            "DEAL_A=1\nDEAL_A=2\nOPPORTUNITY_A=2\n",
        ] {
            assert!(rename(conflict).is_err(), "{conflict}");
        }
    }

    #[test]
    fn references_follow_and_literals_stay() {
        for (text, wanted) in [
            (
                "DEAL_A=1\nB=\"${DEAL_A}/$DEAL_A/$DEAL_AB\"\nC='first\nDEAL_A=2\nlast'\n# $DEAL_A\n",
                "OPPORTUNITY_A=1\nB=\"${OPPORTUNITY_A}/$OPPORTUNITY_A/$DEAL_AB\"\nC='first\nDEAL_A=2\nlast'\n# $DEAL_A\n",
            ),
            (
                "DEAL_A=7\nB=${DEAL_A:-0}\nC=\"x\n${#DEAL_A}\n\"\n",
                "OPPORTUNITY_A=7\nB=${OPPORTUNITY_A:-0}\nC=\"x\n${#OPPORTUNITY_A}\n\"\n",
            ),
            (
                "DEAL_A=7\nS='$DEAL_A'\nT=\\$DEAL_A\n",
                "OPPORTUNITY_A=7\nS='$DEAL_A'\nT=\\$DEAL_A\n",
            ),
            (
                "DEAL_A=\"esc \\\" q\nDEAL_X=2\nend\"\nDEAL_X=1\n",
                "OPPORTUNITY_A=\"esc \\\" q\nDEAL_X=2\nend\"\nOPPORTUNITY_X=1\n",
            ),
            (
                "\u{feff}DEAL_A=1\r\nexport\tDEAL_B=1\nexport DEAL_A DEAL_C\n",
                "\u{feff}OPPORTUNITY_A=1\r\nexport\tOPPORTUNITY_B=1\nexport OPPORTUNITY_A DEAL_C\n",
            ),
        ] {
            assert_eq!(rename(text).expect(text), wanted, "{text}");
            assert_eq!(rename(wanted).expect(wanted), wanted);
        }
    }

    proptest! {
        #[test]
        fn a_file_without_old_names_stays_as_it_is(text in "(\u{feff})?([A-C=\"'`\\\\\\n\\r\\t #$x{}é]|OPPORTUNITY_|DEAL|export|\\n){0,40}") {
            prop_assume!(!text.contains("DEAL_"));
            prop_assert_eq!(rename(&text).expect("no old name"), text);
        }

        #[test]
        fn a_renamed_file_says_what_it_said(
            values in proptest::collection::vec(proptest::sample::select(vec!["", "1", "2", "\"1\nDEAL_A=3\"", "a # b"]), 4),
            order in Just(vec!["DEAL_A", "OPPORTUNITY_A", "DEAL_B", "OPPORTUNITY_B"]).prop_shuffle(),
            count in 0..5_usize,
        ) {
            let lines = order.iter().zip(values).take(count).map(|(name, value)| format!("{name}={value}\n"));
            let text: String = lines.collect();
            let said = |text: &str| {
                let entries = dotenv::parse(text);
                let pair = |entry: &Entry<'_>| match entry {
                    Entry::Assignment(a) => Some((a.name().to_owned(), a.value().to_owned())),
                    _ => None,
                };
                read(entries.iter().filter_map(pair)).map(|renamed| renamed.settings).ok()
            };
            let renamed = rename(&text).ok();
            prop_assert_eq!(renamed.as_deref().and_then(said), said(&text));
            prop_assert!(!renamed.unwrap_or_default().starts_with("DEAL_"));
        }

        #[test]
        fn renaming_twice_is_renaming_once(text in "(DEAL_[AB]=[12$\"'#]{0,2}|OPPORTUNITY_A=1?|[BC]='?\\$\\{?DEAL_[AB][}']?|# DEAL_A|\\n|x\"){0,20}") {
            if let Ok(once) = rename(&text) {
                prop_assert_eq!(rename(&once).expect("no conflict is left"), once);
            }
        }
    }
}
