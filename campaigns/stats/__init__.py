"""Numbers that add up: delivery by district, ward, carrier, gateway, hour, state."""

from campaigns.stats.books import Books, reconcile
from campaigns.stats.summary import STATE_LABELS, StatsRow, Summary, stats_by, summary
from campaigns.stats.waterfall import Waterfall, estimate

__all__ = ["STATE_LABELS", "Books", "StatsRow", "Summary", "Waterfall", "estimate", "reconcile", "stats_by", "summary"]
