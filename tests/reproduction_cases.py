"""A tiny claim, variations of it, and their registration under the keys of `riemgn reproduce`."""

import sys
import time
from dataclasses import replace
from types import MappingProxyType, ModuleType

import numpy as np

from riemgn import NumericalError
from riemgn.plotting.style import band, finish, prediction
from riemgn.reproduction.claim import Check, Claim, Verdict


def pieces(seeds, halvings, **constant):
    return [{"seed": seed, "halvings": halvings, **constant} for seed in range(seeds)]


def halved_norms(seed, halvings, factor=0.5, pause=0.0, fail_from=np.inf):
    """The norms of a random vector that is multiplied by `factor` again and again."""
    if seed >= fail_from:
        raise NumericalError(f"no vector for seed {seed} <here>")
    time.sleep(pause)
    vector = np.random.default_rng(seed).normal(size=(60, 60)) @ np.ones(60)
    return {"norms": np.array([np.linalg.norm(vector * factor**k) for k in range(halvings + 1)])}


def judge(measured):
    norms = np.array([piece.arrays["norms"] for piece in measured])
    ratios = norms[:, 1:] / norms[:, :-1]
    return Verdict(
        "T1",
        predicted={"ratio": 0.5},
        measured={"ratio": ratios.mean(), "undefined": np.nan},
        checks=(
            Check.near("ratio of norms, <all> halvings & seeds", ratios.max(), 0.5, 1e-9),
            Check.below("last norm over the first", (norms[:, -1] / norms[:, 0]).max(), 0.3),
        ),
        arrays={"norms": norms},
        findings=(f"The largest first norm is {norms[:, 0].max():.3g}.",),
    )


def draw(verdict, figure):
    axes = figure.subplots()
    norms = verdict.arrays["norms"]
    x = np.arange(norms.shape[1])
    band(axes, x, norms, "norms")
    prediction(axes, x, norms[0, 0] * 0.5**x)
    axes.set_yscale("log")
    finish(axes, "halvings", "norm", "Halving")


CLAIM = Claim(
    key="T1",
    title="Halving & <doubling>",
    statement="Halving a vector halves its norm.",
    section="docs/theory.md, section 0",
    pieces=pieces,
    measure=halved_norms,
    judge=judge,
    draw=draw,
    quick={"seeds": 2, "halvings": 3},
    full={"seeds": 3, "halvings": 5},
)


def renamed(key, **changes):
    """The claim under another key."""

    def judge_renamed(measured):
        verdict = changes.get("judge", judge)(measured)
        return replace(verdict, claim=key)

    return replace(CLAIM, key=key, **{**changes, "judge": judge_renamed})


def with_settings(key, **constant):
    """The claim with further constant arguments of its measurement."""
    return renamed(key, quick={**CLAIM.quick, **constant}, full={**CLAIM.full, **constant})


def staggered(seeds, **constant):
    """Two pieces that finish at once, and others that take a minute."""
    return [{"seed": k, "halvings": 2, "pause": 60.0 * (k >= 2)} for k in range(seeds)]


CLAIMS = {
    "T1": CLAIM,
    "WRONG": with_settings("WRONG", factor=0.6),
    "BROKEN": with_settings("BROKEN", fail_from=1),
    "SLOW": renamed("SLOW", pieces=staggered, quick={"seeds": 5}, full={"seeds": 5}),
}


def registered(claims):
    """The mapping that stands for `riemgn.reproduction.CLAIMS`, so that it holds these claims."""
    names = {}
    for key, claim in claims.items():
        module = ModuleType(f"reproduction_case_{key}")
        module.CLAIM = claim
        sys.modules[module.__name__] = module
        names[key] = module.__name__
    return MappingProxyType(names)
