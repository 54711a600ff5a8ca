//! What a person reads says "opportunity": pages, mails, messages, help, the API's description and the
//! documents, where they do not speak of the old names themselves.
//!
//! Names in code (`` `/deals` ``, a fenced block) are names; prose is prose.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::cli::{finish, oppbase};

/// Documents and sources whose subject is the old face, and lines that name it.
const ALLOWED: &[(&str, &str)] = &[
    // The subject: what was called how.
    ("docs/reference/migration-guide.md", ""),
    ("docs/how-to/retire-the-old-names.md", ""),
    ("docs/decisions/0003", ""),
    (
        "docs/explanations/architecture.md",
        "deals and opportunities, as data",
    ),
    ("README.md", "from *deals* to *opportunities*"),
    ("docs/README.md", "[from deals to opportunities]"),
    // The migration is about deals.
    ("docs/how-to/migrate.md", ""),
    ("docs/how-to/judge-and-back-up.md", ""),
    ("docs/how-to/take-a-migration-back.md", ""),
    ("docs/reference/migration-rules.md", ""),
    ("docs/reference/migration-verification.md", ""),
    ("docs/reference/cli.md", "from deals to opportunities"),
    ("CHANGELOG.md", "from deals to opportunities"),
    ("oppbase migrate", ""),
    ("oppbase", "Carry a CRM in use from deals to opportunities"),
    ("src/cli/migrate", ""),
    // The old endpoint's own summaries, all of them marked deprecated.
    ("src/crm/deals.rs", ""),
    // The server's own sources about the old face.
    ("src/mapping/", ""),
    ("src/docs/", ""),
    ("src/http/ui.rs", "From deals to opportunities"),
    ("src/rest/legacy/", ""),
    ("src/rest/tolerance", ""),
    ("src/config/renamed.rs", ""),
    ("src/http/legacy_", ""),
    // A database that was not migrated yet holds deals.
    ("src/pg/migrations/mod.rs", "CRM with deals"),
    ("src/pg/migrations/mod.rs", "from public.deals"),
    ("src/migrate/", ""),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Files below a folder with one of these endings: path from the crate's root, and text.
fn files(folder: &str, endings: &[&str]) -> Vec<(String, String)> {
    fn collect(path: &Path, endings: &[&str], into: &mut Vec<PathBuf>) {
        if path.is_dir() {
            for entry in std::fs::read_dir(path).expect("a folder") {
                collect(&entry.expect("an entry").path(), endings, into);
            }
        } else if path
            .extension()
            .is_some_and(|found| endings.iter().any(|ending| found == *ending))
        {
            into.push(path.to_owned());
        }
    }
    let mut found = Vec::new();
    collect(&root().join(folder), endings, &mut found);
    let name = |path: &PathBuf| {
        path.strip_prefix(root())
            .expect("below")
            .display()
            .to_string()
    };
    found
        .iter()
        .map(|path| (name(path), std::fs::read_to_string(path).expect("UTF-8")))
        .collect()
}

fn says_deal(text: &str) -> bool {
    text.to_lowercase()
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| {
            word.starts_with("deal")
                && !word.starts_with("dealt")
                && !word.starts_with("dealer")
                && word != "dealing"
        })
}

fn faults<'a>(place: &str, lines: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    lines
        .into_iter()
        .filter(|line| says_deal(line))
        .filter(|line| {
            !ALLOWED
                .iter()
                .any(|(file, part)| place.starts_with(file) && line.contains(part))
        })
        .map(|line| format!("{place}: {}", line.trim()))
        .collect()
}

fn assert_none(faults: &[String]) {
    assert!(
        faults.is_empty(),
        "people read \"deal\" here:\n  {}",
        faults.join("\n  ")
    );
}

/// A line without what stands between backticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect::<Vec<_>>().join(" ")
}

/// Prose of a Markdown page: without fenced blocks and without `code`.
fn prose(text: &str) -> Vec<String> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            is_code = !is_code;
        } else if !is_code {
            lines.push(without_code(line));
        }
    }
    lines
}

#[test]
fn documents_say_opportunity() {
    let mut list = files("docs", &["md"]);
    list.extend(files("README.md", &["md"]));
    list.extend(files("CHANGELOG.md", &["md"]));
    assert!(list.len() > 15);
    let found: Vec<_> = list
        .iter()
        .flat_map(|(place, text)| faults(place, prose(text).iter().map(String::as_str)))
        .collect();
    assert_none(&found);
}

