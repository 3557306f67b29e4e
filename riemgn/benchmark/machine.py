"""What a measurement ran on, in words and versions."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version

from threadpoolctl import threadpool_info

_PACKAGES = ("numpy", "scipy", "autograd", "pymanopt", "torch", "torch-levenberg-marquardt")


def machine() -> dict[str, str | int]:
    """Return the number of cores, the processor's kind as BLAS sees it, and the versions used."""
    kinds = {pool["architecture"] for pool in threadpool_info() if "architecture" in pool}
    facts: dict[str, str | int] = {
        "cores": os.cpu_count() or 1,
        "architecture": f"{platform.machine()} {'/'.join(sorted(kinds))}",
        "python": f"{platform.python_implementation()} {platform.python_version()}",
    }
    for package in _PACKAGES:
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            continue
    return facts
