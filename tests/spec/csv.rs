//! `Accept: text/csv` is RFC 4180: it reads back as the same values, and only what must be quoted is.

use crate::common::{Template, TestDb, spawn_app};

const VALUES: [&str; 8] = [
    "plain",
    "two words",
    "comma, inside",
    "quote \" inside",
    "\",\"",
    "back\\slash",
    "line\nbreak",
    "(parens)",
];

#[tokio::test]
async fn csv_reads_back_as_the_same_values() {
    let db = TestDb::new(Template::Empty).await;
    db.batch("create table public.texts (a text, b text, n int); grant select on public.texts to service_role;")
        .await;
    let client = db.admin_client().await;
    for a in VALUES {
        for b in VALUES {
            client
                .execute("insert into public.texts values ($1, $2, 1)", &[&a, &b])
                .await
                .expect("row");
        }
    }
    client
        .batch_execute("insert into public.texts values ('', null, null)")
        .await
        .expect("row");
    let app = spawn_app(&db, |_| {}).await;
    let answer = app
        .service()
        .get(app.url("/rest/v1/texts?select=a,b,n"))
        .header("accept", "text/csv")
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.headers()["content-type"], "text/csv; charset=utf-8");
    let text = answer.text().await.expect("text");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    assert_eq!(reader.headers().expect("headers"), vec!["a", "b", "n"]);
    let rows: Vec<Vec<String>> = reader
        .records()
        .map(|row| {
            row.expect("well-formed")
                .iter()
                .map(str::to_owned)
                .collect()
        })
        .collect();
    let mut expected: Vec<Vec<String>> = VALUES
        .iter()
        .flat_map(|a| {
            VALUES
                .iter()
                .map(move |b| vec![(*a).into(), (*b).into(), "1".into()])
        })
        .collect();
    expected.push(vec![String::new(), String::new(), String::new()]);
    assert_eq!(rows, expected);
    assert!(
        text.contains("\nplain,two words,1\n"),
        "needless quotes: {text}"
    );
    assert!(
        text.ends_with("\n\"\",,"),
        "an empty text differs from null: {text}"
    );
}
