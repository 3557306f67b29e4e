"""The case of an immersed manifold: the condition of its Jacobian says how exact it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from riemgn.manifolds.retractions.parameter_steps import CorrectedRetraction
from riemgn.manifolds.sight import Sight
from riemgn.testing.arrays import TINY, size_of_difference
from riemgn.testing.cases import AMPLIFICATION, LEAST_ACCURACY, ManifoldCase
from riemgn.testing.slopes import EPS


@dataclass
class ImmersedCase(ManifoldCase):
    """An immersed manifold at a point, with the condition of its Jacobian."""

    @property
    def accuracy(self) -> float:
        """Rounding, amplified by the condition of the Jacobian as the metric sees it."""
        return self._with_digits(EPS * max(AMPLIFICATION, 100 * self.condition))

    @property
    def second_accuracy(self) -> float:
        """As above; second derivatives may besides be differences, good to eps^(2/3)."""
        return max(self.accuracy, AMPLIFICATION * EPS ** (2 / 3))

    @property
    def frame_accuracy(self) -> float:
        """As above, with the condition's square: a frame's vectors are lifted twice."""
        return max(self.second_accuracy, self._with_digits(10 * EPS * self.condition**2))

    @property
    def distance_accuracy(self) -> float:
        return max(1e-7, self.accuracy)

    @property
    def standstill(self) -> float:
        """Nowhere: no step of the parameters is the very point."""
        return 0.0

    @cached_property
    def position_size(self) -> float:
        """That of |f| + |J| |w|: parameters are rounded before f is computed."""
        return float(np.linalg.norm(np.abs(self.point.outputs) + self.point.jet.reach()))

    @property
    def tangent_dimension(self) -> int:
        """The rank."""
        return self.sight.rank

    @cached_property
    def condition(self) -> float:
        """The condition number of L^T J, in units of its columns where the factorisation is."""
        return max(self.sight.amplification, 1.0) if self.sight.rank else 1.0

    @property
    def sight(self) -> Sight:
        """The Jacobian as the metric sees it."""
        return self.point.seen_in(self.manifold.metric)

    @cached_property
    def reach(self) -> float:
        """A length on M that is short beside what curves the lines of the parameters.

        The tangent vector J xi has it when xi is a twentieth of the parameters, or less where the
        Christoffel symbols would otherwise turn these by more than a two-hundredth, in their units,
        or the second derivative change J xi by more than a third.
        """
        w = self.point.params
        own = max(1.0, float(np.linalg.norm(w / self.units)))
        M, x = self.manifold, self.point
        lengths = []
        for z in np.random.default_rng([self.seed, 2]).normal(size=(3, w.size)):
            xi = self.units * z
            length = M.norm(x, x.jet.jvp(xi))
            bend = M.norm(x, x.jet.second_derivative(xi, xi))
            share = min(
                0.05 * own / float(np.linalg.norm(z)),
                (0.005 * own / max(self._turn(xi), TINY)) ** 0.5,
                length / max(3 * bend, TINY),
            )
            lengths.append(share * length)
        return float(min(lengths))

    @cached_property
    def units(self) -> np.ndarray:
        """The units (p,) in which the immersion measures a change of its parameters."""
        scale = self.manifold.immersion.damping_scale(self.point.params)
        return np.ones(self.point.params.size) if scale is None else 1 / scale

    def tangent(self, point=None):
        return self.manifold.random_tangent_vector(
            self.point if point is None else point, self.generator
        )

    def direction(self):
        """Return J xi over its norm for a random change xi of the parameters.

        Unit vectors of uniform direction have lifts of the length of the condition number.
        """
        v = self.manifold.projection(self.point, self.point.jet.jvp(self.change()))
        return v / self.manifold.norm(self.point, v)

    def require_constant_metric(self) -> None:
        if self.manifold.metric.varies:
            raise NotImplementedError("the metric varies over the ambient space")

    def require_smooth_projection(self) -> None:
        if self.sight.rank < self.manifold.dim:
            raise NotImplementedError(
                f"the rank {self.sight.rank} is not constant around this point"
            )

    def second_order_curve(self, v):
        corrected = CorrectedRetraction()
        return lambda t: corrected.retract(self.manifold, self.point, t * v)

    def gap(self, a, b) -> float:
        return size_of_difference(a, b)

    def change(self) -> np.ndarray:
        """Return a random change of the parameters in their units, (p,)."""
        return self.units * self.generator.normal(size=self.point.params.size)

    def _turn(self, xi: np.ndarray) -> float:
        """Return |Gamma(xi, xi)| in the units of the parameters; zero where it holds no digits."""
        try:
            turned = self.manifold.christoffel(self.point, xi, xi)
            return float(np.linalg.norm(turned / self.units))
        except ArithmeticError:
            return 0.0

    def _with_digits(self, accuracy: float) -> float:
        if accuracy > LEAST_ACCURACY:
            raise NotImplementedError(
                f"the Jacobian's condition number {self.condition:.1e} leaves no digits"
            )
        return accuracy
