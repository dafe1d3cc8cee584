"""The package as an app uses it. The answers of the program come from ``DABNET``, where it is built."""

import json
import os
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest

import dabnet

EXAMPLES = Path(__file__).parents[3] / "data" / "examples"
STAR = [[(50, 0), (79, 90), (2, 35), (98, 35), (21, 90), (50, 0)]]


@pytest.fixture(scope="module")
def model():
    return dabnet.load("quickdraw-20")


def test_models_open_by_name_and_path(tmp_path):
    assert dabnet.models() == ["quickdraw-345", "quickdraw-20", "tu-berlin-250", "quickdraw-20-mini"]
    assert [len(dabnet.load(name).labels) for name in dabnet.models()] == [345, 20, 250]
    path = Path(__file__).parents[3] / "models" / "quickdraw-20"
    assert dabnet.load(path).labels == dabnet.load(str(path / "model.safetensors")).labels
    with pytest.raises(FileNotFoundError, match="quickdraw-345"):
        dabnet.load("no-such-model")
    with pytest.raises(FileNotFoundError, match="has no model.safetensors"):
        dabnet.load(tmp_path)
    (tmp_path / "bad").write_bytes(b"nothing")
    with pytest.raises(ValueError, match="safetensors"):
        dabnet.load(tmp_path / "bad")
    assert dabnet.load("quickdraw-20").provenance["accuracy"]["top1"] > 0.9


def test_every_kind_of_drawing_has_the_same_answer(model):
    expected = model.recognize(STAR)
    assert expected[0].label == "star" and len(expected) == 5
    assert model.recognize([np.array(STAR[0], dtype=np.float64)]) == expected
    assert model.recognize(np.array(STAR, dtype=np.float32)) == expected
    assert model.recognize([np.array(STAR[0], dtype=np.float32)[::-1][::-1]]) == expected
    assert model.recognize([[[x, y, 7] for x, y in STAR[0]]]) == expected

    Image = pytest.importorskip("PIL.Image")
    butterfly = EXAMPLES / "butterfly.png"
    expected = model.recognize(butterfly)
    assert expected[0].label == "butterfly"
    assert model.recognize(str(butterfly)) == expected
    assert model.recognize(butterfly.read_bytes()) == expected
    assert model.recognize(Image.open(butterfly)) == expected
    assert model.recognize(np.asarray(Image.open(butterfly).convert("RGBA"))) == expected
    assert model.recognize(np.asarray(Image.open(butterfly).convert("L"))) == expected


def test_what_is_no_drawing_is_refused(model):
    for nothing in ([], [[]], np.zeros((0, 2, 2), dtype=np.float32)):
        with pytest.raises(ValueError, match="nothing drawn"):
            model.recognize(nothing)
    for wrong in (7, [1, 2], [[1, 2]], [["ab"]], None, [[(1,)]], "[[[1, 2]]]"):
        with pytest.raises((TypeError, ValueError, FileNotFoundError)):
            model.recognize(wrong)
    pixels = np.zeros((16, 16, 3), dtype=np.float32)
    columns = [[[50, 79, 2, 98, 21, 50], [0, 90, 35, 35, 90, 0]]]
    for wrong, reason in ((pixels, "neither pixels"), (pixels.transpose(2, 0, 1), "neither pixels"), (columns, "more than three")):
        with pytest.raises(ValueError, match=reason):
            model.recognize(wrong)
    for options in ({"views": 9}, {"views": 0}, {"top": 0}, {"top": -1}):
        with pytest.raises(ValueError, match="give 1"):
            model.recognize(STAR, **options)
    with pytest.raises(TypeError, match="several"):
        model.recognize_batch("a.png")
    with pytest.raises(ValueError, match="finite"):
        model.recognize([[(float("nan"), 0), (1, 1)]])
    with pytest.raises(FileNotFoundError, match="missing.png"):
        model.recognize("missing.png")
    with pytest.raises(ValueError, match="3 sketches"):
        model.recognize(EXAMPLES / "quickdraw.ndjson")
    with pytest.raises(ValueError, match="rows|neither"):
        model.recognize(np.zeros((2, 2, 5), dtype=np.uint8))
    assert [guesses[0].label for guesses in model.recognize_file(EXAMPLES / "quickdraw.ndjson")] == ["cat", "bicycle", "umbrella"]


