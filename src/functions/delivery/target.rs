//! Where a queued request goes: to a function of this server, or out.
//!
//! Triggers work the address out from the issuer of the caller's token, with loopback names replaced by
//! the one that containers use for their host. All of these are this server when they name a function.

use url::Url;

use crate::outbound;

/// The receiver of a queued request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    Own { function: String },
    Foreign(Url),
}

/// Names under which a local Supabase's gateway is reached.
const LOCAL_NAMES: &[&str] = &[
    "localhost",
    "127.0.0.1",
    "[::1]",
    "host.docker.internal",
    "kong",
];

/// Reads the address.
///
/// # Errors
/// Why it is not called, as a text for the log.
pub(super) fn parse(address: &str, public_url: &str) -> Result<Target, String> {
    // A server that was not told its public address issues tokens without one.
    if let Some(function) = function_of(address) {
        return Ok(Target::Own { function });
    }
    let url = Url::parse(address).map_err(|error| error.to_string())?;
    if let Some(function) = own_function(&url, public_url) {
        return Ok(Target::Own { function });
    }
    outbound::check_url(&url).map_err(|refusal| refusal.to_string())?;
    Ok(Target::Foreign(url))
}

fn own_function(url: &Url, public_url: &str) -> Option<String> {
    let function = function_of(url.path())?;
    let host = url.host_str()?;
    let is_public_url = Url::parse(public_url).is_ok_and(|ours| {
        ours.host_str() == Some(host) && ours.port_or_known_default() == url.port_or_known_default()
    });
    (is_public_url || LOCAL_NAMES.contains(&host)).then_some(function)
}

fn function_of(path: &str) -> Option<String> {
    let rest = path.strip_prefix("/functions/v1/")?;
    let name = rest.split(['/', '?', '#']).next()?;
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUBLIC: &str = "https://crm.example.com";

    #[test]
    fn our_functions_are_known_by_every_name_of_ours() {
        for address in [
            "https://crm.example.com/functions/v1/merge",
            "http://host.docker.internal:54321/functions/v1/merge",
            "http://127.0.0.1:9/functions/v1/merge/",
            "http://kong:8000/functions/v1/merge?x=1",
            "/functions/v1/merge?x=1",
        ] {
            let function = "merge".to_owned();
            assert_eq!(
                parse(address, PUBLIC),
                Ok(Target::Own { function }),
                "{address}"
            );
        }
    }

    #[test]
    fn others_go_out_unless_they_are_not_public() {
        for address in [
            "https://hooks.example.org/functions/v1/merge",
            "https://crm.example.com:444/functions/v1/merge",
            "https://crm.example.com/rest/v1/x",
        ] {
            assert!(
                matches!(parse(address, PUBLIC), Ok(Target::Foreign(_))),
                "{address}"
            );
        }
        for address in [
            "http://127.0.0.1:9/rest/v1/x",
            "http://169.254.169.254/latest/meta-data",
            "ftp://example.com/",
            "not an address",
        ] {
            assert!(parse(address, "").is_err(), "{address}");
        }
    }
}
