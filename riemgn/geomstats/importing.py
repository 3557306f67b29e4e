"""What importing geomstats must not change, and what it must have chosen."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unchanged_root_logger() -> Iterator[None]:
    """Put the root logger's level and handlers back as they were: geomstats sets them."""
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def require_array_backend() -> None:
    """Raise ImportError where geomstats' backend is not one of numpy's arrays."""
    import geomstats.backend as gs

    name = gs.__name__.rpartition(".")[2]
    if name not in ("numpy", "autograd"):
        raise ImportError(
            f"riemgn.geomstats works with geomstats' numpy and autograd backends, got {name}: "
            "set GEOMSTATS_BACKEND before the first import of geomstats"
        )
