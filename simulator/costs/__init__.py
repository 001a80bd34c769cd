"""How long a call takes: measuring rankers, fitting the measurements, the cost profile."""
