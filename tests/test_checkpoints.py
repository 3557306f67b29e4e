"""Runs that are interrupted and resumed: the same to the last bit as if they had not been."""

import json
import logging
import os
import shutil
from copy import deepcopy

import autograd.numpy as anp
import numpy as np
import pytest
from checkpoint_cases import CASES, decay, difference, noisy_network, stopping_at, wide_network
from pymanopt.optimizers import TrustRegions

import riemgn as rg
from riemgn.checkpoints import read_checkpoint
from riemgn.optimizers.hybrid_newton import HybridNewton
from riemgn.optimizers.memory import _EXAMPLES, plain, recalled
from riemgn.optimizers.stopping import Ending, When

METHODS = {
    "auto": "auto",
    "gauss-newton": "gauss-newton",
    "levenberg-marquardt": "levenberg-marquardt",
    "fixed damping": rg.LevenbergMarquardt(0.05),
    "fixed step": rg.GaussNewton(0.7),
}
RUNS = [(case, method) for case in CASES for method in METHODS]
METHODS["kernel"] = rg.LevenbergMarquardt("kernel")
RUNS.append(("wide_network", "kernel"))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.npz"


@pytest.fixture(scope="module")
def uninterrupted():
    """(case, method) -> the problem, its start and the run from there, made once."""
    made = {}

    def of(case, method, **options):
        key = case, method, *options.items()
        if key not in made:
            problem, x = CASES[case]()
            made[key] = problem, x, rg.minimize(problem, x, METHODS[method], **options)
        return made[key]

    return of


@pytest.mark.parametrize(("case", "method"), RUNS)
def test_a_run_resumed_at_any_iterate_is_the_same(uninterrupted, path, case, method):
    options = {"max_iterations": 10, "record_points": method == "auto"}
    problem, x, whole = uninterrupted(case, method, **options)
    for k in range(whole.iterations + 1):
        rg.minimize(problem, x, METHODS[method], stopping_at(k), checkpoint=path, **options)
        assert len(read_checkpoint(path).records) == k + 1
        assert difference(whole, rg.resume(path, problem)) is None, k


@pytest.mark.slow
@pytest.mark.parametrize(("case", "method"), RUNS)
def test_a_long_run_resumed_at_any_iterate_is_the_same(uninterrupted, path, case, method):
    problem, x, whole = uninterrupted(case, method, max_iterations=80)
    for k in range(0, whole.iterations + 1, 3):
        rg.minimize(problem, x, METHODS[method], stopping_at(k), max_iterations=80, checkpoint=path)
        assert difference(whole, rg.resume(path, problem)) is None, k


@pytest.mark.slow
def test_the_cases_reach_what_the_default_method_remembers(uninterrupted, path):
    problem, x, _ = uninterrupted("noisy_network", "auto")
    rg.minimize(problem, x, checkpoint=path)
    memory = read_checkpoint(path).memory
    assert memory["slow"]
    assert memory["turns"]["cost"] > 0
    assert memory["way"] > 0
    assert memory["passed"] > 0
    assert memory["last_step"].shape == x.params.shape


@pytest.mark.slow
def test_turns_and_further_ways_are_taken_up(uninterrupted, path):
    problem, x, whole = uninterrupted("noisy_network", "auto")
    turned = set()
    for k in (60, 140, *range(whole.iterations - 90, whole.iterations, 25), whole.iterations - 2):
        rg.minimize(problem, x, callback=stopping_at(k), checkpoint=path)
        memory = read_checkpoint(path).memory
        turned.add((memory["way"] > 0, memory["turns"]["full"], memory["full"]["radius"] is None))
        assert difference(whole, rg.resume(path, problem)) is None, k
    assert {way for way, _, _ in turned} == {False, True}
    assert (False, True, False) in turned  # within a turn of the full model


@pytest.mark.parametrize("memory", _EXAMPLES.values(), ids=lambda memory: type(memory).__name__)
def test_what_a_method_remembers_comes_back(memory):
    memory = deepcopy(memory)
    for at, (name, value) in enumerate(plain(memory).items()):
        if isinstance(value, float):
            setattr(memory, name, (at + 1) / 3)
        elif isinstance(value, bool):
            setattr(memory, name, not value)
        elif isinstance(value, int):
            setattr(memory, name, at + 1)
    again = recalled(json.loads(json.dumps(plain(memory))))
    assert type(again) is type(memory)
    assert plain(again) == plain(memory)
    for name, value in vars(memory).items():
        assert plain(getattr(again, name)) == plain(value), name


