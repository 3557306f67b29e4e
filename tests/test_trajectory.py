"""What a trajectory holds, where it stops, and how it is kept."""

import numpy as np
import pytest

import riemgn as rg
from riemgn.optimizers import GainRatio


@pytest.fixture(scope="module")
def problem():
    generator = np.random.default_rng(0)
    X = generator.normal(size=(20, 2))
    net = rg.Network([2, 2, 1])
    w0 = net.init(0, scheme="uniform")
    M = rg.OutputManifold(net.scaled(64.0).centred(w0), X)
    return rg.Problem(M, rg.SquaredLoss(np.sin(2 * X[:, 0]) + generator.normal(size=20)))


@pytest.fixture(scope="module")
def start(problem):
    return problem.manifold.point(problem.manifold.immersion.network.reference)


def test_arrays_are_those_of_the_points(problem, start):
    flow = rg.gauss_newton_flow(problem, start, 1.0)
    points = [problem.manifold.point(w) for w in flow.params]
    assert flow.outputs == pytest.approx(np.array(points), abs=0)
    assert flow.losses == pytest.approx([problem.cost(x) for x in points], rel=1e-14)
    gradients = [problem.loss.gradient(x.outputs) for x in points]
    tangential = [np.linalg.norm(problem.riemannian_gradient(x)) for x in points]
    assert flow.gradient_norms == pytest.approx(tangential, rel=1e-9)
    cosines = np.array(tangential) / np.linalg.norm(gradients, axis=1)
    assert flow.tangent_cosines == pytest.approx(cosines, rel=1e-9)
    least = [np.linalg.svd(x.jacobian, compute_uv=False)[-1] ** 2 for x in points]
    assert flow.least_eigenvalues == pytest.approx(least, rel=1e-8)
    assert not flow.dampings.any()
    assert flow.completed
    assert flow.evaluations > len(flow)


def test_slices_masks_and_indices(problem, start):
    flow = rg.gauss_newton_flow(problem, start, 1.0)
    assert np.array_equal(flow[::2].params, flow.params[::2])
    late = flow[flow.times > 0.5]
    assert 0 < len(late) < len(flow)
    assert np.array_equal(late.losses, flow.losses[flow.times > 0.5])
    assert np.array_equal(flow[[0, -1]].times, [0.0, 1.0])
    assert late.ending == flow.ending
    with pytest.raises(TypeError, match="slice"):
        flow[3]


@pytest.mark.parametrize(
    "flow",
    [
        rg.gauss_newton_flow,
        pytest.param(rg.gradient_flow, marks=pytest.mark.slow),
        lambda *a, **k: rg.levenberg_marquardt_flow(*a, 0.5, **k),
    ],
)
def test_dense_times_agree_with_asked_ones(problem, start, flow):
    times = np.linspace(0.05, 0.95, 7)
    dense = flow(problem, start, 1.0, dense=True, tolerance=1e-5)
    asked = flow(problem, start, 1.0, times=times, tolerance=1e-5)
    assert np.array_equal(dense(times), asked.params)
    assert np.array_equal(dense(times[2]), asked.params[2])
    assert np.array_equal(dense(0.0), start.params)
    assert dense(1.0) == pytest.approx(dense.params[-1], abs=1e-14)
    fine = flow(problem, start, 1.0, times=times, tolerance=1e-7)
    assert np.abs(fine.outputs - asked.outputs).max() < 1e-4
    with pytest.raises(ValueError, match="between 0 and 1,"):
        dense(1.5)
    with pytest.raises(ValueError, match="dense=True"):
        asked(0.5)


def test_a_file_gives_the_same_trajectory(problem, start, tmp_path):
    flow = rg.gauss_newton_flow(problem, start, 1.0, dense=True)
    path = tmp_path / "flow.npz"
    flow.save(path)
    again = rg.Trajectory.load(path)
    for name in ("times", "params", "outputs", "losses", "gradient_norms", "tangent_cosines"):
        assert np.array_equal(getattr(again, name), getattr(flow, name))
    assert np.array_equal(again.least_eigenvalues, flow.least_eigenvalues)
    assert np.array_equal(again.dampings, flow.dampings)
    assert (again.completed, again.ending, again.evaluations, again.seconds) == (
        flow.completed,
        flow.ending,
        flow.evaluations,
        flow.seconds,
    )
    assert again.interpolant is None
    assert list(tmp_path.iterdir()) == [path]


def test_files_that_are_no_trajectories(tmp_path):
    with pytest.raises(FileNotFoundError, match="no trajectory"):
        rg.Trajectory.load(tmp_path / "none.npz")
    (tmp_path / "text.npz").write_text("no archive")
    np.savez(tmp_path / "other.npz", times=np.zeros(3))
    for name in ("text.npz", "other.npz"):
        with pytest.raises(ValueError, match="is not a riemgn trajectory"):
            rg.Trajectory.load(tmp_path / name)


