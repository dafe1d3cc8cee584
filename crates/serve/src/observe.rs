//! Middleware around all routes: headers, access log and metrics.

use std::sync::Arc;

use axum::{
    body::HttpBody,
    extract::{MatchedPath, Request, State},
    http::{
        HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
        header::{
            CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY,
            X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    app::AppState,
    body::BodyConsumed,
    request_error::{RejectionReason, RequestError},
    timed_stream::RequestStart,
};

/// Content security policy of responses that are no page.
const NO_PAGE: &str = "default-src 'none'; frame-ancestors 'none'";

/// On everything.
const HEADERS: [(HeaderName, &str); 5] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    ),
];

/// Route of a response, where the router does not know it.
#[derive(Clone, Copy)]
pub(crate) struct RouteName(pub(crate) &'static str);

/// The layer around all routes.
pub(crate) async fn observe(State(app): State<Arc<AppState>>, mut request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let arrived = RequestStart::of(&request);
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let body = BodyConsumed::watch(&mut request);
    let mut response = next.run(request).await;
    if response.status() == StatusCode::METHOD_NOT_ALLOWED && !response.headers().contains_key(CONTENT_TYPE) {
        response = explained(response);
    }
    dress(response.headers_mut(), app.draining() || !body.is_read());
    let route = match (&matched, response.extensions().get::<RouteName>()) {
        (Some(path), _) => path.as_str(),
        (None, Some(route)) => route.0,
        (None, None) => "none",
    };
    let (status, time) = (response.status().as_u16(), arrived.elapsed());
    app.metrics.answered(name(&method), route, status, time);
    if let Some(reason) = response.extensions().get::<RejectionReason>() {
        app.metrics.rejected(reason.0);
    }
    let bytes = response.body().size_hint().exact().unwrap_or_default();
    let ms = (time.as_secs_f64() * 1e6).round() / 1e3;
    tracing::info!(method = name(&method), route, status, ms, bytes);
    response
}

/// The router's own answer to a method, with words.
fn explained(response: Response) -> Response {
    let mut explained = RequestError::Method.into_response();
    for (name, value) in response.headers() {
        if name != "content-length" {
            explained.headers_mut().append(name, value.clone());
        }
    }
    explained
}

fn dress(headers: &mut HeaderMap, is_last: bool) {
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CONTENT_SECURITY_POLICY).or_insert(HeaderValue::from_static(NO_PAGE));
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if is_last {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
}

/// A method's name; clients may make up any.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        Method::PATCH => "PATCH",
        _ => "other",
    }
}
