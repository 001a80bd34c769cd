"""A capacity planner for machine-learned ranking systems."""

__version__ = "0.1.0"
