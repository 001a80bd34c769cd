"""Every synthetic world by the kind of its rows, which rankers name as what they learn from."""

from collections.abc import Callable

from simulator.data.learnable import Judged
from simulator.data.text_world import TextWorld, make_text_world
from simulator.data.world import World, make_world

__all__ = ["WORLDS"]

WORLDS: dict[str, Callable[..., Judged]] = {World.kind: make_world, TextWorld.kind: make_text_world}
"""Makers of worlds; each takes `seed` and its own sizes by name."""
