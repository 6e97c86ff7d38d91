"""Names that were there in plain writing are encrypted on the way to this version, and nothing of them stays."""

from __future__ import annotations

import pytest
from alembic import command
from sqlalchemy import select, text

from campaigns.audience.person import name_of, text_of
from campaigns.audience.sealing import Words, open_attributes
from campaigns.migrations import alembic_config, upgrade
from campaigns.models import Contact, InboundMessage
from campaigns.store.database import Database
from config.errors import ConfigError
from config.keys import Keyring

PEOPLE = text("""
    INSERT INTO contact (phone_hash, phone_cipher, carrier, source, full_name, attributes) VALUES
    (:first, :cipher, 'viettel', 'x', 'Trần Thị Bưởi', '{"ho_so": "HS 1", "nhan": "Tổ 5", "trong": " "}'),
    (:second, :cipher, 'viettel', 'x', NULL, '{}')
""")
WRITTEN = text("""
    WITH g AS (INSERT INTO gateway (name, adapter, secrets, tps) VALUES ('g', 'smpp', '', 1) RETURNING id)
    INSERT INTO inbound_message (gateway_id, sender_hash, recipient, body, action)
    SELECT g.id, :first, '1022', said, 'none' FROM g, unnest(ARRAY['Toi la Buoi', '']) said
""")


def test_a_register_in_plain_writing_is_encrypted(empty_database_url: str, keyring: Keyring) -> None:
    database = Database(empty_database_url)
    first, second = (keyring.hash(number) for number in (b"84905000001", b"84905000002"))
    with database.engine.begin() as connection:
        command.upgrade(alembic_config(connection), "0008")
        connection.execute(PEOPLE, {"first": first, "second": second, "cipher": keyring.encrypt(b"84905000001")})
        connection.execute(WRITTEN, {"first": first})
    with pytest.raises(ConfigError, match="bộ khoá"):
        upgrade(empty_database_url)
    upgrade(empty_database_url, keyring)
    with database.transaction() as session:
        named, nameless = session.scalars(select(Contact).order_by(Contact.id)).all()
        assert name_of(keyring, named) == "Trần Thị Bưởi"
        assert named.name_words == Words(keyring).of("tran thi buoi")
        assert named.attributes["nhan"] == "Tổ 5", "labels stay readable"
        assert open_attributes(keyring, named.attributes) == {"ho_so": "HS 1", "nhan": "Tổ 5"}
        assert (nameless.name_cipher, nameless.name_words, nameless.attributes) == (None, [], {})
        said = session.scalars(select(InboundMessage).order_by(InboundMessage.id)).all()
        assert [text_of(keyring, message) for message in said] == ["Toi la Buoi", ""]
    database.close()
