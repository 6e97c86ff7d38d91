"""A fresh installation per journey."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.city import City


@pytest.fixture
def city(loa_home: Path, database_url: str, redis_url: str) -> City:
    """An installation with areas and templates loaded and nobody in it."""
    place = City(loa_home, database_url, redis_url)
    place.loa("migrate")
    return place
