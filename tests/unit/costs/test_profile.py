"""The profile's parts, its file, and everything that is no profile."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError

import simulator.costs
from simulator.costs.fit import fit_law
from simulator.costs.profile import QUANTILE_LEVELS, Curve, Profile, RankerCost, Residuals, load_profile, profile_schema
from simulator.errors import ProfileError
from simulator.rankers.registry import RANKERS

SHIPPED = Path(simulator.costs.__file__).parent
REMEDY = "measure one with `simulator calibrate"


def law(seed=0):
    """Return the cost law of a few noisy calls."""
    rng = np.random.default_rng(seed)
    return fit_law({size: (1e-3 + 1e-6 * size) * rng.gamma(25, 1 / 25, 30) for size in (1, 100, 10_000)})


@pytest.fixture(scope="module")
def profile():
    """Return a small profile."""
    return Profile(
        name="small", provenance={"cpu": "a"}, rankers={"logistic": RankerCost(busy=law(1), idle=law(2))}, merge=law(3)
    )


@pytest.mark.parametrize(
    ("start", "intercept", "slope", "message"),
    [
        ([0, 100], [1e-3, 0.0], [0.0, 1e-6], "never falls"),
        ([0], [-1e-3], [1e-6], "at least 0 seconds"),
        ([0], [1e-3], [-1e-6], "greater than or equal to 0"),
        ([0], [float("nan")], [0.0], "finite"),
        ([0, 10], [1e-3], [0.0, 0.0], "one length"),
        ([5], [1e-3], [0.0], "start at 0"),
        ([0, 10, 10], [1e-3] * 3, [0.0] * 3, "rise"),
        ([], [], [], "at least 1 item"),
    ],
)
def test_a_curve_that_no_cost_can_follow_is_refused(start, intercept, slope, message):
    """Falling, negative, unequal in length, not from zero: the message says what was expected."""
    with pytest.raises(ValidationError, match=message):
        Curve(start=start, intercept=intercept, slope=slope)


def test_a_curve_changes_piece_at_its_start():
    """The piece that starts at 10 holds for 10 and above, the one before for 9."""
    curve = Curve(start=(0, 10), intercept=(1.0, 2.0), slope=(0.0, 0.5))
    assert (curve.at(9), curve.at(10), curve.at(12)) == (1.0, 7.0, 8.0)


def test_noise_follows_its_table_in_both_tails():
    """At every level of the table the noise is the table's ratio, read from either end."""
    ratios = np.linspace(0.5, 1.5, len(QUANTILE_LEVELS))
    noise = Residuals.of(np.random.default_rng(1).gamma(4, 0.25, 5000) + ratios.mean())
    lower = np.array(QUANTILE_LEVELS)
    assert noise.quantile(lower, 1 - lower) == pytest.approx(noise.ratios, rel=1e-12)


def test_the_upper_half_is_read_from_the_draw_that_holds_its_digits():
    """Where `lower` has lost its digits to rounding, `upper` alone decides, and below one half `lower` does."""
    noise = Residuals.of(np.random.default_rng(1).pareto(2, 5000) + 1)
    high = noise.quantile(np.array([0.9, 0.9]), np.array([0.0, 0.001]))
    low = noise.quantile(np.array([0.0, 0.001]), np.array([0.9, 0.9]))
    assert high == pytest.approx((noise.ratios[-1], noise.ratios[-2]), rel=1e-12)
    assert low == pytest.approx((noise.ratios[0], noise.ratios[1]), rel=1e-12)


def test_the_mean_of_the_noise_is_the_mean_of_its_draws():
    """The mean over a fine grid of levels is one, to the grid's own error."""
    noise = Residuals.of(np.random.default_rng(2).gamma(4, 0.25, 5000))
    u = (np.arange(1_000_000) + 0.5) / 1_000_000
    assert noise.quantile(u, 1 - u).mean() == pytest.approx(1, abs=1e-6)


def test_text_round_trip(profile, tmp_path):
    """A profile that is written and read again is equal, to the last digit."""
    path = tmp_path / "profile.json"
    path.write_text(profile.as_text())
    assert load_profile(str(path)) == profile


def edited(profile, keys, value):
    """Return a profile's text with one value changed, or taken out if `value` is None."""
    document = json.loads(profile.as_text())
    inner = document
    for key in keys[:-1]:
        inner = inner[key]
    if value is None:
        del inner[keys[-1]]
    else:
        inner[keys[-1]] = value
    return json.dumps(document)


BUSY = ("rankers", "logistic", "busy")


