"""Theory beside each answer: what queueing theory says of a plan's stages, and where a simulation contradicts it.

Letters: c workers of a replica, R replicas, N shards, rho utilisation, scv squared coefficient of variation. All times
are seconds. A formula is called exact only where every assumption of its theorem holds for the plan.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from simulator.capacity.formulas import fork_join_mean, harmonic, mean_wait_mmc, sojourn_percentile_mmc
from simulator.engine.arrivals import entering_candidates
from simulator.engine.curve import curve_value
from simulator.engine.law import CONSTANT, LawTables
from simulator.engine.plan import IDLE_NOISE, NOISE, REQUEST, RESPONSE, Plan
from simulator.engine.traffic import CLOSED, POISSON, dispersion
from simulator.engine.traffic import CONSTANT as EVEN
from simulator.policies.balancing import RANDOM, ROUND_ROBIN
from simulator.statistics.intervals import CONFIDENCE, Estimate
from simulator.statistics.load import FULL, Load
from simulator.statistics.moments import knots, service_moments

__all__ = ["Check", "Kind", "Quantity", "disagreements", "theory_of"]

Kind = Literal["exact", "approximation", "bound"]
Quantity = Literal["utilization", "capacity_qps", "queue", "latency", "p50", "p99"]

_FLAGGED = 4.0  # standard errors


@dataclass(frozen=True)
class Check:
    """One thing theory says of one stage.

    Attributes
    ----------
    stage
        The stage's name.
    quantity
        As the answer to a run names it: utilization (a share), capacity_qps (queries a second), or seconds of queue
        (mean wait), latency (mean from entering the stage to the end of its merge), p50 and p99 (of that latency).
    value
        What theory says, in the quantity's unit.
    kind
        exact; approximation; or bound: capacity_qps and whatever `formula` calls an upper bound is never exceeded, a
        lower bound is never undercut.
    formula
        Its name and source.
    """

    stage: str
    quantity: Quantity
    value: float
    kind: Kind
    formula: str


def theory_of(plan: Plan, load: Load) -> tuple[Check, ...]:
    """Return what theory says of every stage of `plan`, whose offered load is `load`.

    A stage at or beyond saturation has no latency in steady state, nor has one behind it: only offered load and bound
    are given. Arrivals at a later stage are Poisson where Burke's theorem (1956) holds for all before it: M/M/c, one
    shard, one replica or a random one; independent delays keep a Poisson process one. Elsewhere the variability of
    departures is approximated as in Whitt, "The queueing network analyzer", 1983.
    """
    checks: list[Check] = []
    plain = True
    poisson, open_ = plan.arrivals.kind == POISSON, plan.arrivals.kind != CLOSED
    scv = 0.0 if plan.arrivals.kind == EVEN else dispersion(plan.arrivals, plan.qps)
    for s, name in enumerate(plan.names):
        stage = _Stage(plan, load, s, poisson=poisson, arrival_scv=scv)
        plain = plain and plan.plain(s)
        steady = plain and open_ and plan.settles and max(load.utilization[: s + 1]) < FULL
        checks += [Check(name, *found) for found in stage.says(steady=steady)]
        poisson, scv = stage.departs_poisson(), stage.departure_scv()
    return tuple(checks)


def disagreements(
    checks: Sequence[Check], measured: Mapping[tuple[str, str], Estimate], replications: int
) -> list[str]:
    """Return a sentence for each exact value that the simulation misses by more than 4 standard errors.

    Parameters
    ----------
    checks
        What theory says; approximations and bounds are passed over.
    measured
        Estimates by (stage, quantity) in the unit of the check; quantities that are missing or have no interval are
        passed over.
    replications
        How many made each estimate; the standard error is half the interval over Student's t.
    """
    from scipy.special import stdtrit  # a quarter of a second to load, and only runs need it

    found = []
    student = float(stdtrit(max(replications - 1, 1), (1 + CONFIDENCE) / 2))
    for check in checks:
        estimate = measured.get((check.stage, check.quantity))
        if check.kind != "exact" or not math.isfinite(check.value) or estimate is None:
            continue
        if math.isnan(estimate.high - estimate.low):
            continue
        error = (estimate.high - estimate.low) / 2 / student
        off = abs(estimate.value - check.value)
        if off > _FLAGGED * error + 1e-9 * abs(check.value):
            many = f"{off / error:.1f} standard errors apart" if error else "with no spread at all"
            found.append(
                f"{check.stage}: {_WORDS[check.quantity]} is {check.value:.6g} by theory ({check.formula}) but "
                f"{estimate.value:.6g} in the simulation, {many}"
            )
    return found


_BOUND = "utilisation law: workers / mean service, an upper bound"
_WORDS = {
    "utilization": "utilisation",
    "capacity_qps": "the bound on queries a second",
    "queue": "the mean wait in seconds",
    "latency": "the mean latency in seconds",
    "p50": "the median latency in seconds",
    "p99": "the p99 latency in seconds",
}

_Said = tuple[Quantity, float, Kind, str]


class _Stage:
    """One stage as a queueing model."""

    def __init__(self, plan: Plan, load: Load, stage: int, *, poisson: bool, arrival_scv: float) -> None:
        self.plan, self.s, self.poisson = plan, stage, poisson
        self.rho = load.utilization[stage]
        table = plan.stages
        self.shards, self.replicas = int(table.shards[stage]), int(table.replicas[stage])
        self.workers, self.balancing = int(table.workers[stage]), int(table.balancing[stage])
        self.rate = plan.qps / self.replicas  # at one replica
        shares = _largest_shares(plan, stage)
        self.service = service_moments(plan, stage, shares)
        self.idle = service_moments(plan, stage, shares, idle=True) if table.has_idle_law[stage] else self.service
        self.arrival_scv = self._split(arrival_scv)
        most = int(shares[0])
        least = _entering(plan, stage)[0] // self.shards
        costs = [float(curve_value(plan.curves, 2 * stage, int(n))) for n in (least, most)]
        self.alike = _alike(plan) and least > 0 and costs[0] == costs[1]
        self.memoryless = self.alike and _is_exponential(plan.laws, 4 * stage + NOISE)
        self.one_law = not table.has_idle_law[stage] or _same_laws(plan, stage, most)

    def says(self, *, steady: bool) -> list[_Said]:
        """Return all that theory says, of waiting only in steady state."""
        even: Kind = "exact" if self.alike and self.one_law and steady else "approximation"
        law = "utilisation law: rate x mean service / workers (Little 1961)"
        said: list[_Said] = [("utilization", self.rho, even, law)]
        if self.rho > 0:
            said.append(("capacity_qps", self.plan.qps / self.rho, "bound", _BOUND))
        if steady and self.rho > 0 and self._waits_alike():
            said += self._one_queue()
        elif steady and self.rho > 0 and self.shards > 1:
            said += self._fork_join()
        return said

    def departs_poisson(self) -> bool:
        """Return whether Burke's theorem makes the departures from the stage Poisson."""
        merged = self.plan.merge_workers == 0
        return self._erlang() and self.shards == 1 and self.rho < 1 and merged

    def departure_scv(self) -> float:
        """Return the scv of the gaps between departures (Whitt 1983, section 4)."""
        servers, service = self.workers * self.replicas, min(self.service.scv, 1e6)
        rho = min(self.rho, 1.0)
        return 1 + (1 - rho**2) * (self.arrival_scv - 1) + rho**2 / math.sqrt(servers) * (max(service, 0.2) - 1)

    def _split(self, scv: float) -> float:
        """Return the scv of the gaps at one replica: random thinning (Whitt 1983) or every R-th arrival."""
        if self.balancing == ROUND_ROBIN:
            return scv / self.replicas
        return 1 + (scv - 1) / self.replicas

    def _random(self) -> bool:
        """Return whether Poisson arrivals at the stage are Poisson at each replica."""
        return self.replicas == 1 or self.balancing == RANDOM

    def _static(self) -> bool:
        """Return whether the arrivals at a replica do not depend on its queue."""
        return self.replicas == 1 or self.balancing in (RANDOM, ROUND_ROBIN)

    def _erlang(self) -> bool:
        """Return whether each replica of each shard is M/M/c."""
        return self.poisson and self._random() and self.memoryless and self.one_law

    def _waits_alike(self) -> bool:
        """Return whether the stage waits as one queue: one shard, or several whose services are all one constant."""
        constant = self.alike and self.one_law and self.service.scv < 1e-12 and self._steady_delays()
        in_step = self.replicas == 1 or self.balancing == ROUND_ROBIN
        return self._static() and (self.shards == 1 or (constant and in_step))

    def _steady_delays(self) -> bool:
        """Return whether network and merge add the same constant to every latency."""
        laws = (4 * self.s + REQUEST, 4 * self.s + RESPONSE, self.plan.merge_noise)
        return self.plan.merge_workers == 0 and all(self.plan.laws.kind[law] == CONSTANT for law in laws)

    def _delays(self) -> float:
        """Return the mean seconds of network and merge of a stage whose merge is a plain delay."""
        plan = self.plan
        mean = plan.laws.mean
        lists = min(int(_entering(plan, self.s)[0]), self.shards)
        merge = curve_value(plan.curves, plan.merge_curve, lists) * float(mean[plan.merge_noise])
        return float(mean[4 * self.s + REQUEST] + mean[4 * self.s + RESPONSE]) + merge

    def _one_queue(self) -> list[_Said]:
        """Return what is known of a stage that waits as one queue."""
        wait, kind, name = self._wait()
        said: list[_Said] = [("queue", wait, kind, name)]
        if self.plan.merge_workers == 0 and self.alike:
            said.append(("latency", wait + self._serves() + self._delays(), kind, name))
        if self._erlang() and self.shards == 1 and self._steady_delays():
            levels: tuple[tuple[Quantity, float], ...] = (("p50", 50.0), ("p99", 99.0))
            for quantity, level in levels:
                t = sojourn_percentile_mmc(self.rate, self.service.mean_s, self.workers, level)
                said.append((quantity, t + self._delays(), "exact", "M/M/c sojourn percentile (Erlang C)"))
        if self.workers == 1 and self.one_law and not self.poisson and self.s == 0:
            gaps = self.arrival_scv / self.rate**2
            most = self.rate * (gaps + self.service.second - self.service.mean_s**2) / 2 / (1 - self.rho)
            said.append(("queue", most, "bound", "Kingman 1962, an upper bound for renewal arrivals"))
        return said

    def _wait(self) -> tuple[float, Kind, str]:
        """Return the mean wait, its kind and its formula."""
        erlang = mean_wait_mmc(self.rate, self.service.mean_s, self.workers)
        if self._erlang() and self.shards == 1:
            return erlang, "exact", "M/M/c mean wait (Erlang C)"
        if self.workers == 1 and self.poisson and self._random() and self.alike:
            return self._takacs()
        factor = (self.arrival_scv + self.service.scv) / 2
        return (
            factor * erlang,
            "approximation",
            "Kingman 1961, Allen-Cunneen (Allen 1990): Erlang's wait x (ca2 + cs2) / 2",
        )

    def _takacs(self) -> tuple[float, Kind, str]:
        """Return Pollaczek and Khinchine's mean wait, or Welch's where an idle server has a law of its own."""
        busy, idle, rate = self.service, self.idle, self.rate
        wait = rate * busy.second / 2 / (1 - self.rho)
        if self.one_law:
            return wait, "exact", "M/G/1 mean wait (Pollaczek 1930, Khinchine 1932)"
        wait += rate * (idle.second - busy.second) / 2 / (1 - self.rho + rate * idle.mean_s)
        return wait, "exact", "M/G/1 with exceptional first service (Welch, Oper. Res. 12, 1964)"

    def _serves(self) -> float:
        """Return the mean service; of one worker with an idle law, by the share of calls that find it idle."""
        if self.one_law or self.workers > 1:
            return self.service.mean_s
        idle = (1 - self.rho) / (1 - self.rho + self.rate * self.idle.mean_s)
        return self.service.mean_s + idle * (self.idle.mean_s - self.service.mean_s)

    def _fork_join(self) -> list[_Said]:
        """Return what is known of N M/M/1 queues that join."""
        if self.replicas * self.workers > 1 or not (self._erlang() and self._steady_delays()):
            return []
        mean_s, N, shift = self.service.mean_s, self.shards, self._delays()
        kind: Kind = "exact" if N == 2 else "approximation"
        name = "Flatto & Hahn 1984" if N == 2 else "Nelson & Tantawi 1988, fitted up to 32 shards"
        alone = 1 / (1 / mean_s - self.rate)
        least = max(-math.log(0.01) * alone, -math.log(-math.expm1(math.log(0.99) / N)) * mean_s)
        most = -math.log(-math.expm1(math.log(0.99) / N)) * alone
        independent = "N independent queues (association; Nelson & Tantawi 1988), an upper bound"
        return [
            ("latency", fork_join_mean(self.rate, mean_s, N) + shift, kind, name),
            ("latency", harmonic(N) * alone + shift, "bound", independent),
            ("p99", most + shift, "bound", independent),
            ("p99", least + shift, "bound", "one queue alone, and N services without waiting, a lower bound"),
        ]


