"""`riemgn reproduce`: exit codes, one line for every mistake, and what is kept when interrupted."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
import reproduction_cases as cases

from riemgn import reproduction
from riemgn.cli import main

SCRIPT = Path(__file__).with_name("reproduction_runs.py")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(reproduction, "CLAIMS", cases.registered(cases.CLAIMS))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    return tmp_path


def reproduced(*words):
    return main(["reproduce", "--quick", "--jobs", "1", *words])


def test_claims_that_hold_are_told_in_a_table(folder, capsys):
    assert reproduced("--claims", "T1") == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    heading, *lines = [line.strip("│").split("│") for line in captured.out.splitlines()[1:]]
    assert [cell.strip() for cell in heading] == ["claim", "predicted", "measured", "verdict"]
    first = [cell.strip() for cell in lines[1]]
    assert first == ["T1 Halving & <doubling>", "ratio: 0.5", "ratio: 0.5", "holds"]
    assert captured.out.endswith("wrote reproduction/index.html\n")
    written = sorted(path.name for path in (folder / "reproduction").iterdir())
    assert written == ["T1.png", "claims.json", "index.html", "pieces"]


def test_a_claim_that_does_not_hold_is_code_1_and_one_line(folder, capsys):
    assert reproduced("--claims", "t1, wrong", "--out", "new/run") == 1
    captured = capsys.readouterr()
    assert "does not hold" in captured.out
    assert captured.err == (
        "riemgn: WRONG does not hold: ratio of norms, <all> halvings & seeds "
        "(predicted 0.5 ± 1e-09, measured 0.6)\n"
    )
    assert list(json.loads((folder / "new/run/claims.json").read_text())) == ["T1", "WRONG"]


def test_a_piece_that_fails_is_named(folder, capsys):
    assert reproduced("--claims", "BROKEN") == 1
    error = capsys.readouterr().err
    assert error.startswith("riemgn: BROKEN does not hold: piece seed=1")
    assert "no vector for seed 1" in error
    assert error.count("\n") == 1


def test_options_reach_the_run(folder, capsys):
    assert reproduced("--claims", "T1", "--seeds", "3") == 0
    row = json.loads((folder / "reproduction/claims.json").read_text())["T1"]
    assert (row["run"], row["settings"]) == ("quick", {"seeds": 3, "halvings": 3})
    assert main(["reproduce", "--claims", "T1", "--jobs", "1"]) == 0
    row = json.loads((folder / "reproduction/claims.json").read_text())["T1"]
    assert (row["run"], row["settings"]) == ("full", {"seeds": 3, "halvings": 5})


def test_all_claims_are_the_default(folder, monkeypatch):
    two = {key: cases.CLAIMS[key] for key in ("T1", "WRONG")}
    monkeypatch.setattr(reproduction, "CLAIMS", cases.registered(two))
    assert reproduced() == 1
    assert list(json.loads((folder / "reproduction/claims.json").read_text())) == ["T1", "WRONG"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--claims", "T1,T9"], "unknown claim 'T9' (one of T1, WRONG, BROKEN, SLOW)"),
        (["--claims", ""], "unknown claim ''"),
        (["--claims", "T1", "--out", "file"], "--out must be a folder"),
        (["--claims", "T1", "--out", "file/run"], "file is a file"),
        (["--claims", "T1", "--seeds", "0"], "seeds must be an integer >= 1, got 0"),
        (["--claims", "T1", "--seeds", "two"], "--seeds"),
        (["--claims", "T1", "--jobs", "0"], "jobs must be an integer >= 1, got 0"),
        (["--quik"], "--quik"),
    ],
)
def test_a_mistake_is_one_clear_line(folder, capsys, words, message):
    assert main(["reproduce", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("riemgn: ")
    assert captured.err.count("\n") == 1
    assert message in captured.err
    assert [path.name for path in folder.iterdir()] == ["file"]


def test_progress_is_a_bar_for_each_claim(folder, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "riemgn.progress.passing_bars", lambda: nullcontext(lambda *row: shown.append(row))
    )
    assert reproduced("--claims", "T1") == 0
    assert [row[:3] for row in shown] == [("T1", 0, 2), ("T1", 1, 2), ("T1", 2, 2)]
    assert shown[0][3] == ""
    assert "seed=1" in shown[-1][3]


def test_help_and_the_module():
    def output(*words):
        command = [sys.executable, "-m", "riemgn", "reproduce", *words]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    told = output("--help")
    assert told.returncode == 0
    assert "--claims" in told.stdout
    unknown = output("--claims", "C1,C9")
    assert (unknown.returncode, unknown.stdout) == (2, "")
    assert unknown.stderr == "riemgn: unknown claim 'C9' (one of C1, C2, C3, C4, C5, C6, C7)\n"


@pytest.mark.slow  # starts processes and interrupts them
@pytest.mark.skipif(os.name != "posix", reason="signals are sent to a group of processes")
@pytest.mark.parametrize("send", [os.kill, os.killpg], ids=["the run alone", "its workers too"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_an_interrupted_run_keeps_what_is_finished(folder, capsys, jobs, send):
    words = ["reproduce", "--claims", "SLOW", "--quick", "--jobs", str(jobs)]
    started = subprocess.Popen(
        [sys.executable, str(SCRIPT), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # a run in the background of a script would never see the signal
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    pieces = folder / "reproduction" / "pieces"
    end = time.monotonic() + 30
    while time.monotonic() < end and len(list(pieces.glob("[!.]*"))) < 2:
        time.sleep(0.05)
    began = time.monotonic()
    send(started.pid, signal.SIGINT)
    try:
        out, error = started.communicate(timeout=20)
    finally:
        started.kill()
    assert time.monotonic() - began < 10  # the pieces that take a minute are not waited for
    assert (started.returncode, out) == (130, "")
    assert error == (
        "riemgn: interrupted: 2 of 5 pieces are finished and kept in reproduction/pieces\n"
    )
    kept = {path.name: path.stat().st_mtime_ns for path in pieces.glob("[!.]*")}
    assert len(kept) == 2
    assert reproduced("--claims", "SLOW", "--seeds", "2") == 0
    assert {path.name: path.stat().st_mtime_ns for path in pieces.iterdir()} == kept
