"""The tables of a comparison."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from riemgn.comparison.runs import MethodRun

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "method",
    "seed",
    "iterations",
    "evaluations",
    "tuning_evaluations",
    "seconds",
    "loss",
    "gap",
    "gradient_norm",
    "tangent_cosine",
    "success",
    "reason",
)


def median(values: Iterable[float]) -> float:
    """Return the median, the upper one of two that lie about the middle; infinite of none.

    It is always one of the values, also where some are infinite.
    """
    ordered = sorted(values)
    return float(ordered[len(ordered) // 2]) if ordered else np.inf


def runs_table(runs: Sequence[MethodRun]) -> pd.DataFrame:
    """Return a row for each run, with the columns `COLUMNS` (see `Comparison.table`)."""
    import pandas as pd

    best: dict[int, float] = {}
    for run in runs:
        best[run.seed] = min(best.get(run.seed, np.inf), run.loss)
    rows = []
    for run in runs:
        told = run.to_dict()
        told["gap"] = run.loss - best[run.seed] if run.result is not None else np.nan
        rows.append({name: told.get(name, np.nan) for name in COLUMNS})
    return pd.DataFrame(rows, columns=list(COLUMNS))


def summary_table(methods: Sequence[str], table: pd.DataFrame) -> pd.DataFrame:
    """Return a row for each method (see `Comparison.summary`)."""
    import pandas as pd

    rows = {method: _summary(table[table["method"] == method]) for method in methods}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(index="method")


def _summary(own: pd.DataFrame) -> dict:
    ran = own[own["loss"].notna()]
    losses = own["loss"].fillna(np.inf)
    return {
        "runs": len(own),
        "failed": len(own) - len(ran),
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
