"""`riemgn compare`: several methods train the same network on a table."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def compare(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A CSV or Parquet table, with --target."),
    ] = None,
    dataset: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Bundled data: diabetes, breast_cancer, digits, wine, iris or linnerud.",
        ),
    ] = None,
    target: Annotated[
        list[str] | None,
        typer.Option(metavar="COLUMN", help="The column to predict; repeat it for several."),
    ] = None,
    hidden: Annotated[
        str, typer.Option(metavar="WIDTHS", help="Widths of the hidden layers: 16, or 16,16.")
    ] = "16",
    activation: Annotated[str, typer.Option(metavar="NAME", help="A smooth activation.")] = "tanh",
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
            help="Separated by commas: auto, gauss-newton, levenberg-marquardt, newton, "
            "conjugate-gradient, gradient-descent, lbfgs, adam, fixed-step.",
        ),
    ] = "auto,gauss-newton,conjugate-gradient,lbfgs,adam",
    seeds: Annotated[
        int, typer.Option(metavar="N", help="How many starts; their seeds are 0 to N-1.")
    ] = 1,
    iterations: Annotated[int, typer.Option(metavar="N", help="The most steps of a run.")] = 10_000,
    seconds: Annotated[float, typer.Option(metavar="S", help="The most seconds of a run.")] = 10.0,
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
    ridge. Ctrl-C ends with the runs so far.
    """
    from riemgn.commands.compare_files import write
    from riemgn.commands.compare_problem import trained
    from riemgn.commands.compare_table import compare_table
    from riemgn.commands.data import training_data
    from riemgn.commands.fit_files import check_folder
    from riemgn.commands.options import hidden_widths
    from riemgn.commands.screen import screen
    from riemgn.comparison import compare as compared
    from riemgn.comparison.contestants import labelled
    from riemgn.errors import NumericalError

    widths, names = hidden_widths(hidden), [name.strip() for name in methods.split(",")]
    labelled(names, iterations)  # mistakes are told before data are read
    if out is not None:
        check_folder(out)
    subject = trained(
        training_data(file, dataset, target or [], loss), widths, activation, loss, ridge
    )
    comparison = compared(
        subject.problem,
        subject.start,
        names,
        seeds=seeds,
        max_iterations=iterations,
        max_time=seconds,
    )
    if all(run.result is None for run in comparison.runs):
        raise NumericalError(f"no method came to a result: {comparison.runs[0].reason}")
    settings = {
        "hidden": hidden,
        "activation": activation,
        "loss": loss,
        "ridge": ridge,
        "methods": ", ".join(names),
        "seeds": seeds,
        "iterations": iterations,
        "seconds": seconds,
    }
    paths = [] if out is None else write(out, subject, comparison, settings)
    console = screen()
    console.print(compare_table(subject, comparison))
    if paths:
        console.print("wrote " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)
    else:
        console.print("--out FOLDER writes a page with figures", style="dim")
