"""The benchmark's results as tables for a terminal."""

from __future__ import annotations

import math
from itertools import groupby
from statistics import median

from rich import box
from rich.table import Table

from riemgn.benchmark.accuracy import CONDITIONS, PathResult
from riemgn.benchmark.floor import Rates, floor_seconds
from riemgn.benchmark.geometry import GeometryRow
from riemgn.benchmark.problems import RECIPES
from riemgn.benchmark.runs import MOMENTS, Row

OURS = "riemgn"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", caption_justify="left", box=box.SIMPLE_HEAD)


def _numbers(table: Table, *titles: str) -> None:
    for title in titles:
        table.add_column(title, justify="right", no_wrap=True)


def _by_problem(rows: list[Row]):
    """Yield the rows of each problem and seed."""
    for _, group in groupby(rows, key=lambda row: (row.problem, row.seed)):
        yield list(group)


def times(rows: list[Row], tolerance: float) -> Table:
    """Return the main table: time to the tolerance, and its ratio to riemgn's."""
    table = _table(f"CPU seconds until |J^T r|_inf is {tolerance:g} of its start")
    table.caption = "scipy is given riemgn's residuals and Jacobian; gradient: the share reached"
    table.add_column("problem", no_wrap=True)
    _numbers(table, "seed", "n", "p")
    table.add_column("method", no_wrap=True)
    _numbers(table, "iterations", "CPU s", "wall s", "loss", "gradient", "x riemgn")
    for group in _by_problem(rows):
        ours = next((row for row in group if row.method == OURS and row.reached), None)
        for row in group:
            case = (row.problem, str(row.seed), str(row.n), str(row.p))
            table.add_row(*case, row.method, *_outcome(row), _ratio(row, ours))
        table.add_section()
    return table


def _outcome(row: Row) -> tuple[str, ...]:
    """Iterations, CPU and wall seconds, loss and gradient, or why there are none."""
    if not row.ran:
        return "-", row.ending, "-", "-", "-"
    cpu = f"{row.cpu:.3f}" if row.reached else f"not reached ({row.cpu:.1f})"
    return (
        str(row.iterations),
        cpu,
        f"{row.wall:.3f}",
        f"{row.loss:.7g}",
        f"{row.gradient_share:.1e}",
    )


def _ratio(row: Row, ours: Row | None) -> str:
    return f"{row.cpu / ours.cpu:.2f}" if ours is not None and row.reached else "-"


def losses_on_the_way(rows: list[Row]) -> Table:
    """Return the lowest loss of each method at shares of the slowest method's time.

    A star marks the lowest of all methods at that moment.
    """
    table = _table("Lowest loss so far, at shares of the slowest method's CPU time")
    table.caption = "* the lowest of all methods at that moment, up to six digits"
    table.add_column("problem", no_wrap=True)
    _numbers(table, "seed")
    table.add_column("method", no_wrap=True)
    _numbers(table, *(f"{share:.0%}" for share in MOMENTS))
    for group in _by_problem(rows):
        ran = [row for row in group if row.ran]
        slowest = max((row.cpu for row in ran), default=0.0)
        for row in ran:
            cells = (_loss_beside(row, ran, share * slowest) for share in MOMENTS)
            table.add_row(row.problem, str(row.seed), row.method, *cells)
        table.add_section()
    return table


def _loss_beside(row: Row, rivals: list[Row], seconds: float) -> str:
    loss, best = row.loss_at(seconds), min(rival.loss_at(seconds) for rival in rivals)
    return f"{loss:.7g}{'*' if _is_as_low(row, loss, best) else ' '}"


