//! The examples of the guide: each file is a code block, and each is run by a test.
//!
//! `list.sh` holds the request in the old words under `# before` and in the new ones under `# after`, and
//! so on in JavaScript and Python. `setup.*` is what the others of its language start with.

/// One thing a client does, in every language.
#[derive(Debug)]
pub struct Example {
    /// What it does, a heading.
    pub title: &'static str,
    /// What to mind.
    pub note: &'static str,
    pub curl: &'static str,
    /// supabase-js.
    pub supabase: &'static str,
    /// JavaScript without a library.
    pub fetch: &'static str,
    pub python: &'static str,
}

macro_rules! example {
    ($name:literal, $title:literal, $note:literal) => {
        Example {
            title: $title,
            note: $note,
            curl: include_str!(concat!("examples/", $name, ".sh")),
            supabase: include_str!(concat!("examples/", $name, ".supabase.mjs")),
            fetch: include_str!(concat!("examples/", $name, ".fetch.mjs")),
            python: include_str!(concat!("examples/", $name, ".py")),
        }
    };
}

/// Signing in, which the others rely on.
pub const SETUP: Example = example!(
    "setup",
    "Keys and token",
    "`oppbase status -o env` prints `API_URL` and `ANON_KEY` of a local server; the account is one of the \
     demo data. Nothing changes here with the migration."
);

/// What clients do with deals, in the order of the guide.
pub const EXAMPLES: &[Example] = &[
    example!(
        "list",
        "List by stage",
        "The old word `opportunity` stands for three new stages: ask for all three to get the same rows."
    ),
    example!(
        "read",
        "Read one with its company",
        "Opportunities refer to organisations by four columns, so the embedding names the foreign key. Under \
         the old name there is one way to a company, so none has to be named; who names it by the foreign \
         key's old name goes the same way."
    ),
    example!(
        "create",
        "Create",
        "Left out, `probability` and `status` follow the stage. Ids come from one sequence: what is created \
         under one name is there under the other."
    ),
    example!(
        "change",
        "Move to a stage",
        "Winning sets the probability to 100 and the closing day to today, whichever name is used."
    ),
    example!(
        "notes",
        "Write a note",
        "The column that names the owner is called `opportunity_id`."
    ),
    example!(
        "archive",
        "Archive",
        "`archived_at` and `deleted_at` are one fact under two names."
    ),
];
