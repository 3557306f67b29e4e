import autograd.numpy as anp
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from plotting_cases import (
    blank,
    decay_flow,
    decay_problem,
    decay_run,
    decay_start,
    legend,
    lines,
    wide_problem,
)

import riemgn as rg
from riemgn.plotting import loss_slice


def frame(problem, start, optimum, beyond):
    """Gram and Schmidt's frame, from the definition."""
    first = optimum - start
    first = first / np.linalg.norm(first)
    second = beyond - optimum
    second = second - first * np.dot(first, second)
    return np.column_stack([first, second / np.linalg.norm(second)])


def drawn_contours(axes):
    [contours] = [c for c in axes.collections if hasattr(c, "levels")]
    return zip(contours.levels, contours.get_paths(), strict=True)


def checked_contours(axes, loss, origin, E, share=0.01):
    """The vertices of every contour have the loss that it stands for."""
    levels = [level for level, path in drawn_contours(axes) if len(path.vertices)]
    assert len(levels) > 8
    for level, path in drawn_contours(axes):
        for place in path.vertices[::7]:
            assert loss.value(origin + E @ place) == pytest.approx(level, abs=share * levels[-1])


def test_contours_marks_and_paths_lie_on_the_plane_through_the_target():
    problem, x, run = decay_problem(), decay_start(), decay_run()
    o, y = run.point.outputs, problem.loss.targets
    axes = loss_slice(problem, x, run.point, {"run": run, "flow": decay_flow()}, blank())
    E = frame(problem, x.outputs, o, y)
    checked_contours(axes, problem.loss, o, E)
    for label, u in (("start", x.outputs), ("optimum", o), ("target", y)):
        assert_allclose(lines(axes)[label].get_xydata(), [(u - o) @ E], atol=1e-12)
    [label] = [label for label in lines(axes) if label.startswith("run (")]
    outputs = np.array([r.point.outputs for r in run.history])
    assert_allclose(lines(axes)[label].get_xydata(), (outputs - o) @ E, atol=1e-12)
    steps = np.diff(outputs, axis=0)
    seen = np.linalg.norm(steps @ E, axis=1).sum() / np.linalg.norm(steps, axis=1).sum()
    assert label == f"run ({100 * seen:.0f} % of its length)"
    assert axes.get_aspect() == 1
    assert axes.get_ylabel() == "towards the target"
    assert len(legend(axes)) == 6
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    for place in ((u - o) @ E for u in (*outputs, y)):
        assert left < place[0] < right
        assert low < place[1] < high


def test_the_tangent_space_meets_the_residual_at_a_right_angle():
    problem, run = decay_problem(), decay_run()
    axes = loss_slice(problem, decay_start(), run.point, (), blank())
    line = lines(axes)["tangent space at the optimum"]
    direction = np.subtract(line.get_xy2(), line.get_xy1())
    target = lines(axes)["target"].get_xydata()[0]
    cosine = direction @ target / np.linalg.norm(direction) / np.linalg.norm(target)
    assert abs(cosine) < 1e-6


def test_a_point_that_is_not_critical_has_no_tangent_line():
    axes = loss_slice(decay_problem(), decay_start(), decay_run().history[2].point, (), blank())
    assert "tangent space at the optimum" not in legend(axes)


def test_class_labels_are_no_target():
    labels = np.arange(20) % 2
    M = decay_problem().manifold
    problem = rg.Problem(M, rg.LogisticLoss(labels, ridge=0.1))
    x = decay_start()
    run = rg.minimize(problem, x, record_points=True, max_iterations=5)
    axes = loss_slice(problem, x, run.point, run, blank())
    assert "target" not in legend(axes)
    assert axes.get_ylabel() == "towards minus the gradient at the optimum"
    o = run.point.outputs
    E = frame(problem, x.outputs, o, o - problem.loss.gradient(o))
    checked_contours(axes, problem.loss, o, E)


def test_a_function_of_the_outputs_has_the_same_plane_as_its_loss():
    y = decay_problem().loss.targets
    free = rg.Problem(decay_problem().manifold, lambda u: 0.5 * anp.sum((u - y) ** 2))
    o = decay_run().point.outputs
    axes = loss_slice(free, decay_start(), decay_run().point, (), blank(), resolution=41)
    E = frame(free, decay_start().outputs, o, y)
    checked_contours(axes, decay_problem().loss, o, E, share=0.05)


def test_where_the_optimum_is_the_target_the_paths_span_the_plane():
    problem, x, run = wide_problem()
    axes = loss_slice(problem, x, run.point, run, blank())
    assert axes.get_ylabel() == "towards the paths"
    [label] = [label for label in lines(axes) if label.startswith("path (")]
    heights = lines(axes)[label].get_ydata()
    outputs = np.array([r.point.outputs for r in run.history])
    first = run.point.outputs - x.outputs
    off = outputs - run.point.outputs
    off = off - np.outer(off @ first, first) / (first @ first)
    # the first principal direction of what is off the line sees the most of it
    assert np.sum(heights**2) == pytest.approx(np.linalg.svd(off, compute_uv=False)[0] ** 2)
    assert heights[np.argmax(np.abs(heights))] > 0


