"""What `survey` returns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass

import numpy as np

from riemgn import markup
from riemgn.regimes import regime
from riemgn.theory import Certificate, OptimumCertificate


@dataclass(frozen=True, eq=False, repr=False)
class Survey:
    """The geometry of an output manifold M at a point, and of a loss on it.

    What does not apply, or would cost too much, is None, and `left_out` says why. Norms, angles and
    curvatures are those of the metric of M, curvatures those of docs/theory.md, section 2: in
    1 / outputs for the dot product. The residual is minus the gradient of the loss in R^n, y - u
    for half the squared error.

    Attributes:
        n: Outputs, the dimension of the ambient space.
        p: Parameters.
        dim: The dimension of M where the rank is full, min(n, p).
        metric: The metric of M, in words.
        rank: The rank of the Jacobian, the dimension of the tangent space here.
        condition_number: Of the Jacobian on its rank.
        singular_values: Of the Jacobian, in the dot product, largest first, (min(n, p),).
        loss: The loss.
        strong_convexity: nu of the loss, the largest number known with l'' >= nu H, H the
            metric.
        gradient_norm: The norm of the Riemannian gradient.
        tangent_cosine: The cosine between residual and tangent space. That by which optimizers stop
            is measured in the metric of the loss.
        residual_norm: The norm of the residual's normal part.
        least_kernel_eigenvalue: Of the tangent kernel J J^T, for p >= n.
        largest_normal_curvature: max |II(v, v)| over unit tangent vectors v.
        curvature_bound: What no |II(v, v)| exceeds.
        mean_curvature: The length of the mean curvature vector.
        intrinsic_curvature: The root mean square of |II(v, v)|.
        parameter_effects: The root-mean-square curvature of the parametrisation.
        scalar_curvature: In 1 / outputs^2.
        principal_curvatures: Along the residual, ascending, (rank,).
        geodesic_modulus: The least eigenvalue of the Riemannian Hessian of the loss.
        certificate: Of the Gauss-Newton flow from here.
        optimum_certificate: Of a critical point near, where this is one.
        left_out: The names of what is None, each with the reason in a sentence.
    """

    n: int
    p: int
    dim: int
    metric: str
    rank: int
    condition_number: float
    singular_values: np.ndarray
    loss: float
    strong_convexity: float
    gradient_norm: float
    tangent_cosine: float | None
    residual_norm: float | None
    least_kernel_eigenvalue: float | None
    largest_normal_curvature: float | None
    curvature_bound: float | None
    mean_curvature: float | None
    intrinsic_curvature: float | None
    parameter_effects: float | None
    scalar_curvature: float | None
    principal_curvatures: np.ndarray | None
    geodesic_modulus: float | None
    certificate: Certificate | None
    optimum_certificate: OptimumCertificate | None
    left_out: Mapping[str, str]

    @property
    def regime(self) -> str:
        """Either "underparameterised" (p < n) or "overparameterised"."""
        return regime(self.n, self.p)

    @property
    def residual_bend(self) -> float | None:
        """The largest principal curvature along the residual times the residual's normal part.

        A critical point is a minimum where it is below nu, for no direction then bends away from
        the target faster than the loss rises. For half the squared error in the metric of M nu is
        1, the bend is one less the geodesic modulus, and above 1 the point is no minimum.
        """
        if self.principal_curvatures is None:
            return None
        return float(self.principal_curvatures[-1] * self.residual_norm)

    def to_dict(self) -> dict:
        """Return the survey in lists, strings and numbers.

        The condition number, which is infinite where the Jacobian is zero, is None there, with the
        reason in "left_out".
        """
        rows = {field.name: _plain(getattr(self, field.name)) for field in fields(self)}
        derived = {"regime": self.regime, "residual_bend": self.residual_bend}
        left_out = rows["left_out"]
        if not math.isfinite(self.condition_number):
            rows["condition_number"] = None
            left_out["condition_number"] = "the Jacobian is zero here: there is none"
        return {**rows, **derived, "left_out": left_out}

    def __repr__(self) -> str:
        return (
            f"Survey(n = {self.n}, p = {self.p}, rank {self.rank}, "
            f"condition number {self.condition_number:.3g}, loss {self.loss:.4g})"
        )

    def __str__(self) -> str:
        from riemgn.surveying.wording import sections

        lines = []
        for section in sections(self):
            lines.append(section.title)
            lines += [f"  {row.name:<36}{row.in_short}" for row in section.rows]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        from riemgn.surveying.wording import sections

        rows = [(row.name, row.in_short) for section in sections(self) for row in section.rows]
        return markup.card("The geometry at a point", rows)


def _plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    return asdict(value) if is_dataclass(value) else value
