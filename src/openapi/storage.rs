//! `/storage/v1` in the document.
//!
//! Source: <https://supabase.github.io/storage/>.

use serde_json::{Map, Value, json};

use super::operation::Access::{Open, Service, User};
use super::operation::{Operation as Op, list, object, schema, text};

const FAULT: &str = "StorageFault";
const TAG: &str = "storage";
const BUCKET: &str = "attachments";

/// Adds the operations.
pub fn add(paths: &mut Map<String, Value>) {
    buckets(paths);
    files(paths);
    links(paths);
    moves(paths);
}

fn message() -> Value {
    object(&[("message!", text())])
}

fn buckets(paths: &mut Map<String, Value>) {
    let settings = || {
        object(&[
            ("id", text()),
            ("name", text()),
            ("public", json!({"type": "boolean"})),
            (
                "file_size_limit",
                json!({"type": ["integer", "string", "null"], "description": "Bytes, or text such as `20MB`"}),
            ),
            (
                "allowed_mime_types",
                json!({"type": ["array", "null"], "items": {"type": "string"}}),
            ),
        ])
    };
    let (all, one) = ("/storage/v1/bucket", "/storage/v1/bucket/{bucket}");
    let name = "The bucket's id";
    Op::new(
        "get",
        all,
        "list_buckets",
        "Lists the buckets that the caller may see.",
    )
    .answers(200, "The buckets", list(schema("Bucket")))
    .into(paths, TAG, Service, FAULT);
    Op::new("post", all, "create_bucket", "Creates a bucket.")
        .json(
            settings(),
            json!({"id": "brochures", "name": "brochures", "public": true}),
        )
        .answers(200, "Its name", object(&[("name!", text())]))
        .into(paths, TAG, Service, FAULT);
    Op::new("get", one, "read_bucket", "Returns a bucket.")
        .path("bucket", name, BUCKET)
        .answers(200, "The bucket", schema("Bucket"))
        .into(paths, TAG, Service, FAULT);
    Op::new("put", one, "update_bucket", "Changes a bucket.")
        .path("bucket", name, "brochures")
        .json(
            settings(),
            json!({"public": true, "file_size_limit": "20MB"}),
        )
        .answers(200, "Changed", message())
        .into(paths, TAG, Service, FAULT);
    Op::new(
        "post",
        "/storage/v1/bucket/{bucket}/empty",
        "empty_bucket",
        "Removes every file of a bucket.",
    )
    .path("bucket", name, "brochures")
    .answers(200, "Emptied", message())
    .into(paths, TAG, Service, FAULT);
    Op::new("delete", one, "delete_bucket", "Deletes an empty bucket.")
        .path("bucket", name, "brochures")
        .answers(200, "Deleted", message())
        .into(paths, TAG, Service, FAULT);
}

/// A path with bucket and name of a file.
fn file(op: Op, name: &str) -> Op {
    op.path("bucket", "The bucket's id", BUCKET).path(
        "name",
        "The file's name; slashes make folders and are sent as they are",
        name,
    )
}

fn files(paths: &mut Map<String, Value>) {
    let one = "/storage/v1/object/{bucket}/{name}";
    let bytes = || json!({"type": "string", "description": "The file"});
    let saved = || object(&[("Key!", text()), ("Id!", text())]);
    file(
        Op::new(
            "post",
            one,
            "upload_file",
            "Uploads a file; one of that name must not be there.",
        ),
        "hello.txt",
    )
    .header(
        "x-upsert",
        "`true`: replace a file of that name",
        json!({"type": "string", "enum": ["true", "false"]}),
    )
    .body("text/plain", bytes(), json!("Hello"))
    .answers(200, "Saved", saved())
    .into(paths, TAG, User, FAULT);
    file(
        Op::new(
            "put",
            one,
            "replace_file",
            "Uploads a file in place of one of that name.",
        ),
        "hello.txt",
    )
    .body("text/plain", bytes(), json!("Hello again"))
    .answers(200, "Saved", saved())
    .into(paths, TAG, Service, FAULT);
    file(
        Op::new(
            "get",
            one,
            "download_file",
            "Downloads a file that the caller may read.",
        ),
        "hello.txt",
    )
    .header("Range", "A part: `bytes=0-99`", text())
    .answers_as(200, "The file", "*/*", json!({}))
    .answers_as(206, "A part of it", "*/*", json!({}))
    .into(paths, TAG, User, FAULT);
    file(
        Op::new(
            "get",
            "/storage/v1/object/public/{bucket}/{name}",
            "download_public_file",
            "Downloads a file of a public bucket.",
        ),
        "hello.txt",
    )
    .answers_as(200, "The file", "*/*", json!({}))
    .answers_as(206, "A part of it", "*/*", json!({}))
    .into(paths, TAG, Open, FAULT);
    file(
        Op::new(
            "get",
            "/storage/v1/object/info/{bucket}/{name}",
            "read_file_info",
            "Returns what is known of a file.",
        ),
        "hello.txt",
    )
    .answers(200, "The facts", schema("StoredFile"))
    .into(paths, TAG, User, FAULT);
    Op::new(
        "post",
        "/storage/v1/object/list/{bucket}",
        "list_files",
        "Lists a folder.",
    )
    .path("bucket", "The bucket's id", BUCKET)
    .json(
        object(&[
            ("prefix", text()),
            ("search", text()),
            ("limit", json!({"type": "integer", "minimum": 1})),
            ("offset", json!({"type": "integer", "minimum": 0})),
            ("sortBy", object(&[("column", text()), ("order", text())])),
        ]),
        json!({"prefix": "", "limit": 10, "sortBy": {"column": "name", "order": "asc"}}),
    )
    .answers(
        200,
        "Files, and folders (without an id)",
        list(schema("StoredFile")),
    )
    .into(paths, TAG, User, FAULT);
}

