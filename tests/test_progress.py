"""What a long run shows: to whoever watches, where they watch, and gone when it is over."""

import multiprocessing
import os
import re
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from html_cases import Reader

import riemgn.progress.display
from riemgn.fitting.progress import shown as shown_fit
from riemgn.fitting.result import FitStep
from riemgn.optimizers.progress import HEADER, shown
from riemgn.progress import is_watched, passing_bar, passing_bars, passing_line
from riemgn.progress.notebook import NotebookView
from riemgn.progress.row import Row
from riemgn.progress.watching import watched_place


class Drawn:
    """A view that keeps what is drawn on it."""

    interval = 0.002

    def __init__(self):
        self.frames, self.closed, self.drawn_by = [], False, None

    def draw(self, rows, now):
        self.drawn_by = threading.current_thread()
        self.frames.append(list(rows))

    def close(self):
        self.closed = True


@pytest.fixture
def drawn(monkeypatch):
    """A view that somebody watches, patient for no time at all."""
    view = Drawn()
    monkeypatch.setattr(riemgn.progress.display, "watched_place", lambda: "terminal")
    monkeypatch.setattr(riemgn.progress.display, "_view", lambda place: view)
    monkeypatch.setattr(riemgn.progress.display, "PATIENCE", 0.0)
    return view


def seen(view, wanted=lambda rows: True):
    """Wait until rows are drawn that satisfy a condition, and return them."""
    until = time.monotonic() + 10
    while time.monotonic() < until:
        rows = view.frames[-1] if view.frames else []
        if rows and wanted(rows):
            return rows
        time.sleep(0.001)
    raise AssertionError(f"never drawn; the last rows are {view.frames[-1:]}")


# Rows


def test_a_row_in_words():
    row = Row(100.0, "text", done=3, total=8)
    assert (row.share, row.count) == (0.375, "3/8")
    assert Row(0.0, "", done=0.5, total=2.0).count == "25 %"
    assert (Row(0.0, "").share, Row(0.0, "").count) == (None, "")
    assert Row(0.0, "", done=3.0, total=2.0).share == 1.0
    assert (Row(0.0, "", done=0, total=0).share, Row(0.0, "", total=0).count) == (1.0, "0/0")
    assert [row.age(100 + t) for t in (0.4, 65, 7207)] == ["0:00", "1:05", "2:00:07"]


# The display


def test_a_line_shows_its_latest_text_and_is_gone_at_the_end(drawn):
    with passing_line() as show:
        assert [row.text for row in seen(drawn)] == ["starting"]
        show("step 1")
        show("step 2")
        [row] = seen(drawn, lambda rows: rows[0].text == "step 2")
        assert row.share is None
        assert not drawn.closed
    assert drawn.closed
    assert not drawn.drawn_by.is_alive()
    assert drawn.drawn_by is not threading.main_thread()


def test_a_bar_knows_how_much_there_is(drawn):
    with passing_bar(4) as show:
        assert seen(drawn)[0].count == "0/4"
        show(3, "the third")
        [row] = seen(drawn, lambda rows: rows[0].done == 3)
        assert (row.count, row.text) == ("3/4", "the third")


def test_bars_by_name(drawn):
    with passing_bars() as show:
        show("C1", 0, 2)
        show("C2", 1, 3, "seed=1")
        show("C1", 1, 2)
        rows = seen(drawn, lambda rows: [row.count for row in rows] == ["1/2", "1/3"])
        assert [(row.name, row.text) for row in rows] == [("C1", ""), ("C2", "seed=1")]


def test_what_is_shown_inside_is_a_row_below_and_leaves_with_its_end(drawn):
    with passing_bar(2) as show:
        with passing_line() as line:
            line("step 7")
            rows = seen(drawn, lambda rows: len(rows) == 2)
            assert [row.text for row in rows] == ["", "step 7"]
        show(1, "half")
        assert [row.text for row in seen(drawn, lambda rows: rows[0].done == 1)] == ["half"]
    with passing_line():
        assert len(seen(drawn)) == 1


def test_it_ends_with_an_error_and_with_ctrl_c(drawn):
    def run(error):
        with passing_line():
            seen(drawn)
            raise error

    for error in (ValueError, KeyboardInterrupt):
        drawn.closed = False
        with pytest.raises(error):
            run(error)
        assert drawn.closed
        drawn.frames.clear()


