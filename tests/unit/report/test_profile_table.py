"""What calibration prints: how near the largest calls come to what one thread can do."""

from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from simulator.costs.fit import fit_law
from simulator.costs.profile import Ceilings, Profile, RankerCost, Work
from simulator.report.profile_table import profile_table

LAW = fit_law({size: np.full(30, size * 1e-6) for size in (10, 100, 1000)})


def printed(work, ceilings):
    """Return the words of the table of one ranker, whose 1,000 candidates take 1 ms."""
    profile = Profile(
        name="p",
        provenance={},
        rankers={"ours": RankerCost(busy=LAW, idle=LAW, work=work)},
        merge=LAW,
        ceilings=ceilings,
    )
    console = Console(width=200)
    with console.capture() as capture:
        console.print(profile_table(profile, Path("p.json")))
    return capture.get()


@pytest.mark.parametrize(
    ("work", "row"),
    [
        (Work(flops=2e6, bytes=4e6), ["ours", "1,000", "2", "4", "bytes", "2"]),
        (Work(flops=5e6, bytes=1e6), ["ours", "1,000", "5", "1", "operations", "4"]),
    ],
)
def test_the_largest_call_is_set_beside_the_ceilings(work, row):
    """Of 20 GFLOP/s and 8 GB/s, 4 MB in 1 ms are twice what reading takes, and 5 MFLOP four times what they take."""
    text = printed(work, Ceilings(flops_per_s=20e9, bytes_per_s=8e9))
    assert row in [line.split()[:2] + line.split()[-4:] for line in text.splitlines()]
    assert "20 GFLOP/s in a product of matrices, 8 GB/s read" in " ".join(text.split())


def test_without_known_work_there_is_nothing_to_set_beside_it():
    """A ranker whose work is not known has no row, a profile without ceilings no table."""
    ceilings = Ceilings(flops_per_s=20e9, bytes_per_s=8e9)
    assert printed(Work(flops=2e6, bytes=4e6), ceilings).count("ours") == 1 + printed(None, ceilings).count("ours")
    assert "GFLOP/s" not in printed(Work(flops=2e6, bytes=4e6), None)
