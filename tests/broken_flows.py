"""Flows that are not the Gauss-Newton flow and look like it: no claim may pass for them."""

from dataclasses import replace

import numpy as np

import riemgn as rg


def at_speed(factor):
    """The same curve at another speed, which has one rate at every condition number too."""

    def flow(problem, point, t_end, times, **options):
        path = rg.gauss_newton_flow(
            problem, point, t_end * factor, times=factor * np.asarray(times), **options
        )
        return replace(path, times=path.times / factor)

    return flow


def time_average(problem, point, t_end, **options):
    """The flow whose parameters are averaged over time, with their outputs and losses."""
    path = rg.gauss_newton_flow(problem, point, t_end, **options)
    steps = np.diff(path.times)[:, None]
    area = np.cumsum(steps * (path.params[1:] + path.params[:-1]) / 2, axis=0)
    params = np.vstack([path.params[:1], area / path.times[1:, None]])
    points = [problem.manifold.point(w) for w in params]
    return replace(
        path,
        params=params,
        outputs=np.array([point.outputs for point in points]),
        losses=np.array([problem.cost(point) for point in points]),
    )