def test_the_first_second_passes_in_silence(monkeypatch):
    made = []
    monkeypatch.setattr(riemgn.progress.display, "watched_place", lambda: "terminal")
    monkeypatch.setattr(riemgn.progress.display, "_view", lambda place: made.append(place))
    assert riemgn.progress.display.PATIENCE == 1.0
    before = threading.active_count()
    with passing_line() as show:
        show("step 1")
    assert made == []
    assert threading.active_count() == before


def test_short_runs_inside_of_a_long_one_are_not_shown(drawn, monkeypatch):
    with passing_bar(2):
        seen(drawn)
        monkeypatch.setattr(riemgn.progress.display, "PATIENCE", 60.0)
        with passing_line() as line:
            line("step 1")
            time.sleep(0.05)
            assert len(drawn.frames) > 2
            assert all(row.text != "step 1" for rows in drawn.frames for row in rows)


def test_nothing_is_started_where_nobody_watches(monkeypatch):
    monkeypatch.setattr(riemgn.progress.display, "watched_place", lambda: None)
    before = threading.active_count()
    with passing_line() as line, passing_bar(2) as bar, passing_bars() as bars:
        line("text")
        bar(1, "text")
        bars("C1", 1, 2)
        assert threading.active_count() == before


# What runs and fits say


def test_a_run_says_its_step_cost_and_cosine(drawn):
    record = SimpleNamespace(iteration=12, cost=0.123456789, tangent_cosine=3.2e-5)
    with shown(0) as show:
        show(record)
        [row] = seen(drawn, lambda rows: rows[0].text != "starting")
    assert row.text == "step 12, cost 0.123457, cosine 3.2e-05"


def test_a_verbose_run_prints_and_shows_no_line(drawn, capsys):
    record = SimpleNamespace(
        iteration=1, cost=0.5, gradient_norm=0.1, tangent_cosine=0.2, step=0.3, damping=0.0
    )
    with shown(1) as show:
        show(record)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == HEADER
    assert lines[1].split()[0] == "1"
    assert drawn.frames == []


def test_a_fit_says_its_phase(drawn):
    with shown_fit() as show:
        show(FitStep("ridge", 3, 6.5, 0.25, 0.375, 0.1, 1.0))
        [row] = seen(drawn, lambda rows: rows[0].text != "starting")
    assert row.text == "choosing the ridge: 6.5, step 3, loss 0.25, held out 0.375"


# Who watches


def with_kernel(monkeypatch, **attributes):
    shell = SimpleNamespace(kernel=SimpleNamespace(**attributes))
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))


def test_a_notebook_is_watched_if_its_front_end_answers(monkeypatch):
    with_kernel(monkeypatch, _allow_stdin=True)
    assert (watched_place(), is_watched()) == ("notebook", True)
    with_kernel(monkeypatch)  # a kernel that does not say
    assert watched_place() == "notebook"
    with_kernel(monkeypatch, _allow_stdin=False)
    assert (watched_place(), is_watched()) == (None, False)


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_a_terminal_is_watched_with_and_without_ipython(monkeypatch, shell):
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setattr("sys.stderr", SimpleNamespace(isatty=lambda: True))
    assert watched_place() == "terminal"
    monkeypatch.setattr("sys.stderr", SimpleNamespace(isatty=lambda: False))
    assert watched_place() is None
    monkeypatch.setattr("sys.stderr", None)
    assert watched_place() is None


def test_threads_and_worker_processes_are_not_watched(monkeypatch):
    with_kernel(monkeypatch, _allow_stdin=True)
    places = []
    beside = threading.Thread(target=lambda: places.append(watched_place()))
    beside.start()
    beside.join()
    assert places == [None]
    monkeypatch.setattr(multiprocessing.current_process(), "_name", "LokyProcess-1")
    assert watched_place() is None


# On a terminal

RUN = """
import sys, time
import riemgn.progress.display
from riemgn.progress import passing_bar, passing_line

riemgn.progress.display.PATIENCE = 0.05
with passing_line() as show:
    time.sleep(0.2)
    print("printed meanwhile", flush=True)
    show("step 3 [bold]" + 200 * " long")
    time.sleep(0.4)
print("over", flush=True)
with passing_bar(4) as show:
    show(3, "seed=1")
    time.sleep(0.4)
"""


