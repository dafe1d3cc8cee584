"""Splits of filters: against brute force, against the layers of PyTorch, and of what PyTorch hands over."""

import itertools
import json

import numpy as np
import pytest

import dabnet


def best_error(weights):
    """The least squared error of two values, over all ways to part the weights."""
    best = np.square(weights - weights.mean()).sum()
    for size in range(1, len(weights)):
        for upper in itertools.combinations(range(len(weights)), size):
            mask = np.zeros(len(weights), dtype=bool)
            mask[list(upper)] = True
            parts = weights[mask], weights[~mask]
            best = min(best, sum(np.square(part - part.mean()).sum() for part in parts))
    return best


@pytest.mark.parametrize("seed", range(5))
def test_the_split_is_the_optimum(seed):
    weights = np.random.default_rng(seed).normal(size=(6, 9)).astype(np.float32)
    two = dabnet.binarize(weights)
    errors = np.square(weights - two.dense).sum(axis=1)
    assert np.allclose(errors, [best_error(row.astype(np.float64)) for row in weights], rtol=1e-5)
    assert np.array_equal(two.count, two.upper.sum(axis=1))
    assert np.allclose(two.relative_error(weights), errors / np.square(weights).sum(axis=1), rtol=1e-4)


def test_shapes_schemes_and_granularity():
    weights = np.random.default_rng(1).normal(size=(4, 3, 5, 5))
    for scheme in ("dab", "sign", "mean", "dab-published"):
        two = dabnet.binarize(weights, scheme)
        assert two.dense.shape == weights.shape and two.dense.dtype == np.float32 and two.alpha.shape == (4,)
    sign = dabnet.binarize(weights, "sign")
    assert np.allclose(sign.alpha, np.abs(weights).mean(axis=(1, 2, 3))) and np.array_equal(sign.beta, -sign.alpha)
    assert dabnet.binarize(weights, granularity="tensor").alpha.shape == (1,)
    for wrong in (lambda: dabnet.binarize(weights, "other"), lambda: dabnet.binarize(weights, granularity="row"),
                  lambda: dabnet.binarize(1.0), lambda: dabnet.binarize([[np.nan, 1.0]]), lambda: dabnet.binarize([[]])):
        with pytest.raises(ValueError):
            wrong()


def test_tensors_of_pytorch():
    torch = pytest.importorskip("torch")
    import dabnet.torch

    torch.manual_seed(0)
    weights = torch.randn(8, 3, 3, 3)
    weights[0] = 0.5
    weights[1, 0, 0] = weights[1, 0, 1]
    for tensor in (weights, weights.double(), weights.requires_grad_(), weights.bfloat16()):
        assert np.array_equal(dabnet.binarize(tensor).alpha, dabnet.binarize(tensor.detach().float().numpy()).alpha)
    two = dabnet.binarize(weights)
    alpha, beta, upper = dabnet.torch.two_values(weights)
    assert np.array_equal(upper.numpy(), two.upper)
    assert np.allclose(alpha, two.alpha, rtol=1e-6) and np.allclose(beta, two.beta, rtol=1e-6)


def test_layers_take_the_place_of_pytorchs():
    torch = pytest.importorskip("torch")
    from dabnet.torch import BinaryConv2d, BinaryLinear, two_values

    def two_valued(weights):
        alpha, beta, upper = two_values(weights)
        return torch.where(upper, alpha.view(-1, 1, 1, 1), beta.view(-1, 1, 1, 1))

    torch.manual_seed(0)
    for binary_inputs in (False, True):
        net = torch.nn.Sequential(
            torch.nn.Conv2d(1, 8, 3),
            torch.nn.BatchNorm2d(8),
            BinaryConv2d(8, 16, 3, stride=2, padding=1, bias=False, binary_inputs=binary_inputs),
            torch.nn.BatchNorm2d(16),
            torch.nn.Flatten(),
            BinaryLinear(16 * 7 * 7, 2, binary_inputs=binary_inputs),
        )
        inputs = torch.randn(64, 1, 16, 16)
        labels = (inputs[:, 0, :8].sum((1, 2)) > inputs[:, 0, 8:].sum((1, 2))).long()
        optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
        losses = []
        for _ in range(60):
            optimizer.zero_grad()
            loss = torch.nn.functional.cross_entropy(net(inputs), labels)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        assert losses[-1] < 0.3 * losses[0], (binary_inputs, losses[0], losses[-1])
        values = [filter.unique().numel() for filter in two_valued(net[2].weight)]
        assert values == [2] * 16


@pytest.mark.parametrize("input_bits", [1, 2])
def test_a_trained_network_is_packed(tmp_path, input_bits):
    torch = pytest.importorskip("torch")
    pytest.importorskip("onnx")
    from dabnet.torch import BinaryConv2d, BinaryLinear, export

    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Conv2d(1, 8, 3),
        torch.nn.BatchNorm2d(8),
        torch.nn.ReLU() if input_bits > 1 else torch.nn.Identity(),
        BinaryConv2d(8, 16, 3, stride=2, padding=1, bias=False, input_bits=input_bits),
        torch.nn.BatchNorm2d(16),
        torch.nn.PReLU(16),
        torch.nn.MaxPool2d(2),
        torch.nn.Dropout(0.1),
        torch.nn.Flatten(),
        BinaryLinear(16 * 7 * 7, 5, input_bits=input_bits),
    )
    inputs = torch.rand(256, 1, 32, 32) * (torch.rand(256, 1, 32, 32) > 0.8)
    labels = torch.randint(5, (256,))
    optimizer = torch.optim.Adam(net.parameters(), lr=0.01)
    for _ in range(20):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(inputs), labels).backward()
        optimizer.step()
    net.eval()
    model = export(net, inputs[:1], tmp_path / "net", labels=["a", "b", "c", "d", "e"], line_width=0.03)
    assert model.labels == ["a", "b", "c", "d", "e"]
    expected = net(inputs).detach().numpy()
    found = model.run(inputs.numpy())
    # A value at a threshold may fall to either side of it, as sums are rounded otherwise.
    assert (found.argmax(axis=1) == expected.argmax(axis=1)).mean() > 0.98
    assert np.median(np.abs(found - expected)) < 1e-4 * np.abs(expected).max()
    # One bit a weight: 5,000 of them, in a file of few kilobytes.
    assert (tmp_path / "net" / "model.safetensors").stat().st_size < 8000
    layers = json.loads(dabnet._program.run("summary", model=tmp_path / "net", json=True))["layers"]
    assert [layer["precision"] for layer in layers] == ["full", "fbin", "fbin"]
    with pytest.raises(dabnet.CommandError, match="cannot import"):
        export(torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.GELU(), torch.nn.Flatten()), inputs[:1], tmp_path / "no")
