//! `/auth/v1` in the document: GoTrue's operations that this server has.
//!
//! Source: <https://supabase.com/docs/reference/self-hosting-auth/introduction>.

use serde_json::{Map, Value, json};

use super::operation::Access::{Key, Open, Service, User};
use super::operation::{Operation as Op, list, object, schema, text};

const FAULT: &str = "AuthFault";

/// Adds the operations.
pub fn add(paths: &mut Map<String, Value>) {
    sessions(paths);
    mails(paths);
    facts(paths);
    administration(paths);
}

fn data() -> Value {
    json!({"type": "object", "description": "Metadata of the user, merged into what is there"})
}

fn sessions(paths: &mut Map<String, Value>) {
    let tag = "auth";
    let token = "/auth/v1/token";
    Op::new("post", "/auth/v1/signup", "sign_up", "Creates a user with e-mail address and password.")
        .about("Answers with a session where new users are confirmed at once, else with the user.")
        .json(
            object(&[("email!", text()), ("password!", text()), ("data", data())]),
            json!({"email": "new@example.com", "password": "correct-horse-1", "data": {"first_name": "Nina", "last_name": "New"}}),
        )
        .answers(200, "The session or the user", json!({"anyOf": [schema("Session"), schema("User")]}))
        .into(paths, tag, Key, FAULT);
    Op::new("post", token, "create_token", "Signs in, or renews a session.")
        .about(
            "`grant_type=password` takes `email` and `password`, `refresh_token` takes `refresh_token`, \
             `pkce` takes `auth_code` and `code_verifier`.",
        )
        .query(
            "grant_type",
            "How the caller proves who they are",
            json!({"type": "string", "enum": ["password", "refresh_token", "pkce"]}),
            "password".into(),
        )
        .required()
        .json(
            object(&[
                ("email", text()),
                ("password", text()),
                ("refresh_token", text()),
                ("auth_code", text()),
                ("code_verifier", text()),
            ]),
            json!({"email": "admin@example.com", "password": "Passw0rd!"}),
        )
        .answers(200, "The session", schema("Session"))
        .into(paths, tag, Key, FAULT);
    Op::new(
        "get",
        "/auth/v1/user",
        "read_user",
        "Returns the user of the token.",
    )
    .answers(200, "The user", schema("User"))
    .into(paths, tag, User, FAULT);
    Op::new("put", "/auth/v1/user", "update_user", "Changes the user of the token.")
        .about("A new address takes effect when it is confirmed by mail; a new password ends all other sessions.")
        .json(
            object(&[("email", text()), ("password", text()), ("nonce", text()), ("data", data())]),
            json!({"data": {"theme": "dark"}}),
        )
        .answers(200, "The user", schema("User"))
        .into(paths, tag, User, FAULT);
    Op::new(
        "post",
        "/auth/v1/logout",
        "sign_out",
        "Ends sessions of the user.",
    )
    .query(
        "scope",
        "Which sessions: all, this one, all but this one",
        json!({"type": "string", "enum": ["global", "local", "others"]}),
        "others".into(),
    )
    .empty(204, "Ended")
    .into(paths, tag, User, FAULT);
}

fn mails(paths: &mut Map<String, Value>) {
    let tag = "auth";
    let email = || object(&[("email!", text())]);
    Op::new(
        "post",
        "/auth/v1/recover",
        "recover",
        "Mails a link to set a new password.",
    )
    .about("Answers the same whether or not the address is known.")
    .json(email(), json!({"email": "sam@example.com"}))
    .answers(
        200,
        "Sent if there is such a user",
        json!({"type": "object"}),
    )
    .into(paths, tag, Key, FAULT);
    Op::new(
        "post",
        "/auth/v1/otp",
        "send_otp",
        "Mails a link and a code to sign in with.",
    )
    .json(
        object(&[
            ("email!", text()),
            ("create_user", json!({"type": "boolean"})),
            ("data", data()),
        ]),
        json!({"email": "rita@example.com", "create_user": false}),
    )
    .answers(
        200,
        "Sent if there is such a user",
        json!({"type": "object"}),
    )
    .into(paths, tag, Key, FAULT);
    Op::new(
        "post",
        "/auth/v1/resend",
        "resend",
        "Mails a confirmation again.",
    )
    .json(
        object(&[
            ("email!", text()),
            (
                "type!",
                json!({"type": "string", "enum": ["signup", "email_change"]}),
            ),
        ]),
        json!({"email": "nobody@example.com", "type": "signup"}),
    )
    .answers(
        200,
        "Sent if there is something to confirm",
        json!({"type": "object"}),
    )
    .into(paths, tag, Key, FAULT);
    Op::new("post", "/auth/v1/verify", "verify", "Turns a code or token of a mail into a session.")
        .json(
            object(&[
                ("type!", json!({"type": "string", "enum": ["signup", "recovery", "invite", "magiclink", "email_change", "email"]})),
                ("email", text()),
                ("token", text()),
                ("token_hash", text()),
            ]),
            Value::Null,
        )
        .answers(200, "The session, or a message when a second address must be confirmed", json!({"anyOf": [schema("Session"), {"type": "object"}]}))
        .into(paths, tag, Key, FAULT);
    Op::new(
        "get",
        "/auth/v1/reauthenticate",
        "reauthenticate",
        "Mails a code that a change of password may ask for.",
    )
    .answers(200, "Sent", json!({"type": "object"}))
    .into(paths, tag, User, FAULT);
    Op::new(
        "post",
        "/auth/v1/invite",
        "invite",
        "Creates a user and mails an invitation.",
    )
    .json(
        object(&[("email!", text()), ("data", data())]),
        json!({"email": "guest@example.com", "data": {"first_name": "Gia", "last_name": "Guest"}}),
    )
    .answers(200, "The user", schema("User"))
    .into(paths, tag, Service, FAULT);
}

