//! Where a finished mail goes: an SMTP server or a folder.
//!
//! In: a [`Mail`]. Out: nothing; what the server replied is in the log. Sources: RFC 5321, RFC 8314.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use tokio::sync::Semaphore;

use super::{Mail, MailFault, folder};
use crate::config::{MailConfig, SmtpTls};

/// Connections to the server at one time.
const MAX_CONNECTIONS: usize = 4;
const TIMEOUT: Duration = Duration::from_secs(30);
/// A mail is tried this many times again, after 2, 8, 32, … seconds.
const MAX_REPETITIONS: usize = 5;

/// Where mails go.
pub(super) enum Transport {
    Smtp(Smtp),
    Folder { path: PathBuf, from: Mailbox },
    Nowhere,
}

/// A server, contacted for each mail anew.
#[derive(Clone)]
pub(super) struct Smtp {
    client: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    connections: Arc<Semaphore>,
}

impl Transport {
    pub(super) fn new(config: &MailConfig) -> Result<Self, MailFault> {
        let from: Mailbox = config
            .from
            .parse()
            .map_err(|error| MailFault::From(format!("{error}: {:?}", config.from)))?;
        if let Some(host) = &config.smtp_host {
            return Ok(Self::Smtp(Smtp::new(host, config, from)?));
        }
        match &config.folder {
            None => Ok(Self::Nowhere),
            Some(path) => {
                std::fs::create_dir_all(path).map_err(|error| MailFault::Folder {
                    path: path.display().to_string(),
                    reason: error.to_string(),
                })?;
                Ok(Self::Folder {
                    path: path.clone(),
                    from,
                })
            }
        }
    }

    pub(super) async fn send(&self, mail: Mail) -> Result<(), MailFault> {
        match self {
            Self::Nowhere => Err(MailFault::NoTransport),
            Self::Folder { path, from } => {
                let message = message(&mail, from)?;
                folder::write(path, &mail, &message.formatted()).await
            }
            Self::Smtp(smtp) => {
                let message = message(&mail, &smtp.from)?;
                tokio::spawn(smtp.clone().deliver(message, mail.kind.name()));
                Ok(())
            }
        }
    }
}

impl Smtp {
    fn new(host: &str, config: &MailConfig, from: Mailbox) -> Result<Self, MailFault> {
        let fault = |error: lettre::transport::smtp::Error| MailFault::Smtp(error.to_string());
        let tls = config.smtp_tls.unwrap_or(match config.smtp_port {
            Some(465) => SmtpTls::Implicit,
            _ => SmtpTls::StartTls,
        });
        let parameters = || TlsParameters::new(host.to_owned()).map_err(fault);
        let (port, tls) = match tls {
            SmtpTls::StartTls => (587, Tls::Required(parameters()?)),
            SmtpTls::Implicit => (465, Tls::Wrapper(parameters()?)),
            SmtpTls::None => (587, Tls::None),
        };
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(config.smtp_port.unwrap_or(port))
            .tls(tls)
            .timeout(Some(TIMEOUT));
        if let Some(user) = &config.smtp_user {
            let password = config.smtp_password.clone().unwrap_or_default();
            builder = builder.credentials(Credentials::new(user.clone(), password));
        }
        Ok(Self {
            client: builder.build(),
            from,
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
        })
    }

    /// Tries until it is delivered, refused for good, or given up. The log has the server's reply.
    async fn deliver(self, message: Message, kind: &'static str) {
        let attempt = || async {
            let _permit = self.connections.acquire().await;
            self.client.send(message.clone()).await
        };
        let delays = ExponentialBuilder::default()
            .with_min_delay(Duration::from_secs(2))
            .with_factor(4.0)
            .with_max_times(MAX_REPETITIONS);
        let sent = attempt
            .retry(delays)
            .when(|error| !error.is_permanent())
            .notify(|error, delay| {
                let delay_s = delay.as_secs();
                tracing::warn!(%error, kind, delay_s, "mail: not sent, trying again");
            })
            .await;
        match sent {
            Ok(_) => tracing::info!(kind, "mail: sent"),
            Err(error) => tracing::error!(%error, kind, "mail: given up"),
        }
    }
}

fn message(mail: &Mail, from: &Mailbox) -> Result<Message, MailFault> {
    let to: Mailbox = mail.to.parse().map_err(|_| MailFault::Receiver)?;
    Message::builder()
        .from(from.clone())
        .to(to)
        .subject(mail.subject.clone())
        .multipart(MultiPart::alternative_plain_html(
            mail.text.clone(),
            mail.html.clone(),
        ))
        .map_err(|_| MailFault::Receiver)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mail::MailKind;

    fn mail(to: &str, subject: &str) -> Mail {
        Mail {
            kind: MailKind::Recovery,
            to: to.into(),
            subject: subject.into(),
            text: "text".into(),
            html: "<p>html</p>".into(),
            link: String::new(),
            code: String::new(),
        }
    }

    #[test]
    fn headers_cannot_be_injected() {
        let from: Mailbox = "CRM <a@example.com>".parse().unwrap();
        let sent = message(&mail("b@example.com", "x\r\nBcc: evil@example.com"), &from).unwrap();
        let text = String::from_utf8(sent.formatted()).unwrap();
        assert!(!text.contains("\nBcc:"), "{text}");
        assert!(message(&mail("b@example.com\r\nBcc: c@example.com", "x"), &from).is_err());
    }

    #[test]
    fn ports_follow_the_kind_of_tls() {
        let config = |port, tls| MailConfig {
            smtp_host: Some("mail.example.com".into()),
            smtp_port: port,
            smtp_tls: tls,
            ..MailConfig::default()
        };
        for (port, tls) in [
            (None, None),
            (Some(465), None),
            (Some(25), Some(SmtpTls::None)),
        ] {
            assert!(matches!(
                Transport::new(&config(port, tls)),
                Ok(Transport::Smtp(_))
            ));
        }
        let nowhere = Transport::new(&MailConfig::default());
        assert!(matches!(nowhere, Ok(Transport::Nowhere)));
        let bad = MailConfig {
            from: "nobody".into(),
            ..MailConfig::default()
        };
        assert!(matches!(Transport::new(&bad), Err(MailFault::From(_))));
    }
}
