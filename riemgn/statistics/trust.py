"""A plain sentence on whether linear confidence intervals can be trusted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

# Curvatures times the region's radius: below the first the surface is flat over the region and its
# coordinates even, above the second neither (Bates and Watts 1980, section 2.4).
FLAT, CURVED = 0.3, 1.0

# The share of a half-width below which a profile interval agrees with the linear one.
_AGREES = 0.01


def of_curvatures(parameter_effects: float, intrinsic: float) -> str:
    """Return the judgement of scaled curvatures, the radius of the region over that of the bend."""
    sizes = f"parameter effects {parameter_effects:.2g}, intrinsic {intrinsic:.2g}"
    larger = max(parameter_effects, intrinsic)
    if larger < FLAT:
        return f"The linear intervals can be trusted: both curvatures are below {FLAT} ({sizes})."
    if larger < CURVED:
        advice = "are to be taken with caution: a curvature is"
        return f"The linear intervals {advice} between {FLAT} and {CURVED:g} ({sizes})."
    # a change of parameters leaves the intrinsic curvature as it is
    cure = "take profile intervals"
    if intrinsic < CURVED:
        cure += " or another parametrisation"
    return f"The linear intervals cannot be trusted: a curvature is above 1 ({sizes}); {cure}."


def without_curvatures() -> str:
    """Return what can be said where no curvature measures the nonlinearity of the likelihood."""
    return (
        "The linear intervals rest on the normal approximation of the likelihood, which no "
        "curvature measures here: compare the profile intervals."
    )


def of_exact_fit() -> str:
    """Return what an exact fit leaves unsaid."""
    return (
        "The fit is exact but for rounding: the noise cannot be measured from it, and standard "
        "errors and intervals say nothing."
    )


def of_idle_logits() -> str:
    """Return why a softmax of as many logits as classes leaves parameters undetermined."""
    return (
        "Softmax does not see a constant added to all logits of a row, so that those of one class "
        "are redundant: hold them at zero to have finite standard errors."
    )


def of_profiles(names: Sequence[str], linear: np.ndarray, profiled: dict[int, tuple]) -> str:
    """Return which parameter's profile interval differs most from its linear one, if any does.

    Args:
        names: Of all parameters.
        linear: Linear intervals, (p, 2), those of the profiled parameters finite.
        profiled: Profile intervals (lower, upper) by index, at least one.
    """
    shares = {j: _shift(linear[j], ends) for j, ends in profiled.items()}
    worst = max(shares, key=shares.__getitem__)
    if shares[worst] < _AGREES:
        return f"The profile intervals computed agree with the linear ones to {_AGREES:.0%}."
    (low, high), (lower, upper) = linear[worst], profiled[worst]
    if np.isinf(shares[worst]):
        measure = "is open-ended"
    else:
        measure = f"differs by {shares[worst]:.0%} of the half-width"
    return (
        f"Of the profiles computed, that of {names[worst]} departs most: [{lower:.6g}, "
        f"{upper:.6g}] against the linear [{low:.6g}, {high:.6g}], it {measure}."
    )


def of_rank(names: Sequence[str], identifiable: np.ndarray, rank: int) -> str:
    """Return which parameters the data do not determine."""
    lost = ", ".join(name for name, seen in zip(names, identifiable, strict=True) if not seen)
    return (
        f"The data do not determine {lost}: the Jacobian has rank {rank} of {len(names)}, and "
        "their standard errors are infinite."
    )


def _shift(linear: np.ndarray, ends: tuple) -> float:
    """The larger distance between ends, in half-widths of the linear interval."""
    half = 0.5 * (linear[1] - linear[0])
    moved = float(np.max(np.abs(np.asarray(ends) - linear)))
    return moved / half if half > 0 else (0.0 if moved == 0 else np.inf)
