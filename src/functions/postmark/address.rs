//! Mail addresses in free text, in the order in which they appear, with the name beside them.
//!
//! In: the text of a mail. Out: `Jane Doe <jane@acme.com>` as name and address, a bare address without
//! a name. Linear in the length of the text.

/// An address found in a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found<'a> {
    pub email: &'a str,
    pub name: Option<&'a str>,
}

/// Every address.
pub(super) fn all(text: &str) -> impl Iterator<Item = Found<'_>> {
    text.lines().flat_map(in_line)
}

fn in_line(line: &str) -> impl Iterator<Item = Found<'_>> {
    // Where the text before an address begins: after the one before.
    let mut from = 0;
    line.match_indices('@').filter_map(move |(at, _)| {
        let start = line[..at]
            .char_indices()
            .rev()
            .take_while(|(_, c)| is_local(*c))
            .last()?
            .0;
        let length: usize = line[at + 1..]
            .chars()
            .take_while(|c| is_domain(*c))
            .map(char::len_utf8)
            .sum();
        let domain = line[at + 1..at + 1 + length].trim_end_matches(['.', '-']);
        if start < from || !domain.contains('.') {
            return None;
        }
        let before = &line[from..start];
        from = at + 1 + length;
        Some(Found {
            email: &line[start..=at + domain.len()],
            name: name(before),
        })
    })
}

fn is_local(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._%+-".contains(c)
}

fn is_domain(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '.' || c == '-'
}

/// `From: "Jane Doe" <` -> `Jane Doe`. A name stands before an angle bracket only.
fn name(before: &str) -> Option<&str> {
    let before = before.trim_end().strip_suffix('<')?;
    let after_label = before.rsplit([':', ',', ';', '>']).next().unwrap_or(before);
    let name = after_label.trim_matches(|c: char| c.is_whitespace() || "\"'*".contains(c));
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(&str, Option<&str>)> {
        all(text).map(|found| (found.email, found.name)).collect()
    }

    #[test]
    fn addresses_come_in_order_with_their_names() {
        let text = "---------- Forwarded message ---------\n\
                    From: \"Jane Doe\" <jane.doe@acme.co.uk>\n\
                    To: sam@crm.example, Ann <ann+x@b.org>.\n";
        assert_eq!(
            found(text),
            [
                ("jane.doe@acme.co.uk", Some("Jane Doe")),
                ("sam@crm.example", None),
                ("ann+x@b.org", Some("Ann")),
            ]
        );
    }

    #[test]
    fn what_is_no_address_is_not_found() {
        for text in [
            "",
            "@",
            "a@",
            "@b.c",
            "at @ home",
            "a@localhost",
            "ä@@x",
            "x@.",
            "é@b.c",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
        assert_eq!(found("mailto:a@b.c."), [("a@b.c", None)]);
        assert_eq!(found("a@b@c.de"), [("b@c.de", None)]);
    }
}
