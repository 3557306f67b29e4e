"""The table of labels taken for others, against scikit-learn."""

import numpy as np
from pages import Page
from sklearn.metrics import confusion_matrix

from riemgn.reports.confusion import confusion_table


def labels(count, rows, seed=0):
    draws = np.random.default_rng(seed)
    names = np.array([f"k^{i}" for i in range(count)])
    true = names[draws.integers(count, size=rows)]
    predicted = np.where(draws.random(rows) < 0.5, true, names[draws.integers(count, size=rows)])
    return names, true, predicted


def page_of(true, predicted, names):
    return Page(confusion_table(true, predicted, names, "the rows"))


def test_few_labels_have_a_cell_a_pair():
    names, true, predicted = labels(12, 200)
    [[head, *rows]] = page_of(true, predicted, names).tables
    order = sorted(names)
    assert head == ["true", *order, "share right"]
    counts = confusion_matrix(true, predicted, labels=order)
    assert [[int(cell) for cell in row[1:-1]] for row in rows] == counts.tolist()


def test_of_many_labels_the_most_frequent_mistakes_are_told():
    names, true, predicted = labels(300, 900)
    predicted[true == "k^7"] = "k^8"
    page = page_of(true, predicted, names)
    [[head, *rows]] = page.tables
    assert head == ["true", "predicted", "rows", "share"]
    assert len(rows) == 12
    assert rows[0] == ["k^7", "k^8", str(np.sum(true == "k^7")), "1.000"]
    counts = [int(row[2]) for row in rows]
    assert counts == sorted(counts, reverse=True)
    for one, other, count, share in rows:
        mine = predicted[true == one]
        assert int(count) == np.sum(mine == other)
        assert share == f"{np.mean(mine == other):.3f}"
    assert f"300 labels, {np.sum(true == predicted)} are predicted right" in page.text
    assert "The 12 most frequent mistakes" in page.text


def test_many_labels_without_mistakes_need_no_table():
    names = np.arange(25)
    page = page_of(names, names, names)
    assert page.tables == []
    assert "25 labels, 25 are predicted right." in page.text
    one = page_of(names, np.where(names == 3, 4, names), names)
    assert one.tables == [[["true", "predicted", "rows", "share"], ["3", "4", "1", "1.000"]]]
