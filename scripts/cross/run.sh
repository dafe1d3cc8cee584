#!/usr/bin/env bash
# Runs the engine's tests on other machines than this one: on AArch64 in an emulator, and as
# WebAssembly with vectors and without; and whether AArch64 draws the same canvases (that WebAssembly does is
# tested with `cargo test -p dabnet-wasm`). Takes about fifteen minutes. Needs
#
#   rustup target add aarch64-unknown-linux-gnu wasm32-wasip1 wasm32-unknown-unknown
#   apt-get install gcc-aarch64-linux-gnu qemu-user
#
# and Python 3.9 or newer with PyPI, from which it takes wasmtime.
#
#   scripts/cross/run.sh [folder to work in]
#
# Where rustup's targets cannot be downloaded, Debian's compiler builds the standard library for
# AArch64 and for wasm32-unknown-unknown from its sources: install rustc-web, cargo-web, rust-web-src
# and lld, then prefix the commands below with
#
#   RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 CARGO_UNSTABLE_BUILD_STD=std,test,panic_abort
#   CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER=wasm-ld
#
# and use /usr/bin/cargo.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(realpath -m "${1:-target/cross}")

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet wasmtime==50.0.1
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_RUNNER="qemu-aarch64 -L /usr/aarch64-linux-gnu"
export CARGO_TARGET_WASM32_WASIP1_RUNNER="$work/venv/bin/python $PWD/scripts/cross/wasi.py"

# The emulator cannot start another program for this machine, as one test does.
cargo test --release -p dabnet-engine --target aarch64-unknown-linux-gnu -- --skip environment_chooses
cargo test --release -p dabnet-sketch --target aarch64-unknown-linux-gnu --lib --test tests rasterize

# WebAssembly has one thread.
for features in +simd128 -simd128; do
    export RUSTFLAGS="-C target-feature=$features"
    cargo test --release -p dabnet-engine --no-default-features --target wasm32-wasip1
    cargo build --release -p dabnet-engine --no-default-features --target wasm32-unknown-unknown
done
