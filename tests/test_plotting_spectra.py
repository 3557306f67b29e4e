import autograd.numpy as anp
import numpy as np
import pytest
from numpy.testing import assert_allclose
from plotting_cases import blank, decay_flow, decay_problem, decay_run, legend, lines, wide_problem

import riemgn as rg
from riemgn.plotting import curvature_profile, principal_curvatures, singular_values, spectrum_along

EPS = np.finfo(float).eps


def spectrum(f, path):
    params = [record.point.params for record in path.history]
    return np.array([np.linalg.svd(f.jacobian(w), compute_uv=False) for w in params])


def test_the_lines_are_the_singular_values_of_j():
    M, run = decay_problem().manifold, decay_run()
    axes = spectrum_along(M, run, blank())
    expected = spectrum(M.immersion, run)
    drawn = np.sort([line.get_ydata() for line in axes.lines], axis=0)[::-1].T
    assert_allclose(drawn, expected, rtol=1e-8)
    assert_allclose(lines(axes)["largest"].get_ydata(), expected[:, 0], rtol=1e-10)
    assert_allclose(lines(axes)["least"].get_ydata(), expected[:, -1], rtol=1e-8)
    assert legend(axes) == ["the others", "largest", "least"]
    assert axes.get_yscale() == "log"
    assert axes.get_xlabel() == "iteration"


def test_the_legend_lies_above_all_lines():
    axes = spectrum_along(decay_problem().manifold, decay_run())
    axes.figure.draw_without_rendering()
    box = axes.get_legend().get_window_extent()
    assert all(
        np.max(axes.transData.transform(line.get_xydata())[:, 1]) < box.y0 for line in axes.lines
    )


def test_the_kernel_of_a_wide_network_has_its_eigenvalues():
    problem, _, run = wide_problem()
    axes = spectrum_along(problem.manifold, run, blank(), of="kernel", count=3)
    kernels = [problem.manifold.immersion.tangent_kernel(r.point.params) for r in run.history]
    expected = np.array([np.linalg.eigvalsh(K) for K in kernels])
    assert_allclose(lines(axes)["largest"].get_ydata(), expected[:, -1], rtol=1e-10)
    assert_allclose(lines(axes)["least"].get_ydata(), expected[:, 0], rtol=1e-6)
    assert len(axes.lines) == 3
    assert legend(axes)[0] == "1 of the other 6"


def test_a_long_flow_is_thinned_and_keeps_its_ends():
    flow = decay_flow()
    axes = spectrum_along(decay_problem().manifold, flow, blank())
    times = axes.lines[0].get_xdata()
    assert len(flow) > 200
    assert times.size == 200
    assert (times[0], times[-1]) == (flow.times[0], flow.times[-1])
    assert axes.get_xlabel() == "time"


def folded():
    """Two parameters of which only the sum counts where w_1 = 0: the rank falls there."""
    return rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0] + w[1], w[1] ** 2, w[0] * 2 + 2 * w[1]]), 2)
    )


def test_the_tolerance_is_drawn_where_the_rank_falls():
    M = folded()
    path = [M.point([1.0, h]) for h in (0.5, 0.25, 0.0)]
    axes = spectrum_along(M, path, blank())
    largest = lines(axes)["largest"].get_ydata()
    cut = lines(axes)["rank tolerance: zero below it"].get_ydata()
    assert_allclose(cut, 3 * EPS * largest)
    assert not lines(axes)["least"].get_ydata()[2] > cut[2]


def test_a_spectrum_at_a_point_tells_rank_and_condition():
    problem = decay_problem()
    x = decay_run().point
    axes = singular_values(problem.manifold, x, blank())
    J = problem.manifold.immersion.jacobian(x.params)
    assert_allclose(axes.lines[0].get_ydata(), np.linalg.svd(J, compute_uv=False), rtol=1e-8)
    assert list(axes.lines[0].get_xdata()) == [1, 2, 3, 4]
    assert legend(axes) == [f"rank 4 of 4, condition number {np.linalg.cond(J):.3g}"]
    deficient = singular_values(folded(), [1.0, 0.0], blank())
    assert legend(deficient)[0].startswith("rank 1 of 2")
    assert legend(deficient)[1] == "rank tolerance: zero below it"


