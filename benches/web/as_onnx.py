"""Writes a packed model as ONNX in real numbers: as_onnx.py MODEL.safetensors OUT.onnx"""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "peers"))

import as_onnx
from network import Network

source, target = sys.argv[1:]
pathlib.Path(target).write_bytes(as_onnx.build(Network(source)).SerializeToString())
