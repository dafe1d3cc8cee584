//! The API's page of documentation, generated from its OpenAPI description.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde_json::{Map, Value};

/// Content security policy of the page, which may load nothing.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const STYLE: &str = ":root{color-scheme:light dark}\
    body{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}\
    code,pre{font:.9rem/1.4 ui-monospace,monospace}\
    pre{overflow-x:auto;padding:.75rem;border:1px solid #8886;border-radius:.4rem}\
    h2{margin-top:2.5rem;border-top:1px solid #8886;padding-top:1rem;overflow-wrap:anywhere}dt{margin-top:.5rem}";

/// Renders the page.
///
/// # Errors
/// If the description is not JSON.
pub(crate) fn page(openapi: &str) -> serde_json::Result<String> {
    let api: Value = serde_json::from_str(openapi)?;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            title { "The API of dabnet" }
            style { (PreEscaped(STYLE)) }
            h1 { (text(&api["info"]["title"])) }
            p { (text(&api["info"]["description"])) }
            p {
                "For programs: " a href="openapi.json" { "openapi.json" } ". To draw: " a href="." { "the page" } "."
            }
            @for (path, item) in fields(&api["paths"]) {
                @for method in ["get", "post"] {
                    @if let Some(operation) = item.get(method) { (operation_section(method, path, item, operation)) }
                }
            }
            h2 { "Forms of what is sent and answered" }
            @for (name, schema) in fields(&api["components"]["schemas"]) {
                h3 id=(name) { code { (name) } }
                pre { (format!("{schema:#}")) }
            }
        }
    };
    Ok(page.into_string())
}

fn operation_section(method: &str, path: &str, item: &Value, operation: &Value) -> Markup {
    let parameters = [&item["parameters"], &operation["parameters"]];
    let parameters: Vec<&Value> = parameters.into_iter().filter_map(Value::as_array).flatten().collect();
    html! {
        h2 { code { (method.to_ascii_uppercase()) " " (path) } }
        p { strong { (text(&operation["summary"])) } br; (text(&operation["description"])) }
        @if !parameters.is_empty() {
            dl {
                @for parameter in parameters {
                    @let default = &parameter["schema"]["default"];
                    dt {
                        code { (text(&parameter["name"])) } " (" (text(&parameter["in"]))
                        @if !default.is_null() { ", " (default) " if left out" }
                        ")"
                    }
                    dd { (text(&parameter["description"])) }
                }
            }
        }
        (content("Sent as", &operation["requestBody"]["content"]))
        @for (status, response) in fields(&operation["responses"]) {
            @if !response["description"].is_null() {
                p { code { (status) } " " (text(&response["description"])) }
                (content("Answered as", &response["content"]))
            }
        }
    }
}

/// Media types of a body, each with its schema and example.
fn content(caption: &str, content: &Value) -> Markup {
    html! {
        @for (media, content) in fields(content) {
            p {
                (caption) " " code { (media) }
                @if let Some(schema) = content["schema"]["$ref"].as_str().and_then(|name| name.rsplit('/').next()) {
                    ", " a href={ "#" (schema) } { code { (schema) } }
                }
            }
            @if let Some(example) = content.get("example") { pre { (example) } }
        }
    }
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

/// Text in which parts in backquotes are code.
fn text(value: &Value) -> Markup {
    html! {
        @for (index, part) in value.as_str().unwrap_or_default().split('`').enumerate() {
            @if index % 2 == 0 { (part) } @else { code { (part) } }
        }
    }
}
