#!/usr/bin/env bash
# Runs `dabnet train` with the LibTorch of this machine's own PyTorch 2.11, whose GPU part is loaded first: the
# program is linked against what all builds of LibTorch have. A run that is stopped goes on with the same
# command, here or, as its folder is all it needs, on another machine.
set -euo pipefail
libraries=$("${PYTHON:-python3}" -c 'import os, torch; print(os.path.join(os.path.dirname(torch.__file__), "lib"))')
export LD_LIBRARY_PATH="$libraries${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
if [ -e "$libraries/libtorch_cuda.so" ]; then
    export LD_PRELOAD="$libraries/libtorch_cuda.so${LD_PRELOAD:+:$LD_PRELOAD}"
fi
exec "$(dirname "$0")/dabnet" train "$@"
