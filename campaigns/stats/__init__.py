"""Numbers that add up: delivery by district, ward, carrier, gateway, hour, state."""

from campaigns.stats.books import Books, reconcile
from campaigns.stats.summary import STATE_LABELS, Estimate, StatsRow, Summary, estimate, stats_by, summary

__all__ = ["STATE_LABELS", "Books", "Estimate", "StatsRow", "Summary", "estimate", "reconcile", "stats_by", "summary"]
