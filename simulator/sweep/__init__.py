"""Grids of scenarios, resumable, on one machine or many."""
