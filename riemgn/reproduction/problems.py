"""The problems with fewer weights than outputs on which the claims C1 to C5 are measured."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riemgn import datasets
from riemgn.arguments import choice
from riemgn.fitting.splits import held_out
from riemgn.losses import LogisticLoss, Loss, SquaredLoss
from riemgn.manifolds import OutputManifold, Point
from riemgn.networks import Network
from riemgn.problem import Problem
from riemgn.reproduction.claim import Measured

DEEP = (5, 4, 4, 4, 1)
NOISE = 0.1  # its standard deviation, in the unit of the noiseless target
TEST_SHARE = 0.25


@dataclass(frozen=True, eq=False)
class Case:
    """A problem of p < n weights, and where its flows start: at outputs zero.

    Attributes:
        name: "regression", "deep", "diabetes" or "breast_cancer".
        problem: The loss on the manifold of the training outputs.
        point: The start.
        network: The network, scaled and centred at the start.
        test_inputs: Inputs held out (N, inputs), or None.
        test_targets: Their targets in the units of the training targets, or labels 0 and 1, (N,),
            or None.
    """

    name: str
    problem: Problem
    point: Point
    network: Network
    test_inputs: np.ndarray | None = None
    test_targets: np.ndarray | None = None


def regression(
    alpha: float,
    seed: int,
    n: int = 200,
    widths: tuple[int, ...] = (5, 4, 1),
    scheme: str = "uniform",
    factor: float = 1.0,
) -> Case:
    """Return y = sin(2 x_0) + x_1 x_2 + noise on normal inputs, standardised, with squared loss.

    Args:
        alpha: The output scale.
        seed: Of the data and of the initialisation.
        n: The number of samples.
        widths: Those of the network, 5 inputs and 1 output.
        scheme: The initialisation, see `Network.init`.
        factor: On the initial weights.
    """
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, widths[0]))
    y = np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] + NOISE * rng.normal(size=n)
    loss = SquaredLoss((y - y.mean()) / y.std())
    return _case("regression", Network(widths), alpha, seed, X, loss, scheme, factor)


def deep(alpha: float, seed: int, scheme: str = "normal", factor: float = 1.0) -> Case:
    """Return the problem of `regression` with a network of three hidden layers, 69 weights.

    The condition number of J is about 1e5 at the start (1e6 with scheme "uniform", whose small
    weights let signals fade), so that its flows arrive from about alpha = 1e5 on. Arguments are
    those of `regression`.
    """
    shallow = regression(alpha, seed, widths=DEEP, scheme=scheme, factor=factor)
    return replace(shallow, name="deep")


def diabetes(
    alpha: float, seed: int, hidden: int = 4, scheme: str = "uniform", factor: float = 1.0
) -> Case:
    """Return the diabetes data with squared loss; a quarter of the rows is held out.

    Args:
        alpha: The output scale.
        seed: Of the rows held out and of the initialisation.
        hidden: The number of hidden tanh units.
        scheme: The initialisation, see `Network.init`.
        factor: On the initial weights.
    """
    X, y = datasets.load("diabetes")
    kept, held = held_out(y.size, TEST_SHARE, np.random.default_rng(seed))
    y = (y - y[kept].mean()) / y[kept].std()
    net, loss = Network((X.shape[1], hidden, 1)), SquaredLoss(y[kept])
    return _case(
        "diabetes", net, alpha, seed, X[kept], loss, scheme, factor, test=(X[held], y[held])
    )


def breast_cancer(
    alpha: float,
    seed: int,
    hidden: int = 2,
    ridge: float = 0.1,
    scheme: str = "uniform",
    factor: float = 1.0,
) -> Case:
    """Return the breast cancer data with logistic loss; a quarter of each class is held out.

    Args:
        alpha: The output scale.
        seed: Of the rows held out and of the initialisation.
        hidden: The number of hidden tanh units.
        ridge: The weight of the squared logits in the loss, its strong convexity nu.
        scheme: The initialisation, see `Network.init`.
        factor: On the initial weights.
    """
    X, y = datasets.load("breast_cancer")
    kept, held = held_out(y.size, TEST_SHARE, np.random.default_rng(seed), labels=y)
    net, loss = Network((X.shape[1], hidden, 1)), LogisticLoss(y[kept], ridge)
    return _case(
        "breast_cancer", net, alpha, seed, X[kept], loss, scheme, factor, test=(X[held], y[held])
    )


def named_case(name: str, alpha: float, seed: int, **options) -> Case:
    """Return a case by its name, such as "deep"; options are those of its function.

    Raises:
        ValueError: There is no such case.
    """
    cases = {f.__name__: f for f in (regression, deep, diabetes, breast_cancer)}
    return cases[choice("name", name, cases)](alpha, seed, **options)


def by_case(measured: list[Measured]) -> dict[str, list[Measured]]:
    """Return pieces by their case and output scale, such as "regression, alpha 128".

    Args:
        measured: Pieces with the arguments "case" and "alpha".
    """
    groups: dict[str, list[Measured]] = {}
    for piece in measured:
        label = f"{piece.arguments['case']}, alpha {piece.arguments['alpha']:g}"
        groups.setdefault(label.replace("_", " "), []).append(piece)
    return groups


def _case(
    name: str,
    net: Network,
    alpha: float,
    seed: int,
    X: np.ndarray,
    loss: Loss,
    scheme: str,
    factor: float,
    test: tuple[np.ndarray | None, np.ndarray | None] = (None, None),
) -> Case:
    w0 = factor * net.init(seed=seed, scheme=scheme)
    net = net.scaled(alpha).centred(w0)
    M = OutputManifold(net, X)
    return Case(name, Problem(M, loss), M.point(w0), net, *test)
