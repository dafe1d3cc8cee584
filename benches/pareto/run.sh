#!/usr/bin/env bash
# Accuracy against milliseconds and against bytes: the models of models.txt, and the networks that one would use
# otherwise, in single precision and in int8, on the same test sketches, in turns on one core. Writes
# docs/accuracy/pareto.json, docs/accuracy/pareto.svg and the section of docs/accuracy.md that shows them. Needs Quick, Draw! and
# TU-Berlin as imported data sets (TU-Berlin without --trace), a folder with doodlenet.onnx, tu-berlin-lite0-112.onnx (scripts/teachers) and their
# labels, Python 3.11, and the first time PyPI; builds dabnet first. Measures for some ten minutes, for which the machine is
# to be left alone.
#
#   benches/pareto/run.sh QUICKDRAW TU-BERLIN RIVALS [folder to work in]
set -euo pipefail
quickdraw=$(realpath "$1") tu_berlin=$(realpath "$2") rivals=$(realpath "$3")
cd "$(dirname "$0")/../.."
work=${4:-target/pareto}
python=${PYTHON:-python3.11}
dabnet=${CARGO_TARGET_DIR:-target}/release/dabnet
export PYTHONDONTWRITEBYTECODE=1

cargo build --release
mkdir -p "$work"
if [ ! -d "$work/venv" ]; then
    "$python" -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet --requirement benches/peers/requirements-peers.txt
fi
prepare() {
    "$dabnet" import "$rivals/$1.onnx" --labels "$rivals/$1.labels.txt" "${@:3}" -o "$work/$1" --force
    cp "$rivals/$1.onnx" "$work/$1.onnx"
    cargo xtask canvases "$2" "$work/$1" --part test -o "$work/$1.test.safetensors"
    cargo xtask canvases "$2" "$work/$1" --part train --count 256 -o "$work/$1.train.safetensors"
}
prepare doodlenet "$quickdraw" --look bitmap
prepare tu-berlin-lite0-112 "$tu_berlin" --look pixels --std 0.4545
"$work/venv/bin/python" benches/pareto/report.py "$dabnet" "$work" "$quickdraw" "$tu_berlin"
