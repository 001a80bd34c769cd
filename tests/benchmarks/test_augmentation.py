"""What changed copies of handwritten digits are worth in real ones: `pytest tests/benchmarks/test_augmentation.py`.

It takes about two minutes and writes reports/augmentation.md.
"""

from pathlib import Path

import numpy as np
import pytest

from simulator.training.augmentation import Change, worth_of_copies

datasets = pytest.importorskip("sklearn.datasets", reason="the digits are scikit-learn's")
svm = pytest.importorskip("sklearn.svm")

SIZES, SEEDS = (25, 50, 100, 200, 400, 800), 10
CHANGES = {
    "turned by up to 10 degrees": Change(degrees=10, pixels=0),
    "shifted by up to half a pixel": Change(degrees=0, pixels=0.5),
    "shifted by up to 1 pixel": Change(degrees=0, pixels=1),
    "shifted by up to 2 pixels": Change(degrees=0, pixels=2),
}
REPORT = Path(__file__).parents[2] / "reports" / "augmentation.md"
HEAD = """# What changed copies of digits are worth

{count:,} digits of 8 x 8 pixels, written by hand, from scikit-learn; a support vector machine (RBF, C = 10) learns n
of them and three changed copies of each, and labels digits that it has not seen, unchanged. It is held against
learning more real ones: a copy that is worth 0.1 saves a tenth of a real digit. Means and 95% intervals over {seeds}
splits; written by `pytest tests/benchmarks/test_augmentation.py`.

scikit-learn's digits are centred and brought to one size, so that a turned or shifted one looks like nothing that
comes later: copies are worth about nothing, and from a few hundred real ones on less. The same digits put anywhere
into pictures of 12 x 12 are as pictures usually come; there copies that are shifted as far as those are stand for a
real one each, and turned ones, which need no turning, for little.

| digits | copies | n | error | with copies | a copy is worth |
|---|---|---:|---:|---:|---:|
"""


def vectors(pictures, labels):
    """Learn pictures by their pixels, with a support vector machine."""
    model = svm.SVC(C=10).fit(pictures.reshape(len(pictures), -1), labels)
    return lambda shown: model.predict(shown.reshape(len(shown), -1))


def digits():
    """The digits as they come, and put anywhere into a larger picture."""
    found = datasets.load_digits()
    centred, rng = found.images / found.images.max(), np.random.default_rng(0)
    wide = np.pad(centred, ((0, 0), (2, 2), (2, 2)))
    anywhere = np.stack([np.roll(one, rng.integers(-2, 3, 2), axis=(0, 1)) for one in wide])
    return {"centred": (centred, found.target), "anywhere": (anywhere, found.target)}


def test_copies_are_worth_something_where_pictures_are_not_centred():
    """Shifted copies of digits that lie anywhere are worth much; of centred ones, not a tenth of a real one."""
    rows, worth = [], {}
    for where, pictures in digits().items():
        for how, change in CHANGES.items():
            worth[where, how] = worth_of_copies(pictures, vectors, change, SIZES, SEEDS)
            for one in worth[where, how]:
                errors = f"{one.error.value:.1%} | {one.with_copies.value:.1%}"
                said = f"{one.worth.value:+.2f} ({one.worth.low:+.2f} to {one.worth.high:+.2f})"
                rows.append(f"| {where} | {how} | {one.samples} | {errors} | {said} |\n")
    REPORT.write_text(HEAD.format(count=len(pictures[0]), seeds=SEEDS) + "".join(rows))
    assert all(one.worth.low > 0.25 for one in worth["anywhere", "shifted by up to 2 pixels"])
    assert all(one.worth.value < 0.1 for how in CHANGES for one in worth["centred", how])
