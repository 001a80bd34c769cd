"""Central differences, the judge of gradients.

A central difference of step h errs by about h^2 from the Taylor series and by u/h from rounding (u = 1e-16), so
h = 1e-5 leaves about 1e-10 in double precision: 1e-6 is far above that and far below a wrong formula.
"""

import numpy as np

STEP = 1e-5


def central_differences(loss, parameters, name):
    """Return the slope of `loss` along each number of one block."""
    out = np.empty_like(parameters[name])
    for index in np.ndindex(out.shape):
        ends = []
        for sign in (1, -1):
            moved = parameters[name].copy()
            moved[index] += sign * STEP
            ends.append(loss({**parameters, name: moved}))
        out[index] = (ends[0] - ends[1]) / (2 * STEP)
    return out


def shaken(parameters, rng):
    """Move offsets away from zero, where a mistake in them could hide."""
    return {name: block + 0.3 * rng.normal(size=block.shape) for name, block in parameters.items()}