SETTING = """
import time
import numpy as np, autograd.numpy as anp, riemgn as rg
f = rg.autograd_immersion(lambda w: anp.array([10 * (w[1] - w[0] ** 2), 1 - w[0]]), dim=2)
M = rg.ImmersedManifold(f)  # Rosenbrock's
problem, x = rg.Problem(M, rg.SquaredLoss(np.zeros(2))), M.point([-1.2, 1.0])
"""


def on_terminal(code, columns=80, **environment):
    """Return what a program writes on a terminal at its standard error, and in a pipe."""
    pty = pytest.importorskip("pty", reason="terminals are opened on POSIX alone")
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**kept, "TERM": "xterm-256color", **environment},
        cwd=os.getcwd(),
    )
    os.close(theirs)
    written = []
    with process, os.fdopen(ours, "rb", buffering=0) as terminal:
        while True:
            try:
                part = terminal.read(4096)
            except OSError:  # Linux' way to say that the other end is closed
                break
            if not part:
                break
            written.append(part)
        piped = process.stdout.read().decode()
    assert process.returncode == 0
    return b"".join(written).decode(), piped


def words(written):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written)


def test_a_line_and_a_bar_on_a_terminal():
    written, piped = on_terminal(RUN, columns=60)
    assert "step 3 [bold] long" in words(written)
    assert re.search(r"0:00 +\S+ 3/4 +seed=1", words(written))
    assert max(map(len, re.split(r"[\r\n]+", words(written)))) <= 60
    assert re.search(r"\x1b\[2K[^\w]*$", written)  # the line is wiped out
    assert written.rindex("\x1b[?25h") > written.rindex("\x1b[?25l")  # the cursor is back
    # what a program prints goes where it was sent, though the line is there
    assert piped == "printed meanwhile\nover\n"
    assert "printed" not in written


@pytest.mark.slow  # imports riemgn in a process of its own
def test_a_terminal_that_cannot_move_its_cursor_is_left_alone():
    written, piped = on_terminal(RUN, TERM="dumb")
    assert words(written).strip() == ""
    assert piped == "printed meanwhile\nover\n"


@pytest.mark.slow  # imports riemgn in a process of its own, and waits for a second
def test_minimize_and_a_flow_on_a_terminal_and_silent_workers():
    code = (
        SETTING
        + """
from joblib import Parallel, delayed

rg.minimize(problem, x, "gradient-descent", lambda record: time.sleep(0.05), max_iterations=40)

def work(name):
    from riemgn.progress import passing_line
    with passing_line() as show:
        show(name)
        time.sleep(1.2)

Parallel(n_jobs=2)(delayed(work)(f"worker {i}") for i in range(2))

class Slow(rg.SquaredLoss):
    def gradient(self, u):
        time.sleep(0.01)
        return super().gradient(u)

rg.gauss_newton_flow(rg.Problem(M, Slow(np.zeros(2))), x, t_end=2.0)
"""
    )
    written, _ = on_terminal(code)
    assert re.search(r"step \d+, cost [\d.]+, cosine", words(written))
    assert re.search(r"\d+ % t = [\d.]+ of 2", words(written))
    assert "worker" not in written
    assert "Traceback" not in written


# In a notebook


def test_rows_in_a_notebook_are_html_and_text():
    rows = [
        Row(0.0, "seed=1", "<C1>", 1, 4),
        Row(1.0, "t = 2 & 3"),
    ]
    from riemgn.progress.notebook import _lines, _table

    reader = Reader(_table(rows, 3.0))
    assert len(reader.all("tr")) == 2
    assert len(reader.all("td")) == 10
    [bar] = reader.all("progress")
    assert (float(bar["value"]), bar["max"], bar["aria-label"]) == (0.25, "1", "<C1>")
    assert "t = 2 & 3" in reader.text
    assert _lines(rows, 3.0) == "0:03  <C1>  1/4  seed=1\n0:02  t = 2 & 3"
    assert len(Reader(_table(rows[1:], 3.0)).all("td")) == 2


class Shell:
    """What a notebook's cells run in, with the contents of its outputs, in order."""

    execution_count = 1

    def __init__(self):
        self.outputs = []

    def display(self, content, raw, display_id):
        assert raw
        assert display_id
        texts = [content["text/plain"]]
        self.outputs.append(texts)
        return SimpleNamespace(update=lambda content, raw: texts.append(content["text/plain"]))


