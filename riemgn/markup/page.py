"""A page of HTML that stands alone: no other file and no network is needed to show it."""

from __future__ import annotations

from riemgn.markup.wording import escaped

_STYLE = """
:root { color-scheme: light; --ink: #1c2430; --soft: #5b6472; --line: #dfe3e8; --wash: #f6f7f9;
  --good: #00694d; --bad: #a63d00; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: #fff; color: var(--ink);
  font: 17px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
main { max-width: 57rem; margin: 0 auto; padding: 2.5rem 1.25rem 4rem; }
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
tbody th { font-weight: 400; overflow-wrap: anywhere; min-width: 6.5rem; }
td { white-space: nowrap; }
td.words { white-space: normal; }
figure { margin: 1.25rem 0; }
section.part figure { max-width: 44rem; }
pre { background: var(--wash); padding: .7rem 1rem; overflow-x: auto; font-size: .88rem; }
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
  section.part { break-before: auto; margin-top: 1.5rem; padding-top: 0; }
  pre { white-space: pre-wrap; } h2, h3 { break-after: avoid; }
  figure, tr, .verdict { break-inside: avoid; } a { color: inherit; text-decoration: none; } }
"""


def page(title: str, body: str) -> str:
    """Return a page.

    Args:
        title: Of the browser's window.
        body: HTML; a `header`, then a `section` for each part. On paper a section begins a page,
            one of the class `part` does not.
    """
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n"
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}</main>\n</body>\n</html>\n"
    )
