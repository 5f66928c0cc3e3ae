//! `ganger serve`: its description says what it does.

use serde_json::{Value, json};

use crate::sandbox::Sandbox;
use crate::service::{Service, get, over, submit};

/// What a reference in the description stands for.
fn resolved<'v>(description: &'v Value, value: &'v Value) -> &'v Value {
    match value["$ref"].as_str() {
        Some(place) => description.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("no {place}")),
        None => value,
    }
}

/// As much of JSON Schema as the description uses, and stricter: what it does not name is not answered.
fn fits(description: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let schema = resolved(description, schema);
    let wrong = |what: &str| Err(format!("{value} is {what} by {schema}"));
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|choice| fits(description, choice, value).is_ok());
        return if fitting.count() == 1 { Ok(()) } else { wrong("none, or several,") };
    }
    let types = schema["type"].as_array().cloned().unwrap_or_else(|| vec![schema["type"].clone()]);
    let right_type = types.iter().any(|name| is_a(name.as_str(), value));
    if !right_type || schema["enum"].as_array().is_some_and(|words| !words.contains(value)) {
        return wrong("none");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().expect("a name")).is_none() {
            return wrong(&format!("without {name}"));
        }
    }
    for (name, part) in value.as_object().into_iter().flatten() {
        match schema["properties"].get(name).or(schema.get("additionalProperties")) {
            Some(schema) => fits(description, schema, part)?,
            None if schema["properties"].is_object() => return wrong(&format!("with {name}")),
            // It is any object.
            None => {}
        }
    }
    value.as_array().into_iter().flatten().try_for_each(|item| fits(description, &schema["items"], item))
}

fn is_a(name: Option<&str>, value: &Value) -> bool {
    match name {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        _ => false,
    }
}

/// Each stands for something.
fn each_reference(description: &Value, value: &Value) {
    resolved(description, value);
    value.as_object().into_iter().flatten().for_each(|(_, part)| each_reference(description, part));
    value.as_array().into_iter().flatten().for_each(|part| each_reference(description, part));
}

/// What the operation with this id is called with, if that has to fit.
fn body(operation: &str) -> &'static [u8] {
    match operation {
        "submitJob" => br#"{"command":["true"]}"#,
        "appendTasks" => br#"{"tasks":[["a"]]}"#,
        "schedule" => br#"{"name":"default","cron":"0 0 1 1 *","job":{"command":["true"]}}"#,
        _ => b"",
    }
}

#[test]
fn each_answer_is_as_the_description_has_it() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let job = submit(&mut client, &json!({"command": ["sh", "-c", "echo hi; exit 1"], "attempts": 2}));
    over(&mut client, job);
    let not_started = submit(&mut client, &json!({"command": ["/nonexistent"]}));
    over(&mut client, not_started);
    let description = get(&mut client, "/v1/openapi.json");
    assert_eq!(description["openapi"], json!("3.1.0"));
    each_reference(&description, &description);

    let mut seen = 0;
    for (template, path) in description["paths"].as_object().expect("paths") {
        for (method, operation) in path.as_object().expect("operations") {
            let id = operation["operationId"].as_str().expect("an id");
            if id == "drain" {
                // That is the end: another test's.
                continue;
            }
            for job in [job, not_started, 999] {
                let path = template
                    .replace("{id}", &job.to_string())
                    .replace("{number}", "1")
                    .replace("{stream}", "stdout")
                    .replace("{name}", "default");
                let headers = [("content-type", "application/json")];
                let answer = if operation["responses"]["200"]["content"]["text/event-stream"].is_object() {
                    // It has no end.
                    service.client().follow(&path).expect("an answer").0
                } else {
                    client.request(&method.to_uppercase(), &path, &headers, body(id)).expect("an answer")
                };
                let told = &operation["responses"][answer.status.to_string()];
                if answer.status == 204 {
                    assert!(told.is_object() && answer.body.is_empty(), "{method} {path}: {answer:?} by {told}");
                    continue;
                }
                let content = &told["content"][answer.header("content-type").expect("a type")];
                assert!(content.is_object(), "{method} {path}: {answer:?} by {told}");
                if let Some(schema) = content.get("schema").filter(|_| !answer.body.is_empty()) {
                    let value: Value = serde_json::from_slice(&answer.body).expect("JSON");
                    fits(&description, schema, &value).unwrap_or_else(|wrong| panic!("{method} {path}: {wrong}"));
                }
                seen += 1;
            }
        }
    }
    assert!(seen >= 3 * 30, "each operation: {seen}");
    service.stop();
}

#[test]
fn what_is_described_of_a_submission_is_what_is_known() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &[]);
    let mut client = service.client();
    let description = get(&mut client, "/v1/openapi.json");
    let fields = &description["components"]["schemas"]["Submission"]["properties"];
    let known = client.post("/v1/jobs", br#"{"?":1}"#).expect("an answer");
    let known = String::from_utf8(known.body).expect("text");
    for field in fields.as_object().expect("fields").keys() {
        assert!(known.contains(&format!("`{field}`")), "{field} is not known: {known}");
    }
    assert_eq!(known.matches('`').count() / 2, fields.as_object().expect("fields").len() + 1, "{known}");
    service.stop();
}

#[test]
fn how_many_tasks_are_taken_is_described() {
    let sandbox = Sandbox::new();
    let service = Service::start(&sandbox, &["--max-tasks", "7"]);
    let mut client = service.client();
    let schemas = &get(&mut client, "/v1/openapi.json")["components"]["schemas"];
    for (schema, field) in [("Submission", "tasks"), ("Submission", "args"), ("More", "tasks")] {
        assert_eq!(schemas[schema]["properties"][field]["maxItems"], json!(7), "{schema}.{field}");
    }
    let many = |count: usize| json!({"command": ["true"], "tasks": vec![[""]; count]}).to_string();
    assert_eq!(client.post("/v1/jobs", many(7).as_bytes()).expect("an answer").status, 201);
    assert_eq!(client.post("/v1/jobs", many(8).as_bytes()).expect("an answer").status, 413);
    service.stop();
}
