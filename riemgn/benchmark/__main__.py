"""`python -m riemgn.benchmark`: riemgn beside other least-squares solvers on the same fits."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console

from riemgn.arguments import choice, integer, positive
from riemgn.benchmark import evidence, markdown, tables
from riemgn.benchmark.accuracy import measured_paths
from riemgn.benchmark.arrivals import FUNCTION_METHODS
from riemgn.benchmark.certified import FOLDER, regressions
from riemgn.benchmark.choices import jacobian_times, product_rates
from riemgn.benchmark.floor import Rates, measured_rates
from riemgn.benchmark.machine import machine
from riemgn.benchmark.network_fits import network_fits
from riemgn.benchmark.problems import RECIPES
from riemgn.benchmark.runs import Row, cases, measured, warm_up
from riemgn.benchmark.solvers import SOLVERS, installed
from riemgn.benchmark.traces import Limits
from riemgn.progress import passing_bar

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False, help=__doc__)
Run = TypeVar("Run")
out = Console(width=None if sys.stdout.isatty() else 130)


@app.callback(invoke_without_command=True)
def compare(
    context: typer.Context,
    problems: Annotated[str, typer.Option(help="Names, such as U1,O2.")] = "U1,U2,U2n,U3,O1,O2",
    methods: Annotated[str | None, typer.Option(help="Names; all installed if absent.")] = None,
    seeds: Annotated[str, typer.Option(help="Seeds and ranges, such as 0,3 or 0-9.")] = "0",
    limit: Annotated[float, typer.Option(help="CPU seconds allowed to a run.")] = 20.0,
    tolerance: Annotated[float, typer.Option(help="Of the gradient, by its start.")] = 1e-8,
    repeats: Annotated[int, typer.Option(help="Runs of which the median is told.")] = 3,
    floor: Annotated[bool, typer.Option("--floor", help="Also the cost of an iteration.")] = False,
    file: Annotated[Path | None, typer.Option("--json", help="Where to write it all.")] = None,
) -> None:
    """Time each method on each problem from the same start to the same gradient."""
    if context.invoked_subcommand:
        return
    try:
        names = chosen("problem", problems, list(RECIPES))
        solvers = chosen("method", methods, installed()) if methods else installed()
        seed_list = seeds_of(seeds)
        limits = Limits(positive("tolerance", tolerance), positive("limit", limit))
        integer("repeats", repeats)
    except (TypeError, ValueError) as error:
        Console(stderr=True).print(f"error: {error}", markup=False)
        raise typer.Exit(2) from None
    facts = machine()
    out.print(", ".join(f"{key} {value}" for key, value in facts.items()), highlight=False)
    if absent := [name for name in SOLVERS if name not in installed()]:
        out.print(f"not installed, left out: {', '.join(absent)}")
    rates = measured_rates() if floor else None
    rows = run_all(names, solvers, seed_list, limits, repeats)
    report(rows, limits, rates)
    if file is not None:
        write(file, facts, limits, rates, rows)


@app.command()
def accuracy(
    samples: Annotated[int, typer.Option(help="Rows n of the test matrices.")] = 2000,
    parameters: Annotated[int, typer.Option(help="Columns p.")] = 200,
) -> None:
    """Print the error and the time of a least-squares step on each path of the linear algebra."""
    if not 1 <= parameters < samples:
        Console(stderr=True).print("error: parameters must be at least 1 and less than samples")
        raise typer.Exit(2)
    out.print(tables.accuracy(measured_paths(samples, parameters), (samples, parameters)))


@app.command()
def choices() -> None:
    """Print what one BLAS thread and the transposed layout of the Jacobian bring."""
    out.print(tables.plain("Matrix products, wall time", "GF/s", product_rates()))
    for name in ("U2", "U3"):
        title = f"One Jacobian of {name}, one thread, wall time"
        out.print(tables.plain(title, "ms", jacobian_times(name)))


@app.command()
def nist(
    data: Annotated[Path, typer.Option(help="Folder of NIST's problems as JSON.")] = FOLDER,
) -> None:
    """Print `minimize` and scipy on NIST's certified regressions, in Markdown."""
    try:
        problems = regressions(data)
    except ValueError as error:
        Console(stderr=True).print(f"error: {error}", markup=False)
        raise typer.Exit(2) from None
    runs = evidence.certified_runs(problems)
    total = 2 * len(problems) * len(FUNCTION_METHODS)
    print(markdown.certified(watched("certified regressions", runs, total)))


