#!/usr/bin/env bash
# How many sketches `dabnet serve` recognizes a second, how long they take, and what it does when more come
# than it can answer. Needs wrk (https://github.com/wg/wrk) and Linux; builds dabnet first. Client and
# server share the machine, so that a server alone does more.
#
#   benches/serve/run.sh [seconds of the long run, 120]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=${1:-120}
short=$((seconds < 15 ? seconds : 15))
dabnet=${CARGO_TARGET_DIR:-target}/release/dabnet
model=${MODEL:-quickdraw-345}

cargo build --release --bin dabnet
work=$(mktemp -d)
server=
sampler=
trap 'kill $server $sampler 2>/dev/null || true; rm -rf "$work"' EXIT
head -n 1 data/examples/quickdraw.ndjson >"$work/sketch.json"

"$dabnet" serve --bind 127.0.0.1:0 >"$work/address" 2>"$work/log" &
server=$!
until [ -s "$work/address" ]; do sleep 0.1; done
url=$(sed 's/.* //' "$work/address")

# Memory, a line a second.
while sed -n 's/^VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' "/proc/$server/status" 2>/dev/null; do sleep 1; done >"$work/rss" &
sampler=$!

# row NAME CONNECTIONS SECONDS DELAY BODY MEDIA: runs wrk, prints a line of the table.
row() {
    BODY=$5 MEDIA=$6 DELAY=$4 wrk -t"$(($2 < 2 ? 1 : 2))" -c"$2" -d"$3s" --timeout 10s -s benches/serve/recognize.lua \
        "$url/v1/recognize?model=$model" >"$work/wrk"
    local answers per_s p50 p99 max refused broken
    eval "$(grep '^answers=' "$work/wrk" | tr ' ' '\n')"
    local good=$((answers - refused))
    echo "| $1 | $2 | $((answers / $3)) | $((good / $3)) | $((refused / $3)) | $broken | $p50 | $p99 | $max | $(tail -n 1 "$work/rss") |"
    capacity=$((good / $3))
}

echo "| load | connections | asked/s | recognized/s | 503/s | broken | p50 ms | p99 ms | max ms | memory kB |"
echo "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
row "strokes, one client" 1 "$short" 0 "$work/sketch.json" application/json
row "strokes, 16 clients" 16 "$short" 0 "$work/sketch.json" application/json
row "PNG, 16 clients" 16 "$short" 0 data/examples/butterfly.png image/png
row "strokes, 64 clients" 64 "$short" 0 "$work/sketch.json" application/json
row "the same, long" 64 "$seconds" 0 "$work/sketch.json" application/json
# As many as give twice of what was answered just now, each waiting between requests.
delay=$((240 * 1000 / (2 * capacity)))
row "strokes, aimed at twice that" 240 "$short" "$((delay > 0 ? delay : 1))" "$work/sketch.json" application/json
row "strokes, 240 clients without a pause" 240 "$short" 0 "$work/sketch.json" application/json

echo
echo "Resident memory was $(sort -n "$work/rss" | tail -n 1) kB at most."
kill -TERM "$server"
wait "$server" && echo "The server ended with 0."
echo "Failed in a worker: $(grep -c panicked "$work/log" || true)."
