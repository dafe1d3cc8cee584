"""Times a network in ONNX Runtime on one thread, in turns with whoever asks: a line of standard input names the form and how many
sketches from which on, the line that answers has the milliseconds of each. Arguments: network, canvases, number of canvases."""

import logging
import os
import sys
import tempfile
import time

# What libraries print is no answer.
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

import numpy as np
import onnxruntime


def session(path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def quantized(path, name, canvases, out):
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static

    class Canvases(CalibrationDataReader):
        def __init__(self):
            self.left = iter(canvases)

        def get_next(self):
            canvas = next(self.left, None)
            return None if canvas is None else {name: canvas}

    logging.disable()
    quantize_static(path, out, Canvases(), quant_format=QuantFormat.QDQ, per_channel=True)
    return session(out)


def say(*words):
    print(*words, file=answers, flush=True)


path, canvases, count = sys.argv[1], np.fromfile(sys.argv[2], np.float32), int(sys.argv[3])
full = session(path)
(given,) = full.get_inputs()
channels = given.shape[1] if isinstance(given.shape[1], int) else 1
side = int(round((canvases.size / count) ** 0.5))
canvases = np.repeat(canvases.reshape(count, 1, 1, side, side), channels, axis=2)
with tempfile.TemporaryDirectory() as folder:
    sessions = {"fp32": full}
    small = os.path.join(folder, "int8.onnx")
    try:
        sessions["int8"] = quantized(path, given.name, canvases, small)
    except Exception as error:
        print(f"no int8: {error}", file=sys.stderr)
    say(onnxruntime.__version__, os.path.getsize(small) if "int8" in sessions else 0)
    for line in sys.stdin:
        form, first, sketches = line.split()
        times = []
        for sketch in range(int(first), int(first) + int(sketches)):
            canvas = canvases[sketch % count]
            begin = time.perf_counter()
            sessions[form].run(None, {given.name: canvas})
            times.append(1e3 * (time.perf_counter() - begin))
        say(*times)
