//! `dabnet serve` asked by a client of plain sockets, and `dabnet page`.
use std::{
    fs,
    io::{BufReader, Cursor, Read, Write},
    net::TcpListener,
    path::Path,
    sync::{
        Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::common::{
    assert_one_clear_line, dabnet,
    server::{Reply, Server, closed, request},
    shipped, stderr, stdout,
};
use dabnet_engine::{Model, Session};
use dabnet_micro::Network;
use dabnet_sketch::{Preprocess, read_file};
use flate2::read::GzDecoder;
use image::ImageFormat;
use rand::RngExt;
use rand_pcg::Pcg64;
use serde_json::{Value, json};

const JSON: &str = "application/json";
const SVG: &str = "image/svg+xml";
const PNG: &str = "image/png";
const RECOGNIZE: &str = "/v1/recognize?model=quickdraw-20";
/// On every answer of this program.
const SECURITY: [(&str, &str); 4] = [
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-frame-options", "DENY"),
];

fn example(name: &str) -> Vec<u8> {
    fs::read(shipped("data/examples").join(name)).unwrap()
}

/// A small sketch as JSON.
fn square() -> Vec<u8> {
    json!({ "strokes": [[[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]]] }).to_string().into_bytes()
}

/// A picture that takes a worker long: all of it is lines to follow.
fn heavy() -> Vec<u8> {
    let grid = image::GrayImage::from_fn(1024, 1024, |x, y| {
        image::Luma([if (x / 3 + y / 3) % 2 == 0 { 0 } else { 255 }])
    });
    encoded(&grid.into(), ImageFormat::Png)
}

fn encoded(picture: &image::DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// What `dabnet recognize` says of a file, a list of predictions for each sketch.
fn recognized(file: &Path) -> Vec<Value> {
    let output = dabnet(&["recognize", "--model", "quickdraw-20", "--json", file.to_str().unwrap()]);
    assert!(output.status.success(), "{}", stderr(&output));
    let answers = stdout(&output);
    answers.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["predictions"].clone()).collect()
}

#[test]
fn sketches_are_labelled_as_by_recognize() {
    let server = Server::start::<&str>(&[]);
    let folder = tempfile::tempdir().unwrap();
    for name in ["airplane.svg", "alarm-clock.svg", "bicycle.png", "butterfly.png"] {
        let media = if name.ends_with("svg") { SVG } else { PNG };
        let reply = server.post(RECOGNIZE, media, &example(name));
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.json()["predictions"], recognized(&shipped("data/examples").join(name))[0]);
    }
    let butterfly = image::load_from_memory(&example("butterfly.png")).unwrap();
    for (media, format) in [
        ("image/jpeg", ImageFormat::Jpeg),
        ("image/webp", ImageFormat::WebP),
        ("image/gif", ImageFormat::Gif),
        ("image/bmp", ImageFormat::Bmp),
    ] {
        let picture = encoded(&image::DynamicImage::from(butterfly.to_rgb8()), format);
        let path = folder.path().join("butterfly");
        fs::write(&path, &picture).unwrap();
        assert_eq!(server.post(RECOGNIZE, media, &picture).json()["predictions"], recognized(&path)[0]);
    }
    let filled = "<svg xmlns='http://www.w3.org/2000/svg'><path d='M0 0H99V9H9V99H0Z'/><text>a</text></svg>";
    fs::write(folder.path().join("filled.svg"), filled).unwrap();
    let reply = server.post(RECOGNIZE, SVG, filled.as_bytes()).json();
    assert_eq!(reply["predictions"], recognized(&folder.path().join("filled.svg"))[0]);
    assert_eq!(reply["notes"], json!(["its text is left out"]));
    let lines = String::from_utf8(example("quickdraw.ndjson")).unwrap();
    let expected = recognized(&shipped("data/examples/quickdraw.ndjson"));
    for (line, expected) in lines.lines().zip(expected) {
        assert_eq!(server.post(RECOGNIZE, JSON, line.as_bytes()).json()["predictions"], expected);
        let points = json!({ "strokes": as_points(&serde_json::from_str(line).unwrap()) });
        let media = "application/json; charset=utf-8";
        let reply = server.post(RECOGNIZE, media, points.to_string().as_bytes());
        assert_eq!(reply.json()["predictions"], expected);
    }
}

/// As the engine gives it, to the bit, and what is no sketch is refused as it is elsewhere.
#[test]
fn sketches_are_embedded() {
    let server = Server::start::<&str>(&[]);
    let model = Model::load(shipped("models/quickdraw-20")).unwrap();
    let sketch = read_file(shipped("data/examples/butterfly.png")).unwrap().next().unwrap().unwrap();
    let canvas = model.preprocessing().apply(&sketch.drawing);
    let expected = Session::new(&model).embed(&canvas).unwrap().to_vec();
    let reply = server.post("/v1/embed?model=quickdraw-20", PNG, &example("butterfly.png"));
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!((reply.json()["model"].as_str(), embedding(&reply)), (Some("quickdraw-20"), expected));
    assert!(reply.json().get("bits").is_none());
    let reply = server.post("/v1/embed?model=quickdraw-20&bits=true", PNG, &example("butterfly.png"));
    let statistics = model.embedding_statistics().unwrap();
    let bits: String = statistics.bits(&embedding(&reply)).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(reply.json()["bits"], bits);
    for (query, body, part) in [("?top=3", STAR, "it takes 'model'"), ("", "{\"strokes\": []}", "no strokes")]
    {
        let reply = server.post(&format!("/v1/embed{query}"), JSON, body.as_bytes());
        assert_eq!(reply.status, 400);
        assert!(reply.text().contains(part), "{}", reply.text());
    }
}

fn embedding(reply: &Reply) -> Vec<f32> {
    serde_json::from_value(reply.json()["embedding"].clone()).unwrap()
}

const STAR: &str = r#"{"strokes": [[[50, 0], [79, 90], [2, 35], [98, 35], [21, 90], [50, 0]]]}"#;

/// Strokes as `[[x, y], ...]`, of Quick, Draw!'s `[[x, ...], [y, ...]]`.
fn as_points(sketch: &Value) -> Vec<Vec<[Value; 2]>> {
    let list = |value: &Value| value.as_array().unwrap().clone();
    let stroke = |columns: &Value| {
        let (x, y) = (list(&columns[0]), list(&columns[1]));
        x.into_iter().zip(y).map(|(x, y)| [x, y]).collect()
    };
    list(&sketch["drawing"]).iter().map(stroke).collect()
}

#[test]
fn model_and_number_of_labels_are_chosen() {
    let tu_berlin = shipped("models/tu-berlin-250");
    let server =
        Server::start(&["--model", tu_berlin.to_str().unwrap(), "--model", &shipped_model("quickdraw-20")]);
    let models = server.get("/v1/models").json();
    assert_eq!(models["models"][0]["name"], "tu-berlin-250");
    assert_eq!(models["models"][1]["labels"].as_array().unwrap().len(), 20);
    let default = server.post("/v1/recognize", JSON, &square()).json();
    assert_eq!(
        (&default["model"], default["predictions"].as_array().unwrap().len()),
        (&"tu-berlin-250".into(), 3)
    );
    assert!(default["milliseconds"].as_f64().unwrap() > 0.0);
    let all = server.post("/v1/recognize?top=999&model=quickdraw-20", JSON, &square()).json();
    assert_eq!((&all["model"], all["predictions"].as_array().unwrap().len()), (&"quickdraw-20".into(), 20));
}

#[test]
fn several_views_answer_as_the_command_line_does() {
    let server = Server::start(&["--model", "quickdraw-20"]);
    let airplane = shipped("data/examples/airplane.svg");
    let body = fs::read(&airplane).unwrap();
    let answer = |views: u8| {
        server.post(&format!("/v1/recognize?top=5&views={views}"), "image/svg+xml", &body).json()["predictions"].clone()
    };
    let file = airplane.to_str().unwrap();
    let output =
        dabnet(&["recognize", "--model", "quickdraw-20", "--json", "--top", "5", "--views", "4", file]);
    let said: Value = serde_json::from_str(&stdout(&output)).unwrap();
    assert_eq!(said["predictions"], answer(4));
    assert_ne!(answer(1), answer(4));
}

fn shipped_model(name: &str) -> String {
    shipped("models").join(name).to_str().unwrap().to_owned()
}

#[test]
fn what_is_wrong_is_said() {
    let server = Server::start::<&str>(&[]);
    let post = |path: &str, media: &str, body: &[u8]| server.post(path, media, body);
    post("/v1/recognize?model=nobody", JSON, &square()).assert_error(404, "quickdraw-345, quickdraw-20");
    post("/v1/recognize?modell=a", JSON, &square()).assert_error(400, "modell");
    post("/v1/recognize?top=x", JSON, &square()).assert_error(400, "top");
    post("/v1/recognize?top=0", JSON, &square()).assert_error(400, "top");
    post("/v1/recognize?views=0", JSON, &square()).assert_error(400, "views");
    post("/v1/recognize?top=many", JSON, &square()).assert_error(400, "the query's 'top' is no whole number");
    post("/v1/recognize?color=1", JSON, &square())
        .assert_error(400, "the query has 'color'; it takes 'model'");
    post("/v1/recognize?views=9", JSON, &square()).assert_error(400, "1 to 8");
    post("/v1/recognize?top=1&top=2", JSON, &square()).assert_error(400, "top");
    post(RECOGNIZE, "text/plain", &square()).assert_error(415, "Content-Type");
    post(RECOGNIZE, "application/json; charset=latin1", &square()).assert_error(415, "UTF-8");
    let zipped = [("content-type", JSON), ("content-encoding", "gzip")];
    server.ask("POST", RECOGNIZE, &zipped, &square()).assert_error(415, "Content-Encoding");
    post(RECOGNIZE, JSON, b"").assert_error(400, "JSON");
    post(RECOGNIZE, JSON, b"{\"strokes\": [[[1, 2]").assert_error(400, "the sketch in JSON");
    post(RECOGNIZE, JSON, b"{\"strokes\": []}").assert_error(400, "no strokes");
    post(RECOGNIZE, JSON, &example("butterfly.png")).assert_error(400, "JSON");
    post(RECOGNIZE, SVG, &example("butterfly.png")).assert_error(400, "'<'");
    post(RECOGNIZE, SVG, b"<svg").assert_error(400, "SVG");
    post(RECOGNIZE, PNG, b"").assert_error(400, "PNG");
    post(RECOGNIZE, PNG, &example("butterfly.png")[..2000]).assert_error(400, "PNG");
    post(RECOGNIZE, "image/jpeg", &example("butterfly.png")).assert_error(400, "JPEG");
    for path in [
        "/v1",
        "/v1/recognize/",
        "/v2/",
        "/V2",
        "/v2/models",
        "/nothing",
        "/v2/models/nobody",
        "/v2/models/%ff",
    ] {
        server.get(path).assert_error(404, "");
    }
    for (method, path, allowed) in [
        ("GET", "/v1/recognize", "POST"),
        ("DELETE", "/v1/models", "GET,HEAD"),
        ("POST", "/", "GET,HEAD"),
        ("OPTIONS", "/v1/recognize", "POST"),
        ("BREW", "/v2", "GET,HEAD"),
    ] {
        let reply = server.ask(method, path, &[], b"");
        reply.assert_error(405, "Allow");
        assert_eq!(reply.header("allow"), Some(allowed), "{method} {path}");
    }
}

#[test]
fn every_answer_has_security_headers() {
    let server = Server::start::<&str>(&[]);
    let refused = server.post(RECOGNIZE, JSON, b"");
    for reply in [server.get("/"), server.get("/v2"), server.get("/nothing"), server.get("/metrics"), refused]
    {
        for (name, value) in SECURITY {
            assert_eq!(reply.header(name), Some(value), "{reply:?}");
        }
        assert!(reply.header("permissions-policy").is_some());
        assert!(reply.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert_eq!(reply.header("access-control-allow-origin"), None);
    }
}

#[test]
fn limits_hold() {
    let server = Server::start(&["--max-text", "20000", "--max-image", "3000", "--max-strokes", "3"]);
    server.post(RECOGNIZE, JSON, &vec![b' '; 20_001]).assert_error(413, "20000 bytes");
    server.post(RECOGNIZE, PNG, &example("butterfly.png")).assert_error(413, "3000 bytes");
    let chunked = [&b"8000\r\n"[..], &[b' '; 0x8000], b"\r\n0\r\n\r\n"].concat();
    let headers = [("content-type", JSON), ("transfer-encoding", "chunked")];
    server.ask("POST", RECOGNIZE, &headers, &chunked).assert_error(413, "20000 bytes");
    let strokes = json!({ "strokes": vec![[[1, 2], [3, 4]]; 4] }).to_string();
    server.post(RECOGNIZE, JSON, strokes.as_bytes()).assert_error(422, "4 strokes");
    let deep = format!("{{\"strokes\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    server.post(RECOGNIZE, JSON, deep.as_bytes()).assert_error(400, "nested");

    let server = Server::start(&["--max-points", "30", "--max-side", "100", "--max-held", "3000"]);
    let points = json!({ "strokes": [vec![[1, 2]; 31]] }).to_string();
    server.post(RECOGNIZE, JSON, points.as_bytes()).assert_error(422, "31 points");
    let picture = encoded(&image::GrayImage::new(101, 2).into(), ImageFormat::Png);
    server.post(RECOGNIZE, PNG, &picture).assert_error(422, "101×2");
    server.post(RECOGNIZE, SVG, &example("airplane.svg")).assert_error(503, "bytes");
    assert_eq!(server.post(RECOGNIZE, JSON, &square()).status, 200);
    // A picture that says to be as large as a format can say is refused by what it says.
    let mut bomb = encoded(&image::GrayImage::new(2, 2).into(), ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let status = server.post(RECOGNIZE, PNG, &bomb).status;
    assert!(status == 400 || status == 422, "{status}");
}

#[test]
fn heads_have_limits() {
    let server = Server::start::<&str>(&[]);
    let long = "a".repeat(40_000);
    assert!([414, 431].contains(&server.get(&format!("/{long}")).status));
    assert_eq!(server.ask("GET", "/", &[("x-long", &long)], b"").status, 431);
    let many: Vec<(&str, &str)> = vec![("x-many", "1"); 200];
    assert_eq!(server.ask("GET", "/", &many, b"").status, 431);
    for broken in
        ["GARBAGE\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "\0\u{1}\u{2}\r\n\r\n"]
    {
        let mut stream = server.connect();
        stream.write_all(broken.as_bytes()).unwrap();
        assert_eq!(Reply::head(&mut BufReader::new(stream)).map(|reply| reply.status), Some(400), "{broken}");
    }
    assert_eq!(server.get("/v2").status, 200);
}

#[test]
fn slow_clients_are_cut_off() {
    let server = Server::start(&["--timeout", "0.5", "--idle-timeout", "1", "--send-timeout", "0.5"]);
    let within = |time: Duration| time > Duration::from_millis(300) && time < Duration::from_secs(10);
    // One that says nothing, and one that does not come to the end of a head.
    let mut silent = server.connect();
    assert!(within(closed(&mut silent)));
    let mut slow = server.connect();
    slow.write_all(b"GET /v2 HTTP/1.1\r\nhost: ").unwrap();
    assert!(within(closed(&mut slow)));
    // One that keeps a connection and asks nothing more.
    let mut idle = server.connect();
    idle.write_all(&request("GET", "/v2", &[], b"")).unwrap();
    assert_eq!(Reply::read(&mut BufReader::new(&mut idle)).unwrap().status, 200);
    assert!(within(closed(&mut idle)));
    // One whose body does not come.
    let mut body = server.connect();
    let head = request("POST", RECOGNIZE, &[("content-type", JSON)], &square());
    body.write_all(&head[..head.len() - 1]).unwrap();
    let reply = Reply::read(&mut BufReader::new(&mut body)).unwrap();
    reply.assert_error(408, "0.5 s");
    assert_eq!(reply.header("connection"), Some("close"));
    closed(&mut body);
    // One that asks for much and reads nothing of it.
    let mut deaf = server.connect();
    let ask = request("GET", "/models/quickdraw-345/model.safetensors", &[], b"");
    for _ in 0..40 {
        if deaf.write_all(&ask).is_err() {
            break;
        }
    }
    let start = Instant::now();
    while server.metric("dabnet_open_connections") > 1.0 {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "a client that does not read keeps its connection"
        );
        thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn time_counts_from_the_first_byte() {
    let server = Server::start(&["--timeout", "2", "--idle-timeout", "20"]);
    let mut stream = server.connect();
    let whole = request("POST", RECOGNIZE, &[("content-type", JSON)], &square());
    stream.write_all(&whole[..10]).unwrap();
    thread::sleep(Duration::from_millis(2200));
    stream.write_all(&whole[10..whole.len() - 1]).unwrap();
    let start = Instant::now();
    Reply::read(&mut BufReader::new(stream)).unwrap().assert_error(408, "2 s");
    assert!(start.elapsed() < Duration::from_millis(1500), "{:?}", start.elapsed());
}

#[test]
fn a_full_queue_says_so_at_once() {
    let server = Server::start(&["--threads", "1", "--queue", "1", "--timeout", "30"]);
    let (heavy, start) = (heavy(), Barrier::new(12));
    let replies: Vec<Reply> = thread::scope(|scope| {
        let ask = || {
            start.wait();
            server.post(RECOGNIZE, PNG, &heavy)
        };
        let clients: Vec<_> = (0..12).map(|_| scope.spawn(ask)).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    let full: Vec<&Reply> = replies.iter().filter(|reply| reply.status != 200).collect();
    assert!(!full.is_empty() && full.len() < 12, "{} of 12", full.len());
    for reply in &full {
        reply.assert_error(503, "try again");
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    assert_eq!(server.metric("dabnet_rejected_total{reason=\"queue_full\"}"), full.len() as f64);
    assert_eq!(server.post(RECOGNIZE, JSON, &square()).status, 200);
}

#[test]
fn what_waited_too_long_is_not_done() {
    let server = Server::start(&["--threads", "1", "--timeout", "0.05"]);
    let (heavy, start) = (heavy(), Barrier::new(8));
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                start.wait();
                let reply = server.post(RECOGNIZE, PNG, &heavy);
                assert!([200, 408, 503].contains(&reply.status), "{}", reply.text());
            });
        }
    });
    assert!(server.metric("dabnet_rejected_total{reason=\"late\"}") >= 1.0);
    // Only what was begun in time is done, and one piece of it takes longer than all have.
    assert!(server.metric("dabnet_recognitions_total{model=\"quickdraw-20\"}") <= 4.0);
}

#[test]
fn a_connection_on_which_a_body_was_left_is_said_to_close() {
    let server = Server::start::<&str>(&[]);
    let asked = |path: &str, media: &str, body: &[u8]| {
        let mut stream = server.connect();
        stream.write_all(&request("POST", path, &[("content-type", media)], body)).unwrap();
        let reply = Reply::read(&mut BufReader::new(stream)).unwrap();
        (reply.status, reply.header("connection") == Some("close"))
    };
    assert_eq!(asked(RECOGNIZE, JSON, &square()), (200, false));
    assert_eq!(asked(RECOGNIZE, JSON, b"{"), (400, false));
    assert_eq!(asked(RECOGNIZE, "text/plain", &square()), (415, true));
    assert_eq!(asked("/v1/recognize?top=0", JSON, &square()), (400, true));
    assert_eq!(asked("/nothing", JSON, &square()), (404, true));
    assert_eq!(asked(RECOGNIZE, JSON, &vec![b' '; (1 << 20) + 1]), (413, true));
}

#[test]
fn connections_over_the_limit_wait() {
    let server = Server::start(&["--max-connections", "2", "--idle-timeout", "0.5"]);
    let silent = [server.connect(), server.connect()];
    assert_eq!(server.get("/v2").status, 200);
    drop(silent);
}

#[test]
fn ending_under_load_loses_no_request() {
    let mut server = Server::start(&["--threads", "1", "--queue", "256"]);
    let (answered, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let body = request("POST", RECOGNIZE, &[("content-type", JSON)], &square());
    thread::scope(|scope| {
        for client in 0..16 {
            let (server, body, answered, stop) = (&server, &body, &answered, &stop);
            scope.spawn(move || {
                let mut stream = BufReader::new(server.connect());
                loop {
                    // Some ask again at once, some are silent when the server is told to end.
                    thread::sleep(Duration::from_millis(client % 4));
                    if stream.get_mut().write_all(body).is_err() {
                        break;
                    }
                    let Some(reply) = Reply::read(&mut stream) else { break };
                    assert_eq!(reply.status, 200, "{}", reply.text());
                    answered.fetch_add(1, Ordering::Relaxed);
                    if reply.header("connection") == Some("close") {
                        stop.store(true, Ordering::Relaxed);
                        return;
                    }
                }
                panic!("a connection ended without an answer that said so");
            });
        }
        thread::sleep(Duration::from_millis(500));
        server.terminate();
    });
    assert!(stop.load(Ordering::Relaxed) && answered.load(Ordering::Relaxed) > 16);
    assert!(server.wait().success());
    assert!(!server.log().contains("stopped before"), "{}", server.log());
}

#[test]
fn requests_that_wait_when_told_to_end_are_answered() {
    let mut server = Server::start(&[
        "--threads",
        "1",
        "--timeout",
        "60",
        "--drain-timeout",
        "60",
        "--idle-timeout",
        "60",
    ]);
    let heavy = request("POST", RECOGNIZE, &[("content-type", PNG)], &heavy());
    let mut silent = server.connect();
    let mut streams: Vec<_> = (0..6).map(|_| server.connect()).collect();
    for stream in &mut streams {
        stream.write_all(&heavy).unwrap();
    }
    thread::sleep(Duration::from_millis(150));
    let start = Instant::now();
    server.terminate();
    for stream in streams {
        assert_eq!(Reply::read(&mut BufReader::new(stream)).unwrap().status, 200);
    }
    assert!(server.wait().success());
    // Nor does a connection on which nothing comes keep it.
    closed(&mut silent);
    assert!(start.elapsed() < Duration::from_secs(50), "{:?}", start.elapsed());
}

#[test]
fn a_server_about_to_end_is_not_ready() {
    let mut server = Server::start(&["--drain-delay", "3"]);
    assert_eq!(server.get("/v2/health/ready").json()["ready"], true);
    server.terminate();
    let start = Instant::now();
    while server.get("/v2/health/ready").status != 503 {
        assert!(start.elapsed() < Duration::from_millis(2500), "it still says to be ready");
    }
    assert_eq!(server.get("/v2/health/live").json()["live"], true);
    assert_eq!(server.post(RECOGNIZE, JSON, &square()).status, 200);
    assert!(server.wait().success());
}

/// Changes some bytes, cuts some out, or puts some in.
fn mutated(bytes: &[u8], random: &mut Pcg64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..random.random_range(1..6) {
        let at = random.random_range(0..=bytes.len());
        let end = bytes.len().min(at + random.random_range(0..40));
        match random.random_range(0..4) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.random_range(0..8),
            1 => drop(bytes.drain(at..end)),
            2 => drop(bytes.splice(at..at, bytes[at..end].to_vec())),
            _ => bytes.insert(at, *b"[]{},\"<>/-0e\0\xff".get(random.random_range(0..14)).unwrap()),
        }
    }
    bytes
}

#[test]
fn malformed_bodies_are_the_clients_fault() {
    let server = Server::start(&["--log-format", "off"]);
    let blank = json!({ "inputs": [{ "name": "canvas", "shape": [1, 1, 64, 64], "datatype": "FP32", "data": vec![0; 4096] }] });
    let first = |text: Vec<u8>| text.split(|byte| *byte == b'\n').next().unwrap().to_vec();
    let butterfly = image::load_from_memory(&example("butterfly.png")).unwrap().to_rgb8();
    let picture = |format| encoded(&image::DynamicImage::from(butterfly.clone()).thumbnail(160, 160), format);
    let seeds = [
        (RECOGNIZE, JSON, square()),
        (RECOGNIZE, JSON, first(example("quickdraw.ndjson"))),
        (RECOGNIZE, SVG, example("alarm-clock.svg")),
        (RECOGNIZE, PNG, picture(ImageFormat::Png)),
        (RECOGNIZE, "image/jpeg", picture(ImageFormat::Jpeg)),
        (RECOGNIZE, "image/webp", picture(ImageFormat::WebP)),
        ("/v2/models/quickdraw-20/infer", JSON, blank.to_string().into_bytes()),
    ];
    let refused = AtomicUsize::new(0);
    thread::scope(|scope| {
        for (index, (path, media, seed)) in seeds.iter().enumerate() {
            let (server, refused) = (&server, &refused);
            scope.spawn(move || {
                let mut random = Pcg64::new(index as u128, 1);
                let mut stream = BufReader::new(server.connect());
                for _ in 0..500 {
                    let body = mutated(seed, &mut random);
                    let request = request("POST", path, &[("content-type", media)], &body);
                    stream.get_mut().write_all(&request).unwrap();
                    let reply = Reply::read(&mut stream).expect("an answer to every request");
                    assert!(reply.status == 200 || (400..500).contains(&reply.status), "{reply:?}");
                    refused.fetch_add(usize::from(reply.status != 200), Ordering::Relaxed);
                }
            });
        }
    });
    assert!(refused.into_inner() > 500);
    assert_eq!(server.metric("dabnet_worker_panics_total"), 0.0);
}

#[test]
fn the_inference_protocol_is_spoken() {
    let server = Server::start::<&str>(&[]);
    let about = server.get("/v2").json();
    assert!(about["name"] == "dabnet" && about["version"].is_string() && about["extensions"].is_array());
    assert_eq!(
        server.get("/v2/models/quickdraw-20/ready").json(),
        json!({ "name": "quickdraw-20", "ready": true })
    );
    let model = server.get("/v2/models/quickdraw-20").json();
    assert_eq!(
        (&model["inputs"][0]["name"], &model["inputs"][0]["shape"]),
        (&json!("canvas"), &json!([-1, 1, 64, 64]))
    );
    assert_eq!(model["outputs"][0], json!({ "name": "logits", "datatype": "FP32", "shape": [-1, 20] }));

    let butterfly = ink(&shipped("data/examples/butterfly.png"));
    let clock = ink(&shipped("data/examples/alarm-clock.svg"));
    let both: Vec<f32> = [&butterfly[..], &clock].concat();
    let tensor = |shape: Value, data: Value| json!({ "name": "canvas", "shape": shape, "datatype": "FP32", "data": data });
    let flat = json!({ "id": "7", "inputs": [tensor(json!([2, 1, 64, 64]), json!(both))] });
    let rows: Vec<&[f32]> = butterfly.chunks(64).collect();
    let nested = json!({ "inputs": [tensor(json!([1, 1, 64, 64]), json!([[rows]]))], "outputs": [{ "name": "label" }] });
    let infer =
        |body: &Value| server.post("/v2/models/quickdraw-20/infer", JSON, body.to_string().as_bytes());

    let answer = infer(&flat).json();
    assert_eq!((&answer["id"], &answer["model_name"]), (&json!("7"), &json!("quickdraw-20")));
    let outputs = answer["outputs"].as_array().unwrap();
    let names: Vec<&Value> = outputs.iter().map(|output| &output["name"]).collect();
    assert_eq!(names, ["logits", "probabilities", "label"]);
    assert_eq!((&outputs[0]["shape"], &outputs[2]["shape"]), (&json!([2, 20]), &json!([2])));
    for (index, file) in ["butterfly.png", "alarm-clock.svg"].iter().enumerate() {
        let probabilities = &outputs[1]["data"].as_array().unwrap()[20 * index..][..20];
        let best = probabilities.iter().filter_map(Value::as_f64).fold(0.0, f64::max);
        let recognized = &recognized(&shipped("data/examples").join(file))[0][0];
        assert_eq!(
            (&recognized["label"], &recognized["probability"]),
            (&outputs[2]["data"][index], &json!(best))
        );
    }
    let first = &outputs[2]["data"][0];
    let answer = infer(&nested).json();
    assert_eq!(
        answer["outputs"],
        json!([{ "name": "label", "datatype": "BYTES", "shape": [1], "data": [first] }])
    );
    assert_eq!(answer.get("id"), None);
}

/// What a sketch's file is drawn as for the shipped model, 0 paper and 1 ink.
fn ink(file: &Path) -> Vec<f32> {
    let model = dabnet_engine::Model::load(shipped("models/quickdraw-20")).unwrap();
    let sketch = dabnet_sketch::read_file(file).unwrap().next().unwrap().unwrap();
    let ink = model.preprocessing().ink(&sketch.drawing);
    ink.iter().map(|ink| f32::from(*ink) / 255.0).collect()
}

#[test]
fn tensors_that_do_not_fit_are_refused() {
    let server = Server::start(&["--max-batch", "2"]);
    let infer = |body: Value| server.post("/v2/models/quickdraw-20/infer", JSON, body.to_string().as_bytes());
    let tensor = |name: &str, shape: Value, datatype: &str, data: Value| {
        infer(json!({ "inputs": [{ "name": name, "shape": shape, "datatype": datatype, "data": data }] }))
    };
    let (one, blank) = (json!([1, 1, 64, 64]), json!(vec![0; 4096]));
    tensor("image", one.clone(), "FP32", blank.clone()).assert_error(400, "'canvas'");
    tensor("canvas", one.clone(), "UINT8", blank.clone()).assert_error(400, "FP32");
    tensor("canvas", json!([1, 64, 64]), "FP32", blank.clone()).assert_error(400, "[N, 1, 64, 64]");
    tensor("canvas", json!([0, 1, 64, 64]), "FP32", json!([])).assert_error(400, "[N, 1, 64, 64]");
    tensor("canvas", one.clone(), "FP32", json!([1, 2])).assert_error(400, "shape");
    tensor("canvas", one.clone(), "FP32", json!(vec![vec![0; 2048]; 2])).assert_error(400, "shape");
    tensor("canvas", one.clone(), "FP32", json!(vec![255; 4096])).assert_error(400, "outside 0..=1");
    tensor("canvas", one.clone(), "FP32", json!([[0], [0, 0]])).assert_error(400, "nested arrays differ");
    tensor("canvas", json!([3, 1, 64, 64]), "FP32", json!(vec![0; 3 * 4096])).assert_error(422, "up to 2");
    tensor("canvas", json!([u64::MAX, 1, 64, 64]), "FP32", json!([0])).assert_error(422, "up to 2");
    infer(json!({ "inputs": [] })).assert_error(400, "exactly one input");
    let input = json!({ "name": "canvas", "shape": one, "datatype": "FP32", "data": blank });
    infer(json!({ "inputs": [input], "outputs": [{ "name": "loss" }] })).assert_error(400, "'loss'");
    server.post("/v2/models/quickdraw-20/infer", PNG, &example("butterfly.png")).assert_error(415, "JSON");
    server.post("/v2/models/nobody/infer", JSON, b"{}").assert_error(404, "'nobody'");
}

#[test]
fn what_is_described_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&["--teachable", folder.path().to_str().unwrap()]);
    let described = server.get("/openapi.json").json();
    for (path, methods) in described["paths"].as_object().unwrap() {
        let path =
            path.replace("{model}", "quickdraw-20").replace("{version}", "1").replace("{file}", "index.html");
        for method in ["get", "post"].iter().filter(|method| methods.get(method).is_some()) {
            let reply = server.ask(&method.to_uppercase(), &path, &[("content-type", JSON)], b"");
            // What is posted is nothing, and so no good.
            assert_eq!(reply.status, if *method == "get" { 200 } else { 400 }, "{method} {path}");
            assert!(methods[method]["responses"].get(reply.status.to_string()).is_some(), "{method} {path}");
        }
    }
}

#[test]
fn the_page_is_served_from_memory() {
    let server = Server::start::<&str>(&[]);
    let page = server.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    assert_eq!(
        page.header("content-security-policy"),
        Some(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; \
             img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; \
             form-action 'none'; frame-ancestors 'none'"
        )
    );
    for (path, governed) in
        [("/index.html", true), ("/dabnet/worker.js", true), ("/sw.js", true), ("/app.js", false)]
    {
        let policy = server.get(path).header("content-security-policy").unwrap().to_owned();
        assert_eq!(policy.contains("script-src"), governed, "{path}");
    }
    assert_eq!(page.header("cache-control"), Some("no-cache"));
    assert_eq!(server.get("/index.html").body, page.body);
    assert_eq!(server.get("/dabnet/index.js").header("content-type"), Some("text/javascript; charset=utf-8"));
    for path in [
        "/../etc/passwd",
        "/..%2f..%2fetc/passwd",
        "/dabnet/../index.html",
        "/dabnet/package.json",
        "/dabnet/",
        "//etc/passwd",
        "/models/quickdraw-20/",
        "/models/../models/index.json",
        "/index.html%00",
        "/.dabnet-page",
    ] {
        server.get(path).assert_error(404, "nothing at this address");
    }

    let index = server.get("/models/index.json").json();
    let names: Vec<&Value> = index.as_array().unwrap().iter().map(|model| &model["name"]).collect();
    assert_eq!(names, ["quickdraw-345", "quickdraw-20"]);
    assert_eq!((&index[1]["labels"], &index[1]["top1"]), (&json!(20), &json!(572.0 / 600.0)));
    let bytes = fs::read(shipped("models/quickdraw-20/model.safetensors")).unwrap();
    assert_eq!(index[1]["bytes"], bytes.len());
    assert_eq!(server.get(&format!("/{}", index[1]["url"].as_str().unwrap())).body, bytes);
}

#[test]
fn a_small_model_guesses_first() {
    let first = |arguments: &[&str]| {
        let body = Server::start(arguments).get("/models/first.bin").body;
        body.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect::<Vec<u32>>()
    };
    let shipped = first(&[]);
    assert_eq!(Network::new(&shipped).unwrap().label_count(), 20);
    let own = first(&["--model", "tu-berlin-250", "--model", "quickdraw-20"]);
    assert!(Network::new(&own).unwrap().label(17).to_string() == "star" && own.len() > shipped.len());
    // It draws no directions.
    assert!(first(&["--model", "quickdraw-345"]).is_empty());
}

#[test]
fn files_are_cached_and_compressed() {
    let server = Server::start::<&str>(&[]);
    let path = "/models/index.json";
    let plain = server.get(path);
    let zipped = server.ask("GET", path, &[("accept-encoding", "br, gzip")], b"");
    assert_eq!((plain.header("content-encoding"), zipped.header("content-encoding")), (None, Some("gzip")));
    assert_eq!(zipped.header("vary"), Some("accept-encoding"));
    let mut text = Vec::new();
    GzDecoder::new(&zipped.body[..]).read_to_end(&mut text).unwrap();
    assert!(text == plain.body && zipped.body.len() < plain.body.len());
    let (etag, zipped_etag) = (plain.header("etag").unwrap(), zipped.header("etag").unwrap());
    assert!(etag.starts_with('"') && etag != zipped_etag);

    for (etag, encoding) in [(etag, "identity"), (zipped_etag, "gzip")] {
        let headers = [("if-none-match", etag), ("accept-encoding", encoding)];
        let reply = server.ask("GET", path, &headers, b"");
        assert_eq!((reply.status, reply.body.len(), reply.header("etag")), (304, 0, Some(etag)));
    }
    assert_eq!(server.ask("GET", path, &[("if-none-match", "\"other\"")], b"").status, 200);

    let mut stream = server.connect();
    stream.write_all(&request("HEAD", path, &[("connection", "close")], b"")).unwrap();
    let mut reader = BufReader::new(stream);
    let head = Reply::head(&mut reader).unwrap();
    assert_eq!((head.status, head.header("etag")), (200, Some(etag)));
    assert_eq!(head.header("content-length"), Some(&*plain.body.len().to_string()));
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty());
}

#[test]
fn other_origins_call_only_if_allowed() {
    let server = Server::start(&["--allow-origin", "https://example.org"]);
    let preflight = |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        server.ask("OPTIONS", "/v1/recognize", &headers, b"")
    };
    let allowed = "access-control-allow-origin";
    assert_eq!(preflight("https://example.org").header(allowed), Some("https://example.org"));
    assert_eq!(preflight("https://example.com").header(allowed), None);
    let headers = [("origin", "https://example.org"), ("content-type", JSON)];
    let reply = server.ask("POST", RECOGNIZE, &headers, &square());
    assert_eq!((reply.status, reply.header(allowed)), (200, Some("https://example.org")));
}