@pytest.mark.parametrize("method", ["auto", "gauss-newton"])
def test_a_run_resumed_at_every_iterate_in_turn_is_the_same(uninterrupted, path, method):
    problem, x, whole = uninterrupted("noisy_network", method, max_iterations=12)
    seen = []

    def callback(record):
        seen.append(record.iteration)
        raise StopIteration

    options = {"max_iterations": 12, "checkpoint": path}
    result = rg.minimize(problem, x, method, callback, **options)
    while result.ending is Ending.CALLBACK:
        result = rg.resume(path, problem, callback)
    assert difference(whole, result) is None
    assert seen == list(range(whole.iterations + 1))


@pytest.mark.parametrize("method", ["auto", "gauss-newton", "levenberg-marquardt"])
def test_ctrl_c_within_any_evaluation_loses_nothing(path, method):
    calls, last = 0, np.inf

    def watch():
        nonlocal calls
        calls += 1
        if calls == last:
            raise KeyboardInterrupt

    problem, x = decay(watch)
    calls = 0
    whole = rg.minimize(problem, x, method)
    total = calls
    kept = tried = 0
    for last in range(1, total + 1, 7):
        tried += 1
        calls = 0
        path.unlink(missing_ok=True)
        try:
            result = rg.minimize(problem, x, method, checkpoint=path)
        except KeyboardInterrupt:  # before the first record, or in the last judgement
            result = None
        if not path.exists():
            assert result is None
            continue
        kept += 1
        calls = total  # and on, so that nothing interrupts
        assert difference(whole, rg.resume(path, problem)) is None, last
    assert kept > 0.8 * tried


@pytest.mark.parametrize("step", ["os.fsync", "os.replace"])
def test_ctrl_c_within_a_write_loses_nothing(uninterrupted, path, monkeypatch, step):
    problem, x, whole = uninterrupted("decay", "auto")
    name = step.removeprefix("os.")
    own, calls = getattr(os, name), []

    def interrupted(*arguments):
        calls.append(name)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return own(*arguments)

    monkeypatch.setattr(os, name, interrupted)
    result = rg.minimize(problem, x, checkpoint=path, checkpoint_seconds=0)
    assert result.interrupted
    assert result.iterations == 3
    assert [p.name for p in path.parent.iterdir()] == ["run.npz"]
    assert len(read_checkpoint(path).records) == 4
    assert difference(whole, rg.resume(path, problem)) is None


@pytest.mark.slow
@pytest.mark.parametrize("method", ["auto", "gauss-newton", "levenberg-marquardt"])
@pytest.mark.parametrize(("n", "widths"), [(3001, [8, 12, 1]), (303, [10, 50, 1])])
def test_a_problem_large_enough_for_threads(path, n, widths, method):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, widths[0]))
    net = rg.Network(widths)
    M = rg.OutputManifold(net, X)
    problem = rg.Problem(M, rg.SquaredLoss(np.sin(X[:, 0]) + 0.5 * generator.normal(size=n)))
    x = M.point(net.init(seed=0))
    options = {"max_iterations": 9, "record_points": True}
    whole = rg.minimize(problem, x, method, **options)
    for k in (0, 1, 4, 9):
        rg.minimize(problem, x, method, stopping_at(k), checkpoint=path, **options)
        assert difference(whole, rg.resume(path, problem)) is None, k


def test_any_exception_of_a_callback_leaves_a_checkpoint(uninterrupted, path):
    problem, x, whole = uninterrupted("decay", "auto")

    def callback(record):
        if record.iteration == 4:
            raise RuntimeError("a bug of the caller's")

    with pytest.raises(RuntimeError, match="a bug of the caller's"):
        rg.minimize(problem, x, callback=callback, checkpoint=path)
    assert len(read_checkpoint(path).records) == 5
    assert difference(whole, rg.resume(path, problem)) is None


def test_a_derivative_that_is_not_finite_ends_a_resumed_run_as_it_did(path):
    def function(w):
        return anp.sqrt(w - 1.0) * 3 + w * 1e-3

    M = rg.ImmersedManifold(rg.autograd_immersion(function, dim=1, ambient_dim=1))
    problem = rg.Problem(M, rg.SquaredLoss(np.array([1e-3])))
    x = M.point([1.5])
    whole = rg.minimize(problem, x)
    for k in range(whole.iterations + 1):
        rg.minimize(problem, x, callback=stopping_at(k), checkpoint=path)
        assert difference(whole, rg.resume(path, problem)) is None, k


