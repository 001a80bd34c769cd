"""The rows of exact.json that no test uses, and why: every other row must be tested (test_ledger.py)."""

import re

__all__ = ["LEFT_OUT", "reason_to_leave_out"]

LEFT_OUT = {
    # What a scenario cannot say.
    "a deadline withdraws what waits: late work is not all done, nor is any stopped in service": [
        r"partial\.rho",
        r"kill\.",
        r"golden\.kill5",
    ],
    "the wait of a request whose answer comes too late is in no result": [r"mmcD\..*\.Pdelay", r"mmcD\..*\.EW"],
    "one query is hedged and another not; by hand in tests/unit/engine/test_policies.py": [r"golden\.hedge"],
    "a hedge is one more attempt, not two": [r"redd\.inf\.d3"],
    "a search among a thousand hedged replicas takes hours": [r"cap\.red2\."],
    "no law of a scenario is this mixture of two exponentials": [r"hedge0\.mix"],
    "an answer from k of N shards is not simulated": [r"quorum\.(9of10|90of100|950of1000|990of1000)\."],
    "users do not give up": [r"erlangA\."],
    "a query does not wait outside until all shards are free": [r"splitmerge\."],
    "every query visits every stage": [r"tandem\..*\.p0\.5\."],
    "the shards of a query draw independent services": [r"fj\.perfcorr\."],
    "the rule takes two choices": [r"mf\.d[35]\."],
    "the two choices are distinct; a test says that they differ from these": [r"p2c-repl\."],
    # Events so rare, or a past so long remembered, that a run cannot judge them.
    "fluctuations follow the service's fourth moment, 17^6: no run is long enough": [r"mg1\.lognormal_scv=16\."],
    "a search among a thousand replicas takes an hour": [r"cap\.p2c\.inf"],
    "a variance known to 3% takes 36,000 batches of 200,000 queries": [r"stat\.mm1\.avarL"],
    "a judgement takes more than 350 million queries": [
        r"mmc\..*\.rho0\.95\.T_p99\.9",
        r"mmc\..*\.rho0\.99\.[ETW]",
        r"mg1\.H2_scv=16\.rho0\.9\.sdW",
        r"mg1\.H2_scv=16\.rho0\.95\.EW",
        r"mph1\.exp\.rho0\.95\.T_p99\.9",
        r"mph1\.H2_scv=4\.rho0\.9\.T_p99\.9",
        r"mph1\.H2_scv=4\.rho0\.95\.",
        r"mph1\.H2_scv=16\.rho0\.9\.T_p50",
        r"mph1\.H2_scv=16\.rho0\.95\.",
        r"mlogn1\.scv4\.rho0\.95\.",
        r"gim1\.H2_scv=4\.rho0\.95\.W_p99",
        r"gim1\.H2_scv=16\.rho0\.9\.W_p99",
        r"gim1\.H2_scv=16\.rho0\.95\.",
        r"max\.pareto2\.N10000\.",
    ],
    "waiting is rarer than one in a thousand": [
        r"mmc\.c32\.rho0\.5\.P\(wait\)",
        r"mmc\.c64\.rho0\.5\.P\(wait\)",
        r"mmc\.c64\.rho0\.5\.E\[W\]",
    ],
    # Numbers that are no exact value.
    "published estimates of a simulation, without their error": [r"mf\..*\.pub100"],
    "a check of the numerical method against the exact row beside it": [r"fj\.N2\.rho0\.9\.ETchain"],
    "2,000 replicas are not infinitely many at this load: the correction exceeds the error": [r"mf\.d2\.lam0\.99\."],
    "the percentile lies at the edge of the atom at 0, where an estimate is a coin flip": [
        r"md1\.rho0\.5\.W_p50",
        r"mlogn1\.scv4\.rho0\.5\.W_p50",
    ],
}


def reason_to_leave_out(row_id: str) -> str:
    """Why no test uses a row, empty if one must."""
    found = [reason for reason, patterns in LEFT_OUT.items() if any(re.match(one, row_id) for one in patterns)]
    return found[0] if found else ""