def test_bad_arguments_are_told():
    M = decay_problem().manifold
    with pytest.raises(ValueError, match="must have its parameters, got outputs alone"):
        spectrum_along(M, np.ones((3, 20)))
    with pytest.raises(TypeError, match=r"M must be a riemgn\.ImmersedManifold"):
        spectrum_along(decay_problem(), decay_run())
    with pytest.raises(ValueError, match="count must be an integer >= 2"):
        spectrum_along(M, decay_run(), count=1)
    with pytest.raises(ValueError, match="unknown of 'hessian'"):
        spectrum_along(M, decay_run(), of="hessian")
    with pytest.raises(ValueError, match="record_points=True"):
        spectrum_along(M, rg.minimize(decay_problem(), decay_run().point))


def sphere(radius):
    def f(w):
        a = anp.array([anp.cos(w[1]) * anp.cos(w[0]), anp.cos(w[1]) * anp.sin(w[0]), anp.sin(w[1])])
        return radius * a

    return rg.ImmersedManifold(rg.autograd_immersion(f, dim=2))


def test_every_curvature_of_a_sphere_is_its_reciprocal_radius():
    M = sphere(4.0)
    problem = rg.Problem(M, rg.SquaredLoss([3.0, 5.0, 1.0]))
    flow = rg.gauss_newton_flow(problem, M.point([-0.5, 0.3]), t_end=1.0)
    axes = curvature_profile(M, flow, blank(), largest=True)
    for label in ("in the direction of motion", "in any direction, largest found"):
        drawn = lines(axes)[label].get_ydata()
        assert_allclose(drawn, 0.25, rtol=1e-9)
    assert lines(axes)["in any direction, largest found"].get_ydata().size <= 40
    [band] = axes.collections
    heights = band.get_paths()[0].vertices[:, 1]
    # II of a surface of a sphere is <a, b> N / r, whose norm on symmetric matrices is sqrt(2) / r
    assert heights.max() == pytest.approx(np.sqrt(2) / 4)
    assert legend(axes) == [*lines(axes), "up to its bound"]


def test_curvatures_along_a_run_are_those_of_its_steps():
    M, run = decay_problem().manifold, decay_run()
    drawn = curvature_profile(M, run, blank()).lines[0]
    points = [record.point for record in run.history]
    for k in (0, 3, 7):
        v = points[k].jacobian @ (points[k + 1].params - points[k].params)
        J = points[k].jacobian
        xi = np.linalg.lstsq(J, v, rcond=None)[0]
        bend = M.immersion.second_derivative(points[k].params, xi, xi)
        normal = bend - J @ np.linalg.lstsq(J, bend, rcond=None)[0]
        assert drawn.get_ydata()[k] == pytest.approx(np.linalg.norm(normal) / (v @ v), rel=1e-6)
    assert drawn.get_xdata().size == len(points) - 1


def test_an_open_set_is_flat_and_drawn_on_a_linear_axis():
    problem, _, run = wide_problem()
    axes = curvature_profile(problem.manifold, run, blank())
    assert axes.get_yscale() == "linear"
    assert_allclose(axes.lines[0].get_ydata(), 0)


def test_points_where_the_path_rests_are_gaps_and_told():
    M = sphere(2.0)
    path = [M.point(w) for w in ([0.0, 0.0], [0.0, 0.0], [0.1, 0.0])]
    axes = curvature_profile(M, path, blank())
    assert_allclose(axes.lines[0].get_ydata(), [np.nan, 0.5])
    assert legend(axes)[-1] == "1 of 2 values not defined"
    with pytest.raises(ValueError, match="at least two points"):
        curvature_profile(M, path[:1])


