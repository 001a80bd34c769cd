"""Answers for planners: what a load does to a system, and how much load it bears."""
