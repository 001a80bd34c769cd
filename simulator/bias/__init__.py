"""What a ranking does to its own training data."""
