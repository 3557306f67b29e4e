"""Moré, Garbow and Hillstrom's least-squares problems: functions, starts and minima."""

from riemgn.benchmark.collection.instances import INSTANCES, Instance
from riemgn.benchmark.collection.minima import Minimum

__all__ = ["INSTANCES", "Instance", "Minimum"]
