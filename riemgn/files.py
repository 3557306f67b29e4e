"""Files that are written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(*paths: str | Path) -> Iterator[list[Path]]:
    """Give a temporary name beside each path; move all into place at the end, or remove them.

    The temporary names keep the suffix, by which some writers choose the format.
    """
    targets = [Path(path) for path in paths]
    drafts = [t.with_name(f".{t.stem}.{os.getpid()}.part{t.suffix}") for t in targets]
    try:
        yield drafts
        for draft, target in zip(drafts, targets, strict=True):
            os.replace(draft, target)
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)
