"""What `riemgn geometry --out` writes: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from riemgn import __version__
from riemgn.commands.fit_files import json_text
from riemgn.commands.geometry_subject import Subject
from riemgn.files import write_all
from riemgn.markup import Markup, in_powers, verbatim
from riemgn.reports.geometry import CURVATURE, SPECTRUM, geometry_figures, geometry_page
from riemgn.surveying import Survey

REPORT, PAGE = "geometry.json", "geometry.html"


def write(
    destination: Path, subject: Subject, survey: Survey, settings: Mapping[str, object]
) -> list[Path]:
    """Write the report, the page and the figures, and return their paths.

    The folder is made if it does not exist; an earlier figure that there is none of now is removed.
    """
    figures = geometry_figures(subject.problem, subject.point, survey)
    title, lead = f"Geometry of a network on {subject.data}", lead_of(subject, survey)
    contents = {
        REPORT: json_text(report(subject, survey)).encode(),
        PAGE: geometry_page(title, lead, survey, figures, settings).encode(),
        **figures,
    }
    paths = write_all(destination, contents)
    for name in {SPECTRUM, CURVATURE} - set(figures):
        (destination / name).unlink(missing_ok=True)
    return paths


def lead_of(subject: Subject, survey: Survey) -> Markup:
    """Return what was surveyed, in a few sentences."""
    shape, p = "-".join(map(str, subject.network.widths)), survey.p
    moved = f"the {subject.network.activation.name} network {shape} on {subject.rows} rows"
    swept = in_powers(
        f"The outputs of {moved}, as its {p} weights move, sweep out a manifold M in R^{survey.n}."
    )
    return Markup(
        f"{swept} This page tells its geometry at one point, {verbatim(subject.origin)}. The loss "
        f"is {subject.loss}, summed over rows and without a ridge, on the standardised scale."
    )


def report(subject: Subject, survey: Survey) -> dict:
    """Return everything about a survey that JSON can hold."""
    network = subject.network
    return {
        "riemgn": __version__,
        "data": {"name": subject.data, "rows": subject.rows},
        "network": {
            "widths": network.widths,
            "activation": network.activation.name,
            "scale": network.scale,
        },
        "loss": subject.loss,
        "origin": subject.origin,
        "geometry": survey.to_dict(),
    }
