"""The page of a survey: dimension, spectrum, curvatures and certificates at a point."""

from __future__ import annotations

from collections.abc import Mapping

from riemgn import markup
from riemgn.manifolds import Point
from riemgn.markup import Markup, in_powers
from riemgn.plotting import principal_curvatures, singular_values
from riemgn.problem import Problem
from riemgn.reports.frame import Part, paragraph, png, report
from riemgn.surveying import Survey
from riemgn.surveying.entry import NEAR_CRITICAL
from riemgn.surveying.wording import Section, sections

SPECTRUM, CURVATURE = "spectrum.png", "curvature.png"

_CAPTIONS = {
    SPECTRUM: "Singular values of the Jacobian, largest first.",
    CURVATURE: "Principal curvatures along the residual, ascending. A critical point at which one "
    "exceeds 1 / |residual| is no minimum.",
}
_OF_A_MODEL = (
    "The fitted weights are no critical point of this loss, which is that of all rows without a "
    "ridge: riemgn fit minimises with its ridge, on its training rows, and until steps gain little."
)
_BELOW = {"The manifold": SPECTRUM, "The loss on it": CURVATURE}


def geometry_figures(problem: Problem, point: Point, survey: Survey) -> dict[str, bytes]:
    """Return the figures that there are at a point, as PNG by the names of their files.

    That of the curvatures compares them with 1 / |residual|, which decides for half squared error
    in the dot product alone: for other losses and metrics there is none.
    """
    M = problem.manifold
    figures = {SPECTRUM: png(lambda ax: singular_values(M, point, ax))}
    is_half_square = problem.loss.strong_convexity == problem.loss.smoothness == 1
    is_half_square &= M.metric.root(point.outputs).is_identity
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
    if "model" in settings and (survey.tangent_cosine or 0.0) > NEAR_CRITICAL:
        proved = parts.pop()
        parts.append(proved._replace(body=proved.body + paragraph(_OF_A_MODEL)))
    return report(title, lead, parts, settings)


def _part(section: Section, figures: Mapping[str, bytes]) -> Part:
    rows = [(row.name, _breakable(row.value), row.meaning) for row in section.rows]
    body = markup.table(("Quantity", "Value", "What it says, or why it is left out"), rows)
    name = _BELOW.get(section.title)
    if name in figures:
        body += markup.figure(figures[name], _CAPTIONS[name])
    if section.title == "How it bends":
        body += paragraph("Curvatures are in 1 / outputs, on the scale on which the loss is.")
    return Part(section.title, body)


def _breakable(value: str) -> Markup:
    """Return a value whose longest words may be broken, so that three columns fit a phone."""
    return Markup(in_powers(value).replace("parameterised", "<wbr>parameterised"))
