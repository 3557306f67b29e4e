"""Draw the README's figure, for light and for dark pages: `python docs/figures/surface.py`.

A neuron tanh(a t + b) with two weights, seen at three samples t, sweeps out a surface in R^3.
Gauss-Newton descends on it by the steepest way to the point next to the target. Gradient descent
in the weights first runs into a corner, where the neuron saturates.
"""

from io import BytesIO
from pathlib import Path

import autograd.numpy as anp
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

import riemgn as rg
from riemgn.plotting import surface_with_paths, theme

SIZE = (7.2, 5.6)  # inches
DPI = 220
FILES = {"light": "surface.png", "dark": "surface-dark.png"}


def problem() -> tuple[rg.Problem, rg.Point]:
    """Return the fit and its start."""
    t = np.array([-0.5, 1.0, 2.0])
    neuron = rg.autograd_immersion(lambda w: anp.tanh(w[0] * t + w[1]), dim=2)
    M = rg.ImmersedManifold(neuron)
    return rg.Problem(M, rg.SquaredLoss([-0.75, 0.45, 1.3])), M.point([-1.0, 1.3])


def figure(name: str) -> Figure:
    """Return the figure for a theme."""
    fit, start = problem()
    with theme(name):
        drawn = plt.figure(figsize=SIZE, layout="constrained")
        ax = drawn.add_subplot(projection="3d")
        surface_with_paths(fit, start, ax, resolution=90)
        drawn.canvas.draw()
    return drawn


def save(drawn: Figure, path: Path) -> None:
    """Write a figure with each part of a colour in steps of three, which takes fewer bytes."""
    whole = BytesIO()
    drawn.savefig(whole, dpi=DPI, facecolor=drawn.get_facecolor())
    image = Image.open(whole).convert("RGB")
    image.point([3 * round(part / 3) for part in range(256)] * 3).save(path, optimize=True)


def main(folder: Path = Path(__file__).parent) -> None:
    """Write the figures into a folder, by default beside this file."""
    plt.switch_backend("Agg")
    for name, file in FILES.items():
        drawn = figure(name)
        save(drawn, folder / file)
        plt.close(drawn)


if __name__ == "__main__":
    main()
