//! Prometheus metrics of the server.

use std::{fmt, time::Duration};

use prometheus_client::{
    encoding::{EncodeLabelSet, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::{Registry, Unit},
};

/// Of [`ServerMetrics::text`].
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Of [`plain`].
pub(crate) const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Upper bounds of the histogram's buckets, in seconds.
const BUCKETS: [f64; 13] =
    [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ModelLabels {
    model: String,
}

type RouteHistograms = Family<RouteLabels, Histogram, fn() -> Histogram>;

pub(crate) struct ServerMetrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    seconds: RouteHistograms,
    rejected: Family<ReasonLabels, Counter>,
    recognitions: Family<ModelLabels, Counter>,
    queue: Gauge,
    /// Connections that are open.
    pub(crate) connections: Gauge,
    /// Number of panics in workers.
    pub(crate) panics: Counter,
}

impl ServerMetrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("dabnet");
        let requests = Family::default();
        let seconds = RouteHistograms::new_with_constructor(|| Histogram::new(BUCKETS));
        let (rejected, recognitions) = (Family::default(), Family::default());
        let (queue, connections, panics) = (Gauge::default(), Gauge::default(), Counter::default());
        registry.register("requests", "Requests answered", requests.clone());
        let help = "Time from the first byte of a request to its answer";
        registry.register_with_unit("request_duration", help, Unit::Seconds, seconds.clone());
        registry.register("rejected", "Requests answered with an error, by why", rejected.clone());
        registry.register("recognitions", "Canvases run, by model", recognitions.clone());
        registry.register("queue_depth", "Requests that wait for a worker", queue.clone());
        registry.register("open_connections", "Connections that are open", connections.clone());
        registry.register("worker_panics", "Requests that a worker failed at", panics.clone());
        Self { registry, requests, seconds, rejected, recognitions, queue, connections, panics }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, method: &'static str, route: &str, status: u16, time: Duration) {
        let route = route.to_owned();
        self.seconds.get_or_create(&RouteLabels { route: route.clone() }).observe(time.as_secs_f64());
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
    }

    /// Counts an error by its reason.
    pub(crate) fn rejected(&self, reason: &'static str) {
        self.rejected.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// Counts canvases that a model ran on.
    pub(crate) fn recognized(&self, model: &str, canvases: usize) {
        let labels = ModelLabels { model: model.to_owned() };
        self.recognitions.get_or_create(&labels).inc_by(canvases as u64);
    }

    /// All metrics as OpenMetrics text; `waiting` is the present queue depth.
    pub(crate) fn text(&self, waiting: usize) -> Result<String, fmt::Error> {
        self.queue.set(waiting as i64);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// Converts OpenMetrics to Prometheus' older text format: counters are named like their samples, and there
/// are no units and no end mark.
pub(crate) fn plain(text: &str) -> String {
    let counter = |line: &str| Some(line.strip_prefix("# TYPE ")?.strip_suffix(" counter")?.to_owned());
    let counters: Vec<String> = text.lines().filter_map(counter).collect();
    let mut plain = String::with_capacity(text.len());
    for line in text.lines().filter(|line| !line.starts_with("# UNIT") && *line != "# EOF") {
        let mut words = line.splitn(4, ' ');
        match [words.next(), words.next(), words.next(), words.next()] {
            [Some("#"), Some(what), Some(name), Some(rest)] if counters.iter().any(|known| known == name) => {
                plain.push_str(&format!("# {what} {name}_total {rest}"));
            }
            _ => plain.push_str(line),
        }
        plain.push('\n');
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_text_names_counters_as_their_samples() {
        let metrics = ServerMetrics::new();
        metrics.rejected("late");
        let text = plain(&metrics.text(3).unwrap());
        for line in [
            "# TYPE dabnet_rejected_total counter",
            "dabnet_rejected_total{reason=\"late\"} 1",
            "# TYPE dabnet_queue_depth gauge",
            "dabnet_queue_depth 3",
        ] {
            assert!(text.lines().any(|other| other == line), "{line} is not in:\n{text}");
        }
        assert!(!text.contains("EOF") && !text.contains("UNIT"), "{text}");
    }
}
