"""The derivatives of a network on fixed inputs, in closed, batched form.

Arrays are transposed: a layer's activations are (width, samples), so that every inner loop runs
over samples, and J^T is filled as a C-ordered (p, n) array, which makes J Fortran-ordered.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from riemgn.immersions.jet import Jet
from riemgn.immersions.outputs import finite
from riemgn.immersions.propagation import Layers, propagate
from riemgn.linalg import one_blas_thread

if TYPE_CHECKING:
    from riemgn.immersions.feedforward import FeedforwardImmersion


class FeedforwardJet(Jet):
    """The jet of a network at w, from one forward pass that every derivative shares."""

    immersion: FeedforwardImmersion

    def _evaluate(self) -> np.ndarray:
        network = self.immersion.network
        self._layers = network.unflatten(self.params)
        with one_blas_thread():
            self._pass = propagate(self._layers, network.activation, self.immersion.inputs)
        raw = self._pass.pre[-1]
        if self.immersion.centre is not None:
            raw = raw - self.immersion.centre
        return network.scale * raw.T.ravel()

    @cached_property
    def _slopes(self) -> list[np.ndarray]:
        first = self.immersion.network.activation.first
        pre, post = self._pass.pre, self._pass.post
        return [first(Z, A) for Z, A in zip(pre[:-1], post[1:], strict=True)]

    @cached_property
    def _curvatures(self) -> list[np.ndarray]:
        second = self.immersion.network.activation.second
        pre, post = self._pass.pre, self._pass.post
        return [second(Z, A) for Z, A in zip(pre[:-1], post[1:], strict=True)]

    @cached_property
    def _sensitivities(self) -> list[np.ndarray]:
        """D_l, the outputs' derivatives by hidden layer l's pre-activations, (width, n) each."""
        k, scale = self.immersion.network.outputs, self.immersion.network.scale
        found: list[np.ndarray] = []
        for (W, _), slope in zip(self._layers[:0:-1], self._slopes[::-1], strict=True):
            if found:
                D = W.T @ found[-1]
                D = D.reshape(slope.shape[0], -1, k)
            else:
                D = (scale * W.T)[:, None, :]
            found.append((D * slope[:, :, None]).reshape(slope.shape[0], -1))
        return found[::-1]

    @cached_property
    def _jacobian(self) -> np.ndarray:
        network, post = self.immersion.network, self._pass.post
        rows = self.immersion.pool.take((self.shape[1], self.shape[0]))
        with np.errstate(all="ignore"), one_blas_thread():
            for l, D in enumerate(self._sensitivities):
                weights, biases = network.layer_slices[l]
                H = post[l] if network.outputs == 1 else np.repeat(post[l], network.outputs, axis=1)
                block = rows[weights].reshape(D.shape[0], H.shape[0], -1)
                np.multiply(D[:, None, :], H[None, :, :], out=block)
                rows[biases] = D
            self._fill_output_layer(rows, *network.layer_slices[-1])
            self._require_finite_factors()
        return rows.T

    def _require_finite_factors(self) -> None:
        """Raise where an entry of J, a product of a sensitivity and an activation, is not finite.

        Bounding the products reads a small part of the memory that reading J again would.
        """
        scale, post = np.array([self.immersion.network.scale]), self._pass.post
        slopes = [*self._sensitivities, scale]
        if all(math.isfinite(np.vdot(A, A)) for A in (*slopes, *post)):
            return
        for layer, (D, H) in enumerate(zip(slopes, post, strict=True), start=1):
            largest = np.abs(D).max() * max(np.abs(H).max(), 1.0)
            finite(f"the Jacobian by the weights of layer {layer}", largest, self.params)

    def _fill_output_layer(self, rows: np.ndarray, weights: slice, biases: slice) -> None:
        """Output c depends on its own row of the last layer alone."""
        k, scale, H = (
            self.immersion.network.outputs,
            self.immersion.network.scale,
            self._pass.post[-1],
        )
        if k > 1:
            rows[weights] = 0.0
            rows[biases] = 0.0
        own_weights = rows[weights].reshape(k, H.shape[0], -1, k)
        own_biases = rows[biases].reshape(k, -1, k)
        for c in range(k):
            np.multiply(scale, H, out=own_weights[c, :, :, c])
            own_biases[c, :, c] = scale

    def kernel(self) -> np.ndarray:
        network, post = self.immersion.network, self._pass.post
        k, samples, n = network.outputs, post[0].shape[1], self.shape[0]
        take = self.immersion.kernel_pool.take
        K, share, inner = take((n, n)), take((n, n)), take((samples, samples))
        by_sample = (samples, k, samples, k)
        with np.errstate(all="ignore"), one_blas_thread():
            self._fill_activation_kernel(len(post) - 1, inner)
            inner *= np.float64(network.scale) ** 2
            if k > 1:
                K[:] = 0.0
            for c in range(k):
                K.reshape(by_sample)[:, c, :, c] = inner
            for l, D in enumerate(self._sensitivities):
                np.matmul(D.T, D, out=share)
                self._fill_activation_kernel(l, inner)
                blocks = share.reshape(by_sample)
                blocks *= inner[:, None, :, None]
                K += share
        return K

    def _fill_activation_kernel(self, l: int, out: np.ndarray) -> None:
        """Write H_l^T H_l + 1, (samples, samples), of the activations that enter layer l + 1."""
        if l == 0:
            out[:] = self.immersion.input_kernel
        else:
            H = self._pass.post[l]
            np.matmul(H.T, H, out=out)
            out += 1.0

    def jvp(self, xi: np.ndarray) -> np.ndarray:
        with one_blas_thread():
            return self._flat(self._tangents(xi)[0][-1])

    def _tangents(self, xi: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Directional derivatives of every pre-activation, and of what enters every later layer."""
        directions = self.immersion.network.unflatten(xi)
        pre, post = [], []
        for l, ((W, _), (V, c)) in enumerate(zip(self._layers, directions, strict=True)):
            dZ = V @ self._pass.post[l]
            dZ += c[:, None]
            if l:
                dZ += W @ post[-1]
            pre.append(dZ)
            if l < len(self._slopes):
                post.append(self._slopes[l] * dZ)
        return pre, post

    def vjp(self, v: np.ndarray) -> np.ndarray:
        with one_blas_thread():
            return self._gradient(self._cotangents(v))

    def _cotangents(self, v: np.ndarray) -> list[np.ndarray]:
        """Derivatives of <v, f> by the pre-activations, first layer first."""
        found = [self._unflat(v)]
        for (W, _), slope in zip(self._layers[:0:-1], self._slopes[::-1], strict=True):
            found.append((W.T @ found[-1]) * slope)
        return found[::-1]

    def _gradient(self, cotangents: list[np.ndarray]) -> np.ndarray:
        q = np.empty(self.params.size)
        for (weights, biases), D, H in zip(
            self.immersion.network.layer_slices, cotangents, self._pass.post, strict=True
        ):
            q[weights] = (D @ H.T).ravel()
            q[biases] = D.sum(axis=1)
        return q

    def second_derivative(self, xi: np.ndarray, eta: np.ndarray) -> np.ndarray:
        unflatten = self.immersion.network.unflatten
        with np.errstate(all="ignore"), one_blas_thread():
            pre_xi, post_xi = self._tangents(xi)
            same = np.array_equal(xi, eta)
            pre_eta, post_eta = (pre_xi, post_xi) if same else self._tangents(eta)
            bent = None
            layers = zip(self._layers, unflatten(xi), unflatten(eta), strict=True)
            for l, ((W, _), (V_xi, _), (V_eta, _)) in enumerate(layers):
                ddZ = np.zeros_like(pre_xi[l])
                if l:
                    ddZ += W @ bent
                    ddZ += V_eta @ post_xi[l - 1]
                    ddZ += V_xi @ post_eta[l - 1]
                if l < len(self._slopes):
                    bent = self._slopes[l] * ddZ + self._curvatures[l] * (pre_xi[l] * pre_eta[l])
            return self._flat(ddZ)

    def second_derivatives(self, xi: np.ndarray, etas: np.ndarray) -> np.ndarray:
        # a turned Jacobian costs as much as a derivative along several vectors, in a wide network
        if 4 * etas.shape[1] * sum(self.immersion.network.widths[1:]) < self.params.size:
            return super().second_derivatives(xi, etas)
        with np.errstate(all="ignore"), one_blas_thread():
            return (etas.T @ self._turned_rows(xi)).T

    def _turned_rows(self, xi: np.ndarray) -> np.ndarray:
        """The derivative of J^T along xi, (p, n): that of every product which J is made of."""
        network, post = self.immersion.network, self._pass.post
        k, (pre_xi, post_xi) = network.outputs, self._tangents(xi)
        rows = np.empty((self.shape[1], self.shape[0]))
        turned = self._turned_sensitivities(network.unflatten(xi), pre_xi)
        for l, (D, dD) in enumerate(zip(self._sensitivities, turned, strict=True)):
            weights, biases = network.layer_slices[l]
            block = rows[weights].reshape(D.shape[0], post[l].shape[0], -1)
            np.multiply(dD[:, None, :], _repeated(post[l], k)[None], out=block)
            if l:
                block += D[:, None, :] * _repeated(post_xi[l - 1], k)[None]
            rows[biases] = dD
        weights, biases = network.layer_slices[-1]
        rows[weights] = rows[biases] = 0.0
        if post_xi:
            own_weights = rows[weights].reshape(k, post_xi[-1].shape[0], -1, k)
            for c in range(k):
                np.multiply(network.scale, post_xi[-1], out=own_weights[c, :, :, c])
        return rows

    def _turned_sensitivities(self, directions: Layers, pre_xi: list[np.ndarray]) -> list:
        """The derivatives of the sensitivities D_l along xi, first layer first."""
        k, scale = self.immersion.network.outputs, self.immersion.network.scale
        found: list[np.ndarray] = []
        for l in range(len(self._slopes) - 1, -1, -1):
            (W, _), (V, _) = self._layers[l + 1], directions[l + 1]
            if found:
                back = W.T @ self._sensitivities[l + 1]
                turned = V.T @ self._sensitivities[l + 1] + W.T @ found[-1]
            else:
                back, turned = (np.tile(scale * A.T, pre_xi[l].shape[1]) for A in (W, V))
            found.append(
                turned * _repeated(self._slopes[l], k)
                + back * _repeated(self._curvatures[l] * pre_xi[l], k)
            )
        return found[::-1]

    def hessian_vp(self, normal: np.ndarray, xi: np.ndarray) -> np.ndarray:
        network, post = self.immersion.network, self._pass.post
        q = np.zeros(self.params.size)
        with np.errstate(all="ignore"), one_blas_thread():
            pre_xi, post_xi = self._tangents(xi)
            directions = network.unflatten(xi)
            D, dD = self._unflat(normal), None
            for l in range(len(self._layers) - 1, -1, -1):
                weights, biases = network.layer_slices[l]
                if l:
                    q[weights] = (D @ post_xi[l - 1].T).ravel()
                if dD is not None:
                    q[weights] += (dD @ post[l].T).ravel()
                    q[biases] = dD.sum(axis=1)
                if l:
                    D, dD = self._pull_back(l, D, dD, directions[l][0], pre_xi[l - 1])
        return q

    def _pull_back(self, l: int, D, dD, V: np.ndarray, dZ: np.ndarray):
        """The cotangent of layer l and its derivative along xi, one layer down."""
        W = self._layers[l][0]
        slope, curvature = self._slopes[l - 1], self._curvatures[l - 1]
        back = W.T @ D
        turned = V.T @ D
        if dD is not None:
            turned += W.T @ dD
        return back * slope, turned * slope + back * curvature * dZ

    def _flat(self, outputs: np.ndarray) -> np.ndarray:
        return self.immersion.network.scale * outputs.T.ravel()

    def _unflat(self, v: np.ndarray) -> np.ndarray:
        k = self.immersion.network.outputs
        return np.ascontiguousarray((self.immersion.network.scale * v).reshape(-1, k).T)


def _repeated(per_sample: np.ndarray, k: int) -> np.ndarray:
    """Each column k times, (width, n): what a sample's k outputs share."""
    return per_sample if k == 1 else np.repeat(per_sample, k, axis=1)
