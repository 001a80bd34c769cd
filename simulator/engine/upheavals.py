"""What changes the reference engine's replicas while it runs: faults, and a number that follows the load."""

from typing import TYPE_CHECKING

import numpy as np

from simulator.engine.order import ENTRY, FAULT, SCALE, rank_of
from simulator.engine.plan import DOWN
from simulator.engine.servers import World
from simulator.engine.windows import add_over_windows
from simulator.policies.autoscaling import wanted_replicas
from simulator.policies.faults import gap

if TYPE_CHECKING:
    from simulator.engine.visits import Shard

__all__ = ["Upheavals"]


class Upheavals:
    """The units that go down, and the number of replicas of each stage: those that serve and those paid for."""

    def __init__(self, world: World, shards: "list[list[Shard]]") -> None:
        self.world, self.shards = world, shards
        self.active = world.plan.stages.initial.tolist()
        self.ordered = list(self.active)
        self.paid_since: float | None = 0.0 if world.plan.warmup == 0 else None
        self.paid = [0.0] * len(self.active)
        self.since = [0.0] * len(self.active)

    def start(self) -> None:
        """Schedule the first fault of every unit and the first look at every stage."""
        down = self.world.plan.down
        for unit in range(down.stage.size):
            first = down.start[unit] if down.mttf[unit] == 0 else self._gap(unit, down.mttf[unit], 0)
            self._schedule(unit, first, 0)
        for stage, every in enumerate(self.world.plan.stages.scale_every.tolist()):
            if np.isfinite(every):
                self.world.clock.call(every, rank_of(SCALE, 0, stage, ENTRY), self.look, stage)

    def _gap(self, unit: int, mean: float, count: int) -> float:
        """Return a unit's time to failure (even `count`) or to repair."""
        down, stages = self.world.plan.down, self.world.plan.stages
        stage = int(down.stage[unit])
        place = int(down.shard[unit] * stages.replicas[stage] + down.replica[unit])
        return gap(mean, self.world.streams[stage, DOWN], count, place, int(down.number[unit]))

    def _schedule(self, unit: int, time: float, count: int) -> None:
        """Let a unit go down (even `count`) or come up at a time."""
        stage = int(self.world.plan.down.stage[unit])
        self.world.clock.call(time, rank_of(FAULT, unit, stage, ENTRY), self.turn, unit, count)

    def turn(self, unit: int, count: int) -> None:
        """Let a replica go down or come up, and schedule what follows."""
        down, now = self.world.plan.down, self.world.clock.now
        shard = self.shards[down.stage[unit]][down.shard[unit]]
        replica = shard.replicas[down.replica[unit]]
        again = down.mttf[unit] > 0
        if count % 2 == 0:
            shard.barred[replica.number] += 1
            replica.go_down()
            length = self._gap(unit, down.mttr[unit], count + 1) if again else down.length[unit]
            self._schedule(unit, now + length, count + 1)
        else:
            shard.barred[replica.number] -= 1
            replica.come_up()
            if again:
                self._schedule(unit, now + self._gap(unit, down.mttf[unit], count + 1), count + 1)

    def measure(self, query: int) -> None:
        """Count what replicas cost from the last query before the measured ones to the last."""
        plan, now = self.world.plan, self.world.clock.now
        if query == plan.warmup - 1:
            self.paid_since, self.since = now, [now] * len(self.since)
        if query == plan.total_queries - 1:
            for stage in range(len(self.since)):
                self._pay(stage)
            self.paid_since = None

    def _pay(self, stage: int) -> None:
        """Add what the replicas of a stage have cost since the last change."""
        if self.paid_since is not None:
            now, copies = self.world.clock.now, self.ordered[stage] * len(self.shards[stage])
            self.world.result.replica_seconds[stage] += copies * (now - self.since[stage])
            if np.isfinite(self.world.plan.stages.scale_every[stage]):
                add_over_windows(self.world.result.replica_windows, stage, copies, (self.since[stage], now))
            self.since[stage] = now

    def look(self, stage: int) -> None:
        """Set the number of replicas by how busy the workers were since the last look."""
        world, stages, now = self.world, self.world.plan.stages, self.world.clock.now
        world.work(stage, 0)
        every = float(stages.scale_every[stage])
        offered = every * int(stages.workers[stage] * stages.shards[stage]) * float(stages.scale_target[stage])
        bounds = (int(stages.fewest[stage]), int(stages.replicas[stage]))
        wanted = wanted_replicas(world.worked[stage], offered, bounds)
        world.worked[stage] = 0.0
        if wanted != self.ordered[stage]:
            self._pay(stage)
            if wanted > self.ordered[stage]:
                ready = now + float(stages.scale_delay[stage])
                world.clock.call(ready, rank_of(SCALE, 1, stage, ENTRY), self.serve, stage, wanted)
            self.ordered[stage] = wanted
            self._set_active(stage, min(self.active[stage], wanted))
        world.clock.call(now + every, rank_of(SCALE, 0, stage, ENTRY), self.look, stage)

    def serve(self, stage: int, ordered: int) -> None:
        """Let the replicas serve that were ordered a while ago, as far as they are still wanted."""
        self._set_active(stage, max(self.active[stage], min(self.ordered[stage], ordered)))

    def _set_active(self, stage: int, active: int) -> None:
        """Bar the replicas from number `active` on and no others."""
        before, self.active[stage] = self.active[stage], active
        for shard in self.shards[stage]:
            shard.barred[active:before] += 1
            shard.barred[before:active] -= 1