@pytest.fixture
def shell(monkeypatch):
    shell = Shell()
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(display=shell.display))
    return shell


def test_a_notebook_view_draws_in_one_output_of_the_cell_and_empties_it(shell):
    view = NotebookView()
    view.draw([], 0.0)
    assert shell.outputs == []
    view.draw([Row(0.0, "step 1")], 1.0)
    view.draw([Row(0.0, "step 1")], 1.1)  # nothing has changed
    view.draw([Row(0.0, "step 2")], 1.2)
    view.close()
    assert shell.outputs == [["0:01  step 1", "0:01  step 2", ""]]

    NotebookView().close()  # nothing was drawn
    again = NotebookView()
    again.draw([Row(0.0, "step 3")], 1.0)
    again.close()
    assert shell.outputs == [["0:01  step 1", "0:01  step 2", "", "0:01  step 3", ""]]

    shell.execution_count = 2
    below = NotebookView()
    below.draw([Row(0.0, "step 4")], 1.0)
    below.close()
    assert shell.outputs[1:] == [["0:01  step 4", ""]]


LONG = """
def wait(record):
    time.sleep(0.1)
for _ in range(2):
    result = rg.minimize(problem, x, "gradient-descent", wait, max_iterations=25)
print(result.iterations, "iterations")
"""
ENDLESS = """
result = rg.minimize(problem, x, "gradient-descent", lambda record: time.sleep(0.05), tolerance=0)
print(result.interrupted, result.cost == min(r.cost for r in result.history) < problem.cost(x))
"""


def executed(*cells, answers, on_progress=lambda client: None):
    """Return the outputs of each cell, and every content that was shown on the way.

    Args:
        cells: Their sources.
        answers: Whether the front end would answer a question: whether a person is there.
        on_progress: Called with the client when something is shown for the first time.
    """
    nbclient = pytest.importorskip("nbclient", reason="notebooks are run by nbclient")
    pytest.importorskip("ipykernel", reason="notebooks are run by ipykernel")
    import nbformat

    contents = []

    class Client(nbclient.NotebookClient):
        def process_message(self, message, cell, index):
            if message["msg_type"] in ("display_data", "update_display_data"):
                contents.append(message["content"]["data"])
                if len(contents) == 1:
                    on_progress(self)
            return super().process_message(message, cell, index)

    notebook = nbformat.v4.new_notebook(cells=list(map(nbformat.v4.new_code_cell, cells)))
    client = Client(notebook, timeout=120, kernel_name="python3")
    with client.setup_kernel():
        client.kc.allow_stdin = answers
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    nbformat.validate(notebook)
    return [cell.outputs for cell in notebook.cells], contents


@pytest.mark.slow  # starts a kernel
def test_a_notebook_that_nobody_watches_keeps_nothing():
    outputs, contents = executed(SETTING, LONG, answers=False)
    assert contents == []
    assert outputs[0] == []
    [printed] = outputs[1]
    assert (printed.name, printed.text) == ("stdout", "25 iterations\n")


@pytest.mark.slow  # starts a kernel
def test_a_watched_notebook_shows_a_line_and_empties_it():
    outputs, contents = executed(SETTING, LONG, answers=True)
    texts = [content["text/plain"] for content in contents]
    assert len(texts) >= 3
    assert texts.count("") == 2
    assert texts[-1] == ""
    line = r"0:0\d  step \d+, cost [\d.]+, cosine \S+"
    assert all(re.fullmatch(line, text) for text in texts if text)
    assert outputs[0] == []
    left, printed = outputs[1]  # one output for both runs
    assert left.data == {"text/html": "", "text/plain": ""}
    assert (printed.name, printed.text) == ("stdout", "25 iterations\n")


@pytest.mark.slow  # starts a kernel
def test_ctrl_c_in_a_notebook_returns_the_best_point():
    import signal

    def interrupt(client):
        os.kill(client.km.provisioner.process.pid, signal.SIGINT)

    outputs, contents = executed(SETTING, ENDLESS, answers=True, on_progress=interrupt)
    line, printed = outputs[1]
    assert printed.text == "True True\n"
    assert contents[-1] == line.data == {"text/html": "", "text/plain": ""}
