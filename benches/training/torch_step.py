"""Sketches a second of whole training steps of full-precision Sketch-A-Net in PyTorch."""

import sys
import time

import torch
from torch import nn

side, batch, threads, steps = (int(argument) for argument in sys.argv[1:5])
torch.set_num_threads(threads)


def layer(inputs, filters, kernel, **options):
    conv = nn.Conv2d(inputs, filters, kernel, bias=False, **options)
    return [conv, nn.BatchNorm2d(filters), nn.ReLU()]


features = nn.Sequential(
    *layer(1, 64, 15, stride=3),
    nn.MaxPool2d(3, 2),
    *layer(64, 128, 5),
    nn.MaxPool2d(3, 2),
    *layer(128, 256, 3, padding=1),
    *layer(256, 256, 3, padding=1),
    *layer(256, 256, 3, padding=1),
    nn.MaxPool2d(3, 2),
)
with torch.no_grad():
    extent = features(torch.zeros(2, 1, side, side)).shape[2]
network = nn.Sequential(
    features,
    *layer(256, 512, extent),
    nn.Dropout(0.2),
    *layer(512, 512, 1),
    nn.Dropout(0.2),
    nn.Conv2d(512, 250, 1, bias=False),
    nn.Flatten(),
)
optimizer = torch.optim.Adam(network.parameters(), 1e-3)
# As much ink as sketches have; PyTorch takes no advantage of paper.
canvases = (torch.rand(batch, 1, side, side) < 0.06).float()
labels = torch.randint(0, 250, (batch,))
times = []
for _ in range(steps + 1):
    start = time.perf_counter()
    optimizer.zero_grad()
    nn.functional.cross_entropy(network(canvases), labels).backward()
    optimizer.step()
    times.append(time.perf_counter() - start)
times = sorted(times[1:])
print(batch / times[len(times) // 2])
