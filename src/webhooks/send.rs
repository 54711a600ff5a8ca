//! One attempt: a signed POST request and what the receiver answered.
//!
//! In: an address, headers, a body. Out: an [`Answer`]; never an error, since all that can go wrong is one.
//! The client follows no redirects and reaches public addresses only unless configured otherwise
//! ([`crate::outbound`]); whole attempts end with the timeout.

use std::error::Error;
use std::time::{Duration, SystemTime};

use url::Url;

use super::retry::{Answer, retry_after};
use crate::config::WebhookConfig;
use crate::outbound::{self, Reach};

/// How much of an answer's body is read, so that the connection can be used again.
const MAX_ANSWER_BYTES: usize = 16 * 1024;
/// Time for an answer's body after its head.
const REST: Duration = Duration::from_millis(500);

/// Makes attempts.
#[derive(Debug, Clone)]
pub struct Sender {
    client: reqwest::Client,
    reach: Reach,
    timeout: Duration,
}

impl Sender {
    /// A client with the configured reach and timeout.
    ///
    /// # Errors
    /// When the system's certificates cannot be used.
    pub fn new(config: &WebhookConfig) -> Result<Self, reqwest::Error> {
        Ok(Self {
            client: outbound::client_within(config.reach)?,
            reach: config.reach,
            timeout: Duration::from_millis(config.timeout_ms),
        })
    }

    /// Longest time that an attempt takes.
    pub fn longest(&self) -> Duration {
        self.timeout + REST
    }

    /// Whether an address may be called, as far as it can be told without resolving its name.
    ///
    /// # Errors
    /// Why not, for the person who entered it.
    pub fn check(&self, url: &Url) -> Result<(), outbound::Refusal> {
        outbound::check_url_within(url, self.reach)
    }

    /// Makes one attempt.
    pub async fn send(
        &self,
        url: &str,
        headers: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Answer {
        let Ok(url) = Url::parse(url) else {
            return failed("not an address");
        };
        if let Err(refusal) = self.check(&url) {
            return failed(refusal.to_string());
        }
        let mut post = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .body(body);
        for (name, value) in headers {
            post = post.header(*name, value);
        }
        let response = match tokio::time::timeout(self.timeout, post.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return failed(innermost(&error.without_url())),
            Err(_) => return failed(format!("no answer in {} ms", self.timeout.as_millis())),
        };
        let wanted = response.headers().get("retry-after");
        let answer = Answer {
            status: Some(response.status().as_u16()),
            error: None,
            retry_after: wanted
                .and_then(|value| value.to_str().ok())
                .and_then(|text| retry_after(text, SystemTime::now())),
        };
        // The status decides; a body that does not come costs only the connection.
        let _ = tokio::time::timeout(REST, drain(response)).await;
        answer
    }
}

async fn drain(mut response: reqwest::Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = response.chunk().await {
        read += chunk.len();
        if read > MAX_ANSWER_BYTES {
            return;
        }
    }
}

fn failed(reason: impl Into<String>) -> Answer {
    Answer {
        status: None,
        error: Some(reason.into()),
        retry_after: None,
    }
}

/// The cause at the bottom, which is what an operator needs: "connection refused", not "error sending".
fn innermost(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
