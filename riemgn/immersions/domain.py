"""A pymanopt manifold embedded in R^p in flat coordinates: where parameters may live."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from pymanopt.manifolds import Product
from pymanopt.manifolds.manifold import Manifold, RiemannianSubmanifold

from riemgn.arguments import as_array, real_array, vector

# How far parameters may miss the domain, relative to their length in each of its factors: up to the
# one they are taken as they are, up to the other they are put on it.
_ROUNDING = 1e-13
_NEAR = 1e-8

_MOST_APPROACHES = 30

# The length of an imaginary step: its square vanishes beside 1, the step itself does not.
_IMAGINARY = 1e-20

# The agreement asked of laws that hold exactly, and of a derivative with a coarse difference.
_EXACT = 1e-10
_ALIKE = 1e-5

# Weights of the central difference of sixth order, by distance in steps.
_STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))
_STEP = 1e-2


class Domain:
    """A Riemannian submanifold D of R^p, whose points are flat vectors (p,).

    P_w is the orthogonal projection on the tangent space at w. Its derivative along a tangent
    vector holds D's second fundamental form and its Weingarten map, and is the second derivative of
    the closest-point map (docs/theory.md, section 2).

    Args:
        manifold: A pymanopt manifold with the metric of the arrays that are its points (Sphere,
            Oblique, Stiefel, Euclidean, ...), or a Product of such.
        size: p, the number of entries of a point.

    Raises:
        TypeError: It is no pymanopt manifold.
        ValueError: Its points have another number of entries, or are no real arrays; or its metric
            or its projection is not that of these arrays, as for quotient manifolds.
    """

    def __init__(self, manifold: Manifold, size: int) -> None:
        if not isinstance(manifold, Manifold):
            raise TypeError(
                f"domain must be a pymanopt manifold, got {type(manifold).__name__}"
                + (" (the class: make an instance)" if isinstance(manifold, type) else "")
            )
        self.manifold = manifold
        self._is_product = isinstance(manifold, Product)
        _require_arrays(manifold)
        generator = np.random.default_rng(0)
        point = self._random(generator)
        self._shapes = [np.shape(part) for part in self._parts(point)]
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in self._shapes)]).tolist()
        self._slices = [slice(start, end) for start, end in pairwise(ends)]
        self.size = ends[-1]
        if self.size != size:
            raise ValueError(
                f"domain has points of {self.size} entries ({manifold}), "
                f"the immersion has {size} parameters"
            )
        self._require_embedded(self._flat(point), generator)

    @property
    def dim(self) -> int:
        """The dimension of D."""
        return int(self.manifold.dim)

    def __repr__(self) -> str:
        return str(self.manifold)

    # Points

    def own(self, w: np.ndarray):
        """Return a flat vector in the manifold's own form: an array, or a list of arrays."""
        if not self._is_product:
            return w.reshape(self._shapes[0])
        return [w[k].reshape(shape) for k, shape in zip(self._slices, self._shapes, strict=True)]

    def point(self, given) -> np.ndarray:
        """Return a point (p,), given flat or in the manifold's own form, put exactly on D.

        Raises:
            ValueError: `given` has another shape, is not finite, or misses D by more than 1e-8 of
                its length.
            TypeError: It is not real.
        """
        w = self._flattened(given)
        found = self.nearest(w)
        missed = self._distance(w, found)
        if not missed <= _NEAR:
            raise ValueError(
                f"params must lie on the domain ({self}), they miss it by {missed:.1e} of their "
                f"length; {_NEAR:g} is allowed"
            )
        return found

    def nearest(self, w: np.ndarray) -> np.ndarray:
        """Return the point of D closest to a vector (p,) near it: w itself if it is on D."""
        with np.errstate(all="ignore"):
            found = self._retracted(w, np.zeros(w.size))
            if self._distance(w, found) <= _ROUNDING:
                return w
            for _ in range(_MOST_APPROACHES):
                found, before = self._approached(found, w), found
                if self._distance(before, found) <= _ROUNDING:
                    break
            return found

    def random(self, generator: np.random.Generator) -> np.ndarray:
        """Return a random point (p,), as the manifold draws it."""
        return self._flat(self._random(generator))

    # Moving about

    def moved(self, w: np.ndarray, step: np.ndarray) -> np.ndarray:
        """Return the point (p,) to which the tangent part xi of a step leads, by a retraction.

        The manifold's own retraction leads towards w + xi, and a second time from where it arrived:
        the result is the point nearest to w + xi up to order four, so that the retraction is of
        order 2 even where the manifold's own is of order 1.
        """
        with np.errstate(all="ignore"):
            target = w + self.projection(w, step)
            if not np.all(np.isfinite(target)):
                return target
            return self._approached(self._approached(w, target), target)

    def _approached(self, w: np.ndarray, target: np.ndarray) -> np.ndarray:
        return self._retracted(w, self.projection(w, target - w))

    def _retracted(self, w: np.ndarray, xi: np.ndarray) -> np.ndarray:
        return self._flat(self.manifold.retraction(self.own(w), self.own(xi)))

    # The projection and its derivative

    def projection(self, w: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return P_w v, (p,).

        It is taken twice: where v is nearly normal the first one leaves rounding in the normal
        space, which would count towards the rank of a Jacobian.
        """
        point = self.own(w)
        once = self.manifold.projection(point, self.own(v))
        return self._flat(self.manifold.projection(point, once))

    def projector(self, w: np.ndarray) -> np.ndarray:
        """Return the matrix of P_w, (p, p)."""
        return np.stack([self.projection(w, e) for e in np.eye(w.size)])

    def turn(self, w: np.ndarray, xi: np.ndarray, v: np.ndarray) -> np.ndarray:
        """Return the derivative of P_w v along a tangent vector xi, (p,).

        It is II(xi, v) for a tangent v, and the Weingarten map of a normal one. It is exact to
        rounding where the manifold's formula for the projection continues to complex points, as
        those of pymanopt do; otherwise a difference of sixth order, with an error of about 1e-10.
        """
        length = np.linalg.norm(xi)
        if length == 0:
            return np.zeros(w.size)
        along = xi / length
        return length * (self._turn(w, along, v) if np.any(v) else v)

    def _continued_turn(self, w: np.ndarray, xi: np.ndarray, v: np.ndarray) -> np.ndarray:
        point = self.own(w + 1j * _IMAGINARY * xi)
        return np.imag(self._flat(self.manifold.projection(point, self.own(v)))) / _IMAGINARY

    def _differenced_turn(self, w: np.ndarray, xi: np.ndarray, v: np.ndarray) -> np.ndarray:
        h = _STEP * float(np.max(np.abs(w))) or _STEP

        def projected(steps: int) -> np.ndarray:
            return self.projection(self._retracted(w, steps * h * xi), v)

        return sum(a * (projected(k) - projected(-k)) for k, a in _STENCIL) / h

    # The manifold's own form

    def _parts(self, point) -> Sequence:
        return point if self._is_product else [point]

    def _flat(self, point) -> np.ndarray:
        if not self._is_product:
            return np.ravel(point)
        return np.concatenate([np.ravel(part) for part in point])

    def _flattened(self, given) -> np.ndarray:
        if self._is_product and isinstance(given, (list, tuple)):
            if len(given) == len(self._shapes) and any(np.ndim(part) for part in given):
                return np.concatenate(
                    [_shaped(*pair) for pair in zip(given, self._shapes, strict=True)]
                )
        elif not self._is_product and np.shape(as_array("params", given)) == self._shapes[0]:
            return _shaped(given, self._shapes[0])
        return vector("params", given, self.size)

    def _random(self, generator: np.random.Generator):
        """The manifold's own random point, which draws from numpy's global state."""
        state = np.random.get_state()  # noqa: NPY002
        try:
            np.random.seed(generator.integers(2**32))  # noqa: NPY002
            return self.manifold.random_point()
        finally:
            np.random.set_state(state)  # noqa: NPY002

    def _distance(self, w: np.ndarray, other: np.ndarray) -> float:
        """The distance of two vectors relative to w's length, in the factor where it is largest."""
        gap, tiny = other - w, np.finfo(np.float64).tiny
        shares = [np.linalg.norm(gap[k]) / max(np.linalg.norm(w[k]), tiny) for k in self._slices]
        return float(np.max(shares))  # NaN if one is

    # What a domain must be

    def _require_embedded(self, w: np.ndarray, generator: np.random.Generator) -> None:
        if w.dtype != np.float64:
            raise ValueError(f"domain must have real points, those of {self} are {w.dtype}")
        a, b = (self._tangent(w, generator) for _ in range(2))
        v = generator.normal(size=w.size)
        again = self._flat(self.manifold.projection(self.own(w), self.own(a)))
        inner = self.manifold.inner_product(self.own(w), self.own(a), self.own(b))
        laws = (
            ("its projection is not idempotent", again, a),
            ("its projection is not orthogonal", self.projection(w, v) @ a, v @ a),
            ("its metric is not the dot product", inner, a @ b),
        )
        for law, got, wanted in laws:
            if not np.allclose(got, wanted, rtol=0, atol=_EXACT * (1 + np.linalg.norm(v))):
                raise ValueError(
                    f"domain must be a Riemannian submanifold of a space of arrays, {self} is "
                    f"none: {law}"
                )
        self._turn = self._differenced_turn
        if self._continues(w, a, v):
            self._turn = self._continued_turn

    def _tangent(self, w: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        v = generator.normal(size=w.size)
        return self._flat(self.manifold.projection(self.own(w), self.own(v)))

    def _continues(self, w: np.ndarray, xi: np.ndarray, v: np.ndarray) -> bool:
        """Whether the formula of the projection continues to complex points."""
        differenced = self._differenced_turn(w, xi, v)
        try:
            continued = self._continued_turn(w, xi, v)
        except (TypeError, ValueError, ArithmeticError):
            return False
        size = max(float(np.linalg.norm(differenced)), 1.0)
        return bool(np.linalg.norm(continued - differenced) <= _ALIKE * size)


def _require_arrays(manifold: Manifold) -> None:
    """Raise where points are no arrays, or D is no submanifold by its own account."""
    factors = manifold.manifolds if isinstance(manifold, Product) else (manifold,)
    for factor in factors:
        if not isinstance(factor, RiemannianSubmanifold) or factor.point_layout != 1:
            raise ValueError(
                "domain must be a Riemannian submanifold of a space of arrays (Sphere, Oblique, "
                f"Stiefel, Euclidean, ...) or a Product of such, got {factor}"
            )


def _shaped(part, shape: tuple[int, ...]) -> np.ndarray:
    array = real_array("params", part, ndim=len(shape))
    if array.shape != shape:
        raise ValueError(f"params must have a part of shape {shape} here, got {array.shape}")
    return array.ravel()
