//! Row security on `storage.objects` decides: for every role and verb, what is allowed and what is not.

use reqwest::{Client, Method};
use serde_json::{Value, json};

use super::{Storage, send};

/// What a caller tries on `<bucket>/theirs` (there) and `<bucket>/new` (not there).
const VERBS: &[&str] = &[
    "read",
    "list",
    "sign",
    "insert",
    "upsert new",
    "replace",
    "copy",
    "move",
    "remove",
    "sign upload",
];

async fn attempt(s: &Storage, client: &Client, bucket: &str, verb: &str) -> bool {
    let transfer = json!({"bucketId": bucket, "sourceKey": "theirs", "destinationKey": "new"});
    let post = async |path: String, body: Value| s.post(client, &path, body).await;
    let answer = match verb {
        "read" => {
            s.get(client, &format!("/object/authenticated/{bucket}/theirs"))
                .await
        }
        "list" => {
            let list = post(format!("/object/list/{bucket}"), json!({"prefix": ""}))
                .await
                .ok();
            return list.json != json!([]);
        }
        "sign" => {
            post(
                format!("/object/sign/{bucket}/theirs"),
                json!({"expiresIn": 9}),
            )
            .await
        }
        "insert" => send(s.upload(client, &format!("{bucket}/new"), "n")).await,
        "upsert new" => {
            send(
                s.upload(client, &format!("{bucket}/new"), "n")
                    .header("x-upsert", "true"),
            )
            .await
        }
        "replace" => {
            send(
                s.upload(client, &format!("{bucket}/theirs"), "n")
                    .header("x-upsert", "true"),
            )
            .await
        }
        "copy" => post("/object/copy".into(), transfer).await,
        "move" => post("/object/move".into(), transfer).await,
        "sign upload" => post(format!("/object/upload/sign/{bucket}/new"), json!({})).await,
        "remove" => {
            let body = json!({"prefixes": ["theirs"]});
            let answer = s
                .call(client, Method::DELETE, &format!("/object/{bucket}"), body)
                .await;
            return answer.status == 200 && answer.json != json!([]);
        }
        other => panic!("{other}"),
    };
    assert!(
        answer.status == 200 || ["AccessDenied", "NoSuchKey"].contains(&answer.error().2),
        "{verb}: {}",
        answer.text
    );
    answer.status == 200
}

/// Runs every verb against fresh rows, and returns the allowed ones.
async fn allowed(s: &Storage, client: &Client, bucket: &str) -> Vec<&'static str> {
    let mut allowed = Vec::new();
    for verb in VERBS {
        s.put_text(&format!("{bucket}/theirs"), "theirs").await;
        let new = json!({"prefixes": ["new"]});
        s.call(
            &s.service,
            Method::DELETE,
            &format!("/object/{bucket}"),
            new,
        )
        .await
        .ok();
        let was_allowed = attempt(s, client, bucket, verb).await;
        let text = s.sql("select count(*) filter (where name = 'theirs') || '/' || count(*) filter (where name = 'new') from storage.objects").await;
        if was_allowed {
            allowed.push(*verb);
        } else {
            assert_eq!(text, "1/0", "{verb} was refused, and yet did something");
            let bytes = s
                .get(
                    &s.service,
                    &format!("/object/authenticated/{bucket}/theirs"),
                )
                .await
                .ok();
            assert_eq!(bytes.text, "theirs", "{verb}");
        }
        s.assert_in_step().await;
    }
    allowed
}

#[tokio::test]
async fn a_bucket_without_policies_is_closed_to_all_but_the_service() {
    let s = Storage::start().await;
    s.bucket("closed", json!({})).await;
    assert_eq!(allowed(&s, &s.anon, "closed").await, [""; 0]);
    assert_eq!(allowed(&s, &s.user, "closed").await, [""; 0]);
    assert_eq!(allowed(&s, &s.service, "closed").await, VERBS);
}

#[tokio::test]
async fn the_crms_bucket_is_read_written_and_emptied_but_never_changed() {
    let s = Storage::start().await;
    assert_eq!(allowed(&s, &s.anon, "attachments").await, [""; 0]);
    // An upsert of a new name needs no right to update: nothing is replaced.
    let expected = VERBS
        .iter()
        .filter(|verb| !["replace", "move"].contains(verb));
    let expected: Vec<_> = expected.copied().collect();
    assert_eq!(allowed(&s, &s.user, "attachments").await, expected);
}

