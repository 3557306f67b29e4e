"""The kit itself: slopes, reports, optimizers' needs, arguments."""

import subprocess
import sys

import autograd.numpy as anp
import numpy as np
import pymanopt
import pytest
from kit_cases import Linear, Torus
from manifold_cases import network_manifold
from pymanopt import manifolds

import riemgn as rg
from riemgn.testing import Report, check_immersion, check_manifold, check_problem, measured_slope

W = np.array([0.4, 0.7])

# Slopes


@pytest.mark.parametrize("order", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [1e-3, 1.0, 1e4])
def test_a_power_has_its_slope_under_rounding(order, size):
    noise = np.random.default_rng(0)

    def remainder(t):
        return abs(size * t**order + 1e-16 * noise.normal())

    curve = measured_slope(remainder, size=1.0, term=1.0, order=1)
    assert curve.slope == pytest.approx(order, abs=0.05)


@pytest.mark.parametrize("share", [1.0, 0.1, 1e-4])
def test_a_wrong_term_shows_at_the_smallest_steps(share):
    curve = measured_slope(lambda t: share * t + 1e3 * t**2, size=1.0, term=1.0, order=1)
    assert curve.slope == pytest.approx(1, abs=0.1)


def test_no_remainder_has_no_slope():
    curve = measured_slope(lambda t: 1e-16, size=1.0, term=1.0, order=1)
    assert curve.vanishes


def test_a_kink_far_away_is_no_remainder():
    curve = measured_slope(lambda t: max(t - 0.05, 0.0), size=1.0, term=1.0, order=1)
    assert curve.vanishes


def test_steps_out_of_the_domain_are_left_out():
    curve = measured_slope(lambda t: np.inf if t > 1e-2 else t**3, size=1.0, term=1.0, order=1)
    assert curve.slope == pytest.approx(3)
    assert np.all(np.isfinite(curve.errors))


def test_a_remainder_that_rounding_hides_is_no_verdict():
    with pytest.raises(NotImplementedError, match="rounding hides"):
        measured_slope(lambda t: 1e-3, size=1.0, term=1e-3, order=1)


def test_a_remainder_that_is_never_finite_is_an_error():
    with pytest.raises(ArithmeticError, match="not finite"):
        measured_slope(lambda t: np.nan, size=1.0, term=1.0, order=1)


# Reports


@pytest.fixture(scope="module")
def report():
    return check_manifold(rg.ImmersedManifold(Torus()), W)


def test_a_report_tells_every_law(report):
    assert isinstance(report, Report)
    assert report.ok
    assert report.failures == ()
    text = str(report)
    assert all(verdict.law.name in text for verdict in report)
    assert text.splitlines()[1].startswith("rank 2, condition number ")
    row = next(line for line in text.splitlines() if line.startswith("projection is idempotent"))
    assert row.split()[3:5] == ["holds", "residual"]
    assert report.slopes["retraction is of first order"] == pytest.approx(2, abs=0.05)
    assert report["projection is idempotent"].measured.value < 1e-14
    assert all(verdict.law.statement.endswith(".") for verdict in report)


def test_a_misspelt_law_suggests_the_nearest(report):
    with pytest.raises(ValueError, match="did you mean 'projection is idempotent'"):
        report["projection is idempotnet"]
    with pytest.raises(ValueError, match="did you mean 'jvp is J xi'"):
        check_immersion(Torus(), W, laws="jvp is J x")


def test_a_failure_begins_with_the_laws_that_fail():
    class Wrong(rg.ImmersedManifold):
        def projection(self, point, vector):
            return 0.9 * super().projection(point, vector)

    with pytest.raises(AssertionError) as caught:
        check_manifold(Wrong(Torus()), W)
    first, _, table = str(caught.value).partition("\n")
    assert first.startswith("projection is idempotent: residual 0.1, wanted at most ")
    assert not caught.value.report.ok
    assert str(caught.value.report) in table
    assert caught.value.report.failures[0].law.name == "projection is idempotent"


def test_an_error_in_a_law_breaks_it():
    class Wrong(rg.ImmersedManifold):
        def norm(self, point, tangent_vector):
            raise KeyError("lost")

    with pytest.raises(AssertionError, match="norm is that of the inner product: raised KeyError"):
        check_manifold(Wrong(Torus()), W, laws="norm is that of the inner product")


def test_laws_of_ones_own():
    @rg.testing.law("outputs are short")
    def short(case):
        """No output is longer than three."""
        return rg.testing.Residual(float(np.linalg.norm(case.point)), 3.0)

    assert check_manifold(rg.ImmersedManifold(Torus()), W, laws=[short]).ok
    with pytest.raises(AssertionError, match=r"outputs are short: residual 29, wanted at most 3"):
        check_manifold(rg.ImmersedManifold(Torus().scaled(10.0)), W, laws=[short])


def test_a_report_draws_the_curves_of_its_slopes(report):
    axes = report.plot()
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert len(labels) == len(report.slopes)
    assert any(label.startswith("retraction is of first order: slope 2.0") for label in labels)
    assert (axes.get_xscale(), axes.get_yscale()) == ("log", "log")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("step", "remainder")
    assert report.plot(axes) is axes


def test_a_report_without_slopes_draws_an_empty_frame():
    report = check_immersion(Linear(), W, laws="jvp is J xi")
    assert report.plot().get_legend() is None


# Optimizers


def test_a_full_manifold_serves_all(report):
    assert set(report.optimizers.values()) == {"can serve"}
    assert list(report.optimizers) == [
        "SteepestDescent",
        "ConjugateGradient",
        "TrustRegions",
        "NelderMead",
        "ParticleSwarm",
    ]


