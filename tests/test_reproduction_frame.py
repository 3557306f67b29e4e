"""The frame of `riemgn reproduce`: what is reused, what a failure costs, what is written."""

import base64
import io
import json
import math
import signal
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
import reproduction_cases as cases
from joblib.externals.loky import get_reusable_executor
from matplotlib.figure import Figure
from numpy.testing import assert_array_equal

from riemgn import NumericalError, reproduction
from riemgn.plotting import style
from riemgn.reproduction import run, store
from riemgn.reproduction.claim import Check, Verdict
from riemgn.reproduction.run import reproduce

KEYS = ["C1", "C2", "C3", "C4", "C5", "C6", "C7"]


@pytest.fixture
def register(monkeypatch):
    def of(*claims):
        known = cases.registered({claim.key: claim for claim in claims})
        monkeypatch.setattr(reproduction, "CLAIMS", known)
        return list(known)

    return of


@pytest.fixture
def tiny(register):
    return register(replace(cases.CLAIM, draw=nothing))


def nothing(verdict, figure):
    """Draws nothing, which is faster than drawing."""


def quick(keys, folder, **options):
    return reproduce(keys, "quick", folder, **{"jobs": 1, **options})


def stamps(folder):
    """When each piece was written; a piece measured anew is another file."""
    return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in (folder / "pieces").iterdir()}


def rows(folder):
    def refuse(word):
        raise AssertionError(f"{word} in claims.json")

    return json.loads((folder / "claims.json").read_text(), parse_constant=refuse)


# checks and claims


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        (Check.below("x", 1.0, 1.0), True),
        (Check.below("x", 1.0 + 1e-12, 1.0), False),
        (Check.below("x", -math.inf, 1.0), False),
        (Check.below("x", 1.0, math.inf), False),
        (Check.above("x", 1.0, 1.0), True),
        (Check.above("x", 1.0 - 1e-12, 1.0), False),
        (Check.above("x", math.inf, 1.0), False),
        (Check.near("x", 1.5, 1.0, 0.5), True),
        (Check.near("x", 0.5, 1.0, 0.5), True),
        (Check.near("x", 1.6, 1.0, 0.5), False),
        (Check.near("x", 1.6, 1.0, math.inf), False),
        (Check("x", "ends", 3, True), True),
        (Check("x", "ends", math.nan, True), False),
        (Check("x", math.nan, 1.0, True), False),
        (Check("x", "ends", 1.0, np.bool_(True)), True),
    ],
)
def test_a_check_holds_where_its_comparison_does(check, holds):
    assert check.holds is holds
    assert type(check.measured) is float


@pytest.mark.parametrize("constructor", [Check.below, Check.above])
def test_nan_never_holds(constructor):
    assert not constructor("x", math.nan, 1.0).holds
    assert not constructor("x", 1.0, math.nan).holds
    for numbers in [(math.nan, 1, 1), (1, math.nan, 1), (1, 1, math.nan)]:
        assert not Check.near("x", *numbers).holds


def test_a_verdict_holds_if_all_checks_do_and_there_is_one():
    good, bad = Check.below("x", 1, 2), Check.below("x", 2, 1)
    for checks, holds in [((), False), ((good,), True), ((good, bad), False), ((bad,), False)]:
        assert Verdict("C1", {}, {}, checks).holds is holds


def test_the_claims_have_fixed_names():
    assert list(reproduction.CLAIMS) == KEYS
    for key in ("C9", "c1", "", "C"):
        with pytest.raises(ValueError, match=f"unknown claim '{key}' .one of C1, C2, .*C7"):
            reproduction.claim(key)


def test_a_claim_is_imported_when_it_is_asked_for(monkeypatch, tiny):
    assert reproduction.claim("T1").measure is cases.halved_norms
    monkeypatch.setattr(reproduction, "CLAIMS", {"T1": "riemgn.reproduction.absent"})
    with pytest.raises(ImportError, match="absent"):
        reproduction.claim("T1")


def test_a_claim_is_judged_here_and_now():
    verdict = cases.CLAIM.verdict(cases.CLAIM.quick)
    assert verdict.holds
    assert verdict.arrays["norms"].shape == (2, 4)
    assert not cases.CLAIM.verdict(cases.CLAIM.quick, factor=0.7).holds
    assert cases.CLAIM.verdict(cases.CLAIM.quick, halvings=9).arrays["norms"].shape == (2, 10)