#[test]
fn requests_are_counted_and_logged() {
    let mut server = Server::start(&["--log-format", "json"]);
    for _ in 0..3 {
        server.post(RECOGNIZE, JSON, &square());
    }
    server.post(RECOGNIZE, JSON, b"");
    server.get("/secret");
    let counted = |status| {
        server.metric(&format!(
            "dabnet_requests_total{{method=\"POST\",route=\"/v1/recognize\",status=\"{status}\"}}"
        ))
    };
    assert_eq!((counted(200), counted(400)), (3.0, 1.0));
    assert_eq!(server.metric("dabnet_recognitions_total{model=\"quickdraw-20\"}"), 3.0);
    assert_eq!(server.metric("dabnet_request_duration_seconds_count{route=\"/v1/recognize\"}"), 4.0);
    assert_eq!(server.metric("dabnet_rejected_total{reason=\"malformed\"}"), 1.0);
    assert_eq!(server.metric("dabnet_queue_depth"), 0.0);
    server.terminate();
    server.wait();
    let log = server.log();
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&lines[0]["method"], &lines[0]["route"]), (&json!("POST"), &json!("/v1/recognize")));
    assert!(lines[0]["status"] == 200 && lines[0]["ms"].is_f64() && lines[0]["bytes"].as_u64() > Some(0));
    assert!(lines[4]["route"] == "none" && !log.contains("secret"), "{log}");

    let quiet = Server::start(&["--log-format", "off"]);
    quiet.get("/");
    assert_eq!(quiet.log(), "");
}

