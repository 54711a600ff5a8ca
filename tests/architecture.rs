//! The rules of the code's structure, as tests: who may import whom, which stages are pure, how long
//! a file may be, what may be linked. The rules stand in `docs/explanations/architecture.md`.
//!
//! Test code is left out: files named `tests.rs`, `testing.rs` or `*_tests.rs`, and what follows
//! `#[cfg(test)]` in a file.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A module may not mention these paths of ours. Prefixes on both sides, `::` and `/` alike.
const FORBIDDEN_IMPORTS: &[(&str, &[&str])] = &[
    // The pipeline runs one way.
    (
        "rest/api_request",
        &[
            "rest::plan",
            "rest::query",
            "rest::transaction",
            "rest::response",
            "rest::routes",
            "schema_cache",
            "state",
            "auth",
            "http",
            "crm",
        ],
    ),
    (
        "rest/plan",
        &[
            "rest::query",
            "rest::transaction",
            "rest::response",
            "rest::routes",
            "state",
            "auth",
            "http",
            "crm",
        ],
    ),
    (
        "rest/query",
        &[
            "rest::transaction",
            "rest::response",
            "rest::routes",
            "state",
            "http",
            "crm",
        ],
    ),
    (
        "rest/transaction",
        &["rest::response", "rest::routes", "state", "http", "crm"],
    ),
    ("rest/response", &["rest::routes", "state", "http", "crm"]),
    // What everybody stands on stands on nothing.
    (
        "error",
        &[
            "auth",
            "cli",
            "crm",
            "http",
            "mapping",
            "observe",
            "rest::plan",
            "rest::query",
            "rest::transaction",
            "rest::response",
            "schema_cache",
            "state",
        ],
    ),
    (
        "pg",
        &["auth", "crm", "http", "rest", "schema_cache", "state"],
    ),
    (
        "mapping",
        &[
            "auth",
            "config",
            "crm",
            "error",
            "http",
            "pg::conn_string",
            "pg::session",
            "rest",
            "schema_cache",
            "state",
        ],
    ),
    ("schema_cache", &["auth", "crm", "http", "rest", "state"]),
    ("config", &["auth", "crm", "http", "rest", "state"]),
    // Services do not reach into the engine, nor into one another.
    ("auth", &["rest", "crm", "storage", "migrate", "webhooks"]),
    ("storage", &["rest", "crm", "migrate", "webhooks"]),
    ("functions", &["rest", "crm", "migrate", "webhooks", "http"]),
    ("rest/legacy", &["migrate", "webhooks"]),
    ("migrate", &["rest", "webhooks"]),
    ("webhooks", &["rest", "migrate"]),
];

/// Single mentions that are right although the table above forbids their kind.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The plain value of an answer: status, headers, body. An error is rendered into it.
    ("error/body.rs", "rest::response::HttpResponse"),
];

/// A crate's types may appear in these files and folders only.
const CRATE_HOMES: &[(&[&str], &[&str])] = &[
    (
        &["actix_web", "actix_cors"],
        &[
            "http",
            "crm",
            "rest/routes.rs",
            "auth/routes",
            "storage/routes",
            "functions/routes",
            "webhooks/routes",
            "reload.rs",
            "state.rs",
        ],
    ),
    (
        &["tokio_postgres", "deadpool_postgres", "deadpool"],
        &[
            "pg",
            "rest/transaction",
            "rest/legacy/store.rs",
            "schema_cache/load.rs",
            "schema_cache/read.rs",
            "schema_cache/decode.rs",
            "schema_cache/listener.rs",
            "config/in_db.rs",
            "http/background.rs",
            "http/setup.rs",
            "state.rs",
            "reload.rs",
            "auth",
            "storage",
            "functions",
            "migrate",
            "webhooks",
            "cli",
        ],
    ),
    (&["clap"], &["cli"]),
    (&["figment"], &["config/load.rs"]),
];

/// Values in, a result out.
const PURE: &[&str] = &[
    "rest/api_request",
    "rest/plan",
    "rest/query",
    "rest/tolerance",
    "mapping",
    "schema_cache/relate.rs",
];
const IMPURE_WORDS: &[&str] = &[
    "async fn",
    ".await",
    "actix_web",
    "tokio",
    "std::env",
    "SystemTime",
    "Instant::now",
    "Utc::now",
    "std::fs",
    "std::net",
    "rand::",
];

