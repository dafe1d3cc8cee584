//! Whether the server lives, and whether to send it anything.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::State,
    http::{Response, StatusCode},
};
use serde_json::json;

use crate::app::{self, App};

/// `GET /v2/health/live`.
pub(crate) async fn live() -> Response<Body> {
    app::json(json!({ "live": true }).to_string())
}

/// `GET /v2/health/ready`. The protocol calls the field `live` here, too, and some clients look for `ready`.
pub(crate) async fn ready(State(app): State<Arc<App>>) -> Response<Body> {
    let ready = !app.draining();
    let mut response = app::json(json!({ "live": true, "ready": ready }).to_string());
    if !ready {
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    }
    response
}
