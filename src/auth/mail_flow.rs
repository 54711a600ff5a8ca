//! Flows that go through a mailbox: confirmation, invitation, recovery, magic link, change of address,
//! reauthentication.
//!
//! In: the user and where the link should lead. Out: an [`Outgoing`]: [`Step`]s for the route's
//! transaction, and letters to send once it is committed.
//!
//! A link is `<issuer>/verify?token=<hash>&type=<type>&redirect_to=<address>`.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value};
use url::Url;
use uuid::Uuid;

use super::error::Result;
use super::limits;
use super::one_time_token::{self, TokenKind};
use super::otp::Otp;
use super::pkce::Challenge;
use super::state::AuthState;
use super::store::{self, Step};
use super::user::User;
use crate::mail::{Letter, MailKind, Values};

/// Where the link of a mail leads in the end, and how.
#[derive(Debug, Clone)]
pub struct Target {
    /// Checked against the allow-list.
    pub redirect_to: String,
    /// PKCE's, when the client chose it.
    pub challenge: Option<Challenge>,
}

/// Who gets the mail.
#[derive(Debug, Clone)]
pub struct Recipient {
    pub id: Uuid,
    pub email: String,
    pub user_metadata: Map<String, Value>,
}

impl From<&User> for Recipient {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            email: user.email.clone(),
            user_metadata: user.user_metadata.clone(),
        }
    }
}

/// What a flow writes and sends.
#[derive(Debug, Default)]
pub struct Outgoing {
    pub steps: Vec<Step>,
    pub letters: Vec<Letter>,
    /// The token in it (of a change of address: the one for the new address).
    pub otp: Option<Otp>,
}

/// The flows with one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    SignUp,
    Invite,
    Recovery,
    MagicLink,
}

impl Flow {
    /// The `type` in links.
    pub fn link_type(self) -> &'static str {
        match self {
            Self::SignUp => "signup",
            Self::Invite => "invite",
            Self::Recovery => "recovery",
            Self::MagicLink => "magiclink",
        }
    }

    /// What a session that comes of it counts as proof.
    fn authentication_method(self) -> &'static str {
        match self {
            Self::SignUp => "email/signup",
            other => other.link_type(),
        }
    }

    fn token_kind(self) -> TokenKind {
        match self {
            Self::SignUp | Self::Invite => TokenKind::Confirmation,
            Self::Recovery | Self::MagicLink => TokenKind::Recovery,
        }
    }

    fn mail_kind(self) -> MailKind {
        match self {
            Self::SignUp => MailKind::Confirmation,
            Self::Invite => MailKind::Invite,
            Self::Recovery => MailKind::Recovery,
            Self::MagicLink => MailKind::MagicLink,
        }
    }
}

/// Where an invitation or a recovery leads when the client named no address: the static page of the CRM's
/// frontends that takes the tokens out of the address, in the application that `referer` tells of. A
/// template of the application's own appends that page by itself.
pub fn landing_page(state: &AuthState, flow: Flow, referer: Option<&str>) -> String {
    let mail = &state.settings.mail;
    let application = state.settings.redirects.application(referer);
    let is_own_template =
        mail.templates_dir.is_some() || mail.templates.contains_key(flow.link_type());
    if is_own_template {
        application
    } else {
        format!("{application}/auth-callback.html")
    }
}

/// One token, one mail.
pub fn start(state: &AuthState, flow: Flow, to: &Recipient, target: &Target) -> Outgoing {
    let is_pkce = target.challenge.is_some();
    let otp = Otp::generate(&to.email, state.settings.otp_length, is_pkce);
    let is_invitation = flow == Flow::Invite;
    let kind = flow.token_kind();
    let mut steps: Vec<Step> =
        one_time_token::store_steps(to.id, kind, &otp, &to.email, is_invitation).into();
    if let Some(challenge) = &target.challenge {
        steps.push(challenge.step(to.id, flow.authentication_method()));
    }
    let link = link(state, &otp.hash, flow.link_type(), &target.redirect_to);
    let letter = Letter {
        kind: flow.mail_kind(),
        to: to.email.clone(),
        values: values(state, to, &otp, link, target),
    };
    Outgoing {
        steps,
        letters: vec![letter],
        otp: Some(otp),
    }
}

