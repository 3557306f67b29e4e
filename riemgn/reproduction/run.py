"""A run: all pieces of all claims in one pool, then the verdicts, the figures and the page."""

from __future__ import annotations

import io
import logging
import math
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import riemgn.reproduction as known
from riemgn.arguments import choice, integer
from riemgn.files import remove_drafts, written_whole
from riemgn.plotting.style import DPI, new_figure
from riemgn.reproduction.claim import Check, Claim, Measured, Verdict, measured
from riemgn.reproduction.page import PAGE, page
from riemgn.reproduction.store import (
    RESULTS,
    Piece,
    is_sealed,
    read_piece,
    read_rows,
    row,
    rows_text,
    same_json,
    sealed,
    surroundings,
    write_piece,
)

_LOGGER = logging.getLogger("riemgn")

PIECES = "pieces"  # the folder of finished pieces


class Standing(NamedTuple):
    """How a claim stands: how many of its pieces are finished, and the one finished last."""

    claim: str
    finished: int
    pieces: int
    last: Piece | None = None


@dataclass(frozen=True)
class _Planned:
    """A claim, the arguments of its `pieces`, and the pieces."""

    claim: Claim
    settings: dict
    pieces: list[Piece]


class _Judged(NamedTuple):
    """A verdict and its figure, a PNG; none where the measurements did not come to an end."""

    planned: _Planned
    verdict: Verdict
    figure: bytes | None


class _Ended(NamedTuple):
    """A piece that is on disk, or the error that it raised."""

    piece: Piece
    error: str | None


@dataclass(frozen=True)
class _Asked:
    """What a run is asked to do, and among which versions and sources."""

    settings: str
    seeds: int | None
    folder: Path
    around: dict[str, str]

    def settings_of(self, claim: Claim) -> dict:
        """Return the arguments of a claim's `pieces`."""
        own = {"quick": claim.quick, "full": claim.full}[self.settings]
        return own if self.seeds is None or "seeds" not in own else {**own, "seeds": self.seeds}

    def planned(self, claim: Claim) -> _Planned:
        """Return a claim with its pieces."""
        settings, folder = self.settings_of(claim), self.folder / PIECES
        pieces = [Piece.of(claim.key, a, self.around, folder) for a in claim.pieces(**settings)]
        if len({piece.path for piece in pieces}) < len(pieces):
            raise ValueError(f"{claim.key}: two of its pieces have the same arguments")
        return _Planned(claim, settings, pieces)


def reproduce(
    keys: Sequence[str],
    settings: str = "full",
    out: str | Path = "reproduction",
    seeds: int | None = None,
    jobs: int | None = None,
    note: Callable[[Standing], None] = lambda standing: None,
) -> list[Verdict]:
    """Measure claims, and write claims.json, a figure for each and a page, index.html.

    Pieces that an earlier run has finished are taken from the folder if nothing that they depend
    on has changed. A piece that raises an ArithmeticError or a ValueError makes its claim fail,
    with the error as the reason; so does a judgement that does. claims.json and the page keep the
    rows of claims that are not among `keys` if they came from the same sources; those of other
    sources are dropped, and a warning on the logger `riemgn` names them.

    Args:
        keys: The claims, "C1" to "C7".
        settings: "quick" or "full".
        out: The folder; it is made if it does not exist.
        seeds: The number of seeds, for the claims that have one; by default their own.
        jobs: How many processes measure at once; by default as many as there are cores.
        note: Called for every claim at the start, and after each piece.

    Returns:
        The verdicts, in the order of the claims.

    Raises:
        ValueError: There is no such claim, an argument is not legal, or the folder holds results of
            other claims with other settings.
        OSError: The folder cannot be written to.
        KeyboardInterrupt: The run was interrupted; its message says how many pieces are kept.
    """
    choice("settings", settings, ("quick", "full"))
    if seeds is not None:
        integer("seeds", seeds)
    jobs = _cores() if jobs is None else integer("jobs", jobs)
    claims = [known.claim(key) for key in known.in_order(keys)]
    asked = _Asked(settings, seeds, Path(out), surroundings())
    plans = [asked.planned(claim) for claim in claims]
    _require_own_results(asked, keys)
    (asked.folder / PIECES).mkdir(parents=True, exist_ok=True)
    try:
        errors = _measure(_longest_first(plans, read_rows(asked.folder)), jobs, note)
        judged = [_judged(plan, errors) for plan in plans]
        _write(asked, judged)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_what_is_kept(plans, asked.folder)) from None
    return [one.verdict for one in judged]


