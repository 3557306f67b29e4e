"""The trajectory of a flow: what was met on the way, time by time, and how it ended."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from riemgn.display import trajectory_card
from riemgn.files import written_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

FORMAT = 1


@dataclass(frozen=True, eq=False)
class Trajectory:
    """A flow at m times, from its start to where it was stopped.

    A slice, a mask (m,) or indices give the trajectory at those times alone: `flow[::2]`,
    `flow[flow.times > 1]`. Gradients, cosines and eigenvalues are those that the metric of the
    problem's manifold sees (docs/theory.md, sections 3 and 4).

    Attributes:
        times: (m,); unless they were asked for, 0 and those of the integrator's steps, with three
            in between for the long steps of an explicit method.
        params: The parameters w, (m, p).
        outputs: The outputs u = f(w), (m, n).
        losses: (m,).
        gradient_norms: |grad l|, the norm of the Riemannian gradient on M, (m,).
        tangent_cosines: |grad l| over the norm of the whole gradient, (m,); 0 where that is zero,
            NaN in the metric of another loss, which does not measure it.
        least_eigenvalues: The least eigenvalue of the tangent kernel for p >= n, of the Gram matrix
            of the Jacobian for p < n, (m,), but for those that are zero by structure.
        dampings: The damping rho of the convex form with the same shift rho / (1 - rho) of the
            kernel's eigenvalues, (m,): 0 for Gauss-Newton, 1 for gradient flow. The shifted form,
            which "kernel" takes where lambda_min > 1, has 1 - rho times that form's velocity.
        completed: Whether the flow came to its last time.
        ending: Why it ended, in a sentence.
        evaluations: How often its velocity was evaluated.
        seconds: How long that took.
        interpolant: From a time to the parameters (p,), where the flow was asked to keep it.
    """

    times: np.ndarray
    params: np.ndarray
    outputs: np.ndarray
    losses: np.ndarray
    gradient_norms: np.ndarray
    tangent_cosines: np.ndarray
    least_eigenvalues: np.ndarray
    dampings: np.ndarray
    completed: bool
    ending: str
    evaluations: int
    seconds: float
    interpolant: Callable[[float], np.ndarray] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return self.times.size

    def __getitem__(self, index) -> Trajectory:
        if index is None or (np.ndim(index) == 0 and not isinstance(index, slice)):
            raise TypeError(
                "a trajectory takes a slice, a mask or indices; one time's values are in its "
                "arrays, as flow.losses[3]"
            )
        return replace(self, **{name: getattr(self, name)[index] for name in ARRAYS})

    def __call__(self, times) -> np.ndarray:
        """Return the parameters at a time, (p,), or at times (k,), (k, p), between the steps.

        Raises:
            ValueError: The flow was integrated without `dense=True`, or a time lies outside it.
        """
        if self.interpolant is None:
            raise ValueError("times between the steps need a flow integrated with dense=True")
        asked = np.asarray(times, dtype=np.float64)
        last = self.interpolant.last
        if not np.all((asked >= 0) & (asked <= last)):
            raise ValueError(f"times must lie between 0 and {last:.6g}, where the flow ends")
        if asked.ndim == 0:
            return self.interpolant(float(asked))
        return np.array([self.interpolant(t) for t in asked]).reshape(-1, self.params.shape[1])

    def save(self, path: str | PathLike) -> None:
        """Write the trajectory to an .npz file, whole or not at all; the interpolant is left out.

        Raises:
            OSError: The file cannot be written.
        """
        told = {
            "format": FORMAT,
            "completed": self.completed,
            "ending": self.ending,
            "evaluations": self.evaluations,
            "seconds": self.seconds,
        }
        arrays = {name: getattr(self, name) for name in ARRAYS}
        with written_whole(path) as [draft], open(draft, "wb") as file:
            np.savez_compressed(file, description=np.array(json.dumps(told)), **arrays)

    @classmethod
    def load(cls, path: str | PathLike) -> Trajectory:
        """Read a trajectory that `save` wrote; nothing in the file is executed.

        Raises:
            FileNotFoundError: There is no such file.
            ValueError: It is no trajectory, or one of another format.
        """
        if not Path(path).exists():
            raise FileNotFoundError(f"there is no trajectory {path}")
        try:
            with np.load(path, allow_pickle=False) as archive:
                told = json.loads(str(archive["description"]))
                arrays = {name: archive[name] for name in ARRAYS}
            written = told.pop("format")
            if written == FORMAT and len({array.shape[:1] for array in arrays.values()}) == 1:
                return cls(**arrays, **told)
        except (
            AttributeError,
            EOFError,
            IsADirectoryError,
            KeyError,
            TypeError,
            ValueError,
            zipfile.BadZipFile,
        ):
            raise ValueError(f"{path} is not a riemgn trajectory") from None
        raise ValueError(f"{path} is no trajectory of format {FORMAT}, which this version reads")

    def plot(self, least_loss: float | None = None) -> Figure:
        """Return a matplotlib figure of the loss, the gradient, the cosine and the eigenvalue.

        Args:
            least_loss: The loss that the flow tends to; the gap to it is drawn if it is given.
        """
        from riemgn.plotting import flow_figure

        return flow_figure(self, least_loss)

    def __repr__(self) -> str:
        n, p = self.outputs.shape[1], self.params.shape[1]
        return (
            f"Trajectory({len(self)} times to {self.times[-1] if len(self) else 0:.6g}, u in R^{n},"
            f" w in R^{p}, loss {self.losses[-1] if len(self) else np.nan:.6g}: {self.ending})"
        )

    def _repr_html_(self) -> str:
        return trajectory_card(self)


ARRAYS = tuple(f.name for f in fields(Trajectory) if f.type == "np.ndarray")