def test_a_start_whose_cost_overflows(path):
    t = np.linspace(0.1, 1, 12)
    line = rg.autograd_immersion(lambda b: b[0] + b[1] * t, dim=2, ambient_dim=12)
    problem = rg.Problem(rg.ImmersedManifold(line), rg.SquaredLoss(np.cos(t)))
    x = problem.manifold.point([1e160, 1.0])
    whole = rg.minimize(problem, x)
    assert whole.history[0].cost < np.inf
    for k in range(0, whole.iterations, 9):
        rg.minimize(problem, x, callback=stopping_at(k), checkpoint=path)
        assert difference(whole, rg.resume(path, problem)) is None


def test_a_finished_run_is_returned_at_once(uninterrupted, path, monkeypatch):
    problem, x, whole = uninterrupted("decay", "auto")
    rg.minimize(problem, x, checkpoint=path)
    before = path.read_bytes()
    monkeypatch.setattr(HybridNewton, "descend", None)
    result = rg.resume(path, problem, max_iterations=2000)
    assert difference(whole, result) is None
    assert path.read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "method"), [("noisy_network", "levenberg-marquardt"), ("noisy_network", "auto")]
)
def test_a_vain_last_search_is_not_made_again(uninterrupted, path, case, method):
    problem, x, whole = uninterrupted(case, method)
    assert whole.cost_evaluations > whole.history[-1].evaluations
    rg.minimize(problem, x, METHODS[method], checkpoint=path)
    assert difference(whole, rg.resume(path, problem)) is None


def test_a_raised_limit_lets_a_run_go_on(uninterrupted, path):
    problem, x, whole = uninterrupted("noisy_network", "auto", max_iterations=12)
    rg.minimize(problem, x, max_iterations=6, checkpoint=path)
    stayed = rg.resume(path, problem)
    assert stayed.iterations == 6
    assert "limit of 6 iterations" in stayed.stopping_criterion
    assert difference(whole, rg.resume(path, problem, max_iterations=12)) is None


def test_limits_may_be_lowered_and_lifted(uninterrupted, path):
    problem, x, whole = uninterrupted("decay", "auto")
    rg.minimize(problem, x, max_evaluations=6, max_time=1e-6, checkpoint=path)
    late = rg.resume(path, problem)
    assert late.ending is Ending.LIMIT
    assert late.iterations == 0
    few = rg.resume(path, problem, max_time=np.inf)
    assert "limit of 6 evaluations" in few.stopping_criterion
    assert difference(whole, rg.resume(path, problem, max_evaluations=10**6)) is None
    again = rg.resume(path, problem, max_iterations=1)  # it has ended, no limit ended it
    assert difference(whole, again) is None


def test_limits_on_evaluations_stop_a_resumed_run_where_they_stop_a_whole_one(path):
    problem, x = noisy_network()
    for most in (7, 20, 33):
        whole = rg.minimize(problem, x, max_evaluations=most)
        rg.minimize(problem, x, callback=stopping_at(2), max_evaluations=most, checkpoint=path)
        assert difference(whole, rg.resume(path, problem)) is None
        assert difference(whole, rg.resume(path, problem)) is None


def test_time_goes_on(uninterrupted, path):
    problem, x, _ = uninterrupted("decay", "auto")
    first = rg.minimize(problem, x, callback=stopping_at(3), checkpoint=path)
    result = rg.resume(path, problem)
    seconds = [record.seconds for record in result.history]
    assert seconds[:4] == [record.seconds for record in first.history]
    assert seconds == sorted(seconds)
    assert result.time == seconds[-1]


def test_a_criterion_of_the_callers_is_asked_again(uninterrupted, path):
    problem, x, whole = uninterrupted("decay", "auto")
    enough = When(lambda record: record.cost < 0.1)
    wanted = rg.minimize(problem, x, stop=enough)
    rg.minimize(problem, x, callback=stopping_at(1), stop=enough, checkpoint=path)
    for _ in range(2):
        assert difference(wanted, rg.resume(path, problem, stop=enough)) is None
    assert difference(whole, rg.resume(path, problem)) is None