def _require_own_results(asked: _Asked, keys: Sequence[str]) -> None:
    """Raise where the folder holds other claims' results, still true, of other settings."""
    others = [
        key
        for key, earlier in read_rows(asked.folder).items()
        if key not in keys
        and key in known.CLAIMS
        and is_sealed(key, earlier, asked.around)
        and not _same_settings(key, earlier, asked)
    ]
    if others:
        raise ValueError(
            f"out: {asked.folder} holds {', '.join(others)} measured with other settings, which "
            "would be lost; choose another folder, or measure them too"
        )


def _cores() -> int:
    from joblib import cpu_count

    return cpu_count()


def _longest_first(plans: list[_Planned], earlier: dict[str, dict]) -> list[_Planned]:
    """Sort claims by the seconds that a piece took in an earlier run; unknown ones come first."""

    def seconds(plan: _Planned) -> float:
        past = earlier.get(plan.claim.key, {})
        try:
            return past["seconds"] / past["pieces"]
        except (KeyError, TypeError, ZeroDivisionError):
            return math.inf

    return sorted(plans, key=seconds, reverse=True)


def _measure(plans: list[_Planned], jobs: int, note: Callable[[Standing], None]) -> dict[Path, str]:
    """Measure what is not on disk yet, and return the errors by the path of the piece."""
    pending: dict[Path, tuple[Callable[..., Mapping], Piece]] = {}
    finished: dict[str, int] = {}
    for plan in plans:
        key = plan.claim.key
        lacking = [piece for piece in plan.pieces if read_piece(piece) is None]
        pending |= {piece.path: (plan.claim.measure, piece) for piece in lacking}
        finished[key] = len(plan.pieces) - len(lacking)
        note(Standing(key, finished[key], len(plan.pieces)))
    totals = {plan.claim.key: len(plan.pieces) for plan in plans}
    errors = {}
    with closing(_ended(pending.values(), min(jobs, len(pending)))) as ends:
        for piece, error in ends:
            if error is not None:
                errors[piece.path] = error
            finished[piece.claim] += 1
            note(Standing(piece.claim, finished[piece.claim], totals[piece.claim], piece))
    return errors