@pytest.mark.parametrize(
    ("keys", "value", "named"),
    [
        (("schema_version",), 2, "schema_version"),
        ((*BUSY[:2], "idle"), None, "rankers.logistic.idle: Field required"),
        ((*BUSY, "points", 0, "mean_s"), -1.0, "rankers.logistic.busy.points.0.mean_s"),
        ((*BUSY, "points", 0, "mean_s"), float("nan"), "rankers.logistic.busy.points.0.mean_s"),
        ((*BUSY, "points", 0, "quantiles_s"), list(range(21, 0, -1)), "rankers.logistic.busy.points.0: "),
        ((*BUSY, "points"), [], "rankers.logistic.busy.points"),
        ((*BUSY, "noise", "ratios"), [1.1] * 21, "rankers.logistic.busy.noise: "),
        ((*BUSY, "noise", "ratios"), [2.0] + [1.0] * 20, "rankers.logistic.busy.noise: "),
        ((*BUSY, "noise", "ratios"), [1.0] * 20, "rankers.logistic.busy.noise.ratios"),
        ((*BUSY, "curve"), {"start": [0, 9], "intercept": [1.0, 0.5], "slope": [0, 0]}, "rankers.logistic.busy.curve"),
        ((*BUSY, "curve", "slope"), [float("inf")], "rankers.logistic.busy.curve.slope"),
        ((*BUSY[:2], "work"), {"flops": 0.0, "bytes": 1.0}, "rankers.logistic.work.flops: expected greater than 0"),
        (("ceilings",), {"flops_per_s": 1.0}, "ceilings.bytes_per_s: Field required"),
        (("merge",), None, "merge: Field required"),
        (("extra",), 1, "extra"),
        (("schema_version",), 3, "schema_version: expected 1, got 3"),
        ((*BUSY, "curve", "slope"), [-1e-6], "curve.slope.0: expected greater than or equal to 0, got -1e-06"),
        ((*BUSY, "curve", "slope"), ["1e-6"], "curve.slope.0: expected a valid number, got '1e-6'"),
        ((*BUSY, "fit_error"), True, "busy.fit_error: expected a valid number, got True"),
        ((*BUSY, "form"), "cubic", "got 'cubic'"),
    ],
)
def test_a_broken_profile_is_refused_with_its_key_and_a_remedy(profile, tmp_path, keys, value, named):
    """One wrong value is named by its path inside the file, and the message says what to do."""
    path = tmp_path / "broken.json"
    path.write_text(edited(profile, keys, value))
    with pytest.raises(ProfileError) as found:
        load_profile(str(path))
    assert named in str(found.value)
    assert str(path) in str(found.value)
    assert REMEDY in str(found.value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a cost profile"),
        (b"name: yaml", "not a cost profile"),
        (b"[]", "not a cost profile"),
        (b"\xff\xfe\x00\x80", "not UTF-8"),
        (b"[" * 100_000, "not a cost profile"),
        (None, "No such file"),
    ],
)
def test_what_is_no_profile_at_all_is_refused_with_a_remedy(tmp_path, content, reason):
    """An empty file, another format, a binary file, deep nesting, no file: one message says which and what to do."""
    path = tmp_path / "profile.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ProfileError, match=reason) as found:
        load_profile(str(path))
    assert str(found.value).startswith(f"costs.profile: {path}: ")
    assert REMEDY in str(found.value)


def test_points_in_any_other_order_are_refused(profile, tmp_path):
    """Points whose candidates do not rise are refused: the last point is taken for the largest."""
    path = tmp_path / "profile.json"
    points = json.loads(profile.as_text())["rankers"]["logistic"]["busy"]["points"]
    path.write_text(edited(profile, (*BUSY, "points"), points[::-1]))
    with pytest.raises(ProfileError, match=r"rankers\.logistic\.busy: expected points of rising candidates"):
        load_profile(str(path))


def test_a_name_that_no_file_can_have_is_refused():
    """A name that holds a NUL is refused with the remedy, as a missing file is."""
    with pytest.raises(ProfileError, match="simulator calibrate"):
        load_profile("a\0b")


def test_a_folder_is_no_profile(tmp_path):
    """A folder's path is refused as one."""
    with pytest.raises(ProfileError, match="directory"):
        load_profile(str(tmp_path))


def test_the_shipped_profile_holds_every_ranker_and_the_merge():
    """What scenarios use by default was measured for all rankers, both laws, and many lists.

    The cross-encoder reads every pair anew, 37 ms a thousand: it is no ranker for ten thousand candidates.
    """
    shipped = load_profile("default")
    assert shipped.rankers.keys() == RANKERS.keys()
    reach = {name: cost.measured_to for name, cost in shipped.rankers.items()}
    assert reach.pop("cross_encoder") >= 1_000
    assert min(reach.values()) >= 10_000
    assert max(point.candidates for point in shipped.merge.points) >= 1000


def test_a_profile_from_before_work_was_measured_still_loads(profile, tmp_path):
    """Without ceilings and work, as older files are, a profile is the one that does not know them."""
    document = json.loads(profile.as_text())
    del document["ceilings"], document["rankers"]["logistic"]["work"]
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    assert load_profile(str(path)) == profile


def test_the_shipped_profile_has_thirty_calls_at_every_point():
    """No point of the shipped profile rests on fewer calls than calibration promises."""
    shipped = load_profile("default")
    laws = [shipped.merge, *(law for cost in shipped.rankers.values() for law in (cost.busy, cost.idle))]
    assert min(point.calls for law in laws for point in law.points) >= 30


def test_the_schema_file_is_the_schema():
    """The JSON Schema that is shipped is the one that the model gives today."""
    assert json.loads((SHIPPED / "profile.schema.json").read_text()) == profile_schema()


def test_the_shipped_profile_fits_the_schema(profile):
    """The schema is one, accepts the shipped profile, and refuses one without a law."""
    jsonschema.Draft202012Validator.check_schema(profile_schema())
    schema = jsonschema.Draft202012Validator(profile_schema())
    assert schema.is_valid(json.loads((SHIPPED / "default_profile.json").read_text()))
    assert not schema.is_valid(json.loads(edited(profile, (*BUSY[:2], "idle"), None)))
