"""Small problems with their runs, and what is read from a picture."""

import functools

import autograd.numpy as anp
import matplotlib
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

import riemgn as rg
from riemgn import plotting

TIMES = np.linspace(0, 5, 20)


def decay(w):
    return w[0] * anp.exp(-w[1] * TIMES) + w[2] * anp.exp(-w[3] * TIMES)


@functools.cache
def decay_problem():
    """Two exponentials fitted to noisy values: four parameters, twenty outputs."""
    noise = 0.3 * np.random.default_rng(0).normal(size=TIMES.size)
    M = rg.ImmersedManifold(rg.autograd_immersion(decay, dim=4))
    return rg.Problem(M, rg.SquaredLoss(decay(np.array([3.0, 1.3, 1.0, 0.3])) + noise))


@functools.cache
def decay_start():
    return decay_problem().manifold.point([1.0, 3.0, 1.0, 0.1])


@functools.cache
def decay_run(method="auto", most=100):
    return rg.minimize(
        decay_problem(), decay_start(), method=method, max_iterations=most, record_points=True
    )


@functools.cache
def decay_flow():
    return rg.gauss_newton_flow(decay_problem(), decay_start(), t_end=2.0)


@functools.cache
def wide_problem():
    """A network with more weights than outputs, a start, and a run that interpolates."""
    draws = np.random.default_rng(1)
    X, y = draws.normal(size=(8, 2)), draws.normal(size=8)
    net = rg.Network([2, 10, 1])
    w = net.init(seed=0)
    M = rg.OutputManifold(net.centred(w), X)
    problem = rg.Problem(M, rg.SquaredLoss(y))
    x = M.point(w)
    return problem, x, rg.minimize(problem, x, record_points=True)


def blank():
    return Figure().subplots()


def lines(axes):
    """The lines that have a label, by it."""
    return {line.get_label(): line for line in axes.lines if line.get_label()[0] != "_"}


def legend(axes):
    """The texts of a legend, each in one line."""
    box = axes.get_legend()
    return [] if box is None else [" ".join(t.get_text().split()) for t in box.get_texts()]


def contrast(one, other):
    """The ratio of luminances of WCAG 2.1."""

    def luminance(colour):
        rgb = np.array(matplotlib.colors.to_rgb(colour))
        linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
        return linear @ [0.2126, 0.7152, 0.0722]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def themes():
    return {
        "light": plotting.theme("light"),
        "dark": plotting.theme("dark"),
        "matplotlib's": plt.style.context("dark_background"),
    }
