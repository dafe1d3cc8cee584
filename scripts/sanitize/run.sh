#!/usr/bin/env bash
# Looks for undefined behavior in the engine: with Miri what is not written for vectors, with the address and thread
# sanitizers all of it. Needs a nightly toolchain with the components miri and rust-src. Miri takes half an hour.
#
#   scripts/sanitize/run.sh miri|address|thread
set -euo pipefail
cd "$(dirname "$0")/../.."
case ${1:-} in
miri)
    export DABNET_ISA=scalar MIRIFLAGS=-Zmiri-disable-isolation
    cargo +nightly miri test -p dabnet-engine --no-default-features --lib --test file
    ;;
address | thread)
    host=$(rustc -vV | sed -n 's/^host: //p')
    # Leaks are not looked for: the threads of a session end a moment after it.
    export RUSTFLAGS="-Zsanitizer=$1" RUSTDOCFLAGS="-Zsanitizer=$1" ASAN_OPTIONS=detect_leaks=0
    cargo +nightly test --release -Zbuild-std --target "$host" -p dabnet-engine --lib --tests
    ;;
*)
    echo "usage: scripts/sanitize/run.sh miri|address|thread" >&2
    exit 2
    ;;
esac
