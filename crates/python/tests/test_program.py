"""The program in the package: as a command, and behind `dabnet.train` and `dabnet.data`."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import dabnet

PROJECT = Path(__file__).parents[3]


def python(*arguments):
    command = [sys.executable, "-m", "dabnet", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8")


def test_the_command():
    assert python("--version").stdout.startswith("dabnet ")
    found = python("recognize", "--model", "quickdraw-20", "--json", PROJECT / "data/examples/butterfly.png")
    assert found.returncode == 0 and json.loads(found.stdout)["predictions"][0]["label"] == "butterfly"
    refused = python("recognize", "no-such-file.png")
    assert refused.returncode == 2 and refused.stderr.count("\n") == 1
    script = Path(sys.executable).with_name("dabnet")
    if script.exists():
        assert subprocess.run([script, "--version"], capture_output=True).returncode == 0


def test_training_and_data_sets(tmp_path):
    lines = (PROJECT / "data/examples/quickdraw.ndjson").read_text().splitlines()
    for index in range(6):
        for line in lines:
            word = json.loads(line)["word"]
            folder = tmp_path / "drawings" / word
            folder.mkdir(parents=True, exist_ok=True)
            (folder / f"{index}.ndjson").write_text(line)
    data = tmp_path / "data"
    described = dabnet.data.import_sketches(tmp_path / "drawings", out=data)
    assert described["count"] == 18 and described["classes"] == 3
    assert dabnet.data.split(data, test=2)["test"] == 6
    dabnet.data.render(data, tmp_path / "sheet.png")
    assert (tmp_path / "sheet.png").read_bytes().startswith(b"\x89PNG")
    run = dabnet.train(data, tmp_path / "run", arch="dabnet-xs", epochs=2, batch=4, echo=False)
    assert run.results["test"]["count"] == 6 and sorted(run.load().labels) == ["bicycle", "cat", "umbrella"]
    with pytest.raises(dabnet.CommandError, match="scheme") as refused:
        dabnet.train(data, tmp_path / "other", scheme="nothing")
    assert refused.value.code == 2 and not os.path.exists(tmp_path / "other")