def test_what_a_manifold_lacks_is_said():
    told = check_manifold(manifolds.Stiefel(5, 2)).optimizers
    assert told["TrustRegions"] == "can serve"
    assert told["NelderMead"] == "needs dist, log, pair_mean"
    assert told["ParticleSwarm"] == "needs log"
    metric = rg.LogisticLoss(np.random.default_rng(0).integers(0, 2, 40))
    M, x = network_manifold(metric=metric)
    told = check_manifold(M, x, laws="projection is idempotent").optimizers
    assert told["TrustRegions"] == "needs euclidean_to_riemannian_hessian"
    assert told["ConjugateGradient"] == "can serve"


def test_optimizers_are_tried_when_they_are_asked_for():
    class Counting(manifolds.Sphere):
        calls = 0

        def log(self, point_a, point_b):
            self.calls += 1
            return super().log(point_a, point_b)

    M = Counting(4)
    report = check_manifold(M, laws="projection is idempotent")
    assert "TrustRegions" not in str(report)
    assert M.calls == 0
    assert report.optimizers["NelderMead"] == "can serve"
    assert M.calls > 0
    assert "TrustRegions" in str(check_manifold(M))


def test_what_a_problem_lacks_is_said():
    M = manifolds.Sphere(4)
    numpy = pymanopt.function.numpy(M)
    only_cost = pymanopt.Problem(M, numpy(lambda x: float(x[0])))
    told = check_problem(only_cost).optimizers
    assert told["SteepestDescent"] == "needs the Riemannian gradient"
    assert told["TrustRegions"] == "needs the Riemannian gradient, the Riemannian Hessian"
    assert told["NelderMead"] == "can serve"


# Arguments, and what is left alone


def test_numpys_global_state_is_left_as_it_was():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    check_manifold(manifolds.Stiefel(5, 2))
    assert np.array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_a_seed_repeats_a_report():
    texts = {str(check_manifold(manifolds.Sphere(4), seed=3)) for _ in range(2)}
    assert len(texts) == 1
    assert str(check_manifold(manifolds.Sphere(4), seed=4)) not in texts


def test_a_law_measures_the_same_alone_and_among_others(report):
    name = "retraction is of first order"
    alone = check_manifold(rg.ImmersedManifold(Torus()), W, laws=name)
    assert alone[name].measured.value == report[name].measured.value


def test_arguments_are_checked():
    with pytest.raises(TypeError, match=r"f must be a riemgn\.Immersion, got function"):
        check_immersion(lambda w: w)
    with pytest.raises(TypeError, match="M must be a pymanopt manifold, got int"):
        check_manifold(3)
    with pytest.raises(TypeError, match=r"problem must be a pymanopt\.Problem, got Sphere"):
        check_problem(manifolds.Sphere(3))
    with pytest.raises(ValueError, match=r"w must have shape \(2,\), got \(3,\)"):
        check_immersion(Torus(), np.ones(3))
    with pytest.raises(ValueError, match="seed must be an integer >= 0, got -1"):
        check_manifold(manifolds.Sphere(3), seed=-1)
    with pytest.raises(ValueError, match="the Jacobian is zero"):
        check_manifold(rg.ImmersedManifold(rg.autograd_immersion(lambda w: w**2, dim=3)), [0, 0, 0])


# Immersions


def test_immersions_hold():
    M, x = network_manifold(widths=(3, 4, 2))
    f = M.immersion
    A = np.random.default_rng(0).normal(size=(f.dim, 5))
    for g in (f, f.scaled(100.0), f.centred(x.params), f.reparametrised(A), Torus(), Linear()):
        assert check_immersion(g).ok
    assert check_immersion(rg.autograd_immersion(lambda w: anp.exp(w) * anp.sum(w), dim=4)).ok


def test_parameters_of_very_different_units():
    class Decay(rg.Immersion):
        dim, ambient_dim = 2, 6

        def __call__(self, w):
            return w[0] * anp.exp(-w[1] * anp.arange(6.0) * 1e5)

    report = check_immersion(Decay(), [2e8, 1e-6])
    assert report.slopes["jacobian is the derivative"] == pytest.approx(2, abs=0.1)


def test_a_jacobian_without_second_derivatives_is_differenced():
    class Plain(rg.Immersion):
        dim, ambient_dim = 2, 3
        __call__ = Torus.__call__
        jacobian = Torus.jacobian

    assert check_immersion(Plain(), W).ok


def test_a_linear_map_has_no_remainder():
    report = check_immersion(Linear(), W)
    assert report.slopes["jacobian is the derivative"] == np.inf
    assert "no remainder" in str(report)


def test_the_rank_is_told():
    twice = Linear().reparametrised(np.array([[1.0, 1.0], [1.0, 1.0]]))
    assert check_immersion(twice, W).facts["rank"] == 1


def test_values_of_another_shape_are_told():
    class Short(Torus):
        def __call__(self, w):
            return super().__call__(w)[:2]

    with pytest.raises(AssertionError, match=r"values are finite vectors: raised .* shape \(2,\)"):
        check_immersion(Short(), W)


def test_the_kit_is_loaded_on_first_use_and_without_matplotlib():
    code = (
        "import sys, riemgn as rg\n"
        "assert 'riemgn.testing' not in sys.modules\n"
        "rg.testing.check_manifold\n"
        "assert 'matplotlib' not in sys.modules\n"
        "assert 'testing' in dir(rg)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
