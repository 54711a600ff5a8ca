//! The CRM profile's part of the configuration: public address, API keys, auth, mails, limits.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

use crate::outbound::Reach;

/// Public address, API keys, auth.
#[derive(Clone, PartialEq)]
pub struct CrmConfig {
    /// Address that clients use, without a trailing slash; the token issuer is `<public_url>/auth/v1`.
    /// Empty: the address that the server listens on.
    pub public_url: String,
    /// Where mails and redirects lead by default.
    pub site_url: String,
    /// Further addresses that redirects may lead to; `*` stops at `.` and `/`, `**` does not.
    pub redirect_urls: Vec<String>,
    /// Opaque keys (`sb_publishable_…`): role `anon`.
    pub publishable_keys: Vec<String>,
    /// Opaque keys (`sb_secret_…`): role `service_role`.
    pub secret_keys: Vec<String>,
    /// JSON array of JWKs: the first private one signs access tokens, all verify them.
    pub signing_keys: Option<String>,
    /// Lifetime of an access token.
    pub access_token_ttl_s: u64,
    /// New users are confirmed at once.
    pub mailer_autoconfirm: bool,
    pub signup_disabled: bool,
    pub password_min_length: usize,
    /// Seconds during which a rotated refresh token may be used again.
    pub refresh_token_reuse_interval_s: u64,
    /// Lifetime of mailed links and codes.
    pub otp_ttl_s: u64,
    /// Digits of a mailed code.
    pub otp_length: usize,
    /// A new address is confirmed at the old one as well.
    pub secure_email_change: bool,
    /// A new password needs a mailed code when the session is older than a day.
    pub secure_password_change: bool,
    /// A mailed link opens a page with a button instead of acting at once.
    pub verify_page: bool,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpAddr>,
    pub mail: MailConfig,
    pub rate_limits: RateLimits,
    pub postmark: PostmarkConfig,
    pub webhooks: WebhookConfig,
}

impl Default for CrmConfig {
    fn default() -> Self {
        Self {
            public_url: String::new(),
            site_url: "http://localhost:5173".into(),
            redirect_urls: Vec::new(),
            publishable_keys: Vec::new(),
            secret_keys: Vec::new(),
            signing_keys: None,
            access_token_ttl_s: 3600,
            mailer_autoconfirm: false,
            signup_disabled: false,
            password_min_length: 6,
            refresh_token_reuse_interval_s: 10,
            otp_ttl_s: 3600,
            otp_length: 6,
            secure_email_change: true,
            secure_password_change: false,
            verify_page: false,
            trusted_proxies: Vec::new(),
            mail: MailConfig::default(),
            rate_limits: RateLimits::default(),
            postmark: PostmarkConfig::default(),
            webhooks: WebhookConfig::default(),
        }
    }
}

impl fmt::Debug for CrmConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrmConfig")
            .field("public_url", &self.public_url)
            .field("site_url", &self.site_url)
            .finish_non_exhaustive()
    }
}

/// How a connection to the SMTP server is secured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SmtpTls {
    /// Upgraded by STARTTLS before anything is said.
    StartTls,
    /// TLS from the first byte (port 465).
    Implicit,
    /// Not at all: only for a server on this machine.
    None,
}

/// A mail's subject and body, where they replace the embedded ones.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MailTemplate {
    pub subject: Option<String>,
    /// HTML with Go's placeholders, `{{ .ConfirmationURL }}`.
    pub body: Option<String>,
}

/// Where mails go and what is in them.
#[derive(Clone, PartialEq)]
pub struct MailConfig {
    /// Not set: mails are written to `folder`.
    pub smtp_host: Option<String>,
    /// Not set: 465 with implicit TLS, else 587.
    pub smtp_port: Option<u16>,
    pub smtp_user: Option<String>,
    pub smtp_password: Option<String>,
    /// Not set: implicit for port 465, else STARTTLS.
    pub smtp_tls: Option<SmtpTls>,
    /// `Name <address>`.
    pub from: String,
    /// Mails are written here instead of being sent.
    pub folder: Option<PathBuf>,
    /// Folder with `confirmation.html`, `invite.html`, …
    pub templates_dir: Option<PathBuf>,
    /// By kind (`confirmation`, `invite`, …); these win over the folder's.
    pub templates: BTreeMap<String, MailTemplate>,
    /// Shortest time between two mails of a kind to one user.
    pub interval_s: u64,
}

impl Default for MailConfig {
    fn default() -> Self {
        Self {
            smtp_host: None,
            smtp_port: None,
            smtp_user: None,
            smtp_password: None,
            smtp_tls: None,
            from: "CRM <noreply@localhost>".into(),
            folder: None,
            templates_dir: None,
            templates: BTreeMap::new(),
            interval_s: 60,
        }
    }
}

impl fmt::Debug for MailConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MailConfig")
            .field("smtp_host", &self.smtp_host)
            .field("from", &self.from)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// Requests per client address that `/auth/v1` takes before it answers 429; 0 switches a limit off.
/// Each is the size of a bucket that refills evenly over five minutes (mails: over an hour).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimits {
    /// `/token`.
    pub token: u32,
    /// `/verify`.
    pub verify: u32,
    /// Each of `/signup`, `/recover`, `/resend`, `/otp`, `PUT /user`.
    pub sign_up: u32,
    /// Failed sign-ins, per client address and per user.
    pub failures: u32,
    /// Requests for a mail, from everybody together, per hour.
    pub mails: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            token: 150,
            verify: 30,
            sign_up: 30,
            failures: 30,
            mails: 30,
        }
    }
}

/// How events are delivered to those who subscribed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookConfig {
    /// Where deliveries may go.
    pub reach: Reach,
    /// Longest that one attempt may take.
    pub timeout_ms: u64,
    /// Attempts of one delivery before it is given up; at least 1.
    pub max_attempts: u16,
    /// Pause after the first failure; each further one is three times as long, with jitter.
    pub first_delay_ms: u64,
    /// Longest pause, before jitter.
    pub longest_delay_s: u64,
    /// Attempts that one process makes at the same time.
    pub concurrency: usize,
    /// An endpoint that failed for this long without a success is disabled; 0: never.
    pub disable_after_hours: u32,
    /// Days that delivered rows are kept for the log.
    pub retention_days: u32,
    /// Days that given-up rows are kept for a replay.
    pub dead_letter_days: u32,
}

impl Default for WebhookConfig {
    fn default() -> Self {
        Self {
            reach: Reach::Public,
            timeout_ms: 5000,
            max_attempts: 12,
            first_delay_ms: 1000,
            longest_delay_s: 6 * 3600,
            concurrency: 64,
            disable_after_hours: 120,
            retention_days: 7,
            dead_letter_days: 90,
        }
    }
}

/// Inbound mail through Postmark's webhook. Without user, password and addresses nobody gets in.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct PostmarkConfig {
    pub user: Option<String>,
    pub password: Option<String>,
    /// Addresses that the webhook may come from.
    pub authorized_ips: Vec<String>,
    /// The CRM's own address; a mail to it alone is a forwarded one.
    pub inbound_address: Option<String>,
}

impl fmt::Debug for PostmarkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostmarkConfig")
            .field("authorized_ips", &self.authorized_ips)
            .field("inbound_address", &self.inbound_address)
            .finish_non_exhaustive()
    }
}
