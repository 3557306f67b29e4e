"""What a method remembers from step to step, as plain numbers and arrays, and back again.

A run's memory is one object: `HybridNewton` itself, the damping schedule of Levenberg-Marquardt, or
the line searcher of Gauss-Newton. With the point and the history it is all that the next step
depends on, settings included.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields, is_dataclass

import numpy as np

from riemgn.optimizers.damping import Damping, GainRatio
from riemgn.optimizers.foreign import unlimited
from riemgn.optimizers.gauss_newton import GaussNewton
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.levenberg_marquardt import LevenbergMarquardt
from riemgn.optimizers.line_search import FixedStep, UnitStepBacktracking
from riemgn.optimizers.prescribed import Fixed, KernelAdaptive, KernelShifted
from riemgn.optimizers.subspace_step import SubspaceStep
from riemgn.optimizers.turns import Turns

# One of each class that a memory is made of; its attributes are what is stored of the others.
_EXAMPLES = {
    type(example).__name__: example
    for example in (
        HybridNewton(),
        SubspaceStep(),
        Turns(),
        GainRatio(),
        Fixed(1.0),
        KernelAdaptive(),
        KernelShifted(),
        UnitStepBacktracking(),
        FixedStep(),
    )
}


def memory_before(descent):
    """Return the memory with which a descent begins.

    Raises:
        ValueError: The descent is none of riemgn's own, or has a damping that is not.
    """
    if type(descent) is HybridNewton:
        memory = descent
    elif type(descent) is LevenbergMarquardt:
        memory = descent._damping
    elif type(descent) is GaussNewton:
        memory = descent._line_searcher
    else:
        raise ValueError(f"{type(descent).__name__} keeps its state to itself")
    plain(memory)  # raises where a part of it is unknown
    return memory


def descent_with(memory) -> HybridNewton | LevenbergMarquardt | GaussNewton:
    """Return the descent that goes on with a memory."""
    if isinstance(memory, HybridNewton):
        return memory
    if isinstance(memory, Damping):
        return unlimited(LevenbergMarquardt(memory))
    descent = unlimited(GaussNewton())
    descent._line_searcher = memory
    return descent


def plain(part):
    """Return a copy of a memory, or of a part of it, as nested dicts of numbers and arrays.

    Raises:
        ValueError: A part is of a class that riemgn does not know.
    """
    kind = type(part).__name__
    example = _EXAMPLES.get(kind)
    if type(part) is type(example) and example is not None:
        return {"kind": kind, **{name: plain(getattr(part, name)) for name in _names(example)}}
    if isinstance(part, np.ndarray):
        return part.copy()
    if isinstance(part, np.generic):
        return part.item()
    if part is None or isinstance(part, (bool, int, float, str)):
        return part
    raise ValueError(f"{kind} keeps its state to itself")


def recalled(part):
    """Return the memory, or the part of one, that `plain` took down.

    Raises:
        KeyError: A part is of an unknown class.
        ValueError: It has other attributes than this version of riemgn gives it.
    """
    if not isinstance(part, dict):
        return part
    example = _EXAMPLES[part["kind"]]
    attributes = {name: recalled(value) for name, value in part.items() if name != "kind"}
    if attributes.keys() != set(_names(example)):
        raise ValueError(f"a {part['kind']} of another version of riemgn")
    again = deepcopy(example)
    vars(again).update(attributes)
    return again


def _names(example) -> list[str]:
    # a dataclass sets some of its fields in its instances only once they change
    return [f.name for f in fields(example)] if is_dataclass(example) else list(vars(example))
