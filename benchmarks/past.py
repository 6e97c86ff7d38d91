"""An installation that has been used for years: settled messages of older campaigns, written by the database itself."""

from __future__ import annotations

from benchmarks.world import World

BATCH = 500

_BATCHES = """
    INSERT INTO batch
           (campaign_id, gateway_id, ward_id, carrier, state, started_at, size, parts, delivered, undelivered)
    SELECT :campaign, (SELECT min(id) FROM gateway), w.id, (ARRAY['viettel', 'vinaphone', 'mobifone'])[1 + n % 3],
           'done', now() - interval '40 days' + n * interval '1 second', :size, :size, :size - :size / 25, :size / 25
    FROM generate_series(0, :batches - 1) AS n
    JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS place FROM area WHERE edition = '2023' AND kind = 'ward') w
      ON w.place = n % 56
"""

_MESSAGES = """
    INSERT INTO message (batch_id, seq, contact_id, campaign_id, state, attempts, parts, delivered_mask, error)
    SELECT b.id, seq, (row_number() OVER (ORDER BY b.id, seq)) + 1000000000, :campaign,
           CASE WHEN seq > b.delivered THEN 40 ELSE 60 END, 1, 1, CASE WHEN seq > b.delivered THEN 0 ELSE 1 END,
           CASE WHEN seq > b.delivered THEN '027' END
    FROM batch b, generate_series(1, :size) AS seq WHERE b.campaign_id = :campaign
"""

_SUBMISSIONS = """
    INSERT INTO submission (batch_id, gateway_id, seq, part, reference, submitted_at)
    SELECT m.batch_id, (SELECT min(id) FROM gateway), m.seq, 0,
           lpad((m.batch_id * :size + m.seq)::text, 16, '0'), now() - interval '40 days'
    FROM message m JOIN batch b ON b.id = m.batch_id WHERE b.campaign_id = :campaign
"""


def fill_past(place: World, campaigns: int, messages_each: int, *, batches_only: bool = False) -> list[int]:
    """Finished campaigns of ``messages_each`` (a multiple of 500); 96 in 100 delivered. Returns their ids."""
    ids = []
    for number in range(campaigns):
        campaign = place.campaign(name=f"Chiến dịch cũ {number + 1}")
        values = {"campaign": campaign, "size": BATCH}
        place.run(_BATCHES, batches=messages_each // BATCH, **values)
        if not batches_only:
            place.run(_MESSAGES, **values)
            place.run(_SUBMISSIONS, **values)
        place.run(
            "UPDATE campaign SET state = 'finished', planned_at = now() - interval '40 days',"
            " finished_at = now() - interval '39 days' WHERE id = :id",
            id=campaign,
        )
        ids.append(campaign)
    return ids
