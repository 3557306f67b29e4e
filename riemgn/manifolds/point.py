"""A point of an output manifold: the output vector, which knows the parameters it came from."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from autograd.extend import VSpace
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vspaces import ArrayVSpace
from numpy.lib.mixins import NDArrayOperatorsMixin

from riemgn.display import point_card
from riemgn.immersions import Jet
from riemgn.linalg import Factor, factorise, seen_through
from riemgn.manifolds.metrics import AmbientMetric
from riemgn.manifolds.sight import Sight


class Point(NDArrayOperatorsMixin):
    """A point u = f(w) of an output manifold.

    To numpy and autograd it is its outputs, an array of shape (n,): arithmetic with it gives plain
    arrays. It also holds the parameters w, and its Jacobian's factorisation, made on first use.
    """

    __array_priority__ = 10.0

    def __init__(self, jet: Jet) -> None:
        self.jet = jet

    @property
    def params(self) -> np.ndarray:
        """The parameters w, (p,), read-only."""
        return self.jet.params

    @property
    def outputs(self) -> np.ndarray:
        """The outputs u = f(w), (n,), read-only."""
        return self.jet.outputs

    @property
    def jacobian(self) -> np.ndarray:
        """J = Df(w), (n, p), read-only."""
        J = self.jet.jacobian().view()
        J.flags.writeable = False
        return J

    @cached_property
    def factor(self) -> Factor:
        """The factorisation of the Jacobian (`riemgn.linalg.factorise`)."""
        return self.jet.factor()

    def seen_in(self, metric: AmbientMetric) -> Sight:
        """Return the Jacobian as a metric sees it; the one of the latest metric is kept."""
        kept = self.__dict__.get("_seen")
        if kept is None or kept[0] is not metric:
            root = metric.root(self.outputs)
            B = seen_through(self.jet, root)
            factor = self.factor if root.is_identity else factorise(B)
            kept = self._seen = (metric, Sight(self.jet, root, factor))
        return kept[1]

    def bare(self) -> Point:
        """Return the same point without its factorisation and Jacobian, to keep at little cost."""
        return Point(self.jet.immersion.at(self.params))

    @property
    def rank(self) -> int:
        """The numerical rank of the Jacobian: the dimension of the tangent space here."""
        return self.factor.rank

    @cached_property
    def condition_number(self) -> float:
        """The condition number of the Jacobian on its rank."""
        return self.factor.condition_number

    @property
    def is_finite(self) -> bool:
        """Whether all outputs are finite; a step may have left the domain of f."""
        return self.jet.is_finite

    # What makes it an array.

    @property
    def shape(self) -> tuple[int]:
        """(n,)."""
        return self.outputs.shape

    @property
    def dtype(self) -> np.dtype:
        """float64."""
        return self.outputs.dtype

    @property
    def ndim(self) -> int:
        """1."""
        return 1

    @property
    def size(self) -> int:
        """The number of outputs n."""
        return self.outputs.size

    def __len__(self) -> int:
        return self.outputs.size

    def __getitem__(self, index):
        return self.outputs[index]

    def __iter__(self):
        return iter(self.outputs)

    def __bool__(self) -> bool:
        return bool(self.outputs)

    def __getattr__(self, name: str):
        # the rest of an array's interface: sum, dot, copy, T, ...
        if name.startswith("_") or name == "jet":
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return getattr(self.outputs, name)

    def __array__(self, dtype=None, copy=None) -> np.ndarray:
        if copy is None and dtype in (None, self.dtype):
            return self.outputs
        if copy is False and dtype not in (None, self.dtype):
            raise ValueError(f"a point's outputs are {self.dtype}; as {dtype} they need a copy")
        return np.array(self.outputs, dtype=dtype, copy=copy is not False)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if any(isinstance(target, Point) for target in kwargs.get("out", ())):
            raise TypeError("a point cannot be written to: move it with a retraction")
        arrays = [np.asarray(a) if isinstance(a, Point) else a for a in inputs]
        return getattr(ufunc, method)(*arrays, **kwargs)

    def __repr__(self) -> str:
        n, p = self.jet.shape
        known = f", rank {self.rank}" if "factor" in self.__dict__ else ""
        wild = "" if self.is_finite else ", not finite"
        return f"Point(u in R^{n}, w in R^{p}{known}{wild})"

    def _repr_html_(self) -> str:
        return point_card(self)


# autograd then treats a point as it treats an array.
ArrayBox.register(Point)
VSpace.register(Point, lambda point: ArrayVSpace(point.outputs))
