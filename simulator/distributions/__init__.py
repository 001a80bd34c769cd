"""The laws a scenario can name, one a file; each says its quantile and its mean."""