def test_errors_of_a_piece_judged_here_reach_the_caller():
    with pytest.raises(NumericalError, match="no vector for seed 0"):
        cases.CLAIM.verdict(cases.CLAIM.quick, fail_from=0)


# what is reused


def test_a_second_run_measures_nothing(tiny, tmp_path):
    [first] = quick(tiny, tmp_path)
    written, text = stamps(tmp_path), (tmp_path / "claims.json").read_text()
    page, figure = (tmp_path / "index.html").read_text(), (tmp_path / "T1.png").read_bytes()
    standings = []
    [second] = quick(tiny, tmp_path, note=standings.append)
    assert len(written) == 2
    assert stamps(tmp_path) == written
    assert [s[:3] for s in standings] == [("T1", 2, 2)]
    assert_array_equal(first.arrays["norms"], second.arrays["norms"])
    assert (tmp_path / "claims.json").read_text() == text
    assert (tmp_path / "index.html").read_text() == page
    assert (tmp_path / "T1.png").read_bytes() == figure


def test_more_seeds_measure_only_the_new_ones(tiny, tmp_path):
    quick(tiny, tmp_path)
    before = stamps(tmp_path)
    standings = []
    quick(tiny, tmp_path, seeds=4, note=standings.append)
    after = stamps(tmp_path)
    assert len(after) == 4
    assert before.items() <= after.items()
    assert [s[:3] for s in standings] == [("T1", 2, 4), ("T1", 3, 4), ("T1", 4, 4)]
    assert [s.last.arguments["seed"] for s in standings[1:]] == [2, 3]
    assert rows(tmp_path)["T1"]["settings"] == {"seeds": 4, "halvings": 3}


def test_other_arguments_are_other_pieces(register, tmp_path):
    quick(register(cases.CLAIM), tmp_path)
    before = stamps(tmp_path)
    keys = register(replace(cases.CLAIM, quick={"seeds": 2, "halvings": 4}, draw=nothing))
    [verdict] = quick(keys, tmp_path)
    assert verdict.arrays["norms"].shape == (2, 5)
    assert len(stamps(tmp_path).keys() - before.keys()) == 2


@pytest.mark.parametrize("part", ["riemgn", "numpy", "scipy", "sources"])
def test_other_versions_or_sources_measure_anew(tiny, tmp_path, monkeypatch, part):
    around = store.surroundings()
    quick(tiny, tmp_path)
    before = stamps(tmp_path)
    monkeypatch.setattr(run, "surroundings", lambda: around | {part: "another"})
    quick(tiny, tmp_path)
    assert len(stamps(tmp_path).keys() - before.keys()) == 2


def test_the_digest_of_sources_covers_what_measurements_depend_on(tmp_path):
    files = ("flows/rates.py", "losses/squared.py", "cli.py", "plotting/fits.py", "commands/fit.py")
    files += ("testing/kit.py", "benchmark/runs.py", "reproduction/page.py", "reproduction/run.py")
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("a = 1\n")
    (tmp_path / "notes.txt").write_text("a")
    plain = store.source_digest(tmp_path)
    seen = set()
    for name in [*files, "notes.txt"]:
        text = (tmp_path / name).read_text()
        (tmp_path / name).write_text("a = 2\n")
        if store.source_digest(tmp_path) != plain:
            seen.add(name)
        (tmp_path / name).write_text(text)
        assert store.source_digest(tmp_path) == plain
    assert seen == {"flows/rates.py", "losses/squared.py", "reproduction/run.py"}
    (tmp_path / "flows/rates.py").rename(tmp_path / "flows/moduli.py")
    assert store.source_digest(tmp_path) != plain


def savez(**arrays):
    content = io.BytesIO()
    np.savez(content, **arrays)
    return content.getvalue()


def tampered(content):
    """The piece with one array changed in place, as no writer of ours leaves it."""
    at = content.index(b"NUMPY") + 600
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


