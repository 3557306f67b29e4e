"""What `fit` returns."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np

from riemgn.display import fit_card, report_card
from riemgn.display.numbers import number
from riemgn.fitting.model import Model
from riemgn.networks import Network


@dataclass(frozen=True)
class FitStep:
    """One iterate of a fit.

    Attributes:
        phase: "ridge" while the ridge is chosen (the first fold is shown), "fit" on all rows, or
            "early stopping" on all but the rows held out.
        iteration: Its number over all phases, from 0.
        ridge: The strength of the ridge.
        loss: The loss a row on the training rows, without the ridge, on the standardised scale.
        held_out_loss: The loss a row on the rows held out, or None on all rows.
        gradient_norm: The norm of the Riemannian gradient, the ridge included.
        seconds: Since the fit began, or the first one of those carried on.
    """

    phase: str
    iteration: int
    ridge: float
    loss: float
    held_out_loss: float | None
    gradient_norm: float
    seconds: float


@dataclass(frozen=True, repr=False)
class FitReport:
    """What happened in a fit.

    Attributes:
        regime: "underparameterised" (p < n: a proper submanifold of R^n) or "overparameterised".
        method: The optimizer in words.
        rows: Training rows.
        n: Training outputs, rows x outputs: the dimension of the ambient space.
        p: Parameters.
        rank: The rank of the Jacobian of the training outputs at the returned parameters, None
            if the fit was interrupted.
        condition_number: The condition number of that Jacobian on its rank, or None as well.
        loss: The loss a row on the training rows, without the ridge, on the standardised scale.
        ridge: The strength of the ridge, in units of the loss summed over rows: the variance of
            the noise over the prior variance of a weight. None if the fit was interrupted before
            one was chosen.
        held_out_loss: The loss a row on rows held out, None without a validation share.
        ridge_path: The strengths tried, each with its held-out loss a row in every fold.
        iterations: Steps of the last phase that led to the parameters returned.
        steps: Steps taken in all phases and folds.
        gradient_norm: The norm of the Riemannian gradient at the end, the ridge included; None if
            the last phase did not end.
        stopping: Why the last phase ended.
        interrupted: Whether the user ended the fit; the parameters are then the best so far.
        seconds: Wall time.
    """

    regime: str
    method: str
    rows: int
    n: int
    p: int
    rank: int | None
    condition_number: float | None
    loss: float
    ridge: float | None
    held_out_loss: float | None
    ridge_path: tuple[tuple[float, tuple[float, ...]], ...]
    iterations: int
    steps: int
    gradient_norm: float | None
    stopping: str
    interrupted: bool
    seconds: float

    def to_dict(self) -> dict:
        """Return the report in lists, strings and numbers."""
        return asdict(self)

    def __repr__(self) -> str:
        return f"FitReport({self.summary})"

    def _repr_html_(self) -> str:
        return report_card(self)

    @property
    def summary(self) -> str:
        """The report in a line."""
        return (
            f"{self.regime}, n = {self.n}, p = {self.p}, loss {number(self.loss, 4)} a row, "
            f"ridge {number(self.ridge, 4)}, {self.steps} steps, {self.seconds:.2g} s: "
            f"{self.stopping}"
        )


@dataclass(frozen=True, eq=False, repr=False)
class FitResult:
    """A trained network, and how it came about.

    Attributes:
        model: The network with its scaling; `predict`, `predict_proba` and `score` are its own.
        report: What happened.
        history: The iterates, for a figure of the loss.
    """

    model: Model
    report: FitReport
    history: tuple[FitStep, ...]

    @property
    def params(self) -> np.ndarray:
        """The parameters (p,) of `network`, on standardised inputs."""
        return self.model.params

    @property
    def network(self) -> Network:
        """The network that was trained."""
        return self.model.network

    @property
    def regime(self) -> str:
        """Either "underparameterised" (p < n) or "overparameterised"."""
        return self.report.regime

    def predict(self, X_new) -> np.ndarray:
        """Return predictions for new rows, in the units or labels of y: see `Model.predict`."""
        return self.model.predict(X_new)

    def predict_proba(self, X_new) -> np.ndarray:
        """Return class probabilities (N, classes): see `Model.predict_proba`."""
        return self.model.predict_proba(X_new)

    def score(self, X_new, y) -> float:
        """Return R^2, or the share of right labels: see `Model.score`."""
        return self.model.score(X_new, y)

    def __repr__(self) -> str:
        return f"FitResult({self.report.summary})"

    def _repr_html_(self) -> str:
        return fit_card(self)
