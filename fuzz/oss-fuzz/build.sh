#!/bin/bash -eu
# Builds every fuzz target with its seeds and the limits within which it has to stay.
cargo fuzz build -O
for target in $(cargo fuzz list); do
    cp "fuzz/target/x86_64-unknown-linux-gnu/release/$target" "$OUT/"
    seeds=fuzz/corpus/$target
    [ "$target" = onnx ] && seeds=crates/onnx/tests/golden
    zip -jqr "$OUT/${target}_seed_corpus.zip" "$seeds"
    printf '[libfuzzer]\ndetect_leaks=0\nrss_limit_mb=1024\nmalloc_limit_mb=600\ntimeout=60\n' > "$OUT/$target.options"
done
