#!/usr/bin/env bash
# Fuzzes each target for so many seconds, within the memory of a small machine, and says how many inputs it tried.
# Needs a nightly toolchain and cargo-fuzz. New inputs are kept in target/fuzz-corpus, findings in fuzz/artifacts.
#
#   scripts/fuzz/run.sh SECONDS [TARGET...]
set -euo pipefail
cd "$(dirname "$0")/../.."
seconds=$1
shift
targets=("$@")
[ ${#targets[@]} -gt 0 ] || mapfile -t targets < <(cargo fuzz list)

# Imports write files: where memory holds them, nothing waits for a disk.
[ -d /dev/shm ] && export TMPDIR=/dev/shm
for target in "${targets[@]}"; do
    seeds=fuzz/corpus/$target
    [ "$target" = onnx ] && seeds=crates/onnx/tests/golden
    [ "$target" = scene ] && seeds=crates/sketch/tests/scenes
    found=target/fuzz-corpus/$target
    mkdir -p "$found"
    # The threads of a session end a moment after it, which looks like a leak.
    cargo +nightly fuzz run "$target" "$found" "$seeds" -- -max_total_time="$seconds" -detect_leaks=0 \
        -rss_limit_mb=1024 -malloc_limit_mb=600 -timeout=60 -print_final_stats=1 2>&1 |
        tee "target/fuzz-corpus/$target.log" | grep -E 'number_of_executed_units|SUMMARY|panicked' |
        sed "s/^/$target: /"
done
