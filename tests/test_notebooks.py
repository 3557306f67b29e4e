"""Every notebook runs, and shows what is committed.

After a change of a notebook, or of what it shows, `python tests/notebook_cases.py NOTEBOOK` runs it
and writes its outputs. `jupyter execute --inplace NOTEBOOK` does, too, with the times of the run.
"""

import ast
import base64
import copy
import os
import re
import struct
from importlib import import_module

import nbformat
import pytest
from documentation_pages import PUBLIC
from nbclient.exceptions import CellExecutionError
from nbformat import v4
from notebook_cases import FOLDER, KERNEL, LARGEST, differences, faults, read, refresh, run_afresh

NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


@every_notebook
@pytest.mark.slow
def test_a_fresh_run_shows_what_is_committed(path, tmp_path):
    assert differences(read(path), run_afresh(path, tmp_path)) == []


@every_notebook
def test_a_committed_notebook_is_in_order(path):
    nbformat.validate(read(path))
    assert faults(read(path)) == []
    assert path.stat().st_size < LARGEST


@every_notebook
def test_a_notebook_imports_what_is_public(path):
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")
    taken = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom)]
    ours = [node for node in taken if node.module.split(".")[0] == "riemgn"]
    for node in ours:
        assert node.module in PUBLIC, node.module
        public = import_module(node.module).__all__
        assert [name.name for name in node.names if name.name not in public] == []


@every_notebook
def test_a_notebook_leads_on(path):
    _, _, rest = read(path).cells[-1].source.partition("## Where next\n")
    assert rest, f"the last cell of {path.name} has no way on"
    assert re.search(r"\]\((\.\./docs/[\w/-]+\.md|\d\d[\w-]+\.ipynb)", rest)


def test_notebooks_are_numbered():
    numbers = [path.stem[:3] for path in NOTEBOOKS]
    assert numbers
    assert len(set(numbers)) == len(numbers)
    assert all(number[:2].isdigit() and number[2] == "-" for number in numbers)


TABLE = """\
                iterations  seconds
gauss-newton             4   0.0123
bfgs                    10  12.3456
"""


def png(width, height):
    return base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", width, height))


def small_notebook(text="loss 1.23456 in 7 steps", outputs=None, source="run()", **metadata):
    """A notebook of one code cell that prints a text, or has other outputs."""
    if outputs is None:
        outputs = [v4.new_output("stream", name="stdout", text=text)]
    opening = v4.new_markdown_cell("# A run\n\nYou will see a loss.")
    cell = v4.new_code_cell(source, execution_count=1, outputs=outputs, metadata=metadata)
    return v4.new_notebook(cells=[opening, cell], metadata={"kernelspec": KERNEL})


def of_data(**data):
    data = {name.replace("_", "/", 1): content for name, content in data.items()}
    return [v4.new_output("display_data", data=data)]


def image(width, height):
    return of_data(image_png=png(width, height).decode())


@pytest.mark.parametrize(
    "fresh",
    [
        "loss 1.23456 in 7 steps",
        "loss   1.23456\nin 7 steps",
        "loss 1.23457 in 7 steps",  # rounded to the other side
        "loss 1.234560001 in 7 steps",
    ],
)
def test_what_is_no_difference(fresh):
    assert differences(small_notebook(), small_notebook(fresh)) == []


@pytest.mark.parametrize(
    ("fresh", "told"),
    [
        ("loss 1.23458 in 7 steps", "1.23456 has become 1.23458"),
        ("loss 1.23456 in 8 steps", "7 has become 8"),
        ("loss -1.23456 in 7 steps", "1.23456 has become -1.23456"),
        ("gain 1.23456 in 7 steps", "the words"),
        ("loss nan in 7 steps", "the words"),
        ("loss 1.23456 in 7 steps\n8", "the words"),
        ("", "the words"),
    ],
)
def test_a_changed_number_or_word_is_a_difference(fresh, told):
    [difference] = differences(small_notebook(), small_notebook(fresh))
    assert difference.startswith("cell [1]: ")
    assert told in difference


def test_rounding_to_a_neighbour_is_no_excuse_for_more_than_a_hundredth():
    assert differences(small_notebook("0.5"), small_notebook("0.6"))
    assert differences(small_notebook("4e-05"), small_notebook("5e-05"))
    assert differences(small_notebook("2.17e-05"), small_notebook("2.18e-05")) == []


def test_numbers_below_rounding_are_zero():
    assert differences(small_notebook("3e-16"), small_notebook("-1.1e-15")) == []
    assert differences(small_notebook("3e-12"), small_notebook("5e-12"))


def test_a_cell_sets_its_tolerance():
    shown = small_notebook("1.000000", riemgn={"rtol": 1e-3})
    assert differences(shown, small_notebook("1.000900")) == []
    assert differences(shown, small_notebook("1.001100"))
    shown = small_notebook("0.000100", riemgn={"atol": 1e-3})
    assert differences(shown, small_notebook("-0.000100")) == []
    with pytest.raises(TypeError, match="tolerance"):
        differences(small_notebook(riemgn={"tolerance": 1e-3}), small_notebook())


