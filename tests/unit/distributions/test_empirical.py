"""Values drawn again from a file: what it may hold, and what is said when it cannot be read."""

import numpy as np
import pytest
from pydantic import ValidationError

from simulator.distributions.empirical import Empirical


def read(folder, name="samples.txt", content=None, **keys):
    """Return the law of a file in `folder`, written first where its content is given."""
    if content is not None:
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return Empirical.model_validate({"file": name, **keys}, context={"folder": folder})


def test_samples_are_sorted(tmp_path):
    """The samples come in rising order, blank lines left out."""
    assert read(tmp_path, content="0.3\n\n0.1\n2e-1\n").samples == (0.1, 0.2, 0.3)


def test_each_sample_is_equally_likely(tmp_path):
    """Over four samples, each quarter of the probabilities gives one, and the mean is theirs."""
    law = read(tmp_path, content="1\n2\n3\n10\n")
    u = np.array([0.0, 0.2499, 0.25, 0.4999, 0.5, 0.75, 0.9999999])
    assert law.quantile(u, 1 - u).tolist() == [1, 1, 2, 2, 3, 10, 10]
    assert law.mean_value() == 4.0


def test_a_column_of_a_csv_file(tmp_path):
    """With a column the file is a CSV file, a byte order mark and quotes included."""
    law = read(tmp_path, "x.csv", '\ufeffseconds,"a, b"\n0.5,1\n0.25,2\n', column="seconds")
    assert law.samples == (0.25, 0.5)
    assert read(tmp_path, "x.csv", column="a, b").samples == (1.0, 2.0)


@pytest.mark.parametrize(
    ("content", "keys", "message"),
    [
        ("", {}, "at least one number in .*, got none"),
        ("\n\n", {}, "at least one number"),
        ("0.1\nfast\n", {}, "at least 0 at .*samples.txt:2, got 'fast'"),
        ("0.1\n-1\n", {}, "samples.txt:2, got '-1'"),
        ("nan\n", {}, "samples.txt:1, got 'nan'"),
        ("inf\n", {}, "samples.txt:1, got 'inf'"),
        (b"\xff\xfe\x00", {}, "not UTF-8"),
        ("a,b\n1,2\n", {"column": "c"}, r"a column of .*has: a, b.*got 'c'"),
        ("", {"column": "c"}, "it has: none"),
        ("a,b\n1\n", {"column": "b"}, "samples.txt:2, got ''"),
        ('a\n"' + "1" * 200_000 + '"\n', {"column": "a"}, "a CSV file, got .*field larger"),
        (None, {}, "No such file"),
        (None, {"file": "."}, "Is a directory"),
        (None, {"file": "a\0b"}, "null byte"),
    ],
)
def test_a_bad_file_is_refused_with_its_line(tmp_path, content, keys, message):
    """Whatever is wrong with a file gives one error that names the file, the line where there is one, and why."""
    with pytest.raises(ValidationError, match=message) as caught:
        read(tmp_path, content=content, **keys)
    assert caught.value.error_count() == 1