fn facts(paths: &mut Map<String, Value>) {
    let tag = "auth";
    Op::new(
        "get",
        "/auth/v1/settings",
        "read_auth_settings",
        "Says how users can sign in.",
    )
    .answers(
        200,
        "The settings",
        object(&[
            (
                "external!",
                json!({"type": "object", "additionalProperties": {"type": "boolean"}}),
            ),
            ("disable_signup!", json!({"type": "boolean"})),
            ("mailer_autoconfirm!", json!({"type": "boolean"})),
        ]),
    )
    .into(paths, tag, Key, FAULT);
    Op::new(
        "get",
        "/auth/v1/health",
        "read_auth_health",
        "Says that the service answers.",
    )
    .answers(
        200,
        "It does",
        object(&[
            ("version!", text()),
            ("name!", text()),
            ("description!", text()),
        ]),
    )
    .into(paths, tag, Open, FAULT);
    Op::new(
        "get",
        "/auth/v1/.well-known/jwks.json",
        "read_jwks",
        "Returns the public keys of the tokens.",
    )
    .answers(
        200,
        "The keys",
        object(&[("keys!", list(json!({"type": "object"})))]),
    )
    .into(paths, tag, Open, FAULT);
}

fn administration(paths: &mut Map<String, Value>) {
    let tag = "auth administration";
    let item = "/auth/v1/admin/users/{id}";
    let yes_no = || json!({"type": "boolean"});
    let user = || {
        object(&[
            ("email", text()),
            ("password", text()),
            ("email_confirm", yes_no()),
            ("user_metadata", json!({"type": "object"})),
            ("app_metadata", json!({"type": "object"})),
            ("role", text()),
            (
                "ban_duration",
                json!({"type": "string", "description": "`24h`, or `none`"}),
            ),
        ])
    };
    let id = "00000000-0000-4000-8000-000000000002";
    let number = || json!({"type": "integer", "minimum": 1});
    Op::new("get", "/auth/v1/admin/users", "list_users", "Lists users.")
        .query("page", "Page, from 1", number(), 1.into())
        .query("per_page", "Users of a page", number(), 50.into())
        .answers(
            200,
            "A page",
            object(&[("users!", list(schema("User"))), ("aud!", text())]),
        )
        .into(paths, tag, Service, FAULT);
    Op::new("post", "/auth/v1/admin/users", "create_user", "Creates a user.")
        .json(user(), json!({"email": "made@example.com", "password": "correct-horse-1", "email_confirm": true, "user_metadata": {"first_name": "May", "last_name": "Made"}}))
        .answers(200, "The user", schema("User"))
        .into(paths, tag, Service, FAULT);
    Op::new("get", item, "read_user_by_id", "Returns a user.")
        .path("id", "The user's id", id)
        .answers(200, "The user", schema("User"))
        .into(paths, tag, Service, FAULT);
    Op::new("put", item, "update_user_by_id", "Changes a user.")
        .path("id", "The user's id", id)
        .json(user(), json!({"user_metadata": {"theme": "light"}}))
        .answers(200, "The user", schema("User"))
        .into(paths, tag, Service, FAULT);
    Op::new("delete", item, "delete_user", "Deletes a user.")
        .path(
            "id",
            "The user's id; one who owns rows of the CRM cannot be deleted",
            Value::Null,
        )
        .answers(200, "Deleted", json!({"type": "object"}))
        .into(paths, tag, Service, FAULT);
}
