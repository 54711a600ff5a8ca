//! Names of people and companies, guessed from mail addresses.

use super::providers;

/// A contact as a mail names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// In lower case.
    pub email: String,
    /// Empty when the mail gives one word only.
    pub first_name: String,
    pub last_name: String,
    pub company: Option<Company>,
}

/// The company behind an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Company {
    pub domain: String,
    /// `https://<domain>`
    pub website: String,
    /// `acme-rockets.co.uk` -> `Acme Rockets`
    pub name: String,
}

impl Person {
    /// From an address in lower case and the name beside it.
    pub fn new(email: &str, name: Option<&str>) -> Self {
        let (local, domain) = email.rsplit_once('@').unwrap_or((email, ""));
        let local = local.replace('.', " ");
        let name = name.map(str::trim).filter(|name| !name.is_empty());
        let mut words = name.unwrap_or(&local).split_whitespace();
        let first = words.next().unwrap_or_default();
        let rest: Vec<&str> = words.collect();
        let (first_name, last_name) = if rest.is_empty() {
            (String::new(), capitalised(first))
        } else {
            (capitalised(first), capitalised(&rest.join(" ")))
        };
        Self {
            email: email.to_owned(),
            first_name,
            last_name,
            company: company(domain),
        }
    }
}

fn company(domain: &str) -> Option<Company> {
    if domain.is_empty() || providers::is_provider(domain) {
        return None;
    }
    Some(Company {
        domain: domain.to_owned(),
        website: format!("https://{domain}"),
        name: humanised(domain),
    })
}

/// Longest label that counts as the middle of `co.uk` or `com.br`.
const MIDDLE_LABEL: usize = 3;

fn humanised(domain: &str) -> String {
    let labels: Vec<&str> = domain.split('.').collect();
    let name = match labels.as_slice() {
        [.., name, middle, country] if middle.len() <= MIDDLE_LABEL && country.len() == 2 => name,
        [.., name, _] => name,
        _ => domain,
    };
    let words = name.split(['-', '_']).filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(capitalised).collect();
    words.join(" ")
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_uppercase().chain(chars).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(email: &str, name: Option<&str>) -> (String, String) {
        let person = Person::new(email, name);
        (person.first_name, person.last_name)
    }

    #[test]
    fn the_first_word_is_the_first_name() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(
            names("x@y.z", Some("jane van Doe")),
            pair("Jane", "Van Doe")
        );
        assert_eq!(names("x@y.z", Some("Jane")), pair("", "Jane"));
        assert_eq!(names("jane.doe@y.z", Some(" ")), pair("Jane", "Doe"));
        assert_eq!(names("info@y.z", None), pair("", "Info"));
        assert_eq!(names("", None), pair("", ""));
    }

    #[test]
    fn companies_come_from_domains_that_are_no_mail_providers() {
        let company = |email: &str| Person::new(email, None).company.map(|c| c.name);
        assert_eq!(
            company("a@acme-rockets.co.uk").as_deref(),
            Some("Acme Rockets")
        );
        assert_eq!(company("a@mail.globex.com").as_deref(), Some("Globex"));
        assert_eq!(company("a@gmail.com"), None);
        assert_eq!(company("nobody"), None);
    }
}
