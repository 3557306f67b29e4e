"""A network's jet over row blocks of its inputs, for a Jacobian that is too large to be held.

Every product makes the forward pass of a block, uses it and forgets it, so that memory beyond the
inputs stays at a few vectors of length n and one block a thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from riemgn.immersions.jet import Jet
from riemgn.linalg import mapped, one_blas_thread, sum_in_order

if TYPE_CHECKING:
    from riemgn.immersions.feedforward import FeedforwardImmersion


class BlockedJet(Jet):
    """The jet of a network at w, made of the jets of its row blocks, which are not kept."""

    streams = True

    def __init__(
        self, immersion: FeedforwardImmersion, params: np.ndarray, parts: list[FeedforwardImmersion]
    ) -> None:
        self._parts = parts
        ends = np.cumsum([0, *(part.ambient_dim for part in parts)]).tolist()
        self._rows = [slice(start, end) for start, end in pairwise(ends)]
        super().__init__(immersion, params)

    def _evaluate(self) -> np.ndarray:
        return self._joined(lambda jet, _: jet.outputs)

    def row_blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        for part, rows in zip(self._parts, self._rows, strict=True):
            yield rows, part.at(self.params).jacobian()

    @cached_property
    def _jacobian(self) -> np.ndarray:
        return np.asfortranarray(np.concatenate([J for _, J in self.row_blocks()]))

    def gram(self) -> np.ndarray:
        return self._summed(lambda jet, _: jet.gram())

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        return self._joined(lambda jet, _: jet.jvp(xi))

    def vjp(self, v: np.ndarray) -> np.ndarray:
        return self._summed(lambda jet, rows: jet.vjp(v[rows]))

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        return self._joined(lambda jet, _: jet.second_derivative(xi, eta))

    def second_derivatives(self, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
        return self._joined(lambda jet, _: jet.second_derivatives(xi, etas))

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return self._summed(lambda jet, rows: jet.hessian_vp(normal[rows], xi))

    def _mapped(self, of_jet: Callable[[Jet, slice], np.ndarray]) -> Iterator[np.ndarray]:
        def of_block(block: tuple[FeedforwardImmersion, slice]) -> np.ndarray:
            part, rows = block
            return of_jet(part.at(self.params), rows)

        return mapped(of_block, zip(self._parts, self._rows, strict=True))

    def _joined(self, of_jet: Callable[[Jet, slice], np.ndarray]) -> np.ndarray:
        with one_blas_thread():
            return np.concatenate(list(self._mapped(of_jet)))

    def _summed(self, of_jet: Callable[[Jet, slice], np.ndarray]) -> np.ndarray:
        with one_blas_thread():
            return sum_in_order(self._mapped(of_jet))
