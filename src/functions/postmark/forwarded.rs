//! A forwarded mail without what forwarding added: signature, header block, prefix of the subject.

/// Beginnings of the line that mail programs put before a forwarded mail, in lower case and without
/// the dashes and blanks around: Gmail, Apple, Outlook; English, French, German.
const SEPARATORS: &[&str] = &[
    "forwarded message",
    "begin forwarded message",
    "original message",
    "message transféré",
    "début du message transféré",
    "début du message réexpédié",
    "message d'origine",
    "weitergeleitete nachricht",
    "anfang der weitergeleiteten nachricht",
    "ursprüngliche nachricht",
];

/// Outlook's line: nothing but underscores.
const UNDERSCORES: usize = 10;

/// Prefixes of a forwarded subject.
const PREFIXES: &[&str] = &["fwd", "fw", "tr", "sv", "vs", "wg"];

/// The text above the signature and below the header; the text as it is when nothing would be left.
pub(super) fn text(original: &str) -> String {
    let mut lines: Vec<&str> = original.lines().collect();
    if let Some(signature) = lines.iter().position(|line| *line == "-- ") {
        lines.truncate(signature);
    }
    if lines.first().is_some_and(|line| is_separator(line)) {
        // Outlook's separator may have a blank line of its own below it; its header follows.
        let end = lines.iter().position(|line| line.trim().is_empty());
        lines.drain(..end.unwrap_or(lines.len()));
    }
    let text = lines.join("\n");
    match text.trim() {
        "" => original.to_owned(),
        text => text.to_owned(),
    }
}

fn is_separator(line: &str) -> bool {
    let line = line.trim().trim_start_matches(['>', ' ']);
    if line.len() >= UNDERSCORES && line.chars().all(|c| c == '_') {
        return true;
    }
    let words = line.trim_matches(|c: char| c == '-' || c == ':' || c.is_whitespace());
    let words = words.to_lowercase().replace('’', "'");
    SEPARATORS.iter().any(|separator| words == *separator)
}

/// The subject without one prefix; as it is when nothing would be left.
pub(super) fn subject(original: &str) -> String {
    let trimmed = original.trim();
    let stripped = PREFIXES.iter().find_map(|prefix| {
        let head = trimmed.get(..prefix.len())?;
        let rest = trimmed[prefix.len()..].trim_start();
        let rest = rest.strip_prefix([':', '-'])?;
        head.eq_ignore_ascii_case(prefix).then(|| rest.trim())
    });
    match stripped {
        Some("") | None => original.to_owned(),
        Some(rest) => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_signature_go_and_the_message_stays() {
        for first in [
            "---------- Forwarded message ---------",
            "Begin forwarded message:",
            "________________________________",
            "-----Original Message-----",
            "---------- Message transféré ---------",
            "Anfang der weitergeleiteten Nachricht:",
        ] {
            let mail = format!("{first}\nFrom: A <a@b.c>\nSubject: x\n\nHello\nWorld\n-- \nSam");
            assert_eq!(text(&mail), "Hello\nWorld", "{first}");
        }
    }

    #[test]
    fn a_separator_further_down_is_part_of_the_message() {
        let mail = "FYI\n---------- Forwarded message ---------\nFrom: a@b.c\n\nHello";
        assert_eq!(text(mail), mail);
        assert_eq!(
            text("not a forwarded message\n\nHello"),
            "not a forwarded message\n\nHello"
        );
    }

    #[test]
    fn nothing_left_means_nothing_is_cut() {
        let header_only = "Begin forwarded message:\nFrom: a@b.c";
        assert_eq!(text(header_only), header_only);
        assert_eq!(text("-- \nSam"), "-- \nSam");
        assert_eq!(text(""), "");
    }

    #[test]
    fn one_prefix_of_the_subject_goes() {
        for (given, expected) in [
            ("Fwd: Offer", "Offer"),
            ("FW - Offer", "Offer"),
            ("wg:Angebot", "Angebot"),
            ("TR : Offre", "Offre"),
            ("Fwd: Fwd: Offer", "Fwd: Offer"),
            ("Fwd:", "Fwd:"),
            ("Forward: Offer", "Forward: Offer"),
            ("Trip: Rome", "Trip: Rome"),
            ("Ünder", "Ünder"),
        ] {
            assert_eq!(subject(given), expected, "{given}");
        }
    }
}
