"""A user's own ranker: how it is found, and what is said of one that does not keep to score(query, candidates)."""

import sys

import numpy as np
import pytest

from simulator.errors import InputError
from simulator.rankers.own import OwnRanker, load_own

MODULE = """
import numpy as np

class Good:
    def score(self, query, candidates):
        return [query * one for one in candidates]

class Unmade:
    def __init__(self, path): pass

class Silent: pass

ready = Good()
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Work in a folder with a module of rankers; leave no trace of it in the interpreter."""
    (tmp_path / "their_rankers.py").write_text(MODULE)
    (tmp_path / "their_broken.py").write_text("def score(:\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield tmp_path
    for name in ("their_rankers", "their_broken", "colorsys"):
        sys.modules.pop(name, None)


def scorer(answer):
    """Return a ranker whose score gives what `answer` returns for the candidates."""

    class Mine:
        def score(self, query, candidates):
            return answer(candidates)

    return OwnRanker("mine:Mine", Mine())


@pytest.mark.parametrize("attribute", ["Good", "ready"])
def test_a_class_or_an_object_of_the_working_folder_scores(folder, attribute):
    """A class is made without arguments, an object taken as it is; a list of numbers becomes scores."""
    assert load_own(f"their_rankers:{attribute}").score(2, [1, 3], "query 0").tolist() == [2.0, 6.0]


def test_nothing_is_imported_until_it_is_named(folder):
    """The module is not loaded by anything before load_own names it."""
    assert "their_rankers" not in sys.modules
    load_own("their_rankers:Good")
    assert "their_rankers" in sys.modules


def test_a_module_of_the_folder_stands_in_for_no_installed_one(folder):
    """A file called like a module of Python's is passed over."""
    (folder / "colorsys.py").write_text("class Good:\n    def score(self, query, candidates): return []\n")
    with pytest.raises(InputError, match=r"expected a class Good in .*/lib/.*colorsys\.py, got none; its"):
        load_own("colorsys:Good")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("their_absent:Good", "cannot import their_absent, got ModuleNotFoundError: No module.*working folder, /"),
        ("their_broken:Good", "cannot import their_broken, got SyntaxError: invalid syntax"),
        (
            "their_rankers:Goood",
            r"expected a class Goood in .*their_rankers\.py, got none; its classes: Good, Unmade",
        ),
        ("their_rankers:Unmade", r"Unmade\(\) failed with TypeError: .*'path'; it is made without arguments"),
        ("their_rankers:Silent", r"expected a method score\(query, candidates\).*got a Silent without"),
    ],
)
def test_what_cannot_be_a_ranker_is_named(folder, name, message):
    """A failing import, a missing class, one that needs arguments and one without score each say so and what to do."""
    with pytest.raises(InputError, match=f"^{name}: {message}"):
        load_own(name)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda c: np.zeros(len(c) - 1), "got 3; return them in the candidates' order, leaving none out"),
        (lambda c: np.zeros((len(c), 1)), r"got an array of shape \(4, 1\); return scores\.ravel\(\)"),
        (lambda c: [1.0, np.nan, np.inf, 2.0], "got 2 that are not finite, the first nan at place 1; give"),
        (lambda c: ["high"] * len(c), "got ValueError: could not convert string"),
        (lambda c: c["x"], "got TypeError: .*; call score with such candidates yourself"),
        (lambda c: None, r"got an array of shape \(\); return"),
    ],
)
def test_a_bad_answer_names_ranker_query_expected_and_got(answer, message):
    """A wrong length, a wrong shape, NaN, text and an exception are told apart, for the query that met them."""
    with pytest.raises(InputError, match=f"^mine:Mine, query 7: expected 4 scores, one for each candidate, {message}"):
        scorer(answer).score(None, [1, 2, 3, 4], "query 7")


@pytest.mark.parametrize(
    ("example", "message"),
    [
        (lambda n, number: (0, range(n + 1)), "expected 5 candidates, got 6"),
        (lambda n, number: 0, "got TypeError: .*return \\(query, candidates\\)"),
    ],
)
def test_examples_of_another_size_are_refused(example, message):
    """A ranker that brings its own candidates brings as many as it is asked for."""
    model = type("Mine", (), {"score": None, "example": staticmethod(example)})()
    ranker = OwnRanker("mine:Mine", model)
    assert ranker.brings_examples
    with pytest.raises(InputError, match=r"mine:Mine: example\(5, 3\): .*" + message):
        ranker.example(5, 3)
