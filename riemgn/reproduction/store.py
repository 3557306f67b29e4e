"""Finished pieces and verdicts on disk, reused only where all that they depend on is the same.

A piece is `pieces/<claim>-<digest>.npz`: its arrays, and a JSON text of what it depends on, which
is the claim, its arguments, the versions of riemgn, numpy and scipy, and riemgn's sources.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np

from riemgn.files import written_whole
from riemgn.reproduction.claim import Claim, Measured, Verdict

RESULTS = "claims.json"

# Parts of the package on which no measurement depends.
_ASIDE = (
    "benchmark/",
    "commands/",
    "testing/",
    "__main__.py",
    "cli.py",
    "markup/",
    "plotting/",
    "reproduction/page.py",
)
_DESCRIPTION = "description"
_ARRAY = "array "  # before the names of arrays, so that none is taken for the description
_DIGITS = 16  # of a digest in a file's name; the file holds what it is of in full


def surroundings() -> dict[str, str]:
    """Return what every measurement depends on: versions, and a digest of riemgn's sources."""
    import riemgn

    return {
        "riemgn": riemgn.__version__,
        "numpy": version("numpy"),
        "scipy": version("scipy"),
        "sources": source_digest(Path(riemgn.__file__).parent),
    }


def source_digest(package: Path) -> str:
    """Return a digest of a package's Python files, names and contents, without `_ASIDE`."""
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py"), key=lambda path: path.as_posix()):
        name = path.relative_to(package).as_posix()
        if not name.startswith(_ASIDE):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{name} {content}\n".encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Piece:
    """A piece to measure, and where it is kept.

    Attributes:
        claim: The claim's key.
        arguments: The keyword arguments of `Claim.measure`.
        inputs: All that it depends on, as a canonical JSON text.
        path: Its file.
    """

    claim: str
    arguments: dict
    inputs: str
    path: Path

    @classmethod
    def of(cls, claim: str, arguments: dict, around: dict[str, str], folder: Path) -> Piece:
        """Return the piece of a claim among given surroundings, kept in a folder."""
        inputs = _canonical({"claim": claim, "arguments": arguments, **around})
        return cls(claim, arguments, inputs, folder / f"{claim}-{_digest(inputs)[:_DIGITS]}.npz")

    def __str__(self) -> str:
        return ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())


class Finished(NamedTuple):
    """A piece that has been measured, and the seconds that it took."""

    measured: Measured
    seconds: float


def write_piece(piece: Piece, arrays: dict[str, np.ndarray], seconds: float) -> None:
    """Write a finished piece, whole or not at all.

    Raises:
        TypeError: An array holds Python objects.
        OSError: The file cannot be written.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"{piece.claim} ({piece}): array {name!r} holds Python objects")
    description = np.array(json.dumps({"inputs": piece.inputs, "seconds": seconds}))
    content = io.BytesIO()  # so that a full disk meets one plain write
    named = {_ARRAY + name: array for name, array in arrays.items()}
    np.savez(content, **{_DESCRIPTION: description}, **named)
    with written_whole(piece.path) as [draft]:
        draft.write_bytes(content.getbuffer())


def read_piece(piece: Piece) -> Finished | None:
    """Return a finished piece; None if there is none, or its file is damaged or another's.

    Nothing in the file is executed.

    Raises:
        OSError: The file is there and cannot be read.
    """
    try:
        content = piece.path.read_bytes()
    except FileNotFoundError:
        return None
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        description = json.loads(str(arrays.pop(_DESCRIPTION)))
        inputs, seconds = description["inputs"], float(description["seconds"])
    except Exception:  # whatever a damaged archive makes zipfile, numpy and json raise
        return None
    if inputs != piece.inputs:
        return None
    plain = {name.removeprefix(_ARRAY): array for name, array in arrays.items()}
    return Finished(Measured(piece.arguments, plain), seconds)


def row(
    claim: Claim, verdict: Verdict, run: str, settings: dict, pieces: list[Piece]
) -> dict[str, object]:
    """Return a claim's row of claims.json; NaN and infinity are null.

    `seconds` are those that its finished pieces took, added up, whenever they were measured.

    Args:
        claim: The claim.
        verdict: What was found.
        run: "quick" or "full".
        settings: The arguments of `Claim.pieces`.
        pieces: What it returned.
    """
    finished = [piece for piece in map(read_piece, pieces) if piece is not None]
    return plain(
        {
            "title": claim.title,
            "statement": claim.statement,
            "section": claim.section,
            "caption": claim.caption,
            "predicted": verdict.predicted,
            "measured": verdict.measured,
            "holds": verdict.holds,
            "checks": [asdict(check) for check in verdict.checks],
            "findings": verdict.findings,
            "run": run,
            "settings": settings,
            "pieces": len(pieces),
            "seconds": round(sum(piece.seconds for piece in finished), 3),
        }
    )


def sealed(key: str, unsealed: dict, around: dict[str, str]) -> dict:
    """Return a row with a digest of itself and of the versions and sources that it comes from."""
    return unsealed | {"digest": _digest(_canonical([key, unsealed, around]))}


def is_sealed(key: str, candidate: dict, around: dict[str, str]) -> bool:
    """Whether a row is as it was written, by the same versions and sources."""
    unsealed = {name: value for name, value in candidate.items() if name != "digest"}
    return candidate == sealed(key, unsealed, around)


def same_json(one, other) -> bool:
    """Whether two values are the same as JSON."""
    return _canonical(one) == _canonical(other)


def read_rows(folder: Path) -> dict[str, dict]:
    """Return the rows of the claims.json in a folder; none if there is none that can be read."""
    try:
        text = (folder / RESULTS).read_text(encoding="utf-8")
        rows = json.loads(text, parse_constant=_no_number)
    except (FileNotFoundError, ValueError):
        return {}
    if not isinstance(rows, dict):
        return {}
    return {key: row for key, row in rows.items() if isinstance(row, dict)}


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def rows_text(rows: dict[str, dict]) -> str:
    """Return the text of claims.json."""
    return json.dumps(rows, indent=1, allow_nan=False, ensure_ascii=False) + "\n"


def plain(value):
    """Return a value as JSON holds it: numpy's numbers and arrays too, what is not finite null."""
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _canonical(value) -> str:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
