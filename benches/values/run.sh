#!/usr/bin/env bash
# Where two fitted values are worth more than ±mean|W|: networks that differ in their scheme alone, three seeds each, on TU-Berlin
# at 64 pixels. Writes a table for each into docs/accuracy.md. Needs an imported data set (docs/data.md) and two hours of two
# cores; builds dabnet first. Goes on where it was stopped.
#
#   benches/values/run.sh DATA [folder of the runs]
set -euo pipefail
cd "$(dirname "$0")/../.."
data=$1
work=${2:-target/values}
dabnet=${DABNET:-}

if [ -z "$dabnet" ]; then
    cargo build --release
    dabnet=${CARGO_TARGET_DIR:-target}/release/dabnet
fi
grep -v '^#' benches/values/networks.txt | while IFS='|' read -r name options; do
    name=$(echo "$name" | xargs)
    # shellcheck disable=SC2086
    "$dabnet" compare --data "$data" $options --scheme sign,dab --seeds 0,1,2 --learning-rate 0.002 \
        --out "$work/$name" --name "values-$name" ${MARKDOWN:---markdown docs/accuracy.md}
done