DAMAGE = {
    "empty": lambda content: b"",
    "cut off": lambda content: content[: len(content) // 2],
    "not an archive": lambda content: b"norms",
    "a flipped bit": tampered,
    "zeros": lambda content: bytes(len(content)),
    "no description": lambda content: savez(norms=np.ones(4)),
    "another's description": lambda content: savez(
        description=np.array(json.dumps({"inputs": "{}", "seconds": 1.0})), norms=np.ones(4)
    ),
    "objects": lambda content: savez(description=np.array([{}, None])),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_a_damaged_or_foreign_file_is_measured_anew(tiny, tmp_path, name):
    [first] = quick(tiny, tmp_path)
    before = stamps(tmp_path)
    path = sorted((tmp_path / "pieces").iterdir())[0]
    path.write_bytes(DAMAGE[name](path.read_bytes()))
    damaged = path.read_bytes()
    [second] = quick(tiny, tmp_path)
    assert_array_equal(first.arrays["norms"], second.arrays["norms"])
    assert path.read_bytes() != damaged
    changed = {name for name, stamp in stamps(tmp_path).items() if before[name] != stamp}
    assert changed == {path.name}


def test_the_arguments_in_a_file_are_compared(tiny, tmp_path):
    quick(tiny, tmp_path)
    one, other = sorted((tmp_path / "pieces").iterdir())
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    [verdict] = quick(tiny, tmp_path)
    assert verdict.arrays["norms"][0, 0] != verdict.arrays["norms"][1, 0]
    with np.load(io.BytesIO(content)) as was, np.load(one) as is_now:
        assert_array_equal(was["array norms"], is_now["array norms"])


def test_what_a_killed_writer_left_is_removed(tiny, tmp_path):
    quick(tiny, tmp_path)
    path = sorted((tmp_path / "pieces").iterdir())[0]
    path.rename(path.with_name(f".{path.stem}.123.part.npz"))
    quick(tiny, tmp_path)
    assert len(stamps(tmp_path)) == 2
    assert all(not name.startswith(".") for name in stamps(tmp_path))


@pytest.mark.slow  # a pool of processes is started
def test_parallel_and_serial_runs_agree_bit_for_bit(register, tmp_path):
    keys = register(cases.CLAIM, cases.CLAIMS["WRONG"])
    for jobs in (1, 2):
        reproduce(keys, "full", tmp_path / str(jobs), jobs=jobs)
    one, two = (sorted((tmp_path / jobs / "pieces").iterdir()) for jobs in "12")
    assert [path.name for path in one] == [path.name for path in two]
    assert len(one) == 6
    for path, same in zip(one, two, strict=True):
        with np.load(path) as mine, np.load(same) as theirs:
            assert mine["array norms"].tobytes() == theirs["array norms"].tobytes()
    timed = ("seconds", "digest")
    plain = [
        {key: {k: v for k, v in row.items() if k not in timed} for key, row in found.items()}
        for found in (rows(tmp_path / "1"), rows(tmp_path / "2"))
    ]
    assert plain[0] == plain[1]
    for key in keys:
        figures = [(tmp_path / jobs / f"{key}.png").read_bytes() for jobs in "12"]
        assert figures[0] == figures[1]


# failures


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_piece_that_fails_costs_its_own_claim_only(register, tmp_path, jobs):
    keys = register(cases.CLAIMS["BROKEN"], cases.CLAIM)
    broken, whole = quick(keys, tmp_path, jobs=jobs)
    assert whole.holds
    assert not broken.holds
    [check] = broken.checks
    assert "seed=1" in check.name
    assert "NumericalError: no vector for seed 1" in check.name
    assert len(stamps(tmp_path)) == 3  # what failed is tried again next time
    assert rows(tmp_path)["BROKEN"]["checks"][0]["measured"] is None
    assert not (tmp_path / "BROKEN.png").exists()
    assert (tmp_path / "T1.png").exists()
    assert "seed 1 &lt;here&gt;" in (tmp_path / "index.html").read_text()


def test_pieces_that_cannot_be_judged_fail_the_claim(register, tmp_path):
    def judge(measured):
        raise NumericalError("no rate")

    [verdict] = quick(register(cases.renamed("T2", judge=judge)), tmp_path)
    assert not verdict.holds
    assert "NumericalError: no rate" in verdict.checks[0].name


def test_a_figure_of_a_claim_that_fails_now_is_removed(register, tmp_path):
    quick(register(cases.CLAIM), tmp_path)
    changed = replace(cases.CLAIM, quick={**cases.CLAIM.quick, "fail_from": 0})
    quick(register(changed), tmp_path)
    assert not (tmp_path / "T1.png").exists()


def mistaken(seed, halvings):
    if seed == 1:
        raise TypeError("unsupported operand")
    return cases.halved_norms(seed, halvings)


@pytest.mark.parametrize("jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_a_mistake_in_the_code_is_raised_and_what_is_finished_is_kept(register, tmp_path, jobs):
    keys = register(replace(cases.CLAIM, measure=mistaken))
    with pytest.raises(TypeError, match="unsupported operand"):
        quick(keys, tmp_path, jobs=jobs)
    assert len(stamps(tmp_path)) <= 1 if jobs > 1 else len(stamps(tmp_path)) == 1
    assert not (tmp_path / "claims.json").exists()


def objects(seed, halvings):
    return {"norms": np.array([{}, None])}


def test_an_array_of_objects_is_a_mistake(register, tmp_path):
    keys = register(replace(cases.CLAIM, measure=objects))
    with pytest.raises(TypeError, match="'norms' holds Python objects"):
        quick(keys, tmp_path)


def test_a_figure_that_cannot_be_drawn_leaves_the_results_of_before(register, tmp_path):
    def draw(verdict, figure):
        figure.subplots().set_title("$\\undefined{$")

    quick(register(cases.CLAIM), tmp_path)
    text = (tmp_path / "claims.json").read_text()
    with pytest.raises(RuntimeError, match="figure of T1 cannot be drawn"):
        quick(register(replace(cases.CLAIM, draw=draw)), tmp_path)
    assert (tmp_path / "claims.json").read_text() == text


def test_two_equal_pieces_are_a_mistake(register, tmp_path):
    twice = replace(cases.CLAIM, pieces=lambda seeds, halvings: [{"seed": 0}] * 2)
    with pytest.raises(ValueError, match="T1: two of its pieces have the same arguments"):
        quick(register(twice), tmp_path / "new")
    assert not (tmp_path / "new").exists()


def interrupted(seed, halvings):
    if seed == 2:
        raise KeyboardInterrupt
    return cases.halved_norms(seed, halvings)


def test_an_interruption_says_what_is_kept(register, tmp_path):
    keys = register(replace(cases.CLAIM, measure=interrupted))
    with pytest.raises(KeyboardInterrupt, match="interrupted: 2 of 4 pieces are finished"):
        quick(keys, tmp_path, seeds=4)
    assert len(stamps(tmp_path)) == 2


def held_back(seed, halvings):
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    return {"norms": np.array([signal.SIGINT in mask, signal.SIGTERM in mask], dtype=float)}


@pytest.mark.slow  # a pool of processes is started
@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="signals have no masks here")
def test_workers_never_see_an_interruption(register, tmp_path):
    get_reusable_executor().shutdown(wait=True)  # another pool may be waiting for work
    keys = register(replace(cases.CLAIM, measure=held_back, draw=nothing, judge=masks))
    [verdict] = quick(keys, tmp_path, jobs=2)
    assert verdict.arrays["masks"].tolist() == [[1, 0], [1, 0]]
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def masks(measured):
    return Verdict("T1", {}, {}, (), {"masks": np.array([m.arrays["norms"] for m in measured])})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"keys": ["T1", "T9"]}, "unknown claim 'T9'"),
        ({"settings": "slow"}, "unknown settings 'slow'"),
        ({"seeds": 0}, "seeds must be an integer >= 1"),
        ({"jobs": 0}, "jobs must be an integer >= 1"),
    ],
)
def test_bad_arguments_leave_no_folder(tiny, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        reproduce(**{"keys": tiny, "settings": "quick", "out": tmp_path / "new", **options})
    assert not (tmp_path / "new").exists()


# what is written


def test_claims_json_holds_the_claims_in_order(register, tmp_path):
    keys = register(cases.CLAIM, cases.CLAIMS["WRONG"])
    verdicts = quick(keys[::-1] + keys, tmp_path)
    assert [verdict.claim for verdict in verdicts] == keys
    found = rows(tmp_path)
    assert list(found) == keys
    row = found["T1"]
    assert row["holds"] is True
    assert found["WRONG"]["holds"] is False
    assert row["title"] == cases.CLAIM.title
    assert row["statement"] == cases.CLAIM.statement
    assert row["predicted"] == {"ratio": 0.5}
    assert row["measured"]["ratio"] == pytest.approx(0.5, rel=1e-12)
    assert row["measured"]["undefined"] is None
    assert [check["holds"] for check in row["checks"]] == [True, True]
    assert row["findings"] == list(verdicts[0].findings)
    assert row["settings"] == cases.CLAIM.quick
    assert row["seconds"] >= 0


def test_rows_are_kept_only_from_the_same_sources(register, tmp_path, monkeypatch, caplog):
    register(*(replace(cases.CLAIMS[key], draw=nothing) for key in ("T1", "WRONG")))
    quick(["WRONG"], tmp_path)
    wrong = rows(tmp_path)["WRONG"]
    quick(["T1"], tmp_path)
    assert list(rows(tmp_path)) == ["T1", "WRONG"]
    assert rows(tmp_path)["WRONG"] == wrong
    assert 'id="WRONG"' in (tmp_path / "index.html").read_text()

    around = store.surroundings() | {"sources": "another"}
    monkeypatch.setattr(run, "surroundings", lambda: around)
    quick(["T1"], tmp_path)
    assert list(rows(tmp_path)) == ["T1"]
    assert not (tmp_path / "WRONG.png").exists()
    assert "dropped WRONG" in caplog.text


def test_results_of_other_settings_are_not_lost(register, tmp_path):
    register(*(replace(cases.CLAIMS[key], draw=nothing) for key in ("T1", "WRONG")))
    quick(["T1", "WRONG"], tmp_path)
    found = rows(tmp_path)
    with pytest.raises(ValueError, match="holds WRONG measured with other settings"):
        quick(["T1"], tmp_path, seeds=3)  # WRONG had two
    with pytest.raises(ValueError, match="choose another folder"):
        reproduce(["T1"], "full", tmp_path, jobs=1)
    assert rows(tmp_path) == found
    assert (tmp_path / "WRONG.png").exists()
    reproduce(["T1", "WRONG"], "full", tmp_path, jobs=1)  # all of them at once may be
    assert [row["run"] for row in rows(tmp_path).values()] == ["full", "full"]


def test_a_caption_is_told_with_the_figure(register, tmp_path):
    register(replace(cases.CLAIM, caption="Halvings beside <theory>."))
    quick(["T1"], tmp_path)
    text = (tmp_path / "index.html").read_text()
    assert text.count("Halvings beside &lt;theory&gt;.") == 2  # seen, and told of the picture


def test_a_row_changed_by_hand_is_not_kept(register, tmp_path):
    register(cases.CLAIM, cases.CLAIMS["WRONG"])
    quick(["T1", "WRONG"], tmp_path)
    found = rows(tmp_path)
    found["WRONG"]["holds"] = True
    (tmp_path / "claims.json").write_text(json.dumps(found))
    quick(["T1"], tmp_path)
    assert list(rows(tmp_path)) == ["T1"]


@pytest.mark.parametrize("text", ["", "[1]", '{"WRONG": 3}', '{"WRONG": {"holds": NaN}}', "{"])
def test_a_foreign_claims_file_is_replaced(register, tmp_path, text):
    register(cases.CLAIM, cases.CLAIMS["WRONG"])
    (tmp_path / "claims.json").write_text(text)
    quick(["T1"], tmp_path)
    assert list(rows(tmp_path)) == ["T1"]


class Reader(HTMLParser):
    """Reads a page, and fails where a tag is not closed in its turn."""

    VOID = ("meta", "img", "br")

    def __init__(self):
        super().__init__()
        self.open, self.words, self.images, self.tables, self.links = [], [], [], [], []
        self.ids = set()

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert len(attributes) == len(attrs)
        self.ids |= {attributes.get("id")}
        self.links += [attributes[name] for name in ("href", "src") if name in attributes]
        if tag == "img":
            self.images.append(attributes)
        elif tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)
            if "table" in self.open and {"td", "th"} & set(self.open):
                self.tables[-1][-1][-1] += data


