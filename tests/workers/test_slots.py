"""How many sessions an account may have, over all workers."""

from __future__ import annotations

import time

from sqlalchemy import text

from campaigns.store.database import Database
from workers.slots import BindSlots


def soon(slots: BindSlots, gateway: int, binds: int) -> int:
    """A slot, once the server has seen that a connection is gone."""
    until = time.monotonic() + 5
    while (slot := slots.take(gateway, binds)) is None:
        assert time.monotonic() < until
        time.sleep(0.02)
    return slot


def test_workers_share_the_binds_of_an_account(database: Database) -> None:
    one, two = BindSlots(database), BindSlots(database)
    taken = [one.take(1, 3), two.take(1, 3), one.take(1, 3)]
    assert sorted(slot for slot in taken if slot is not None) == [0, 1, 2]
    assert one.take(1, 3) is two.take(1, 3) is None
    assert two.take(2, 1) == 0, "another account has its own"
    assert one.take(2, 1) is None
    one.give_back(1, taken[2] or 0)
    assert two.take(1, 3) == taken[2]
    two.close()
    assert soon(one, 2, 1) == 0, "who goes frees everything"
    assert one.still_held()
    one.close()
    assert one.still_held(), "nothing is held, so nothing was lost"


def test_a_slot_is_free_the_moment_its_connection_dies(database: Database) -> None:
    one, two = BindSlots(database), BindSlots(database)
    assert one.take(1, 1) == 0
    assert two.take(1, 1) is None
    assert one.still_held()
    with database.transaction() as session:
        assert session.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND classid = 266")
        ).scalar_one()
    assert soon(two, 1, 1) == 0
    assert not one.still_held(), "its worker learns of it and closes its sessions"
    assert one.take(1, 1) is None
    two.close()
    assert soon(one, 1, 1) == 0
    one.close()
