"""A survey of a point: what can be said about the geometry of an output manifold there."""

from riemgn.surveying.entry import survey
from riemgn.surveying.result import Survey

__all__ = ["Survey", "survey"]
