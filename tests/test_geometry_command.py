"""`riemgn geometry`: fresh networks and fitted ones, what is printed and written, mistakes."""

import json

import numpy as np
import pytest
from pages import Page

import riemgn as rg
from riemgn import baselines
from riemgn.cli import main
from riemgn.modelfile import load_model, save_model
from riemgn.reports.frame import versions

DRAWS = np.random.default_rng(0)
INPUTS = DRAWS.normal(size=(40, 2)).round(3)
PRICES = (np.tanh(INPUTS[:, 0]) + 0.5 * INPUTS[:, 1] + 0.3 * DRAWS.normal(size=40)).round(4)
FIT = ["fit", "own.csv", "--target", "price"]
KINDS = np.where(PRICES > 0, "high", "low")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rows = [f"{a},{b},{y}" for (a, b), y in zip(INPUTS, PRICES, strict=True)]
    kinds = [f"{b},x,{a},{k}" for (a, b), k in zip(INPUTS, KINDS, strict=True)]
    (tmp_path / "own.csv").write_text("\n".join(["a,b,price", *rows]))
    (tmp_path / "kinds.csv").write_text("\n".join(["b,note,a,kind", *kinds]))
    monkeypatch.setattr(baselines, "MAX_ITERATIONS", 20)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def standardised(columns):
    return (columns - columns.mean(axis=0)) / columns.std(axis=0)


def geometry_of(folder):
    return json.loads((folder / "geometry.json").read_text())


def one_line(capsys):
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("riemgn: ")
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_fresh_network(folder, capsys):
    words = ["geometry", "own.csv", "--target", "price", "--hidden", "3", "--scale", "4"]
    assert main([*words, "--seed", "2", "--out", "new/run"]) == 0
    out = capsys.readouterr().out
    for part in ("2-3-1, tanh", "seed 2, output scale 4", "13 of 13", "condition number"):
        assert part in out
    run = folder / "new" / "run"
    names = sorted(path.name for path in run.iterdir())
    assert names == ["curvature.png", "geometry.html", "geometry.json", "spectrum.png"]
    assert out.splitlines()[-1].startswith("wrote new/run/geometry.json, new/run/geometry.html")
    written = geometry_of(run)
    assert written["network"] == {"widths": [2, 3, 1], "activation": "tanh", "scale": 4.0}
    net = rg.Network([2, 3, 1])
    w = net.init(2)
    J = 4 * rg.Network([2, 3, 1]).immersion(standardised(INPUTS)).jacobian(w)
    values = np.linalg.svd(J, compute_uv=False)
    np.testing.assert_allclose(written["geometry"]["singular_values"], values, rtol=1e-9)
    # centred: the outputs are zero, and the standardised targets have the variance 1
    assert written["geometry"]["loss"] == pytest.approx(20, rel=1e-12)
    assert written["geometry"]["left_out"].keys() >= {"least_kernel_eigenvalue"}


def test_a_fitted_model_on_the_rows_it_was_fitted_to(folder, capsys):
    main([*FIT, "--hidden", "3", "--test-share", "0", "--ridge", "1e-3", "--out", "run"])
    capsys.readouterr()
    assert main(["geometry", "own.csv", "--model", "run/model.npz", "--out", "run"]) == 0
    assert "the fitted model run/model.npz" in capsys.readouterr().out
    model = load_model("run/model.npz")
    J = model.network.immersion(standardised(INPUTS)).jacobian(model.params)
    written = geometry_of(folder / "run")["geometry"]
    values = np.linalg.svd(J, compute_uv=False)
    np.testing.assert_allclose(written["singular_values"], values, rtol=1e-9)
    residuals = (PRICES - model.predict(INPUTS)) / PRICES.std()
    assert written["loss"] == pytest.approx(0.5 * residuals @ residuals, rel=1e-12)
    page = Page((folder / "run" / "geometry.html").read_text())
    assert page.headings[0] == "Geometry of a network on own.csv"
    assert "The fitted weights are no critical point of this loss" in page.text
    assert page.tables[-1] == [
        ["Option", "Value"],
        ["model", "run/model.npz"],
        ["entries", "2 \N{MULTIPLICATION SIGN} 107"],
    ]