def test_batches_are_single_drawings(model):
    drawings = [STAR, EXAMPLES / "butterfly.png", EXAMPLES / "bicycle.png"] * 5
    classes, probabilities = model.recognize_batch(drawings, top=3, threads=2)
    assert classes.shape == probabilities.shape == (15, 3)
    for drawing, row, shares in zip(drawings, classes, probabilities):
        guesses = model.recognize(drawing, top=3)
        assert [model.labels[at] for at in row] == [guess.label for guess in guesses]
        assert np.array_equal(shares, np.float32([guess.probability for guess in guesses]))
    assert model.recognize_batch([], top=2)[0].shape == (0, 2)
    with pytest.raises(ValueError, match="drawing 1: .*nothing drawn"):
        model.recognize_batch([STAR, []])
    canvases = np.stack([model.canvas(drawing) for drawing in drawings[:3]])
    logits = model.run(canvases)
    assert canvases.shape == (3, *model.input_shape) and logits.shape == (3, 20)
    for drawing, row in zip(drawings, logits):
        assert np.array_equal(model.logits(drawing), row)
    assert model.run(canvases[:0]).shape == (0, 20)
    for threads in (-1, 10**6):
        with pytest.raises(ValueError, match="threads is"):
            model.recognize_batch([STAR], threads=threads)
    with pytest.raises(TypeError, match="several drawings"):
        model.embed_batch("star.png")
    with pytest.raises(ValueError, match="canvases are"):
        model.run(canvases[:, :, 1:])


def test_embeddings_are_near_for_drawings_of_one_kind(model):
    other_star = [[(52, 3), (80, 88), (0, 38), (95, 33), (20, 93), (50, 2)]]
    wave = [[(0, 50), (20, 30), (40, 50), (60, 70), (80, 50), (100, 30)]]
    star, other, far = model.embed_batch([STAR, other_star, wave])
    assert star.shape == (256,) and star.dtype == np.float32
    assert np.linalg.norm(star - other) < np.linalg.norm(star - far)
    assert np.array_equal(model.embed(wave), far)
    with pytest.raises(ValueError, match="nothing drawn"):
        model.embed([])


def test_a_drawing_of_no_word_is_unknown(model):
    assert model.is_unknown(STAR) is False
    logits = model.logits(STAR)
    assert np.log(np.exp(logits).sum()) > model.least_energy
    hatched = [[(x, 0), (x + 3, 100)] for x in range(0, 40, 4)]
    logits = model.logits(hatched)
    assert model.is_unknown(hatched) == (np.log(np.exp(logits).sum()) < model.least_energy)


def sign(wobble):
    """A box with a zigzag in it."""
    frame = [[0, wobble], [90, 0], [90 + wobble, 60], [0, 60], [0, wobble]]
    zigzag = [[5, 30 - wobble], [20, 5], [35, 55], [50, 5 + wobble], [65, 55], [85, 30]]
    return [frame, zigzag]


def test_words_are_taught_and_saved(model, tmp_path):
    taught = model.teach({"voltage box": [sign(wobble) for wobble in range(5)]})
    assert taught.taught == ["voltage box"] and model.taught == []
    assert len(taught.labels) == len(model.labels) + 1
    assert taught.recognize(sign(2.5), top=1)[0].label == "voltage box"
    file = tmp_path / "model.safetensors"
    taught.save(file)
    assert dabnet.load(file).recognize(sign(2.5)) == taught.recognize(sign(2.5))
    for words, reason in (({"cat": [sign(0)]}, "its training"), ({"box": []}, "no drawings"), ({}, "no word")):
        with pytest.raises(ValueError, match=reason):
            model.teach(words)
    with pytest.raises(OSError):
        taught.save(tmp_path)


def test_bits_of_embeddings_are_those_of_the_reals(model):
    bits = np.unpackbits(model.embed_bits(sign(0)), bitorder="little")
    assert bits.shape == model.embed(sign(0)).shape and 0 < bits.sum() < len(bits)
    assert (model.embed_bits(sign(0)) == model.embed_bits(sign(0))).all()


def test_several_views_are_averaged(model):
    assert not np.array_equal(model.logits(STAR), model.logits(STAR, views=4))


def test_threads_share_a_model(model):
    expected, found = model.recognize(STAR), []
    threads = [threading.Thread(target=lambda: found.append(model.recognize(STAR))) for _ in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert found == [expected] * 8


@pytest.mark.skipif("DABNET" not in os.environ, reason="DABNET is not the path of the program")
@pytest.mark.parametrize("name", dabnet.models())
def test_the_program_says_the_same_to_the_last_digit(name):
    model = dabnet.load(name)
    files = [EXAMPLES / file for file in ("airplane.svg", "alarm-clock.svg", "bicycle.png", "butterfly.png", "quickdraw.ndjson")]
    for file in files:
        command = [os.environ["DABNET"], "recognize", "--model", name, "--json", "--top", "5", file]
        lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
        theirs = [
            [(guess["label"], np.float32(guess["probability"])) for guess in json.loads(line)["predictions"]]
            for line in lines
        ]
        ours = [[(label, np.float32(share)) for label, share in guesses] for guesses in model.recognize_file(file)]
        assert ours == theirs
