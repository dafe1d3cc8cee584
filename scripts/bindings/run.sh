#!/usr/bin/env bash
# Builds the bindings and uses them as others would: C and C++ with the libraries, Python with the wheel, programs in Rust with the
# crates, a page and Node.js with the npm package. Needs a C++ compiler; Python 3.10 or later with pip; Node.js 20 or later with npm, and Chromium (CHROMIUM=); and the
# registries of the two. From nothing some twelve minutes for Python, most of it builds and PyTorch, and five for the others, on two busy cores.
#
#   scripts/bindings/run.sh [c] [python] [rust] [npm]
set -euo pipefail
cd "$(dirname "$0")/../.."
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(c python rust npm)
target=${CARGO_TARGET_DIR:-$PWD/target}/release
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

c() {
    cargo build --release -p dabnet-capi -p dabnet-cli
    local flags=(-Wall -Wextra -Werror -Icrates/capi/include)
    if command -v cbindgen >"$work/found"; then
        (cd crates/capi && cbindgen --quiet --config cbindgen.toml --crate dabnet-capi --output "$work/functions.h" .)
        printf '#include "dabnet.h"\n#include "functions.h"\n' >"$work/header.c"
        "${CC:-cc}" "${flags[@]}" -I"$work" -fsyntax-only "$work/header.c"
        echo "The header declares the functions as cbindgen does."
    fi
    "${CC:-cc}" "${flags[@]}" crates/capi/examples/recognize.c -L"$target" -ldabnet -o "$work/recognize"
    "${CC:-cc}" "${flags[@]}" crates/capi/examples/recognize.c "$target/libdabnet.a" -lm -lpthread -ldl -o "$work/static"
    "${CXX:-c++}" -std=c++17 "${flags[@]}" crates/capi/examples/check.cpp -L"$target" -ldabnet -lpthread -o "$work/check"
    export LD_LIBRARY_PATH=$target DYLD_LIBRARY_PATH=$target
    "$work/check" models/quickdraw-20/model.safetensors data/examples/butterfly.png
    for model in quickdraw-345 quickdraw-20 tu-berlin-250 quickdraw-20-mini; do
        "$target/dabnet" recognize --model "$model" data/examples/*.{svg,png} >"$work/expected"
        for program in recognize static; do
            "$work/$program" "$model" data/examples/*.{svg,png} | grep -v '^drawn' >"$work/found"
            cmp "$work/expected" "$work/found"
        done
    done
    echo "C and C++ say what the program says."
}

python() {
    cargo build --release -p dabnet-cli
    python3 -m venv "$work/venv"
    "$work/venv/bin/pip" install --quiet maturin numpy pillow pytest pyarrow polars pandas duckdb onnx matplotlib
    # PyTorch for the processor alone, where its index can be had.
    "$work/venv/bin/pip" install --quiet torch || echo "PyTorch is not to be had: its layers are not tried"
    (cd crates/python && "$work/venv/bin/maturin" build --release --quiet --out "$work/wheels")
    "$work/venv/bin/pip" install --quiet --no-deps "$work"/wheels/*.whl
    ls -l "$work"/wheels
    # From another folder, so that the wheel is tested and not the sources.
    (cd "$work" && DABNET=$target/dabnet "$work/venv/bin/pytest" -q -p no:cacheprovider "$OLDPWD/crates/python/tests")
}

rust() {
    cargo build --release -p dabnet-cli
    (
        cd examples
        export CARGO_TARGET_DIR=$target/../examples
        cargo build --release
        for name in arrow binarize train; do (cd "$work" && "$CARGO_TARGET_DIR/release/$name"); done
        "$CARGO_TARGET_DIR/release/server" &
        trap "kill $!" EXIT
        star='[[[50,0],[79,90],[2,35],[98,35],[21,90],[50,0]]]'
        curl --silent --retry 20 --retry-connrefused --retry-delay 1 -H 'Content-Type: application/json' -d "$star" http://127.0.0.1:3000/guess
    ) | tee "$work/rust"
    grep -q '"label":"star"' "$work/rust"
}

npm() {
    cargo build --release -p dabnet-cli
    (cd web/dabnet && command npm pack --silent --pack-destination "$work")
    cp -r scripts/bindings/npm "$work/app"
    (
        cd "$work/app"
        command npm install --silent --no-package-lock . "$work"/dabnet-*.tgz
        npx publint --strict node_modules/dabnet
        npx attw "$work"/dabnet-*.tgz --profile esm-only --quiet --exclude-entrypoints worker dabnet.wasm dabnet-scalar.wasm \
            quickdraw-20.safetensors quickdraw-345.safetensors
        npx tsc -p .
        npx vite build --logLevel warn
        node build.mjs
        for built in dist webpack esbuild; do node check.mjs "$built" "${CHROMIUM:-/usr/bin/chromium}"; done >"$work/browser"
        node node.mjs >"$work/node"
        npx deno run --quiet --allow-read node.mjs >>"$work/node"
    )
    star='{"word":"star","drawing":[[[50,79,2,98,21,50],[0,90,35,35,90,0]]]}'
    echo "$star" >"$work/star.ndjson"
    "$target/dabnet" recognize --model quickdraw-20 --json "$work/star.ndjson" >"$work/program"
    node scripts/bindings/npm/same.mjs "$work/program" "$work/browser" "$work/node"
}

for name in "${targets[@]}"; do "$name"; done
