"""Normal numbers as R draws them, so that examples published with a seed of R can be repeated here."""

from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

_WORD = 2**32
_UNIT = 2.328306437080797e-10  # 1 / (2^32 - 1): R keeps its uniform numbers half of it away from 0 and 1
_PARTS = 134_217_728  # 2^27, of a uniform number that is made of two


def normals(seed: int, count: int) -> NDArray[np.float64]:
    """Numbers that `set.seed(seed); rnorm(count)` gives: Mersenne Twister, by inversion (R's `RNG.c` and `snorm.c`).

    >>> normals(42, 3).round(8).tolist()
    [1.37095845, -0.56469817, 0.36312841]
    """
    scrambled = [seed]
    for _ in range(50 + 625):
        scrambled.append((69069 * scrambled[-1] + 1) % _WORD)
    twister = np.random.RandomState()  # its words are those of R
    twister.set_state(("MT19937", np.array(scrambled[-624:], dtype=np.uint32), 624))
    words = twister.randint(0, _WORD, size=2 * count, dtype=np.uint32).astype(np.float64)
    uniform = np.clip(words / _WORD, _UNIT / 2, 1 - _UNIT / 2)
    fine = (np.floor(_PARTS * uniform[0::2]) + uniform[1::2]) / _PARTS
    return np.array([NormalDist().inv_cdf(one) for one in fine])
