//! Entries of `auth.audit_log_entries`, in GoTrue's form, written in the transaction they report.
//!
//! In: who did what, from where. Out: a [`Step`]. Actions and log types are GoTrue's.

use serde_json::json;
use uuid::Uuid;

use super::session::Peer;
use super::store::Step;

/// What was done; the second part is the kind of log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Login,
    Logout,
    UserSignedUp,
    UserInvited,
    UserDeleted,
    UserModified,
    UserRecoveryRequested,
    UserConfirmationRequested,
    UserRepeatedSignUp,
    UserReauthenticateRequested,
    UserUpdatedPassword,
    TokenRefreshed,
    TokenRevoked,
}

impl Action {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Login => ("login", "account"),
            Self::Logout => ("logout", "account"),
            Self::UserSignedUp => ("user_signedup", "team"),
            Self::UserInvited => ("user_invited", "team"),
            Self::UserRecoveryRequested => ("user_recovery_requested", "user"),
            Self::UserConfirmationRequested => ("user_confirmation_requested", "user"),
            Self::UserRepeatedSignUp => ("user_repeated_signup", "user"),
            Self::UserReauthenticateRequested => ("user_reauthenticate_requested", "user"),
            Self::UserDeleted => ("user_deleted", "team"),
            Self::UserModified => ("user_modified", "user"),
            Self::UserUpdatedPassword => ("user_updated_password", "user"),
            Self::TokenRefreshed => ("token_refreshed", "token"),
            Self::TokenRevoked => ("token_revoked", "token"),
        }
    }
}

/// Who acts: a user, or an administrator with the service key (nil id).
#[derive(Debug, Clone)]
pub struct Actor {
    pub id: Uuid,
    pub name: String,
}

impl Actor {
    /// The service key.
    pub fn service() -> Self {
        Self {
            id: Uuid::nil(),
            name: "service_role".to_owned(),
        }
    }
}

/// The entry. `target` is the user it happened to, when that is somebody else.
pub fn step(action: Action, actor: &Actor, target: Option<Uuid>, peer: &Peer) -> Step {
    let (action, log_type) = action.names();
    let mut payload = json!({
        "actor_id": actor.id,
        "actor_username": actor.name,
        "actor_via_sso": false,
        "action": action,
        "log_type": log_type,
    });
    if let Some(target) = target {
        payload["traits"] = json!({"user_id": target});
    }
    let ip = peer.ip.map_or_else(String::new, |ip| ip.to_string());
    Step::new(include_str!("sql/audit_insert.sql"))
        .bind(payload)
        .bind(ip)
}
