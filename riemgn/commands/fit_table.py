"""The table that `riemgn fit` prints."""

from __future__ import annotations

import numpy as np
from rich import box
from rich.table import Table
from rich.text import Text

from riemgn.datasets import Dataset
from riemgn.evaluation import Evaluation
from riemgn.plotting import unit

REGIMES = {"underparameterised": "p < n", "overparameterised": "p >= n"}


def fit_table(data: Dataset, evaluation: Evaluation) -> Table:
    """Return the table of a fit: the regime, the geometry, the loss and the scores."""
    rows, inputs = data.X.shape
    table = Table(
        title=f"{data.name}: {rows} rows, {inputs} input{'s' * (inputs > 1)}",
        title_style="bold",
        title_justify="left",
        show_header=False,
        box=box.ROUNDED,
    )
    table.add_column(style="cyan", no_wrap=True)
    table.add_column()
    for section in (_what(data, evaluation), _geometry(evaluation), _loss(evaluation)):
        for name, value in section:
            table.add_row(name, value)
        table.add_section()
    for name, value in _scores(evaluation):
        table.add_row(name, value)
    return table


def _what(data: Dataset, evaluation: Evaluation) -> list[tuple[str, str]]:
    network = evaluation.result.network
    target = ", ".join(data.targets)
    classes = evaluation.result.model.classes
    if classes is not None:
        target += f": {classes.size} classes"
        if data.y.dtype.kind in "if" and not data.name.isidentifier():
            target += " (whole numbers; --loss squared to fit them as numbers)"
    shape = "-".join(map(str, network.widths))
    return [
        ("target", target),
        ("network", f"{shape}, {network.activation.name}"),
    ]


def _geometry(evaluation: Evaluation) -> list[tuple[str, str]]:
    report = evaluation.result.report
    outputs = evaluation.result.network.outputs
    counted = f"{report.n} training outputs"
    if outputs > 1:
        counted += f" ({report.rows} rows x {outputs})"
    return [
        ("regime", f"{report.regime} ({REGIMES[report.regime]})"),
        ("method", report.method),
        ("n", counted),
        ("p", f"{report.p} weights"),
        ("rank of the Jacobian", f"{report.rank} of {min(report.n, report.p)}"),
        ("condition number", f"{report.condition_number:.2g}"),
    ]


def _loss(evaluation: Evaluation) -> list[tuple[str, str]]:
    report = evaluation.result.report
    rows = [
        ("loss", f"{evaluation.loss} ({unit(evaluation.result)}), mean over rows"),
        ("  training", f"{report.loss:.4g}"),
    ]
    if report.held_out_loss is not None:
        rows.append(("  held out", f"{report.held_out_loss:.4g}"))
    rows.append(("ridge", _ridge(evaluation)))
    rows.append(("iterations", f"{report.iterations}, {report.steps} in all phases"))
    rows.append(("seconds", f"{report.seconds:.2f}"))
    if report.interrupted:
        rows.append(("interrupted", "these are the best weights so far"))
    return rows


def _ridge(evaluation: Evaluation) -> str:
    report = evaluation.result.report
    if report.ridge is None:
        return "not chosen yet"
    if not report.ridge_path:
        return f"{report.ridge:.3g}"
    folds = len(report.ridge_path[0][1])
    return f"{report.ridge:.3g}, chosen on held-out rows ({folds} fold{'s' * (folds > 1)})"


def _scores(evaluation: Evaluation) -> list[tuple[str, Text | str]]:
    name = evaluation.score_name
    rows: list[tuple[str, Text | str]] = [(f"training {name}", f"{evaluation.training_score:.3f}")]
    if evaluation.test_score is None:
        return [*rows, (f"test {name}", "no rows held out")]
    scores = {f"test {name}": evaluation.test_score}
    scores |= {f"  scikit-learn MLP, {k}": v for k, v in evaluation.baselines.items()}
    best = np.nanmax(list(scores.values()))
    for label, score in scores.items():
        style = "bold green" if score == best else ""
        suffix = f"  ({evaluation.test_rows} rows)" if label.startswith("test") else ""
        rows.append((label, Text(f"{score:.3f}", style=style) + Text(suffix, style="dim")))
    return rows
