//! Describing an operation that has no annotated handler of its own: services that dispatch by path.
//!
//! In: verb, path, words, schemas, a real example. Out: its place in the document. A test runs every
//! example against a server and compares the answer with the schema, so what stands here is true.

use serde_json::{Map, Value, json};

/// What a caller must send.
#[derive(Debug, Clone, Copy)]
pub enum Access {
    /// Nothing.
    Open,
    /// An API key.
    Key,
    /// An API key and the token of a user.
    User,
    /// The service key, as key and as token.
    Service,
}

/// One operation.
#[derive(Debug)]
pub struct Operation {
    verb: &'static str,
    path: &'static str,
    fields: Map<String, Value>,
    parameters: Vec<Value>,
    responses: Map<String, Value>,
}

impl Operation {
    /// `id` is the operation's name for code generators.
    pub fn new(verb: &'static str, path: &'static str, id: &str, summary: &str) -> Self {
        let fields = json!({"operationId": id, "summary": summary});
        Self {
            verb,
            path,
            fields: into_map(fields),
            parameters: Vec::new(),
            responses: Map::new(),
        }
    }

    /// A sentence more.
    pub fn about(mut self, text: &str) -> Self {
        self.fields.insert("description".into(), text.into());
        self
    }

    /// A part of the path; `example` null: none that could be run.
    pub fn path(mut self, name: &str, text: &str, example: impl Into<Value>) -> Self {
        let example: Value = example.into();
        let schema = json!({"type": if example.is_number() { "integer" } else { "string" }});
        let mut parameter = json!({
            "name": name, "in": "path", "required": true, "description": text, "schema": schema,
        });
        if !example.is_null() {
            parameter["example"] = example;
        }
        self.parameters.push(parameter);
        self
    }

    /// A parameter of the query; `example` null: none.
    pub fn query(mut self, name: &str, text: &str, schema: Value, example: Value) -> Self {
        let mut parameter =
            json!({"name": name, "in": "query", "description": text, "schema": schema});
        if !example.is_null() {
            parameter["example"] = example;
        }
        self.parameters.push(parameter);
        self
    }

    /// The last parameter must be sent.
    pub fn required(mut self) -> Self {
        if let Some(last) = self.parameters.last_mut() {
            last["required"] = true.into();
        }
        self
    }

    /// A request header.
    pub fn header(mut self, name: &str, text: &str, schema: Value) -> Self {
        self.parameters
            .push(json!({"name": name, "in": "header", "description": text, "schema": schema}));
        self
    }

    /// A JSON body; `example` null: none that could be run.
    pub fn json(self, schema: Value, example: Value) -> Self {
        self.body("application/json", schema, example)
    }

    /// A body of another type.
    pub fn body(mut self, content_type: &str, schema: Value, example: Value) -> Self {
        let mut media = json!({"schema": schema});
        if !example.is_null() {
            media["example"] = example;
        }
        self.fields.insert(
            "requestBody".into(),
            json!({"required": true, "content": {content_type: media}}),
        );
        self
    }

    /// An answer with JSON.
    pub fn answers(self, status: u16, text: &str, schema: Value) -> Self {
        self.answers_as(status, text, "application/json", schema)
    }

    /// An answer of another type.
    pub fn answers_as(mut self, status: u16, text: &str, content: &str, schema: Value) -> Self {
        self.responses.insert(
            status.to_string(),
            json!({"description": text, "content": {content: {"schema": schema}}}),
        );
        self
    }

    /// An answer without a body.
    pub fn empty(mut self, status: u16, text: &str) -> Self {
        self.responses
            .insert(status.to_string(), json!({"description": text}));
        self
    }

    /// Puts the operation into `paths` with the tag, the security and the answer to everything else.
    pub fn into(mut self, paths: &mut Map<String, Value>, tag: &str, access: Access, fault: &str) {
        self.fields.insert("tags".into(), json!([tag]));
        if !self.parameters.is_empty() {
            self.fields
                .insert("parameters".into(), self.parameters.into());
        }
        if !fault.is_empty() {
            let otherwise = json!({"$ref": format!("#/components/responses/{fault}")});
            self.responses.insert("default".into(), otherwise);
        }
        self.fields
            .insert("responses".into(), self.responses.into());
        self.fields.insert(
            "security".into(),
            match access {
                Access::Open => json!([]),
                Access::Key => json!([{"api_key": []}]),
                Access::User | Access::Service => json!([{"api_key": [], "bearer": []}]),
            },
        );
        if let Access::Service = access {
            self.fields.insert("x-role".into(), "service_role".into());
        }
        let item = paths.entry(self.path).or_insert_with(|| json!({}));
        item[self.verb] = self.fields.into();
    }
}

/// A reference to a schema.
pub fn schema(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A text.
pub fn text() -> Value {
    json!({"type": "string"})
}

/// A list.
pub fn list(of: Value) -> Value {
    json!({"type": "array", "items": of})
}

/// An object with these properties; a name that ends with `!` is required.
pub fn object(properties: &[(&str, Value)]) -> Value {
    let mut map = Map::new();
    let mut required = Vec::new();
    for (name, schema) in properties {
        let bare = name.trim_end_matches('!');
        if bare.len() < name.len() {
            required.push(Value::from(bare));
        }
        map.insert(bare.into(), schema.clone());
    }
    let mut object = json!({"type": "object", "properties": map});
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object
}

/// A JSON object as a map.
pub fn into_map(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}
