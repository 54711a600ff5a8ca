//! Reference pages are written from the tables that the program uses, and checked in: these tests fail
//! when a page is stale. `make generate` writes them again.
//!
//! Also: links between pages lead somewhere.

mod guide;

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use oppbase::cli::failure::Exit;
use oppbase::config::options::{OPTIONS, OptionSpec};
use oppbase::error::{codes, states};
use oppbase::rest::api_request::operators::{Entry, FTS, QUANTIFIABLE, SIMPLE};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Compares the part of a page between the markers, or writes it.
fn check(page: &str, generated: &str) {
    const BEGIN: &str = "<!-- generated: begin -->\n";
    const END: &str = "<!-- generated: end -->";
    let path = root().join(page);
    let text = fs::read_to_string(&path).expect("the page");
    let (before, rest) = text.split_once(BEGIN).expect("the first marker");
    let (current, after) = rest.split_once(END).expect("the second marker");
    if std::env::var_os("OPPBASE_BLESS").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{generated}{END}{after}")).expect("written");
        return;
    }
    assert_eq!(
        current, generated,
        "{page} is stale: run `make generate` and commit the result"
    );
}

fn row(option: &OptionSpec) -> String {
    let mut text = format!("### `{}`\n\n{}\n\n", option.name, option.doc);
    let prefix = if option.is_ours { "OPPBASE_" } else { "PGRST_" };
    let code = |text: &str| match text {
        "" => "not set".to_owned(),
        text => format!("`{text}`"),
    };
    let mut line = |name: &str, value: String| {
        writeln!(text, "- {name}: {value}").expect("a string takes everything");
    };
    line("type", option.kind.describe().into());
    line("default", code(option.default));
    line("environment", format!("`{prefix}{}`", option.env_suffix()));
    if option.in_database {
        let name = option.name.replace('-', "_");
        line("database", format!("`pgrst.{name}`"));
    }
    line(
        "reload",
        if option.reloadable { "yes" } else { "no" }.into(),
    );
    if !option.aliases.is_empty() {
        let names: Vec<_> = option.aliases.iter().map(|name| code(name)).collect();
        line("older names", names.join(", "));
    }
    text + "\n"
}

#[test]
fn the_configuration_page_is_the_table() {
    let mut page = String::new();
    for (title, is_ours) in [("PostgREST's options", false), ("Options of our own", true)] {
        writeln!(page, "\n## {title}\n").expect("a string takes everything");
        for option in OPTIONS.iter().filter(|option| option.is_ours == is_ours) {
            page += &row(option);
        }
    }
    check("docs/reference/configuration.md", &page);
}

#[test]
fn the_exit_codes_page_is_the_table() {
    let mut page = String::from("\n| code | meaning |\n| --- | --- |\n");
    for (exit, meaning) in Exit::TABLE {
        writeln!(page, "| {} | {meaning} |", *exit as u8).expect("a string takes everything");
    }
    page.push('\n');
    check("docs/reference/cli.md", &page);
}

#[test]
fn the_errors_page_is_the_tables() {
    let mut page = String::from(
        "\n## Codes of the server\n\n| code | status | fault | meaning |\n| --- | --- | --- | --- |\n",
    );
    for code in codes::ALL {
        let (name, meaning) = (code.name, code.meaning);
        writeln!(
            page,
            "| `{}` | {} | {name} | {meaning} |",
            code.code, code.status
        )
        .expect("a string takes everything");
    }
    page += "\n## Codes of PostgreSQL\n\nA code of its own comes before its class (two characters); any other code is ";
    writeln!(
        page,
        "{}.\n\n| SQLSTATE | status | |\n| --- | --- | --- |",
        states::OTHERWISE
    )
    .expect("a string takes everything");
    for rule in states::RULES {
        let class = if rule.state.len() == 2 { "xxx" } else { "" };
        writeln!(
            page,
            "| `{}{class}` | {} | {} |",
            rule.state, rule.status, rule.meaning
        )
        .expect("a string takes everything");
    }
    page += "\nWhere the status depends on more:\n\n| SQLSTATE | status | when |\n| --- | --- | --- |\n";
    for rule in states::SPECIAL {
        let status = match rule.status {
            0 => "its own".to_owned(),
            status => status.to_string(),
        };
        writeln!(page, "| `{}` | {status} | {} |", rule.state, rule.when)
            .expect("a string takes everything");
    }
    page.push('\n');
    check("docs/reference/errors.md", &page);
}

#[test]
fn the_operators_page_is_the_table() {
    fn rows<O>(page: &mut String, title: &str, table: &[Entry<O>]) {
        writeln!(
            page,
            "\n## {title}\n\n| name | PostgreSQL | meaning |\n| --- | --- | --- |"
        )
        .expect("a string takes everything");
        for row in table {
            let (sql, meaning) = (row.sql.trim().replace('|', "\\|"), row.meaning);
            writeln!(page, "| `{}` | `{sql}` | {meaning} |", row.name)
                .expect("a string takes everything");
        }
    }
    let mut page = String::new();
    rows(&mut page, "With `(any)` or `(all)`", QUANTIFIABLE);
    rows(&mut page, "With one value", SIMPLE);
    rows(&mut page, "Full-text search, with `(language)`", FTS);
    page.push('\n');
    check("docs/reference/operators.md", &page);
}

fn pages(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            pages(&path, into);
        } else if path.extension().is_some_and(|extension| extension == "md") {
            into.push(path);
        }
    }
}

#[test]
fn links_between_pages_lead_somewhere() {
    let mut all = vec![root().join("README.md"), root().join("CHANGELOG.md")];
    pages(&root().join("docs"), &mut all);
    let mut dead = Vec::new();
    for page in &all {
        let text = fs::read_to_string(page).expect("a page");
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..]
                .split([')', '#', ' '])
                .next()
                .unwrap_or_default();
            let is_local = !target.is_empty() && !target.contains("://");
            if is_local && !page.parent().expect("a folder").join(target).exists() {
                dead.push(format!("{}: {target}", page.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}
