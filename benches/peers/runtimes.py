"""The other engines behind one interface: `prepare(batch)` gives a function from that many canvases,
as `arranged` has put them, to outputs. Each environment has only some of them installed."""

import pathlib
import time

import numpy as np


class Runtime:
    def arranged(self, canvases):
        return canvases


class OnnxRuntime(Runtime):
    def __init__(self, path, threads):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def prepare(self, batch):
        name = self.session.get_inputs()[0].name
        return lambda canvases: self.session.run(None, {name: canvases})[0]


class OpenVino(Runtime):
    def __init__(self, path, threads, precision="f32"):
        self.path = path
        self.options = {
            "INFERENCE_NUM_THREADS": threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": precision,
            # The process is pinned already.
            "ENABLE_CPU_PINNING": False,
        }

    def request(self, batch, **options):
        """For one size of batch, for which OpenVINO plans better than for any."""
        import openvino

        core = openvino.Core()
        model = core.read_model(self.path)
        shape = model.input(0).partial_shape
        shape[0] = batch
        model.reshape(shape)
        return core.compile_model(model, "CPU", self.options | options).create_infer_request()

    def prepare(self, batch):
        request = self.request(batch)
        return lambda canvases: request.infer({0: canvases}, share_inputs=True, share_outputs=True)[0]

    def node_times(self, canvases, seconds):
        """What each node takes on average by OpenVINO's own count of microseconds."""
        # Its counts run from the first run of a network on, so that each time needs a new one.
        request = self.request(1, PERF_COUNT=True)
        begin, run = time.perf_counter(), 0
        while time.perf_counter() - begin < seconds:
            request.infer({0: canvases[run % len(canvases)][None]}, share_inputs=True)
            run += 1
        return [
            {
                "name": node.node_name,
                "type": node.node_type,
                "kernel": node.exec_type,
                "us": node.real_time.total_seconds() * 1e6,
            }
            for node in request.profiling_info
            if node.real_time.total_seconds() > 0
        ]


class Larq(Runtime):
    """Runs a batch one by one."""

    def __init__(self, path, threads, default=False):
        from larq_compute_engine.tflite.python.interpreter import Interpreter

        # Not the defaults; the second makes binary convolutions several times as fast here.
        options = {} if default else {"use_xnnpack": True, "use_indirect_bgemm": True}
        self.interpreter = Interpreter(pathlib.Path(path).read_bytes(), num_threads=threads, **options)

    def arranged(self, canvases):
        """The mirror image, as as_larq.py says, channels last."""
        return np.ascontiguousarray(canvases[:, :, ::-1, ::-1].transpose(0, 2, 3, 1))

    def prepare(self, batch):
        return self.interpreter.predict
