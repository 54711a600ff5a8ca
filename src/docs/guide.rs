//! The migration guide: the words of `guide.md` with tables, examples and payloads from the code.

use std::fmt::Write as _;

use minijinja::{Environment, context};

use super::examples::{EXAMPLES, Example, SETUP};
use super::{tables, webhooks};
use crate::mapping::table::{DEAL_NOTES, DEALS};
use crate::openapi;

const TEMPLATE: &str = include_str!("guide.md");

/// The guide as Markdown, ending with a line feed.
pub fn migration_guide() -> String {
    let document = openapi::document();
    let context = context! {
        relations => tables::relations(),
        operations => tables::operations(document),
        columns => tables::columns(&DEALS),
        note_columns => tables::columns(&DEAL_NOTES),
        new_columns => tables::new_columns(document),
        foreign_keys => tables::foreign_keys(),
        stages => tables::stages(),
        lossy => tables::lossy(),
        events => tables::events(),
        environment => tables::environment(),
        words => tables::words(),
        corrections => tables::corrections(),
        setup => blocks(&SETUP),
        examples => examples(),
        payloads => webhooks::payloads(),
        webhook_headers => webhooks::headers(),
        end_of_version_1 => webhooks::end_of_version_1(),
        checks => webhooks::checks(),
        webhook_paths => tables::tagged(document, "webhooks"),
    };
    let mut text = Environment::new()
        .render_str(TEMPLATE, context)
        .expect("the template is part of the program and tested");
    text.push('\n');
    text
}

fn examples() -> String {
    let mut out = String::new();
    for example in EXAMPLES {
        let _ = write!(
            out,
            "### {}\n\n{}\n\n{}\n",
            example.title,
            example.note,
            blocks(example)
        );
    }
    out.trim_end().to_owned()
}

/// The example's code blocks.
fn blocks(example: &Example) -> String {
    let languages = [
        ("curl", "sh", example.curl),
        ("JavaScript with supabase-js", "js", example.supabase),
        ("JavaScript with fetch", "js", example.fetch),
        ("Python", "python", example.python),
    ];
    let mut out = String::new();
    for (title, language, code) in languages {
        let _ = write!(out, "{title}:\n\n```{language}\n{code}```\n\n");
    }
    out.trim_end().to_owned() + "\n"
}
