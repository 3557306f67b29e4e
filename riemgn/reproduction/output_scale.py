"""Claim C5: an output scale that suffices for a rate, and what the scale trades for speed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import partial

import numpy as np

from riemgn.flows import Trajectory, gauss_newton_flow
from riemgn.reproduction.claim import Claim
from riemgn.reproduction.descent import Descent, denser_at_the_start, descend, reference
from riemgn.reproduction.gap_bounds import excess
from riemgn.reproduction.output_scale_figure import draw
from riemgn.reproduction.output_scale_verdict import BEYOND, TOO_SMALL, judge
from riemgn.reproduction.problems import Case, named_case
from riemgn.theory import certificate, geodesic_modulus

T_END, TIMES = 80.0, 241
MODULI_EVERY = 10  # of these times

JUST = 1 + 1e-9  # times the threshold: the least scale at which it applies, with rounding


@dataclass(frozen=True)
class Run:
    """What is kept of one flow.

    Attributes:
        alpha: The output scale.
        arrived: Whether it came near its optimum.
        expected: Whether the Gauss-Newton flow comes near its own.
        completed: Whether it came to the last time.
        ending: Why it ended.
        loss: The last loss over the first: the share that is left unexplained.
        test_error: The mean squared error on rows held out, in variances of the target; NaN
            without any.
        rate: The late rate of the gap.
        start_modulus, least_modulus, optimum_modulus: Geodesic moduli.
        distance: |w - w0| at the end.
        relative_distance: That over |w0|.
        predicted_distance: |J^+ g| over |w0| at the start: how far w moves where M is flat.
        detour: The length of the path in outputs over the distance of its ends.
    """

    alpha: float
    arrived: bool
    expected: bool
    completed: bool
    ending: str
    loss: float
    test_error: float
    rate: float
    start_modulus: float
    least_modulus: float
    optimum_modulus: float
    distance: float
    relative_distance: float
    predicted_distance: float
    detour: float


def pieces(
    seeds: int,
    alphas: Sequence[float],
    regression: Sequence[Sequence],
    diabetes: Sequence[Sequence],
) -> list[dict]:
    """Return a piece for every initialisation and seed.

    Args:
        seeds: The number of seeds, 0, 1, ...
        alphas: The output scales.
        regression: Its initialisations, each a scheme and a factor on the weights.
        diabetes: Likewise.
    """
    starts = [("regression", *start) for start in regression]
    starts += [("diabetes", *start) for start in diabetes]
    return [
        {
            "seed": seed,
            "case": case,
            "scheme": scheme,
            "factor": float(factor),
            "alphas": [float(alpha) for alpha in alphas],
        }
        for case, scheme, factor in starts
        for seed in range(seeds)
    ]


def measure(
    *,
    seed: int,
    case: str,
    scheme: str,
    factor: float,
    alphas: Sequence[float],
    flow: Callable[..., Trajectory] = gauss_newton_flow,
) -> dict[str, np.ndarray]:
    """Return what flows do at output scales, and beyond the certificate's threshold.

    Args:
        seed: Of data and initialisation.
        case: A name of `problems.named_case`.
        scheme: The initialisation, see `Network.init`.
        factor: On its weights.
        alphas: The output scales.
        flow: The flow under test.
    """
    make = partial(named_case, case, seed=seed, scheme=scheme, factor=factor)
    runs = [_run(made, flow, _descent(made, flow)) for made in map(make, alphas)]
    small = make(TOO_SMALL)
    unsure = certificate(small.problem, small.point)
    just = make(JUST * unsure.alpha_threshold)
    sure = _beyond(make(BEYOND * unsure.alpha_threshold), flow)
    return {
        **{
            field.name: np.array([getattr(run, field.name) for run in runs])
            for field in fields(Run)
        },
        "threshold": unsure.alpha_threshold,
        "threshold_modulus": certificate(just.problem, just.point).modulus,
        "textbook_threshold": unsure.textbook_threshold,
        "applies_too_small": unsure.applies,
        **{f"beyond_{name}": value for name, value in sure.items()},
    }


def _descent(made: Case, flow: Callable[..., Trajectory]) -> Descent:
    return descend(made, made.problem, denser_at_the_start(T_END, TIMES), flow)


def _run(made: Case, flow: Callable[..., Trajectory], descent: Descent) -> Run:
    run, problem, start = descent.flow, made.problem, made.point
    last = problem.manifold.point(run.params[-1])
    away, size = float(np.linalg.norm(last.params - start.params)), np.linalg.norm(start.params)
    g = problem.loss.gradient(start.outputs)
    step = start.seen_in(problem.manifold.metric).lift(g)
    optimum = geodesic_modulus(problem, descent.optimum) if descent.in_basin else np.nan
    length = float(np.sum(np.linalg.norm(np.diff(run.outputs, axis=0), axis=1)))
    chord = float(np.linalg.norm(run.outputs[-1] - run.outputs[0]))
    return Run(
        made.network.scale,
        descent.in_basin,
        reference(descent, flow, partial(_descent, made)).in_basin,
        run.completed,
        run.ending,
        run.losses[-1] / run.losses[0],
        _test_error(made, last.params),
        descent.late_rate(),
        geodesic_modulus(problem, start),
        min(_least_modulus(descent), optimum) if descent.in_basin else np.nan,
        optimum,
        away,
        away / size,
        float(np.linalg.norm(step)) / size,
        length / chord if chord > 0 else np.nan,
    )


def _least_modulus(descent: Descent) -> float:
    problem, params = descent.problem, descent.flow.params[::MODULI_EVERY]
    return min(geodesic_modulus(problem, problem.manifold.point(w)) for w in params)


def _test_error(made: Case, params: np.ndarray) -> float:
    if made.test_inputs is None:
        return np.nan
    errors = made.network.predict(params, made.test_inputs) - made.test_targets
    return float(np.mean(errors**2))


def _beyond(made: Case, flow: Callable[..., Trajectory]) -> dict:
    """Return what is seen of a flow beyond the certificate's threshold, and what is guaranteed."""
    sure, descent = certificate(made.problem, made.point), _descent(made, flow)
    run = _run(made, flow, descent)
    bound = descent.gaps[:1] * np.exp(-sure.guaranteed_rate * descent.flow.times)
    moved = np.linalg.norm(descent.flow.params - made.point.params, axis=1)
    return {
        "applies": sure.applies,
        "alpha": run.alpha,
        "arrived": run.arrived,
        "excess": excess(descent.gaps, descent.floor, bound),
        "farthest": np.max(moved) / sure.radius if sure.radius else np.nan,
        "guaranteed_modulus": sure.modulus,
        "least_modulus": run.least_modulus,
        "rate": run.rate,
        "guaranteed_rate": sure.guaranteed_rate,
    }


