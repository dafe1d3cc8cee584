//! A route that labels drawings: `cargo run --release --bin server`, and then
//! `curl -d '[[[50,0],[79,90],[2,35],[98,35],[21,90],[50,0]]]' -H 'Content-Type: application/json' 127.0.0.1:3000/guess`.
//!
//! `dabnet serve` is a whole server, with limits, metrics and a page; this is for a service that has its own.

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use dabnet::{Drawing, Model, Point, Recognizer, Stroke, models};
use serde::Serialize;

#[derive(Serialize)]
struct Guess {
    label: String,
    probability: f32,
}

async fn guess(
    State(model): State<Model>,
    Json(strokes): Json<Vec<Vec<Point>>>,
) -> Result<Json<Vec<Guess>>, (StatusCode, String)> {
    let drawing = Drawing::Strokes(strokes.into_iter().map(Stroke::new).collect());
    // A model is shared; a recognizer is cheap, and belongs to one request.
    let mut recognizer = Recognizer::new(model);
    let guesses = recognizer.recognize(&drawing, 3);
    let guesses = guesses.map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))?;
    let owned = guesses.iter().map(|it| Guess { label: it.label.to_owned(), probability: it.probability });
    Ok(Json(owned.collect()))
}

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let routes = Router::new().route("/guess", post(guess)).with_state(models::quickdraw_345());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:3000").await?;
    println!("http://{}/guess", listener.local_addr()?);
    axum::serve(listener, routes).await
}