def test_a_fit_without_ridge_on_all_rows_is_near_a_critical_point(folder, capsys):
    exact = ["--test-share", "0", "--ridge", "0", "--iterations", "500"]
    main([*FIT, "--hidden", "0", *exact, "--out", "run-1e5"])
    options = ["--model", "run-1e5/model.npz", "--out", "run-1e5"]
    assert main(["geometry", "own.csv", *options]) == 0
    page = Page((folder / "run-1e5" / "geometry.html").read_text())
    assert "at one point, the fitted model run-1e5/model.npz." in page.text
    assert geometry_of(folder / "run-1e5")["geometry"]["tangent_cosine"] < 1e-3
    assert "no critical point" not in page.text


def test_columns_are_found_by_name_and_labels_known(folder, capsys):
    kinds = ["fit", "kinds2.csv", "--target", "kind", "--hidden", "2", "--ridge", "1"]
    rows = [f"{a},{b},{k}" for (a, b), k in zip(INPUTS, KINDS, strict=True)]
    (folder / "kinds2.csv").write_text("\n".join(["a,b,kind", *rows]))
    assert main([*kinds, "--out", "run"]) == 0
    for name in ("kinds.csv", "kinds2.csv"):
        assert main(["geometry", name, "--model", "run/model.npz", "--out", name[:-4]]) == 0
    first, second = (geometry_of(folder / name)["geometry"] for name in ("kinds", "kinds2"))
    assert first == second
    model = load_model("run/model.npz")
    chances = model.predict_proba(INPUTS)[np.arange(40), (KINDS == "low").astype(int)]
    assert first["loss"] == pytest.approx(-np.log(chances).sum(), rel=1e-10)
    # the figure compares with 1 / |residual|, which decides for squared loss alone
    assert not (folder / "kinds" / "curvature.png").exists()
    assert len(Page((folder / "kinds" / "geometry.html").read_text()).images) == 1


def test_a_bundled_data_set_with_several_targets(folder, capsys):
    assert (
        main(["fit", "--dataset", "linnerud", "--hidden", "2", "--ridge", "1", "--out", "run"]) == 0
    )
    assert main(["geometry", "--dataset", "linnerud", "--model", "run/model.npz"]) == 0
    out = capsys.readouterr().out
    assert "--out FOLDER writes a page with figures" in out
    assert "17 of 17" in out


def test_more_weights_than_outputs_have_no_curvature(folder, capsys):
    own = ["geometry", "own.csv", "--target", "price", "--out", "run", "--hidden"]
    assert main([*own, "3"]) == 0
    assert (folder / "run" / "curvature.png").exists()
    assert main([*own, "20"]) == 0
    assert not (folder / "run" / "curvature.png").exists()
    out = capsys.readouterr().out
    assert "overparameterised (p >= n)" in out
    assert "M is open in R^n here" in " ".join(out.replace("│", " ").split())
    written = geometry_of(folder / "run")["geometry"]
    assert written["largest_normal_curvature"] is None
    assert written["least_kernel_eigenvalue"] > 0


def test_what_is_left_out_is_the_users_choice(folder):
    own = ["geometry", "own.csv", "--target", "price", "--hidden", "3", "--out", "run"]
    assert main([*own, "--entries", "100"]) == 0
    assert (
        "is more than 1e+02"
        in geometry_of(folder / "run")["geometry"]["left_out"]["scalar_curvature"]
    )


