"""What matplotlib draws of surfaces, and lines whose hidden parts are faint or left out.

What is hidden is found anew for each drawing, from where the axes are then seen. This module
imports matplotlib; import it where a picture is drawn.
"""

from __future__ import annotations

from copy import copy

import numpy as np
from mpl_toolkits.mplot3d import Axes3D
from mpl_toolkits.mplot3d.art3d import Line3D, Line3DCollection, Poly3DCollection

from riemgn.plotting.hidden_lines import hidden_by


class SurfaceFaces(Poly3DCollection):
    """The faces of a surface, which hide the lines behind them.

    Attributes:
        corners: (m, 4, 3).
    """

    def __init__(self, corners: np.ndarray, **look) -> None:
        super().__init__(corners, **look)
        self.corners = corners


class SpaceLine(Line3D):
    """A line or markers in space, with another look behind a surface.

    Attributes:
        behind: Options of a line that change where it is hidden.
    """

    def __init__(self, points: np.ndarray, behind: dict[str, object], **look) -> None:
        super().__init__(*points.T, **look)
        self.behind = behind

    def draw(self, renderer) -> None:
        """Draw what is seen, and over the surface what is hidden."""
        points = np.stack(self.get_data_3d(), axis=1)
        hidden = hidden_in(self.axes, points)
        if not hidden.any():
            super().draw(renderer)
            return
        seen = ~hidden
        if self.get_linestyle() != "None":  # both parts reach the edge behind which the line goes
            seen[:-1] |= ~hidden[1:]
        for shown, look in ((hidden, self.behind), (seen, {})):
            part = copy(self)
            part.set(**look)
            part.set_data_3d(*np.where(shown[:, None], points, np.nan).T)
            Line3D.draw(part, renderer)
        self.stale = False


class SurfaceLines(Line3DCollection):
    """Lines on a surface, which are not drawn where it hides them.

    Attributes:
        lines: All of them, (k, 3) each.
    """

    def __init__(self, lines: list[np.ndarray], **look) -> None:
        super().__init__(lines, **look)
        self.lines = lines

    def do_3d_projection(self) -> float:
        """Project what is seen."""
        hidden = hidden_in(self.axes, np.concatenate(self.lines))
        ends = np.cumsum([len(line) for line in self.lines])[:-1]
        pairs = zip(self.lines, np.split(hidden, ends), strict=True)
        self.set_segments([part for line, away in pairs for part in _runs(line, ~away)])
        return super().do_3d_projection()


def hidden_in(ax: Axes3D, points: np.ndarray) -> np.ndarray:
    """Return which points (k, 3) the surfaces of some axes hide as these are seen now, (k,)."""
    hidden = np.zeros(len(points), dtype=bool)
    for faces in ax.collections:
        if isinstance(faces, SurfaceFaces) and faces.get_visible():
            hidden |= hidden_by(points, faces.corners, ax.get_proj())
    return hidden


def _runs(line: np.ndarray, seen: np.ndarray) -> list[np.ndarray]:
    """Return the parts of a line (k, 3) whose points are seen, of two points and more."""
    ends = np.flatnonzero(np.diff(np.concatenate([[False], seen, [False]])))
    return [line[first:last] for first, last in ends.reshape(-1, 2) if last - first > 1]
