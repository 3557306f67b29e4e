"""`riemgn compare`: several methods train the same network on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riemgn.commands.options import (
    ActivationName,
    BundledName,
    HiddenWidths,
    TableFile,
    Targets,
    hidden_widths,
)


def compare(
    file: TableFile = None,
    dataset: BundledName = None,
    target: Targets = None,
    hidden: HiddenWidths = "16",
    activation: ActivationName = "tanh",
    loss: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, squared, huber, poisson, logistic or softmax; auto as in riemgn fit.",
        ),
    ] = "auto",
    ridge: Annotated[
        float,
        typer.Option(
            metavar="STRENGTH",
            help="On the squared length of the weights, the noise variance over the prior variance "
            "of a weight; with 0 there may be no finite optimum.",
        ),
    ] = 1.0,
    methods: Annotated[
        str,
        typer.Option(
            metavar="NAMES",
            help="Separated by commas: auto, gauss-newton, levenberg-marquardt, newton; "
            "pymanopt's conjugate-gradient, steepest-descent, trust-regions (the same as newton), "
            "nelder-mead, particle-swarm; in the weights gradient-descent, lbfgs, adam, "
            "fixed-step.",
        ),
    ] = "auto,gauss-newton,conjugate-gradient,lbfgs,adam",
    seeds: Annotated[
        int, typer.Option(metavar="N", help="How many starts; their seeds are 0 to N-1.")
    ] = 1,
    iterations: Annotated[int, typer.Option(metavar="N", help="The most steps of a run.")] = 10_000,
    seconds: Annotated[float, typer.Option(metavar="S", help="The most seconds of a run.")] = 10.0,
    evaluations: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="The most points at which a run evaluates the network; by default unlimited.",
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="COSINE",
            help="Between residual and tangent space, at which a point counts as optimal.",
        ),
    ] = 1e-8,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where to write compare.html, compare.json and compare.png."
        ),
    ] = None,
) -> None:
    """Train one network by several methods, from the same starts with the same budget.

    Every column but the target is an input, and must hold numbers. Inputs and targets are
    standardised as in riemgn fit, on all rows; what is compared is the training loss with its
    ridge. Ctrl-C ends with the runs so far, and exit code 130.
    """
    from riemgn.arguments import integer, positive
    from riemgn.commands.compare_files import write
    from riemgn.commands.compare_methods import methods_by
    from riemgn.commands.compare_problem import trained
    from riemgn.commands.compare_table import compare_table
    from riemgn.commands.data import training_data
    from riemgn.commands.fit_files import check_folder
    from riemgn.commands.outcomes import Interrupted
    from riemgn.commands.screen import screen
    from riemgn.comparison import compare as compared
    from riemgn.errors import NumericalError

    widths, named = hidden_widths(hidden), methods_by(methods)
    integer("--seeds", seeds)
    budget = {
        "max_iterations": integer("--iterations", iterations),
        "max_time": positive("--seconds", seconds),
        "max_evaluations": None if evaluations is None else integer("--evaluations", evaluations),
        "tolerance": positive("--tolerance", tolerance, allow_zero=True),
    }
    if out is not None:
        check_folder(out)
    subject = trained(
        training_data(file, dataset, target or [], loss), widths, activation, loss, ridge
    )
    comparison = compared(subject.problem, subject.start, named, seeds=seeds, **budget)
    if all(run.result is None for run in comparison.runs):
        raise NumericalError(f"no method came to a result: {comparison.runs[0].reason}")
    settings = {
        "hidden": hidden,
        "activation": activation,
        "loss": loss,
        "ridge": ridge,
        "methods": ", ".join(named),
        "seeds": seeds,
        "iterations": iterations,
        "seconds": seconds,
        "evaluations": "unlimited" if evaluations is None else evaluations,
        "tolerance": tolerance,
    }
    paths = [] if out is None else write(out, subject, comparison, settings)
    console = screen()
    console.print(compare_table(subject, comparison, console))
    if paths:
        console.print("wrote " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)
    else:
        console.print("--out FOLDER writes a page with figures", style="dim")
    if comparison.ended == "interrupted":
        finished = sum(not run.is_cut for run in comparison.runs)
        raise Interrupted(f"interrupted: {finished} of {len(named) * seeds} runs are finished")