def test_the_page_says_what_the_table_says(folder, capsys):
    assert main(["geometry", "own.csv", "--target", "price", "--hidden", "3", "--out", "run"]) == 0
    page = Page((folder / "run" / "geometry.html").read_text())
    parts = ["The manifold", "How it bends", "The loss on it", "What is proved", "Settings"]
    assert page.headings[1:] == parts
    assert page.addresses == []
    assert len(page.images) == 2
    assert all(image["alt"] for image in page.images)
    cells = {row[0]: row[1] for table in page.tables for row in table[1:]}
    written = geometry_of(folder / "run")["geometry"]
    assert cells["outputs n"] == "40"
    assert cells["mean curvature"] == f"{written['mean_curvature']:.4g}"
    assert cells["least eigenvalue of the kernel"] == "left out"
    assert cells["hidden"] == "3"
    assert versions() in page.text
    out = capsys.readouterr().out
    assert cells["geodesic modulus"] in out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "give either a FILE or --dataset NAME"),
        (["own.csv"], "give the target column with --target NAME"),
        (["own.csv", "--target", "price", "--scale", "0"], "--scale must be a finite number > 0"),
        (["own.csv", "--target", "price", "--hidden", "x"], "--hidden must be widths"),
        (["own.csv", "--target", "price", "--activation", "relu"], "relu"),
        (["own.csv", "--target", "price", "--loss", "hinge"], "unknown loss 'hinge'"),
        (["own.csv", "--target", "price", "--entries", "-1"], "--entries must be"),
        (["own.csv", "--target", "price", "--entries", "nan"], "--entries must be a finite"),
        (["own.csv", "--target", "price", "--seed", "-1"], "seed must be an integer >= 0"),
        (["own.csv", "--target", "price", "--out", "own.csv"], "--out must be a folder"),
        (["own.csv", "--model", "absent.npz"], "there is no model file absent.npz"),
        (["own.csv", "--model", "m.npz", "--hidden", "3"], "--hidden describes a fresh network"),
        (["--model", "m.npz"], "give either a FILE or --dataset NAME"),
        (["own.csv", "--dataset", "iris", "--model", "m.npz"], "not both"),
        (["absent.csv", "--model", "m.npz"], "there is no file absent.csv"),
        (["few.csv", "--model", "m.npz"], "few.csv lacks the input column 'b'"),
        (["own.csv", "--model", "m.npz", "--target", "cost"], "unknown column of own.csv 'cost'"),
        (["own.csv", "--model", "m.npz", "--target", "a", "--target", "b"], "1 column of numbers"),
        (["kinds.csv", "--model", "m.npz", "--target", "kind"], "must hold numbers, got"),
        (["--dataset", "iris", "--model", "m.npz"], "inputs are not those of iris: it takes a, b"),
        (["own.csv", "--model", "k.npz", "--target", "a"], "which the model does not know"),
        (["own.csv", "--model", "bare.npz"], "knows no target's name"),
        (["own.csv", "--model", "loss.npz", "--target", "price"], "a loss of one's own"),
    ],
)
def test_a_mistake_is_one_clear_line(folder, models, capsys, words, message):
    (folder / "few.csv").write_text("a,price\n1,2\n2,3\n4,1\n")
    before = sorted(folder.iterdir())
    assert main(["geometry", *words]) == 2
    assert message in one_line(capsys)
    assert sorted(folder.iterdir()) == before


@pytest.fixture
def models(folder):
    """Models of prices and of kinds, one without names, and one with a loss of its own."""
    from dataclasses import replace

    net = rg.Network([2, 2, 1])
    numbers = rg.fit(net, INPUTS, PRICES, ridge=1.0).model
    labels = rg.fit(net, INPUTS, KINDS, "logistic", ridge=1.0).model
    own = rg.fit(net, INPUTS, PRICES, lambda y: rg.HuberLoss(y, 1.0), ridge=1.0).model
    save_model(replace(numbers, columns=("a", "b"), targets=("price",)), folder / "m.npz")
    save_model(replace(labels, columns=("a", "b"), targets=("kind",)), folder / "k.npz")
    save_model(numbers, folder / "bare.npz")
    save_model(own, folder / "loss.npz")