CLAIM = Claim(
    key="C5",
    title="An output scale suffices, and trades features for speed",
    statement=(
        "From a known output scale on the flow converges at a guaranteed rate and stays in a known "
        "ball; as the scale grows the manifold flattens as 1/alpha, the rate tends to 2, the "
        "weights move less, and in the median over starts the loss that is reached is higher."
    ),
    section="docs/theory.md, section 4",
    caption=(
        "Share of flows that arrive, late rates, last losses with test errors, and distances "
        "travelled against the output scale, by initialisation. Vertical lines are the "
        "sufficient scales of the certificates."
    ),
    pieces=pieces,
    measure=measure,
    judge=judge,
    draw=draw,
    quick={
        "seeds": 2,
        "alphas": [2**k for k in range(3, 18, 2)],
        "regression": [["uniform", 0.5], ["uniform", 1], ["uniform", 2], ["normal", 1]],
        "diabetes": [["uniform", 1]],
    },
    full={
        "seeds": 5,
        "alphas": [2**k for k in (3, 4, 5, 6, 7, 8, 9, 11, 13, 15, 17)],
        "regression": [[s, f] for s in ("uniform", "normal") for f in (0.5, 1, 2)],
        "diabetes": [["uniform", 1], ["normal", 1]],
    },
)
