//! How the old names end: headers, the grace period by the recorded completion, 410, who still calls.

use std::time::Duration;

use oppbase::config::Config;
use oppbase::pg::migrations::Baseline;
use reqwest::{Client, Method, redirect};
use serde_json::{Value, json};

use super::{Crm, header};
use crate::cli::{finish, oppbase};
use crate::common::{Template, TestDb};
use crate::schema;

const HEADERS: [&str; 5] = [
    "deprecation",
    "link",
    "warning",
    "x-deprecated",
    "x-alternative",
];

/// Records a completed migration that ended so long ago.
async fn complete(db: &TestDb, ago: &str) {
    db.batch(&format!(
        "insert into migration.migration_history (run_id, phase_number, phase_name, status, completed_at) \
         values (gen_random_uuid(), 'run', 'migration', 'completed', now() - interval '{ago}')"
    ))
    .await;
}

async fn migrated(ago: &str, configure: impl FnOnce(&mut Config)) -> Crm {
    let (db, client) = schema::after(Baseline::Fork).await;
    drop(client);
    complete(&db, ago).await;
    Crm::serve(db, configure).await
}

#[tokio::test]
async fn every_answer_under_an_old_name_says_that_it_ends() {
    let crm = migrated("10 days", |_| {}).await;
    let completed: i64 = {
        let client = crm.db.admin_client().await;
        let sql = "select floor(extract(epoch from completed_at))::bigint from migration.migration_history where phase_number = 'run'";
        client.query_one(sql, &[]).await.expect("the row").get(0)
    };
    let cases = [
        (Method::GET, "/deals", 200, "/opportunities"),
        (Method::GET, "/rest/v1/deals?limit=1", 200, "/opportunities"),
        (Method::HEAD, "/rest/v1/deals", 200, "/opportunities"),
        (Method::HEAD, "/deals/7", 200, "/opportunities/7"),
        (Method::GET, "/deals/7", 200, "/opportunities/7"),
        (Method::GET, "/deals/999999", 404, "/opportunities/999999"),
        (
            Method::GET,
            "/rest/v1/deals?nope=eq.1",
            400,
            "/opportunities",
        ),
        (Method::POST, "/rest/v1/deals", 400, "/opportunities"),
        (Method::PUT, "/deals/7", 405, "/opportunities/7"),
        (Method::OPTIONS, "/deals/7", 200, "/opportunities/7"),
        (Method::OPTIONS, "/rest/v1/deals", 200, "/opportunities"),
        (
            Method::GET,
            "/rest/v1/deals_summary?limit=1",
            200,
            "/rest/v1/opportunities_summary",
        ),
        (
            Method::GET,
            "/rest/v1/dealNotes",
            200,
            "/rest/v1/opportunityNotes",
        ),
        (
            Method::GET,
            "/rest/v1/deal_notes",
            200,
            "/rest/v1/opportunityNotes",
        ),
        (
            Method::GET,
            "/rest/v1/activity_log?limit=1",
            200,
            "/rest/v1/opportunity_activity_log",
        ),
        (
            Method::GET,
            "/rest/v1/companies?select=id,deals(id)",
            200,
            "/opportunities",
        ),
    ];
    for (method, path, status, successor) in cases {
        let body = (method == Method::POST).then(|| json!({"nope": 1}));
        let answer = crm
            .send(
                method.clone(),
                path,
                &[("origin", "http://app.example")],
                body.as_ref(),
            )
            .await;
        let name = format!("{method} {path}");
        assert_eq!(answer.status(), status, "{name}");
        assert_eq!(
            header(&answer, "deprecation"),
            Some(format!("@{completed}").as_str()),
            "{name}"
        );
        let sunset = httpdate::parse_http_date(header(&answer, "sunset").expect("a date"))
            .expect("an HTTP date");
        let days = sunset
            .duration_since(std::time::UNIX_EPOCH)
            .expect("after 1970")
            .as_secs()
            - u64::try_from(completed).expect("positive");
        assert_eq!(days, 30 * 24 * 60 * 60, "{name}");
        assert_eq!(
            header(&answer, "link"),
            Some(format!("<{successor}>; rel=\"successor-version\"").as_str()),
            "{name}"
        );
        assert_eq!(header(&answer, "x-alternative"), Some(successor), "{name}");
        assert_eq!(header(&answer, "x-deprecated"), Some("true"), "{name}");
        assert!(
            header(&answer, "warning")
                .expect("a warning")
                .starts_with("299 - \"Deprecated "),
            "{name}"
        );
        let date = header(&answer, "x-deprecation-date").expect("a date");
        assert_eq!(
            date,
            chrono::DateTime::<chrono::Utc>::from(sunset)
                .format("%Y-%m-%d")
                .to_string()
        );
        let exposed = header(&answer, "access-control-expose-headers")
            .expect("exposed")
            .to_lowercase();
        for name in HEADERS.iter().chain(&["sunset", "x-deprecation-date"]) {
            assert!(
                exposed.split(", ").any(|exposed| exposed == *name),
                "{name} in {exposed}"
            );
        }
        if status == 200 && method == Method::GET {
            assert_eq!(
                crm.send(Method::GET, successor, &[], None).await.status(),
                200,
                "{successor}"
            );
        }
    }
    let anonymous = crm
        .app
        .anon()
        .get(crm.app.url("/rest/v1/deals"))
        .send()
        .await
        .expect("refused");
    assert_eq!(
        (
            anonymous.status().as_u16(),
            header(&anonymous, "x-deprecated")
        ),
        (401, Some("true"))
    );
    for path in [
        "/rest/v1/opportunities?limit=1",
        "/opportunities",
        "/rest/v1/opportunity_notes",
        "/rest/v1/companies?name=ilike.*deals(*",
        "/rest/v1/companies_summary?select=nb_deals",
    ] {
        let answer = crm.send(Method::GET, path, &[], None).await;
        assert_eq!(answer.status(), 200, "{path}");
        for name in HEADERS {
            assert_eq!(header(&answer, name), None, "{path}");
        }
    }
}

