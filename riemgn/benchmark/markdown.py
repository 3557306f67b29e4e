"""The evidence as tables in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from statistics import median

from riemgn.benchmark.arrivals import OURS
from riemgn.benchmark.evidence import CertifiedRun, CollectionRun, NetworkRun
from riemgn.benchmark.recording import RecordingRow
from riemgn.benchmark.variants import VariantScore


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table; titles that begin with ">" head columns of numbers."""
    rules = ["--:" if title.startswith(">") else "---" for title in titles]
    lines = [[title.removeprefix(">") for title in titles], rules, *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def _one_line(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _by_method(runs: Sequence) -> dict[str, list]:
    found: dict[str, list] = {}
    for run in runs:
        found.setdefault(run.arrival.method, []).append(run)
    return found


def _ours(runs: Sequence) -> list:
    return [run for run in runs if run.arrival.method == OURS]


def _common_totals(method: str, runs: Sequence) -> list[str]:
    """Return cells: method, solved, median and most points, seconds."""
    points = [run.arrival.points for run in runs]
    return [
        method,
        f"{sum(run.solved for run in runs)} of {len(runs)}",
        f"{median(points):g}",
        str(max(points)),
        f"{sum(run.arrival.seconds for run in runs):.1f}",
    ]


def certified(runs: Sequence[CertifiedRun]) -> str:
    """Return riemgn's runs on the certified regressions one by one, and the totals of all."""
    single = table(
        ("problem", "difficulty", ">start", ">p", ">digits", ">points", "ending"),
        (
            (
                run.regression.name,
                run.regression.difficulty,
                str(run.start),
                str(run.regression.p),
                f"{run.digits:.1f}",
                str(run.arrival.points),
                _one_line(run.arrival.ending),
            )
            for run in _ours(runs)
        ),
    )
    totals = table(
        (
            *("method", ">solved", ">median points", ">most points", ">seconds"),
            *(">median digits", ">least digits", ">at least 10 digits"),
        ),
        (
            (
                *_common_totals(method, ended),
                f"{median(run.digits for run in ended):.1f}",
                f"{min(run.digits for run in ended):.1f}",
                f"{sum(run.digits >= 10 for run in ended)} of {len(ended)}",
            )
            for method, ended in _by_method(runs).items()
        ),
    )
    return f"{single}\n\n{totals}"


def collection(runs: Sequence[CollectionRun]) -> str:
    """Return riemgn's runs on the collection one by one, and the totals of all methods."""
    single = table(
        ("problem", ">p", ">n", ">start", ">sum of squares", "minimum", ">points", "ending"),
        (
            (
                run.instance.name,
                str(run.instance.p),
                str(run.instance.n),
                f"x {run.factor}",
                f"{run.arrival.sum_of_squares:.9g}",
                run.minimum.kind if run.minimum else "none",
                str(run.arrival.points),
                _one_line(run.arrival.ending),
            )
            for run in _ours(runs)
        ),
    )
    totals = table(
        (
            *("method", ">solved", ">median points", ">most points", ">seconds"),
            *(">at the global minimum", "not solved"),
        ),
        (
            (
                *_common_totals(method, ended),
                str(sum(run.solved and run.minimum.kind == "global" for run in ended)),
                "; ".join(f"{r.instance.name} x {r.factor}" for r in ended if not r.solved) or "-",
            )
            for method, ended in _by_method(runs).items()
        ),
    )
    return f"{single}\n\n{totals}"


def networks(runs: Sequence[NetworkRun]) -> str:
    """Return riemgn beside trf on the network fits one by one, and how often it is as low."""
    single = table(
        (
            *(">fit", "widths", ">n", ">p", ">noise", ">scale", ">loss", ">trf's loss"),
            *(">seconds", ">trf's seconds", "ending"),
        ),
        (
            (
                str(run.fit.index),
                "-".join(map(str, run.fit.network.widths)),
                str(run.fit.n),
                str(run.fit.p),
                f"{run.fit.noise:.0%}",
                f"{run.fit.network.scale:.2g}",
                f"{run.ours.sum_of_squares / 2:.7g}{'' if run.is_as_low else ' (above)'}",
                f"{run.peer.sum_of_squares / 2:.7g}",
                f"{run.ours.seconds:.2f}",
                f"{run.peer.seconds:.2f}",
                _one_line(run.ours.ending),
            )
            for run in runs
        ),
    )
    totals = (
        f"riemgn at or below trf: {sum(run.is_as_low for run in runs)} of {len(runs)}; "
        f"clearly below: {sum(_is_clearly_below(run) for run in runs)}. "
        f"Seconds: riemgn {sum(run.ours.seconds for run in runs):.1f}, "
        f"trf {sum(run.peer.seconds for run in runs):.1f}."
    )
    return f"{single}\n\n{totals}"


def _is_clearly_below(run: NetworkRun) -> bool:
    """Whether riemgn's loss is lower by more than 1 % and by 1e-12 of the start's."""
    lower = run.peer.sum_of_squares - run.ours.sum_of_squares
    least = max(0.01 * run.peer.sum_of_squares, 1e-12 * run.first_sum_of_squares)
    return lower > least


def variants(scores: Sequence[VariantScore]) -> str:
    """Return the table of the variants."""
    titles = ("variant", ">NIST, 6 digits", ">points tried", ">collection", ">points tried")
    rows = [
        (
            score.name,
            f"{score.certified[0]} of {score.certified[1]}",
            str(score.certified_points),
            f"{score.collection[0]} of {score.collection[1]}",
            str(score.collection_points),
        )
        for score in scores
    ]
    return table(titles, rows)


def recording(rows: Sequence[RecordingRow]) -> str:
    """Return the seconds that methods in the parameters are charged, over those of a loop."""
    titles = ("samples, weights", *(f">{name}" for name in rows[0].ratios))
    return table(
        titles,
        [
            (f"{row.samples}, {row.weights}", *(f"{ratio:.1f}" for ratio in row.ratios.values()))
            for row in rows
        ],
    )
