"""The commands of docs/first-minutes.md, run in one folder, print and write what the page says."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from console_cases import Command, WrittenFile, differences, steps

PAGE = Path(__file__).parent.parent / "docs" / "first-minutes.md"

# What installs, and what opens a window of its own.
NOT_RUN = (
    "python3 -m venv",
    ". .venv/bin/activate",
    "pip install",
    "jupyter lab",
)
PROGRAMS = {"riemgn": [sys.executable, "-m", "riemgn"], "python": [sys.executable]}
LONGEST = 300  # seconds of a command on a busy machine


def commands():
    return [step for step in steps(PAGE.read_text()) if isinstance(step, Command)]


def run(command, folder):
    program, *arguments = command.words
    words = [*PROGRAMS.get(program, [program]), *arguments]
    return subprocess.run(
        words, cwd=folder, env=environment(), capture_output=True, text=True, timeout=LONGEST
    )


def environment():
    root = Path(__file__).parent.parent
    paths = [str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    threads = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    plain = {"COLUMNS": "80", "NO_COLOR": "1", "MPLBACKEND": "Agg"}
    return {**os.environ, **threads, **plain, "PYTHONPATH": os.pathsep.join(paths)}


def written(output):
    """The files and folders that an output says were written."""
    return [
        name
        for line in re.findall(r"^wrote (?:\d+ predictions to )?(.*)$", output, re.MULTILINE)
        for name in line.split(", ")
    ]


@pytest.mark.slow
def test_each_command_prints_and_writes_what_the_page_shows(tmp_path):
    promised = []
    for step in steps(PAGE.read_text()):
        if isinstance(step, WrittenFile):
            (tmp_path / step.name).write_text(step.text)
        elif not step.line.startswith(NOT_RUN):
            ended = run(step, tmp_path)
            assert ended.returncode == 0, f"$ {step.line}\n{ended.stderr}"
            assert ended.stderr == "", f"$ {step.line}"
            assert differences(step.shown, ended.stdout) == [], f"$ {step.line}"
            promised += written("\n".join(step.shown))
    assert len(promised) >= 10
    for name in promised:
        assert (tmp_path / name).stat().st_size > 0, name


def test_the_page_follows_a_user_through_every_command():
    lines = [command.line for command in commands()]
    for word in ("--help", "fit", "predict", "geometry", "compare", "reproduce"):
        assert any(line.startswith(f"riemgn {word}") for line in lines), word
    assert any(line.startswith("python ") for line in lines)


def test_only_installing_and_opening_is_left_out():
    for start in NOT_RUN:
        assert any(command.line.startswith(start) for command in commands()), start


def test_what_is_run_shows_what_it_prints():
    silent = [c.line for c in commands() if not c.shown and not c.line.startswith(NOT_RUN)]
    assert all(line.startswith("python -c") for line in silent)


TABLE = (
    "╭──────────────┬─────────╮",
    "│ loss         │ 0.1959  │",
    "│ seconds      │ 3.20    │",
    "╰──────────────┴─────────╯",
)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("0.1959", "0.2059", "has become"),
        ("loss  ", "lost  ", "has become"),
        ("│ loss         │ 0.1959  │\n", "", "has become"),
        ("╰", "│ rank         │ 7       │\n╰", "has become"),
        ("╰──────────────┴─────────╯", "", "shown but not printed"),
    ],
)
def test_a_change_of_what_is_printed_is_told(old, new, words):
    printed = "\n".join(TABLE)
    assert printed.count(old) == 1
    found = differences(TABLE, printed.replace(old, new))
    assert words in found[0]


@pytest.mark.parametrize(
    ("old", "new"),
    [("3.20 ", "17.34"), ("0.1959", "0.1962"), ("──┬", "────┬"), ("0.1959  ", "0.1959    ")],
)
def test_times_spaces_and_last_digits_do_not_matter(old, new):
    assert differences(TABLE, "\n".join(TABLE).replace(old, new)) == []


def test_dots_stand_for_any_lines_but_what_follows_must_come():
    printed = "a 1\nb\nc\nd 2\n"
    assert differences(("a 1", "...", "d 2"), printed) == []
    assert differences(("a 1", "..."), printed) == []
    assert differences(("a 1", "...", "e"), printed) == ["shown but not printed: e"]
    assert differences(("a 1", "...", "d 3"), printed) == ["3 has become 2 in 'd 2'"]
    assert differences(("a 1",), printed) == ["printed but not shown: b"]


def test_columns_and_units_of_seconds_do_not_matter():
    shown = (
        "│ method │ seconds │ loss │",
        "├────────┼─────────┼──────┤",
        "│ adam   │ 4.0     │ 97.1 │",
        "found in 1.5 s",
    )
    fresh = "\n".join(shown).replace("4.0 ", "12.7").replace("1.5 s", "20 s")
    assert differences(shown, fresh) == []
    assert differences(shown, fresh.replace("97.1", "99.9")) != []
    assert differences(shown, fresh.replace("found", "sought")) != []


def test_files_and_commands_are_read_in_the_order_of_the_page():
    page = (
        "```python\n# a.py\nprint(1)\n```\nwords\n"
        "```console\n$ python a.py\n1\n$ riemgn fit\n...\n```\n"
        "```python\nx = 1\n```\n"
    )
    assert steps(page) == [
        WrittenFile("a.py", "# a.py\nprint(1)\n"),
        Command("python a.py", ("1",)),
        Command("riemgn fit", ("...",)),
    ]
