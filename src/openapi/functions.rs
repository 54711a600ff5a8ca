//! `/functions/v1` and the admin server in the document.

use serde_json::{Map, Value, json};

use super::operation::Access::{Open, User};
use super::operation::{Operation as Op, object, text};

const FAULT: &str = "FunctionFault";
const TAG: &str = "functions";

/// Adds the functions.
pub fn add(paths: &mut Map<String, Value>) {
    let id = || json!({"type": ["integer", "string"], "description": "A number, or a text that holds one"});
    let yes_no = || json!({"type": "boolean"});
    let member = |mut fields: Vec<(&str, Value)>| {
        fields.extend([
            ("email", text()),
            ("first_name", text()),
            ("last_name", text()),
            ("administrator", yes_no()),
            ("disabled", yes_no()),
        ]);
        object(&fields)
    };
    let data = || object(&[("data!", json!({"type": "object"}))]);
    let users = "/functions/v1/users";
    Op::new("post", users, "invite_member", "Adds a member of the team and mails an invitation.")
        .about("Administrators only.")
        .json(
            member(vec![("password", text())]),
            json!({"email": "mona@example.com", "first_name": "Mona", "last_name": "Member", "administrator": false}),
        )
        .answers(200, "The row of `sales`", data())
        .into(paths, TAG, User, FAULT);
    Op::new(
        "patch",
        users,
        "update_member",
        "Changes a member of the team.",
    )
    .about("Administrators change everybody; others themselves, and neither rank nor state.")
    .json(
        member(vec![("sales_id!", id())]),
        json!({"sales_id": 2, "first_name": "Samuel"}),
    )
    .answers(200, "The row of `sales`", data())
    .into(paths, TAG, User, FAULT);
    for name in [
        "/functions/v1/update_password",
        "/functions/v1/updatePassword",
    ] {
        let id = name.rsplit('/').next().unwrap_or(name);
        Op::new(
            "patch",
            name,
            id,
            "Mails the caller a link to set a new password.",
        )
        .answers(200, "Sent", data())
        .into(paths, TAG, User, FAULT);
    }
    Op::new(
        "post",
        "/functions/v1/merge_contacts",
        "merge_two_contacts",
        "Makes one contact of two.",
    )
    .about("Notes, tasks, opportunities and relations of the loser become the winner's.")
    .json(
        object(&[("loserId!", id()), ("winnerId!", id())]),
        json!({"loserId": 60, "winnerId": 59}),
    )
    .answers(
        200,
        "Merged",
        object(&[
            ("success!", yes_no()),
            ("winnerId!", json!({"type": "integer"})),
        ]),
    )
    .into(paths, TAG, User, FAULT);
}

/// Adds the admin server's paths, which have an address of their own.
pub fn add_admin(paths: &mut Map<String, Value>) {
    let plain = json!({"type": "string"});
    for (path, id, summary) in [
        ("/live", "is_live", "200 while clients can reach the API."),
        ("/ready", "is_ready", "200 when requests can be served."),
    ] {
        Op::new("get", path, id, summary)
            .empty(200, "Yes")
            .empty(500, "No")
            .empty(503, "Not yet")
            .into(paths, "admin server", Open, "");
    }
    Op::new(
        "get",
        "/metrics",
        "read_metrics",
        "Metrics in Prometheus' text format.",
    )
    .answers_as(200, "The metrics", "text/plain", plain)
    .into(paths, "admin server", Open, "");
    for path in ["/live", "/ready", "/metrics"] {
        paths[path]["servers"] = json!([{
            "url": "http://127.0.0.1:54325",
            "description": "The admin server (`admin-server-port`), not meant for the internet",
        }]);
    }
}
