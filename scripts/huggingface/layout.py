"""A model as a repository of Hugging Face: the file, its card, and `config.json` made of the file's metadata.

    python scripts/huggingface/layout.py models/quickdraw-345 OUT

Needs Python alone. With the packages `huggingface_hub` and `safetensors`, `--check` reads what was written as they do. The links of
the card, which lead to other files of the project, become links to its repository.
"""

import argparse
import json
import re
import shutil
import struct
from pathlib import Path

REPOSITORY = "https://github.com/dabnet/dabnet/blob/main"


def metadata(path):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        return json.loads(file.read(length))["__metadata__"]


def config(entries):
    graph, labels = json.loads(entries["graph"]), json.loads(entries["labels"])
    shape = graph["nodes"][0]["op"]["shape"]
    return {
        "model_type": "dabnet",
        "architectures": [graph["architecture"]],
        "format_version": entries["version"],
        "num_channels": shape["channels"],
        "image_size": shape["height"],
        "id2label": {str(index): label for index, label in enumerate(labels)},
        "label2id": {label: index for index, label in enumerate(labels)},
        "preprocessing": json.loads(entries["preprocessing"]),
    }


def card(path, model):
    def absolute(link):
        target = (model / link.group(2)).resolve()
        return f"[{link.group(1)}]({REPOSITORY}/{target.relative_to(Path.cwd())})"

    return re.sub(r"\[([^\]]+)\]\((\.\.?/[^)#]+|[a-z][^):#]*)\)", absolute, path.read_text(encoding="utf-8"))


def check(folder):
    from huggingface_hub import ModelCard
    from safetensors.numpy import load_file

    data = ModelCard.load(folder / "README.md").data
    (result,) = data.eval_results
    tensors = load_file(folder / "model.safetensors")
    labels = len(json.loads((folder / "config.json").read_text())["id2label"])
    print(f"{folder}: {data.license}, {data.pipeline_tag}, {result.metric_name} {result.metric_value} on {result.dataset_name}; "
          f"{len(tensors)} tensors, {labels} labels")


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("model", type=Path)
    arguments.add_argument("out", type=Path)
    arguments.add_argument("--check", action="store_true")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    shutil.copy(given.model / "model.safetensors", given.out)
    (given.out / "README.md").write_text(card(given.model / "README.md", given.model), encoding="utf-8")
    text = json.dumps(config(metadata(given.model / "model.safetensors")), indent=2, ensure_ascii=False)
    (given.out / "config.json").write_text(text + "\n", encoding="utf-8")
    if given.check:
        check(given.out)


main()
