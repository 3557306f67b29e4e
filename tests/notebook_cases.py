"""Notebooks: what a committed one must be, a fresh run of it, and where the two differ.

As a program it runs notebooks again and writes their outputs, without times and versions:
`python tests/notebook_cases.py notebooks/05-*.ipynb`, or all of them with no argument.
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import shutil
import struct
import sys
import tempfile
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode, v4

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
LARGEST = 600_000  # bytes of a notebook
LONGEST = 120  # seconds of a cell that hangs

NUMBER = re.compile(r"(?<![\w.])[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
UNIT_OF_TIME = r"\s*(?:ns|µs|ms|s|min|seconds?|minutes?)\b"
MACHINE = re.compile(r"/(?:home|root|Users|tmp|var|opt|work|mnt)/|[A-Z]:\\|\b0x[0-9a-f]{6,}")


def read(path: Path) -> NotebookNode:
    return nbformat.read(path, as_version=4)


def run_afresh(path: Path, scratch: Path) -> NotebookNode:
    """The notebook run in a new kernel with one BLAS thread, beside copies of its files."""
    folder = shutil.copytree(path.parent, scratch / "notebooks")
    notebook = read(path)
    client = NotebookClient(
        notebook,
        timeout=LONGEST,
        kernel_name="python3",
        record_timing=False,
        resources={"metadata": {"path": str(folder)}},
    )
    client.execute(env=_environment(scratch))
    return notebook


def _environment(scratch: Path) -> dict[str, str]:
    threads = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
    return {
        **os.environ,
        **dict.fromkeys(threads, "1"),
        "IPYTHONDIR": str(scratch / "ipython"),  # no profile of the user's
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
    }


def refresh(path: Path) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        notebook = run_afresh(path, Path(scratch))
    notebook.metadata = {
        "kernelspec": KERNEL,
        "language_info": {"name": "python", "pygments_lexer": "ipython3"},
    }
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
        if cell.cell_type == "code":
            cell.outputs = _joined(cell.outputs)
    nbformat.write(notebook, path)


def _joined(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """The outputs, with what comes from one stream in a row as one.

    A kernel sends what is printed in pieces whose ends are a matter of time.
    """
    joined = []
    for name, group in groupby(outputs, key=lambda out: out.get("name")):
        if name is None:
            joined += group
        else:
            text = "".join(out.text for out in group)
            joined.append(v4.new_output("stream", name=name, text=text))
    return joined


def faults(notebook: NotebookNode) -> list[str]:
    """What is wrong with a committed notebook, whatever its numbers are."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    found = []
    if not _opens(notebook.cells[0]):
        found.append("the first cell is not a heading and what one will see")
    if [cell.execution_count for cell in code] != list(range(1, len(code) + 1)):
        found.append("the cells were not run once, from top to bottom")
    if notebook.metadata.get("kernelspec") != KERNEL:
        found.append(f"its kernel is not {KERNEL}")
    for cell in code:
        for kind, contents in _outputs(cell):
            if kind in ("error", "stderr"):
                found.append(f"cell [{cell.execution_count}] ends in an {kind}")
            told = json.dumps({mime: c for mime, c in contents.items() if "image/" not in mime})
            if MACHINE.search(told):
                found.append(f"cell [{cell.execution_count}] shows a path or an address")
    return found


def _opens(cell: NotebookNode) -> bool:
    heading, _, rest = cell.source.partition("\n")
    return (
        cell.cell_type == "markdown"
        and heading.startswith("# ")
        and re.search(r"\bsee\b", rest) is not None
    )


@dataclass(frozen=True)
class Tolerance:
    """How far a number may be from the one that is shown.

    A cell sets it by its metadata, {"riemgn": {"rtol": 1e-3, "atol": 1e-8}}. Its tag "times" leaves
    out numbers with a unit of time, columns headed "seconds", and numbers in HTML.
    """

    rtol: float = 1e-6
    atol: float = 1e-12
    times: bool = False

    @classmethod
    def of(cls, cell: NotebookNode) -> Tolerance:
        tags = cell.metadata.get("tags", [])
        return cls(**cell.metadata.get("riemgn", {}), times="times" in tags)

    def holds(self, shown: str, fresh: str) -> bool:
        """Whether they are near, or rounded to neighbours where that is less than a hundredth."""
        size = abs(float(shown))
        rounding = min(_last_place(shown), size / 100) * (1 + 1e-9)
        return abs(float(shown) - float(fresh)) <= max(self.atol, self.rtol * size, rounding)


