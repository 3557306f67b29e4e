"""How a flow is followed: step by step, to its last time or as far as it goes."""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass, field

import numpy as np
from scipy.integrate import DenseOutput

from riemgn.errors import NumericalError
from riemgn.flows.equation import Equation, Moment
from riemgn.flows.trajectory import Trajectory
from riemgn.linalg import one_blas_thread
from riemgn.linalg.factor import EPS
from riemgn.manifolds.integration import Integration
from riemgn.progress import passing_bar

# Evaluations of the velocity before a flow gives up; each takes a Jacobian and its factorisation.
MOST_EVALUATIONS = 100_000

# The share of the longest step so far below which a flow crawls.
_CRAWL = 1e-5

# Evaluations after which it is asked whether those that are left suffice, and those of a step.
_MANY, _A_STEP = 5000, 12


@dataclass(frozen=True)
class Limits:
    """How far a flow is followed.

    Attributes:
        t_end: The last time.
        times: The times to keep (m,), increasing; None for those of the integrator's steps.
        tolerance: The error of a step, relative and absolute in units of the speed at the start.
        dense: Whether times between the steps are kept, too.
        max_evaluations: The most evaluations of the velocity.
        max_time: The most seconds.
    """

    t_end: float
    times: np.ndarray | None
    tolerance: float
    dense: bool
    max_evaluations: int
    max_time: float


@one_blas_thread()
def followed(equation: Equation, limits: Limits) -> Trajectory:
    """Return the trajectory of a flow, which ends where the flow breaks down or a limit is met.

    Raises:
        NumericalError: The velocity is not defined at the start.
    """
    log = _Log(equation, limits)
    integration = Integration(
        equation.rate,
        equation.origin,
        (0.0, limits.t_end),
        equation.told,
        limits.max_evaluations,
        limits.tolerance,
        equation.solver,
    )
    log.begin()
    completed, ending = False, ""
    with passing_bar(limits.t_end) as show:
        try:
            longest = 0.0
            while integration.running and not log.overdue:
                before = integration.t
                integration.step()
                equation.arrive(integration.y)
                log.add(integration)
                show(integration.t, f"t = {integration.t:.4g} of {limits.t_end:.4g}")
                step = integration.t - before
                longest = max(longest, step)
                if integration.running and (
                    step < _CRAWL * longest or _will_not_arrive(integration, limits, step)
                ):
                    _require_digits(equation, integration, limits.tolerance)
            completed = not integration.running
            ending = "the last time is reached" if completed else log.late(integration.t)
        except NumericalError as error:
            ending = str(error)
        except KeyboardInterrupt:
            ending = f"interrupted at t = {integration.t:.6g}"
    return log.trajectory(completed, ending, integration.evaluations)


def _will_not_arrive(integration: Integration, limits: Limits, step: float) -> bool:
    """Whether steps of this length would need more evaluations than are left."""
    left = limits.max_evaluations - integration.evaluations
    steps = (limits.t_end - integration.t) / step
    return integration.evaluations > _MANY and steps * _A_STEP > left


def _require_digits(equation: Equation, integration: Integration, tolerance: float) -> None:
    """Raise where steps are short because rounding in the velocity exceeds their tolerance."""
    grown, whole = equation.amplifications(integration.y)
    if EPS * grown > tolerance:
        raise integration.breakdown(
            "the Jacobian is about to lose rank, and rounding in the velocity exceeds the "
            f"tolerance (amplified by {grown:.1e} since the start)"
        )
    if EPS * whole > tolerance:
        raise integration.breakdown(
            f"rounding in the velocity, amplified by {whole:.1e}, exceeds the tolerance "
            f"{tolerance:.1e}: a larger one may lead on"
        )


@dataclass
class Interpolant:
    """From a time to parameters (p,), through the integrator's own interpolants of its steps."""

    equation: Equation
    ends: list[float] = field(default_factory=list)
    pieces: list[DenseOutput] = field(default_factory=list)

    @property
    def last(self) -> float:
        """The last time that it knows."""
        return self.ends[-1] if self.ends else 0.0

    def __call__(self, t: float) -> np.ndarray:
        if t == 0:
            return self.equation.start.params.copy()
        w = self.equation.params(self.pieces[bisect_left(self.ends, t)](t))
        return self.equation.problem.manifold.immersion.at(w).params  # on the parameters' domain


class _Log:
    """The moments of a flow that its trajectory keeps."""

    def __init__(self, equation: Equation, limits: Limits) -> None:
        self._equation = equation
        self._limits = limits
        self._began = time.perf_counter()
        self._kept = Interpolant(equation)
        self._asked = list(limits.times) if limits.times is not None else None
        self._moments: list[tuple[float, Moment]] = []

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    @property
    def overdue(self) -> bool:
        return self.seconds > self._limits.max_time

    def late(self, t: float) -> str:
        return f"{self._limits.max_time:g} seconds are over at t = {t:.6g}"

    def begin(self) -> None:
        """Keep the start, if it is asked for."""
        if self._asked is None or self._asked[0] == 0:
            self._keep(0.0, self._equation.origin)
            if self._asked is not None:
                self._asked.pop(0)

    def add(self, integration: Integration) -> None:
        """Keep what a step has reached."""
        piece = integration.dense_output()
        if self._limits.dense:
            self._kept.ends.append(integration.t)
            self._kept.pieces.append(piece)
        if self._asked is None:
            for t in np.linspace(piece.t_old, piece.t, self._equation.times_a_step + 1)[1:-1]:
                state = piece(t)
                if np.all(np.isfinite(state)):  # else F is not defined where the interpolant asks
                    self._keep(t, state)
            self._keep(integration.t, integration.y)
        while self._asked and self._asked[0] <= integration.t:
            t = self._asked.pop(0)
            state = integration.y if t == integration.t else piece(t)
            if not np.all(np.isfinite(state)):
                raise integration.breakdown(f"the velocity is not defined near t = {t:.6g}")
            self._keep(t, state)

    def trajectory(self, completed: bool, ending: str, evaluations: int) -> Trajectory:
        n, p = self._equation.start.jet.shape
        return Trajectory(
            times=np.array([t for t, _ in self._moments]),
            params=self._array("params").reshape(-1, p),
            outputs=self._array("outputs").reshape(-1, n),
            losses=self._array("loss"),
            gradient_norms=self._array("gradient_norm"),
            tangent_cosines=self._array("tangent_cosine"),
            least_eigenvalues=self._array("least_eigenvalue"),
            dampings=self._array("damping"),
            completed=completed,
            ending=ending,
            evaluations=evaluations,
            seconds=self.seconds,
            interpolant=self._kept if self._limits.dense else None,
        )

    def _keep(self, t: float, state: np.ndarray) -> None:
        self._moments.append((float(t), self._equation.moment(state)))

    def _array(self, name: str) -> np.ndarray:
        return np.array([getattr(moment, name) for _, moment in self._moments])
