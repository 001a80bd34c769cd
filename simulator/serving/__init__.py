"""The funnel really served on this machine, and the simulator held against it."""
