"""What a production system decides while serving: one decision, one file."""
