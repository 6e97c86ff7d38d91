"""Taking in what a gateway reports: receipts in columns, inbound messages one by one, one transaction for all."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from campaigns.gateways.contract import Event, Inbound, Receipt
from campaigns.optouts.inbound import Listener
from campaigns.receipts.failures import heed_failures
from campaigns.store.receipts import ReceiptColumns, apply_receipts
from config.keys import Keyring


def take_in(session: Session, keyring: Keyring, gateway_id: int, events: Sequence[Event]) -> None:
    """Apply or park every receipt and obey every inbound message; safe once the transaction is committed."""
    receipts = ReceiptColumns()
    inbound: list[Inbound] = []
    for event in events:
        if isinstance(event, Receipt):
            receipts.add(event.reference, event.state, event.error, event.recipient)
        else:
            inbound.append(event)
    apply_receipts(session, gateway_id, receipts, keyring.hash)
    heed_failures(session, gateway_id, receipts)
    if inbound:
        listener = Listener(session, keyring, gateway_id)
        for message in inbound:
            listener.handle(sender=message.sender, recipient=message.recipient, body=message.text)
