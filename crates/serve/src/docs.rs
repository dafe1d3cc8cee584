//! The page for people that says what the API is, made of its description for programs.

use std::fmt::{self, Write};

use serde_json::{Map, Value};

/// What the page may do: nothing but look as it does.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

const HEAD: &str = "<!doctype html><html lang=en><meta charset=utf-8>\
    <meta name=viewport content='width=device-width, initial-scale=1'><title>The API of dabnet</title><style>\
    :root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}\
    code,pre{font:.9rem/1.4 ui-monospace,monospace}pre{overflow-x:auto;padding:.75rem;border:1px solid #8886;border-radius:.4rem}\
    h2{margin-top:2.5rem;border-top:1px solid #8886;padding-top:1rem;overflow-wrap:anywhere}dt{margin-top:.5rem}\
    </style>";

/// The page, as HTML.
///
/// # Errors
/// Where the description is none.
pub(crate) fn page(openapi: &str) -> Result<String, Box<dyn std::error::Error>> {
    let about: Value = serde_json::from_str(openapi)?;
    let mut page = HEAD.to_owned();
    let info = &about["info"];
    write!(page, "<h1>{}</h1><p>{}</p>", text(&info["title"]), text(&info["description"]))?;
    page.push_str(
        "<p>For programs: <a href=openapi.json>openapi.json</a>. To draw: <a href=.>the page</a>.</p>",
    );
    for (path, item) in fields(&about["paths"]) {
        for method in ["get", "post"] {
            if let Some(operation) = item.get(method) {
                write_operation(&mut page, method, path, item, operation)?;
            }
        }
    }
    page.push_str("<h2>Forms of what is sent and answered</h2>");
    for (name, schema) in fields(&about["components"]["schemas"]) {
        write!(page, "<h3 id='{0}'><code>{0}</code></h3><pre>{1}</pre>", escaped(name), pretty(schema)?)?;
    }
    Ok(page)
}

fn write_operation(
    page: &mut String,
    method: &str,
    path: &str,
    item: &Value,
    operation: &Value,
) -> fmt::Result {
    let method = method.to_ascii_uppercase();
    write!(
        page,
        "<h2><code>{method} {}</code></h2><p><strong>{}</strong>",
        escaped(path),
        text(&operation["summary"])
    )?;
    write!(page, "<br>{}</p>", text(&operation["description"]))?;
    let parameters = [&item["parameters"], &operation["parameters"]];
    let parameters: Vec<&Value> = parameters.into_iter().filter_map(Value::as_array).flatten().collect();
    if !parameters.is_empty() {
        page.push_str("<dl>");
        for parameter in parameters {
            let default = &parameter["schema"]["default"];
            let default = if default.is_null() { String::new() } else { format!(", {default} if left out") };
            let (name, place) = (text(&parameter["name"]), text(&parameter["in"]));
            let what = text(&parameter["description"]);
            write!(page, "<dt><code>{name}</code> ({place}{default})<dd>{what}")?;
        }
        page.push_str("</dl>");
    }
    write_content(page, "Sent as", &operation["requestBody"]["content"])?;
    for (status, response) in fields(&operation["responses"]) {
        if !response["description"].is_null() {
            write!(page, "<p><code>{}</code> {}</p>", escaped(status), text(&response["description"]))?;
            write_content(page, "Answered as", &response["content"])?;
        }
    }
    Ok(())
}

fn write_content(page: &mut String, how: &str, content: &Value) -> fmt::Result {
    for (media, content) in fields(content) {
        let form = content["schema"]["$ref"].as_str().and_then(|form| form.rsplit('/').next()).map(escaped);
        let form = form.map_or(String::new(), |form| format!(", <a href='#{form}'><code>{form}</code></a>"));
        write!(page, "<p>{how} <code>{}</code>{form}</p>", escaped(media))?;
        if let Some(example) = content.get("example") {
            write!(page, "<pre>{}</pre>", escaped(&example.to_string()))?;
        }
    }
    Ok(())
}

fn fields(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flat_map(Map::iter)
}

fn pretty(value: &Value) -> serde_json::Result<String> {
    serde_json::to_string_pretty(value).map(|text| escaped(&text))
}

/// Text for people, of which what is in backquotes is code.
fn text(value: &Value) -> String {
    let parts = value.as_str().unwrap_or_default().split('`');
    let part = |(at, part): (usize, &str)| match at % 2 {
        0 => escaped(part),
        _ => format!("<code>{}</code>", escaped(part)),
    };
    parts.enumerate().map(part).collect()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('\'', "&#39;").replace('"', "&quot;")
}
