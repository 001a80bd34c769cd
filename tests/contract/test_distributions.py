"""What every law keeps to; a new one is tested by being in the registry and having an example here."""

import math
import pickle

import numpy as np
import pytest
from scipy.integrate import quad

from simulator.distributions.registry import LAWS
from simulator.errors import ScenarioError
from simulator.scenario.load import parse_scenario

# Several forms of each law: its keys, durations in milliseconds under the keys that are magnitudes.
EXAMPLES = {
    "constant": [{"mean": 3.0}, {"mean": 0.0}],
    "uniform": [{"low": 1.0, "high": 4.0}, {"low": 0.1, "high": 0.1}, {"low": 0.0, "high": 0.7}],
    "exponential": [{"mean": 3.0}],
    "lognormal": [{"mean": 3.0, "cv": 0.3}, {"mean": 3.0, "cv": 2.5}],
    "gamma": [{"mean": 3.0, "cv": 0.5}, {"mean": 3.0, "cv": 2.0}, {"mean": 3.0, "cv": 0.001}],
    "hyperexponential": [{"mean": 3.0, "cv": 1.5}, {"mean": 3.0, "cv": 20.0}],
    "pareto": [{"mean": 3.0, "alpha": 2.5}, {"mean": 3.0, "alpha": 5.0}],
    "empirical": [{"file": "samples.txt"}],
    "percentiles": [
        {"p0": 1.0, "p50": 5.0, "p99": 40.0, "p99.9": 150.0},
        {"p0": 1.0, "p50": 5.0, "p99": 40.0, "tail": 2.5},
        {"p0": 0.0, "p50": 5.0, "p99": 40.0, "p100": 50.0},
        {"p0": 2.0, "p50": 2.0, "p90": 2.0, "p100": 9.0},
    ],
}
SHAPES = {"cv", "alpha", "tail", "file"}
CASES = [(name, keys) for name in LAWS for keys in EXAMPLES[name]]
FINEST = 2.0**-53  # no draw is nearer to 0 or 1


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Return a folder with the samples of the empirical law."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "samples.txt").write_text("0.004\n0.001\n0.0025\n")
    return folder


@pytest.fixture(params=CASES, ids=[f"{name}-{i}" for i, (name, _) in enumerate(CASES)])
def case(request):
    """Return the name and keys of each example in turn."""
    return request.param


def law_in(folder, name, keys):
    """Return the law as a scenario's loader makes it."""
    written = "\n".join(f"      {key}: {value if key in SHAPES else f'{value!r}ms'}" for key, value in keys.items())
    text = f"name: x\ntraffic: {{qps: 1, candidates: 1}}\nfunnel:\n  - name: a\n    cost:\n      distribution: {name}\n"
    return parse_scenario(text + written, folder=folder).funnel[0].cost


def scaled(law, factor, folder):
    """Return the plain law with every magnitude multiplied, shapes as they are."""
    keys = {key: value for key, value in dict(law).items() if value is not None}
    written = {key: value if key in SHAPES | {"distribution"} else value * factor for key, value in keys.items()}
    if law.distribution == "empirical":  # its magnitudes are in a file
        (folder / "scaled.txt").write_text("\n".join(repr(sample * factor) for sample in law.samples))
        written["file"] = "scaled.txt"
    return LAWS[law.distribution].model_validate(written, context={"folder": folder})


def grid():
    """Return (u, 1 - u) from one end to the other, dense in both tails."""
    tail = np.concatenate([2.0 ** -np.arange(53, 2, -0.25), np.linspace(0.25, 0.5, 2000)])
    return np.concatenate([[0.0], tail, 1 - tail[::-1]]), np.concatenate([[1.0], 1 - tail, tail[::-1]])


def test_every_law_has_an_example():
    """No law of the registry goes untested."""
    assert sorted(EXAMPLES) == sorted(LAWS)


def test_quantiles_never_fall(case, folder):
    """As u rises from 0 to the last draw below 1, quantiles are finite, at least 0 and never lower than before."""
    values = law_in(folder, *case).quantile(*grid())
    assert np.isfinite(values).all()
    assert values[0] >= 0
    assert (np.diff(values) >= 0).all()


def test_quantiles_keep_the_shape(case, folder):
    """A two-dimensional array of probabilities gives quantiles of its shape, the same as one by one."""
    law = law_in(folder, *case)
    u = np.array([[0.1, 0.5, 0.9], [0.25, 0.999, 1e-9]])
    values = law.quantile(u, 1 - u)
    assert values.shape == u.shape
    assert np.array_equal(values.ravel(), [law.quantile(np.array([x]), np.array([1 - x]))[0] for x in u.ravel()])