#[test]
fn a_log_that_nobody_reads_does_not_matter() {
    let (reader, writer) = std::io::pipe().unwrap();
    let server = Server::start_logging(&["--log-format", "json"], writer);
    let mut stream = BufReader::new(server.connect());
    // More than a pipe holds.
    for _ in 0..2000 {
        stream.get_mut().write_all(&request("GET", "/v2", &[], b"")).unwrap();
        assert_eq!(Reply::read(&mut stream).unwrap().status, 200);
    }
    drop(reader);
    assert_eq!(server.get("/v2").status, 200);
}

#[test]
fn what_cannot_be_served_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_one_clear_line(&dabnet(&["serve", "--bind", &address]), 1, &["cannot listen on", &address]);
    let folder = tempfile::tempdir().unwrap();
    let model = shipped_model("quickdraw-20");
    let copy = |name: &str| {
        let copy = folder.path().join(name).join("quickdraw-20");
        fs::create_dir_all(&copy).unwrap();
        fs::copy(Path::new(&model).join("model.safetensors"), copy.join("model.safetensors")).unwrap();
        copy.to_str().unwrap().to_owned()
    };
    let second = dabnet(&["serve", "--model", &model, "--model", &copy("other")]);
    assert_one_clear_line(&second, 2, &["two models are called 'quickdraw-20'"]);
    let odd = folder.path().join("odd name");
    fs::rename(copy("a"), &odd).unwrap();
    let odd = dabnet(&["serve", "--model", odd.to_str().unwrap()]);
    assert_one_clear_line(&odd, 2, &["cannot be served as 'odd name'"]);
    assert_one_clear_line(&dabnet(&["serve", "--model", "missing"]), 2, &["missing"]);
    let origin = dabnet(&["serve", "--allow-origin", "example.org"]);
    assert_one_clear_line(&origin, 2, &["'example.org' is no origin"]);
    for arguments in [&["--queue", "0"], &["--threads", "0"], &["--timeout", "-1"], &["--bind", "nowhere"]] {
        let output = dabnet(&[&["serve"], &arguments[..]].concat());
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    }
}

