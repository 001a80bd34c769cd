"""The ranking models in NumPy: one model, one file."""