#[tokio::test]
async fn a_database_that_was_made_new_has_no_end_until_somebody_sets_one() {
    let db = TestDb::new(Template::Upstream).await;
    let crm = Crm::serve(db, |_| {}).await;
    let answer = crm.send(Method::GET, "/rest/v1/deals", &[], None).await;
    assert_eq!(answer.status(), 200);
    assert!(
        header(&answer, "deprecation")
            .expect("a moment")
            .starts_with("@17")
    );
    assert_eq!(
        (
            header(&answer, "sunset"),
            header(&answer, "x-deprecation-date")
        ),
        (None, None)
    );
    // An end in the database's own settings, and a reload.
    set_and_reload(&crm, "legacy_sunset", "2999-01-31").await;
    wait_for(&crm, |answer| {
        header(answer, "sunset") == Some("Thu, 31 Jan 2999 00:00:00 GMT")
    })
    .await;
    set_and_reload(&crm, "legacy_sunset", "2020-01-31").await;
    wait_for(&crm, |answer| answer.status() == 410).await;
}

/// What `alter role … set pgrst.…` does, for this database alone.
async fn set_and_reload(crm: &Crm, name: &str, value: &str) {
    let sql = format!(
        "alter role authenticator in database {} set pgrst.{name} = '{value}'; notify pgrst, 'reload config'",
        crm.db.name
    );
    crm.db.batch(&sql).await;
}

