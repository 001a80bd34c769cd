"""The same two models, M/M/1 and a fork-join of 100 queues, as a user of other simulators would write them.

Each function simulates about `queries` queries at load RHO with mean service 1 and returns the mean sojourn time.
"""

import random
import statistics

import ciw
import simpy

RHO = 0.7
SHARDS = 100


def simpy_fork_join(queries: int, shards: int) -> float:
    """SimPy: one process a query and one a request, one resource a shard."""
    env, draw = simpy.Environment(), random.Random(1)
    servers = [simpy.Resource(env) for _ in range(shards)]
    sojourn: list[float] = []

    def request(server):
        with server.request() as turn:
            yield turn
            yield env.timeout(draw.expovariate(1.0))

    def query():
        begun = env.now
        yield env.all_of([env.process(request(server)) for server in servers])
        sojourn.append(env.now - begun)

    def arrivals():
        for _ in range(queries):
            yield env.timeout(draw.expovariate(RHO))
            env.process(query())

    env.process(arrivals())
    env.run()
    return statistics.fmean(sojourn)


def ciw_queue(queries: int) -> float:
    """Ciw: one node; Ciw has no fork-join."""
    ciw.seed(1)
    network = ciw.create_network(
        arrival_distributions=[ciw.dists.Exponential(RHO)],
        service_distributions=[ciw.dists.Exponential(1.0)],
        number_of_servers=[1],
    )
    simulation = ciw.Simulation(network)
    simulation.simulate_until_max_customers(queries, method="Finish")
    return statistics.fmean(row.exit_date - row.arrival_date for row in simulation.get_all_records())