/// A change of address: a token for the new one and, when the change is secure, one for the old one.
pub fn email_change(
    state: &AuthState,
    user: &Recipient,
    new_email: &str,
    target: &Target,
) -> Outgoing {
    let is_pkce = target.challenge.is_some();
    let digits = state.settings.otp_length;
    let for_new = Otp::generate(new_email, digits, is_pkce);
    let asks_old = state.settings.secure_email_change && !user.email.is_empty();
    let for_old = asks_old.then(|| Otp::generate(&user.email, digits, is_pkce));
    let mut steps = vec![
        Step::new(include_str!("sql/user_email_change.sql"))
            .bind(user.id)
            .bind(new_email.to_owned())
            .bind(Some(for_new.hash.clone()))
            .bind(Some(
                for_old
                    .as_ref()
                    .map_or_else(String::new, |otp| otp.hash.clone()),
            )),
        one_time_token::one_time_token_step(
            user.id,
            TokenKind::EmailChangeNew,
            &for_new,
            new_email,
        ),
    ];
    if let Some(otp) = &for_old {
        let kind = TokenKind::EmailChangeCurrent;
        steps.push(one_time_token::one_time_token_step(
            user.id,
            kind,
            otp,
            &user.email,
        ));
    }
    if let Some(challenge) = &target.challenge {
        steps.push(challenge.step(user.id, "email_change"));
    }
    let letter = |to: &str, otp: &Otp| {
        let link = link(state, &otp.hash, "email_change", &target.redirect_to);
        let mut values = values(state, user, otp, link, target);
        values.new_email = new_email.to_owned();
        values.sending_to = to.to_owned();
        Letter {
            kind: MailKind::EmailChange,
            to: to.to_owned(),
            values,
        }
    };
    let mut letters = vec![letter(new_email, &for_new)];
    letters.extend(for_old.as_ref().map(|otp| letter(&user.email, otp)));
    Outgoing {
        steps,
        letters,
        otp: Some(for_new),
    }
}

/// A code that confirms who is at the keyboard; no link.
pub fn reauthentication(state: &AuthState, user: &Recipient) -> Outgoing {
    let otp = Otp::generate(&user.email, state.settings.otp_length, false);
    let kind = TokenKind::Reauthentication;
    let target = Target {
        redirect_to: String::new(),
        challenge: None,
    };
    let letter = Letter {
        kind: MailKind::Reauthentication,
        to: user.email.clone(),
        values: values(state, user, &otp, String::new(), &target),
    };
    Outgoing {
        steps: one_time_token::store_steps(user.id, kind, &otp, &user.email, false).into(),
        letters: vec![letter],
        otp: Some(otp),
    }
}

impl Outgoing {
    /// Commits the steps (and `more`) and sends the mails.
    ///
    /// # Errors
    /// Of the database, described by `doing`; of the mailer.
    pub async fn go(
        mut self,
        state: &AuthState,
        client: &deadpool_postgres::Client,
        doing: &str,
        more: Vec<Step>,
    ) -> Result<()> {
        self.steps.extend(more);
        store::transact(client, doing, &self.steps).await?;
        self.send(state).await
    }

    /// Sends the mails of a flow whose steps are committed.
    ///
    /// # Errors
    /// Of the mailer.
    pub async fn send(&self, state: &AuthState) -> Result<()> {
        for letter in &self.letters {
            state.send(letter).await?;
        }
        Ok(())
    }
}

/// The link of a mail.
pub fn link(state: &AuthState, hash: &str, link_type: &str, redirect_to: &str) -> String {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("token", hash)
        .append_pair("type", link_type)
        .append_pair("redirect_to", redirect_to)
        .finish();
    format!("{}/verify?{query}", state.settings.issuer)
}

fn values(
    state: &AuthState,
    to: &Recipient,
    otp: &Otp,
    confirmation_url: String,
    target: &Target,
) -> Values {
    Values {
        confirmation_url,
        token: otp.code.clone(),
        token_hash: otp.hash.clone(),
        site_url: state.settings.redirects.site().to_owned(),
        redirect_to: target.redirect_to.clone(),
        email: to.email.clone(),
        new_email: String::new(),
        sending_to: to.email.clone(),
        data: to.user_metadata.clone(),
    }
}

/// Whether the last mail of a kind is long enough ago.
///
/// # Errors
/// 429 `over_email_send_rate_limit`.
pub fn check_interval(state: &AuthState, sent_at: Option<DateTime<Utc>>) -> Result<()> {
    let Some(sent_at) = sent_at else {
        return Ok(());
    };
    let interval_s = i64::try_from(state.settings.mail.interval_s).unwrap_or(i64::MAX);
    let again = TimeDelta::try_seconds(interval_s)
        .and_then(|interval| sent_at.checked_add_signed(interval))
        .unwrap_or(DateTime::<Utc>::MAX_UTC);
    let wait_ms = again.signed_duration_since(Utc::now()).num_milliseconds();
    match u64::try_from(wait_ms) {
        Ok(wait_ms) if wait_ms > 0 => Err(limits::too_soon(wait_ms.div_ceil(1000))),
        _ => Ok(()),
    }
}

/// `redirect_to` with these pairs after its `?`.
pub fn with_query(url: &str, pairs: &[(&str, &str)]) -> String {
    match Url::parse(url) {
        Ok(mut parsed) => {
            parsed.query_pairs_mut().extend_pairs(pairs);
            parsed.into()
        }
        Err(_) => url.to_owned(),
    }
}

/// `redirect_to` with these pairs after its `#`.
pub fn with_fragment(url: &str, pairs: &[(&str, &str)]) -> String {
    let fragment = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish();
    format!("{url}#{fragment}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_encoded_where_they_go() {
        let pairs = [("code", "a b&c"), ("x", "1")];
        assert_eq!(
            with_query("https://crm.example/?a=1#/route", &pairs),
            "https://crm.example/?a=1&code=a+b%26c&x=1#/route"
        );
        assert_eq!(
            with_fragment("https://crm.example/", &pairs),
            "https://crm.example/#code=a+b%26c&x=1"
        );
    }
}
