//! Where a browser may be sent: the site itself and what the allow-list names.
//!
//! In: an address as a client sent it. Out: the same, or the site's address. Compared by components, so
//! that no look-alike passes; what cannot be parsed with certainty is refused. Pure.
//! Source: <https://supabase.com/docs/guides/auth/redirect-urls>.

use std::net::IpAddr;

use url::{Host, Url};

/// The site and the allow-list.
#[derive(Debug, Clone)]
pub struct Redirects {
    site: String,
    patterns: Vec<String>,
}

/// Longest address that is looked at, in bytes.
const MAX_LENGTH: usize = 4096;

impl Redirects {
    /// `site` is always allowed, with any path; `patterns` are whole addresses in which `*` stands for
    /// anything without `.` and `/`, `**` for anything, `?` for one character without `.` and `/`.
    pub fn new(site: &str, patterns: &[String]) -> Self {
        Self {
            site: site.to_owned(),
            patterns: patterns.to_vec(),
        }
    }

    /// The site's address.
    pub fn site(&self) -> &str {
        &self.site
    }

    /// The first of these that is allowed, else the site's address.
    pub fn choose<'a>(&'a self, wanted: Option<&'a str>, referer: Option<&'a str>) -> &'a str {
        self.wanted(wanted)
            .or_else(|| referer.filter(|url| self.check(url).is_ok()))
            .unwrap_or(&self.site)
    }

    /// The address that a client asked for, if it is allowed. A refusal is logged, because it is easily
    /// taken for a fault.
    pub fn wanted<'a>(&self, wanted: Option<&'a str>) -> Option<&'a str> {
        let wanted = wanted.filter(|url| !url.is_empty())?;
        match self.check(wanted) {
            Ok(()) => Some(wanted),
            Err(reason) => {
                tracing::warn!(
                    reason,
                    redirect_to = printable(wanted),
                    "auth: redirect refused, using site-url; see auth-redirect-urls"
                );
                None
            }
        }
    }

    /// The application that a request came from, without a slash at its end: the page before, if it is
    /// allowed and not of the site (whose path a browser may not have told), else the site.
    pub fn application(&self, referer: Option<&str>) -> String {
        let other = referer
            .filter(|url| self.check(url).is_ok())
            .and_then(|url| Url::parse(url).ok())
            .filter(|url| !Url::parse(&self.site).is_ok_and(|site| same_origin(&site, url)));
        let base = match other {
            Some(mut url) => {
                url.set_query(None);
                url.set_fragment(None);
                url.to_string()
            }
            None => self.site.clone(),
        };
        base.trim_end_matches('/').to_owned()
    }

    /// Whether a browser may be sent there.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, url: &str) -> Result<(), &'static str> {
        if url.len() > MAX_LENGTH {
            return Err("it is too long");
        }
        if url
            .chars()
            .any(|c| c.is_control() || c.is_whitespace() || c == '\\')
        {
            return Err("it has characters that addresses do not have");
        }
        let parsed = Url::parse(url).map_err(|_| "it is no absolute address")?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err("it names a user");
        }
        let is_web = matches!(parsed.scheme(), "http" | "https");
        if is_web && !spelled_as_parsed(url, &parsed) {
            return Err("its host is not spelled out");
        }
        if is_web && is_foreign_ip(&parsed) {
            return Err("its host is a number");
        }
        if matches!(
            parsed.scheme(),
            "javascript" | "data" | "vbscript" | "file" | "blob"
        ) {
            return Err("its scheme is never allowed");
        }
        let stripped = url.split('#').next().unwrap_or(url);
        let is_site = Url::parse(&self.site).is_ok_and(|site| same_origin(&site, &parsed));
        if is_site || self.patterns.iter().any(|pattern| glob(pattern, stripped)) {
            return Ok(());
        }
        Err("neither site-url nor auth-redirect-urls covers it")
    }
}