def read(folder):
    text = (folder / "index.html").read_text()
    assert text.startswith("<!DOCTYPE html>")
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return text, reader


def test_the_page_shows_every_claim_with_its_figure_and_its_checks(register, tmp_path):
    keys = register(cases.CLAIM, cases.CLAIMS["WRONG"])
    verdicts = quick(keys, tmp_path)
    text, reader = read(tmp_path)
    words = "".join(reader.words)
    assert len(text) > 5000
    assert set(keys) <= reader.ids
    summary, *tables = reader.tables
    assert [line[0] for line in summary[1:]] == keys
    assert [line[-1] for line in summary[1:]] == ["holds", "does not hold"]
    assert [line[2] for line in summary[1:]] == ["2 of 2", "1 of 2"]
    for verdict, table, image in zip(verdicts, tables, reader.images, strict=True):
        kind, content = image["src"].split(",")
        png = (tmp_path / f"{verdict.claim}.png").read_bytes()
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content) == png
        assert len(png) > 5000
        assert verdict.claim in image["alt"]
        assert [line[0] for line in table[1:]] == [check.name for check in verdict.checks]
        assert [line[3] == "yes" for line in table[1:]] == [c.holds for c in verdict.checks]
        assert float(table[1][2]) == pytest.approx(verdict.checks[0].measured, rel=1e-3)
        assert verdict.findings[0] in words
    for part in (cases.CLAIM.title, cases.CLAIM.statement, cases.CLAIM.section, "numpy", "quick"):
        assert part in words
    assert "<doubling>" not in text
    for link in reader.links:  # nothing is loaded from elsewhere
        assert link.startswith(("data:", "#"))


