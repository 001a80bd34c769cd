"""Policies and faults that contradict each other: each is named with what to do."""

import pytest

TEXT = "name: p\ntraffic: {{qps: 10, candidates: 100{traffic}}}\nfunnel:\n  - {{name: s, cost: 5ms{stage}}}\n{more}"


@pytest.mark.parametrize(
    ("stage", "path", "words"),
    [
        ("hedging: {after: p95}", "funnel.s.hedging", "at least 2 replicas"),
        ("replicas: 2, deadline: 5ms, hedging: {after: 9ms}", "funnel.s.hedging.after", "hedge sooner"),
        ("deadline: 1ms, network: {request: 600us, response: 600us}", "funnel.s.deadline", "longer than the network"),
        ("on_deadline: fail", "funnel.s.on_deadline", "add deadline"),
        (
            "replicas: 2, batching: {size: 4, wait: 1ms}, hedging: {after: 9ms, cancel: on_response}",
            "funnel.s.hedging.cancel",
            "cannot be stopped alone",
        ),
        ("queue_limit: 0, retry: {attempts: unlimited}", "funnel.s.retry.attempts", "write attempts: 3"),
        ("retry: {attempts: 2, timeout: 20ms}, deadline: 9ms", "funnel.s.retry.timeout", "before the deadline"),
        ("imbalance: 20%", "funnel.s.imbalance", "add shards"),
        (
            "replicas: 9, autoscaling: {target: 60%, interval: 15s, delay: 60s, min: 1, max: 4}",
            "funnel.s.autoscaling",
            "from min 1 to max 4",
        ),
    ],
)
def test_policies_that_contradict_each_other(problem, stage, path, words):
    """A stage whose policies cannot be together is refused at the one to change, with the remedy."""
    found = problem(TEXT.format(traffic="", stage=f", {stage}", more=""))
    assert found.path == path
    assert words in f"{found.message} {found.remedy}"


@pytest.mark.parametrize(
    ("fault", "path", "words"),
    [
        ("{kind: slow, stage: t, factor: 2}", "faults.0.stage", "known here: s"),
        ("{kind: slow, stage: s}", "faults.0", "add factor:"),
        ("{kind: slow, stage: s, factor: 2, mttf: 1s}", "faults.0.mttf", "no mttf of kind: slow"),
        ("{kind: down, stage: s, from: 1s}", "faults.0", "mttf and mttr"),
        ("{kind: pause, stage: s, every: 0s, for: 1s}", "faults.0.every", "above 0s"),
        ("{kind: slow, stage: s, factor: 2, shards: 3}", "faults.0.shards", "at most 1 shards"),
    ],
)
def test_faults_that_fit_no_stage(problem, fault, path, words):
    """A fault that lacks a key, has another kind's, or hits what is not there is refused at the place to change."""
    found = problem(TEXT.format(traffic="", stage="", more=f"faults: [{fault}]\n"))
    assert found.path == path
    assert words in f"{found.message} {found.remedy}"


@pytest.mark.parametrize(
    ("traffic", "path", "words"),
    [
        (", users: 5, think: 1s", "traffic.users", "arrivals: closed"),
        (", arrivals: closed, users: 5, think: 1s", "traffic.qps", "leave it out"),
    ],
)
def test_users_belong_to_closed_arrivals(problems, traffic, path, words):
    """Users and a rate of arrivals exclude each other, and the message says which to leave out."""
    found = problems(TEXT.format(traffic=traffic, stage="", more=""))[0]
    assert found.path == path
    assert words in f"{found.message} {found.remedy}"
