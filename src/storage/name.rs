//! Names of buckets and objects: what may be written, and under which key of the object store the bytes
//! are.
//!
//! In: the text of a request, percent-decoded once. Out: a [`BucketName`] or an [`ObjectName`] for
//! writing, both in normal form C; [`StoreKey`] for the bytes. Reading takes any text, since rows made
//! elsewhere may have names that nobody could make here.
//!
//! Keys are those of Supabase's folder backend: `<bucket>/<object name>/<version>`, the object's name
//! being a folder and its version a file. Segments that a file system could misread are escaped, so no
//! name leads out of the folder.
//! Source: <https://supabase.com/docs/guides/storage/uploads/standard-uploads>.

use unicode_normalization::{UnicodeNormalization, is_nfc};

use super::error::{Result, StorageError, codes};

/// Longest name of a bucket, in characters.
pub const MAX_BUCKET_CHARS: usize = 100;
/// Longest name of an object.
pub const MAX_NAME_BYTES: usize = 1024;
/// Longest part of a name between two slashes: what file systems take.
pub const MAX_SEGMENT_BYTES: usize = 255;
/// Last segment of the marker that Supabase's dashboard puts into an empty folder.
pub const EMPTY_FOLDER_MARKER: &str = ".emptyFolderPlaceholder";

/// A name that a bucket may be created with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BucketName(String);

