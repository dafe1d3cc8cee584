#!/usr/bin/env bash
# Puts together what it takes to train on a machine with an NVIDIA GPU that has PyTorch 2.11 but no Rust: the
# program, built for LibTorch, an imported data set, and a script that starts it there.
#
#   scripts/gpu/bundle.sh DATA OUT.tar.gz
#
# Building needs Python with PyTorch 2.11 on the path (any machine: a GPU is not needed).
set -euo pipefail
data=$(realpath "$1")
out=$(realpath -m "$2")
cd "$(dirname "$0")/../.."

LIBTORCH_USE_PYTORCH=1 LIBTORCH_BYPASS_VERSION_CHECK=1 cargo build --release --features libtorch
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/dabnet-gpu"
cp "${CARGO_TARGET_DIR:-target}/release/dabnet" scripts/gpu/train.sh "$folder/dabnet-gpu/"
cp -r "$data" "$folder/dabnet-gpu/data"
tar -C "$folder" -czf "$out" dabnet-gpu
echo "$out: unpack it there, then: dabnet-gpu/train.sh --out runs/dab --device cuda --data dabnet-gpu/data"