/// Asks until the answer is as expected; a reload takes its time.
async fn wait_for(crm: &Crm, is_right: impl Fn(&reqwest::Response) -> bool) {
    for _ in 0..400 {
        let answer = crm
            .send(Method::GET, "/rest/v1/deals?limit=1", &[], None)
            .await;
        if is_right(&answer) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the answer did not change");
}

#[tokio::test]
async fn after_the_grace_period_old_names_answer_410_with_a_pointer() {
    let crm = migrated("30 days 1 second", |_| {}).await;
    for (method, path, successor) in [
        (Method::GET, "/rest/v1/deals", "/opportunities"),
        (Method::GET, "/deals/7", "/opportunities/7"),
        (Method::PATCH, "/deals/7", "/opportunities/7"),
        (
            Method::POST,
            "/rest/v1/dealNotes",
            "/rest/v1/opportunityNotes",
        ),
        (
            Method::GET,
            "/rest/v1/activity_log",
            "/rest/v1/opportunity_activity_log",
        ),
        (
            Method::GET,
            "/rest/v1/companies?select=*,deals(*)",
            "/opportunities",
        ),
    ] {
        let body = (method != Method::GET).then(|| json!({"name": "x"}));
        let answer = crm.send(method, path, &[], body.as_ref()).await;
        assert_eq!(answer.status(), 410, "{path}");
        assert_eq!(header(&answer, "x-alternative"), Some(successor));
        assert!(header(&answer, "sunset").is_some() && header(&answer, "deprecation").is_some());
        let error: Value = answer.json().await.expect("JSON");
        let keys: Vec<_> = error
            .as_object()
            .expect("an object")
            .keys()
            .cloned()
            .collect();
        assert_eq!(keys.len(), 4, "{keys:?}");
        assert_eq!(error["code"], "OPP410");
        assert!(
            error["hint"].as_str().expect("a hint").contains(successor),
            "{error}"
        );
    }
    let head = crm.send(Method::HEAD, "/rest/v1/deals", &[], None).await;
    assert_eq!(
        (head.status().as_u16(), header(&head, "x-deprecated")),
        (410, Some("true"))
    );
    assert_eq!(
        crm.send(Method::GET, "/rest/v1/opportunities?limit=1", &[], None)
            .await
            .status(),
        200
    );
    // Nothing was lost, and the time can be extended while the server runs.
    set_and_reload(&crm, "legacy_grace_days", "60").await;
    wait_for(&crm, |answer| answer.status() == 200).await;
}

#[tokio::test]
async fn a_completion_that_another_process_records_is_seen() {
    let db = super::unmigrated(Baseline::Fork).await;
    let crm = Crm::serve(db, |_| {}).await;
    let answer = crm
        .send(Method::GET, "/rest/v1/deals?limit=1", &[], None)
        .await;
    assert_eq!(
        (answer.status().as_u16(), header(&answer, "deprecation")),
        (200, None)
    );
    let mut owner = crm.db.admin_client().await;
    oppbase::pg::migrations::upgrade(&mut owner, Baseline::Fork)
        .await
        .expect("migrated");
    complete(&crm.db, "0").await;
    crm.db.batch("notify pgrst, 'reload schema'").await;
    wait_for(&crm, |answer| header(answer, "sunset").is_some()).await;
}

#[tokio::test]
async fn browsers_are_led_to_the_new_pages() {
    let crm = migrated("31 days", |_| {}).await;
    let browser = Client::builder()
        .redirect(redirect::Policy::none())
        .build()
        .expect("a client");
    for (from, to) in [
        ("/deals", "/opportunities"),
        ("/deals/", "/opportunities/"),
        (
            "/deals/7/show?tab=a%20b&x=/deals",
            "/opportunities/7/show?tab=a%20b&x=/deals",
        ),
        ("/deals/create", "/opportunities/create"),
        ("/deals?filter=%7B%7D", "/opportunities?filter=%7B%7D"),
        ("/%64eals/1?x=1", "/opportunities/1?x=1"),
        ("/dea%6Cs?x=/deals/2", "/opportunities?x=/deals/2"),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let request = browser
                .request(method, crm.app.url(from))
                .header("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
            let answer = request.send().await.expect("redirected");
            assert_eq!(
                (answer.status().as_u16(), header(&answer, "location")),
                (308, Some(to)),
                "{from}"
            );
            let successor = header(&answer, "x-alternative").unwrap_or_default();
            assert!(
                successor.starts_with("/opportunities"),
                "{from}: {successor}"
            );
            assert!(header(&answer, "sunset").is_some(), "{from}");
        }
    }
    for path in ["/rest/v1/deals", "/deals_summary", "/dealsx"] {
        let answer = browser
            .get(crm.app.url(path))
            .header("accept", "text/html")
            .send()
            .await
            .expect("an answer");
        assert_ne!(answer.status(), 308, "{path}");
    }
    // Who takes anything but a page is no browser on its way.
    let answer = browser
        .get(crm.app.url("/deals"))
        .header("accept", "application/json, text/html;q=0")
        .send()
        .await
        .expect("an answer");
    assert_ne!(answer.status(), 308);
    let script = browser
        .get(crm.app.url("/legacy-redirect.js"))
        .send()
        .await
        .expect("the script");
    assert_eq!(
        header(&script, "content-type"),
        Some("text/javascript; charset=utf-8")
    );
    assert!(script.text().await.expect("text").contains("opportunities"));
}

#[tokio::test]
async fn usage_is_counted_by_caller_and_kept_bounded() {
    let crm = migrated("1 day", |_| {}).await;
    for id in [1, 2, 3] {
        crm.send(
            Method::GET,
            &format!("/deals/{id}"),
            &[("user-agent", "old-app/1.0")],
            None,
        )
        .await;
    }
    crm.send(
        Method::GET,
        "/rest/v1/companies?select=deals(id)",
        &[("user-agent", "old-app/1.0")],
        None,
    )
    .await;
    crm.app
        .anon()
        .get(crm.app.url("/rest/v1/deals"))
        .header("user-agent", "probe")
        .send()
        .await
        .expect("refused");
    reqwest::Client::new()
        .get(crm.app.url("/rest/v1/deals"))
        .header("apikey", "stolen-secret")
        .header("user-agent", "probe")
        .send()
        .await
        .expect("refused");
    crm.get("/rest/v1/opportunities?limit=1").await;
    let owner = crm.db.admin_client().await;
    let rows = loop {
        let sql = "select consumer, user_agent, endpoint, calls from migration.legacy_usage order by 1, 3";
        let rows = owner.query(sql, &[]).await.expect("the table");
        if rows.len() >= 4 {
            break rows;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let found: Vec<(String, String, String, i64)> = rows
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2), row.get(3)))
        .collect();
    let user = format!("user:{}", super::USER);
    let key = oppbase::rest::legacy::usage::fingerprint(crate::common::app::PUBLISHABLE_KEY);
    let row = |consumer: &str, agent: &str, endpoint: &str, calls| {
        (
            consumer.to_owned(),
            agent.to_owned(),
            endpoint.to_owned(),
            calls,
        )
    };
    assert_eq!(
        found,
        [
            row(&format!("anon key:{key}"), "probe", "GET /deals", 1),
            row("refused", "probe", "GET /deals", 1),
            row(&user, "old-app/1.0", "GET /deals/{id}", 3),
            row(&user, "old-app/1.0", "GET select=deals()", 1),
        ]
    );
    let secrets = owner
        .query_one(
            "select count(*) from migration.legacy_usage u where u::text ~ 'stolen|sb_|eyJ'",
            &[],
        )
        .await
        .expect("counted");
    assert_eq!(secrets.get::<_, i64>(0), 0);
    let text = crm.app.running.state.metrics.render();
    assert!(
        text.contains("crm_legacy_requests_total{name=\"deals\",outcome=\"served\"} 6"),
        "{text}"
    );

    // The command shows the same.
    let mut command = oppbase();
    command
        .env("OPPBASE_DB_ADMIN_URI", &crm.db.admin)
        .env("OPPBASE_DB_URI", &crm.db.authenticator);
    let shown = finish(command.args(["legacy", "usage", "--json"]));
    let list: Value =
        serde_json::from_str(&shown.stdout).unwrap_or_else(|e| panic!("{e}: {shown:?}"));
    let listed = list.as_array().expect("a list");
    assert_eq!(listed.len(), 4);
    let first = listed
        .iter()
        .find(|row| row["endpoint"] == "GET /deals/{id}")
        .expect("the row");
    assert_eq!(
        (&first["calls"], &first["consumer"]),
        (&json!(3), &json!(user))
    );
    let mut command = oppbase();
    command
        .env("OPPBASE_DB_ADMIN_URI", &crm.db.admin)
        .env("OPPBASE_DB_URI", &crm.db.authenticator);
    let shown = finish(command.args(["legacy", "usage"]));
    assert!(
        shown.stdout.starts_with("CONSUMER") && shown.stdout.contains("old-app/1.0"),
        "{shown:?}"
    );
    assert!(shown.stdout.lines().count() == 5 && shown.code == Some(0));
}

