"""One stage, one shard: the classic queues. Sources stand in the rows and are printed where one fails."""

from dataclasses import replace

import pytest

from simulator.capacity.formulas import erlang_c
from tests.theory.judge import Model, by_id, cases, funnel, judged, measure, traffic


def law(name: str, **parameters: float) -> dict:
    """A law of mean 1 s."""
    return {"distribution": name, "mean": "1s", **parameters}


EXPONENTIAL = law("exponential")
SERVICES = {  # the name in the rows: cost and squared coefficient of variation
    "D": ("1s", 0.0),
    "exp": (EXPONENTIAL, 1.0),
    "Erlang-4": (law("gamma", cv=0.5), 0.25),
    "uniform[0,2]": ({"distribution": "uniform", "low": "0s", "high": "2s"}, 1 / 3),
    "lognormal scv=1": (law("lognormal", cv=1), 1.0),
    "lognormal scv=4": (law("lognormal", cv=2), 4.0),
    "H2 scv=4": (law("hyperexponential", cv=2), 4.0),
    "H2 scv=16": (law("hyperexponential", cv=4), 16.0),
}


def queue(service: str, rho: float, workers: int = 1) -> Model:
    """Poisson arrivals to one queue; `service` as the rows name it."""
    cost, spread = SERVICES[service]
    longer = {"lognormal scv=1": 1.25, "lognormal scv=4": 2.6}.get(service, 1.0)
    waits = erlang_c(rho * workers, workers)
    return Model(funnel({"cost": cost, "workers": workers}), rho * workers, rho, spread, longer, waits)


def workers_and_load(row):
    """M/M/c."""
    return queue("exp", row["params"]["rho"], row["params"]["c"])


def constant_service(row):
    """M/D/c."""
    return queue("D", row["params"]["rho"], row["params"].get("c", 1))


def service_and_load(row):
    """M/G/1."""
    return queue(row["params"]["service"], row["params"]["rho"])


def lognormal_and_load(row):
    """M/LN/1."""
    return queue(f"lognormal scv={row['params']['scv']}", row["params"]["rho"])


def arrivals_and_load(row):
    """GI/M/1: Erlang-k gaps are those of one of k replicas in turn."""
    kind, rho = row["params"]["arrivals"], row["params"]["rho"]
    if kind == "D":
        return replace(queue("exp", rho), traffic=traffic(arrivals="constant"))
    stages = int(kind.removeprefix("Erlang-")) if kind != "exp" else 1
    stage = {"replicas": stages, "balancing": "round_robin", "cost": EXPONENTIAL}
    return Model(funnel(stage), stages * rho, rho)


def late(row):
    """M/M/1 whose late queries, a share of e^-((1 - rho) tau), are counted."""
    return replace(queue("exp", row["params"]["lam"]), longer=4.0)


@pytest.mark.parametrize("case", cases(r"mmc\.", workers_and_load))
def test_exponential_service_is_erlang_c(case):
    """M/M/c: waiting probability, means and percentiles are Erlang's."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"mg1\.", service_and_load))
def test_wait_is_pollaczek_and_khinchines(case):
    """M/G/1: mean and standard deviation of the wait are those of Pollaczek, Khinchine and Takács."""
    assert case.complaints() == []


@pytest.mark.parametrize(
    ("name", "cv"),
    [*((name, cv) for name in ("lognormal", "gamma") for cv in (0.5, 1.0, 2.0)), ("hyperexponential", 2.0)],
)
def test_mean_wait_depends_on_two_moments_alone(name, cv):
    """M/G/1 at rho = 0.6: every law of mean 1 and the same cv waits rho (1 + cv^2) / 2 (1 - rho) (Pollaczek 1930)."""
    model = Model(funnel({"cost": law(name, cv=cv)}), 0.6, 0.6, cv**2)
    row = {"id": f"{name}.{cv}", "quantity": "E[W]", "value": 0.6 * (1 + cv**2) / 0.8, "kind": "exact", "source": ""}
    assert judged(row, *measure(model, int(8e6 * max(1.0, cv)), [row])[0]) == ""


@pytest.mark.parametrize("case", cases(r"md1\.", constant_service))
def test_constant_service_is_erlangs_m_d_1(case):
    """M/D/1: the percentiles of the wait are Erlang's of 1909."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"mdc\.", constant_service))
def test_constant_service_and_many_workers_is_crommelins(case):
    """M/D/c: waiting probability and wait are Crommelin's of 1932."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"mph1\.", service_and_load))
def test_phase_type_service_has_the_phase_type_percentiles(case):
    """M/PH/1: percentiles are those of the phase-type waiting time (Neuts 1981), for Erlang and hyperexponential."""
    assert case.complaints() == []


@pytest.mark.parametrize(("name", "cv"), [("H2 scv=4", 2), ("H2 scv=16", 4)])
def test_hyperexponential_rows_have_balanced_means(name, cv):
    """The rows' two phases are ours: shares p = (1 +- sqrt((c2 - 1) / (c2 + 1))) / 2 at rates 2 p (Tijms 1994, B.2)."""
    excess = ((cv**2 - 1) / (cv**2 + 1)) ** 0.5
    row = next(row for row in by_id().values() if row["id"].startswith(f"mph1.{name.replace(' ', '_')}."))
    assert row["params"]["alpha"] == pytest.approx([(1 + excess) / 2, (1 - excess) / 2])
    assert row["params"]["rates"] == pytest.approx([1 + excess, 1 - excess])


@pytest.mark.parametrize("case", cases(r"mlogn1\.", lognormal_and_load))
def test_lognormal_service_has_the_compound_geometric_percentiles(case):
    """M/LN/1: sojourn and waiting percentiles are those of the compound geometric sum."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"gim1\.(?!H2_)", arrivals_and_load))
def test_other_arrivals_are_gi_m_1(case):
    """Evenly spaced, Erlang and Poisson arrivals wait as in GI/M/1, and no longer than Kingman's bound of 1962."""
    assert case.complaints() == []


@pytest.mark.parametrize("case", cases(r"nokill\.", late))
def test_late_queries_are_counted_as_the_sojourn_law_says(case):
    """Without a deadline the share of queries over a limit is the tail of the sojourn time in M/M/1."""
    assert case.complaints() == []


@pytest.mark.parametrize(
    ("rho", "busy", "idle", "wait"),
    [(0.8, EXPONENTIAL, EXPONENTIAL | {"mean": "1.5s"}, 4.71429), (0.7, "1s", "2s", 1.78431)],
)
def test_idle_law_is_welchs_exceptional_first_service(rho, busy, idle, wait):
    """M/G/1 whose idle server takes longer: the mean wait is Welch's of 1964."""
    row = {"id": f"welch.{rho}", "quantity": "E[W]", "value": wait, "kind": "exact", "source": "Oper. Res. 12, 1964"}
    model = Model(funnel({"cost": busy, "idle_cost": idle}), rho, rho)
    assert judged(row, *measure(model, 8_000_000, [row])[0]) == ""
