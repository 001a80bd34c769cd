"""Hashed words keep the inner products of the words themselves, and models learn from them."""

import numpy as np
import pytest

from simulator.data.hashing import HashedText, hashed_counts, words_of
from simulator.errors import InputError
from simulator.rankers import logistic, mlp
from simulator.rankers.examples import Examples
from simulator.rankers.mlp import Contests

TEXTS = ["the cat sat on the mat", "a dog sat", "Cats, dogs; the END of the cat", "x"]
MANY = 1 << 20
"""So many buckets that no two of a few words share one."""


def test_words_are_lower_case_and_longer_than_a_letter():
    """Signs and single letters are no words."""
    assert words_of("A Cat's 2nd-best: é, naïve") == ["cat", "2nd", "best", "naïve"]


def test_inner_products_are_those_of_word_counts():
    """Without collisions the product of two rows is the sum over common words of the products of counts."""
    X = hashed_counts(TEXTS, MANY)
    expected = [
        [sum(words_of(a).count(word) * words_of(b).count(word) for word in set(words_of(a))) for b in TEXTS]
        for a in TEXTS
    ]
    assert np.array_equal((X @ X.T).toarray(), expected)


def test_collisions_cancel_in_the_mean():
    """Of unrelated texts hashed into few buckets the mean product is zero within 3 standard errors."""
    rng = np.random.default_rng(0)
    texts = [" ".join(f"w{number}" for number in rng.integers(10**9, size=30)) for _ in range(600)]
    X = hashed_counts(texts, 16).toarray()
    products = (X[::2] * X[1::2]).sum(axis=1)
    assert abs(products.mean()) < 3 * products.std(ddof=1) / len(products) ** 0.5
    assert products.std() > 1


def test_a_word_has_one_bucket_for_good():
    """The bucket and sign of a word are pinned: a model that was trained elsewhere reads the same columns."""
    X = hashed_counts(["capacity"], 4096)
    assert (int(X.indices[0]), float(X.data[0])) == (267, -1.0)


def test_rows_have_length_one_and_no_word_gives_zeros():
    """A text without words is a row of zeros, not NaN."""
    lengths = np.linalg.norm(HashedText.fit(TEXTS, 64).rows([*TEXTS, ""]).toarray(), axis=1)
    assert lengths == pytest.approx([1, 1, 1, 0, 0])


def test_training_rows_are_serving_rows():
    """A text served alone has the row that it had among the others."""
    text = HashedText.fit(TEXTS, 64)
    together = text.rows(TEXTS).toarray()
    assert np.array_equal(together, np.vstack([text.rows([one]).toarray() for one in TEXTS]))


def test_weights_agree_with_scikit_learn():
    """Inner products of TF-IDF rows are those of TfidfVectorizer, though its columns are others."""
    library = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn is not installed")
    X = library.TfidfVectorizer().fit_transform(TEXTS)
    ours = HashedText.fit(TEXTS, 2**20).rows(TEXTS)
    assert np.allclose((ours @ ours.T).toarray(), (X @ X.T).toarray(), rtol=1e-12, atol=1e-15)


def test_counts_agree_with_scikit_learn():
    """Inner products of counts are those of HashingVectorizer, whose hash is another."""
    library = pytest.importorskip("sklearn.feature_extraction.text", reason="scikit-learn is not installed")
    X = library.HashingVectorizer(norm=None).transform(TEXTS)
    ours = hashed_counts(TEXTS, 2**20)
    assert np.allclose((ours @ ours.T).toarray(), (X @ X.T).toarray(), rtol=1e-12)


@pytest.mark.parametrize("model", [logistic, mlp])
def test_models_learn_from_sparse_rows_as_from_dense_ones(model):
    """Loss and gradient of hashed texts are those of the same rows written out."""
    X, y = HashedText.fit(TEXTS, 64).rows(TEXTS), np.array([1.0, 0.0, 1.0, 0.0])
    rng = np.random.default_rng(0)
    start = {"w": rng.normal(size=64), "b": np.ones(1)}
    parameters = start if model is logistic else mlp.initial_parameters(64, (5, 4), rng)

    def batch(rows):
        return Examples(rows, y) if model is logistic else Contests(rows, rivals=1)

    sparse = model.loss_and_gradient(parameters, batch(X))
    dense = model.loss_and_gradient(parameters, batch(X.toarray()))
    assert sparse[0] == pytest.approx(dense[0], rel=1e-12)
    assert all(np.allclose(sparse[1][name], dense[1][name], rtol=1e-10, atol=1e-14) for name in parameters)


def test_no_documents_and_no_buckets_are_refused():
    """Each is named with what is needed."""
    with pytest.raises(InputError, match="no documents"):
        HashedText.fit([])
    with pytest.raises(InputError, match="at least 1 bucket; got 0"):
        hashed_counts(TEXTS, 0)
