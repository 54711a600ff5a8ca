//! The files of `migrations/` and `rls/`, embedded in the program.
//!
//! Out: lists in the order in which they are applied. Names follow the Supabase CLI:
//! `<UTC timestamp>_<what>.sql`; the baseline's files are in a folder per product.

use include_dir::{Dir, DirEntry, include_dir};

use super::Baseline;

static MIGRATIONS: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");
static POLICIES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/rls");

/// The demo data, which is recorded under this path in `supabase_migrations.seed_files`.
const DEMO_PATH: &str = "demo/demo_data.sql";

/// One file of `migrations/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Migration {
    /// UTC timestamp `YYYYMMDDhhmmss`: key and order.
    pub version: &'static str,
    /// What it does, as in the file name.
    pub name: &'static str,
    /// The whole file.
    pub sql: &'static str,
    /// Part of the baseline: an existing CRM has it already.
    pub is_baseline: bool,
}

/// All migrations for a baseline, in the order of their versions.
pub fn migrations(baseline: Baseline) -> Vec<Migration> {
    let (tables, variant) = match baseline {
        Baseline::Fork => ("baseline/fork", "variant/fork"),
        Baseline::Upstream => ("baseline/upstream", "variant/upstream"),
    };
    let mut list: Vec<_> = files(&MIGRATIONS, "")
        .chain(files(&MIGRATIONS, tables))
        .chain(files(&MIGRATIONS, variant))
        .filter_map(|(path, sql)| {
            let file = path.rsplit('/').next()?.strip_suffix(".sql")?;
            let (version, name) = file.split_once('_')?;
            Some(Migration {
                version,
                name,
                sql,
                is_baseline: path.starts_with("baseline/"),
            })
        })
        .collect();
    list.sort_by_key(|migration| migration.version);
    list
}

/// Policies and grants: `(file name, SQL)`, in the order of the names. Each may run any number of times.
pub fn policies() -> Vec<(&'static str, &'static str)> {
    let mut list: Vec<_> = files(&POLICIES, "").collect();
    list.sort_unstable();
    list
}

/// The demo data: path relative to `migrations/`, and SQL.
pub(super) fn demo() -> Option<(&'static str, &'static str)> {
    Some((DEMO_PATH, MIGRATIONS.get_file(DEMO_PATH)?.contents_utf8()?))
}

/// The `.sql` files directly in a folder: path relative to the root, and text.
fn files(
    root: &'static Dir<'static>,
    folder: &'static str,
) -> impl Iterator<Item = (&'static str, &'static str)> {
    let dir = if folder.is_empty() {
        Some(root)
    } else {
        root.get_dir(folder)
    };
    dir.into_iter()
        .flat_map(|dir| dir.entries())
        .filter_map(|entry| match entry {
            DirEntry::File(file) => Some((file.path().to_str()?, file.contents_utf8()?)),
            DirEntry::Dir(_) => None,
        })
        .filter(|(path, _)| path.ends_with(".sql"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_unique_timestamps_in_order_for_both_baselines() {
        for baseline in [Baseline::Fork, Baseline::Upstream] {
            let list = migrations(baseline);
            assert!(list.iter().filter(|m| m.is_baseline).count() >= 4);
            for pair in list.windows(2) {
                assert!(
                    pair[0].version < pair[1].version,
                    "{} {}",
                    pair[0].name,
                    pair[1].name
                );
            }
            for migration in list {
                assert_eq!(migration.version.len(), 14, "{}", migration.name);
                assert!(migration.version.bytes().all(|b| b.is_ascii_digit()));
            }
        }
        assert!(
            policies()
                .iter()
                .any(|(file, _)| *file == "opportunities.sql")
        );
    }
}
