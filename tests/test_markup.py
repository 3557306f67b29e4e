"""Words, tables and sparklines in HTML."""

import base64
import re

import numpy as np
import pytest
from html_cases import Reader, read, rows

from riemgn.markup import (
    Markup,
    card,
    duration,
    escaped,
    figure,
    in_powers,
    page,
    sparkline,
    table,
    told,
    verbatim,
)

HOSTILE = """<script>alert("1")</script> & 'b'"""


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (True, "yes"),
        (False, "no"),
        (0.123456, "0.1235"),
        (float("inf"), "inf"),
        (12345678, "12345678"),
        ([1.5, 2.0], "1.5, 2"),
        (list(range(10)), "0 … 9 (10 values)"),
        ([(1, 2), (3, 4)], "(1, 2), (3, 4)"),
        ({"a": 0.5, "b": None}, "a 0.5, b -"),
        ("text", "text"),
    ],
)
def test_values_in_words(value, words):
    assert told(value) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.0421, "0.042 s"),
        (9.4, "9.4 s"),
        (9.96, "10 s"),
        (42.2, "42 s"),
        (59.4, "59 s"),
        (59.7, "1 min 0 s"),
        (187, "3 min 7 s"),
        (3599.6, "1 h 0 min"),
        (7260, "2 h 1 min"),
        (float("nan"), "-"),
        (float("inf"), "-"),
    ],
)
def test_durations(seconds, words):
    assert duration(seconds) == words


def test_powers_of_ten_are_set_and_all_else_is_escaped():
    assert in_powers("3.5e-09") == "3.5 &times; 10<sup>&minus;9</sup>"
    assert in_powers("1e+05") == "1 &times; 10<sup>5</sup>"
    assert in_powers("x1e5, #1e5") == "x1e5, #1e5"
    assert "<" not in escaped(HOSTILE)
    assert '"' not in escaped(HOSTILE)
    assert in_powers(HOSTILE) == escaped(HOSTILE)
    assert in_powers("R^12 <b>^2") == "R<sup>12</sup> &lt;b&gt;^2"


def test_names_are_shown_as_they_are():
    name = "<näme>-1e3^x & a^b"
    assert in_powers(name) != escaped(name)
    assert verbatim(name) == in_powers(verbatim(name)) == escaped(name)
    html = table([verbatim("a^b")], [[verbatim(name), verbatim("run-1e5")]])
    assert "".join(read(html).text.split()) == "".join(["a^b", *name.split(), "run-1e5"])
    assert rows(card("x", [(verbatim(name), verbatim("1e3"))])) == {name: "1e3"}
    drawn = figure(b"", verbatim(name))
    assert f'alt="{escaped(name)}"' in drawn
    assert f">{escaped(name)}</figcaption>" in drawn


def test_long_names_may_be_broken():
    assert '<td class="words">' in table(["p"], [["a", verbatim("w & " * 11)]])
    assert '<td class="words">' not in table(["p"], [["a", Markup(f"<i title='{'w' * 60}'>x</i>")]])


def test_a_card_is_a_table_with_a_caption():
    html = card("a <b>", [("name & co", HOSTILE), ("line", Markup("<i>kept</i>"))])
    reader = read(html)
    assert reader.all("script") == []
    assert len(reader.all("i")) == 1
    assert reader.all("caption")
    assert rows(html) == {"name & co": HOSTILE, "line": "kept"}


def test_a_table_has_headings_for_columns_and_rows():
    html = table(["p", "q"], [["a", "1e-3"], [HOSTILE, "w" * 60]])
    reader = Reader(html)
    assert [heading["scope"] for heading in reader.all("th")] == ["col", "col", "row", "row"]
    assert [cell.get("class") for cell in reader.all("td")] == [None, "words"]
    assert reader.all("script") == []


def test_a_figure_carries_its_image_and_words_for_it():
    reader = Reader(figure(b"png", 'the "loss"'))
    [image] = reader.all("img")
    kind, content = image["src"].split(",")
    assert kind == "data:image/png;base64"
    assert base64.b64decode(content) == b"png"
    assert image["alt"] == reader.text.strip() == 'the "loss"'


def test_a_page_stands_alone():
    html = page("a < b", "<header><h1>t</h1></header>\n")
    reader = Reader(html.removeprefix("<!DOCTYPE html>"))
    assert reader.all("html") == [{"lang": "en"}]
    assert not reader.all("script")
    assert not reader.all("link")
    assert "<title>a &lt; b</title>" in html


def drawn(line):
    """Return a sparkline's points, (m, 2), and the width and height of its frame."""
    [points] = re.findall(r'points="([^"]*)"', line)
    [frame] = re.findall(r'viewBox="0 0 (\d+) (\d+)"', line)
    return np.array([pair.split(",") for pair in points.split()], float), *map(float, frame)


def test_a_sparkline_goes_through_its_values():
    values = [1.0, 1e-2, 1e-4, 1e-3]
    points, width, height = drawn(sparkline(values, "loss"))
    x, y = points.T
    assert np.all((points >= 0) & (x[:, None] <= width) & (y[:, None] <= height))
    np.testing.assert_allclose(np.diff(x), (x[-1] - x[0]) / 3, atol=0.1)
    heights = (y[0] - y) / (y[0] - y[2])  # downwards in SVG, from the largest to the least
    np.testing.assert_allclose(heights, [0, 0.5, 1, 0.75], atol=0.01)
    straight, *_ = drawn(sparkline([0.0, 1.0, 4.0], "loss", logarithmic=False))
    ups = (straight[0, 1] - straight[:, 1]) / (straight[0, 1] - straight[2, 1])
    np.testing.assert_allclose(ups, [0, 0.25, 1], atol=0.01)


def test_a_sparkline_places_its_values():
    points, *_ = drawn(sparkline([1.0, 2.0, 3.0], "loss", places=[0.0, 1.0, 10.0]))
    across = (points[:, 0] - points[0, 0]) / (points[-1, 0] - points[0, 0])
    np.testing.assert_allclose(across, [0, 0.1, 1], atol=0.01)


@pytest.mark.parametrize(
    "values", [[], [1.0], [np.nan, np.nan], [1.0, 0.0, np.nan], [np.inf, 1.0], [-1.0, -2.0]]
)
def test_what_cannot_be_drawn_is_left_out(values):
    assert sparkline(values, "loss") == ""


def test_a_sparkline_of_extreme_values():
    values = [1e308, -1e308, 0.0, 5e-324, np.nan, np.inf]
    points, width, height = drawn(sparkline(values, HOSTILE, logarithmic=False))
    assert len(points) == 4
    assert np.all(np.isfinite(points))
    assert np.all((points >= 0) & (points <= [width, height]))
    level, _, height = drawn(sparkline([2.0, 2.0, 2.0], "loss"))
    np.testing.assert_array_equal(level[:, 1], height / 2)
    read(sparkline(values, HOSTILE, logarithmic=False))


def test_a_long_sparkline_is_thinned_and_keeps_its_ends():
    values = np.geomspace(1, 1e-8, 100_000)
    points, width, height = drawn(sparkline(values, "loss"))
    assert len(points) <= 400
    np.testing.assert_allclose(points[[0, -1], 0], [2, width - 2])
    np.testing.assert_allclose(points[[0, -1], 1], [2, height - 2])
