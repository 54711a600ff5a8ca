//! Changes of users: the statements of a sign-up, an update, a deletion.
//!
//! In: what a route decided. Out: [`Step`]s to be run in one transaction with whatever the route adds
//! (a session, an audit entry). Triggers of the application run inside, so that the user and, say, the
//! `sales` row come into being together or not at all.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::email::Email;
use super::store::Step;

/// A user that is about to be made.
pub struct NewUser {
    pub id: Uuid,
    pub email: Email,
    pub password_hash: String,
    pub aud: String,
    pub role: String,
    pub app_metadata: Map<String, Value>,
    pub user_metadata: Map<String, Value>,
    /// Merged into the user metadata after the insert.
    pub later_metadata: Map<String, Value>,
    /// Kept with the e-mail identity besides its fixed keys.
    pub identity_data: Map<String, Value>,
    pub banned_until: Option<DateTime<Utc>>,
    /// The address counts as confirmed; else a confirmation is asked for.
    pub confirmed: bool,
    /// Notes the time of the confirmation mail.
    pub confirmation_sent: bool,
}

impl std::fmt::Debug for NewUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewUser")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl NewUser {
    /// Insert, identity, then an update that merges metadata and confirms: triggers of applications
    /// wait for exactly this order.
    pub fn steps(&self) -> Vec<Step> {
        let mut identity = self.identity_data.clone();
        identity.extend(identity_keys(self.id, &self.email));
        let mut later = self.later_metadata.clone();
        if self.confirmed {
            later.insert("email_verified".to_owned(), true.into());
        }
        let mut steps = vec![
            Step::new(include_str!("sql/user_insert.sql"))
                .bind(self.id)
                .bind(self.aud.clone())
                .bind(self.role.clone())
                .bind(self.email.as_str().to_owned())
                .bind(self.password_hash.clone())
                .bind(Value::Object(self.app_metadata.clone()))
                .bind(Value::Object(self.user_metadata.clone()))
                .bind(self.banned_until)
                .bind(self.confirmation_sent),
            Step::new(include_str!("sql/identity_insert.sql"))
                .bind(self.id)
                .bind(Value::Object(identity)),
        ];
        if self.confirmed || !later.is_empty() {
            steps.push(
                Step::new(include_str!("sql/user_confirm.sql"))
                    .bind(self.id)
                    .bind(Value::Object(later))
                    .bind(self.confirmed),
            );
        }
        steps
    }
}

/// The keys that every e-mail identity has; they win over a user's own.
pub fn identity_keys(id: Uuid, email: &Email) -> Map<String, Value> {
    Map::from_iter([
        ("sub".to_owned(), Value::from(id.to_string())),
        ("email".to_owned(), Value::from(email.as_str())),
        ("email_verified".to_owned(), Value::from(false)),
        ("phone_verified".to_owned(), Value::from(false)),
    ])
}

/// `app_metadata` of a user who signs in by e-mail; `given` keys come after.
pub fn email_app_metadata(given: Map<String, Value>) -> Map<String, Value> {
    let mut metadata = Map::from_iter([
        ("provider".to_owned(), json!("email")),
        ("providers".to_owned(), json!(["email"])),
    ]);
    metadata.extend(given);
    metadata
}

/// What changes of a user; `None` and empty keep what is there.
#[derive(Default)]
pub struct UserChange {
    pub email: Option<Email>,
    pub password_hash: Option<String>,
    pub confirm_email: bool,
    pub role: Option<String>,
    pub aud: Option<String>,
    /// `Some(None)` lifts a ban.
    pub ban: Option<Option<DateTime<Utc>>>,
    pub user_metadata: Map<String, Value>,
    pub app_metadata: Map<String, Value>,
}

impl std::fmt::Debug for UserChange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("UserChange")
    }
}

impl UserChange {
    /// The update, and the identity's address with it.
    pub fn steps(self, id: Uuid) -> Vec<Step> {
        let mut user_metadata = self.user_metadata;
        if self.confirm_email {
            user_metadata.insert("email_verified".to_owned(), true.into());
        }
        let (user_merge, user_drop) = merge_and_drop(user_metadata);
        let (app_merge, app_drop) = merge_and_drop(self.app_metadata);
        let email = self.email.map(Email::into_string);
        let mut steps = vec![
            Step::new(include_str!("sql/user_update.sql"))
                .bind(id)
                .bind(email.clone())
                .bind(self.password_hash)
                .bind(self.confirm_email)
                .bind(self.role)
                .bind(self.aud)
                .bind(self.ban.is_some())
                .bind(self.ban.flatten())
                .bind(user_merge)
                .bind(user_drop)
                .bind(app_merge)
                .bind(app_drop),
        ];
        if let Some(email) = email {
            steps.push(
                Step::new(include_str!("sql/identity_email.sql"))
                    .bind(id)
                    .bind(email),
            );
        }
        steps
    }
}

/// A shallow merge: what to set, and which keys `null` removes.
fn merge_and_drop(change: Map<String, Value>) -> (Value, Vec<String>) {
    let (dropped, merged): (Vec<_>, Vec<_>) =
        change.into_iter().partition(|(_, value)| value.is_null());
    (
        Value::Object(merged.into_iter().collect()),
        dropped.into_iter().map(|(key, _)| key).collect(),
    )
}

/// Voids every one-time token of a user.
pub fn clear_token_steps(id: Uuid) -> [Step; 2] {
    [
        Step::new(include_str!("sql/user_clear_tokens.sql")).bind(id),
        Step::new("delete from auth.one_time_tokens where user_id = $1").bind(id),
    ]
}

/// Removes a user and, by cascades, all that is the user's.
pub fn delete_steps(id: Uuid) -> [Step; 2] {
    [
        Step::new("delete from auth.refresh_tokens where user_id = $1::uuid::text").bind(id),
        Step::new("delete from auth.users where id = $1 returning id").bind(id),
    ]
}

/// Makes a user unrecognisable and ends everything that could sign in.
pub fn soft_delete_steps(id: Uuid) -> Vec<Step> {
    vec![
        Step::new(include_str!("sql/user_soft_delete.sql")).bind(id),
        Step::new(include_str!("sql/identity_soft_delete.sql")).bind(id),
        Step::new("delete from auth.sessions where user_id = $1").bind(id),
        Step::new("delete from auth.mfa_factors where user_id = $1").bind(id),
        Step::new("delete from auth.one_time_tokens where user_id = $1").bind(id),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn null_drops_a_key_and_the_rest_is_merged() {
        let Value::Object(change) = json!({"a": 1, "b": null, "c": {"d": null}}) else {
            unreachable!()
        };
        let (merged, dropped) = merge_and_drop(change);
        assert_eq!(merged, json!({"a": 1, "c": {"d": null}}));
        assert_eq!(dropped, ["b"]);
    }

    #[test]
    fn fixed_identity_keys_and_given_app_metadata_win() {
        let email = Email::parse("a@b.c").unwrap();
        let keys = identity_keys(Uuid::nil(), &email);
        assert_eq!(keys["email"], "a@b.c");
        let given = Map::from_iter([
            ("provider".to_owned(), json!("x")),
            ("team".to_owned(), json!(1)),
        ]);
        let metadata = email_app_metadata(given);
        assert_eq!(metadata.keys().next().unwrap(), "provider");
        assert_eq!(
            (&metadata["provider"], &metadata["team"]),
            (&json!("x"), &json!(1))
        );
    }
}
