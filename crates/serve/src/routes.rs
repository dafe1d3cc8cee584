//! Which address is answered by what.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response,
        header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use serde_json::{Value, json};
use tower_http::cors::CorsLayer;

use crate::{
    ServeError, app,
    app::App,
    docs, files, health, inference,
    metrics::{self, OPEN_METRICS, PLAIN},
    observe::{Route, observe},
    recognize::recognize,
    refusal::Refusal,
};

/// What there is, for programs.
const OPENAPI: &str = include_str!("openapi.json");

/// The API: what other origins may be let to call.
fn api() -> Vec<(&'static str, MethodRouter<Arc<App>>)> {
    vec![
        ("/v1/models", get(models)),
        ("/v1/recognize", post(recognize)),
        ("/v2", get(inference::server)),
        ("/v2/health/live", get(health::live)),
        ("/v2/health/ready", get(health::ready)),
        ("/v2/models/{model}", get(inference::metadata)),
        ("/v2/models/{model}/ready", get(inference::ready)),
        ("/v2/models/{model}/infer", post(inference::infer)),
        ("/v2/models/{model}/versions/{version}", get(inference::metadata)),
        ("/v2/models/{model}/versions/{version}/ready", get(inference::ready)),
        ("/v2/models/{model}/versions/{version}/infer", post(inference::infer)),
        ("/openapi.json", get(openapi)),
    ]
}

/// All routes; what is none of them is a file of the page, or nothing.
pub(crate) fn router(app: Arc<App>, origins: &[HeaderValue]) -> Router {
    let mut router = Router::new();
    for (path, route) in api() {
        router = router.route(path, route);
    }
    if !origins.is_empty() {
        router = router.layer(
            CorsLayer::new()
                .allow_origin(origins.to_vec())
                .allow_methods([Method::GET, Method::POST])
                .allow_headers([CONTENT_TYPE])
                .expose_headers([RETRY_AFTER]),
        );
    }
    router
        .route("/metrics", get(metrics))
        .route("/docs", get(docs))
        .fallback(file)
        // Every route that reads a body has a limit of its own.
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn_with_state(Arc::clone(&app), observe))
        .with_state(app)
}

/// Origins as browsers send them.
pub(crate) fn origins(origins: &[String]) -> Result<Vec<HeaderValue>, ServeError> {
    let parse = |origin: &String| {
        let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:[]".contains(&byte);
        let valid = rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(plain));
        let value = HeaderValue::from_str(&origin.to_ascii_lowercase()).ok().filter(|_| valid);
        value.ok_or_else(|| ServeError::Origin { origin: origin.clone() })
    };
    origins.iter().map(parse).collect()
}

async fn openapi() -> Response<Body> {
    app::json(OPENAPI)
}

/// `GET /v1/models`.
async fn models(State(app): State<Arc<App>>) -> Response<Body> {
    let models: Vec<Value> = app
        .catalogue
        .models()
        .iter()
        .map(|served| {
            let model = served.model();
            let mut listed = json!({
                "name": served.name(),
                "bytes": served.bytes().len(),
                "side": model.preprocessing().canvas.side,
                "labels": model.labels(),
            });
            if let Some(top1) = served.top1() {
                listed["top1"] = json!(top1);
            }
            listed
        })
        .collect();
    app::json(json!({ "models": models }).to_string())
}

/// `GET /metrics`, as OpenMetrics where that is asked for.
async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Result<Response<Body>, Refusal> {
    let text = app.metrics.text(app.queue.len()).map_err(|_| Refusal::Failed)?;
    let (text, media) =
        if prefers_open_metrics(&headers) { (text, OPEN_METRICS) } else { (metrics::plain(&text), PLAIN) };
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(response)
}

/// Whether OpenMetrics is asked for, and plain text is not liked better.
fn prefers_open_metrics(headers: &HeaderMap) -> bool {
    let accepted = || {
        let values = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        values.flat_map(|value| value.split(','))
    };
    let quality = |media: &str| {
        let mut found =
            accepted().filter(|item| item.trim().split(';').next().is_some_and(|name| name.trim() == media));
        let quality =
            |item: &str| item.split(';').find_map(|part| part.trim().strip_prefix("q=")?.parse::<f32>().ok());
        found.next().map_or(0.0, |item| quality(item).unwrap_or(1.0))
    };
    let open = quality("application/openmetrics-text");
    open > 0.0 && open >= quality("text/plain")
}

/// `GET /docs`.
async fn docs() -> Result<Response<Body>, Refusal> {
    let page = docs::page(OPENAPI).map_err(|_| Refusal::Failed)?;
    let mut response = Response::new(Body::from(page));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(docs::POLICY));
    Ok(response)
}

/// A file of the page.
async fn file(State(app): State<Arc<App>>, request: Request) -> Response<Body> {
    let Some(file) = app.files.at(request.uri().path()) else { return Refusal::NotFound.into_response() };
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => files::response(file, &request),
        _ => {
            let mut refused = Refusal::Method.into_response();
            refused
                .headers_mut()
                .insert(HeaderName::from_static("allow"), HeaderValue::from_static("GET,HEAD"));
            refused
        }
    };
    response.extensions_mut().insert(Route("file"));
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{OPENAPI, api, origins};

    #[test]
    fn every_route_is_described() {
        let described: Value = serde_json::from_str(OPENAPI).unwrap();
        assert_eq!(described["openapi"], "3.1.0");
        let described: BTreeSet<&str> =
            described["paths"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut routes: BTreeSet<&str> = api().into_iter().map(|(path, _)| path).collect();
        routes.extend([
            "/metrics",
            "/docs",
            "/",
            "/{file}",
            "/models/index.json",
            "/models/{model}/model.safetensors",
        ]);
        assert_eq!(described, routes);
    }

    #[test]
    fn origins_are_those_that_browsers_send() {
        assert_eq!(origins(&["https://Example.org:8443".to_owned()]).unwrap(), ["https://example.org:8443"]);
        for origin in ["*", "example.org", "https://", "https://a/", "https://a b", "null"] {
            assert!(origins(&[origin.to_owned()]).is_err(), "{origin}");
        }
    }
}
