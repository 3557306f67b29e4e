"""Automatic differentiation for one thread at a time.

autograd numbers its nested traces with one counter for the whole process: where two threads trace
at once, a derivative of a derivative may be taken with respect to the wrong variable. The filters
of `warnings` belong to the process too.
"""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_LOCK = threading.RLock()


@contextmanager
def traced_alone() -> Iterator[None]:
    """Keep every other thread from tracing meanwhile; also a decorator."""
    with _LOCK:
        yield


@contextmanager
def constant_derivatives() -> Iterator[None]:
    """Keep autograd from warning of a derivative that is constant in w, as a linear map's is."""
    with _LOCK, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Output seems independent of input")
        yield
