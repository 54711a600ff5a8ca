//! Mails: what is in them and where they go.
//!
//! In: a [`Letter`] (kind, receiver, values). Out: a mail in two alternatives (text and HTML), given to
//! an SMTP server or written to a folder. An SMTP server that does not answer is tried again in the
//! background, so that a sign-up does not fail with it.
//!
//! ```text
//! Letter -> template (go_template: Supabase's placeholders) -> Mail -> transport (SMTP | folder)
//! ```
//!
//! Source: <https://supabase.com/docs/guides/auth/auth-email-templates>.

pub mod folder;
mod go_template;
mod template;
mod transport;

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::MailConfig;
use template::Templates;
pub use template::escape;
use transport::Transport;

/// The mails there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MailKind {
    Confirmation,
    Invite,
    Recovery,
    MagicLink,
    EmailChange,
    Reauthentication,
}

impl MailKind {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Confirmation,
        Self::Invite,
        Self::Recovery,
        Self::MagicLink,
        Self::EmailChange,
        Self::Reauthentication,
    ];

    /// Name of the template, as in Supabase's `config.toml`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Confirmation => "confirmation",
            Self::Invite => "invite",
            Self::Recovery => "recovery",
            Self::MagicLink => "magic_link",
            Self::EmailChange => "email_change",
            Self::Reauthentication => "reauthentication",
        }
    }
}

/// What a template may show, by the names of Supabase's placeholders.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Values {
    #[serde(rename = "ConfirmationURL")]
    pub confirmation_url: String,
    /// The code in digits.
    pub token: String,
    pub token_hash: String,
    #[serde(rename = "SiteURL")]
    pub site_url: String,
    pub redirect_to: String,
    pub email: String,
    pub new_email: String,
    pub sending_to: String,
    /// The user's metadata.
    pub data: Map<String, Value>,
}

/// A mail that should be sent.
#[derive(Debug, Clone)]
pub struct Letter {
    pub kind: MailKind,
    pub to: String,
    pub values: Values,
}

/// A mail as it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    pub kind: MailKind,
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The link and the code in it; empty when it has none. For people who look into the folder.
    pub link: String,
    pub code: String,
}

/// Why mails cannot be sent as configured.
#[derive(Debug, thiserror::Error)]
pub enum MailFault {
    /// The sender is no address.
    #[error("mail-from: {0}")]
    From(String),
    /// A template cannot be read or parsed.
    #[error("mail template {name}: {reason}")]
    Template { name: String, reason: String },
    /// The connection cannot be set up.
    #[error("smtp-host: {0}")]
    Smtp(String),
    /// There is neither a server nor a folder.
    #[error("no mail server is configured (smtp-host)")]
    NoTransport,
    /// The folder cannot be written.
    #[error("mail-folder {path}: {reason}")]
    Folder { path: String, reason: String },
    /// The receiver is no address.
    #[error("the receiver's address cannot be written to")]
    Receiver,
}

/// Renders and sends. Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    inner: Arc<Inner>,
}

struct Inner {
    templates: Templates,
    transport: Transport,
}

impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mailer").finish_non_exhaustive()
    }
}

impl Mailer {
    /// Reads templates and prepares the connection; nothing is sent.
    ///
    /// # Errors
    /// A template, the sender or the server's name that cannot be used.
    pub fn new(config: &MailConfig) -> Result<Self, MailFault> {
        let inner = Inner {
            templates: Templates::load(config)?,
            transport: Transport::new(config)?,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// False when there is nowhere to send mails to.
    pub fn can_send(&self) -> bool {
        !matches!(self.inner.transport, Transport::Nowhere)
    }

    /// The mail of a letter.
    pub fn render(&self, letter: &Letter) -> Mail {
        self.inner.templates.render(letter)
    }

    /// Sends: to a folder at once, to a server in the background, with repetitions.
    ///
    /// # Errors
    /// There is nowhere to send it to, or the folder cannot be written.
    pub async fn send(&self, letter: &Letter) -> Result<(), MailFault> {
        self.inner.transport.send(self.render(letter)).await
    }
}
