"""Checkpoint files: one .npz with arrays as they are and everything else as JSON inside.

They load with `numpy.load(path, allow_pickle=False)`: `description`, a JSON text, and the arrays,
all of them float64 or, for counts, int64.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np

from riemgn.files import written_whole

FORMAT = "riemgn checkpoint"
VERSION = 1

# The key that stands in the JSON for an array beside it.
_ARRAY = "array"


def write_parts(path: Path, content: dict, arrays: dict[str, np.ndarray]) -> None:
    """Write a nested dict, in which arrays may stand too, and named arrays; whole or not at all.

    Raises:
        OSError: The file cannot be written; what was there before is there still.
    """
    from riemgn import __version__

    inner: dict[str, np.ndarray] = {}

    def beside(array: np.ndarray) -> dict[str, str]:
        name = f"memory {len(inner)}"
        inner[name] = array
        return {_ARRAY: name}

    head = {"format": FORMAT, "version": VERSION, "riemgn": __version__, "dtype": "float64"}
    description = json.dumps({**head, **content}, default=beside)
    content_bytes = io.BytesIO()  # so that a full disk meets one plain write
    np.savez(content_bytes, description=np.array(description), **arrays, **inner)
    with written_whole(path) as [draft]:
        draft.write_bytes(content_bytes.getbuffer())


def read_parts(path: Path) -> tuple[dict, dict[str, np.ndarray]]:
    """Return what `write_parts` wrote; nothing in the file is executed.

    Raises:
        FileNotFoundError: There is no such file.
        OSError: It cannot be read.
        ValueError: It is no checkpoint, a damaged one, or one of another format or dtype.
    """
    arrays = _arrays(_content(path), path)
    description = json.loads(str(arrays["description"]))
    if description.get("version") != VERSION:
        raise ValueError(
            f"path {path} is of checkpoint format {description.get('version')}, this version of "
            f"riemgn reads {VERSION}"
        )
    numbers = {name: array for name, array in arrays.items() if name != "description"}
    others = {str(array.dtype) for array in numbers.values()} - {"float64", "int64"}
    if others or description.get("dtype") != "float64":
        found = ", ".join(sorted(others)) or description.get("dtype")
        raise ValueError(f"path {path} is a checkpoint in {found}, riemgn computes in float64")
    return _with_arrays(description, numbers), numbers


def is_checkpoint(path: Path) -> bool:
    """Whether a file is a checkpoint of riemgn's, of whatever version."""
    try:
        _arrays(path.read_bytes(), path)
    except ValueError:
        return False
    return True


def _content(path: Path) -> bytes:
    if path.is_dir():
        raise ValueError(f"path must be a checkpoint file, got the folder {path}")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise FileNotFoundError(f"path: there is no checkpoint file {path}") from None


def _arrays(content: bytes, path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an archive whose description is that of a checkpoint.

    Raises:
        ValueError: It is none, or is damaged.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        known = json.loads(str(arrays["description"]))["format"] == FORMAT
    except Exception:  # whatever a damaged archive makes zipfile, numpy and json raise
        known = False
    if not known:
        raise ValueError(f"path {path} is no checkpoint of riemgn's, or a damaged one")
    return arrays


def _with_arrays(part, arrays: dict[str, np.ndarray]):
    """Return a part of the description with its arrays in their places."""
    if not isinstance(part, dict):
        return part
    if part.keys() == {_ARRAY}:
        return arrays.get(part[_ARRAY])
    return {name: _with_arrays(value, arrays) for name, value in part.items()}
