"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(*paths: str | Path) -> Iterator[list[Path]]:
    """Give a temporary name beside each path; move all into place at the end, or remove them.

    The temporary names keep the suffix, by which some writers choose the format. What was written
    reaches the disk before it is moved, so that no crash leaves half a file behind.
    """
    targets = [Path(path) for path in paths]
    drafts = [t.with_name(f".{t.stem}.{os.getpid()}.part{t.suffix}") for t in targets]
    try:
        yield drafts
        for draft in drafts:
            _flush(draft)
        for draft, target in zip(drafts, targets, strict=True):
            os.replace(draft, target)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def write_all(folder: Path, contents: Mapping[str, bytes]) -> list[Path]:
    """Write files into a folder, all of them or none, and return their paths.

    Args:
        folder: Is made if it does not exist.
        contents: Of each file, by its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / name for name in contents]
    with written_whole(*paths) as drafts:
        for draft, content in zip(drafts, contents.values(), strict=True):
            draft.write_bytes(content)
    return paths


def remove_drafts(path: str | Path) -> None:
    """Remove what writers of `path` that were killed have left beside it."""
    path = Path(path)
    of_path = re.compile(rf"\.{re.escape(path.stem)}\.\d+\.part{re.escape(path.suffix)}")
    for neighbour in path.parent.iterdir():
        if of_path.fullmatch(neighbour.name):
            neighbour.unlink(missing_ok=True)


def _flush(draft: Path) -> None:
    with open(draft, "rb+") as file:
        os.fsync(file.fileno())
