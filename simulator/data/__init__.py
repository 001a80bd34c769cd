"""The worlds that rankers learn from, and how their rows are split."""
