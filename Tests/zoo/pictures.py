"""Random images with structure at every scale, as photographs have it."""

import numpy as np


def pictures(count, shape, seed):
    """(count, *shape) of about unit deviation. Images of noise alone are all alike to the later layers of a network: statistics
    taken from them have tiny variances, which amplify every rounding a thousand times."""
    rng = np.random.default_rng(seed)
    channels, height, width = shape
    result = np.zeros((count, *shape))
    for cell in (1, 3, 8, 24, 64, max(height, width)):
        cells = (count, channels, -(-height // cell), -(-width // cell))
        result += rng.standard_normal(cells).repeat(cell, 2).repeat(cell, 3)[:, :, :height, :width]
    contrast = rng.uniform(0.2, 0.7, (count, 1, 1, 1))
    return (contrast * result).astype(np.float32)
