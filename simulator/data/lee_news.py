"""News texts, and pairs of words that people judged for similarity: the corpus and the yardstick of embeddings."""

from pathlib import Path
from typing import NamedTuple

from simulator.data.fetch import needed
from simulator.errors import InputError

__all__ = ["WordPair", "load_documents", "load_word_pairs", "read_lines", "read_word_pairs"]

NAME = "lee-news"
JUDGED = {"wordsim353": "wordsim353.tsv", "simlex999": "simlex999.txt"}


class WordPair(NamedTuple):
    """Two words and how alike people found them, from 0 to 10."""

    first: str
    second: str
    similarity: float


def load_documents() -> list[str]:
    """Return the 300 news texts from the cache, one a document."""
    return read_lines(needed(NAME) / "lee_background.cor")


def load_word_pairs(collection: str = "wordsim353") -> list[WordPair]:
    """Return the judged pairs of `collection`, wordsim353 (353 pairs) or simlex999 (999), from the cache."""
    if collection not in JUDGED:
        raise InputError(f"there is no collection of word pairs {collection!r}; there are {', '.join(JUDGED)}")
    return read_word_pairs(needed(NAME) / JUDGED[collection])


def read_lines(path: Path) -> list[str]:
    """Return the lines of a UTF-8 text that hold more than blanks, one document a line.

    Raises
    ------
    InputError
        Where the file cannot be read as UTF-8 or holds no such line.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 (byte {error.start}); save it as UTF-8") from error
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if not lines:
        raise InputError(f"{path}: no text; expected one document a line")
    return lines


def read_word_pairs(path: Path) -> list[WordPair]:
    """Return the pairs of a file with two words and a number a line, tabs between; lines with # are remarks.

    Raises
    ------
    InputError
        Where a line is no such pair; the message gives its number.
    """
    pairs: list[WordPair] = []
    for number, line in enumerate(read_lines(path), start=1):
        if line.startswith("#"):
            continue
        parts = line.split("\t")
        try:
            first, second, similarity = parts
            pairs.append(WordPair(first, second, float(similarity)))
        except ValueError as error:
            raise InputError(f"{path}: expected two words and a number, got {line!r} in line {number}") from error
    return pairs
