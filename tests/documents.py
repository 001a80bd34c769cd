"""Two JSON documents beside each other, number by number."""

from typing import Any

import pytest

__all__ = ["assert_alike", "leaves"]


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """Every number and word of a document by its path."""
    if isinstance(value, dict):
        return {key: leaf for name, part in value.items() for key, leaf in leaves(part, f"{path}.{name}").items()}
    if isinstance(value, list):
        return {key: leaf for i, part in enumerate(value) for key, leaf in leaves(part, f"{path}.{i}").items()}
    return {path: value}


def assert_alike(found: dict[str, Any], expected: dict[str, Any], digits: int, but_for: tuple[str, ...]) -> None:
    """Both say the same to so many digits, but for the parts of those names, wherever they are.

    Differences of large numbers have fewer digits of their own, so nine decimals do as well.
    """
    one, other = (
        {path: value for path, value in leaves(document).items() if not set(path.split(".")) & set(but_for)}
        for document in (found, expected)
    )
    assert one.keys() == other.keys()
    for name, value in other.items():
        wanted = pytest.approx(value, rel=10**-digits, abs=1e-9) if isinstance(value, float) else value
        assert one[name] == wanted, name
