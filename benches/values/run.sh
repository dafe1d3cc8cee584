#!/usr/bin/env bash
# What two fitted values gain on ±mean|W|: networks that differ in their scheme alone, three seeds each, on TU-Berlin at 64 pixels. Writes a
# table for each line of networks.txt into docs/accuracy.md. Needs an imported data set (docs/data.md) and an hour of two cores;
# builds dabnet first. Goes on where it was stopped.
#
#   benches/values/run.sh DATA [folder of the runs]
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$1
work=${2:-target/values}
dabnet=${CARGO_TARGET_DIR:-target}/release/dabnet

cargo build --release
grep -v '^#' benches/values/networks.txt | while IFS='|' read -r name options; do
    name=$(echo "$name" | xargs)
    # shellcheck disable=SC2086
    "$dabnet" compare --data "$data" $options --seeds 0,1,2 --learning-rate 0.002 --out "$work/$name" \
        --name "values-$name" --markdown docs/accuracy.md </dev/null
done
