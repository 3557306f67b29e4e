"""Which labels are taken for which others, as a table that stays readable."""

from __future__ import annotations

import numpy as np

from riemgn import markup
from riemgn.markup import verbatim
from riemgn.reports.frame import marked, paragraph

_MOST_LABELS = 12  # of which every pair is told
_MOST_MISTAKES = 12  # that are told of more labels


def confusion_table(
    true: np.ndarray, predicted: np.ndarray, classes: np.ndarray, which: str
) -> str:
    """Return the counts of each pair of labels, or of the most frequent mistakes.

    Args:
        true: The true labels (rows,).
        predicted: The predicted ones (rows,).
        classes: The labels that the model knows.
        which: The rows in words.
    """
    labels = np.unique(np.concatenate([true, predicted, classes]))
    if labels.size > _MOST_LABELS:
        return _mistakes(true, predicted, labels.size, which)
    rows = []
    for label in labels:
        mine = predicted[true == label]
        counts = [marked(str(np.sum(mine == other)), other == label) for other in labels]
        share = f"{np.mean(mine == label):.3f}" if mine.size else "-"
        rows.append((verbatim(label), *counts, share))
    words = f"Labels of {which}: a row for each true label, a column for each predicted one."
    return paragraph(words) + markup.table(("true", *map(verbatim, labels), "share right"), rows)


def _mistakes(true: np.ndarray, predicted: np.ndarray, labels: int, which: str) -> str:
    wrong = true != predicted
    right = f"Of {which}, with {labels} labels, {np.sum(~wrong)} are predicted right."
    if not wrong.any():
        return paragraph(right)
    pairs = np.stack([true[wrong], predicted[wrong]], axis=1)
    kinds, counts = np.unique(pairs, axis=0, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:_MOST_MISTAKES]
    rows = [
        (*map(verbatim, kinds[k]), str(counts[k]), f"{counts[k] / np.sum(true == kinds[k][0]):.3f}")
        for k in most
    ]
    told = f"The {len(most)} most frequent mistakes" if len(kinds) > len(most) else "The mistakes"
    words = f"{right} {told}, with the share of the true label's rows:"
    return paragraph(words) + markup.table(("true", "predicted", "rows", "share"), rows)
