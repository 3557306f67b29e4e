"""The evidence commands: counting, peers, the drawn networks, and the printed tables."""

import itertools
import shutil

import autograd.numpy as anp
import numpy as np
import pytest
from autograd import jacobian
from typer.testing import CliRunner

from riemgn.benchmark import evidence, markdown
from riemgn.benchmark.__main__ import app
from riemgn.benchmark.arrivals import OURS, Arrival, arrival_of_function
from riemgn.benchmark.certified import FOLDER, regressions
from riemgn.benchmark.collection import INSTANCES
from riemgn.benchmark.evaluations import Counted
from riemgn.benchmark.network_fits import COUNT, network_fit, network_fits

run = CliRunner().invoke
ROSENBROCK = next(instance for instance in INSTANCES if instance.name == "Rosenbrock")


def made_arrival(method, square, *, points=7, params=(0.0, 0.0), ending="done"):
    return Arrival(method, np.array(params), square, points, ending, True, 0.5)


def test_points_are_counted_once_and_derivatives_cost_none():
    counted = Counted(lambda w: anp.array([w[0] * w[1], anp.exp(w[0])]))
    w = np.array([0.5, 2.0])
    counted(w)
    jacobian(counted)(w)
    jacobian(jacobian(counted))(w)
    assert counted.points == 1
    counted(w + 1e-8)
    assert counted.points == 2


@pytest.mark.parametrize("method", ["scipy lm", "scipy trf", "scipy lm, tuned", "scipy trf, tuned"])
def test_peers_arrive_and_are_counted(method):
    end = arrival_of_function(method, ROSENBROCK.function, np.zeros(2), ROSENBROCK.start())
    np.testing.assert_allclose(end.params, 1.0, rtol=1e-6)
    assert 5 < end.points < 500
    assert end.sum_of_squares == ROSENBROCK.sum_of_squares(end.params)


def test_differences_cost_a_peer_points_and_a_jacobian_does_not():
    plain, tuned = (
        arrival_of_function(method, ROSENBROCK.function, np.zeros(2), ROSENBROCK.start()).points
        for method in ("scipy trf", "scipy trf, tuned")
    )
    assert plain > 2 * tuned


def test_a_run_that_raises_is_a_failure_that_says_why():
    def overflowing(w):
        return anp.exp(1e6 * w)

    end = arrival_of_function("scipy lm", overflowing, np.zeros(1), np.ones(1))
    assert not end.success
    assert end.ending.startswith("ValueError")
    assert end.sum_of_squares == np.inf


def test_there_are_a_hundred_network_fits_of_all_sizes():
    fits = network_fits()
    assert len(fits) == COUNT == 100
    ratios = np.array([fit.p / fit.n for fit in fits])
    assert 0.045 < ratios.min() < 0.06
    assert 19 < ratios.max() < 21
    assert {fit.hidden_layers for fit in fits} == {1, 2, 3}
    assert all(30 <= fit.n <= 400 for fit in fits)
    assert all(0 <= fit.noise <= 0.2 for fit in fits)
    assert all(0.5 <= fit.network.scale <= 64 for fit in fits)
    for depth in (1, 2, 3):
        of_depth = np.array([fit.p / fit.n for fit in fits if fit.hidden_layers == depth])
        assert np.sum(of_depth < 1) >= 10
        assert np.sum(of_depth > 1) >= 10


def test_a_network_fit_starts_at_zero_and_its_noise_is_as_stated():
    for index in (1, 41, 85):
        fit = network_fit(index)
        again = network_fit(index)
        assert np.array_equal(fit.y, again.y)
        assert np.array_equal(fit.start, again.start)
        assert np.max(np.abs(fit.network.immersion(fit.X)(fit.start))) < 1e-12
        assert np.std(fit.y) == pytest.approx(np.hypot(1.0, fit.noise), rel=0.1)
    assert not np.array_equal(network_fit(1).y[:30], network_fit(2).y[:30])
    with pytest.raises(ValueError, match="index"):
        network_fit(-1)


def test_certified_tables_show_digits_and_failures():
    misra = next(problem for problem in regressions(FOLDER) if problem.name == "Misra1a")
    good, bad = misra.certified * (1 + 1e-8), misra.starts[0]
    runs = [
        evidence.CertifiedRun(misra, 1, made_arrival(OURS, 1.0, params=good, ending="a | b\n c")),
        evidence.CertifiedRun(misra, 1, made_arrival("scipy lm", 1.0, params=bad, points=90)),
    ]
    printed = markdown.certified(runs)
    assert "| Misra1a | Lower | 1 | 2 | 8.0 | 7 | a \\| b c |" in printed
    assert "| riemgn | 1 of 1 | 7 | 7 | 0.5 | 8.0 | 8.0 | 0 of 1 |" in printed
    assert "| scipy lm | 0 of 1 | 90 | 90 |" in printed


def test_collection_tables_name_the_minimum_and_what_is_not_solved():
    runs = [
        evidence.CollectionRun(ROSENBROCK, factor, made_arrival(OURS, square))
        for factor, square in ((1, 1e-20), (10, 1e-3))
    ]
    printed = markdown.collection(runs)
    assert "| Rosenbrock | 2 | 2 | x 1 | 1e-20 | global | 7 | done |" in printed
    assert "| Rosenbrock | 2 | 2 | x 10 | 0.001 | none | 7 | done |" in printed
    assert "| riemgn | 1 of 2 | 7 | 7 | 1.0 | 1 | Rosenbrock x 10 |" in printed


def test_network_tables_say_where_the_peer_is_lower():
    fit = network_fit(0)
    pairs = [(1.0, 1.0), (1.1, 1.0), (0.5, 1.0), (1e-14, 1e-20)]
    runs = [
        evidence.NetworkRun(fit, made_arrival(OURS, ours), made_arrival("trf", peer), 1.0)
        for ours, peer in pairs
    ]
    assert [each.is_as_low for each in runs] == [True, False, True, True]
    printed = markdown.networks(runs)
    assert printed.count("(above)") == 1
    assert "riemgn at or below trf: 3 of 4; clearly below: 1." in printed


def test_nist_command_prints_both_tables(tmp_path):
    for name in ("DanWood", "Misra1a"):
        shutil.copy(FOLDER / f"{name}.json", tmp_path)
    result = run(app, ["nist", "--data", str(tmp_path)])
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert sum(line.startswith(("| DanWood", "| Misra1a")) for line in lines) == 4
    assert sum(line.startswith("| scipy") for line in lines) == 4


def test_nist_command_refuses_an_empty_folder_in_one_line(tmp_path):
    result = run(app, ["nist", "--data", str(tmp_path)])
    assert result.exit_code == 2
    assert "no problems" in " ".join(result.output.split())


def test_collection_and_network_commands_print_their_tables(monkeypatch):
    few = tuple(itertools.islice(INSTANCES, 1))
    monkeypatch.setattr(evidence, "INSTANCES", few)
    result = run(app, ["collection"])
    assert result.exit_code == 0, result.output
    assert "| riemgn | 3 of 3 |" in result.output
    monkeypatch.setattr("riemgn.benchmark.__main__.network_fits", lambda: [network_fit(0)])
    result = run(app, ["networks"])
    assert result.exit_code == 0, result.output
    assert "of 1; clearly below" in result.output
