"""What `riemgn fit --out` writes: all of it, or nothing."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from riemgn import __version__
from riemgn.datasets import Dataset
from riemgn.evaluation import Evaluation
from riemgn.files import written_whole
from riemgn.modelfile import write_model
from riemgn.plotting import loss_figure
from riemgn.reports.fit import fit_page

MODEL = "model.npz"
FILES = ("fit.json", "fit.html", MODEL, "loss.png")


def check_folder(path: Path) -> None:
    """Raise ValueError if the output folder could not be made or written to."""
    nearest = next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())
    if not nearest.is_dir():
        raise ValueError(f"--out must be a folder, {nearest} is a file")
    if not os.access(nearest, os.W_OK):
        raise ValueError(f"--out {path} is not writable")


def write(
    destination: Path, data: Dataset, evaluation: Evaluation, settings: Mapping[str, object]
) -> list[Path]:
    """Write the report, the page, the weights and the figure of the loss; return their paths.

    The folder is made if it does not exist.
    """
    destination.mkdir(parents=True, exist_ok=True)
    paths = [destination / name for name in FILES]
    text = json_text(report(data, evaluation))
    page = fit_page(data, evaluation, settings, destination / MODEL)
    with written_whole(*paths) as [report_draft, page_draft, model_draft, figure_draft]:
        report_draft.write_text(text, encoding="utf-8")
        page_draft.write_text(page, encoding="utf-8")
        write_model(evaluation.result.model, model_draft)
        loss_figure(evaluation.result, data.name).savefig(figure_draft)
    return paths


def report(data: Dataset, evaluation: Evaluation) -> dict:
    """Return everything about a fit that JSON can hold; losses are on the standardised scale."""
    network = evaluation.result.network
    return {
        "riemgn": __version__,
        "data": {
            "name": data.name,
            "rows": len(data.X),
            "inputs": data.columns,
            "targets": data.targets,
        },
        "network": {"widths": network.widths, "activation": network.activation.name},
        "loss": evaluation.loss,
        "seed": evaluation.seed,
        "fit": evaluation.result.report.to_dict(),
        "scores": {
            "name": evaluation.score_name,
            "test_rows": evaluation.test_rows,
            "training": evaluation.training_score,
            "test": evaluation.test_score,
            "scikit-learn": evaluation.baselines,
        },
        "history": [asdict(step) for step in evaluation.result.history],
    }


def json_text(report: dict) -> str:
    """Return a report as JSON, with null for NaN and infinity."""
    return json.dumps(finite(report), indent=1, allow_nan=False) + "\n"


def finite(value):
    """Return a value with null for what JSON has no number for: NaN and infinity."""
    if isinstance(value, dict):
        return {key: finite(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(part) for part in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