#[test]
fn the_page_is_written_as_it_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let site = folder.path().join("new/site");
    let out = site.to_str().unwrap();
    let write = |more: &[&str]| dabnet(&[&["page", "--out", out], more].concat());
    assert!(write(&[]).status.success());
    let server = Server::start::<&str>(&[]);
    let name = |path: &Path| path.strip_prefix(&site).unwrap().to_str().unwrap().to_owned();
    let files = files_in(&site);
    let names: Vec<String> = files.iter().map(|path| name(path)).collect();
    for expected in
        ["index.html", "dabnet/index.js", "models/index.json", "models/quickdraw-345/model.safetensors"]
    {
        assert!(names.iter().any(|name| name == expected), "{expected} is not in {names:?}");
    }
    for path in files.iter().filter(|path| !name(path).starts_with('.')) {
        assert_eq!(server.get(&format!("/{}", name(path))).body, fs::read(path).unwrap());
    }

    // It is replaced by another, and nothing that was there stays.
    assert!(write(&["--model", &shipped_model("quickdraw-20")]).status.success());
    assert!(!site.join("models/quickdraw-345").exists() && site.join("models/quickdraw-20").exists());
    assert_eq!(fs::read_dir(folder.path().join("new")).unwrap().count(), 1);

    // What somebody put beside it, or changed in it, is kept.
    let mine = site.join("models/notes.txt");
    fs::write(&mine, "mine").unwrap();
    assert_one_clear_line(&write(&[]), 2, &["something else in it", "--force"]);
    fs::remove_file(&mine).unwrap();
    let style = fs::read(site.join("style.css")).unwrap();
    fs::write(site.join("style.css"), "mine").unwrap();
    assert_one_clear_line(&write(&[]), 2, &["something else in it", "--force"]);
    fs::write(site.join("style.css"), style).unwrap();
    assert!(write(&[]).status.success());

    // What something else wrote is not, unless that is asked for.
    fs::remove_file(site.join(".dabnet-page")).unwrap();
    assert_one_clear_line(&write(&[]), 2, &["something else in it", "--force"]);
    assert!(write(&["--force"]).status.success());
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    assert!(dabnet(&["page", "--out", empty.to_str().unwrap()]).status.success());
    let file = folder.path().join("file");
    fs::write(&file, "mine").unwrap();
    assert_one_clear_line(&dabnet(&["page", "--out", file.to_str().unwrap()]), 2, &["something else"]);
    assert_eq!(fs::read_to_string(file).unwrap(), "mine");
}