def over_seeds(rows: list[Row]) -> Table:
    """Return how often each method arrives, and its medians over the seeds.

    A run that does not arrive counts as infinitely long in the medians.
    """
    table = _table("Over the seeds")
    table.add_column("problem", no_wrap=True)
    table.add_column("method", no_wrap=True)
    _numbers(table, "reached", "median iterations", "median CPU s", "lowest loss of all")
    for (problem, method), runs in _by_method(rows).items():
        reached = [row for row in runs if row.reached]
        missing = [math.inf] * (len(runs) - len(reached))
        table.add_row(
            problem,
            method,
            f"{len(reached)} of {len(runs)}",
            f"{median([row.iterations for row in reached] + missing):g}",
            f"{median([row.cpu for row in reached] + missing):.3f}",
            f"{sum(_is_lowest(row, rows) for row in runs)} of {len(runs)}",
        )
    return table


def _by_method(rows: list[Row]) -> dict[tuple[str, str], list[Row]]:
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.ran:
            found.setdefault((row.problem, row.method), []).append(row)
    return found


def _is_lowest(row: Row, rows: list[Row]) -> bool:
    """Whether no other method ended lower on the same problem and seed."""
    rivals = [r for r in rows if (r.problem, r.seed) == (row.problem, row.seed) and r.ran]
    return _is_as_low(row, row.loss, min(rival.loss for rival in rivals))


def _is_as_low(row: Row, loss: float, best: float) -> bool:
    """Whether a loss is the best one up to six digits, or up to 1e-12 of the start's loss."""
    return loss <= best * (1 + 1e-6) + 1e-12 * row.path[0][1]


def floors(rows: list[Row], rates: Rates) -> Table:
    """Return riemgn's time an iteration beside the floor."""
    table = _table("An iteration of riemgn")
    table.caption = f"gemm {rates.gemm / 1e9:.0f} GF/s, fill {rates.fill / 1e9:.0f} GB/s"
    table.add_column("problem", no_wrap=True)
    _numbers(table, "seed", "n", "p", "ms an iteration", "floor, ms", "x floor")
    for row in rows:
        if row.method != OURS or not row.iterations:
            continue
        least = floor_seconds(RECIPES[row.problem].problem(row.seed), rates)
        each = row.cpu / row.iterations
        table.add_row(
            row.problem,
            str(row.seed),
            str(row.n),
            str(row.p),
            f"{1e3 * each:.2f}",
            f"{1e3 * least:.2f}",
            f"{each / least:.2f}",
        )
    return table


def accuracy(paths: dict[str, PathResult], shape: tuple[int, int]) -> Table:
    """Return the error of the step on each path at each condition number, and its time."""
    n, p = shape
    table = _table(f"Error of the step in output space, n = {n}, p = {p}, |b| = 1")
    table.add_column("path", no_wrap=True)
    _numbers(table, *(f"cond {condition:.0e}" for condition in CONDITIONS), "CPU ms")
    for path, result in paths.items():
        errors = ("no step" if e is None else f"{e:.0e}" for e in result.errors)
        table.add_row(path, *errors, f"{result.milliseconds:.1f}")
    return table


def geometry(rows: list[GeometryRow], samples: int) -> Table:
    """Return the times of riemgn and of geomstats' automatic metric, and their difference."""
    table = _table(f"Geometry of tanh networks, n = {samples}, CPU time, one BLAS thread")
    table.caption = "difference: the largest, as a share of the largest entry"
    table.add_column("what", no_wrap=True)
    _numbers(table, "p", "riemgn, ms", "geomstats, ms", "ratio", "difference")
    for row in rows:
        table.add_row(
            row.quantity,
            str(row.p),
            f"{1e3 * row.ours:.3f}",
            f"{1e3 * row.theirs:.1f}",
            f"{row.theirs / row.ours:.0f}",
            f"{row.difference:.0e}",
        )
    return table


def plain(title: str, unit: str, values: dict[str, float]) -> Table:
    """Return a table of named numbers."""
    table = _table(title)
    table.add_column("", no_wrap=True)
    _numbers(table, unit)
    for name, value in values.items():
        table.add_row(name, f"{value:.1f}")
    return table
