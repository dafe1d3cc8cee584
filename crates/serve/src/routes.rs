//! Routes of the server.

use std::sync::{Arc, LazyLock};

use axum::{
    Router,
    body::Body,
    extract::{DefaultBodyLimit, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
        header::{ACCEPT, CONTENT_SECURITY_POLICY, CONTENT_TYPE, RETRY_AFTER},
    },
    middleware::from_fn_with_state,
    response::IntoResponse,
    routing::{MethodRouter, get, post},
};
use serde_json::{Value, json};
use tower_http::cors::CorsLayer;

use crate::{
    ServeError,
    app::AppState,
    docs,
    embed::embed,
    files, inference,
    metrics::{self, OPEN_METRICS, PLAIN},
    observe::{RouteName, observe},
    recognize::recognize,
    request_error::RequestError,
    response::json_response,
    words::{forget_word, list_words, teach_words},
};

/// OpenAPI description of the API.
const OPENAPI: &str = include_str!("openapi.json");

/// The API: what other origins may be let to call.
fn api() -> Vec<(&'static str, MethodRouter<Arc<AppState>>)> {
    vec![
        ("/v1/models", get(models)),
        ("/v1/recognize", post(recognize)),
        ("/v1/embed", post(embed)),
        ("/v1/words", get(list_words).post(teach_words).delete(forget_word)),
        ("/v2", get(inference::server)),
        ("/v2/health/live", get(live)),
        ("/v2/health/ready", get(ready)),
        ("/v2/models/{model}", get(inference::metadata)),
        ("/v2/models/{model}/ready", get(inference::ready)),
        ("/v2/models/{model}/infer", post(inference::infer)),
        ("/v2/models/{model}/versions/{version}", get(inference::metadata)),
        ("/v2/models/{model}/versions/{version}/ready", get(inference::ready)),
        ("/v2/models/{model}/versions/{version}/infer", post(inference::infer)),
        ("/openapi.json", get(openapi)),
    ]
}

/// The router; other paths are files of the page.
pub(crate) fn router(app: Arc<AppState>, origins: &[HeaderValue]) -> Router {
    let mut router = Router::new();
    for (path, route) in api() {
        router = router.route(path, route);
    }
    if !origins.is_empty() {
        router = router.layer(
            CorsLayer::new()
                .allow_origin(origins.to_vec())
                .allow_methods([Method::GET, Method::POST, Method::DELETE])
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
    json_response(OPENAPI)
}

/// `GET /v2/health/live`.
async fn live() -> Response<Body> {
    json_response(json!({ "live": true }).to_string())
}

/// `GET /v2/health/ready`. The protocol calls the field `live` here, too, and some clients look for `ready`.
async fn ready(State(app): State<Arc<AppState>>) -> Response<Body> {
    let ready = !app.draining();
    let mut response = json_response(json!({ "live": true, "ready": ready }).to_string());
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}

/// `GET /v1/models`.
async fn models(State(app): State<Arc<AppState>>) -> Response<Body> {
    let models: Vec<Value> = app
        .registry
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
    json_response(json!({ "models": models }).to_string())
}

/// `GET /metrics`, as OpenMetrics where that is asked for.
async fn metrics(
    State(app): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response<Body>, RequestError> {
    let text = app.metrics.text(app.queue.len()).map_err(|_| RequestError::Failed)?;
    let (text, media) =
        if prefers_open_metrics(&headers) { (text, OPEN_METRICS) } else { (metrics::plain(&text), PLAIN) };
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media));
    Ok(response)
}

/// True if the client accepts OpenMetrics and does not prefer plain text.
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
async fn docs() -> Response<Body> {
    static PAGE: LazyLock<String> =
        LazyLock::new(|| docs::page(OPENAPI).expect("the description is JSON, as a test says"));
    let mut response = Response::new(Body::from(PAGE.as_str()));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(docs::POLICY));
    response
}

/// A file of the page.
async fn file(State(app): State<Arc<AppState>>, request: Request) -> Response<Body> {
    let files = app.files();
    let Some(file) = files.at(request.uri().path()) else {
        return RequestError::NotFound.into_response();
    };
    let mut response = match *request.method() {
        Method::GET | Method::HEAD => files::response(file, &request),
        _ => {
            let mut refused = RequestError::Method.into_response();
            refused
                .headers_mut()
                .insert(HeaderName::from_static("allow"), HeaderValue::from_static("GET,HEAD"));
            refused
        }
    };
    response.extensions_mut().insert(RouteName("file"));
    response
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::{OPENAPI, api, docs, origins};

    #[test]
    fn every_route_is_described() {
        let described: Value = serde_json::from_str(OPENAPI).unwrap();
        assert_eq!(described["openapi"], "3.1.0");
        let page = docs::page(OPENAPI).unwrap();
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
        assert!(routes.iter().all(|path| page.contains(path)), "{page}");
    }

    #[test]
    fn origins_are_those_that_browsers_send() {
        assert_eq!(origins(&["https://Example.org:8443".to_owned()]).unwrap(), ["https://example.org:8443"]);
        for origin in ["*", "example.org", "https://", "https://a/", "https://a b", "null"] {
            assert!(origins(&[origin.to_owned()]).is_err(), "{origin}");
        }
    }
}