impl BucketName {
    /// Checks length, characters, blanks at the ends.
    ///
    /// # Errors
    /// InvalidBucketName.
    pub fn parse(raw: &str) -> Result<Self> {
        let name = normal(raw);
        let is_valid = !name.is_empty()
            && name.chars().count() <= MAX_BUCKET_CHARS
            && name.len() <= MAX_SEGMENT_BYTES
            && name.trim() == name
            && name != "."
            && name != ".."
            && !name.contains('/')
            && !name.chars().any(is_forbidden);
        if is_valid {
            Ok(Self(name))
        } else {
            Err(StorageError::new(
                &codes::INVALID_BUCKET_NAME,
                "Bucket name invalid",
            ))
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A name that an object may be created with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectName(String);

impl ObjectName {
    /// Checks length, characters, segments.
    ///
    /// # Errors
    /// InvalidKey.
    pub fn parse(raw: &str) -> Result<Self> {
        let name = normal(raw);
        let fault = if name.is_empty() {
            "a name may not be empty"
        } else if name.len() > MAX_NAME_BYTES {
            "a name has at most 1024 bytes"
        } else if name.chars().any(is_forbidden) {
            "control characters and backslashes are not allowed"
        } else if name
            .split('/')
            .any(|s| s.is_empty() || s == "." || s == "..")
        {
            "empty segments, `.` and `..` are not allowed"
        } else if name.split('/').any(|s| s.len() > MAX_SEGMENT_BYTES) {
            "a segment has at most 255 bytes"
        } else {
            return Ok(Self(name));
        };
        Err(StorageError::invalid_key(format!("Invalid key: {fault}")))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The dashboard's marker of an empty folder, for which types do not matter.
    pub fn is_folder_marker(&self) -> bool {
        self.0.rsplit('/').next() == Some(EMPTY_FOLDER_MARKER)
    }
}

/// The name as rows have it: normal form C, which clients of macOS do not send.
pub fn normal(raw: &str) -> String {
    if is_nfc(raw) {
        raw.to_owned()
    } else {
        raw.nfc().collect()
    }
}

/// PostgreSQL stores no NUL; file systems and other machines stumble over the rest.
fn is_forbidden(c: char) -> bool {
    c.is_control() || c == '\\' || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

/// Where the bytes of one version of an object are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StoreKey(String);

impl StoreKey {
    /// The key of an object. Rows of old projects have no version: their key ends with the name.
    pub fn new(bucket: &str, name: &str, version: Option<&str>) -> Self {
        let segments = std::iter::once(bucket)
            .chain(name.split('/'))
            .chain(version)
            .filter(|segment| !segment.is_empty())
            .map(escaped);
        Self(segments.collect::<Vec<_>>().join("/"))
    }

    /// Segments joined by slashes; none is empty, `.` or `..`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A segment as a file's name. The escape is `%XX`; `%` itself is escaped, so that no two segments are
/// one. Names of more bytes than file systems take keep a digest instead of their end.
fn escaped(segment: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(segment.len());
    let only_dots = segment.bytes().all(|b| b == b'.');
    for c in segment.chars() {
        let unsafe_char =
            is_forbidden(c) || matches!(c, '%' | '#' | '/') || (only_dots && c == '.');
        if unsafe_char {
            let mut buffer = [0; 4];
            for byte in c.encode_utf8(&mut buffer).bytes() {
                let _ = write!(out, "%{byte:02X}");
            }
        } else {
            out.push(c);
        }
    }
    if out.len() > MAX_SEGMENT_BYTES {
        return shortened(&out, segment);
    }
    out
}

fn shortened(escaped: &str, segment: &str) -> String {
    use sha2::{Digest as _, Sha256};
    let digest = Sha256::digest(segment.as_bytes());
    let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
    let mut end = MAX_SEGMENT_BYTES - hex.len() - 2;
    while !escaped.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}%~{hex}", &escaped[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Names that try to leave the folder, or that a file system reads differently.
    pub const HOSTILE: &[&str] = &[
        "..",
        ".",
        "../x",
        "a/../../x",
        "a/./b",
        "/etc/passwd",
        "//x",
        "a//b",
        "a/",
        "..\\x",
        "a\\b",
        "a\0b",
        "a\nb",
        "a\u{7f}b",
        "a\u{85}b",
        "",
        "/",
    ];

    #[test]
    fn hostile_names_are_refused_for_writing() {
        for name in HOSTILE {
            assert!(ObjectName::parse(name).is_err(), "{name:?}");
        }
        assert!(ObjectName::parse(&"x".repeat(256)).is_err());
        assert!(ObjectName::parse(&"x/".repeat(600)).is_err());
    }

    #[test]
    fn names_of_all_languages_are_taken_in_normal_form() {
        for name in [
            "Übung (1).pdf",
            "日本語/ファイル.txt",
            "🎉",
            "a b/c+d,e;f=g@h!",
            "...",
            ".x",
            "a%2f..b",
        ] {
            assert_eq!(ObjectName::parse(name).map(|n| n.0), Ok(name.to_owned()));
        }
        let decomposed = "U\u{308}bung.txt";
        assert_eq!(
            ObjectName::parse(decomposed).map(|n| n.0),
            Ok("Übung.txt".to_owned())
        );
    }

    #[test]
    fn bucket_names() {
        for name in ["attachments", "My bucket", "ümläut", "a.b"] {
            assert!(BucketName::parse(name).is_ok(), "{name}");
        }
        for name in ["", " a", "a ", "a/b", "..", "a\\b", &"x".repeat(101)] {
            assert!(BucketName::parse(name).is_err(), "{name}");
        }
    }

    #[test]
    fn keys_are_those_of_supabase_for_names_it_allows() {
        let key = |name, version| StoreKey::new("b", name, version).0;
        assert_eq!(key("dir/a b.txt", Some("v1")), "b/dir/a b.txt/v1");
        assert_eq!(
            key("it's (1)*?&$@=;:+,!.txt", None),
            "b/it's (1)*?&$@=;:+,!.txt"
        );
        assert_eq!(key("dir//x/", None), "b/dir/x");
        assert_eq!(key("../../etc", Some("v")), "b/%2E%2E/%2E%2E/etc/v");
        assert_eq!(key("a%2Eb#1", Some("v")), "b/a%252Eb%231/v");
    }

    proptest! {
        #[test]
        fn no_key_leaves_the_folder(bucket in "\\PC{1,20}|\\.{1,3}", name in "[./\\\\%\\x00-\\x1fa-z]{0,40}|\\PC{0,300}") {
            let key = StoreKey::new(&bucket, &name, Some("v"));
            for segment in key.as_str().split('/') {
                prop_assert!(!segment.is_empty() && segment != "." && segment != "..");
                prop_assert!(segment.len() <= MAX_SEGMENT_BYTES);
                prop_assert!(!segment.chars().any(|c| c.is_control() || c == '\\'));
            }
        }

        #[test]
        fn different_valid_names_have_different_keys(a in "[a-c/%.#2E]{1,12}", b in "[a-c/%.#2E]{1,12}") {
            if let (Ok(a), Ok(b)) = (ObjectName::parse(&a), ObjectName::parse(&b)) {
                let same = StoreKey::new("x", a.as_str(), None) == StoreKey::new("x", b.as_str(), None);
                prop_assert_eq!(same, a == b);
            }
        }
    }
}