def _ended(pending: Iterable[tuple[Callable[..., Mapping], Piece]], jobs: int) -> Iterator[_Ended]:
    """Measure pieces in so many processes, in this one if it is one, as they come to an end."""
    if jobs <= 1:
        for measure, piece in pending:
            yield _finish(measure, piece)
        return
    from joblib import Parallel, delayed, parallel_config

    with parallel_config(backend="loky", inner_max_num_threads=1):
        pool = Parallel(n_jobs=jobs, return_as="generator_unordered", batch_size=1)
        with _interrupts_held_back():
            ends = pool(delayed(_finish)(measure, piece) for measure, piece in pending)
        yield from ends


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    """Hold Ctrl-C back for a while; processes that are started meanwhile never see it.

    A terminal sends it to them too, and they would print what they were at.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # not on Windows

    resource_tracker.ensure_running()  # which lets them through again where it is started
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _finish(measure: Callable[..., Mapping], piece: Piece) -> _Ended:
    """Measure a piece and write it."""
    began = time.perf_counter()
    try:
        arrays = measured(measure, piece.arguments).arrays
    except (ArithmeticError, ValueError) as error:
        return _Ended(piece, _told(error))
    remove_drafts(piece.path)
    write_piece(piece, arrays, time.perf_counter() - began)
    return _Ended(piece, None)


def _judged(plan: _Planned, errors: dict[Path, str]) -> _Judged:
    """Return the verdict on a claim, or that it does not hold because of errors."""
    key = plan.claim.key
    failed = {f"piece {p}": errors[p.path] for p in plan.pieces if p.path in errors}
    if failed:
        return _Judged(plan, _broken(key, failed), None)
    try:
        verdict = plan.claim.judge([_on_disk(piece) for piece in plan.pieces])
    except (ArithmeticError, ValueError) as error:
        return _Judged(plan, _broken(key, {"the judgement": _told(error)}), None)
    return _Judged(plan, verdict, _png(plan.claim, verdict))


def _broken(key: str, errors: dict[str, str]) -> Verdict:
    """Return the verdict where steps on the way to it raised errors."""
    checks = tuple(
        Check(f"{step} comes to an end; it raised {error}", "no error", math.nan, holds=False)
        for step, error in errors.items()
    )
    return Verdict(key, {"errors": 0}, {"errors": len(errors)}, checks)


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"


def _png(claim: Claim, verdict: Verdict) -> bytes:
    figure, content = new_figure(), io.BytesIO()
    try:
        claim.draw(verdict, figure)
        figure.savefig(content, format="png", dpi=DPI)
    except ValueError as error:  # a user's mistake it is not
        raise RuntimeError(f"the figure of {claim.key} cannot be drawn") from error
    return content.getvalue()


def _on_disk(piece: Piece) -> Measured:
    finished = read_piece(piece)
    if finished is None:
        raise FileNotFoundError(f"{piece.path} was removed or changed while the run went on")
    return finished.measured


def _write(asked: _Asked, judged: list[_Judged]) -> None:
    """Write the figures, claims.json and the page: all of them, or nothing."""
    folder, earlier = asked.folder, read_rows(asked.folder)
    rows, figures = {}, {}
    for plan, verdict, figure in judged:
        key = plan.claim.key
        unsealed = row(plan.claim, verdict, asked.settings, plan.settings, plan.pieces)
        rows[key] = sealed(key, unsealed, asked.around)
        if figure is not None:
            figures[key] = figure
    kept = {k: r for k, r in earlier.items() if k not in rows and _still_true(k, r, asked)}
    rows = {key: (rows | kept)[key] for key in known.in_order(rows | kept)}
    images = figures | {key: _figure_path(folder, key).read_bytes() for key in kept}
    paths = [folder / RESULTS, folder / PAGE, *(_figure_path(folder, key) for key in figures)]
    for path in paths:
        remove_drafts(path)
    with written_whole(*paths) as [results_draft, page_draft, *figure_drafts]:
        results_draft.write_text(rows_text(rows), encoding="utf-8")
        page_draft.write_text(page(rows, images, asked.around), encoding="utf-8")
        for figure, draft in zip(figures.values(), figure_drafts, strict=True):
            draft.write_bytes(figure)
    dropped = (earlier.keys() & known.CLAIMS.keys()) - images.keys()
    for key in dropped:
        _figure_path(folder, key).unlink(missing_ok=True)
    stale = sorted(dropped - rows.keys())
    if stale:
        _LOGGER.warning("dropped %s, measured with other sources or versions", ", ".join(stale))


def _still_true(key: str, earlier: dict, asked: _Asked) -> bool:
    """Whether an earlier run's row is what this run would give, and has its figure."""
    if key not in known.CLAIMS or not is_sealed(key, earlier, asked.around):
        return False
    return _same_settings(key, earlier, asked) and _figure_path(asked.folder, key).is_file()


def _same_settings(key: str, earlier: dict, asked: _Asked) -> bool:
    settings = asked.settings_of(known.claim(key))
    return earlier["run"] == asked.settings and same_json(earlier["settings"], settings)


def _figure_path(folder: Path, key: str) -> Path:
    return folder / f"{key}.png"


def _what_is_kept(plans: list[_Planned], folder: Path) -> str:
    pieces = [piece for plan in plans for piece in plan.pieces]
    kept = sum(read_piece(piece) is not None for piece in pieces)
    return f"interrupted: {kept} of {len(pieces)} pieces are finished and kept in {folder / PIECES}"
