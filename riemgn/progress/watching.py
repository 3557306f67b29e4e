"""Whether a person watches this process, and where."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from typing import Literal

Place = Literal["terminal", "notebook"]


def watched_place() -> Place | None:
    """Return where a person watches, None where nobody does.

    Worker processes and threads beside the main one are not watched: their lines would cross those
    of the one that is. A notebook is watched if its front end would answer a question; those that
    run one unattended, such as nbclient and papermill, say that they do not.
    """
    if not _is_foremost():
        return None
    kernel = _kernel()
    if kernel is not None:
        return "notebook" if getattr(kernel, "_allow_stdin", True) else None
    stream = sys.stderr  # None in a program without a console
    return "terminal" if stream is not None and stream.isatty() else None


def is_watched() -> bool:
    """Whether a person watches a terminal or a notebook."""
    return watched_place() is not None


def _is_foremost() -> bool:
    return (
        multiprocessing.current_process().name == "MainProcess"
        and threading.current_thread() is threading.main_thread()
    )


def _kernel():
    """Return the kernel of the notebook that this process serves, or None."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return getattr(shell, "kernel", None)
