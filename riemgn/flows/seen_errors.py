"""Dormand and Prince's method with the errors of its steps held down in outputs, too."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.integrate import DOP853

from riemgn.linalg.factor import Differential


class SeenDormandPrince(DOP853):
    """Dormand and Prince's method of order 8 for a y of which a map B sees some parts more.

    An error that is small beside y can be large beside B y, where B is large along it. Here that of
    a step is held down in both.

    Args:
        fun, t0, y0, t_bound: As for scipy's solvers.
        seen: From y to the (n, p) map B there.
        reach: What an error in B y is relative to.
        rtol, atol: The error of a step, relative and absolute, as for scipy's solvers.
    """

    def __init__(
        self,
        fun: Callable[[float, np.ndarray], np.ndarray],
        t0: float,
        y0: np.ndarray,
        t_bound: float,
        *,
        seen: Callable[[np.ndarray], Differential],
        reach: float,
        rtol: float,
        atol: float,
    ) -> None:
        self._seen, self._reach = seen, reach
        super().__init__(fun, t0, y0, t_bound, rtol=rtol, atol=atol)

    def _step_impl(self) -> tuple[bool, str | None]:
        self._map = self._seen(self.y)
        return super()._step_impl()

    def _estimate_error_norm(self, K: np.ndarray, h: float, scale: np.ndarray) -> float:
        """Return the larger of the errors in y and in B y, each over what is allowed."""
        own = super()._estimate_error_norm(K, h, scale)
        if not np.all(np.isfinite(K)):
            return own
        rates = np.stack([self._map.jvp(rate) for rate in K])
        # scipy takes the root of the mean square, and the whole norm is meant
        allowed = np.full(rates.shape[1], self.rtol * self._reach / np.sqrt(rates.shape[1]))
        return max(own, super()._estimate_error_norm(rates, h, allowed))
