"""`riemgn scores`: test scores on the bundled data sets, beside scikit-learn's."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from riemgn.commands.options import ActivationName, HiddenWidths, hidden_widths


def scores(
    datasets: Annotated[
        str, typer.Option(metavar="NAMES", help="Bundled data sets, separated by commas.")
    ] = "diabetes,breast_cancer,digits,wine,iris,linnerud",
    splits: Annotated[
        int, typer.Option(metavar="N", help="How many splits into training and test rows.")
    ] = 10,
    first: Annotated[
        int, typer.Option(metavar="SEED", help="The first split's seed; the others follow it.")
    ] = 0,
    hidden: HiddenWidths = "16",
    activation: ActivationName = "tanh",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A JSON file for the single scores.")
    ] = None,
) -> None:
    """Compare test scores with scikit-learn's perceptron of the same shape, over several splits.

    Each split has a quarter of the rows for the test; it is also the seed of all three fits.
    scikit-learn runs with its defaults and enough iterations, once with lbfgs and once with adam.
    """
    import itertools
    import json

    from riemgn.arguments import choice, integer
    from riemgn.commands.screen import screen
    from riemgn.datasets import NAMES
    from riemgn.files import written_whole
    from riemgn.progress import passing_bar
    from riemgn.scoring import score_on, scores_table

    names = [choice("dataset", name.strip(), NAMES) for name in datasets.split(",")]
    widths, count = hidden_widths(hidden), integer("splits", splits)
    start = integer("first", first, least=0)
    console = screen()
    with passing_bar(len(names) * count) as show:
        done = itertools.count()

        def note(name: str, split: int) -> None:
            show(next(done), f"{name}, split {split}")

        seeds = range(start, start + count)
        results = {name: score_on(name, seeds, widths, activation, note) for name in names}
    console.print(scores_table(results))
    if out is not None:
        text = json.dumps({name: score.to_dict() for name, score in results.items()}, indent=1)
        with written_whole(out) as [draft]:
            draft.write_text(text + "\n", encoding="utf-8")
        console.print(f"wrote {out}", highlight=False, soft_wrap=True)
