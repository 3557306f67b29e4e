"""The geometry of small networks: riemgn's closed forms beside geomstats' automatic metric."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np

from riemgn.linalg import one_blas_thread
from riemgn.manifolds import OutputManifold, Point
from riemgn.networks import Network

# Inputs and hidden units of networks with 7, 13 and 25 weights.
NETWORKS = ((4, 1), (4, 2), (6, 3))


@dataclass(frozen=True)
class GeometryRow:
    """One quantity of one network.

    Attributes:
        quantity, p: What was computed, for how many weights.
        ours, theirs: CPU seconds of one evaluation, from the weights on.
        difference: The largest difference as a share of the largest entry.
    """

    quantity: str
    p: int
    ours: float
    theirs: float
    difference: float


def compared(samples: int, sectional: bool) -> Iterator[GeometryRow]:
    """Yield a row a network and quantity; sectional curvature is asked of the smallest alone."""
    with one_blas_thread():
        for inputs, hidden in NETWORKS:
            network = Network([inputs, hidden, 1])
            X = np.random.default_rng(0).normal(size=(samples, inputs))
            w = network.init(seed=1)
            M, metric = OutputManifold(network, X), automatic_metric(network, X)
            pairs = {
                "metric": (M.metric_matrix, metric.metric_matrix),
                "Christoffel symbols": (M.christoffel_symbols, metric.christoffels),
                "second fundamental form": (
                    lambda x, M=M: second_fundamental_forms(M, x),
                    metric.second_fundamental_form,
                ),
            }
            if sectional and (inputs, hidden) == NETWORKS[0]:
                pairs["sectional curvature"] = (
                    lambda x, M=M: M.sectional_curvature(x, *x.jacobian[:, :2].T),
                    lambda w, metric=metric: metric.sectional_curvature(*np.eye(w.size)[:2], w),
                )
            for quantity, (of_point, of_params) in pairs.items():
                yield _row(quantity, lambda w, f=of_point, M=M: f(M.point(w)), of_params, w)


def second_fundamental_forms(manifold: OutputManifold, point: Point) -> np.ndarray:
    """Return II(J_i, J_j) of all columns of the Jacobian, (n, p, p)."""
    n, p = point.jet.shape
    forms, units = np.empty((n, p, p)), np.eye(p)
    for i, unit in enumerate(units):
        bends = point.jet.second_derivatives(unit, units[:, i:])
        forms[:, i, i:] = forms[:, i:, i] = bends - manifold.projection(point, bends)
    return forms


def automatic_metric(network: Network, X: np.ndarray):
    """Return geomstats' PullbackMetric of a one-layer tanh network, by its autograd backend.

    Raises:
        ImportError: geomstats is already there with another backend.
    """
    if "geomstats" not in sys.modules:
        os.environ["GEOMSTATS_BACKEND"] = "autograd"
    import geomstats.backend as gs
    from geomstats.geometry.base import ImmersedSet
    from geomstats.geometry.euclidean import Euclidean

    if not gs.__name__.endswith("autograd"):
        raise ImportError("geomstats differentiates by itself with its autograd backend alone")
    inputs, hidden, _ = network.widths
    (W_at, b_at), (V_at, c_at) = network.layer_slices

    class Outputs(ImmersedSet):
        def _define_embedding_space(self):
            return Euclidean(X.shape[0])

        def immersion(self, w):
            W = gs.reshape(w[..., W_at], (*w.shape[:-1], hidden, inputs))
            units = gs.tanh(gs.einsum("...hd,nd->...hn", W, X) + w[..., b_at, None])
            return gs.einsum("...h,...hn->...n", w[..., V_at], units) + w[..., c_at]

    return Outputs(dim=network.dim).metric


def _row(quantity: str, ours: Callable, theirs: Callable, w: np.ndarray) -> GeometryRow:
    own_time, own = _timed(ours, w, 50)
    their_time, wanted = _timed(theirs, w, 5 if quantity == "metric" else 1)
    difference = np.abs(own - wanted).max() / np.abs(wanted).max()
    return GeometryRow(quantity, w.size, own_time, their_time, float(difference))


def _timed(function: Callable, w: np.ndarray, repeats: int) -> tuple[float, np.ndarray]:
    """The median CPU time of some calls, after one where there are several, and the result."""
    value = function(w) if repeats > 1 else None
    seconds = []
    for _ in range(repeats):
        began = time.process_time()
        value = function(w)
        seconds.append(time.process_time() - began)
    return median(seconds), np.asarray(value)
