"""The kit's laws hold in any units of parameters and outputs, and still find what is wrong."""

import autograd.numpy as anp
import numpy as np
import pytest
from kit_cases import Torus, failing_laws, going_wrong, times

import riemgn as rg
from riemgn.testing import check_immersion, check_manifold

W = np.array([0.4, 0.7])
CONCENTRATIONS = np.array([0.02, 0.06, 0.11, 0.22, 0.56, 1.1])
CHRISTOFFEL = "Christoffel symbols are those of the metric"
PLANE = "sectional curvature is that of a plane"
QUICK = [CHRISTOFFEL, "exp keeps its speed", "dist is the length of a geodesic", PLANE]


def michaelis_menten():
    """The rates of an enzyme, of parameters whose sizes differ by a factor of 4000."""
    f = rg.autograd_immersion(lambda w: w[0] * CONCENTRATIONS / (w[1] + CONCENTRATIONS), dim=2)
    return f, np.array([200.0, 0.05])


def in_units(f, w, units):
    """The same map of parameters in other units, and its parameters."""
    return f.reparametrised(np.diag(units)), w / units


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_parameters_of_very_different_sizes(seed):
    f, w = michaelis_menten()
    report = check_manifold(rg.ImmersedManifold(f), w, seed=seed, laws=QUICK)
    assert report.skipped == ()


@pytest.mark.parametrize("units", [(1e4, 1e-4), (1e-4, 1e4), (1e4, 1e4)])
@pytest.mark.parametrize("case", [(Torus(), W), michaelis_menten()], ids=["torus", "enzyme"])
def test_laws_hold_in_any_units(case, units):
    f, w = in_units(*case, np.array(units))
    assert check_manifold(rg.ImmersedManifold(f), w, laws=QUICK).skipped == ()
    assert check_immersion(f, w).ok


@pytest.mark.slow
@pytest.mark.parametrize("units", [(1e4, 1e-4), (1e-4, 1e4), (1e4, 1e4)])
@pytest.mark.parametrize("case", [(Torus(), W), michaelis_menten()], ids=["torus", "enzyme"])
def test_all_laws_hold_in_any_units(case, units):
    f, w = in_units(*case, np.array(units))
    report = check_manifold(rg.ImmersedManifold(f), w)
    assert {verdict.why for verdict in report.skipped} <= {"the retraction is of order 1"}


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_all_laws_hold_for_outputs_of_any_size(scale):
    assert check_manifold(rg.ImmersedManifold(Torus().scaled(scale)), W).ok


@pytest.mark.slow
def test_a_lift_is_judged_in_the_units_of_the_columns():
    net = rg.Network([3, 3, 1])
    w, units = net.init(seed=0), np.logspace(-4, 4, 16)
    X = np.random.default_rng(0).normal(size=(40, 3))
    f, z = in_units(net.immersion(X), w, units)
    assert check_manifold(rg.ImmersedManifold(f), z).facts["rank"] == 16


def test_an_angle_of_many_turns():
    assert check_manifold(rg.ImmersedManifold(Torus()), W + np.array([1e4, 0.0]), laws=QUICK[:3]).ok


WRONG = {
    CHRISTOFFEL: {"christoffel": times(1.001)},
    "lift has least norm": {"lift": times(1 + 1e-6)},
    "lift is inverted by the Jacobian": {"lift": times(1 + 1e-6)},
    "retraction is of first order": {"retraction": lambda self, right, x, v: right(x, 0.999 * v)},
    "dist is the length of a geodesic": {"dist": times(1.001)},
    "sectional curvature obeys Gauss's equation": {"sectional_curvature": times(1.001)},
    "principal curvatures are those of the Weingarten map": {"principal_curvatures": times(1.001)},
    "Weingarten map is the derivative of the projection": {"weingarten": times(1.001)},
    "second fundamental form is the normal acceleration": {"second_fundamental_form": times(1.001)},
    "Riemannian Hessian is the derivative of the gradient": {
        "euclidean_to_riemannian_hessian": times(1.001)
    },
}


@pytest.mark.parametrize("units", [(1.0, 1.0), (1e4, 1e-4)])
@pytest.mark.parametrize("name", WRONG)
def test_a_small_error_is_found_in_any_units(name, units):
    f, w = in_units(Torus(), W, np.array(units))
    M = going_wrong(rg.ImmersedManifold, **WRONG[name])(f)
    assert failing_laws(check_manifold, M, w, laws=name) == [name]


def test_a_weingarten_map_off_the_tangent_space_is_found_where_curvatures_are_small():
    def lifted_off(self, right, x, v, N):
        return right(x, v, N) + 0.1 * np.linalg.norm(right(x, v, N)) * N

    name = "Weingarten map is tangent"
    M = going_wrong(rg.ImmersedManifold, weingarten=lifted_off)(Torus().scaled(1e6))
    assert failing_laws(check_manifold, M, W, laws=name) == [name]


def test_christoffel_symbols_of_a_linear_map_vanish():
    f = rg.autograd_immersion(lambda w: anp.array([w[0], w[0] + w[1], 3.0 * w[1]]), dim=2)
    M = rg.ImmersedManifold(f)
    assert check_manifold(M, W, laws=CHRISTOFFEL)[CHRISTOFFEL].status == "holds"
    Wrong = going_wrong(
        rg.ImmersedManifold, christoffel=lambda self, right, x, a, b: right(x, a, b) + 1e-3 * a
    )
    assert failing_laws(check_manifold, Wrong(f), W, laws=CHRISTOFFEL) == [CHRISTOFFEL]


class Commensurate(Torus):
    """A torus whose parameters are said to be of one size, which they are not."""

    def __init__(self, units):
        self.units = np.array(units)

    def __call__(self, w):
        return super().__call__(self.units * w)

    def jacobian(self, w):
        return super().jacobian(self.units * w) * self.units

    def second_derivative(self, w, xi, eta):
        return super().second_derivative(self.units * w, self.units * xi, self.units * eta)

    def hessian_vp(self, w, normal, xi):
        return self.units * super().hessian_vp(self.units * w, normal, self.units * xi)

    def damping_scale(self, w0):
        return None


def test_a_plane_that_is_not_found_is_told_from_one_that_is_not_there():
    M = rg.ImmersedManifold(Commensurate([1e4, 1e-4]))
    report = check_manifold(M, W / M.immersion.units, laws=PLANE)
    assert "dimension 2" in report[PLANE].why
    assert "nearly parallel" in report[PLANE].why
    line = rg.autograd_immersion(lambda w: anp.array([anp.cos(w[0]), anp.sin(w[0])]), dim=1)
    report = check_manifold(rg.ImmersedManifold(line), [0.4], laws=PLANE)
    assert report[PLANE].why == "there is no plane in a tangent space of dimension 1"