def test_a_curvature_that_is_defined_nowhere_is_an_error():
    M = rg.ImmersedManifold(
        rg.autograd_immersion(
            lambda w: anp.array([w[0] + w[1], w[0] + (1 + 1e-12) * w[1], w[0] ** 2]), 2
        )
    )
    path = [M.point([0.0, 1.0]), M.point([0.0, 2.0])]
    with pytest.raises(rg.NumericalError, match="rank"):
        curvature_profile(M, path)


@pytest.mark.parametrize("distance", [0.5, 3.0])
def test_a_centre_beyond_the_critical_curvature_has_nearer_points(distance):
    """On a sphere of radius 2 towards its centre: kappa = 1/2, critical at a distance of 2."""
    M = sphere(2.0)
    x = M.point([0.3, 0.2])
    residual = -x.outputs / 2 * distance
    axes = principal_curvatures(M, x, residual, blank())
    heights = [bar.get_height() for bars in axes.containers for bar in bars]
    assert_allclose(heights, [0.5, 0.5])
    assert lines(axes)[f"critical: 1 / |r| = {1 / distance:.3g}"].get_ydata()[0] == 1 / distance
    words = "2 up to it" if distance < 2 else "2 above it: u is not nearest to u + r"
    assert words in legend(axes)
    # as distances of points beside x tell
    centre = x.outputs + residual
    beside = [M.point(x.params + 0.1 * e).outputs for e in np.eye(2)]
    nearer = [np.linalg.norm(u - centre) < np.linalg.norm(residual) for u in beside]
    assert nearer == [distance > 2] * 2


def test_another_metric_has_its_own_lengths_and_says_so():
    """u = (w, w^2 / 4) in diag(1, 4): kappa = 1 upwards, and (0, 1) has the length 2."""
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.array([w[0], w[0] ** 2 / 4]), 1), metric=[1.0, 4.0]
    )
    x = M.point([0.0])
    axes = principal_curvatures(M, x, [0.0, 1.0], blank())
    [bar] = axes.patches
    assert bar.get_height() == pytest.approx(1)
    words = ["critical: 1 / |r| = 0.5", "1 above it: u is not nearest to u + r"]
    assert legend(axes) == words
    assert "metric of M" in axes.get_ylabel()

    def distance(w):
        return np.linalg.norm(np.array([1.0, 2.0]) * (M.point([w]).outputs - [0.0, 1.0]))

    assert distance(0.1) < distance(0.0)
    # the residual of half the squared error in the dot product, whose minimum x is
    axes = principal_curvatures(M, x, [0.0, 0.25], blank())
    assert legend(axes) == ["critical: 1 / |r| = 2", "1 up to it"]
    path = [M.point([w]) for w in (-0.1, 0.0, 0.1)]
    assert "metric of M" in curvature_profile(M, path, blank()).get_ylabel()


def test_many_bars_have_no_edges():
    draws = np.random.default_rng(0)
    A = draws.normal(size=(60, 50))
    M = rg.ImmersedManifold(
        rg.autograd_immersion(lambda w: anp.dot(A, w) + anp.concatenate([w, w[:10]]) ** 2, 50)
    )
    axes = principal_curvatures(M, M.point(np.zeros(50)), draws.normal(size=60), blank())
    assert len(axes.patches) == 50
    assert {bar.get_linewidth() for bar in axes.patches} == {0}


def test_a_critical_curvature_far_above_is_told_and_not_drawn():
    M = sphere(2.0)
    x = M.point([0.3, 0.2])
    axes = principal_curvatures(M, x, 0.01 * x.outputs, blank())
    assert axes.get_ylim()[1] < 1
    assert "critical: 1 / |r| = 50, far above" in legend(axes)


def test_no_normal_and_a_wrong_one_are_told():
    M = sphere(2.0)
    x = M.point([0.3, 0.2])
    with pytest.raises(ValueError, match="normal must have shape"):
        principal_curvatures(M, x, [1.0, 2.0])
    with pytest.raises(ValueError, match="must have a part normal to the manifold"):
        principal_curvatures(M, x, x.jacobian[:, 0])
