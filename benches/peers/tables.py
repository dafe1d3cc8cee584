"""The comparison section of docs/performance.md."""

import textwrap

SETTINGS = [(1, 1), (1, 32), (2, 1), (2, 32)]
OURS = "dabnet fbin"


def section(found, link):
    parts = ["## Against other engines", *introduction(found, link)]
    for name, network in found["networks"].items():
        parts += [f"### {name}", engines(network), *binary_layers(name, network)]
    return "\n\n".join([*parts, NOTES.strip(), *map(paragraph, agreements(found["networks"]))]) + "\n"


def introduction(found, link):
    machine, versions = found["machine"], found["versions"]
    virtual = "in a virtual machine, " if "hypervisor" in machine["flags"] else ""
    flags = ", ".join(flag for flag in machine["flags"] if flag != "hypervisor")
    peers = ", ".join(f"{label} {versions[package]}" for label, package in PEERS.items())
    machine = f"On {machine['model']}, {machine['cores']} cores, {virtual}with {flags}:"
    versions = f"dabnet {versions['dabnet']} at {versions['commit']}, {peers}."
    turns = "Engines take turns, so that ratios mean more than milliseconds."
    others = f"Other programs took {100 * found['others']:.1f} % of the machine's time meanwhile."
    yield paragraph(f"{machine} {versions} All figures are of one run of")
    yield "```\nbenches/peers/run.sh\n```"
    yield paragraph(f"{turns} {others}")
    yield f"![How many times as long as dabnet other engines take]({link})"


def binary_layers(name, network):
    peak = network["layers"]["peak_bit_macs_per_s"] / 1e9
    yield paragraph(
        f"Binary layers of `{name}`, one sketch on one core, which reaches {peak:,.0f} G binary MACs a second"
        " in registers:"
    )
    yield layers(network)
    if "chain" in network:
        one, two = (1e3 * network["chain"][cores]["ms"] for cores in ("1", "2"))
        yield paragraph(
            f"By the clock, OpenVINO's chain of these layers alone, from real inputs to the last integers, takes"
            f" {one:.0f} µs on one core and {two:.0f} µs on two."
        )


def engines(network):
    """A row an engine: milliseconds a sketch, and how many times as long as ours that is."""
    times = {
        (time["engine"], time["cores"], time["batch"]): time["ms"] / time["batch"]
        for time in network["times"]
    }
    names = list(dict.fromkeys(time["engine"] for time in network["times"]))
    titles = [described(*setting) for setting in SETTINGS]
    rows = []
    for name in names:
        cells = [cell(times.get((name, *setting)), times[OURS, *setting]) for setting in SETTINGS]
        rows.append([name, f"{network['file_bytes'][name]:,}", *cells])
    return table(["engine", "file bytes", *titles], rows)


def cell(ms, ours):
    return "" if ms is None else f"{digits(ms)} ms, {digits(ms / ours)}×"


def layers(network):
    theirs = with_what_follows(network["layers"]["openvino"])
    binary = [layer for layer in network["layers"]["dabnet"] if layer["precision"] == "fbin"]
    numbers = [(layer["macs"], *theirs[layer["name"]], layer["us"]) for layer in binary]
    rows = [row(layer["name"], *of_layer) for layer, of_layer in zip(binary, numbers)]
    rows.append(row("all", *map(sum, zip(*numbers))))
    titles = [
        "layer",
        "MACs",
        "OpenVINO, alone",
        "OpenVINO, with what follows",
        "dabnet, with what follows",
        "faster",
    ]
    return table(titles, rows)


def row(name, macs, alone, followed, ours):
    """Microseconds and binary MACs a second of each, and how much faster ours is with what follows."""
    times = [f"{us:.1f} µs, {macs / us / 1e3:,.0f} G/s" if us else "" for us in (alone, followed, ours)]
    return [name, f"{macs:,}", *times, f"{followed / ours:.2f}×"]


def with_what_follows(nodes):
    """Of each binary convolution its own time, and that of all until the next convolution."""
    times, current = {}, None
    for node in nodes:
        if "Convolution" in node["type"]:
            current = node["name"] if node["type"] == "BinaryConvolution" else None
            if current:
                times[current] = (node["us"], node["us"])
        elif current:
            alone, followed = times[current]
            times[current] = (alone, followed + node["us"])
    return times


def agreements(networks):
    yield "Sketches whose logits are dabnet's to 0.1 % of the largest:"
    for name, network in networks.items():
        told = [
            f"{network['agreement'][which]['agree']} of {network['agreement'][which]['sketches']} ({label})"
            for which, label in AGREEMENTS.items()
        ]
        yield f"- `{name}`: {', '.join(told)}."


PEERS = {
    "ONNX Runtime": "onnxruntime",
    "OpenVINO": "openvino",
    "Larq Compute Engine": "larq-compute-engine",
}

AGREEMENTS = {
    "fbin": "`fbin`, ONNX Runtime",
    "w1a2": "W1A2, ONNX Runtime",
    "w1a4": "W1A4, ONNX Runtime",
    "wbin": "`wbin`, ONNX Runtime",
    "full": "`full`, ONNX Runtime",
    "openvino-binary": "OpenVINO binary",
    "larq": "Larq",
}

NOTES = """
How each is run:

- A time is the median batch of the best turn, divided by its size, "×" how many times as long as dabnet
  `fbin` takes. Every batch is of other sketches of Quick, Draw!; drawing is not included. Processes are
  pinned to as many cores as they have threads.
- All run the same network with the same random weights: fp32, bf16 and int8 the one in full
  precision, as somebody would who does not binarize. int8 is ONNX Runtime's static quantization (QDQ,
  a scale a channel, unsigned activations, calibrated on the sketches) in both runtimes.
- *W1A2* and *W1A4* are `fbin` with inputs of two and four bits in place of one (`--input-bits`). ONNX Runtime
  has no convolution of fewer than eight bits to compare with: its two-bit weights are for matrix products,
  and a convolution's are turned back into floats.
- *OpenVINO binary* is the fully binary network with OpenVINO's own `BinaryConvolution`, normalization
  folded into thresholds, everything else in real numbers. Neither it nor Larq has a filter of two free
  values: they run the same network with β = −α, without the sum that two values cost.
- *Larq* has XNNPACK and its indirect binary product switched on, *Larq default* neither. Its authors
  optimize for ARM and call x86 a fallback. It runs a batch one by one.
- A layer's time includes the pooling, sum and threshold that follow, up to the next one; "alone" is
  the node of the convolution, into which OpenVINO fuses a threshold or a sum where it can. OpenVINO
  counts in whole microseconds. What dabnet leaves out counts as done, so that it can pass what
  registers reach.
- A sign that sees nearly 0 may come out the other way where floats are added in another order, and
  changes all logits after it. Where none does, all logits of ONNX Runtime agree with dabnet's.
"""


def paragraph(text):
    return textwrap.fill(
        text,
        100,
        break_long_words=False,
        break_on_hyphens=False,
        subsequent_indent="  " * text.startswith("-"),
    )


def table(titles, rows):
    lines = [titles, ["---"] + ["--:"] * (len(titles) - 1), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def digits(value):
    """Three significant ones."""
    return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f}" if value >= 1 else f"{value:.3f}"


def described(cores, batch):
    return f"{cores} core{'s' * (cores > 1)}, " + ("one sketch" if batch == 1 else f"batch of {batch}")
