"""The same two models for cimba, whose models are classes that it compiles.

A join keeps the arrival and the answers of each query in flight in rings of ROOM places.
"""

import cimba as cb
from cimba import inputs

RHO = 0.7
ROOM = 4096


class Join(cb.Model):
    """Waits for every shard's answer to a query."""

    arrived: cb.Array[float] = cb.Array(ROOM)
    answers: cb.Array[int] = cb.Array(ROOM)
    total: float = 0.0
    joined: float = 0.0
    mean: cb.Output[float]

    @cb.on_end
    def measure(self):
        """The mean sojourn time of all joined queries."""
        self.mean = self.total / self.joined


class Shard(cb.Model):
    """One queue and its server."""

    service: cb.Input[float] = inputs.dist.exponential(mean=1)
    queue: cb.Container
    join: cb.Ref[Join]
    served: int = 0
    shards: int = 1

    @cb.process
    def server(self):
        """Serve, and answer."""
        while True:
            self.queue.get(1)
            cb.hold(self.service.next())
            at = self.served % ROOM
            self.served += 1
            self.join.answers[at] += 1
            if self.join.answers[at] == self.shards:
                self.join.answers[at] = 0
                self.join.total += cb.now() - self.join.arrived[at]
                self.join.joined += 1.0


class ForkJoin(cb.Model):
    """Sends every query to all shards."""

    interarrival: cb.Input[float] = inputs.dist.exponential(mean=1 / RHO)
    join: Join
    shards: list[Shard]
    sent: int = 0

    @cb.process
    def arrivals(self):
        """Queries, one exponential gap after the other."""
        while True:
            cb.hold(self.interarrival.next())
            self.join.arrived[self.sent % ROOM] = cb.now()
            self.sent += 1
            for i in range(len(self.shards)):
                self.shards[i].queue.put(1)


def cimba_fork_join(queries: int, shards: int) -> float:
    """Simulate about `queries` queries over `shards` queues and return the mean sojourn time."""
    join, model = Join(), ForkJoin()
    servers = []
    for _ in range(shards):
        server = Shard()
        server.join, server.shards = join, shards
        servers.append(server)
    model.join, model.shards = join, servers
    window = cb.Window(warmup=0, duration=queries / RHO)
    found = cb.Experiment(model, replications=1, window=window, seed=1).run()
    return float(found[join].mean.values[0][0])
