"""One stage, one shard: the classic queues. Sources stand in the rows and are printed where one fails."""

import pytest

from tests.theory.judge import HIGH, Run, at, cases, judged, rows, scenario

SERVICES = {
    "D": "1s",
    "M": {"distribution": "exponential", "mean": "1s"},
    "Erlang-4": {"distribution": "gamma", "mean": "1s", "cv": 0.5},
    "lognormal 1": {"distribution": "lognormal", "mean": "1s", "cv": 1},
    "lognormal 4": {"distribution": "lognormal", "mean": "1s", "cv": 2},
}


def length(rho: float) -> int:
    """Queries a replication, enough for four standard errors to be narrow at this load."""
    return 400_000 if rho < 0.6 else 800_000 if rho < HIGH else 6_000_000


@pytest.mark.parametrize(("workers", "rho"), cases("mmc", "c", "rho", c=lambda workers: workers <= 16))
def test_exponential_service_is_erlang_c(workers, rho):
    """M/M/c: waiting probability, means and percentiles are Erlang's."""
    run = Run(scenario(rho * workers, [{"workers": workers, "cost": SERVICES["M"]}]), length(rho), rho)
    assert judged(run, rows("mmc", c=at(workers), rho=at(rho))) == []


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "rho"), cases("mmc", "c", "rho", c=lambda workers: workers > 16))
def test_erlang_c_holds_for_many_workers(workers, rho):
    """M/M/32 and M/M/64: the same, but for events rarer than one in a thousand, which a run hardly sees."""
    run = Run(scenario(rho * workers, [{"workers": workers, "cost": SERVICES["M"]}]), 10 * length(rho), rho)
    assert judged(run, [row for row in rows("mmc", c=at(workers), rho=at(rho)) if row["value"] > 1e-3]) == []


@pytest.mark.parametrize("rho", [0.7, 0.8, pytest.param(0.9, marks=pytest.mark.slow)])
@pytest.mark.parametrize("service", ["D", "Erlang-4"])
def test_mean_wait_is_pollaczek_and_khinchines(service, rho):
    """M/G/1: the mean wait is lambda E[S^2] / 2 (1 - rho), for services of little and of much spread."""
    run = Run(scenario(rho, [{"cost": SERVICES[service]}]), length(rho), rho)
    assert judged(run, rows("mg1", service=at(service), rho=at(rho))) == []


@pytest.mark.parametrize(
    ("law", "cv"),
    [*((law, cv) for law in ("lognormal", "gamma") for cv in (0.5, 1.0, 2.0)), ("hyperexponential", 2.0)],
)
def test_mean_wait_depends_on_two_moments_alone(law, cv):
    """M/G/1 at rho = 0.6: every law of mean 1 and the same cv waits rho (1 + cv^2) / 2 (1 - rho) (Pollaczek 1930)."""
    run = Run(scenario(0.6, [{"cost": {"distribution": law, "mean": "1s", "cv": cv}}]), int(cv * length(0.6)), 0.6)
    row = {"id": f"{law}.{cv}", "quantity": "E[W]", "value": 0.6 * (1 + cv**2) / 0.8, "source": "Pollaczek 1930"}
    assert judged(run, [row]) == []


@pytest.mark.parametrize("rho", [0.5, 0.7, 0.8, pytest.param(0.9, marks=pytest.mark.slow)])
def test_constant_service_is_erlangs_m_d_1(rho):
    """M/D/1: the percentiles of the wait are Erlang's of 1909."""
    run = Run(scenario(rho, [{"cost": SERVICES["D"]}]), length(rho), rho)
    assert judged(run, rows("md1", rho=at(rho))) == []


@pytest.mark.parametrize(("workers", "rho"), cases("mdc", "c", "rho"))
def test_constant_service_and_many_workers_is_crommelins(workers, rho):
    """M/D/c: waiting probability and wait are Crommelin's of 1932."""
    run = Run(scenario(rho * workers, [{"workers": workers, "cost": SERVICES["D"]}]), length(rho), rho)
    assert judged(run, rows("mdc", c=at(workers), rho=at(rho))) == []


@pytest.mark.parametrize("rho", [0.5, 0.7, 0.8, pytest.param(0.9, marks=pytest.mark.slow)])
def test_erlang_service_has_the_phase_type_percentiles(rho):
    """M/E4/1: sojourn percentiles are those of the phase-type waiting time (Neuts 1981)."""
    run = Run(scenario(rho, [{"cost": SERVICES["Erlang-4"]}]), length(rho), rho)
    assert judged(run, rows("mph1", service=at("Erlang-4"), rho=at(rho))) == []


@pytest.mark.parametrize(("scv", "rho"), cases("mlogn1", "scv", "rho"))
def test_lognormal_service_has_the_compound_geometric_percentiles(scv, rho):
    """M/LN/1: sojourn and waiting percentiles are those of the compound geometric sum."""
    run = Run(scenario(rho, [{"cost": SERVICES[f"lognormal {scv}"]}]), (4 if scv > 1 else 2) * length(rho), rho)
    assert judged(run, rows("mlogn1", scv=at(scv), rho=at(rho))) == []


@pytest.mark.parametrize("rho", [0.5, pytest.param(0.95, marks=pytest.mark.slow)])
def test_evenly_spaced_arrivals_are_d_m_1(rho):
    """D/M/1: waits are those of GI/M/1 with constant gaps."""
    run = Run(scenario(rho, [{"cost": SERVICES["M"]}], arrivals="constant"), length(rho), rho)
    assert judged(run, rows("gim1", arrivals=at("D"), rho=at(rho))) == []


@pytest.mark.parametrize(
    ("rho", "busy", "idle", "wait"),
    [
        (0.8, {"distribution": "exponential", "mean": "1s"}, {"distribution": "exponential", "mean": "1.5s"}, 4.71429),
        (0.7, "1s", "2s", 1.78431),
    ],
)
def test_idle_law_is_welchs_exceptional_first_service(rho, busy, idle, wait):
    """M/G/1 whose idle server takes longer: the mean wait is Welch's of 1964."""
    run = Run(scenario(rho, [{"cost": busy, "idle_cost": idle}]), length(rho), rho)
    row = {"id": f"welch.{rho}", "quantity": "E[W]", "value": wait, "source": "Welch, Oper. Res. 12, 1964"}
    assert judged(run, [row]) == []
