"""Likelihoods whose maximum lies at infinity have no statistics; those near to it do."""

import autograd.numpy as anp
import numpy as np
import pytest
from regression_cases import fitted

import riemgn as rg


def endless(kind):
    """A likelihood that grows on to infinity, all along or but for a part of the outcomes."""
    x = np.linspace(-2.0, 2.0, 30)
    group = np.column_stack([np.ones(30), x, np.arange(30) < 8])
    apart = x > 0.1
    if kind == "separable":
        return lambda w: w[0] + w[1] * x, np.zeros(2), rg.LogisticLoss(apart)
    if kind == "a group of one label":
        labels = np.where(np.arange(30) < 8, 1, np.arange(30) % 2)
        return lambda w: anp.dot(group, w), np.zeros(3), rg.LogisticLoss(labels)
    if kind == "a group of no counts":
        counts = np.where(np.arange(30) < 8, 0, np.arange(30) % 4)
        return lambda w: anp.dot(group, w), np.zeros(3), rg.PoissonLoss(counts)
    labels = apart.astype(int) + (x > 1)

    def three(w):
        return anp.reshape(anp.stack([0 * x, w[0] + w[1] * x, w[2] + w[3] * x], axis=1), -1)

    return three, np.zeros(4), rg.SoftmaxLoss(labels)


@pytest.mark.parametrize(
    "kind", ["separable", "a group of one label", "a group of no counts", "three classes apart"]
)
def test_a_maximum_of_the_likelihood_at_infinity_is_refused(kind):
    with pytest.raises(ValueError, match="maximum of the likelihood lies at infinity"):
        rg.fit_statistics(*fitted(*endless(kind)))


def test_an_almost_separable_likelihood_has_its_maximum():
    x = np.linspace(-2.0, 2.0, 30)
    labels = x > 0
    labels[13] = True
    statistics = rg.fit_statistics(
        *fitted(lambda w: w[0] + 1000 * w[1] * x, np.zeros(2), rg.LogisticLoss(labels))
    )
    assert np.isfinite(statistics.standard_errors).all()
