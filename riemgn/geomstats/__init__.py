"""An output manifold as a geomstats `ImmersedSet` with analytic derivatives.

Not imported by `import riemgn`: geomstats chooses its backend for the whole process when it is
imported, and sets up the root logger, which is put back here as it was.
"""

from riemgn.geomstats.importing import require_array_backend, unchanged_root_logger

with unchanged_root_logger():
    require_array_backend()
    from riemgn.geomstats.output_metric import OutputMetric
    from riemgn.geomstats.output_set import OutputSet

__all__ = ["OutputMetric", "OutputSet"]
