//! A set of names that finds the most similar one: candidates by cosine similarity of their trigrams
//! (bigrams when no trigram helps), ranked by normalised Levenshtein distance.
//!
//! Comes in: the names. Goes out: (score in 0..=1, name), best first. Used by [`super::suggest`] for
//! the hints of errors, with the scoring and the cut-offs of the fuzzy set that PostgREST uses, so
//! that the same typing error gets the same hint: <https://docs.postgrest.org/en/stable/references/errors.html>.

use std::collections::{HashMap, HashSet};

/// Score below which a name is no suggestion, unless the caller asks for more.
pub const DEFAULT_MIN_SCORE: f64 = 0.33;

/// Gram lengths, tried in this order.
const GRAM_SIZES: [usize; 2] = [3, 2];

/// How many candidates (by cosine similarity) are measured by edit distance.
const MAX_CANDIDATES: usize = 50;

/// A name with the lengths of its gram vectors, one per entry of [`GRAM_SIZES`].
#[derive(Debug, Clone)]
struct Item {
    key: String,
    magnitudes: [f64; GRAM_SIZES.len()],
}

/// Names indexed by their grams. Case is ignored; answers keep the case of the names.
#[derive(Debug, Clone, Default)]
pub struct FuzzySet {
    /// Lower-cased name -> name.
    exact: HashMap<String, String>,
    items: Vec<Item>,
    /// Gram -> (index into `items`, occurrences).
    grams: HashMap<String, Vec<(usize, u32)>>,
    /// Length of the longest name, in characters.
    longest_chars: usize,
}

impl<S: Into<String>> FromIterator<S> for FuzzySet {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        let mut set = Self::default();
        let mut seen = HashSet::new();
        for name in names {
            let name = name.into();
            if seen.insert(name.clone()) {
                set.add(name);
            }
        }
        set
    }
}

impl FuzzySet {
    fn add(&mut self, name: String) {
        let key = name.to_lowercase();
        let index = self.items.len();
        let magnitudes = GRAM_SIZES.map(|size| {
            let vector = gram_vector(&key, size);
            let magnitude = magnitude(&vector);
            for (gram, count) in vector {
                self.grams.entry(gram).or_default().push((index, count));
            }
            magnitude
        });
        self.items.push(Item {
            key: key.clone(),
            magnitudes,
        });
        self.longest_chars = self.longest_chars.max(key.chars().count());
        self.exact.insert(key, name);
    }

    /// Names whose score is at least `min_score`, best first; names of equal score in insertion order.
    /// A name that differs in case at most is the only answer, with score 1.
    pub fn matches(&self, text: &str, min_score: f64) -> Vec<(f64, &str)> {
        let key = text.to_lowercase();
        if let Some(name) = self.exact.get(&key) {
            return vec![(1.0, name)];
        }
        // A text so much longer than every name cannot score enough: spare the work on hostile input.
        if (self.longest_chars as f64) < min_score * key.chars().count() as f64 {
            return Vec::new();
        }
        (0..GRAM_SIZES.len())
            .map(|size| self.matches_by(&key, size, min_score))
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    /// The best match, if it scores at least `min_score`.
    pub fn best(&self, text: &str, min_score: f64) -> Option<&str> {
        self.matches(text, min_score).first().map(|(_, name)| *name)
    }

    fn matches_by(&self, key: &str, size: usize, min_score: f64) -> Vec<(f64, &str)> {
        let mut ranked: Vec<(f64, &str)> = self
            .candidates(key, size)
            .into_iter()
            .filter_map(|index| {
                let item = &self.items[index];
                let score = similarity(key, &item.key);
                (score >= min_score).then(|| (score, self.exact[&item.key].as_str()))
            })
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0));
        ranked
    }

    /// Indexes of the names that share a gram, most similar first.
    fn candidates(&self, key: &str, size: usize) -> Vec<usize> {
        let vector = gram_vector(key, GRAM_SIZES[size]);
        let key_magnitude = magnitude(&vector);
        let mut dot_products: HashMap<usize, u32> = HashMap::new();
        for (gram, count) in &vector {
            for (index, occurrences) in self.grams.get(gram).into_iter().flatten() {
                *dot_products.entry(*index).or_default() += count * occurrences;
            }
        }
        let mut scored: Vec<(f64, usize)> = dot_products
            .into_iter()
            .map(|(index, dot)| {
                let cosine = f64::from(dot) / (key_magnitude * self.items[index].magnitudes[size]);
                (cosine, index)
            })
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        scored.truncate(MAX_CANDIDATES);
        scored.into_iter().map(|(_, index)| index).collect()
    }
}

