//! The access log: one line per answer in Apache's combined format, with the database role in the place
//! of the user.
//!
//! In: facts of a request and its answer. Out: a line, or nothing when `log-level` does not ask for it.
//! Source: <https://docs.postgrest.org/en/stable/references/observability.html#logs>.

use crate::config::LogLevel;

/// What the line tells.
#[derive(Debug, Clone, Default)]
pub struct Access<'a> {
    /// The client's address; `None` on a Unix socket.
    pub peer: Option<String>,
    /// Database role; `None` when the request was not identified.
    pub role: Option<&'a str>,
    /// When the answer was ready, in [`super::TIME_FORMAT`].
    pub time: String,
    pub method: &'a str,
    /// Path and query as they were sent.
    pub target: &'a str,
    /// `HTTP/1.1`
    pub version: &'a str,
    pub status: u16,
    /// Bytes of the body; `None` when they are not announced.
    pub length: Option<u64>,
    pub referer: &'a str,
    pub user_agent: &'a str,
}

/// Whether an answer of this status is logged: `error` from 500, `warn` from 400, `info` all.
pub fn is_logged(level: LogLevel, status: u16) -> bool {
    match level {
        LogLevel::Crit => false,
        LogLevel::Error => status >= 500,
        LogLevel::Warn => status >= 400,
        LogLevel::Info | LogLevel::Debug => true,
    }
}

impl Access<'_> {
    /// The line, with its line break. Control characters of the client become `?`.
    pub fn line(&self) -> String {
        let length = self
            .length
            .map_or_else(|| "-".to_owned(), |n| n.to_string());
        let line = format!(
            "{} - {} [{}] \"{} {} {}\" {} {length} \"{}\" \"{}\"",
            self.peer.as_deref().unwrap_or("unknownSocket"),
            self.role.unwrap_or("-"),
            self.time,
            self.method,
            self.target,
            self.version,
            self.status,
            self.referer,
            self.user_agent,
        );
        line.chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .chain(['\n'])
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_has_the_combined_format() {
        let mut access = Access {
            peer: Some("127.0.0.1".into()),
            role: Some("user"),
            time: "26/Jul/2021:01:56:38 -0500".into(),
            method: "GET",
            target: "/clients?id=eq.1",
            version: "HTTP/1.1",
            status: 200,
            length: Some(56),
            referer: "",
            user_agent: "curl/7.64.0",
        };
        assert_eq!(
            access.line(),
            "127.0.0.1 - user [26/Jul/2021:01:56:38 -0500] \"GET /clients?id=eq.1 HTTP/1.1\" 200 56 \"\" \"curl/7.64.0\"\n"
        );
        access.peer = None;
        access.role = None;
        access.length = None;
        access.user_agent = "a\nb";
        assert_eq!(
            access.line(),
            "unknownSocket - - [26/Jul/2021:01:56:38 -0500] \"GET /clients?id=eq.1 HTTP/1.1\" 200 - \"\" \"a?b\"\n"
        );
    }

    #[test]
    fn the_level_decides_by_status() {
        use LogLevel::{Crit, Debug, Error, Info, Warn};
        let logged =
            |status| [Crit, Error, Warn, Info, Debug].map(|level| is_logged(level, status));
        assert_eq!(logged(200), [false, false, false, true, true]);
        assert_eq!(logged(404), [false, false, true, true, true]);
        assert_eq!(logged(503), [false, true, true, true, true]);
    }
}
