"""How fast an audience is frozen, and whether the cost of a message stays flat as campaigns grow."""

from __future__ import annotations

from typing import Any

from benchmarks.world import World, clock, report, world
from campaigns.delivery.planner import plan_campaign
from campaigns.stats import estimate

SIZES = (10_000, 100_000, 1_000_000)


def measure(place: World, size: int) -> dict[str, Any]:
    """Plan a campaign of ``size`` messages into tables that are empty but for earlier campaigns."""
    campaign = place.campaign()
    with clock() as taken:
        planned = plan_campaign(place.database, campaign)
    assert planned == size, (planned, size)
    bytes_each = place.run("SELECT pg_total_relation_size('message')") / place.run("SELECT count(*) FROM message")
    # Every stage of the waterfall at once, as the page that makes a campaign asks for it while somebody types.
    with clock() as counted, place.database.transaction() as session:
        assert estimate(session, campaign).will_send == size
    return report(
        "plan",
        load=f"{size} people, 56 wards, 3 carriers, text the same for all",
        messages=size,
        seconds=round(taken[0], 3),
        per_second=round(size / taken[0]),
        message_bytes=round(bytes_each),
        waterfall_seconds=round(counted[0], 3),
    )


def main(sizes: tuple[int, ...] = SIZES) -> list[dict[str, Any]]:
    """Each size in a world of its own."""
    results = []
    for size in sizes:
        with world() as place:
            place.fill_contacts(size)
            place.vacuum()
            results.append(measure(place, size))
    return results


if __name__ == "__main__":
    main()
