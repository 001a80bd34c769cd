"""From the file's text to plain data: YAML's traps are closed, and no file can exhaust the reader."""

import time

import pytest

from simulator.errors import InputError, ScenarioError
from simulator.scenario.load import MAX_BYTES, load_scenario, parse_scenario

SECONDS = 2.0  # generous: each takes a fraction; without the guards some take minutes, or all memory


def alias_chain(links):
    """Text in which every link is nested 40 deep and ends in the link before."""
    lines = [f"a{i}: &a{i} {'[' * 40}{f'*a{i - 1}' if i else 1}{']' * 40}" for i in range(links)]
    return "\n".join(lines)


def bomb(levels):
    """Text whose aliases stand for 10^levels values."""
    lines = ["a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, levels)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "got nothing"),
        ("# only a comment\n", "got nothing"),
        ("- name: x\n", "got a list"),
        ("hello", "got a single value"),
        ("name: a\n---\nname: b\n", "one document"),
        ("a: &a [*a]", "finished before"),
        ("a: *nowhere", "expected an alias"),
        ("name: !!python/object:os.system x", "no tags"),
        ("name: !!str x", "no tags"),
        ("a:\n\tb: 1\n", "spaces, not tabs"),
        ("question: is it: so\n", "in quotes"),
        ("a: [1, 2\n", "expected YAML"),
        ("a: b\0c", "control characters"),
        ("a: b\ud800c", "broken characters"),
        (bomb(9), "once aliases are filled in"),
        (alias_chain(60), "levels of nesting once aliases"),
        ("[" * 100_000, "50 levels"),
        ("{" * 100_000, "50 levels"),
        ("- " * 50_000, "50 levels"),
        ("? " * 50_000, "50 levels"),
        ("a: [" + "1," * 400_000 + "]", "10,000 values"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else None,
)
def test_a_text_that_is_no_scenario_is_one_problem_at_a_place(problem, text, message):
    """Text that is no mapping, no YAML, or too much gives one problem with line and column, at once."""
    start = time.process_time()  # not the clock: other processes may be busy
    found = problem(text)
    assert time.process_time() - start < SECONDS
    assert message in str(found)
    assert len(found.place.split(":")) == 3


def test_nesting_is_counted_at_the_place_that_goes_too_deep(problem):
    """The 51st bracket is the one refused."""
    assert problem("[" * 60).place == "bad.yaml:1:51"


def test_duplicate_keys_name_both_lines(problem, smallest):
    """A second key of one name is refused where it stands, and says where the first is."""
    found = problem(smallest + "    cost: 5ms\n")
    assert (found.place, found.path) == ("bad.yaml:9:5", "funnel.rank.cost")
    assert "'cost' again (first in line 8)" in found.message


@pytest.mark.parametrize(("key", "got"), [("1", "1"), ("~", "nothing"), ("true", "true"), ("? [a]\n", "a list")])
def test_keys_are_words(problem, smallest, key, got):
    """A key that is a number, nothing, a switch or a list is refused."""
    assert problem(f"{smallest}{key}: 2\n").message == f"expected a word as key, got {got}"


@pytest.mark.parametrize("word", ["no", "yes", "on", "off", "Norway", "12:30:45", "0x1f", "2024-01-01", "=", "<<"])
def test_words_stay_words(smallest, word):
    """What YAML 1.1 would turn into a switch, a date or a base-60 number is text."""
    assert parse_scenario(f"{smallest}question: {word}\n").question == word


@pytest.mark.parametrize(
    ("written", "number"),
    [("1e3", 1000), ("1E+3", 1000), ("100_000", 100_000), ("2.0", 2), ("5.e1", 50), ("+7", 7), ('"12"', 12)],
)
def test_numbers_are_decimal(smallest, written, number):
    """1e3 is a thousand, 100_000 a hundred thousand, and whole decimals are whole numbers."""
    assert parse_scenario(f"{smallest}seed: {written}\n").seed == number


def test_large_seeds_keep_every_digit(smallest):
    """A seed beyond 2^53 does not pass through a float."""
    assert parse_scenario(f"{smallest}seed: 9007199254740993\n").seed == 9007199254740993


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("010", "a number without a leading zero, got '010'"),
        ("010.5", "a number without a leading zero, got '010.5'"),
        ("0o17", "a number, got '0o17'"),
        ("12:30:45", "a number, got '12:30:45', which YAML 1.1 would read in base 60"),
        ("0x1f", "a number, got '0x1f'"),
        ("no", "a number, got 'no'"),
        ("true", "a number, got true"),
        (".nan", "a number, got '.nan'"),
        (".inf", "a number, got '.inf'"),
        ("1e999", "a finite number, got '1e999'"),
        ("9" * 5000, "a number, got '999"),
        ("1.5", "a whole number, got 1.5"),
        ("0", "a whole number of at least 1, got 0"),
        ("-3", "a whole number of at least 1, got -3"),
        ("1_000_001", "a whole number of at most 1,000,000, got 1000001"),
        ("[1]", "a number, got a list"),
        ("{a: 1}", "a number, got a mapping"),
        ("5ms", "a number, got '5ms'"),
    ],
)
def test_what_is_no_count_is_refused(problem, smallest, written, expected):
    """A number in another base, a switch, nothing finite, or a number out of range gives one problem, said as it is."""
    found = problem(f"{smallest}    shards: {written}\n")
    assert (found.place, found.path) == ("bad.yaml:9:13", "funnel.rank.shards")
    assert found.message.startswith(f"expected {expected}")
    assert len(found.message) < 120


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path, smallest):
    """A file from Windows reads like any other."""
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + smallest.replace("\n", "\r\n").encode())
    assert load_scenario(path).name == "small"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "no such file; give the path"),
        (lambda path: path.mkdir(), "a folder; give a scenario file"),
        (lambda path: path.write_bytes(b"\x7fELF\xff\xfe\x00"), "not UTF-8 text"),
        (lambda path: path.write_bytes(b"#" * (MAX_BYTES + 1)), "over 1,000,000 bytes"),
        (lambda path: path.symlink_to(path), "cannot be read"),
    ],
)
def test_an_unreadable_file_is_one_message(tmp_path, make, message):
    """A missing, binary or huge file, a folder and a circular link give one message that names the path."""
    path = tmp_path / "thing.yaml"
    make(path)
    with pytest.raises(InputError, match=message) as caught:
        load_scenario(path)
    assert str(caught.value).startswith(str(path))
    assert not isinstance(caught.value, ScenarioError)


def test_files_inside_are_found_beside_the_scenario(tmp_path, smallest):
    """A relative path in a scenario starts at the scenario's folder."""
    (tmp_path / "times.txt").write_text("0.5\n")
    path = tmp_path / "x.yaml"
    path.write_text(
        smallest.replace("distribution: lognormal, mean: 4ms, cv: 0.3", "distribution: empirical, file: times.txt")
    )
    assert load_scenario(path).funnel[1].cost.samples == (0.5,)