def test_mean_is_the_integral_of_the_quantile(case, folder):
    """The mean is the area under the quantile function, integrated over log tail probability from either end."""
    law = law_in(folder, *case)
    if case[0] == "empirical":  # a staircase of equal steps, whose integral is the mean at their middles
        middles = (np.arange(3) + 0.5) / 3
        assert law.mean_value() == pytest.approx(law.quantile(middles, 1 - middles).mean(), rel=1e-12)
        return

    def weighted(log_tail, lower_side):
        tail = math.exp(log_tail)
        pair = (np.array([tail]), np.array([1 - tail])) if lower_side else (np.array([1 - tail]), np.array([tail]))
        return law.quantile(*pair)[0] * tail

    kinks = [math.log(0.1), math.log(0.01), math.log(0.001)]
    half, far = math.log(0.5), -80.0
    area = sum(
        quad(weighted, far, half, args=(side,), points=kinks, limit=500, epsabs=0, epsrel=1e-9)[0]
        for side in (True, False)
    )
    assert law.mean_value() == pytest.approx(area, rel=1e-6)


def test_a_power_of_two_scales_exactly(case, folder):
    """Every magnitude times 2^k is every quantile times 2^k, to the last bit."""
    name, _ = case
    law = law_in(folder, *case)
    if name == "percentiles":
        law = LAWS[name].model_validate({**dict(law), **law.__pydantic_extra__})
    for exponent in (-7, 1, 20):
        assert np.array_equal(
            scaled(law, 2.0**exponent, folder).quantile(*grid()), law.quantile(*grid()) * 2.0**exponent
        )


def test_a_law_is_a_value(case, folder):
    """Read twice, or pickled and read back, a law is equal, hashes equally and draws the same."""
    one, two = law_in(folder, *case), law_in(folder, *case)
    restored = pickle.loads(pickle.dumps(one))  # noqa: S301  our own bytes
    for other in (two, restored):
        assert one == other
        assert hash(one) == hash(other)
        assert np.array_equal(one.quantile(*grid()), other.quantile(*grid()))
    with pytest.raises(ValueError, match="frozen"):
        one.distribution = "other"


def test_a_law_takes_no_other_key(case, folder):
    """A key that is not the law's is refused by name."""
    name, keys = case
    with pytest.raises(ScenarioError, match="scale"):
        law_in(folder, name, {**keys, "scale": 1.0})


BAD = {
    "constant": [{}, {"mean": -1.0}],
    "uniform": [{"low": 1.0}, {"low": 2.0, "high": 1.0}, {"low": -1.0, "high": 1.0}],
    "exponential": [{}, {"mean": -3.0}],
    "lognormal": [{"mean": 3.0}, {"mean": 3.0, "cv": 0}, {"mean": 3.0, "cv": -1}, {"mean": 3.0, "cv": ".inf"}],
    "gamma": [{"mean": 3.0}, {"mean": 3.0, "cv": 0}, {"mean": 3.0, "cv": 1e-9}, {"mean": 3.0, "cv": ".nan"}],
    "hyperexponential": [{"mean": 3.0}, {"mean": 3.0, "cv": 1}, {"mean": 3.0, "cv": 1e6}],
    "pareto": [{"mean": 3.0}, {"mean": 3.0, "alpha": 1}, {"mean": 3.0, "alpha": "true"}],
    "empirical": [{}, {"file": "absent.txt"}],
    "percentiles": [
        {},
        {"p50": 1.0, "p99": 2.0},
        {"p0": 1.0},
        {"p0": 2.0, "p50": 1.0},
        {"p0": 1.0, "p50": 2.0, "p50.0": 2.0},
        {"p0": 1.0, "p50": 2.0, "p101": 3.0},
        {"p0": 1.0, "p50": 2.0, "p99": 3.0, "tail": 1},
        {"p0": 1.0, "p50": 2.0, "p100": 3.0, "tail": 2},
        {"p0": 0.0, "p50": 2.0},
        {"p0": 0.0, "p50": 0.0},
        {"p0": 1.0, "p50": 1000.0, "p90": 100000.0},
    ],
}


@pytest.mark.parametrize(("name", "keys"), [(name, keys) for name in LAWS for keys in BAD[name]])
def test_bad_parameters_are_refused_at_once(name, keys, folder):
    """Missing, negative, infinite or contradictory parameters give one problem, at the cost's own path."""
    with pytest.raises(ScenarioError) as caught:
        law_in(folder, name, keys)
    problems = caught.value.problems
    assert len({problem.place for problem in problems}) == 1
    assert all(problem.path.startswith("funnel.a.cost") for problem in problems)
    assert all(problem.message.startswith("expected ") for problem in problems)
