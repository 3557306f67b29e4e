"""Arrays kept from step to step: the first touch of fresh memory costs more than filling it."""

from __future__ import annotations

import math
import weakref
from collections import deque

import numpy as np


class _Lease:
    """Owner of the arrays over one block of memory; its end is the end of the last of them."""

    def __init__(self, block: np.ndarray) -> None:
        self.__array_interface__ = block.__array_interface__


class BufferPool:
    """Hands out arrays whose memory comes back to the pool when nothing refers to it any more.

    A Jacobian that somebody still holds is therefore never written over. At most `most` blocks of
    memory wait in the pool.
    """

    def __init__(self, most: int = 2) -> None:
        self.most = most
        self._free: deque[np.ndarray] = deque(maxlen=most)

    def take(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return an uninitialised C-ordered float64 array of the given shape."""
        block = self._block(math.prod(shape))
        lease = _Lease(block)
        weakref.finalize(lease, self._free.append, block).atexit = False
        return np.asarray(lease).reshape(shape)

    def _block(self, size: int) -> np.ndarray:
        while self._free:
            try:
                block = self._free.pop()
            except IndexError:  # another thread took it
                break
            if block.size == size:
                return block
        return np.empty(size)

    def __reduce__(self):
        return (BufferPool, (self.most,))
