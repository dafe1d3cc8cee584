#!/usr/bin/env bash
# Puts together what it takes to train on a machine with an NVIDIA GPU that has PyTorch 2.11 but no Rust: the
# program, built for LibTorch, imported data sets and models, and scripts that start it there.
#
#   scripts/gpu/bundle.sh OUT.tar.gz DATA...
#
# Each DATA, a data set or the folder of a model, comes to lie in data/ by its name. Building needs Python with PyTorch 2.11 on
# the path (any machine: a GPU is not needed).
set -euo pipefail
out=$(realpath -m "$1")
data=()
for path in "${@:2}"; do
    data+=("$(realpath "$path")")
done
cd "$(dirname "$0")/../.."

LIBTORCH_USE_PYTORCH=1 LIBTORCH_BYPASS_VERSION_CHECK=1 cargo build --release --features libtorch
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir -p "$folder/dabnet-gpu/data"
cp "${CARGO_TARGET_DIR:-target}/release/dabnet" scripts/gpu/{train.sh,campaign.sh,campaign.toml} "$folder/dabnet-gpu/"
cp -r "${data[@]}" "$folder/dabnet-gpu/data/"
tar -C "$folder" -czf "$out" dabnet-gpu
echo "$out: unpack it there, then: dabnet-gpu/campaign.sh 900, or dabnet-gpu/train.sh --out runs/dab --device cuda --data dabnet-gpu/data/NAME"