def test_an_optimizers_own_settings_are_kept(path):
    problem, x = wide_network()
    method = rg.LevenbergMarquardt(rg.optimizers.GainRatio(1.0, 0.3, 0.5), max_iterations=9)
    whole = rg.minimize(problem, x, method)
    rg.minimize(problem, x, method, stopping_at(4), checkpoint=path)
    assert difference(whole, rg.resume(path, problem)) is None
    assert whole.iterations == 9


def test_checkpoints_are_written_when_due(path):
    problem, x = decay()
    ages = []

    def callback(record):
        ages.append(path.exists() and len(read_checkpoint(path).records) - 1 - record.iteration)

    rg.minimize(problem, x, callback=callback, checkpoint=path)
    assert not any(ages)  # none before a minute has passed
    assert path.exists()
    path.unlink()
    ages.clear()
    rg.minimize(problem, x, callback=callback, checkpoint=path, checkpoint_seconds=0)
    assert ages == [0] * len(ages)
    assert all(age is not False for age in ages)


def test_a_resumed_run_is_kept_in_the_same_file_or_in_another(uninterrupted, path):
    problem, x, whole = uninterrupted("decay", "auto")
    rg.minimize(problem, x, callback=stopping_at(2), checkpoint=path)
    other = path.with_name("other")
    rg.resume(path, problem, stopping_at(5), checkpoint=other)
    assert len(read_checkpoint(path).records) == 3
    assert len(read_checkpoint(other).records) == 6
    assert difference(whole, rg.resume(str(other), problem)) is None
    rg.resume(path, problem, stopping_at(7))
    assert len(read_checkpoint(path).records) == 8
    assert sorted(p.name for p in path.parent.iterdir()) == ["other", "run.npz"]


def test_a_run_that_makes_no_record_more_is_kept_too(uninterrupted, path):
    problem, x, whole = uninterrupted("decay", "auto")
    rg.minimize(problem, x, callback=stopping_at(4), checkpoint=path)
    other = path.with_name("other")
    rg.resume(path, problem, stop=When(lambda record: True), checkpoint=other)
    assert difference(whole, rg.resume(other, problem)) is None


def test_a_relative_path_outlasts_a_change_of_folder(tmp_path, monkeypatch):
    problem, x = decay()
    monkeypatch.chdir(tmp_path)
    (tmp_path / "elsewhere").mkdir()
    rg.minimize(
        problem,
        x,
        callback=lambda record: monkeypatch.chdir(tmp_path / "elsewhere"),
        checkpoint="run.npz",
    )
    assert (tmp_path / "run.npz").exists()


def test_a_checkpoint_that_cannot_be_written_costs_no_run(uninterrupted, tmp_path, caplog):
    problem, x, whole = uninterrupted("decay", "auto")
    folder = tmp_path / "removed"
    folder.mkdir()

    def callback(record):
        shutil.rmtree(folder, ignore_errors=True)

    options = {"checkpoint": folder / "run.npz", "checkpoint_seconds": 0}
    with caplog.at_level(logging.WARNING, logger="riemgn"):
        result = rg.minimize(problem, x, callback=callback, **options)
    assert difference(whole, result) is None
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == result.iterations + 1
    assert all("the run goes on without its checkpoint" in warning for warning in warnings)
    assert not folder.exists()


def test_a_full_disk_leaves_the_checkpoint_before(uninterrupted, path, monkeypatch, caplog):
    problem, x, whole = uninterrupted("decay", "auto")

    def full(self, data):
        self.touch()
        raise OSError(28, "No space left on device")

    def callback(record):
        if record.iteration == 3:
            monkeypatch.setattr("pathlib.Path.write_bytes", full)

    options = {"checkpoint": path, "checkpoint_seconds": 0}
    result = rg.minimize(problem, x, callback=callback, **options)
    monkeypatch.undo()
    assert difference(whole, result) is None
    assert "No space left on device" in caplog.text
    assert [p.name for p in path.parent.iterdir()] == ["run.npz"]
    assert len(read_checkpoint(path).records) == 4
    assert difference(whole, rg.resume(path, problem)) is None


def test_nothing_is_written_without_a_checkpoint(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    problem, x = decay()
    rg.minimize(problem, x, method=TrustRegions())
    assert list(tmp_path.iterdir()) == []
