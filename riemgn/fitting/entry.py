"""`fit`: a network trained on data, from the user's units to the user's units."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from riemgn.arguments import choice, generator, integer, positive
from riemgn.fitting.diary import Diary
from riemgn.fitting.model import Model, input_rows
from riemgn.fitting.phases import Run, Task, run_phases
from riemgn.fitting.progress import shown
from riemgn.fitting.result import FitReport, FitResult, FitStep
from riemgn.fitting.ridge_path import RidgePath
from riemgn.fitting.settings import initial_params, regularisation
from riemgn.fitting.targets import Target, learn_target
from riemgn.fitting.training import METHODS, Limits
from riemgn.manifolds import ImmersedManifold
from riemgn.networks import Network
from riemgn.regimes import regime
from riemgn.scaling import Standardiser

LEAST_ROWS = 3


def fit(
    network: Network,
    X,
    y,
    loss: str | Callable = "squared",
    method: str = "auto",
    *,
    ridge: float | str = "auto",
    validation: float | None = None,
    max_iterations: int = 200,
    tolerance: float = 1e-4,
    seed: int | np.random.Generator | None = 0,
    callback: Callable[[FitStep], None] | None = None,
) -> FitResult:
    """Train a network on data by damped Gauss-Newton.

    Inputs and real targets are standardised, under "huber" the targets by median and median
    absolute deviation. Training starts at `network.init(seed)` with the output layer at zero, so
    that the outputs begin at the centre of the targets; a centred network starts at its own centre.
    With p < n it is damped Gauss-Newton on the output manifold, with p >= n Levenberg-Marquardt in
    the ambient space R^n.

    What is minimised is loss + ridge/2 |w - start|^2, the loss summed over rows on the standardised
    scale. The ridge is the variance of the noise over the prior variance of a weight, so that it
    need not change with the number of rows n. By default it is chosen on held-out rows: from 4 n
    downwards, each network carried on from strength to strength, until the held-out loss no longer
    falls, but not as long as no more is learnt than a constant; then all rows are fitted with the
    best. `ridge=0` is the bare minimisation of the theory,
    which overfits noisy targets.

    Args:
        network: The network; its inputs and outputs must be those of the data.
        X: Inputs (n, inputs), at least three rows; with one input also (n,).
        y: Targets (n,) or (n, outputs). For "poisson" non-negative; for "logistic" (two classes,
            one output) and "softmax" (an output a class) labels (n,) of any one kind.
        loss: "squared", "huber" (linear beyond 1.345 robust standard deviations of y), "poisson"
            (the output is the logarithm of the rate), "logistic", "softmax", or a function that
            makes a `riemgn.Loss` from some rows of y, which are then not scaled.
        method: "auto" and "levenberg-marquardt" are damped, "gauss-newton" is undamped with
            backtracking.
        ridge: "auto", or a strength >= 0.
        validation: The share of rows held out at a time, in [0, 0.5]; None is 0.2 with ridge
            "auto" and 0 with a ridge given. With "auto" it is rounded to 1/k: up to 1000 rows all
            k folds are used, beyond that as many as hold out 250 rows together. With a ridge given
            and a share > 0 the rest of the rows is trained on, until the held-out loss has not
            fallen for ten steps, and the iterate where it was least is returned.
        max_iterations: The most steps of the last phase.
        tolerance: The last phase ends at a step that lowers what is minimised by less than this
            share of it.
        seed: The source of the start and of the folds, and of nothing else.
        callback: Called with each `FitStep`; raising StopIteration ends the fit. None shows a line
            where a terminal or a notebook is watched.

    Returns:
        The `FitResult`. Ctrl-C ends the fit early and returns the best parameters so far.

    Raises:
        TypeError: An argument is of another type.
        ValueError: An argument has another shape or value: for X and y that includes NaN,
            infinity, fewer than three rows and a constant y; also ridge "auto" without validation.
        riemgn.NumericalError: A computation broke down.
    """
    if not isinstance(network, Network):
        raise TypeError(f"network must be a riemgn.Network, got {type(network).__name__}")
    limits = Limits(integer("max_iterations", max_iterations), positive("tolerance", tolerance))
    choice("method", method, METHODS)
    strength, share = regularisation(ridge, validation)
    if not (callback is None or callable(callback)):
        raise TypeError(f"callback must be a function of a FitStep, got {type(callback).__name__}")
    draws = generator(seed)
    X = input_rows("X", X, network.inputs)
    inputs = Standardiser.of(X)
    target = learn_target(loss, y, network.outputs)
    _check_rows(X, target)
    task = Task(network, initial_params(network, draws), inputs.forward(X), target, method)
    if callback is not None:
        run = run_phases(task, strength, share, limits, draws, Diary(callback))
    else:
        with shown() as show:
            run = run_phases(task, strength, share, limits, draws, Diary(show))
    return _result(inputs, run)


def _result(inputs: Standardiser, run: Run) -> FitResult:
    task = run.task
    training = task.training()
    point = ImmersedManifold(training.immersion).point(run.params)
    n, p = training.immersion.ambient_dim, task.network.dim
    interrupted = run.last is None
    report = FitReport(
        regime=regime(n, p),
        method=_described(task.method, p < n),
        rows=len(task.X),
        n=n,
        p=p,
        # whoever interrupts does not want to wait for a factorisation
        rank=None if interrupted else int(point.rank),
        condition_number=None if interrupted else float(point.condition_number),
        loss=training.mean_loss(np.asarray(point)),
        ridge=run.ridge,
        held_out_loss=run.held_out_loss,
        ridge_path=_tried(run.path),
        iterations=run.iterations,
        steps=run.diary.taken,
        gradient_norm=float(run.last.gradient_norm) if run.last else None,
        stopping=run.last.stopping_criterion if run.last else "interrupted",
        interrupted=interrupted,
        seconds=run.diary.seconds,
    )
    params = np.array(run.params)
    params.flags.writeable = False
    model = Model(task.network, params, inputs, task.target)
    return FitResult(model, report, tuple(run.diary.history))


def _tried(path: RidgePath | None) -> tuple[tuple[float, tuple[float, ...]], ...]:
    if path is None:
        return ()
    return tuple(
        (ridge, tuple(map(float, losses)))
        for ridge, losses in zip(path.strengths, path.losses, strict=True)
    )


def _described(method: str, underparameterised: bool) -> str:
    if method == "gauss-newton":
        return "Gauss-Newton on the output manifold"
    if underparameterised:
        return "damped Gauss-Newton on the output manifold"
    return "Levenberg-Marquardt in the ambient space"


def _check_rows(X: np.ndarray, target: Target) -> None:
    if len(X) != len(target.rows):
        raise ValueError(f"X and y must have as many rows, got {len(X)} and {len(target.rows)}")
    if len(X) < LEAST_ROWS:
        raise ValueError(f"X must have at least {LEAST_ROWS} rows, got {len(X)}")
