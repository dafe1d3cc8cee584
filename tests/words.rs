//! `dabnet serve --teachable`: words taught over HTTP.
use std::{fs, path::Path, thread};

use serde_json::{Value, json};

use crate::{
    common::{assert_one_clear_line, dabnet, server::Server},
    teach::symbol,
};

const JSON: &str = "application/json";
const WORDS: &str = "/v1/words?model=quickdraw-20";
const RECOGNIZE: &str = "/v1/recognize?model=quickdraw-20";

/// A server of the 20 words that keeps what it is taught in a folder.
fn teachable(folder: &Path, more: &[&str]) -> Server {
    let mut arguments = vec!["--model", "quickdraw-20", "--teachable", folder.to_str().unwrap()];
    arguments.extend(more);
    Server::start(&arguments)
}

/// A word with so many drawings.
fn word(label: &str, drawings: usize) -> Value {
    let drawings: Vec<Value> =
        (0..drawings).map(|number| json!({ "strokes": symbol(label, number) })).collect();
    json!({ "label": label, "drawings": drawings })
}

fn body(words: &[Value]) -> Vec<u8> {
    json!({ "words": words }).to_string().into_bytes()
}

/// First label of another drawing of a word.
fn first_label(server: &Server, label: &str) -> String {
    let body = json!({ "strokes": symbol(label, 8) }).to_string();
    let reply = server.post(RECOGNIZE, JSON, body.as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()["predictions"][0]["label"].as_str().unwrap().to_owned()
}

#[test]
fn words_are_taught_kept_and_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let kept = folder.path().join("kept");
    let server = teachable(&kept, &["--threads", "2"]);
    let before = server.get("/models/quickdraw-20/model.safetensors");
    let reply = server.post(WORDS, JSON, &body(&[word("voltage box", 6), word("triskele", 6)]));
    assert_eq!(reply.status, 200, "{}", reply.text());
    let expected = json!({ "model": "quickdraw-20", "words": 22, "taught": ["triskele", "voltage box"], "teachable": true });
    assert_eq!(reply.json(), expected);
    // Every worker has to take the new model.
    thread::scope(|scope| {
        for label in ["triskele", "voltage box", "triskele", "voltage box"] {
            let server = &server;
            scope.spawn(move || assert_eq!(first_label(server, label), label));
        }
    });
    assert_eq!(server.get("/v1/models").json()["models"][0]["labels"].as_array().unwrap().len(), 22);
    let inputs = server.get("/v2/models/quickdraw-20").json();
    assert_eq!(inputs["outputs"][0]["shape"], json!([-1, 22]));

    let file = server.get("/models/quickdraw-20/model.safetensors");
    assert!(file.header("etag") != before.header("etag") && file.body != before.body);
    assert_eq!(file.body, fs::read(kept.join("quickdraw-20/model.safetensors")).unwrap());
    assert_eq!(server.get("/models/index.json").json()[0]["labels"], 22);
    drop(server);

    let server = teachable(&kept, &[]);
    assert_eq!(server.get(WORDS).json(), expected);
    assert_eq!(first_label(&server, "triskele"), "triskele");
    let again = server.post(WORDS, JSON, &body(&[word("triskele", 3)]));
    assert_eq!((again.status, &again.json()["words"]), (200, &json!(22)));
    let forgotten = server.ask("DELETE", &format!("{WORDS}&word=voltage%20box"), &[], b"");
    assert_eq!((forgotten.status, &forgotten.json()["taught"]), (200, &json!(["triskele"])));
    assert_ne!(first_label(&server, "voltage box"), "voltage box");
    drop(server);
    assert_eq!(teachable(&kept, &[]).get(WORDS).json()["taught"], json!(["triskele"]));
}

