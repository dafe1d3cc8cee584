#!/usr/bin/env bash
# Whole training steps of Sketch-A-Net, here and in PyTorch, in turns in one run. Needs Python 3.9 or newer
# and PyPI (several GB, as PyTorch comes with its GPU libraries); builds the benchmark first.
#
#   benches/training/run.sh [folder to work in]
set -euo pipefail
cd "$(dirname "$0")/../.."
work=${1:-target/training-bench}

cargo bench -p dabnet-train --bench step --no-run
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet torch==2.11.0 numpy
"$work/venv/bin/python" benches/training/compare.py "$work/venv/bin/python"