def _alike(plan: Plan) -> bool:
    """Return whether all queries, of whichever class, bring the same number of candidates."""
    laws = slice(plan.candidates_law, plan.candidates_law + len(plan.class_shares))
    constant = (plan.laws.kind[laws] == CONSTANT).all()
    return bool(constant and len(set(plan.laws.value[laws].tolist())) == 1)


def _entering(plan: Plan, stage: int) -> NDArray[np.int64]:
    """Return the candidates that enter a stage: (Q,), the first replication's draws, or (1,) if all bring as many."""
    if _alike(plan):
        entering = np.array([max(1, math.floor(float(plan.laws.value[plan.candidates_law]) + 0.5))], dtype=np.int64)
    else:
        entering = entering_candidates(plan, 0)
    for keep in plan.stages.keep[:stage]:
        entering = np.minimum(entering, keep)
    return entering


def _largest_shares(plan: Plan, stage: int) -> NDArray[np.int64]:
    """Return the candidates of a stage's most loaded shard, as `_entering`."""
    shares: NDArray[np.int64] = -(-_entering(plan, stage) // int(plan.stages.shards[stage]))
    return shares


def _is_exponential(laws: LawTables, law: int) -> bool:
    """Return whether a law's table is that of an exponential of its mean."""
    if laws.kind[law] == CONSTANT or not laws.slope[laws.offset[law] : laws.offset[law + 1]].any():
        return False
    tail, values = knots(laws, law)
    exact = -float(laws.mean[law]) * np.stack([np.log1p(-tail), np.log(tail)])
    return bool(np.allclose(values, exact, rtol=1e-9, atol=1e-12 * float(laws.mean[law])))


def _same_laws(plan: Plan, stage: int, candidates: int) -> bool:
    """Return whether idle and busy calls cost the same."""
    costs = [float(curve_value(plan.curves, 2 * stage + idle, candidates)) for idle in (0, 1)]
    busy, idle = (_table(plan.laws, 4 * stage + law) for law in (NOISE, IDLE_NOISE))
    return costs[0] == costs[1] and all(np.array_equal(one, two) for one, two in zip(busy, idle, strict=True))


def _table(laws: LawTables, law: int) -> tuple[NDArray[np.float64], ...]:
    """Return all numbers of one law."""
    cells = slice(int(laws.offset[law]), int(laws.offset[law + 1]))
    return np.array([laws.kind[law], laws.value[law]]), laws.level[cells], laws.slope[cells]
