"""A fit in words: rows of names and values, which the terminal's table and the page show."""

from __future__ import annotations

from riemgn.datasets import Dataset
from riemgn.evaluation import Evaluation
from riemgn.fitting import FitReport
from riemgn.plotting import unit
from riemgn.regimes import CONDITIONS

Rows = list[tuple[str, str]]


def title(data: Dataset) -> str:
    """Return the data's name and shape."""
    rows, inputs = data.X.shape
    return f"{data.name}: {rows} rows, {inputs} input{'s' * (inputs > 1)}"


def what(data: Dataset, evaluation: Evaluation) -> Rows:
    """Return the target and the network."""
    network = evaluation.result.network
    target = ", ".join(data.targets)
    classes = evaluation.result.model.classes
    if classes is not None:
        target += f": {classes.size} classes"
        if data.y.dtype.kind in "if" and data.path is not None:
            target += " (whole numbers; --loss squared to fit them as numbers)"
    shape = "-".join(map(str, network.widths))
    return [("target", target), ("network", f"{shape}, {network.activation.name}")]


def geometry(evaluation: Evaluation) -> Rows:
    """Return the regime, the method and the Jacobian's numbers."""
    report = evaluation.result.report
    outputs = evaluation.result.network.outputs
    counted = f"{report.n} training outputs"
    if outputs > 1:
        counted += f" ({report.rows} rows x {outputs})"
    rows = [
        ("regime", f"{report.regime} ({CONDITIONS[report.regime]})"),
        ("method", report.method),
        ("n", counted),
        ("p", f"{report.p} weights"),
    ]
    if not report.interrupted:
        rows.append(("rank of the Jacobian", f"{report.rank} of {min(report.n, report.p)}"))
        rows.append(("condition number", f"{report.condition_number:.2g}"))
    return rows


def loss(evaluation: Evaluation) -> Rows:
    """Return the losses, the ridge and what the fit took."""
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
    chosen = f"chosen on held-out rows ({folds} fold{'s' * (folds > 1)})"
    return f"{report.ridge:.3g}, {chosen}{_end_of_path(report)}"


def _end_of_path(report: FitReport) -> str:
    """Return what it says of a chosen ridge that it lies at an end of those tried."""
    if report.interrupted:
        return ""
    tried = [ridge for ridge, _ in report.ridge_path]
    if report.ridge == tried[0]:
        return "; the strongest tried: weaker ones serve no better"
    if report.ridge == tried[-1]:
        return "; the weakest tried: a weaker one might serve better"
    return ""


def scores(evaluation: Evaluation) -> dict[str, float]:
    """Return the test scores by the fit's name and scikit-learn's; none without test rows."""
    if evaluation.test_score is None:
        return {}
    others = {f"scikit-learn MLP, {k}": v for k, v in evaluation.baselines.items()}
    return {"riemgn": evaluation.test_score, **others}