#[tokio::test]
async fn each_verb_needs_the_policies_it_says() {
    let s = Storage::start().await;
    s.bucket("b", json!({})).await;
    let with = async |verbs: &[&str]| {
        let mut sql = String::from(
            "do $$ declare p record; begin for p in select policyname from pg_policies where tablename = 'objects'
             loop execute format('drop policy %I on storage.objects', p.policyname); end loop; end $$;",
        );
        for verb in verbs {
            let check = if *verb == "insert" {
                "with check"
            } else {
                "using"
            };
            sql += &format!(
                "create policy p_{verb} on storage.objects for {verb} to authenticated {check} (bucket_id = 'b');"
            );
        }
        s.db.batch(&sql).await;
        allowed(&s, &s.user, "b").await
    };
    assert_eq!(with(&["select"]).await, ["read", "list", "sign"]);
    assert_eq!(with(&["insert"]).await, ["insert", "sign upload"]);
    assert_eq!(with(&["update"]).await, [""; 0]);
    assert_eq!(with(&["delete"]).await, [""; 0]);
    assert_eq!(
        with(&["select", "delete"]).await,
        ["read", "list", "sign", "remove"]
    );
    assert_eq!(
        with(&["select", "update"]).await,
        ["read", "list", "sign", "move"]
    );
    let all = with(&["select", "insert", "update", "delete"]).await;
    assert_eq!(all, VERBS);
}

#[tokio::test]
async fn policies_see_who_asks_for_what() {
    let s = Storage::start().await;
    s.bucket("own", json!({})).await;
    s.db.batch(
        "create policy own_read on storage.objects for select to authenticated
           using (bucket_id = 'own' and (storage.foldername(name))[1] = auth.uid()::text);
         create policy own_write on storage.objects for insert to authenticated
           with check (bucket_id = 'own' and owner_id = auth.uid()::text
             and (storage.foldername(name))[1] = auth.uid()::text
             and metadata->>'mimetype' = 'text/plain'
             and (metadata->>'contentLength')::int < 100
             and storage.operation() = 'storage.object.upload'
             and current_setting('request.headers')::json->>'x-tag' = 'yes'
             and current_setting('request.method') = 'POST'
             and current_setting('request.jwt.claim.sub') = owner_id)",
    )
    .await;
    let mine = format!("own/{}/a.txt", super::USER);
    let tagged =
        |client: &Client, at: &str, text: &str| s.upload(client, at, text).header("x-tag", "yes");
    send(tagged(&s.user, &mine, "x")).await.ok();
    for (what, request) in [
        (
            "somebody else's folder",
            tagged(&s.other, &mine.replace('a', "b"), "x"),
        ),
        (
            "no tag",
            s.upload(&s.user, &format!("own/{}/b", super::USER), "x"),
        ),
        (
            "too long for the policy",
            tagged(&s.user, &format!("own/{}/b", super::USER), &"x".repeat(100)),
        ),
    ] {
        assert_eq!(send(request).await.error().2, "AccessDenied", "{what}");
    }
    assert_eq!(
        s.get(&s.user, &format!("/object/{mine}")).await.ok().text,
        "x"
    );
    assert_eq!(
        s.get(&s.other, &format!("/object/{mine}")).await.error().2,
        "NoSuchKey"
    );
    s.assert_in_step().await;
}

#[tokio::test]
async fn nobody_inherits_the_identity_of_the_request_before() {
    let s = Storage::start().await;
    s.bucket("own", json!({})).await;
    s.db.batch(
        "create policy own on storage.objects for all to authenticated
           using (bucket_id = 'own' and owner_id = auth.uid()::text)
           with check (bucket_id = 'own' and owner_id = auth.uid()::text)",
    )
    .await;
    send(s.upload(&s.user, "own/u", "u")).await.ok();
    send(s.upload(&s.other, "own/o", "o")).await.ok();
    let rounds = (0..40).map(|n| {
        let (client, own, foreign) = match n % 3 {
            0 => (&s.user, "u", "o"),
            1 => (&s.other, "o", "u"),
            _ => (&s.anon, "", "u"),
        };
        let s = &s;
        async move {
            if !own.is_empty() {
                assert_eq!(
                    s.get(client, &format!("/object/own/{own}")).await.ok().text,
                    own
                );
            }
            assert_eq!(
                s.get(client, &format!("/object/own/{foreign}"))
                    .await
                    .error()
                    .2,
                "NoSuchKey"
            );
        }
    });
    futures_util::future::join_all(rounds).await;
}