#[tokio::test]
async fn callers_beyond_the_bound_are_summed_up() {
    use oppbase::rest::legacy::store::{MOST_ROWS, bound, flush, report};
    use oppbase::rest::legacy::usage::{Caller, Calls};
    let db = TestDb::new(Template::Fork).await;
    let owner = db.admin_client().await;
    let calls: Vec<(Caller, Calls)> = (0..MOST_ROWS + 700)
        .map(|n| {
            let caller = Caller {
                consumer: format!("user:{n}"),
                user_agent: "x".into(),
                endpoint: "GET /deals".into(),
            };
            (
                caller,
                Calls {
                    count: 2,
                    first_s: n,
                    last_s: n,
                },
            )
        })
        .collect();
    for _ in 0..2 {
        flush(&owner, &calls).await.expect("written");
        bound(&owner).await.expect("bounded");
    }
    let rows = report(&owner).await.expect("rows");
    assert_eq!(i64::try_from(rows.len()), Ok(MOST_ROWS + 1));
    assert_eq!(
        rows.iter().map(|row| row.calls).sum::<i64>(),
        2 * 2 * (MOST_ROWS + 700)
    );
    let others = rows
        .iter()
        .find(|row| row.consumer == "(others)")
        .expect("the sum");
    assert_eq!(
        (
            others.calls,
            others.first_seen.timestamp(),
            others.last_seen.timestamp()
        ),
        (2 * 2 * 700, 0, 699)
    );
}