@app.command()
def collection(
    tuned: Annotated[
        bool, typer.Option(help="Also scipy tuned, whose far runs take most of the time.")
    ] = True,
) -> None:
    """Print `minimize` and scipy on the problems of MINPACK's driver, in Markdown."""
    methods = [one for one in FUNCTION_METHODS if tuned or not one.endswith("tuned")]
    total = len(evidence.INSTANCES) * len(evidence.FACTORS) * len(methods)
    runs = evidence.collection_runs(methods)
    print(markdown.collection(watched("MINPACK's problems", runs, total)))


@app.command()
def geometry(
    samples: Annotated[int, typer.Option(help="Samples n of each network.")] = 50,
    sectional: Annotated[
        bool, typer.Option(help="Also sectional curvature, which takes geomstats minutes.")
    ] = False,
) -> None:
    """Print the geometry of small networks beside geomstats' automatic PullbackMetric."""
    from riemgn.benchmark.geometry import NETWORKS, compared

    try:
        integer("samples", samples)
    except ValueError as error:
        Console(stderr=True).print(f"error: {error}", markup=False)
        raise typer.Exit(2) from None
    total = 3 * len(NETWORKS) + sectional
    out.print(tables.geometry(watched("geometry", compared(samples, sectional), total), samples))


@app.command()
def networks() -> None:
    """Print `minimize` beside scipy's trf on a hundred network fits, in Markdown."""
    fits = network_fits()
    runs = evidence.network_runs(fits)
    print(markdown.networks(watched("network fits", runs, len(fits))))


@app.command()
def recording() -> None:
    """Print what the records of a run cost descents in the parameters, in Markdown."""
    from riemgn.benchmark.recording import SIZES, recording_costs

    print(markdown.recording(watched("recording", recording_costs(), len(SIZES))))


@app.command()
def variants(
    data: Annotated[Path, typer.Option(help="Folder of NIST's problems as JSON.")] = FOLDER,
) -> None:
    """Print how `minimize` fares with one part of it changed, in Markdown."""
    from riemgn.benchmark.variants import VARIANTS, scores

    print(markdown.variants(watched("variants", scores(regressions(data)), len(VARIANTS))))


def watched(what: str, runs: Iterator[Run], total: int) -> list[Run]:
    """Return all runs, with a bar of progress where one watches."""
    done: list[Run] = []
    with passing_bar(total) as show:
        show(0, what)
        for run in runs:
            done.append(run)
            show(len(done), what)
    return done


def chosen(what: str, listed: str, allowed: list[str]) -> list[str]:
    """Return the names of a comma-separated list.

    Raises:
        ValueError: One of them is not allowed.
    """
    return [choice(what, name.strip(), allowed) for name in listed.split(",")]


def seeds_of(listed: str) -> list[int]:
    """Return the seeds of a list such as "0,3,5-9".

    Raises:
        ValueError: An entry is neither a seed nor a range.
    """
    seeds: list[int] = []
    for entry in listed.split(","):
        first, _, last = entry.strip().partition("-")
        if not first.isdigit() or (last and not last.isdigit()):
            raise ValueError(f"seeds must be integers and ranges such as 0,3,5-9, got {listed!r}")
        seeds += range(int(first), int(last or first) + 1)
    return seeds


def run_all(
    names: list[str], methods: list[str], seeds: list[int], limits: Limits, repeats: int
) -> list[Row]:
    """Return the rows of all runs, with a bar of progress where one watches."""
    rows: list[Row] = []
    problems = cases(names, seeds)
    with passing_bar(len(problems) * len(methods)) as show:
        show(0, "warming up")
        for method in methods:
            warm_up(method)
        for problem in problems:
            for method in methods:
                show(len(rows), f"{problem.name} seed {problem.seed} {method}")
                rows.append(measured(method, problem, limits, repeats))
    return rows


def report(rows: list[Row], limits: Limits, rates: Rates | None) -> None:
    """Print the tables."""
    out.print(tables.times(rows, limits.tolerance))
    out.print(tables.losses_on_the_way(rows))
    if len({row.seed for row in rows}) > 1:
        out.print(tables.over_seeds(rows))
    if rates is not None:
        out.print(tables.floors(rows, rates))


def write(
    file: Path, facts: dict[str, str | int], limits: Limits, rates: Rates | None, rows: list[Row]
) -> None:
    """Write everything that was measured as JSON."""
    content = {
        "machine": facts,
        "limits": asdict(limits),
        "rates": None if rates is None else asdict(rates),
        "rows": [asdict(row) for row in rows],
    }
    file.write_text(json.dumps(content, indent=1))
    out.print(f"written: {file}")


if __name__ == "__main__":
    app()
