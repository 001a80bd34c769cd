"""The clock: a plan goes in, a result comes out, by either of two engines."""
