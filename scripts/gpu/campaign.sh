#!/usr/bin/env bash
# Trains the runs of campaign.toml in order until so many seconds are over, beside a bundle that bundle.sh made. What the
# time does not reach is stopped where it stands, with a checkpoint: the same command goes on, and a folder of runs/ goes on
# on any machine, also on a processor (`dabnet train --out runs/NAME --device cpu`).
#
#   dabnet-gpu/campaign.sh SECONDS [DEVICE]
set -euo pipefail
cd "$(dirname "$0")"
end=$((SECONDS + $1))
device=${2:-cuda}
mkdir -p runs

# Words between whitespace; Python 3.11 reads TOML.
queue=$("${PYTHON:-python3}" -c '
import tomllib
for run in tomllib.load(open("campaign.toml", "rb"))["run"]:
    print(run["name"], *run["options"].split())')

while read -r name options; do
    left=$((end - SECONDS))
    if [ "$left" -lt 30 ]; then
        echo "$name: no time left"
        continue
    fi
    echo "$name: $left seconds left"
    # An interrupt is what a run ends on with a checkpoint.
    # shellcheck disable=SC2086
    timeout --foreground --signal=INT --kill-after=60 "$left" \
        ./train.sh $options --device "$device" --out "runs/$name" </dev/null >>"runs/$name.log" 2>&1 \
        || echo "$name: ended with status $?, see runs/$name.log"
done <<<"$queue"