#[test]
fn what_cannot_be_taught_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let server = teachable(folder.path(), &["--max-words", "2", "--max-drawings", "5"]);
    let star = json!({ "strokes": symbol("triskele", 0) });
    let empty = json!({ "strokes": [] });
    for (status, part, words) in [
        (400, "no word", json!([])),
        (400, "0 drawings", json!([{ "label": "a", "drawings": [] }])),
        (400, "1 to 64 characters", json!([{ "label": "", "drawings": [star] }])),
        (400, "1 to 64 characters", json!([{ "label": " a", "drawings": [star] }])),
        (400, "1 to 64 characters", json!([{ "label": "a\nb", "drawings": [star] }])),
        (400, "1 to 64 characters", json!([{ "label": "a".repeat(65), "drawings": [star] }])),
        (400, "there twice", json!([word("a", 1), word("a", 1)])),
        (400, "drawing 2 of \"a\": ", json!([{ "label": "a", "drawings": [star, empty] }])),
        (400, "unknown field `name`", json!([{ "name": "a", "drawings": [star] }])),
        (409, "knows 'cat' from its training", json!([word("cat", 2)])),
        (422, "6 drawings; send up to 5", json!([word("a", 6)])),
        (422, "3 taught words; this server takes up to 2", json!([word("a", 1), word("b", 1), word("c", 1)])),
    ] {
        let words = words.as_array().unwrap();
        server.post(WORDS, JSON, &body(words)).assert_error(status, part);
    }
    for media in ["text/plain", "application/x-www-form-urlencoded", "image/svg+xml"] {
        server.post(WORDS, media, &body(&[word("a", 1)])).assert_error(415, "application/json");
    }
    server.ask("POST", WORDS, &[], &body(&[word("a", 1)])).assert_error(415, "application/json");
    server.ask("DELETE", WORDS, &[], b"").assert_error(400, "'model' and 'word'");
    for known in ["cat", "nothing"] {
        server.ask("DELETE", &format!("{WORDS}&word={known}"), &[], b"").assert_error(404, "was not taught");
    }
    server.ask("PUT", WORDS, &[], b"").assert_error(405, "Allow");
    let nothing = json!({ "model": "quickdraw-20", "words": 20, "taught": [], "teachable": true });
    assert_eq!(server.get(WORDS).json(), nothing);
    assert!(!folder.path().join("quickdraw-20").exists());
}

#[test]
fn a_folder_that_cannot_be_written_loses_no_word() {
    let folder = tempfile::tempdir().unwrap();
    let server = teachable(folder.path(), &[]);
    // A file lies where the model's folder belongs.
    fs::write(folder.path().join("quickdraw-20"), "").unwrap();
    server.post(WORDS, JSON, &body(&[word("triskele", 2)])).assert_error(500, "could not be saved");
    assert_eq!(server.get(WORDS).json()["taught"], json!([]));
    assert!(server.log().contains("could not be written"), "{}", server.log());
    fs::remove_file(folder.path().join("quickdraw-20")).unwrap();
    assert_eq!(server.post(WORDS, JSON, &body(&[word("triskele", 2)])).status, 200);
}

#[test]
fn clients_teach_only_where_they_may() {
    let server = Server::start(&["--model", "quickdraw-20"]);
    server.post(WORDS, JSON, &body(&[word("triskele", 2)])).assert_error(403, "--teachable");
    server.ask("DELETE", &format!("{WORDS}&word=cat"), &[], b"").assert_error(403, "--teachable");
    assert_eq!(server.get(WORDS).json()["teachable"], false);
}

#[test]
fn one_server_keeps_words_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let server = teachable(folder.path(), &[]);
    let path = folder.path().to_str().unwrap();
    let second = dabnet(&["serve", "--bind", "127.0.0.1:0", "--teachable", path]);
    assert_one_clear_line(&second, 1, &["another server"]);
    drop(server);
    fs::create_dir(folder.path().join("quickdraw-20")).unwrap();
    fs::write(folder.path().join("quickdraw-20/model.safetensors"), "broken").unwrap();
    let broken = dabnet(&["serve", "--bind", "127.0.0.1:0", "--teachable", path]);
    assert_one_clear_line(&broken, 2, &["quickdraw-20/model.safetensors"]);
}
