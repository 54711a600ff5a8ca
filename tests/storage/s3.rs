//! The S3 backend, against a stand-in that speaks as much of S3 as is used: put, get with ranges, head,
//! delete, copy, list, uploads in parts. It does not check signatures; that it gets them is asserted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use serde_json::json;

use super::send;
use crate::common::{Template, TestDb, spawn_app};

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Vec<u8>>,
    uploads: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    unsigned: usize,
    parts: usize,
}

type Shared = web::Data<Mutex<Bucket>>;

fn found(request: &HttpRequest, bytes: &[u8]) -> HttpResponse {
    let range = request.headers().get("range").and_then(|v| v.to_str().ok());
    let mut response = HttpResponse::Ok();
    response.insert_header(("ETag", "\"e\""));
    response.insert_header(("Last-Modified", "Fri, 02 Jan 2026 03:04:05 GMT"));
    if let Some((start, end)) = range.and_then(|r| r.strip_prefix("bytes=")?.split_once('-')) {
        let start: usize = start.parse().unwrap();
        let end = end
            .parse()
            .map_or(bytes.len(), |end: usize| end + 1)
            .min(bytes.len());
        response.status(actix_web::http::StatusCode::PARTIAL_CONTENT);
        response.insert_header((
            "Content-Range",
            format!("bytes {start}-{}/{}", end - 1, bytes.len()),
        ));
        return response.body(bytes[start..end].to_vec());
    }
    response.body(bytes.to_vec())
}

async fn serve(store: Shared, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let mut store = store.lock().unwrap();
    if !request.headers().contains_key("authorization") {
        store.unsigned += 1;
    }
    let path = percent_encoding::percent_decode_str(request.path())
        .decode_utf8()
        .unwrap()
        .into_owned();
    let key = path
        .strip_prefix("/files")
        .unwrap()
        .trim_start_matches('/')
        .to_owned();
    let query: BTreeMap<String, String> = serde_urlencoded_pairs(request.query_string());
    let missing = || HttpResponse::NotFound().body("<Error><Code>NoSuchKey</Code></Error>");
    match (request.method().as_str(), query.get("uploadId")) {
        ("POST", None) if query.contains_key("uploads") => {
            let id = format!("u{}", store.uploads.len());
            store.uploads.insert(id.clone(), BTreeMap::new());
            HttpResponse::Ok().body(format!(
                "<InitiateMultipartUploadResult><Bucket>files</Bucket><Key>{key}</Key><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        ("PUT", Some(id)) => {
            let number = query["partNumber"].parse().unwrap();
            store.parts += 1;
            store
                .uploads
                .get_mut(id)
                .unwrap()
                .insert(number, body.to_vec());
            HttpResponse::Ok()
                .insert_header(("ETag", format!("\"p{number}\"")))
                .finish()
        }
        ("POST", Some(id)) => {
            let parts = store.uploads.remove(id).unwrap();
            let bytes: Vec<u8> = parts.into_values().flatten().collect();
            store.objects.insert(key, bytes);
            HttpResponse::Ok().body(
                "<CompleteMultipartUploadResult><ETag>\"e\"</ETag></CompleteMultipartUploadResult>",
            )
        }
        ("DELETE", Some(id)) => {
            store.uploads.remove(id);
            HttpResponse::NoContent().finish()
        }
        ("PUT", None) => {
            let source = request
                .headers()
                .get("x-amz-copy-source")
                .map(|v| v.to_str().unwrap().to_owned());
            let bytes = match source {
                None => body.to_vec(),
                Some(source) => {
                    let source = percent_encoding::percent_decode_str(&source)
                        .decode_utf8()
                        .unwrap()
                        .into_owned();
                    let source = source
                        .trim_start_matches('/')
                        .strip_prefix("files/")
                        .unwrap();
                    store.objects[source].clone()
                }
            };
            store.objects.insert(key, bytes);
            HttpResponse::Ok()
                .insert_header(("ETag", "\"e\""))
                .body("<CopyObjectResult><ETag>\"e\"</ETag></CopyObjectResult>")
        }
        ("POST", None) if query.contains_key("delete") => {
            let body = String::from_utf8(body.to_vec()).unwrap();
            let keys: Vec<_> = body
                .split("<Key>")
                .skip(1)
                .map(|k| k.split('<').next().unwrap().to_owned())
                .collect();
            for key in keys {
                store.objects.remove(&key);
            }
            HttpResponse::Ok().body("<DeleteResult></DeleteResult>")
        }
        ("DELETE", None) => {
            store.objects.remove(&key);
            HttpResponse::NoContent().finish()
        }
        _ => store
            .objects
            .get(&key)
            .map_or_else(missing, |bytes| found(&request, bytes)),
    }
}

fn serde_urlencoded_pairs(query: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect()
}

#[tokio::test]
async fn files_go_to_s3_and_come_back() {
    let store: Shared = web::Data::from(Arc::new(Mutex::new(Bucket::default())));
    let shared = store.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(shared.clone())
            .app_data(web::PayloadConfig::new(20_000_000))
            .default_service(web::to(serve))
    })
    .workers(1)
    .disable_signals()
    .bind(("127.0.0.1", 0))
    .unwrap();
    let endpoint = format!("http://{}", server.addrs()[0]);
    let running = server.run();
    let handle = running.handle();
    tokio::spawn(running);

    let db = TestDb::new(Template::Fork).await;
    let app = spawn_app(&db, |config| {
        config.storage.s3.bucket = Some("files".into());
        config.storage.s3.endpoint = Some(endpoint);
        config.storage.s3.region = Some("eu-central-1".into());
        config.storage.s3.access_key_id = Some("id".into());
        config.storage.s3.secret_access_key = Some("secret".into());
        config.storage.key_prefix = "tenant".into();
    })
    .await;
    let client = app.service();
    let at = |path: &str| app.url(&format!("/storage/v1/object/{path}"));
    let large = "0123456789".repeat(1_200_000);
    for (name, text) in [
        ("dir/small.txt", "small"),
        ("large%20%C3%BC", large.as_str()),
    ] {
        send(
            client
                .post(at(&format!("attachments/{name}")))
                .body(text.to_owned()),
        )
        .await
        .ok();
        let got = send(client.get(at(&format!("public/attachments/{name}"))))
            .await
            .ok();
        assert!(got.text == text, "{name}");
    }
    let part = client
        .get(at("public/attachments/large%20%C3%BC"))
        .header("range", "bytes=5000003-5000007");
    assert_eq!(send(part).await.text, "34567");
    let copy =
        json!({"bucketId": "attachments", "sourceKey": "dir/small.txt", "destinationKey": "copy"});
    send(client.post(at("copy")).json(&copy)).await.ok();
    assert_eq!(
        send(client.head(at("public/attachments/copy")))
            .await
            .ok()
            .header("content-length"),
        "5"
    );
    assert_eq!(
        send(client.get(at("public/attachments/none")))
            .await
            .error()
            .2,
        "NoSuchKey"
    );
    {
        let store = store.lock().unwrap();
        assert!(
            store
                .objects
                .keys()
                .all(|key| key.starts_with("tenant/attachments/"))
        );
        assert_eq!(
            (store.objects.len(), store.parts, store.unsigned),
            (3, 3, 0)
        );
    }
    let body = json!({"prefixes": ["dir/small.txt", "large ü", "copy"]});
    send(client.delete(at("attachments")).json(&body))
        .await
        .ok();
    assert!(store.lock().unwrap().objects.is_empty());
    handle.stop(false).await;
}
