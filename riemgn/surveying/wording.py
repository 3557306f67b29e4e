"""A survey in words: sections of rows, which tables, pages and notebooks show."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from riemgn.regimes import CONDITIONS
from riemgn.surveying.result import Survey

LEFT_OUT, APPLIES, DOES_NOT_APPLY = _REASONED = "left out", "applies", "does not apply"


class Row(NamedTuple):
    """A quantity: its name, its value, and what it says, or why it is left out."""

    name: str
    value: str
    meaning: str

    @property
    def in_short(self) -> str:
        """The value, with the reason where it is a verdict or left out."""
        return f"{self.value}: {self.meaning}" if self.value in _REASONED else self.value


class Section(NamedTuple):
    """Rows under a title."""

    title: str
    rows: tuple[Row, ...]


def sections(survey: Survey) -> tuple[Section, ...]:
    """Return a survey in words."""
    return (
        Section("The manifold", tuple(_manifold(survey))),
        Section("How it bends", tuple(_curvatures(survey))),
        Section("The loss on it", tuple(_loss(survey))),
        Section("What is proved", tuple(_proved(survey))),
    )


def _manifold(survey: Survey) -> Iterable[Row]:
    values = survey.singular_values
    meaning = {
        "underparameterised": "the outputs are a proper submanifold of R^n",
        "overparameterised": "with the rank n, M is open in R^n: outputs move in every direction",
    }[survey.regime]
    yield Row("outputs n", f"{survey.n}", "dimension of the ambient space")
    yield Row("parameters p", f"{survey.p}", "")
    yield Row("metric of M", survey.metric, "of lengths, angles and curvatures")
    yield Row("regime", f"{survey.regime} ({CONDITIONS[survey.regime]})", meaning)
    yield Row("rank of the Jacobian", f"{survey.rank} of {survey.dim}", _rank(survey))
    yield Row(
        "condition number",
        f"{survey.condition_number:.3g}",
        "the largest singular value over the least that counts",
    )
    yield Row(
        "singular values",
        _range(values),
        "how fast outputs move with the parameters, along the best and the worst direction",
    )
    yield _number(
        survey,
        "least_kernel_eigenvalue",
        "least eigenvalue of the kernel",
        "of J J^T: the slowest speed of outputs under gradient flow in the parameters",
    )


def _rank(survey: Survey) -> str:
    if survey.rank == survey.dim:
        return "full"
    return f"{survey.dim - survey.rank} directions are lost here: M is treated as its range"


def _curvatures(survey: Survey) -> Iterable[Row]:
    largest, bound = survey.largest_normal_curvature, survey.curvature_bound
    if largest is None:
        yield Row("largest normal curvature", LEFT_OUT, _why(survey, "largest_normal_curvature"))
    else:
        radius = f"the tightest bend has the radius {1 / largest:.3g}" if largest > 0 else "flat"
        yield Row("largest normal curvature", f"{largest:.4g}, at most {bound:.4g}", radius)
    named = (
        ("mean_curvature", "mean curvature", "length of the mean of II(e, e) over a frame"),
        ("intrinsic_curvature", "rms curvature, intrinsic", "over all directions, of M itself"),
        (
            "parameter_effects",
            "rms curvature, parameter effects",
            "over all directions, of the parameters on M",
        ),
        ("scalar_curvature", "scalar curvature", "within M, in the square of the others' unit"),
    )
    for field, name, meaning in named:
        yield _number(survey, field, name, meaning)


def _loss(survey: Survey) -> Iterable[Row]:
    yield Row("loss", f"{survey.loss:.5g}", "summed over rows")
    norm = f"{survey.gradient_norm:.4g}"
    yield Row("gradient on M", norm, "norm of the Riemannian gradient, in the metric of M")
    yield _number(
        survey,
        "tangent_cosine",
        "tangent cosine",
        "of residual and tangent space, in the metric of M: 0 at a critical point",
    )
    yield _number(
        survey, "residual_norm", "residual normal to M", "the norm of that part, in the metric of M"
    )
    along = survey.principal_curvatures
    if along is None:
        yield Row("curvatures along the residual", LEFT_OUT, _why(survey, "principal_curvatures"))
    else:
        yield Row(
            "curvatures along the residual",
            _range(along),
            "principal curvatures; positive where M bends towards the target",
        )
        yield Row(
            "largest of them times |residual|",
            f"{survey.residual_bend:.4g}",
            _bend(survey),
        )
    yield _number(
        survey,
        "geodesic_modulus",
        "geodesic modulus",
        "least eigenvalue of the Riemannian Hessian: positive where the loss is convex along "
        "geodesics",
    )


def _bend(survey: Survey) -> str:
    nu = survey.strong_convexity
    if nu <= 0:
        return "the loss is not known to be strongly convex, so that this does not decide"
    if survey.residual_bend < nu:
        return f"below nu = {nu:.3g}: a critical point with this bend is a minimum"
    return f"not below nu = {nu:.3g}: a critical point with this bend need not be a minimum"


def _proved(survey: Survey) -> Iterable[Row]:
    start = survey.certificate
    if start is None:
        yield Row("certificate of the flow", LEFT_OUT, _why(survey, "certificate"))
    else:
        yield Row("certificate of the flow", _applies(start.applies), start.why)
        if math.isfinite(start.alpha_threshold):
            here = f"the scale is {start.alpha:.4g} here"
            yield Row("output scale that suffices", f"{start.alpha_threshold:.4g}", here)
        if start.applies:
            yield Row("guaranteed rate", f"{start.guaranteed_rate:.4g}", "of the gap, exp(-rate t)")
    optimum = survey.optimum_certificate
    if optimum is None:
        yield Row("certificate of the optimum", LEFT_OUT, _why(survey, "optimum_certificate"))
    else:
        yield Row("certificate of the optimum", _applies(optimum.applies), optimum.why)


def _applies(applies: bool) -> str:
    return APPLIES if applies else DOES_NOT_APPLY


def _range(values: np.ndarray) -> str:
    """Return the first and the last value, in as many digits as each other."""
    first, last = (f"{value:.4g}" for value in (values[0], values[-1]))
    return first if first == last else f"{first} to {last}"


def _number(survey: Survey, field: str, name: str, meaning: str) -> Row:
    value = getattr(survey, field)
    if value is None:
        return Row(name, LEFT_OUT, _why(survey, field))
    return Row(name, f"{value:.4g}", meaning)


def _why(survey: Survey, field: str) -> str:
    return survey.left_out[field]
