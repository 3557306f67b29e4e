"""`riemgn fit`: train a network on a table and say how well it does."""

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
    number_or,
)


def fit(
    file: TableFile = None,
    dataset: BundledName = None,
    target: Targets = None,
    hidden: HiddenWidths = "16",
    activation: ActivationName = "tanh",
    loss: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="auto, squared, huber, poisson, logistic or softmax. auto: squared for numbers, "
            "logistic or softmax for text and for few whole numbers.",
        ),
    ] = "auto",
    method: Annotated[
        str, typer.Option(metavar="NAME", help="auto, levenberg-marquardt or gauss-newton.")
    ] = "auto",
    ridge: Annotated[
        str,
        typer.Option(
            metavar="STRENGTH",
            help="On the weights' distance from their start: auto (chosen on held-out rows), or a "
            "number >= 0, the noise variance over the prior variance of a weight.",
        ),
    ] = "auto",
    validation: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Held out of the training rows to choose the ridge, or to stop early where it is "
            "given. By default 0.2 with --ridge auto, else 0.",
        ),
    ] = None,
    test_share: Annotated[
        float, typer.Option(metavar="SHARE", help="Of the rows, kept for the test score.")
    ] = 0.25,
    iterations: Annotated[
        int, typer.Option(metavar="N", help="The most steps of the last phase.")
    ] = 200,
    seed: Annotated[
        int, typer.Option(metavar="N", help="Source of the split and of the start.")
    ] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where to write fit.html, fit.json, model.npz and loss.png."
        ),
    ] = None,
) -> None:
    """Train a network by Gauss-Newton on its output manifold, and score it beside scikit-learn.

    Every column but the target is an input, and must hold numbers. Ctrl-C ends with the best
    weights so far, and exit code 130.
    """
    from riemgn.commands.data import training_data
    from riemgn.commands.fit_files import check_folder, write
    from riemgn.commands.fit_table import fit_table
    from riemgn.commands.outcomes import Interrupted
    from riemgn.commands.screen import screen
    from riemgn.evaluation import evaluate
    from riemgn.fitting.progress import shown
    from riemgn.progress import passing_line

    widths, strength = hidden_widths(hidden), number_or("auto", "ridge", ridge)
    if out is not None:
        check_folder(out)
    data = training_data(file, dataset, target or [], loss)
    with shown() as show:
        evaluation = evaluate(
            data,
            widths,
            activation,
            loss=loss,
            method=method,
            ridge=strength,
            validation=validation,
            max_iterations=iterations,
            seed=seed,
            test_share=test_share,
            callback=show,
        )
    console = screen()
    if not evaluation.result.report.interrupted:
        with passing_line() as show_line:
            show_line("scikit-learn's perceptron on the same split")
            evaluation = evaluation.compared()
    settings = {
        "hidden": hidden,
        "activation": activation,
        "loss": loss,
        "method": method,
        "ridge": ridge,
        "validation": "default" if validation is None else validation,
        "test-share": test_share,
        "iterations": iterations,
        "seed": seed,
    }
    paths = [] if out is None else write(out, data, evaluation, settings)
    console.print(fit_table(data, evaluation))
    if paths:
        console.print("wrote " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)
    else:
        console.print("--out FOLDER keeps the weights and a page about the fit", style="dim")
    if evaluation.result.report.interrupted:
        raise Interrupted("interrupted: these are the best weights so far")