#[test]
fn a_page_finds_icons() {
    let folder = tempfile::tempdir().unwrap();
    let (icons, site) = (folder.path().join("icons"), folder.path().join("site"));
    let write = |more: &[&str]| {
        let paths = ["page", "--icons", icons.to_str().unwrap(), "--out", site.to_str().unwrap()];
        dabnet(&[&paths, more].concat())
    };
    assert_one_clear_line(&write(&[]), 2, &["cannot read"]);
    fs::create_dir_all(icons.join("more")).unwrap();
    assert_one_clear_line(&write(&[]), 2, &["no icons that can be read"]);
    for (from, to) in [("airplane.svg", "plane.svg"), ("bicycle.png", "more/bike.png")] {
        fs::copy(shipped("data/examples").join(from), icons.join(to)).unwrap();
    }
    fs::write(icons.join("broken.svg"), "<svg").unwrap();
    let output = write(&["--model", "quickdraw-20"]);
    assert!(
        output.status.success() && stderr(&output).contains("left out: 'broken.svg'"),
        "{}",
        stderr(&output)
    );
    let index: Value = serde_json::from_slice(&fs::read(site.join("icons.json")).unwrap()).unwrap();
    assert_eq!(index["icons"], json!(["more/bike.png", "plane.svg"]));
    assert!(site.join(index["model"].as_str().unwrap()).exists() && site.join("dabnet/client.js").exists());
    assert_eq!(fs::read(site.join("icons/plane.svg")).unwrap(), example("airplane.svg"));
    assert!(!site.join("app.js").exists() && site.join("board.js").exists());

    // The codes are what the model says of its embeddings, behind its medians.
    let model = Model::load(shipped("models/quickdraw-20")).unwrap();
    let statistics = model.embedding_statistics().unwrap();
    let sketch = read_file(icons.join("more/bike.png")).unwrap().next().unwrap().unwrap();
    let canvas = model.preprocessing().apply(&sketch.drawing);
    let code = statistics.bits(Session::new(&model).embed(&canvas).unwrap());
    let codes = fs::read(site.join("icons.bin")).unwrap();
    let width = statistics.width();
    assert_eq!(codes.len(), 4 * width + 2 * code.len());
    assert_eq!(codes[4 * width..][..code.len()], code);
    assert_one_clear_line(
        &write(&["--model", "quickdraw-20", "--model", "quickdraw-345"]),
        2,
        &["--model once"],
    );
}

fn files_in(folder: &Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_in(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn help_has_examples() {
    for command in ["serve", "page"] {
        let output = dabnet(&[command, "--help"]);
        assert!(output.status.success() && stdout(&output).contains("Examples:"), "{command}");
    }
}