def test_the_page_is_well_formed_where_a_claim_failed(register, tmp_path):
    quick(register(cases.CLAIMS["BROKEN"]), tmp_path)
    _, reader = read(tmp_path)
    assert reader.images == []
    words = "".join(reader.words)
    assert "Claims that hold: 0 of 1." in words
    assert "There is no figure" in words


def test_powers_of_ten_are_set_as_such(register, tmp_path):
    def judge(measured):
        checks = (Check.below("gap at 1e-10", 3.25e-12, 1e-9), Check.below("C1e5", 2.0, 3e12))
        return replace(cases.judge(measured), checks=checks)

    quick(register(cases.renamed("T2", judge=judge)), tmp_path)
    text, _ = read(tmp_path)
    assert "gap at 1 &times; 10<sup>&minus;10</sup>" in text
    assert "≤ 1 &times; 10<sup>&minus;9</sup>" in text
    assert "3.25 &times; 10<sup>&minus;12</sup>" in text
    assert "≤ 3 &times; 10<sup>12</sup>" in text
    assert "C1e5" in text


# the look of figures


def test_a_band_is_the_median_between_extremes_or_quartiles():
    values = np.random.default_rng(0).normal(size=(5, 7))
    axes = Figure().subplots()
    line = style.band(axes, np.arange(7), values, "five seeds")
    np.testing.assert_allclose(line.get_ydata(), np.median(values, axis=0))
    assert line.get_label() == "five seeds"
    style.band(axes, np.arange(7), values, spread="quartiles")
    extremes, quartiles = (c.get_paths()[0].get_extents() for c in axes.collections)
    assert (extremes.y0, extremes.y1) == pytest.approx((values.min(), values.max()))
    lower, upper = np.percentile(values, (25, 75), axis=0)
    assert (quartiles.y0, quartiles.y1) == pytest.approx((lower.min(), upper.max()))
    with pytest.raises(ValueError, match="unknown spread 'sd'"):
        style.band(axes, np.arange(7), values, spread="sd")


def test_a_band_has_a_gap_where_nothing_is_known():
    values = np.array([[1.0, np.nan, np.nan], [3.0, 5.0, np.nan]])
    line = style.band(Figure().subplots(), [0, 1, 2], values)
    assert_array_equal(line.get_ydata(), [2.0, 5.0, np.nan])


def test_one_seed_is_a_line_without_a_band():
    axes = Figure().subplots()
    style.band(axes, [0, 1], [[1.0, 2.0]])
    assert len(axes.collections) == 0
    assert len(axes.lines) == 1


def test_predictions_are_dashed_and_black_and_axes_are_labelled():
    axes = style.new_figure().subplots()
    line = style.prediction(axes, [0, 1], [1, 2], "theory")
    assert (line.get_linestyle(), line.get_color()) == ("--", "black")
    style.finish(axes, "time", "gap", "A title")
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time", "gap")
    assert axes.get_title(loc="left") == "A title"
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["theory"]
    bare = style.new_figure().subplots()
    style.finish(bare, "time", "gap")
    assert bare.get_legend() is None
