#!/usr/bin/env bash
# Trains the networks of runs.txt for about the same time each, with three seeds, and writes
# docs/accuracy/architectures.json, docs/accuracy/architectures.svg and the section of docs/accuracy.md that shows
# them. Needs an imported data set with a validation part (`dabnet data split DATA --validation 5 --given`), Python 3 with
# matplotlib, and three quarters of an hour of two cores; builds dabnet first. Goes on where it was stopped.
#
#   benches/architectures/run.sh DATA [folder of the runs]
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$1
work=${2:-target/architectures}
python=${PYTHON:-python3}
dabnet=${CARGO_TARGET_DIR:-target}/release/dabnet

cargo build --release
mkdir -p "$work" docs/accuracy
for seed in 0 1 2; do
    grep -v '^#' benches/architectures/runs.txt | while IFS='|' read -r name options; do
        # shellcheck disable=SC2086
        "$dabnet" train --data "$data" $options --learning-rate 0.002 --seed "$seed" \
            --out "$work/$(echo "$name" | tr -d ',' | xargs | tr ' ' '-')-s$seed"
    done
done
"$python" benches/architectures/report.py "$dabnet" "$work" docs/accuracy/architectures.json docs/accuracy.md \
    docs/accuracy/architectures.svg
