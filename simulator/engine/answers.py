"""The answers to some queries one by one, for whoever wants to know why these queries took so long.

A result keeps of each stage only the answer that came last. Once a run has shown which queries are of interest, a
second run of the same luck writes down every answer that the broker took for them.
"""

import numpy as np

__all__ = ["ANSWER"]

I4, I8, F8 = np.int32, np.int64, np.float64

ANSWER = np.dtype(
    [
        ("query", I8),
        ("stage", I4),
        ("shard", I4),
        ("replica", I4),  # of the shard
        ("attempt", I4),
        ("batch", I4),  # requests served together with it, itself among them
        ("sent", F8),
        ("to_shard", F8),
        ("arrived", F8),
        ("begun", F8),
        ("work", F8),  # its service without the pauses that interrupt it
        ("service", F8),
        ("to_broker", F8),
    ]
)
"""An answer in time: where it was given, and its times; `sent`, `arrived` and `begun` are absolute, all in seconds."""
