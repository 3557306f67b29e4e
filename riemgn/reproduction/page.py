"""The page that a person reads: what was run, the verdicts, and each claim with its figure."""

from __future__ import annotations

import base64
import platform
import re
from collections.abc import Mapping
from html import escape

PAGE = "index.html"

_LISTED = 6  # so many values of a list are told one by one, of a longer one the ends
_POWER = re.compile(r"(?<![\w.#])(\d+(?:\.\d+)?)e([+-]?)0*(\d+)\b")

_STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5b6472; --line: #dfe3e8; --wash: #f6f7f9;
  --good: #00694d; --bad: #a63d00; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 54rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .75rem; letter-spacing: -.01em; }
h2 { font-size: 1.35rem; line-height: 1.3; margin: 0 0 .5rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: .5rem 0; max-width: 42rem; }
a { color: #0b5c9e; }
.soft { color: var(--soft); font-size: .88rem; }
section { border-top: 1px solid var(--line); margin-top: 3rem; padding-top: 1.75rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; font-size: .93rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .45rem .9rem .45rem 0;
  border-bottom: 1px solid var(--line); }
thead th { color: var(--soft); font-weight: 600; font-size: .82rem; }
tbody th { font-weight: 400; overflow-wrap: anywhere; }
td { white-space: nowrap; }
td.words { white-space: normal; }
figure { margin: 1.25rem 0; }
img { display: block; width: 100%; height: auto; }
.good { color: var(--good); font-weight: 600; }
.bad { color: var(--bad); font-weight: 600; }
.verdict { background: var(--wash); padding: .7rem 1rem; border-left: 4px solid var(--good); }
.verdict.fails { border-left-color: var(--bad); }
sup { line-height: 0; font-size: .75em; }
@media (max-width: 36rem) { body { font-size: 16px; } main { padding: 1.5rem 1rem 3rem; }
  h1 { font-size: 1.5rem; } th, td { padding-right: .6rem; } td { white-space: normal; } }
@media print { body { font-size: 10.5pt; } main { max-width: none; padding: 0; }
  section { break-before: page; border-top: 0; margin-top: 0; }
  figure, tr, .verdict { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
"""


def page(rows: Mapping[str, dict], images: Mapping[str, bytes], around: Mapping[str, str]) -> str:
    """Return the page as HTML that stands alone: no other file is needed to show it.

    Args:
        rows: The rows of claims.json, by key.
        images: The figures as PNG, by key; a claim without one has no figure.
        around: The versions, and the digest of the sources.
    """
    sections = "".join(_section(key, row, images.get(key)) for key, row in rows.items())
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<title>riemgn: the claims, reproduced</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n"
        f"{_header(rows, around)}{_summary(rows)}{sections}"
        "</main>\n</body>\n</html>\n"
    )


def told(value) -> str:
    """Return a predicted or measured value of claims.json in a few words."""
    if value is None or value != value:  # NaN
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, dict):
        return ", ".join(f"{name} {told(part)}" for name, part in value.items())
    if isinstance(value, (list, tuple)):
        if len(value) > _LISTED:
            return f"{told(value[0])} … {told(value[-1])} ({len(value)} values)"
        return ", ".join(f"({told(v)})" if isinstance(v, (list, tuple)) else told(v) for v in value)
    return str(value)


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
        f'<p class="soft">Settings: {_text(runs)}. {pieces} independent measurements took '
        f"{_duration(seconds)} in all, each at one thread.<br>"
        f"{_text(', '.join(f'{name} {version}' for name, version in versions.items()))}.</p>\n"
        "</header>\n"
    )


def _summary(rows: Mapping[str, dict]) -> str:
    lines = [
        f'<tr><td><a href="#{_text(key)}">{_text(key)}</a></td>'
        f'<td class="words">{_text(row["title"])}</td>'
        f"<td>{_holding(row)}</td>"
        f"<td>{_badge(row['holds'])}</td></tr>\n"
        for key, row in rows.items()
    ]
    return _table(("Claim", "What it says", "Checks that hold", "Verdict"), lines)


def _section(key: str, row: dict, image: bytes | None) -> str:
    return (
        f'<section id="{_text(key)}">\n<h2>{_text(key)}. {_text(row["title"])}</h2>\n'
        f"<p>{_text(row['statement'])} "
        f'<span class="soft">({_text(row["section"])})</span></p>\n'
        f"{_figure(key, row, image)}{_checks(row)}{_findings(row)}{_verdict(key, row)}"
        f'<p class="soft">Settings: {_text(row["run"])}'
        f"{_text(''.join(f'; {name} {told(value)}' for name, value in row['settings'].items()))}. "
        f"{row['pieces']} measurement{'s' * (row['pieces'] != 1)}, {_duration(row['seconds'])}.</p>"
        "\n</section>\n"
    )


def _figure(key: str, row: dict, image: bytes | None) -> str:
    if image is None:
        return "<p>There is no figure: the measurements did not come to an end.</p>\n"
    source = base64.b64encode(image).decode("ascii")
    words = row["caption"] or "What was measured, beside what is predicted (dashed)."
    return (
        f'<figure><img alt="Claim {_text(key)}. {_text(words)}" '
        f'src="data:image/png;base64,{source}">'
        f'<figcaption class="soft">{_text(words)}</figcaption></figure>\n'
    )


def _checks(row: dict) -> str:
    lines = [
        f'<tr><th scope="row">{_numbers(check["name"])}</th>'
        f"<td>{_numbers(told(check['predicted']))}</td><td>{_numbers(told(check['measured']))}</td>"
        f"<td>{_mark(check['holds'])}</td></tr>\n"
        for check in row["checks"]
    ]
    return _table(("What", "Predicted", "Measured", "Holds"), lines)


def _findings(row: dict) -> str:
    if not row["findings"]:
        return ""
    sentences = "".join(f"<li>{_numbers(sentence)}</li>\n" for sentence in row["findings"])
    return f"<h3>What else was seen</h3>\n<ul>\n{sentences}</ul>\n"


def _verdict(key: str, row: dict) -> str:
    kind = "verdict" if row["holds"] else "verdict fails"
    counted = f"checks that hold: {_holding(row)}"
    return f'<p class="{kind}">{_text(key)} {_badge(row["holds"])}; {counted}.</p>\n'


def _holding(row: dict) -> str:
    return f"{sum(check['holds'] for check in row['checks'])} of {len(row['checks'])}"


def _table(headings: tuple[str, ...], lines: list[str]) -> str:
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join(lines)
    return (
        f'<div class="scroll"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}</tbody>\n</table></div>\n"
    )


def _badge(holds: bool) -> str:
    return f'<span class="{"good" if holds else "bad"}">{verdict_words(holds)}</span>'


def _mark(holds: bool) -> str:
    return f'<span class="{"good" if holds else "bad"}">{"yes" if holds else "no"}</span>'


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def _text(text: str) -> str:
    return escape(str(text), quote=True)


def _numbers(text: str) -> str:
    """Return escaped text with 1e-09 set as a power of ten."""

    def power(match: re.Match) -> str:
        digits, sign, exponent = match.groups()
        signed = ("&minus;" if sign == "-" else "") + exponent
        return f"{digits} &times; 10<sup>{signed}</sup>"

    return _POWER.sub(power, _text(text))
