"""Asks a server with NVIDIA's client of the Open Inference Protocol: metadata, JSON and binary tensors, a batch of three.

    dabnet serve &
    python3 -m venv venv && venv/bin/pip install 'tritonclient[http]' && venv/bin/python scripts/clients/triton.py
"""

import sys

import numpy as np
from tritonclient.http import InferenceServerClient, InferInput, InferRequestedOutput
from tritonclient.utils import InferenceServerException

MODEL = "quickdraw-20"

client = InferenceServerClient(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:8080")
assert client.is_server_live() and client.is_server_ready()
assert client.is_model_ready(MODEL) and client.is_model_ready(MODEL, "1")
assert "binary_tensor_data" in client.get_server_metadata()["extensions"]
metadata = client.get_model_metadata(MODEL, "1")
assert metadata["name"] == MODEL and metadata["versions"] == ["1"]
_, channels, height, width = metadata["inputs"][0]["shape"]
labels = metadata["outputs"][0]["shape"][1]

canvases = np.zeros((3, channels, height, width), np.float32)
canvases[1, 0, height // 4, width // 4 : -width // 4] = 1
canvases[2, 0, height // 4 : -height // 4, width // 2] = 1


def ask(binary, outputs=("logits", "probabilities", "label"), version=""):
    tensor = InferInput("canvas", list(canvases.shape), "FP32")
    tensor.set_data_from_numpy(canvases, binary_data=binary)
    outputs = outputs and [InferRequestedOutput(name, binary_data=binary) for name in outputs]
    return client.infer(MODEL, [tensor], outputs=outputs, model_version=version)


json, binary = ask(False), ask(True)
for name in ("logits", "probabilities"):
    assert json.as_numpy(name).shape == (3, labels)
    np.testing.assert_allclose(json.as_numpy(name), binary.as_numpy(name), rtol=1e-6)
texts = [text.decode() for text in binary.as_numpy("label")]
assert texts == [text if isinstance(text, str) else text.decode() for text in json.as_numpy("label")]
# Where no output is named, the client asks for all, in binary.
np.testing.assert_array_equal(ask(True, None, "1").as_numpy("logits"), binary.as_numpy("logits"))
try:
    client.get_model_metadata(MODEL, "2")
    sys.exit("there is a second version")
except InferenceServerException as error:
    assert "version" in str(error), error
print(f"{MODEL}: {', '.join(texts)}")
