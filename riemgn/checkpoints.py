"""Checkpoints of a run: what is taken down at an iterate, and what goes on from there.

A run is resumed at the top of its method's loop, where everything is computed anew from the
parameters, the history and what the method remembers; it then makes the same steps to the last bit.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np

from riemgn.arguments import vector
from riemgn.checkpointfile import is_checkpoint, read_parts, write_parts
from riemgn.files import remove_drafts
from riemgn.linalg import one_blas_thread
from riemgn.manifolds import Point
from riemgn.optimizers.journal import LOGGER, Journal
from riemgn.optimizers.memory import plain, recalled
from riemgn.optimizers.optimality import Optimality
from riemgn.optimizers.records import Record
from riemgn.optimizers.stopping import Ending
from riemgn.optimizers.terms import Terms
from riemgn.problem import Problem

_COUNTS = ("iteration", "evaluations")
_OF_RECORD = tuple(f.name for f in fields(Record) if f.name not in ("optimality", "point"))
_OF_OPTIMALITY = tuple(f.name for f in fields(Optimality))


@dataclass(frozen=True)
class Checkpoint:
    """A run as it was when an iterate had been recorded.

    Attributes:
        terms: Its limits and tolerance.
        seconds: The least time between two checkpoints.
        memory: What the method remembers, as `riemgn.optimizers.memory.plain` takes it down.
        shape: (n, p).
        retraction: The name of the manifold's retraction.
        outputs: A fingerprint of f at the iterate.
        origin: The parameters (p,) at which the run began.
        best: Those of the iterate with the least cost.
        params: Those of the present iterate.
        records: The history; read from a file it is without points.
        points: The parameters (p,) of every iterate if points are recorded, else none.
        evaluations: At how many points f was evaluated, after the last record included.
        ended: The natural end that the run came to, if any.
    """

    terms: Terms
    seconds: float
    memory: dict
    shape: tuple[int, int]
    retraction: str
    outputs: str
    origin: np.ndarray
    best: np.ndarray
    params: np.ndarray
    records: list[Record]
    points: list[np.ndarray]
    evaluations: int
    ended: tuple[Ending, str] | None = None

    def point_in(self, problem: Problem) -> Point:
        """Return the iterate as a point of the problem's manifold.

        Raises:
            ValueError: The problem is another one than that of the run.
        """
        immersion = problem.manifold.immersion
        shape = immersion.ambient_dim, immersion.dim
        if shape != self.shape:
            raise _another_problem(f"its (n, p) is {self.shape}, here it is {shape}")
        retraction = problem.manifold.retraction_name
        if retraction != self.retraction:
            raise _another_problem(f"its retraction is {self.retraction!r}, not {retraction!r}")
        for point in _either_way(lambda: Point(immersion.at(self.params))):
            if _fingerprint(point) == self.outputs:
                break
        else:
            raise _another_problem("f gives other outputs at its parameters")
        costs = list(_either_way(lambda: problem.cost(point)))
        if self.records[-1].cost not in costs:
            raise _another_problem(f"its cost is {self.records[-1].cost!r}, here {costs[0]!r}")
        return point

    def history_in(self, problem: Problem) -> list[Record]:
        """Return the records, with their points if these are recorded."""
        if not self.terms.record_points:
            return list(self.records)
        immersion = problem.manifold.immersion
        with one_blas_thread():
            points = [Point(immersion.at(params)) for params in self.points]
        pairs = zip(self.records, points, strict=True)
        return [replace(record, point=point) for record, point in pairs]


class CheckpointKeeper:
    """Keeps a run on disk: at a record every so many seconds, and at its end.

    A write that fails costs the checkpoint, not the run: a warning is logged, and the next one is
    tried when it is due.
    """

    def __init__(self, path: Path, seconds: float, terms: Terms, problem: Problem) -> None:
        self._path = path
        self._seconds = seconds
        self._terms = terms
        self._retraction = problem.manifold.retraction_name
        self._latest: Checkpoint | None = None
        self._written = time.monotonic()

    def noted(self, journal: Journal) -> None:
        """Take down the run at the record just made, and write it if it is time."""
        self.take_down(journal)
        if time.monotonic() - self._written >= self._seconds:
            self._write(self._latest)

    def closed(self, journal: Journal) -> None:
        """Write the run as it was at its last record, with the end that it came to."""
        if self._latest is not None:
            end = {"evaluations": journal.evaluations, "ended": journal.ended}
            self._write(replace(self._latest, **end))

    def take_down(self, journal: Journal) -> None:
        """Take down the run at its last record, from where a next step would begin."""
        point = journal.point
        self._latest = Checkpoint(
            terms=self._terms,
            seconds=self._seconds,
            memory=plain(journal.memory),
            shape=point.jet.shape,
            retraction=self._retraction,
            outputs=_fingerprint(point),
            origin=journal.origin,
            best=journal.best,
            params=point.params,
            records=list(journal.records),
            points=[r.point.params for r in journal.records if r.point is not None],
            evaluations=journal.evaluations,
        )

    def _write(self, checkpoint: Checkpoint) -> None:
        try:
            write_checkpoint(checkpoint, self._path)
        except OSError as error:
            LOGGER.warning("the run goes on without its checkpoint %s: %s", self._path, error)
        self._written = time.monotonic()


def write_checkpoint(checkpoint: Checkpoint, path: Path) -> None:
    """Write a checkpoint, whole or not at all.

    Raises:
        OSError: The file cannot be written; what was there before is there still.
    """
    ended = checkpoint.ended and (checkpoint.ended[0].name, checkpoint.ended[1])
    content = {
        "terms": {name: plain(value) for name, value in asdict(checkpoint.terms).items()},
        "seconds": checkpoint.seconds,
        "memory": checkpoint.memory,
        "shape": checkpoint.shape,
        "retraction": checkpoint.retraction,
        "outputs": checkpoint.outputs,
        "evaluations": checkpoint.evaluations,
        "ended": ended,
    }
    p = checkpoint.params.size
    arrays = {
        "origin": checkpoint.origin,
        "best": checkpoint.best,
        "params": checkpoint.params,
        "points": np.array(checkpoint.points, dtype=np.float64).reshape(-1, p),
    }
    write_parts(path, content, {**arrays, **_columns(checkpoint.records)})


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; nothing in the file is executed.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: It cannot be read.
        ValueError: It is no checkpoint, a damaged one, or one of another format or dtype.
    """
    content, arrays = read_parts(path)
    try:
        recalled(content["memory"])
        checkpoint = Checkpoint(
            terms=Terms(**content["terms"]),
            seconds=float(content["seconds"]),
            memory=content["memory"],
            shape=tuple(content["shape"]),
            retraction=content["retraction"],
            outputs=content["outputs"],
            origin=arrays["origin"],
            best=arrays["best"],
            params=arrays["params"],
            records=_records(arrays),
            points=list(arrays["points"]),
            evaluations=int(content["evaluations"]),
            ended=content["ended"] and (Ending[content["ended"][0]], content["ended"][1]),
        )
        _check_sizes(checkpoint)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"path {path} is damaged as a checkpoint: {error}") from None
    return checkpoint


