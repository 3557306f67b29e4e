"""Pictures, one function each, on matplotlib axes given or new; and the look that they share.

`comparison_figure`, `flow_figure` and `loss_figure` return a figure of several panels, the two
interactive surfaces one of plotly's. The colours are M. Okabe and K. Ito's, in `COLOURS`.
"""

from riemgn.plotting.agreement import predictions
from riemgn.plotting.comparisons import comparison_curve, comparison_figure
from riemgn.plotting.components import principal_components
from riemgn.plotting.curvature import curvature_profile, principal_curvatures
from riemgn.plotting.curves import (
    damping_curve,
    gradient_norm_curve,
    least_eigenvalue_curve,
    loss_curve,
    tangent_cosine_curve,
)
from riemgn.plotting.fits import fit_curve, loss_figure, ridge_curve, unit
from riemgn.plotting.flows import flow_figure
from riemgn.plotting.interactive import interactive_surface, interactive_surface_with_paths
from riemgn.plotting.marks import mark, target
from riemgn.plotting.meshes import SurfaceMesh, surface_mesh
from riemgn.plotting.paths import geodesic, path
from riemgn.plotting.profiles import performance_profile
from riemgn.plotting.scenes import surface_with_paths
from riemgn.plotting.slices import loss_slice
from riemgn.plotting.spectra import singular_values, spectrum_along
from riemgn.plotting.style import (
    BLUE,
    COLOURS,
    GREEN,
    MUTED,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    finish,
    ink,
    theme,
)
from riemgn.plotting.surfaces import level_lines, mesh_surface, surface
from riemgn.plotting.tangents import tangent_plane
from riemgn.plotting.walks import Walk, walk, walks

__all__ = [
    "BLUE",
    "COLOURS",
    "GREEN",
    "MUTED",
    "ORANGE",
    "PURPLE",
    "SKY",
    "VERMILION",
    "SurfaceMesh",
    "Walk",
    "comparison_curve",
    "comparison_figure",
    "curvature_profile",
    "damping_curve",
    "finish",
    "fit_curve",
    "flow_figure",
    "geodesic",
    "gradient_norm_curve",
    "ink",
    "interactive_surface",
    "interactive_surface_with_paths",
    "least_eigenvalue_curve",
    "level_lines",
    "loss_curve",
    "loss_figure",
    "loss_slice",
    "mark",
    "mesh_surface",
    "path",
    "performance_profile",
    "predictions",
    "principal_components",
    "principal_curvatures",
    "ridge_curve",
    "singular_values",
    "spectrum_along",
    "surface",
    "surface_mesh",
    "surface_with_paths",
    "tangent_cosine_curve",
    "tangent_plane",
    "target",
    "theme",
    "unit",
    "walk",
    "walks",
]