#[test]
fn pages_and_mails_say_opportunity() {
    let list = files("src", &["html", "j2", "txt", "mjml"]);
    assert!(list.len() >= 7);
    let found: Vec<_> = list
        .iter()
        .flat_map(|(place, text)| faults(place, text.lines()))
        .collect();
    assert_none(&found);
}

/// Texts between double quotes, in code that is not a test and not a comment.
fn literals(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
    {
        if line.trim_start().starts_with("//") {
            continue;
        }
        found.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
    }
    found
}

#[test]
fn messages_say_opportunity() {
    let is_test = |place: &str| {
        place.ends_with("tests.rs") || place.contains("/tests/") || place.ends_with("testing.rs")
    };
    let list = files("src", &["rs"]);
    let found: Vec<_> = list
        .iter()
        .filter(|(place, _)| !is_test(place))
        .flat_map(|(place, text)| {
            let texts = literals(text);
            // A single word is a name: of a relation, a path, a key.
            let sentences = texts.iter().filter(|text| text.trim().contains(' '));
            let sentences: Vec<_> = sentences.map(|text| without_code(text)).collect();
            faults(place, sentences.iter().map(String::as_str))
        })
        .collect();
    assert_none(&found);
}

#[test]
fn refusals_of_the_database_say_opportunity() {
    let list = files("migrations", &["sql"]);
    let speaks = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("raise ") || line.contains("hint =") || line.contains("detail =")
    };
    let found: Vec<_> = list
        .iter()
        .filter(|(place, _)| !place.contains("baseline"))
        .flat_map(|(place, text)| faults(place, text.lines().filter(speaks)))
        .collect();
    assert_none(&found);
}

#[test]
fn help_says_opportunity() {
    /// A command's help and that of the commands below it.
    fn help(path: &[String], into: &mut Vec<(String, String)>) {
        let text = finish(oppbase().args(path).arg("--help")).stdout;
        let commands: Vec<String> = text
            .lines()
            .skip_while(|line| !line.starts_with("Commands:"))
            .skip(1)
            .take_while(|line| line.starts_with("  "))
            .filter(|line| !line.starts_with("   "))
            .filter_map(|line| line.split_whitespace().next())
            .filter(|name| *name != "help")
            .map(str::to_owned)
            .collect();
        into.push((format!("oppbase {} --help", path.join(" ")), text));
        for command in commands {
            let mut below = path.to_vec();
            below.push(command);
            help(&below, into);
        }
    }
    let mut list = Vec::new();
    help(&[], &mut list);
    assert!(list.len() > 12, "{}", list.len());
    let found: Vec<_> = list
        .iter()
        // The command that renames the old variables names them.
        .flat_map(|(place, text)| {
            faults(
                place,
                text.lines().filter(|line| !line.contains("`DEAL_*`")),
            )
        })
        .collect();
    assert_none(&found);
}

#[test]
fn the_api_says_deal_only_where_it_is_deprecated() {
    let document: Value = serde_json::from_str(oppbase::openapi::json()).expect("JSON");
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (verb, operation) in item.as_object().expect("operations") {
            let says =
                ["summary", "description"].map(|key| operation[key].as_str().unwrap_or_default());
            if operation["deprecated"] != true
                && says.iter().any(|text| says_deal(&without_code(text)))
            {
                found.push(format!("{verb} {path}: {}", says.join(" ")));
            }
        }
    }
    for (name, schema) in document["components"]["schemas"]
        .as_object()
        .expect("schemas")
    {
        let is_old = name.starts_with("Deal");
        let mut texts = vec![schema["description"].as_str().unwrap_or_default()];
        for property in schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|map| map.values())
        {
            texts.push(property["description"].as_str().unwrap_or_default());
        }
        found.extend(
            texts
                .iter()
                .filter(|text| !is_old && says_deal(&without_code(text)))
                .map(|text| format!("{name}: {text}")),
        );
    }
    assert_none(&found);
}

#[test]
fn the_reader_finds_the_word() {
    assert!(says_deal("A deal is closed") && says_deal("DEAL_X") && says_deal("Deals:"));
    assert!(!says_deal("an ideal dealer") && !says_deal("dealt with"));
    assert_eq!(prose("a `deal`\n```\ndeal\n```\nb"), ["a  ", "b"]);
    assert_eq!(literals("x(\"the deal\"); // y\n// \"deal\""), ["the deal"]);
    assert_eq!(faults("docs/x.md", ["the deal"]), ["docs/x.md: the deal"]);
}
