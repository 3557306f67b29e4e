"""The page that a person reads: what was run, the verdicts, and each claim with its figure."""

from __future__ import annotations

import platform
from collections.abc import Mapping

from riemgn import markup
from riemgn.markup import Markup, duration, escaped, figure, in_powers, table, told

PAGE = "index.html"


def page(rows: Mapping[str, dict], images: Mapping[str, bytes], around: Mapping[str, str]) -> str:
    """Return the page as HTML that stands alone: no other file is needed to show it.

    Args:
        rows: The rows of claims.json, by key.
        images: The figures as PNG, by key; a claim without one has no figure.
        around: The versions, and the digest of the sources.
    """
    sections = "".join(_section(key, row, images.get(key)) for key, row in rows.items())
    body = f"{_header(rows, around)}{_summary(rows)}{sections}"
    return markup.page("riemgn: the claims, reproduced", body)


def verdict_words(holds: bool) -> str:
    """Return the verdict in words."""
    return "holds" if holds else "does not hold"


def _header(rows: Mapping[str, dict], around: Mapping[str, str]) -> str:
    holding = sum(row["holds"] for row in rows.values())
    runs = " and ".join(sorted({row["run"] for row in rows.values()}))
    seconds = sum(row["seconds"] for row in rows.values())
    pieces = sum(row["pieces"] for row in rows.values())
    versions = {"Python": platform.python_version(), **around, "sources": around["sources"][:12]}
    return (
        "<header>\n<h1>The claims about Gauss-Newton on output manifolds, reproduced</h1>\n"
        f"<p>Claims that hold: {holding} of {len(rows)}. Below are the statement of each, a "
        "figure, and every number beside the prediction that it is compared with."
        "</p>\n"
        f'<p class="soft">Settings: {escaped(runs)}. {pieces} independent measurements took '
        f"{duration(seconds)} in all, each at one thread.<br>"
        f"{escaped(', '.join(f'{name} {version}' for name, version in versions.items()))}.</p>\n"
        "</header>\n"
    )


def _summary(rows: Mapping[str, dict]) -> str:
    lines = [
        (
            Markup(f'<a href="#{escaped(key)}">{escaped(key)}</a>'),
            row["title"],
            _holding(row),
            _badge(row["holds"]),
        )
        for key, row in rows.items()
    ]
    return table(("Claim", "What it says", "Checks that hold", "Verdict"), lines)


def _section(key: str, row: dict, image: bytes | None) -> str:
    settings = "".join(f"; {name} {told(value)}" for name, value in row["settings"].items())
    return (
        f'<section id="{escaped(key)}">\n<h2>{escaped(key)}. {escaped(row["title"])}</h2>\n'
        f"<p>{escaped(row['statement'])} "
        f'<span class="soft">({escaped(row["section"])})</span></p>\n'
        f"{_figure(key, row, image)}{_checks(row)}{_findings(row)}{_verdict(key, row)}"
        f'<p class="soft">Settings: {escaped(row["run"])}{escaped(settings)}. '
        f"{row['pieces']} measurement{'s' * (row['pieces'] != 1)}, {duration(row['seconds'])}.</p>"
        "\n</section>\n"
    )


def _figure(key: str, row: dict, image: bytes | None) -> str:
    if image is None:
        return "<p>There is no figure: the measurements did not come to an end.</p>\n"
    words = row["caption"] or "What was measured, beside what is predicted (dashed)."
    return figure(image, words, f"Claim {key}. {words}")


def _checks(row: dict) -> str:
    lines = [
        (
            check["name"],
            told(check["predicted"]),
            told(check["measured"]),
            _mark(check["holds"]),
        )
        for check in row["checks"]
    ]
    return table(("What", "Predicted", "Measured", "Holds"), lines)


def _findings(row: dict) -> str:
    if not row["findings"]:
        return ""
    sentences = "".join(f"<li>{in_powers(sentence)}</li>\n" for sentence in row["findings"])
    return f"<h3>What else was seen</h3>\n<ul>\n{sentences}</ul>\n"


def _verdict(key: str, row: dict) -> str:
    kind = "verdict" if row["holds"] else "verdict fails"
    counted = f"checks that hold: {_holding(row)}"
    return f'<p class="{kind}">{escaped(key)} {_badge(row["holds"])}; {counted}.</p>\n'


def _holding(row: dict) -> str:
    return f"{sum(check['holds'] for check in row['checks'])} of {len(row['checks'])}"


def _badge(holds: bool) -> Markup:
    return Markup(f'<span class="{"good" if holds else "bad"}">{verdict_words(holds)}</span>')


def _mark(holds: bool) -> Markup:
    return Markup(f'<span class="{"good" if holds else "bad"}">{"yes" if holds else "no"}</span>')
