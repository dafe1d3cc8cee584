#!/usr/bin/env bash
# Runs this engine and ONNX Runtime Web in the same browser, on the same networks and the same sketches, and writes the
# table of docs/web.md. Needs Node.js 20 or newer with npm, Python 3.9 or newer with PyPI, and Chromium
# (CHROMIUM=, or /usr/bin/chromium).
#
#   benches/web/run.sh [folder to work in]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(realpath -m "${1:-target/web-bench}")

mkdir -p "$work"
cp benches/web/package.json benches/web/measure.mjs benches/web/page.html "$work"
npm install --silent --no-package-lock --prefix "$work"
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet onnx==1.19.0 numpy safetensors
cargo xtask networks -o "$work/networks"
models=(models/quickdraw-345/model.safetensors models/tu-berlin-250/model.safetensors "$work/networks/sketch-a-net/fbin.safetensors")
for model in "${models[@]}"; do
    name=$(basename "$(dirname "$model")")
    cp "$model" "$work/$name.safetensors"
    PYTHONDONTWRITEBYTECODE=1 "$work/venv/bin/python" benches/web/as_onnx.py "$model" "$work/$name.onnx"
done
gunzip --stdout data/quickdraw-20/test.ndjson.gz > "$work/sketches.ndjson"
rm -rf "$work/dabnet"
cp -r web/dabnet "$work/dabnet"
node "$work/measure.mjs" "${CHROMIUM:-/usr/bin/chromium}"
