"""Sentences on C6, from what `riemgn.reproduction.damping` measures."""

from __future__ import annotations

import numpy as np

from riemgn.reproduction.claim import Measured
from riemgn.reproduction.paired import FIXED


def findings(parts: dict[str, list[Measured]], least: np.ndarray) -> tuple[str, ...]:
    """Return the sentences, of pieces by their part and lambda_min over the sweep."""
    sweep, cancer, deep = parts["sweep"], parts["breast_cancer"][0], parts["deep"][0]
    digits = parts["digits"][0]
    steps, logistic = values_of(sweep, "gain_ratio_steps"), parts["logistic"]
    natural, alone = (values_of(logistic, f"{name}_rate") for name in ("adaptive", "jacobian"))
    shares, speeds = (parts["rounding"][0].arrays[name] for name in ("shares", "speeds"))
    return (
        *(_curved_told(piece) for piece in parts["curved"]),
        *_distance_told(parts),
        f"With 3 hidden layers of 300 units (lambda_min {first(deep):.1e}) the rate is "
        f"{deep.arrays['adaptive_rate']:.2f} with adaptive damping and "
        f"{deep.arrays['fixed_rate']:.2f} with rho = {FIXED:g}; on 60 rows of the breast cancer "
        f"data with logistic loss (lambda_min {first(cancer):.1e} in its metric) it is "
        f"{cancer.arrays['adaptive_rate']:.2f} and {cancer.arrays['fixed_rate']:.2f}; on 60 rows "
        f"of the digits data with squared loss (lambda_min {first(digits):.1e}) it is "
        f"{digits.arrays['adaptive_rate']:.2f} and {digits.arrays['fixed_rate']:.2f}.",
        "Logistic loss with ridges "
        f"{_listed(piece.arguments['number'] for piece in logistic)}: rates "
        f"{_listed(natural)} in the loss's metric, {_listed(alone)} with the Jacobian alone.",
        "Levenberg-Marquardt with gain ratios takes "
        f"{np.min(steps):.0f} to {np.max(steps):.0f} steps to a millionth of the first gap over "
        f"{np.log10(least.max() / least.min()):.1f} decades of lambda_min.",
        "Where lambda_min sinks below rounding, n times 2e-16 of lambda_max, adaptive damping is "
        "held there and its least speed at the start falls below 1 / (1 + c): "
        f"{_listed(speeds)} at lambda_min / lambda_max = {_listed(shares)}.",
    )


def _curved_told(piece: Measured) -> str:
    sizes, arrays = piece.arguments, piece.arrays
    grown = np.max(arrays["adaptive_least_eigenvalues"]) / first(piece)
    hidden = arrays["fixed_rate"] / arrays["fixed_linear_rate"]
    return (
        f"Targets of size 1, width {sizes['width']}, distance {sizes['distance']:g}: features are "
        f"learned, lambda_min grows from {first(piece):.1e} by a factor of {grown:.3g} along the "
        f"adaptive flow (rate {arrays['adaptive_rate']:.2f}), and with rho = {FIXED:g} the rate "
        f"{arrays['fixed_rate']:.2g} is {hidden:.2g} times that of the kernel at the start."
    )


def _distance_told(parts: dict[str, list[Measured]]) -> list[str]:
    """How far the parameters move beside targets of a size, and that alpha must grow."""
    sweep = parts["sweep"]
    least, moved = least_of(sweep), values_of(sweep, "adaptive_moved")
    sizes = np.sqrt(2 * np.array([piece.arrays["adaptive_gaps"][0] for piece in sweep]))
    slope = slope_of(least, moved / sizes)
    return [
        "Per unit of the targets' norm the adaptive flow moves the parameters by "
        f"{np.min(moved / sizes):.2g} to {np.max(moved / sizes):.2g}, like lambda_min to the power "
        f"{slope:.2f}: as the damping falls with lambda_min the output scale over the size of the "
        "targets must grow for f to stay nearly linear (here like 1 / distance^2)."
    ]


def values_of(pieces: list[Measured], name: str) -> np.ndarray:
    """Return what pieces have measured under a name."""
    return np.array([piece.arrays[name] for piece in pieces])


def first(piece: Measured) -> float:
    """Return lambda_min at the start of a piece's adaptive flow."""
    return float(piece.arrays["adaptive_least_eigenvalues"][0])


def least_of(pieces: list[Measured]) -> np.ndarray:
    """Return lambda_min at the start of every piece."""
    return np.array([first(piece) for piece in pieces])


def slope_of(x: np.ndarray, y: np.ndarray) -> float:
    """Return the slope of log y over log x."""
    return float(np.polyfit(np.log10(x), np.log10(y), 1)[0])


def _listed(values) -> str:
    return ", ".join(f"{value:.2g}" for value in values)
