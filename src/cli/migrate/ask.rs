//! Questions on a terminal. Without one nothing is asked and nothing is assumed: the command is refused
//! unless `--yes` was given.

use std::io::{BufRead, IsTerminal, Write};

use crate::migrate::{Fault, Options};

/// Asks each question; every one must be answered with `word` (any case for `yes`).
///
/// # Errors
/// Exit code 2 when an answer is another word or there is nobody to ask.
pub(super) fn confirm(options: &Options, questions: &[&str], word: &str) -> Result<(), Fault> {
    if options.assume_yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Fault::refused(
            "this changes the database, and there is no terminal to confirm on",
        )
        .hint("add --yes when the questions have been answered elsewhere"));
    }
    for question in questions {
        let mut stderr = std::io::stderr().lock();
        let _ = write!(stderr, "{question} Type {word}: ");
        let _ = stderr.flush();
        let mut answer = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut answer)
            .map_err(|e| Fault::refused(format!("reading the answer: {e}")))?;
        if !is_confirmation(&answer, word) {
            return Err(Fault::refused("not confirmed; nothing was changed"));
        }
    }
    Ok(())
}

/// `yes` in any case; other words exactly.
fn is_confirmation(answer: &str, word: &str) -> bool {
    let answer = answer.trim();
    answer == word || (word == "yes" && answer.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_word_confirms() {
        assert!(is_confirmation("Yes\n", "yes"));
        assert!(!is_confirmation("y\n", "yes"));
        assert!(!is_confirmation(
            "emergency_rollback\n",
            "EMERGENCY_ROLLBACK"
        ));
        assert!(!is_confirmation("", "yes"));
    }
}
