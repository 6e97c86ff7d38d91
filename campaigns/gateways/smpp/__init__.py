"""SMPP 3.4: the adapter that speaks it to telcos, and the simulated telco that ships with Loa (``sandbox``)."""

from campaigns.gateways.smpp.adapter import SmppAdapter
from campaigns.gateways.smpp.settings import SmppSettings

__all__ = ["SmppAdapter", "SmppSettings"]
