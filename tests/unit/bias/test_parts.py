"""Work shared out in parts."""

import pytest

from simulator.bias import parts


@pytest.mark.parametrize(("cores", "cells", "expected"), [(1, 100, 1), (4, 100, 4), (4, 29, 2), (4, 5, 1), (3, 0, 1)])
def test_parts_cover_every_cell_once(cores, cells, expected, monkeypatch):
    """As many parts as cores, or as are worth a thread, which meet without gap and get the arguments."""
    monkeypatch.setattr(parts, "threads", lambda: cores)
    done = []
    parts.in_parts(lambda ends, what: done.append((*ends, what)), cells, "it", least=10)
    done.sort()
    assert len(done) == expected
    assert [first for first, _, _ in done] == [0, *(last for _, last, _ in done[:-1])]
    assert done[-1][1:] == (cells, "it")


def test_a_part_that_fails_is_told(monkeypatch):
    """An error in a thread reaches the caller."""
    monkeypatch.setattr(parts, "threads", lambda: 2)
    with pytest.raises(ZeroDivisionError):
        parts.in_parts(lambda ends: 1 // ends[0], 100, least=10)
