"""Surfaces in R^3 that tests draw, and what they read off the axes."""

import autograd.numpy as anp
import numpy as np

import riemgn as rg

TIMES = np.array([-0.5, 1.0, 2.0])


def sphere(radius=2.0):
    def outputs(w):
        ring = anp.cos(w[0])
        return radius * anp.array([ring * anp.cos(w[1]), ring * anp.sin(w[1]), anp.sin(w[0])])

    return rg.ImmersedManifold(rg.autograd_immersion(outputs, dim=2))


def torus():
    def outputs(w):
        ring = 2 + anp.cos(w[0])
        return anp.array([ring * anp.cos(w[1]), ring * anp.sin(w[1]), anp.sin(w[0])])

    return rg.ImmersedManifold(rg.autograd_immersion(outputs, dim=2))


def neuron():
    return rg.ImmersedManifold(rg.autograd_immersion(lambda w: anp.tanh(w[0] * TIMES + w[1]), 2))


def cone():
    return rg.ImmersedManifold(rg.autograd_immersion(lambda w: w[1] * anp.tanh(w[0] * TIMES), 2))


def fit():
    M = neuron()
    return rg.Problem(M, rg.SquaredLoss([-0.75, 0.45, 1.3])), M.point([-1.0, 1.3])


def drawn(line):
    """The data (m, 3) of a line in space."""
    return np.stack(line.get_data_3d(), axis=1)


def faces(ax, number=0):
    """The corners (faces, 4, 3) of a surface of the axes, by default the first one."""
    collection = ax.collections[number]
    if hasattr(collection, "_faces"):
        return np.asarray(collection._faces)
    return collection._vec[:3].T.reshape(-1, 4, 3)  # matplotlib up to 3.9


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]
