"""Timed comparisons: `python -m riemgn.benchmark` (docs/performance.md)."""