def test_a_line_alone_is_drawn_on_a_plane_of_some_direction():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 1.0 * w, dim=3))
    problem = rg.Problem(M, rg.SquaredLoss([2.0, 0.0, 0.0]))
    axes = loss_slice(problem, M.point(np.zeros(3)), M.point([2.0, 0.0, 0.0]), (), blank())
    assert axes.get_ylabel() == "towards any side"
    for level, path in drawn_contours(axes):
        radii = np.linalg.norm(path.vertices, axis=1)
        assert_allclose(0.5 * radii**2, level, atol=0.02)


def test_a_loss_that_overflows_is_left_out():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 1.0 * w, dim=2))
    problem = rg.Problem(M, rg.PoissonLoss([1.0, 2.0]))
    start, o = np.array([-690.0, 690.0]), np.array([0.0, 0.7])
    axes = loss_slice(problem, M.point(start), M.point(o), (), blank())
    E = frame(problem, start, o, o - problem.loss.gradient(o))
    corners = [o + E @ [x, y] for x in axes.get_xlim() for y in axes.get_ylim()]
    assert np.inf in [problem.loss.value(u) for u in corners]
    assert len(legend(axes)) == 2
    for level, path in drawn_contours(axes):
        assert np.isfinite(level)
        assert np.isfinite(path.vertices).all()


def test_bad_arguments_are_told():
    problem, x = decay_problem(), decay_start()
    with pytest.raises(ValueError, match="start and optimum must have different outputs"):
        loss_slice(problem, x, x)
    with pytest.raises(TypeError, match="optimum must be a point of the manifold"):
        loss_slice(problem, x, x.params)
    with pytest.raises(TypeError, match=r"problem must be a riemgn\.Problem"):
        loss_slice(problem.loss, x, x)
    with pytest.raises(ValueError, match="resolution must be an integer >= 2"):
        loss_slice(problem, x, decay_run().point, resolution=1)
    line = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 1.0 * w, dim=1))
    one = rg.Problem(line, rg.SquaredLoss([2.0]))
    with pytest.raises(ValueError, match="needs at least two outputs"):
        loss_slice(one, line.point([0.0]), line.point([1.0]))


def test_lists_and_mappings_of_paths_give_the_same_lines():
    problem, x, run = decay_problem(), decay_start(), decay_run()
    outputs = np.array([r.point.outputs for r in run.history])
    as_list = loss_slice(problem, x, run.point, [run, outputs], blank())
    as_mapping = loss_slice(problem, x, run.point, {"a": run, "b": outputs}, blank())
    for one, other in zip(as_list.lines, as_mapping.lines, strict=True):
        assert_array_equal(one.get_xydata(), other.get_xydata())


def test_what_has_another_number_of_outputs_is_told():
    problem, x, optimum = decay_problem(), decay_start(), decay_run().point
    other = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w, dim=4)).point(np.ones(4))
    with pytest.raises(ValueError, match="paths must have n = 20 outputs, got 5"):
        loss_slice(problem, x, optimum, np.ones((3, 5)))
    with pytest.raises(ValueError, match="start must have n = 20 outputs, got 4"):
        loss_slice(problem, other, optimum)
    with pytest.raises(ValueError, match="optimum must have n = 20 outputs, got 4"):
        loss_slice(problem, x, other)
    broken = np.vstack([x.outputs, np.full(20, np.nan)])
    with pytest.raises(ValueError, match="path must be finite"):
        loss_slice(problem, x, optimum, broken)


def test_negative_losses_have_contours_like_the_others():
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: w, dim=2))
    problem = rg.Problem(M, rg.PoissonLoss([40, 50]))
    optimum = M.point(np.log([40.0, 50.0]))
    assert problem.cost(optimum) < 0
    axes = loss_slice(problem, M.point([3.0, 3.5]), optimum, ax=blank())
    [contours] = [c for c in axes.collections if hasattr(c, "levels")]
    assert min(contours.levels) < 0
    assert all(dashes is None for _, dashes in contours.get_linestyle())


def test_what_is_marked_is_named_beside_many_paths():
    run = decay_run()
    paths = {f"run {k}": run for k in range(30)}
    axes = loss_slice(decay_problem(), decay_start(), run.point, paths, blank())
    names = legend(axes)
    assert {"start", "optimum", "target"} <= set(names)
    assert names[-1].endswith("more")
    # no room is left for a legend that does not lie on the picture
    few = loss_slice(decay_problem(), decay_start(), run.point, run, blank())
    assert np.ptp(axes.get_ylim()) <= np.ptp(few.get_ylim())
