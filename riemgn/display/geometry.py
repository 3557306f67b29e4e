"""Points, manifolds, maps and networks in a notebook."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from riemgn.display.numbers import first_entries, number, space
from riemgn.markup import Markup, card

if TYPE_CHECKING:
    from riemgn.immersions import Immersion
    from riemgn.manifolds import ImmersedManifold, Point
    from riemgn.manifolds.submanifold import Submanifold
    from riemgn.networks import Network


def point_card(point: Point) -> str:
    """Return a point's outputs and, where its Jacobian is factorised already, its rank."""
    u = point.outputs
    rows: list[tuple[str, object]] = [
        ("outputs u", _vector_in(u.size)),
        ("parameters w", _vector_in(point.params.size)),
    ]
    endless = int(np.count_nonzero(~np.isfinite(u)))
    if endless:
        rows.append(("not finite", f"{endless} of {u.size} outputs"))
    with np.errstate(all="ignore"):
        rows.append(("|u|", number(float(np.linalg.norm(u)))))
    rows.append(("u", first_entries(u)))
    known = vars(point)
    if "factor" in known:
        rows.append(("rank", str(point.rank)))
    if "condition_number" in known:
        rows.append(("condition number", number(point.condition_number, 4)))
    return card("Point", rows)


def manifold_card(manifold: Submanifold) -> str:
    """Return a manifold's dimensions and choices."""
    immersion = manifold.immersion
    n, freedom = outputs_of(immersion), immersion.degrees_of_freedom
    rows = [
        ("kind", _kind(n, freedom)),
        ("outputs n", "not known" if n is None else str(n)),
        ("parameters p", str(immersion.dim)),
        ("dimension", f"min(n, {freedom})" if n is None else str(min(n, freedom))),
        ("metric", repr(manifold.metric)),
        *_retraction(manifold),
        *_domain(immersion),
        _source(manifold),
    ]
    return card(type(manifold).__name__, rows)


def outputs_of(immersion: Immersion) -> int | None:
    """Return the number n of outputs, by an evaluation if nothing else tells; None if it fails."""
    try:
        return immersion.ambient_dim
    except Exception:  # whatever a user's function raises: what is displayed is not being used
        return None


def _kind(n: int | None, freedom: int) -> Markup:
    """Return what the image of an immersion is, for n outputs and so many degrees of freedom."""
    if n is None:
        return Markup(f"image of dimension at most {freedom}")
    kind = "open subset" if freedom >= n else f"{freedom}-dimensional submanifold"
    return Markup(f"{kind} of {space(n)}")


def immersion_card(immersion: Immersion) -> str:
    """Return a map's dimensions, and what it is."""
    n = immersion.known_ambient_dim
    rows = [
        ("from", space(immersion.dim)),
        ("to", space("n" if n is None else n)),
        *_domain(immersion),
        ("map", _described(immersion)),
    ]
    return card(type(immersion).__name__, rows)


def network_card(network: Network) -> str:
    """Return a network's layers and its parameters."""
    inputs, *hidden, outputs = network.widths
    rows = [
        ("inputs", str(inputs)),
        ("hidden layers", ", ".join(map(str, hidden)) or "none"),
        ("outputs", str(outputs)),
        ("activation", network.activation.name),
        ("parameters p", str(network.dim)),
    ]
    if network.scale != 1:
        rows.append(("scale", number(network.scale)))
    if network.reference is not None:
        rows.append(("centred", "outputs are zero at its reference"))
    return card("Network", rows)


def _vector_in(size: int) -> Markup:
    return Markup(f"in {space(size)}")


def _retraction(manifold: Submanifold | ImmersedManifold) -> list[tuple[str, str]]:
    name = getattr(manifold, "retraction_name", None)  # a manifold to first order has none
    if name is None:
        return []
    order = manifold.retraction_order
    told = "exact" if order == np.inf else f"order {order:g}"
    return [("retraction", f"{name} ({told})")]


def _domain(immersion: Immersion) -> list[tuple[str, str]]:
    return [] if immersion.domain is None else [("parameters live on", repr(immersion.domain))]


def _source(manifold: Submanifold) -> tuple[str, str]:
    network = getattr(manifold, "network", None)
    if network is not None:
        return "network", repr(network)
    return "map", _described(manifold.immersion)


def _described(immersion: Immersion) -> str:
    network = getattr(immersion, "network", None)
    return repr(immersion if network is None else network)
