//! Whether the running server sends a browser from an old address to the new one.

use std::time::Duration;

use super::{Answer, Options, Readiness};

/// Asks `GET <server>/deals/1?a=b` as a browser does. Expected: 308 to `/opportunities/1?a=b`.
pub(super) async fn ask(options: &Options) -> Answer {
    let Some(server) = &options.api_url else {
        return if options.without_api {
            (Readiness::LeftOut, "left out on request".into())
        } else {
            (
                Readiness::NotReady,
                "no server was named: --api-url, or --without-api to leave it out".into(),
            )
        };
    };
    match redirect(server).await {
        Ok((308, location)) if location.ends_with("/opportunities/1?a=b") => {
            (Readiness::Ready, format!("308 to {location}"))
        }
        Ok((status, location)) => (
            Readiness::NotReady,
            format!("expected 308 to /opportunities/1?a=b, found {status} {location}"),
        ),
        Err(error) => (Readiness::NotReady, error),
    }
}

async fn redirect(server: &str) -> Result<(u16, String), String> {
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .map_err(|e| e.to_string())?;
    let answer = client
        .get(format!("{}/deals/1?a=b", server.trim_end_matches('/')))
        .header("Accept", "text/html")
        .send()
        .await
        .map_err(|e| format!("the server does not answer: {}", e.without_url()))?;
    let location = answer
        .headers()
        .get("location")
        .and_then(|value| value.to_str().ok());
    Ok((
        answer.status().as_u16(),
        location.unwrap_or_default().to_owned(),
    ))
}