def test_limits_end_a_flow_with_what_it_has(problem, start):
    flow = rg.gauss_newton_flow(problem, start, 50.0, max_evaluations=100)
    assert not flow.completed
    assert "100 evaluations" in flow.ending
    assert len(flow) > 1
    assert 0 < flow.times[-1] < 50
    flow = rg.gauss_newton_flow(problem, start, 50.0, max_time=1e-9)
    assert len(flow) == 1
    assert "seconds are over" in flow.ending


def test_an_interruption_hands_back_the_way_so_far(problem, start):
    class Interrupted(rg.SquaredLoss):
        calls = 0

        def gradient(self, u):
            self.calls += 1
            if self.calls == 100:
                raise KeyboardInterrupt
            return super().gradient(u)

    loss = Interrupted(problem.loss.targets)
    flow = rg.gauss_newton_flow(rg.Problem(problem.manifold, loss), start, 50.0)
    assert "interrupted" in flow.ending
    assert not flow.completed
    assert len(flow) > 2
    whole = rg.gauss_newton_flow(problem, start, 50.0)
    assert np.array_equal(flow.outputs, whole.outputs[: len(flow)])


def test_asked_times_before_the_end_alone_are_kept(problem, start):
    times = np.array([0.05, 0.1, 40.0])
    flow = rg.gauss_newton_flow(problem, start, 50.0, times=times, max_evaluations=100)
    assert np.array_equal(flow.times, [0.05, 0.1])


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"t_end": 0.0}, ValueError, "t_end must be"),
        ({"t_end": "1"}, TypeError, "t_end must be"),
        ({"t_end": np.inf}, ValueError, "t_end must be"),
        ({"tolerance": 1e-20}, ValueError, "tolerance must be from"),
        ({"tolerance": 1.5}, ValueError, "tolerance must be from"),
        ({"times": [0.5, 0.2]}, ValueError, "times must increase"),
        ({"times": [0.5, 2.0]}, ValueError, r"times must lie in \[0, t_end\]"),
        ({"times": [np.nan]}, ValueError, "times must be finite"),
        ({"times": []}, ValueError, "times is empty"),
        ({"dense": 1}, TypeError, "dense must be"),
        ({"max_evaluations": 0}, ValueError, "max_evaluations must be"),
        ({"max_time": -1.0}, ValueError, "max_time must be"),
        ({"point": None}, TypeError, "point must be"),
        ({"point": np.zeros(9)}, TypeError, "must be a point of the manifold"),
        ({"problem": "loss"}, TypeError, "problem must be a riemgn.Problem"),
    ],
)
@pytest.mark.parametrize("flow", [rg.gauss_newton_flow, rg.gradient_flow])
def test_bad_arguments(problem, start, flow, arguments, error, words):
    given = {"problem": problem, "point": start, "t_end": 1.0, **arguments}
    with pytest.raises(error, match=words):
        flow(given.pop("problem"), given.pop("point"), given.pop("t_end"), **given)


@pytest.mark.parametrize(
    ("damping", "error", "words"),
    [
        ("gain-ratio", ValueError, "a search sets"),
        (GainRatio(), ValueError, "a search sets"),
        ("kernal", ValueError, "did you mean 'kernel'"),
        (0.0, ValueError, "damping must be"),
        (1.5, ValueError, r"in \(0, 1\]"),
        ("kernel", ValueError, "p >= n"),
    ],
)
def test_bad_dampings(problem, start, damping, error, words):
    with pytest.raises(error, match=words):
        rg.levenberg_marquardt_flow(problem, start, 1.0, damping)


def test_velocity_that_is_not_finite_at_the_start_is_an_error(problem):
    M = rg.ImmersedManifold(rg.autograd_immersion(lambda w: 0.0 * w, dim=2))
    flat = rg.Problem(M, rg.SquaredLoss(np.ones(2)))
    with pytest.raises(rg.NumericalError, match="Jacobian is zero"):
        rg.gauss_newton_flow(flat, M.point([1.0, 2.0]), 1.0)


def test_figure_shows_every_quantity(problem, start):
    flow = rg.gauss_newton_flow(problem, start, 4.0)
    least = rg.minimize(problem, problem.manifold.point(flow.params[-1]), tolerance=1e-12).cost
    figure = flow.plot(least)
    labels = [axes.get_ylabel() for axes in figure.axes]
    assert len(labels) == 4
    assert "gap" in labels[0]
    drawn = figure.axes[0].lines[0].get_xydata()
    assert drawn[0, 1] == pytest.approx(flow.losses[0] - least)
    assert all(axes.get_xlabel() == "time" for axes in figure.axes[2:])
    assert "loss" in flow.plot().axes[0].get_ylabel()
