#!/usr/bin/env bash
# Whole training steps of Sketch-A-Net, here, through LibTorch, and in PyTorch, in turns in one run. Needs
# Python 3.9 or newer and PyPI (several GB, as PyTorch comes with its GPU libraries).
#
#   benches/training/run.sh [folder to work in]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-target/training-bench}

python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.11.0 numpy
export PATH="$(realpath "$work")/venv/bin:$PATH" LIBTORCH_USE_PYTORCH=1 LIBTORCH_BYPASS_VERSION_CHECK=1
LD_LIBRARY_PATH=$(python -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')
export LD_LIBRARY_PATH
cargo bench -p dabnet-train --features libtorch --bench step --no-run
python benches/training/compare.py python cpu libtorch
