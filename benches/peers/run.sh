#!/usr/bin/env bash
# Measures other engines and this one on the same networks and sketches, and writes
# docs/performance/peers.json, docs/performance/peers.svg and the section of docs/performance.md that
# shows them. Needs Linux on x86-64 and Python 3.11, and the first time PyPI, from which it installs 2 GB;
# builds dabnet first. Measures for about seven minutes, for which the machine is to be left alone.
#
#   benches/peers/run.sh [folder to work in]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-target/peers}
python=${PYTHON:-python3.11}
release=${CARGO_TARGET_DIR:-target}/release
export PYTHONDONTWRITEBYTECODE=1
networks=("$work/networks/sketch-a-net" "$work/networks/resnet-18")

cargo build --release
cargo xtask networks -o "$work/networks"
# Larq Compute Engine converts with an old TensorFlow, which wants an old NumPy.
for peers in peers larq; do
    "$python" -m venv "$work/$peers"
    "$work/$peers/bin/pip" install --quiet --requirement "benches/peers/requirements-$peers.txt"
done
"$work/peers/bin/python" benches/peers/prepare.py "${networks[@]}"
"$work/larq/bin/python" benches/peers/as_larq.py "${networks[@]}"
mkdir -p docs/performance
"$work/peers/bin/python" benches/peers/measure.py \
    "$release/dabnet" "$work/larq/bin/python" docs/performance/peers.json "${networks[@]}"
"$work/peers/bin/python" benches/peers/report.py \
    docs/performance/peers.json docs/performance.md docs/performance/peers.svg
