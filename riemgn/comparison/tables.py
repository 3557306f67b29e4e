"""The tables of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.comparison.runs import MethodRun

if TYPE_CHECKING:
    import pandas as pd

    from riemgn.comparison.winning import Standing

COLUMNS = (
    "method",
    "seed",
    "iterations",
    "evaluations",
    "tuning_evaluations",
    "seconds",
    "seconds_to_winning_loss",
    "loss",
    "gap",
    "gradient_norm",
    "tangent_cosine",
    "success",
    "reason",
)


def median(values: Iterable[float]) -> float:
    """Return the median, the mean of the middle two of an even number; infinite of none."""
    listed = list(values)
    return float(np.median(listed)) if listed else np.inf


def least_by_start(runs: Sequence[MethodRun]) -> dict[int, float]:
    """Return the least loss that any run reached, by start."""
    least: dict[int, float] = {}
    for run in runs:
        least[run.seed] = min(least.get(run.seed, np.inf), run.loss)
    return least


def runs_table(runs: Sequence[MethodRun], winning_loss: float) -> pd.DataFrame:
    """Return a row for each run, with the columns `COLUMNS` (see `Comparison.table`)."""
    import pandas as pd

    best = least_by_start(runs)
    rows = []
    for run in runs:
        told = run.to_dict()
        if run.result is not None:
            told["gap"] = run.loss - best[run.seed]
        if run.result is not None and not np.isnan(winning_loss):
            told["seconds_to_winning_loss"] = run.spent_to(winning_loss, "seconds")
        rows.append({name: told.get(name, np.nan) for name in COLUMNS})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def summary_table(
    methods: Sequence[str], runs: Sequence[MethodRun], standing: Standing
) -> pd.DataFrame:
    """Return a row for each method (see `Comparison.summary`)."""
    import pandas as pd

    table = runs_table(runs, standing.loss)
    table["cut"] = [run.is_cut for run in runs]
    rows = {
        method: _summary(table[table["method"] == method])
        | {
            "seconds_to_winning_loss": standing.seconds.get(method, np.nan),
            "evaluations_to_winning_loss": standing.evaluations.get(method, np.nan),
        }
        for method in methods
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="method")


def _summary(own: pd.DataFrame) -> dict:
    ran = own[own["loss"].notna()]
    losses = own["loss"].fillna(np.inf)
    return {
        "runs": len(own),
        "failed": len(own) - len(ran),
        "cut": int(own["cut"].sum()),
        "successes": int(own["success"].sum()),
        "loss": median(losses),
        "loss_least": losses.min(),
        "loss_most": losses.max(),
        "gap": median(own["gap"].fillna(np.inf)),
        "iterations": ran["iterations"].median(),
        "evaluations": ran["evaluations"].median(),
        "seconds": ran["seconds"].median(),
        "seconds_least": ran["seconds"].min(),
        "seconds_most": ran["seconds"].max(),
    }
