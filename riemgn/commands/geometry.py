"""`riemgn geometry`: the geometry of a network's output manifold, at its start or fitted."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riemgn.commands.options import BundledName, hidden_widths


def geometry(
    file: Annotated[
        Path | None,
        typer.Argument(metavar="FILE", help="A CSV or Parquet table, with --target or --model."),
    ] = None,
    dataset: BundledName = None,
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN",
            help="The column to predict; repeat it for several. With --model its own by default.",
        ),
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="MODEL",
            help="A model.npz of riemgn fit, whose fitted weights are looked at. Without it a "
            "fresh network is, which the next options describe.",
        ),
    ] = None,
    hidden: Annotated[
        str | None,
        typer.Option(
            metavar="WIDTHS", help="Widths of the hidden layers: 16, or 16,16. By default 16."
        ),
    ] = None,
    activation: Annotated[
        str | None, typer.Option(metavar="NAME", help="A smooth activation, by default tanh.")
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="auto, squared, huber, poisson, logistic or softmax; by default auto, as in "
            "riemgn fit.",
        ),
    ] = None,
    scale: Annotated[
        float | None,
        typer.Option(
            metavar="ALPHA",
            help="The output scale, by default 1. The network is centred: its outputs are zero.",
        ),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(metavar="N", help="Source of the weights, by default 0.")
    ] = None,
    entries: Annotated[
        float,
        typer.Option(
            metavar="NUMBER",
            help="The most second derivatives, n r^2, for curvatures over all directions.",
        ),
    ] = 2e7,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Where to write geometry.html, geometry.json and the figures."
        ),
    ] = None,
) -> None:
    """Tell the geometry of a network's output manifold: rank, spectrum, curvatures, certificate.

    The network is a fresh one, or a fitted model. Every column but the target is an input. Numbers
    are standardised: a fresh network's on these rows, a model's as its file says.
    """
    from riemgn.arguments import positive
    from riemgn.commands.data import training_data
    from riemgn.commands.fit_files import check_folder
    from riemgn.commands.geometry_files import write
    from riemgn.commands.geometry_subject import fitted, fresh
    from riemgn.commands.geometry_table import geometry_table
    from riemgn.commands.screen import screen
    from riemgn.modelfile import load_model
    from riemgn.surveying import survey

    if out is not None:
        check_folder(out)
    positive("--entries", entries)
    if scale is not None:
        positive("--scale", scale)
    described = {
        "hidden": hidden,
        "activation": activation,
        "loss": loss,
        "scale": scale,
        "seed": seed,
    }
    if model is not None:
        _refuse(described)
        subject = fitted(load_model(model), model, file, dataset, target or [])
        settings = {"model": str(model)}
    else:
        settings = _DEFAULTS | {name: x for name, x in described.items() if x is not None}
        widths, named = hidden_widths(settings["hidden"]), settings["loss"]
        subject = fresh(
            training_data(file, dataset, target or [], named),
            widths,
            settings["activation"],
            named,
            settings["scale"],
            settings["seed"],
        )
    found = survey(subject.problem, subject.point, most_entries=entries)
    settings |= {"entries": entries}
    paths = [] if out is None else write(out, subject, found, settings)
    console = screen()
    console.print(geometry_table(subject, found))
    if paths:
        console.print("wrote " + ", ".join(map(str, paths)), highlight=False, soft_wrap=True)
    else:
        console.print("--out FOLDER writes a page with figures", style="dim")


_DEFAULTS = {"hidden": "16", "activation": "tanh", "loss": "auto", "scale": 1.0, "seed": 0}


def _refuse(described: dict[str, object]) -> None:
    """Raise ValueError where a fresh network is described beside a model."""
    given = [name for name, value in described.items() if value is not None]
    if given:
        raise ValueError(f"--{given[0]} describes a fresh network; --model is a fitted one")
