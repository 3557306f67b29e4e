"""What geomstats' automatic PullbackMetric says of a network, in a process of its own.

geomstats chooses its backend when it is imported; only autograd's differentiates by itself.

python geomstats_reference.py FILE.npz INPUTS HIDDEN SAMPLES WHAT
"""

import os
import sys

import numpy as np

NAMES = ("metric", "christoffels", "second_fundamental_form", "riemann")


def network(inputs, hidden, samples):
    """Inputs, weights and the number of weights of a tanh network with one output."""
    generator = np.random.default_rng(0)
    dim = hidden * (inputs + 2) + 1
    return generator.normal(size=(samples, inputs)), generator.normal(size=dim), dim


def main(file, inputs, hidden, samples, what):
    os.environ["GEOMSTATS_BACKEND"] = "autograd"
    import geomstats.backend as gs
    from geomstats.geometry.base import ImmersedSet
    from geomstats.geometry.euclidean import Euclidean

    X, w, dim = network(inputs, hidden, samples)
    ends = np.cumsum([hidden * inputs, hidden, hidden])

    class Outputs(ImmersedSet):
        def _define_embedding_space(self):
            return Euclidean(samples)

        def immersion(self, w):
            W = gs.reshape(w[..., : ends[0]], (*w.shape[:-1], hidden, inputs))
            b, v, c = w[..., ends[0] : ends[1]], w[..., ends[1] : ends[2]], w[..., ends[2] :]
            units = gs.tanh(gs.einsum("...hd,nd->...hn", W, X) + b[..., None])
            return gs.einsum("...h,...hn->...n", v, units) + c

    metric = Outputs(dim=dim).metric
    asked = dict(
        zip(
            NAMES,
            (
                metric.metric_matrix,
                metric.christoffels,
                metric.second_fundamental_form,
                metric.covariant_riemann_tensor,
            ),
            strict=True,
        )
    )
    np.savez(file, **{name: asked[name](w) for name in what.split(",")})


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:5]), sys.argv[5])