fn links(paths: &mut Map<String, Value>) {
    let seconds = || json!({"type": "integer", "minimum": 1, "description": "Seconds"});
    file(
        Op::new(
            "post",
            "/storage/v1/object/sign/{bucket}/{name}",
            "sign_file",
            "Makes a link to a file that works for a while.",
        ),
        "hello.txt",
    )
    .json(
        object(&[("expiresIn!", seconds())]),
        json!({"expiresIn": 60}),
    )
    .answers(
        200,
        "The link, below `/storage/v1`",
        object(&[("signedURL!", text())]),
    )
    .into(paths, TAG, User, FAULT);
    Op::new(
        "post",
        "/storage/v1/object/sign/{bucket}",
        "sign_files",
        "Makes links to several files.",
    )
    .path("bucket", "The bucket's id", BUCKET)
    .json(
        object(&[("expiresIn!", seconds()), ("paths!", list(text()))]),
        json!({"expiresIn": 60, "paths": ["hello.txt", "missing.txt"]}),
    )
    .answers(
        200,
        "A link or an error for each",
        list(object(&[
            ("path!", text()),
            ("signedURL!", json!({"type": ["string", "null"]})),
            ("error!", json!({"type": ["string", "null"]})),
        ])),
    )
    .into(paths, TAG, User, FAULT);
    file(
        Op::new(
            "post",
            "/storage/v1/object/upload/sign/{bucket}/{name}",
            "sign_upload",
            "Makes a link by which one file can be uploaded.",
        ),
        "later.txt",
    )
    .answers(
        200,
        "The link",
        object(&[("url!", text()), ("token!", text())]),
    )
    .into(paths, TAG, User, FAULT);
}

fn moves(paths: &mut Map<String, Value>) {
    let body = || {
        object(&[
            ("bucketId!", text()),
            ("sourceKey!", text()),
            ("destinationKey!", text()),
            ("destinationBucket", text()),
        ])
    };
    Op::new(
        "post",
        "/storage/v1/object/copy",
        "copy_file",
        "Copies a file.",
    )
    .json(
        body(),
        json!({"bucketId": BUCKET, "sourceKey": "hello.txt", "destinationKey": "copy.txt"}),
    )
    .answers(
        200,
        "The copy",
        object(&[("Key!", text()), ("Id!", text())]),
    )
    .into(paths, TAG, User, FAULT);
    Op::new(
        "post",
        "/storage/v1/object/move",
        "move_file",
        "Moves a file.",
    )
    .json(
        body(),
        json!({"bucketId": BUCKET, "sourceKey": "copy.txt", "destinationKey": "moved.txt"}),
    )
    .answers(200, "Moved", message())
    .into(paths, TAG, Service, FAULT);
    Op::new(
        "delete",
        "/storage/v1/object/{bucket}",
        "delete_files",
        "Removes files.",
    )
    .path("bucket", "The bucket's id", BUCKET)
    .json(
        object(&[("prefixes!", list(text()))]),
        json!({"prefixes": ["moved.txt"]}),
    )
    .answers(200, "What was removed", list(schema("StoredFile")))
    .into(paths, TAG, User, FAULT);
    file(
        Op::new(
            "delete",
            "/storage/v1/object/{bucket}/{name}",
            "delete_file",
            "Removes a file.",
        ),
        "hello.txt",
    )
    .answers(200, "Removed", message())
    .into(paths, TAG, User, FAULT);
}

/// The shapes that the operations share.
pub fn schemas() -> Value {
    let time = || json!({"type": ["string", "null"], "format": "date-time"});
    let maybe = |kind: &str| json!({"type": [kind, "null"]});
    json!({
        "Bucket": object(&[
            ("id!", text()), ("name!", text()), ("owner", maybe("string")), ("public!", json!({"type": "boolean"})),
            ("file_size_limit", maybe("integer")), ("allowed_mime_types", json!({"type": ["array", "null"], "items": {"type": "string"}})),
            ("created_at!", time()), ("updated_at!", time()),
        ]),
        "StoredFile": object(&[
            ("id", maybe("string")), ("name!", text()), ("bucket_id", text()), ("owner", maybe("string")),
            ("created_at", time()), ("updated_at", time()), ("last_accessed_at", time()), ("metadata", maybe("object")),
        ]),
        "StorageError": object(&[
            ("statusCode!", text()), ("error!", text()), ("message!", text()), ("code", text()),
        ]),
    })
}
