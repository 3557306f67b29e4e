"""The page of a survey: dimension, spectrum, curvatures and certificates at a point."""

from __future__ import annotations

from collections.abc import Mapping

from riemgn import markup
from riemgn.manifolds import Point
from riemgn.plotting import principal_curvatures, singular_values
from riemgn.problem import Problem
from riemgn.reports.frame import Part, paragraph, png, report
from riemgn.surveying import Survey
from riemgn.surveying.wording import Section, sections

SPECTRUM, CURVATURE = "spectrum.png", "curvature.png"

_CAPTIONS = {
    SPECTRUM: "Singular values of the Jacobian, largest first.",
    CURVATURE: "Principal curvatures along the residual, ascending. A critical point at which one "
    "reaches 1 / |residual| is no minimum.",
}
_BELOW = {"The manifold": SPECTRUM, "The loss on it": CURVATURE}


def geometry_figures(problem: Problem, point: Point, survey: Survey) -> dict[str, bytes]:
    """Return the figures that there are at a point, as PNG by the names of their files.

    That of the curvatures compares them with 1 / |residual|, which decides for half squared error
    alone: for other losses there is none.
    """
    M = problem.manifold
    figures = {SPECTRUM: png(lambda ax: singular_values(M, point, ax))}
    is_half_square = problem.loss.strong_convexity == problem.loss.smoothness == 1
    if survey.principal_curvatures is not None and is_half_square:
        residual = -problem.loss.gradient(point.outputs)
        figures[CURVATURE] = png(lambda ax: principal_curvatures(M, point, residual, ax))
    return figures


def geometry_page(
    title: str,
    lead: str,
    survey: Survey,
    figures: Mapping[str, bytes],
    settings: Mapping[str, object],
) -> str:
    """Return the page of a survey.

    Args:
        title: The heading.
        lead: What was surveyed, in a few sentences.
        survey: The survey.
        figures: What `geometry_figures` returned.
        settings: The options that it was run with.
    """
    parts = [_part(section, figures) for section in sections(survey)]
    return report(title, lead, parts, settings)


def _part(section: Section, figures: Mapping[str, bytes]) -> Part:
    body = markup.table(("Quantity", "Value", "What it says, or why it is left out"), section.rows)
    name = _BELOW.get(section.title)
    if name in figures:
        body += markup.figure(figures[name], _CAPTIONS[name])
    if section.title == "How it bends":
        body += paragraph("Curvatures are in 1 / outputs, on the scale on which the loss is.")
    return Part(section.title, body)