/// Tables, which are as long as what they list.
const LONG_BY_NATURE: &[&str] = &["config/options.rs", "mapping/table.rs"];
const LONGEST_FILE_LINES: usize = 600;

struct Source {
    /// Below `src/`, for example `rest/plan/mod.rs`.
    path: String,
    text: String,
}

impl Source {
    fn is_test(&self) -> bool {
        let stem = self.path.trim_end_matches(".rs");
        let name = stem.rsplit('/').next().unwrap_or(stem);
        name == "tests"
            || name == "testing"
            || name.ends_with("_tests")
            || stem.contains("/tests/")
            || stem.contains("/testing/")
    }

    /// Without comments and without test code.
    fn code(&self) -> String {
        self.text
            .lines()
            .take_while(|line| !line.starts_with("#[cfg(test)]"))
            .filter(|line| !line.trim_start().starts_with("//"))
            .collect::<Vec<_>>()
            .join("\n")
    }

    fn is_in(&self, place: &str) -> bool {
        self.path == place
            || self.path == format!("{place}.rs")
            || self.path.starts_with(&format!("{place}/"))
    }
}

fn root() -> PathBuf {
    let set = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    set.unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into())
}

fn sources() -> Vec<Source> {
    fn collect(dir: &Path, base: &Path, into: &mut Vec<Source>) {
        for entry in fs::read_dir(dir).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, base, into);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                into.push(Source {
                    text: fs::read_to_string(&path).expect("UTF-8"),
                    path: path
                        .strip_prefix(base)
                        .expect("below")
                        .display()
                        .to_string(),
                });
            }
        }
    }
    let mut sources = Vec::new();
    collect(&root().join("src"), &root().join("src"), &mut sources);
    assert!(sources.len() > 20, "the sources were found");
    sources
}

fn production() -> impl Iterator<Item = Source> {
    sources().into_iter().filter(|source| !source.is_test())
}

/// The paths of ours that the code mentions: `crate::rest::plan::X` and `use crate::{a, b::c}`.
fn own_paths(code: &str) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            Some(list) => collect_list("", list, &mut paths),
            None => collect_path("", rest, &mut paths),
        };
    }
    paths
}

/// The items of a brace list up to its end; returns what follows it.
fn collect_list<'a>(prefix: &str, mut list: &'a str, paths: &mut BTreeSet<String>) -> &'a str {
    loop {
        list = list.trim_start_matches([',', ' ', '\n']);
        if list.is_empty() {
            return list;
        }
        if let Some(rest) = list.strip_prefix('}') {
            return rest;
        }
        let before = list.len();
        list = collect_path(prefix, list, paths);
        if list.len() == before {
            return list;
        }
    }
}

fn collect_path<'a>(prefix: &str, text: &'a str, paths: &mut BTreeSet<String>) -> &'a str {
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
        .unwrap_or(text.len());
    let path = format!("{prefix}{}", &text[..end]);
    match text[end..]
        .strip_prefix('{')
        .filter(|_| path.ends_with("::"))
    {
        Some(list) => collect_list(&path, list, paths),
        None => {
            paths.insert(path.trim_end_matches("::").to_owned());
            &text[end..]
        }
    }
}

