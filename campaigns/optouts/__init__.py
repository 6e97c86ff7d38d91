"""Refusals: keywords, the register, their confirmation."""

from campaigns.optouts.inbound import handle_inbound
from campaigns.optouts.keywords import Wish, read_wish
from campaigns.optouts.register import add_optout, end_optout, import_optouts

__all__ = ["Wish", "add_optout", "end_optout", "handle_inbound", "import_optouts", "read_wish"]
