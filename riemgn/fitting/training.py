"""One network on some rows: minimised at a ridge, then at the next from where it stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from riemgn.arguments import choice
from riemgn.errors import NumericalError
from riemgn.losses import DirectSumLoss, Loss, SquaredLoss
from riemgn.manifolds import ImmersedManifold
from riemgn.networks import Network
from riemgn.optimizers import GaussNewton, LevenbergMarquardt
from riemgn.optimizers.records import Record, Result
from riemgn.problem import Problem

METHODS = ("auto", "gauss-newton", "levenberg-marquardt")


@dataclass(frozen=True)
class Limits:
    """Where a minimisation ends.

    Attributes:
        iterations: The most steps it takes.
        tolerance: It ends at a step that lowers the cost by less than this share.
    """

    iterations: int
    tolerance: float


@dataclass(frozen=True)
class HeldOut:
    """Rows that a training does not see: inputs (N, inputs), the loss of their outputs, a weight.

    The weight is what the loss is divided by, the number of rows where these count alike.
    """

    X: np.ndarray
    loss: Loss
    weight: float

    def mean_loss(self, network: Network, params: np.ndarray) -> float:
        """Return the loss a row, infinity where the outputs overflow."""
        try:
            outputs = network.predict(params, self.X)
        except NumericalError:
            return np.inf
        return self.loss.value(outputs.ravel()) / self.weight


class Training:
    """A network on some rows, with the parameters where it stands.

    Args:
        network: The network; the ridge measures the distance from `start`.
        start: Parameters (p,).
        X: Inputs (rows, inputs).
        loss: The loss of the outputs on `X`.
        method: One of `METHODS`.
        weight: The total weight of the rows, by default their number.

    Attributes:
        params: The parameters reached so far, (p,); right after every step, so that an
            interrupted training keeps them.
        iterations: The steps of the last minimisation so far.
    """

    def __init__(
        self,
        network: Network,
        start: np.ndarray,
        X: np.ndarray,
        loss: Loss,
        method: str,
        weight: float | None = None,
    ) -> None:
        self.network = network
        self.start = start
        self.loss = loss
        self.weight = len(X) if weight is None else weight
        self.immersion = network.immersion(X)
        self.params = start
        self.iterations = 0
        self._optimizer = optimizer_class(method)

    def minimise(
        self, ridge: float, limits: Limits, watch: Callable[[Record], None] = lambda record: None
    ) -> Result:
        """Minimise loss + ridge/2 |w - start|^2 from where the training stands.

        Args:
            ridge: The strength, at least 0.
            limits: Where to end.
            watch: Called with the record of every iterate; StopIteration ends the minimisation.

        Raises:
            KeyboardInterrupt: The user interrupted; `params` are the best so far.
            riemgn.NumericalError: A computation broke down.
        """
        problem = self._problem(ridge)
        optimizer = self._optimizer(max_iterations=limits.iterations)
        costs: list[float] = []
        self.iterations = 0

        def note(record: Record) -> None:
            self.params, self.iterations = record.point.params, record.iteration
            costs.append(record.cost)
            watch(record)
            if settled(costs, limits.tolerance):
                raise StopIteration

        start = problem.manifold.point(self.params)
        result = optimizer.run(problem, initial_point=start, callback=note)
        if result.interrupted:
            raise KeyboardInterrupt
        result.stopping_criterion = result.stopping_criterion.removeprefix("Terminated - ")
        if settled(costs, limits.tolerance):
            result.stopping_criterion = (
                f"the last step lowered the cost by less than {limits.tolerance:g} of it"
            )
        return result

    def mean_loss(self, outputs: np.ndarray) -> float:
        """Return the loss a row, without the ridge, at a point's outputs."""
        return self.loss.value(outputs[: self.immersion.ambient_dim]) / self.weight

    def _problem(self, ridge: float) -> Problem:
        if ridge == 0:
            return Problem(ImmersedManifold(self.immersion), self.loss)
        ridged = self.immersion.ridged(ridge, self.start)
        still = SquaredLoss(np.zeros(self.network.dim))
        return Problem(ImmersedManifold(ridged), DirectSumLoss(self.loss, still))


def optimizer_class(method: str) -> type[GaussNewton] | type[LevenbergMarquardt]:
    """Return the optimizer that a method's name stands for."""
    named = {"gauss-newton": GaussNewton}
    return named.get(choice("method", method, METHODS), LevenbergMarquardt)


def ran_out(result: Result, limits: Limits) -> bool:
    """Return whether a minimisation ended at the limit of its iterations and at nothing else."""
    costs = [record.cost for record in result.history]
    return result.iterations >= limits.iterations and not settled(costs, limits.tolerance)


def settled(costs: list[float], tolerance: float) -> bool:
    """Return whether the last step lowered the cost by less than a share `tolerance` of it."""
    return len(costs) > 1 and costs[-2] - costs[-1] < tolerance * abs(costs[-2])