def test_the_tag_times_leaves_out_seconds_and_nothing_else():
    shown = small_notebook("4 steps in 1.25 s\n\n" + TABLE, tags=["times"])

    def fresh(old, new):
        return small_notebook(("4 steps in 1.25 s\n\n" + TABLE).replace(old, new))

    assert differences(shown, fresh("1.25 s", "0.75 s")) == []
    assert differences(shown, fresh(" 0.0123", "12.0123")) == []
    assert differences(shown, fresh("  4  ", "  5  "))
    assert differences(shown, fresh("4 steps", "5 steps"))
    assert differences(shown, fresh("bfgs", "adam"))
    untagged = small_notebook("4 steps in 1.25 s\n\n" + TABLE)
    assert len(differences(untagged, fresh("1.25 s", "0.75 s"))) == 1


def test_html_is_compared_by_what_it_says():
    shown = small_notebook(outputs=of_data(text_html="<b style='width: 3px'>loss</b> 1.5"))

    def fresh(text):
        return small_notebook(outputs=of_data(text_html=text))

    assert differences(shown, fresh("<i>loss</i> 1.5<style>b {width: 4px}</style>")) == []
    assert differences(shown, fresh("<b>loss</b> 1.7"))
    assert differences(shown, fresh("<b>gain</b> 1.5"))


def test_images_are_compared_by_their_size():
    shown = small_notebook(outputs=image(600, 400))
    assert differences(shown, small_notebook(outputs=image(602, 399))) == []
    [told] = differences(shown, small_notebook(outputs=image(600, 800)))
    assert "(600, 400) has become one of (600, 800)" in told


def test_missing_and_further_outputs_are_differences():
    shown = small_notebook(outputs=image(600, 400))
    without = small_notebook(outputs=[])
    assert differences(shown, without)
    assert differences(without, shown)
    assert differences(shown, small_notebook(outputs=image(600, 400) * 2))
    assert differences(shown, small_notebook(outputs=of_data(text_plain="600 400")))


def test_what_is_printed_in_pieces_is_one_output():
    pieces = [
        v4.new_output("stream", name="stdout", text=text)
        for text in ("loss 1.23", "456 in 7 steps")
    ]
    assert differences(small_notebook(), small_notebook(outputs=pieces)) == []
    pieces[1].name = "stderr"
    assert differences(small_notebook(), small_notebook(outputs=pieces))


def test_a_failing_cell_is_a_difference_and_a_fault():
    failed = [v4.new_output("error", ename="ValueError", evalue="no", traceback=[])]
    assert "error" in differences(small_notebook(), small_notebook(outputs=failed))[0]
    assert faults(small_notebook(outputs=failed)) == ["cell [1] ends in an error"]


def test_other_cells_are_a_difference():
    assert differences(small_notebook(), small_notebook(source="walk()")) == [
        "these are not runs of the same cells"
    ]


def test_faults_of_a_committed_notebook():
    assert faults(small_notebook()) == []
    stderr = v4.new_output("stream", name="stderr", text="a warning")
    assert faults(small_notebook(outputs=[stderr])) == ["cell [1] ends in an stderr"]
    for text in (f"{os.sep}home{os.sep}someone", "<object at 0x7f12ab34cd56>"):
        assert faults(small_notebook(text)) == ["cell [1] shows a path or an address"]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda notebook: notebook.cells.pop(0), "what one will see"),
        (lambda notebook: notebook.cells[0].update(source="# A run"), "what one will see"),
        (lambda notebook: notebook.cells[1].update(execution_count=2), "top to bottom"),
        (lambda notebook: notebook.metadata.kernelspec.update(name="my-env"), "kernel"),
    ],
)
def test_a_notebook_out_of_order_is_at_fault(spoil, told):
    notebook = small_notebook()
    notebook.metadata = copy.deepcopy(notebook.metadata)
    spoil(notebook)
    [fault] = faults(notebook)
    assert told in fault


@pytest.mark.slow
def test_refreshing_writes_outputs_and_no_times(tmp_path):
    folder = tmp_path / "own"
    folder.mkdir()
    path = folder / "01-own.ipynb"
    source = """\
import os, sys
open("beside.txt", "w").close()
print("threads", end=" ")
sys.stdout.flush()
print(os.environ["OMP_NUM_THREADS"])"""
    nbformat.write(small_notebook(outputs=[], source=source), path)
    refresh(path)
    assert [entry.name for entry in folder.iterdir()] == ["01-own.ipynb"]
    assert faults(read(path)) == []
    [cell] = [cell for cell in read(path).cells if cell.cell_type == "code"]
    [output] = cell.outputs
    assert output.text == "threads 1\n"
    assert not cell.metadata
    assert "version" not in read(path).metadata.language_info


@pytest.mark.slow
def test_a_failing_cell_ends_a_fresh_run(tmp_path):
    path = tmp_path / "01-own.ipynb"
    nbformat.write(small_notebook(source="1 / 0"), path)
    with pytest.raises(CellExecutionError, match="ZeroDivisionError"):
        run_afresh(path, tmp_path / "scratch")