/// Counts the substrings of `size` characters of `-name-`, where only letters, digits, spaces and
/// commas of the name count.
fn gram_vector(key: &str, size: usize) -> HashMap<String, u32> {
    let mut chars = vec!['-'];
    chars.extend(
        key.chars()
            .filter(|c| c.is_alphanumeric() || c.is_whitespace() || *c == ','),
    );
    chars.push('-');
    let mut vector = HashMap::new();
    for gram in chars.windows(size) {
        *vector.entry(gram.iter().collect()).or_default() += 1;
    }
    vector
}

fn magnitude(vector: &HashMap<String, u32>) -> f64 {
    let squares: u64 = vector.values().map(|n| u64::from(*n).pow(2)).sum();
    (squares as f64).sqrt()
}

/// 1 for equal texts, 0 for texts of which every character has to be replaced.
fn similarity(a: &str, b: &str) -> f64 {
    let a: Vec<char> = a.chars().collect();
    let b: Vec<char> = b.chars().collect();
    let longest = a.len().max(b.len());
    if longest == 0 {
        return 1.0;
    }
    (longest - levenshtein(&a, &b)) as f64 / longest as f64
}

/// Fewest insertions, deletions and replacements that turn `a` into `b`.
fn levenshtein(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn distance(a: &str, b: &str) -> usize {
        let a: Vec<char> = a.chars().collect();
        let b: Vec<char> = b.chars().collect();
        levenshtein(&a, &b)
    }

    #[test]
    fn edit_distance_of_known_pairs() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
        assert_eq!(distance("abc", "abc"), 0);
    }

    #[test]
    fn scores_equal_those_that_the_fuzzy_set_library_documents() {
        let set: FuzzySet = [
            "Shaggy Rogers",
            "Fred Jones",
            "Daphne Blake",
            "Velma Dinkley",
        ]
        .into_iter()
        .collect();
        assert_eq!(
            set.matches("Shaggy Jones", DEFAULT_MIN_SCORE),
            vec![(10.0 / 13.0, "Shaggy Rogers"), (0.5, "Fred Jones")]
        );
        let set: FuzzySet = ["Jurassic Park", "Terminator", "The Matrix"]
            .into_iter()
            .collect();
        assert_eq!(
            set.best("percolator", DEFAULT_MIN_SCORE),
            Some("Terminator")
        );
    }

    #[test]
    fn another_case_is_an_exact_match() {
        let set: FuzzySet = ["Projects", "projections"].into_iter().collect();
        assert_eq!(set.matches("pRoJeCtS", 0.75), vec![(1.0, "Projects")]);
    }

    #[test]
    fn nothing_is_found_in_nothing() {
        let set: FuzzySet = Vec::<String>::new().into_iter().collect();
        assert!(set.matches("", 0.0).is_empty());
        let set: FuzzySet = ["abc"].into_iter().collect();
        assert_eq!(set.best("xyz", DEFAULT_MIN_SCORE), None);
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_bounded(a in "[a-d_]{0,12}", b in "[a-d_]{0,12}") {
            let d = distance(&a, &b);
            prop_assert_eq!(d, distance(&b, &a));
            prop_assert!(d <= a.len().max(b.len()));
            prop_assert_eq!(d == 0, a == b);
        }

        #[test]
        fn answers_come_from_the_set_and_are_sorted(names in prop::collection::vec("\\PC{0,8}", 0..20), text in "\\PC{0,8}") {
            let set: FuzzySet = names.clone().into_iter().collect();
            let found = set.matches(&text, DEFAULT_MIN_SCORE);
            prop_assert!(found.windows(2).all(|w| w[0].0 >= w[1].0));
            for (score, name) in found {
                prop_assert!(score >= DEFAULT_MIN_SCORE);
                prop_assert!(names.iter().any(|n| n == name));
            }
        }
    }
}
