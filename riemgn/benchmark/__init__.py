"""Comparisons with other solvers: `python -m riemgn.benchmark` (docs/performance.md)."""
