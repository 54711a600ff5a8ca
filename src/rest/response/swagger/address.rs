//! Where clients reach the API: the proxy's address if one is configured, else the listener's.
//!
//! Source: <https://docs.postgrest.org/en/stable/references/configuration.html#openapi-server-proxy-uri>.

use url::Url;

use crate::config::ServerConfig;

/// Parts of a base URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// `http` or `https`.
    pub scheme: &'static str,
    pub host: String,
    pub port: u16,
    /// Starts with a slash.
    pub path: String,
}

/// The address of a well-formed proxy URI, or of the server.
pub(super) fn address(proxy_uri: Option<&str>, server: &ServerConfig) -> Address {
    proxy_uri.and_then(proxy).unwrap_or_else(|| Address {
        scheme: "http",
        host: match server.host.as_str() {
            "*" | "*4" | "!4" | "*6" | "!6" => "0.0.0.0".to_owned(),
            host => host.to_owned(),
        },
        port: server.port,
        path: "/".to_owned(),
    })
}

fn proxy(uri: &str) -> Option<Address> {
    let url = Url::parse(uri).ok()?;
    let (scheme, default_port) = match url.scheme() {
        "http" => ("http", 80),
        "https" => ("https", 443),
        _ => return None,
    };
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let port = url.port().unwrap_or(default_port);
    (is_plain && port != 0).then_some(Address {
        scheme,
        host: url.host_str()?.to_owned(),
        port,
        path: url.path().to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(uri: Option<&str>) -> (&'static str, String, String) {
        let server = ServerConfig {
            host: "!4".into(),
            port: 3000,
            ..ServerConfig::default()
        };
        let Address {
            scheme,
            host,
            port,
            path,
        } = address(uri, &server);
        (scheme, format!("{host}:{port}"), path)
    }

    #[test]
    fn without_proxy_it_is_the_listener() {
        assert_eq!(of(None), ("http", "0.0.0.0:3000".into(), "/".into()));
    }

    #[test]
    fn the_proxy_replaces_it() {
        assert_eq!(
            of(Some("https://postgrest.com/openapi.json")),
            ("https", "postgrest.com:443".into(), "/openapi.json".into())
        );
        assert_eq!(
            of(Some("http://api.example.com:8080")),
            ("http", "api.example.com:8080".into(), "/".into())
        );
    }

    #[test]
    fn a_malformed_proxy_is_ignored() {
        for uri in [
            "postgrest.com",
            "ftp://a.b",
            "http://user@a.b",
            "http://a.b/?x=1",
            "http://a.b:0",
            "http://a.b:65536",
        ] {
            assert_eq!(of(Some(uri)).0, "http", "{uri}");
            assert_eq!(of(Some(uri)).1, "0.0.0.0:3000", "{uri}");
        }
    }
}
