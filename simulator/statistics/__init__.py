"""What may be said of a run: percentiles, intervals, warm-up, saturation."""