def checked_target(name: str, path) -> Path:
    """Return where checkpoints of a run may be written, cleared of what killed runs left there.

    Raises:
        TypeError: `path` is no path.
        ValueError: It is a folder, in no folder, or a file that is no checkpoint.
    """
    target = checked_path(name, path)
    if not target.parent.is_dir():
        raise ValueError(f"{name} must be in a folder that exists, got {path}")
    if target.is_dir():
        raise ValueError(f"{name} must be a file, got the folder {path}")
    if target.exists() and not is_checkpoint(target):
        raise ValueError(f"{name} would overwrite {path}, which is no checkpoint of riemgn's")
    remove_drafts(target)
    return target


def checked_path(name: str, path) -> Path:
    """Return an absolute path, so that a change of the working folder moves no file."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name} must be a path, got {type(path).__name__}")
    return Path(path).absolute()


def _columns(records: list[Record]) -> dict[str, np.ndarray]:
    """The history as one array (k+1,) for each number of a record."""
    numbers = {name: [getattr(r, name) for r in records] for name in _OF_RECORD}
    numbers |= {name: [getattr(r.optimality, name) for r in records] for name in _OF_OPTIMALITY}
    return {
        name: np.array(column, dtype=np.int64 if name in _COUNTS else np.float64)
        for name, column in numbers.items()
    }


def _records(columns: dict[str, np.ndarray]) -> list[Record]:
    def rows(names: tuple[str, ...]) -> Iterator[dict]:
        for values in zip(*(columns[name].tolist() for name in names), strict=True):
            yield dict(zip(names, values, strict=True))

    pairs = zip(rows(_OF_RECORD), rows(_OF_OPTIMALITY), strict=True)
    return [Record(**row, optimality=Optimality(**inner), point=None) for row, inner in pairs]


def _check_sizes(checkpoint: Checkpoint) -> None:
    p, count = checkpoint.shape[1], len(checkpoint.records)
    if count == 0:
        raise ValueError("it holds no record")
    for name in ("origin", "best", "params"):
        vector(name, getattr(checkpoint, name), p)
    if len(checkpoint.points) != (count if checkpoint.terms.record_points else 0):
        raise ValueError(f"it holds {len(checkpoint.points)} points of {count} records")
    for point in checkpoint.points:
        vector("points", point, p)


def _fingerprint(point: Point) -> str:
    return hashlib.sha256(point.outputs.tobytes()).hexdigest()


def _either_way(compute: Callable) -> Iterator:
    """Yield a value computed with one BLAS thread, as in a step, and with those of a user's own.

    The point at which a run begins was made outside of any step; sums over many numbers may differ.
    """
    with one_blas_thread():
        limited = compute()
    yield limited
    yield compute()


def _another_problem(why: str) -> ValueError:
    return ValueError(f"path is a checkpoint of another problem: {why}")