def _last_place(number: str) -> float:
    is_whole = re.fullmatch(r"[-+]?[0-9]+", number)
    return 0.0 if is_whole else 10.0 ** Decimal(number).as_tuple().exponent


def differences(shown: NotebookNode, fresh: NotebookNode) -> list[str]:
    """Where the outputs of two runs of one notebook differ, in words."""
    if [cell.source for cell in shown.cells] != [cell.source for cell in fresh.cells]:
        return ["these are not runs of the same cells"]
    found = []
    for before, after in zip(shown.cells, fresh.cells, strict=True):
        if before.cell_type == "code":
            where = f"cell [{before.execution_count}]"
            found += [f"{where}: {told}" for told in _cell_differences(before, after)]
    return found


def _cell_differences(shown: NotebookNode, fresh: NotebookNode) -> list[str]:
    before, after = _outputs(shown), _outputs(fresh)
    kinds = [[(kind, sorted(contents)) for kind, contents in both] for both in (before, after)]
    if kinds[0] != kinds[1]:
        return [f"outputs {kinds[0]} have become {kinds[1]}"]
    tolerance = Tolerance.of(shown)
    return [
        told
        for (_, old), (_, new) in zip(before, after, strict=True)
        for mime in old
        for told in _content_differences(mime, old[mime], new[mime], tolerance)
    ]


def _outputs(cell: NotebookNode) -> list[tuple[str, dict]]:
    """The kinds and the contents of a cell's outputs."""
    return [_kind_and_contents(out) for out in _joined(cell.outputs)]


def _kind_and_contents(out: NotebookNode) -> tuple[str, dict]:
    if out.output_type == "stream":
        return out.name, {"text/plain": out.text}
    if out.output_type == "error":
        return "error", {"text/plain": f"{out.ename}: {out.evalue}"}
    return out.output_type, dict(out.data)


def _content_differences(mime: str, shown, fresh, tolerance: Tolerance) -> list[str]:
    if mime == "image/png":
        return _image_differences(shown, fresh)
    if mime == "text/html":
        shown, fresh = _words_of_html(shown), _words_of_html(fresh)
        if tolerance.times:
            shown, fresh = NUMBER.sub("", shown), NUMBER.sub("", fresh)
    elif not mime.startswith("text/"):
        return []  # the content of an interactive figure
    elif tolerance.times:
        shown, fresh = _without_times(shown), _without_times(fresh)
    return _text_differences(shown, fresh, tolerance)


def _text_differences(shown: str, fresh: str, tolerance: Tolerance) -> list[str]:
    if _words(shown) != _words(fresh):
        return [f"the words\n{shown}\nhave become\n{fresh}"]
    pairs = zip(NUMBER.findall(shown), NUMBER.findall(fresh), strict=True)
    return [f"{old} has become {new}" for old, new in pairs if not tolerance.holds(old, new)]


def _words(text: str) -> str:
    """A text without its numbers, spaces, and the lengths of its rules, which follow from them."""
    return re.sub(r"([-─=])\1{2,}|\s+", r"\1", NUMBER.sub("#", text))


def _words_of_html(text: str) -> str:
    text = re.sub(r"<(style|script)\b.*?</\1>", "", text, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", text))


def _without_times(text: str) -> str:
    lines, ends = [], []
    for line in text.splitlines():
        headings = [match.end() for match in re.finditer(r"\bseconds(?=\s|$)", line)]
        if headings and not NUMBER.search(line):
            ends = headings
        elif not line.strip():
            ends = []
        else:
            line = _without_columns(line, ends)
        lines.append(line)
    return re.sub(NUMBER.pattern + UNIT_OF_TIME, "", "\n".join(lines))


def _without_columns(line: str, ends: list[int]) -> str:
    """A row of a table with columns aligned to the right, without what ends at some of them."""
    for match in reversed(list(re.finditer(r"\S+", line))):
        if match.end() in ends:
            line = line[: match.start()] + line[match.end() :]
    return line


def _image_differences(shown: str, fresh: str) -> list[str]:
    """Whether two images have the same size, but for what fonts make of labels."""
    sizes = [struct.unpack(">II", base64.b64decode(png)[16:24]) for png in (shown, fresh)]
    if all(abs(old - new) <= 0.05 * old for old, new in zip(*sizes, strict=True)):
        return []
    return [f"an image of {sizes[0]} has become one of {sizes[1]}"]


if __name__ == "__main__":
    for path in map(Path, sys.argv[1:] or sorted(FOLDER.glob("*.ipynb"))):
        print(path.name, flush=True)
        refresh(path)
