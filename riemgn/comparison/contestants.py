"""What is compared, and from where: labelled methods, and starts by their seeds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral

import numpy as np

from riemgn.arguments import integer, told
from riemgn.manifolds import Point
from riemgn.minimization import METHODS, Method, descent_by
from riemgn.optimizers.starts import belonging
from riemgn.problem import Problem

Methods = Sequence[Method] | Mapping[str, Method]
Starts = Point | Sequence[Point] | Callable[[int], Point] | None


def labelled(methods: Methods) -> dict[str, Method]:
    """Return methods by their labels: a name, the class of an instance, or the mapping's own.

    Raises:
        TypeError: There is something else among them.
        ValueError: A name is unknown or given twice, or there is none.
    """
    if isinstance(methods, str) or not isinstance(methods, (Mapping, Sequence)):
        raise TypeError(f"methods must be a list or a mapping of methods, got {told(methods)}")
    if not methods:
        raise ValueError("methods must hold at least one method, got none")
    if isinstance(methods, Mapping):
        named = {_label(label): method for label, method in methods.items()}
    else:
        named = {}
        for method in methods:
            named[_free_label(method, named)] = method
    for method in named.values():
        _check(method)
    return named


def starts(problem: Problem, x: Starts, seeds: int | Sequence[int] | None) -> dict[int, np.ndarray]:
    """Return the parameters (p,) of every start by its seed.

    Args:
        problem: The problem.
        x: A point; a sequence of points, whose seeds are their numbers; a function of a seed that
            returns a point; None for the manifold's random points.
        seeds: How many, or which; None is seed 0 alone.

    Raises:
        TypeError: An argument is of another type.
        ValueError: Seeds are not wanted, given twice, negative or none; or a point belongs to
            another manifold.
    """
    if isinstance(x, Point) or (isinstance(x, Sequence) and not isinstance(x, str)):
        if seeds is not None:
            raise ValueError(
                f"seeds must be left out where x holds the starts, got {told(seeds)}; they choose "
                "among those of x as a function of a seed, or None"
            )
        given = dict(enumerate([x] if isinstance(x, Point) else x))
        if not given:
            raise ValueError("x must hold at least one point, got none")
    elif x is None or callable(x):
        start_of = problem.manifold.random_point if x is None else x
        given = {seed: start_of(seed) for seed in _seeds(seeds)}
    else:
        raise TypeError(
            f"x must be a point, a sequence of points or a function of a seed, got {told(x)}"
        )
    return {seed: belonging(problem, _point(point), "x").params for seed, point in given.items()}


def _seeds(seeds: int | Sequence[int] | None) -> list[int]:
    if seeds is None:
        return [0]
    if isinstance(seeds, Integral):
        return list(range(integer("seeds", seeds)))
    try:
        listed = [integer("seeds", seed, least=0) for seed in seeds]
    except TypeError:
        raise TypeError(f"seeds must be a number or a list of seeds, got {told(seeds)}") from None
    if not listed or len(set(listed)) < len(listed):
        raise ValueError(f"seeds must be different ones, at least one, got {told(seeds)}")
    return listed


def _point(point) -> Point:
    if not isinstance(point, Point):
        raise TypeError(f"x must give points of the manifold, got {told(point)}")
    return point


def _label(label) -> str:
    if not isinstance(label, str):
        raise TypeError(f"methods must have labels that are strings, got {told(label)}")
    return label


def _free_label(method: Method, taken: dict[str, Method]) -> str:
    if isinstance(method, str):
        if method in taken:
            raise ValueError(f"methods must differ, got {method!r} twice")
        return method
    label = base = type(method).__name__
    count = 1
    while label in taken:
        count += 1
        label = f"{base} {count}"
    return label


def _check(method) -> None:
    try:
        descent_by(method)
    except TypeError as error:
        if isinstance(method, type):
            raise
        listed = ", ".join(METHODS)
        raise TypeError(
            f"methods must hold names ({listed}) or optimizers, got {told(method)}"
        ) from error
