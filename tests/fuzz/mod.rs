//! The corpus of the fuzz targets as plain tests: each line of `corpus/<target>.txt` as it is, cut at
//! every place, and with every byte replaced by those that mean something to the grammars.
//!
//! Longer runs, outside of this build: `cargo +nightly fuzz run query_string` in this folder, after
//! `split -l 1 corpus/query_string.txt fuzz/corpus/query_string/`.

mod targets;

use std::fs;
use std::panic::catch_unwind;
use std::path::Path;

use targets::{TARGETS, Target};

/// Bytes that open, close, separate or escape something, and bytes that are no text.
const SPECIAL: &[u8] = b"\0\"'\\(){}[].,:;=&%*!-+<>@$ \n\xff\xc3";

fn corpus(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fuzz/corpus")
        .join(format!("{name}.txt"));
    fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// Whether the input went all the way.
fn check(name: &str, target: Target, input: &[u8]) -> bool {
    catch_unwind(|| target(input))
        .unwrap_or_else(|_| panic!("{name}: {:?}", String::from_utf8_lossy(input)))
}

fn lines_of(name: &str) -> Vec<Vec<u8>> {
    let text = corpus(name);
    text.split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        // A line break inside an input is written as a tilde.
        .map(|line| {
            line.iter()
                .map(|&byte| if byte == b'~' { b'\n' } else { byte })
                .collect()
        })
        .collect()
}

#[test]
fn the_laws_hold_for_the_corpus() {
    for (name, target) in TARGETS {
        let lines = lines_of(name);
        assert!(lines.len() >= 10, "{name}: a corpus");
        let all_the_way = lines.iter().filter(|line| check(name, *target, line));
        assert!(
            all_the_way.count() >= 3,
            "{name}: SQL is made of the good ones"
        );
    }
}

#[test]
fn the_laws_hold_around_the_corpus() {
    for (name, target) in TARGETS {
        for line in lines_of(name) {
            for at in 0..line.len() {
                check(name, *target, &line[..at]);
                let mut changed = line.clone();
                for special in SPECIAL {
                    changed[at] = *special;
                    check(name, *target, &changed);
                }
                let mut longer = line.clone();
                longer.insert(at, SPECIAL[at % SPECIAL.len()]);
                check(name, *target, &longer);
            }
        }
    }
}

#[test]
fn depth_and_length_are_bounded() {
    for (open, close) in [
        ("(", ")"),
        ("[", "]"),
        ("{\"a\":", "}"),
        ("and(", ")"),
        ("things(", ")"),
    ] {
        let deep = format!("{}zzz{}", open.repeat(20_000), close.repeat(20_000));
        for (name, target) in TARGETS {
            for prefix in ["", "select=", "and=", "or=", "order=", "id=in."] {
                check(name, *target, format!("{prefix}{deep}").as_bytes());
            }
        }
    }
}