/// Whether the text has the word, not merely as the end of a longer one (`operand::` is no `rand::`).
fn mentions(code: &str, word: &str) -> bool {
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

fn is_below(path: &str, module: &str) -> bool {
    path == module || path.starts_with(&format!("{module}::"))
}

fn assert_none(rule: &str, faults: &[String]) {
    assert!(faults.is_empty(), "{rule}:\n  {}", faults.join("\n  "));
}

#[test]
fn paths_are_found_in_every_spelling() {
    let code = "use crate::{auth, rest::{plan::X, query}};\nlet a = crate::pg::ident::quote(1);";
    let expected = ["auth", "pg::ident::quote", "rest::plan::X", "rest::query"];
    assert_eq!(
        own_paths(code),
        expected.iter().map(ToString::to_string).collect()
    );
}

#[test]
fn imports_go_one_way() {
    let mut faults = Vec::new();
    for source in production() {
        let paths = own_paths(&source.code());
        for (module, forbidden) in FORBIDDEN_IMPORTS {
            for path in paths.iter().filter(|_| source.is_in(module)) {
                if EXCEPTIONS.contains(&(source.path.as_str(), path.as_str())) {
                    continue;
                }
                if forbidden.iter().any(|module| is_below(path, module)) {
                    faults.push(format!("{} mentions {path}", source.path));
                }
            }
        }
        let is_cli = source.is_in("cli") || source.path == "main.rs";
        if !is_cli && paths.iter().any(|path| is_below(path, "cli")) {
            faults.push(format!("{} mentions the command line", source.path));
        }
    }
    assert_none("a module reaches for a later or foreign one", &faults);
}

#[test]
fn types_of_crates_stay_in_their_homes() {
    let mut faults = Vec::new();
    for source in production() {
        let code = source.code();
        for (crates, homes) in CRATE_HOMES {
            let at_home = homes.iter().any(|home| source.is_in(home));
            for name in crates.iter().filter(|_| !at_home) {
                if code.contains(&format!("{name}::")) {
                    faults.push(format!("{} uses {name}", source.path));
                }
            }
        }
    }
    assert_none("a crate is used outside its home", &faults);
}

#[test]
fn pure_stages_have_no_clock_no_input_and_no_waiting() {
    let mut faults = Vec::new();
    for source in production() {
        if PURE.iter().any(|place| source.is_in(place)) {
            let code = source.code();
            for word in IMPURE_WORDS.iter().filter(|word| mentions(&code, word)) {
                faults.push(format!("{}: {word}", source.path));
            }
        }
    }
    assert_none("a pure stage is not", &faults);
}

#[test]
fn files_are_short_and_open_with_their_purpose() {
    let mut faults = Vec::new();
    for source in sources() {
        let lines = source.text.lines().count();
        if lines > LONGEST_FILE_LINES && !LONG_BY_NATURE.contains(&source.path.as_str()) {
            faults.push(format!("{}: {lines} lines", source.path));
        }
        if !source.text.starts_with("//!") {
            faults.push(format!("{}: no `//!` at the top", source.path));
        }
    }
    assert_none("a file is too long or does not say what it is for", &faults);
}

#[test]
fn nothing_is_unsafe() {
    let faults: Vec<_> = sources()
        .iter()
        .filter(|source| {
            let code = source.code();
            ["{", "fn", "impl", "trait", "extern"]
                .iter()
                .any(|next| code.contains(&format!("unsafe {next}")))
        })
        .map(|source| source.path.clone())
        .collect();
    assert_none("unsafe code", &faults);
}

/// `name version|licence` of everything that is linked, tests' tools included.
fn dependencies() -> Vec<(String, String)> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args([
            "tree",
            "--offline",
            "--locked",
            "--edges",
            "normal,build,dev",
        ])
        .args(["--prefix", "none", "--format", "{p}|{l}"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    text.lines()
        .filter_map(|line| line.trim_end_matches(" (*)").split_once('|'))
        .map(|(name, licence)| (name.to_owned(), licence.trim_end_matches(" (*)").to_owned()))
        .collect()
}

#[test]
fn one_crypto_provider_is_linked() {
    let faults: Vec<_> = dependencies()
        .into_iter()
        .map(|(name, _)| name)
        .filter(|name| {
            let name = name.split(' ').next().unwrap_or_default();
            ["ring", "rsa", "openssl", "openssl-sys", "native-tls"].contains(&name)
        })
        .collect();
    assert_none("another crypto library is linked", &faults);
}

#[test]
fn every_dependency_may_be_linked_into_a_permissively_licensed_program() {
    let is_permissive = |licence: &str| {
        !licence.is_empty()
            && licence
                .split(" OR ")
                .flat_map(|part| part.split('/'))
                .any(|part| !part.contains("GPL"))
    };
    let faults: Vec<_> = dependencies()
        .into_iter()
        .filter(|(_, licence)| !is_permissive(licence))
        .map(|(name, licence)| format!("{name}: {licence}"))
        .collect();
    assert_none("a licence is missing or not permissive", &faults);
}
