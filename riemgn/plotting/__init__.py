"""Pictures: one function each, on matplotlib axes given or new."""

from riemgn.plotting.fits import loss_figure, unit
from riemgn.plotting.flows import flow_figure
from riemgn.plotting.style import theme
from riemgn.plotting.walks import Walk, walk

__all__ = ["Walk", "flow_figure", "loss_figure", "theme", "unit", "walk"]
