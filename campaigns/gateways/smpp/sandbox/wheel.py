"""A timer wheel: many things due at some time, without a timer for each."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

T = TypeVar("T")


class Wheel(Generic[T]):
    """Holds items by when they are due, to the ``tick``; what is due later never comes out sooner."""

    def __init__(self, tick: float = 0.02) -> None:
        self._tick = tick
        self._slots: dict[int, list[T]] = {}
        self._order: list[int] = []
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, due: float, item: T) -> None:
        """Keep ``item`` until ``due``."""
        slot = -int(-due // self._tick)
        items = self._slots.get(slot)
        if items is None:
            self._slots[slot] = [item]
            heapq.heappush(self._order, slot)
        else:
            items.append(item)
        self._size += 1

    def due(self, now: float) -> list[T]:
        """Take out what is due, in the order of its time."""
        out: list[T] = []
        while self._order and self._order[0] * self._tick <= now:
            out += self._slots.pop(heapq.heappop(self._order))
        self._size -= len(out)
        return out