fn printable(url: &str) -> String {
    let plain = url.split(['?', '#']).next().unwrap_or_default();
    plain
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

/// The parser reads `http:/x`, `http:x`, `http://0x7f.1` and full-width letters generously; browsers and
/// proxies may differ. Only the plain spelling passes.
fn spelled_as_parsed(url: &str, parsed: &Url) -> bool {
    let Some(host) = parsed.host_str() else {
        return false;
    };
    let expected = format!("{}://{host}", parsed.scheme());
    url.get(..expected.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(&expected))
        && url[expected.len()..]
            .chars()
            .next()
            .is_none_or(|c| matches!(c, '/' | ':' | '?' | '#'))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

fn is_foreign_ip(url: &Url) -> bool {
    let ip = match url.host() {
        Some(Host::Ipv4(ip)) => IpAddr::V4(ip),
        Some(Host::Ipv6(ip)) => IpAddr::V6(ip),
        _ => return false,
    };
    !ip.is_loopback()
}

/// On the machine itself the port does not matter: development servers move.
fn same_origin(site: &Url, url: &Url) -> bool {
    if is_loopback(site) {
        return is_loopback(url) && site.scheme() == url.scheme();
    }
    site.scheme() == url.scheme()
        && site.host() == url.host()
        && site.port_or_known_default() == url.port_or_known_default()
}

/// Matches the whole text.
fn glob(pattern: &str, text: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let text: Vec<char> = text.chars().collect();
    // reachable[i]: the pattern so far matches the first i characters of the text.
    let mut reachable = vec![false; text.len() + 1];
    reachable[0] = true;
    let mut at = 0;
    while at < pattern.len() {
        let is_separator = |c: char| c == '.' || c == '/';
        let mut next = vec![false; text.len() + 1];
        if pattern[at] == '*' {
            let crosses = pattern.get(at + 1) == Some(&'*');
            let mut open = false;
            for i in 0..=text.len() {
                open |= reachable[i];
                next[i] = open;
                if text.get(i).is_some_and(|c| !crosses && is_separator(*c)) {
                    open = false;
                }
            }
            at += if crosses { 2 } else { 1 };
        } else {
            for i in 0..text.len() {
                let fits = match pattern[at] {
                    '?' => !is_separator(text[i]),
                    c => c == text[i],
                };
                next[i + 1] = reachable[i] && fits;
            }
            at += 1;
        }
        reachable = next;
    }
    reachable[text.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn redirects() -> Redirects {
        let patterns = [
            "https://*.example.com/callback",
            "https://docs.example.org/**",
            "myapp://login",
            "http://10.0.0.5:3000/**",
        ];
        Redirects::new("https://crm.example/app", &patterns.map(str::to_owned))
    }

    #[test]
    fn the_site_and_the_list_are_allowed() {
        for url in [
            "https://crm.example",
            "https://crm.example/",
            "https://crm.example:443/x?y=1#z",
            "https://a.example.com/callback",
            "https://a.example.com/callback#x",
            "https://docs.example.org/a/b.html",
            "myapp://login",
        ] {
            assert_eq!(redirects().check(url), Ok(()), "{url}");
        }
    }

    #[test]
    fn look_alikes_are_refused() {
        for url in [
            "",
            "/x",
            "//crm.example",
            "https://crm.example.evil.net",
            "https://crm.example@evil.net/",
            "https://evil.net/https://crm.example",
            "http://crm.example/",
            "https://crm.example:8443/",
            "https://crm.example\\@evil.net",
            "https:/crm.example",
            "https:crm.example",
            "https://crm.example\n",
            "https://evil.net#https://crm.example",
            "https://a.b.example.com/callback",
            "https://a.example.com/callback/x",
            "https://evil.net/.example.com/callback",
            "https://docs.example.org.evil.net/x",
            "http://2130706433/",
            "http://0x7f.1/",
            "http://10.0.0.5:3000/x",
            "javascript:alert(1)",
            "data:text/html,x",
            "myapp://other",
        ] {
            assert!(redirects().check(url).is_err(), "{url}");
        }
    }

    #[test]
    fn on_the_machine_itself_ports_do_not_matter() {
        let local = Redirects::new("http://localhost:5173", &[]);
        for url in [
            "http://localhost:3000/x",
            "http://127.0.0.1:8080/",
            "http://[::1]/",
        ] {
            assert_eq!(local.check(url), Ok(()), "{url}");
        }
        assert!(local.check("http://192.168.1.2:5173/").is_err());
        assert!(local.check("http://localhost.evil.net/").is_err());
        assert!(redirects().check("http://localhost:3000/").is_err());
    }

    #[test]
    fn the_first_allowed_address_is_chosen() {
        let redirects = redirects();
        let site = "https://crm.example/app";
        let good = "https://crm.example/x";
        assert_eq!(redirects.choose(Some(good), None), good);
        assert_eq!(redirects.choose(Some("https://evil.net"), Some(good)), good);
        assert_eq!(redirects.choose(Some(""), Some("https://evil.net")), site);
        assert_eq!(redirects.choose(None, None), site);
    }

    proptest! {
        #[test]
        fn nothing_panics_and_only_own_hosts_pass(text in "https?:[/\\\\]{0,3}[a-z.@:#?%/\\\\0-9]{0,40}") {
            let own = Redirects::new("https://crm.example", &[]);
            if own.check(&text).is_ok() {
                prop_assert!(text.starts_with("https://crm.example"));
            }
        }
    }
}
