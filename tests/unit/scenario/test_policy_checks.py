"""Policies that contradict each other, or their stage, are named with what to do."""

import pytest

STAGE = "name: x\ntraffic: {qps: 1, candidates: 100}\nfunnel:\n  - {name: a, cost: 1ms"


@pytest.mark.parametrize(
    ("keys", "path", "message", "remedy"),
    [
        ("hedging: {after: 1ms}", "funnel.a.hedging", "at least 2 replicas", "add replicas: 2"),
        (
            "replicas: 2, deadline: 5ms, hedging: {after: 5ms}",
            "funnel.a.hedging.after",
            "before the deadline of 5.00 ms, got 5.00 ms",
            "hedge sooner",
        ),
        (
            "deadline: 2ms, network: {request: 1ms, response: 1ms}",
            "funnel.a.deadline",
            "longer than the network there and back (2.00 ms), got 2.00 ms",
            "raise it",
        ),
        ("on_deadline: fail", "funnel.a.on_deadline", "a deadline that it applies to", "add deadline:"),
        (
            "replicas: 2, batching: {size: 4}, hedging: {after: 1ms, cancel: on_response}",
            "funnel.a.hedging.cancel",
            "cannot be stopped alone",
            "on_start or never",
        ),
        ("queue_limit: 0, retry: {attempts: unlimited}", "funnel.a.retry.attempts", "queue_limit: 0", "attempts: 3"),
        (
            "retry: {attempts: 2, timeout: 1ms}, network: {request: 1ms}",
            "funnel.a.retry.timeout",
            "longer than the network",
            "given up",
        ),
        ("retry: {attempts: 2, timeout: 3ms}, deadline: 3ms", "funnel.a.retry.timeout", "before the", "sooner"),
        ("imbalance: 20%", "funnel.a.imbalance", "the most of 1 shard", "add shards"),
        ("shards: 5, imbalance: 2", "funnel.a.imbalance", "below 2, the most of 5 shards", "lower it"),
        (
            "replicas: 5, autoscaling: {target: 60%, interval: 1s, max: 4}",
            "funnel.a.autoscaling",
            "from min 1 to max 4, got 5",
            "widen the bounds",
        ),
        ("autoscaling: {target: 0%, interval: 1s, max: 4}", "funnel.a.autoscaling.target", "above 0%", "60%"),
        ("autoscaling: {target: 60%, interval: 0s, max: 4}", "funnel.a.autoscaling.interval", "above 0s", "15s"),
    ],
)
def test_contradictions_in_a_stage(problem, keys, path, message, remedy):
    """A contradiction is one problem, at its key, with the numbers that contradict each other and a remedy."""
    found = problem(f"{STAGE}, {keys}}}\n")
    assert found.path == path
    assert message in found.message
    assert remedy in found.remedy


@pytest.mark.parametrize(
    ("fault", "path", "message"),
    [
        ("kind: slow, stage: b, factor: 2", "faults.0.stage", "the name of a stage, got 'b'"),
        ("kind: slow, stage: a", "faults.0", "expected factor of kind: slow"),
        ("kind: slow, stage: a, factor: 2, mttf: 1s", "faults.0.mttf", "no mttf of kind: slow"),
        ("kind: slow, stage: a, factor: 2, shards: 3", "faults.0.shards", "at most 2 shards, got 3"),
        ("kind: slow, stage: a, factor: 2, shards: [2]", "faults.0.shards", "shards numbered 0 to 1, got 2"),
        ("kind: down, stage: a, from: 1s", "faults.0", "either from and for, or mttf and mttr"),
        ("kind: down, stage: a, mttf: 0s, mttr: 1s", "faults.0.mttf", "above 0s"),
        ("kind: down, stage: a, replicas: 2, from: 1s, for: 1s", "faults.0.replicas", "at most 1 replicas"),
        ("kind: pause, stage: a, for: 1s", "faults.0", "expected every of kind: pause"),
        ("kind: pause, stage: a, every: 0s, for: 1s", "faults.0.every", "above 0s"),
        ("kind: pause, stage: a, every: 1s, for: 1s, shards: 1", "faults.0.shards", "no shards of kind: pause"),
    ],
)
def test_faults_that_cannot_be(problem, fault, path, message):
    """A fault at a place that is not there, or with keys of another kind, is one problem at its key."""
    found = problem(f"{STAGE}, shards: 2}}\nfaults:\n  - {{{fault}}}\n")
    assert found.path == path
    assert message in found.message


def test_one_pause_a_stage(problem):
    """A second pause of the same workers is refused."""
    pause = "  - {kind: pause, stage: a, every: 1s, for: 1ms}\n"
    assert "one pause a stage" in problem(f"{STAGE}}}\nfaults:\n{pause}{pause}").message


@pytest.mark.parametrize(
    ("traffic", "path"),
    [
        ("arrivals: closed, users: 3", "traffic"),
        ("arrivals: closed, users: 3, think: 1s, qps: 5", "traffic.qps"),
        ("qps: 1, users: 3", "traffic.users"),
        ("qps: 1, think: 1s", "traffic.think"),
    ],
)
def test_users_belong_to_closed_arrivals(problem, traffic, path):
    """Closed arrivals need users and thinking times and have no rate; open ones have neither users nor thoughts."""
    text = f"{STAGE}}}\n".replace("traffic: {qps: 1,", f"traffic: {{{traffic},")
    assert problem(text).path == path
