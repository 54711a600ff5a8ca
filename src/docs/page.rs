//! Markdown as a page of its own: no script, no foreign file.

use pulldown_cmark::{Options, Parser, html};

const STYLE: &str = include_str!("page.css");

/// The page. Headings get ids from their text, so that sections can be linked to.
pub fn html(title: &str, markdown: &str) -> String {
    let options = Options::ENABLE_TABLES | Options::ENABLE_HEADING_ATTRIBUTES;
    let mut body = String::with_capacity(markdown.len() * 2);
    let with_ids = with_heading_ids(markdown);
    html::push_html(&mut body, Parser::new_ext(&with_ids, options));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
}

/// `## The end` becomes `## The end { #the-end }`; code blocks stay.
fn with_heading_ids(markdown: &str) -> String {
    let mut is_code = false;
    let mut out = String::with_capacity(markdown.len());
    for line in markdown.lines() {
        if line.starts_with("```") {
            is_code = !is_code;
        }
        out.push_str(line);
        if !is_code && line.starts_with('#') {
            out.push_str(&format!(" {{ #{} }}", slug(line)));
        }
        out.push('\n');
    }
    out
}

/// Lower-case words joined by `-`, as GitHub makes anchors.
fn slug(heading: &str) -> String {
    heading
        .trim_start_matches('#')
        .trim()
        .chars()
        .filter_map(|c| match c {
            ' ' | '-' => Some('-'),
            c if c.is_alphanumeric() || c == '_' => Some(c.to_ascii_lowercase()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_can_be_linked_to_and_code_is_left_alone() {
        let page = html(
            "T",
            "# One & two\n\n```sh\n# not a heading\n```\n\n| a |\n|---|\n| <b> |\n",
        );
        assert!(
            page.contains("<h1 id=\"one--two\">One &amp; two</h1>"),
            "{page}"
        );
        assert!(page.contains("# not a heading\n</code>"), "{page}");
        assert!(page.contains("<table>"), "{page}");
    }
}
