"""What a gateway session hears, gathered between two looks: for the gateway's health and for its campaigns'."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from campaigns.delivery.states import MessageState
from campaigns.delivery.trouble import Stretch
from campaigns.gateways.breaker import FAILURES_IN_A_ROW, Report
from campaigns.store.delivery import Outcomes


@dataclass(slots=True)
class Pulse:
    """Counts of one session, used in its event loop only."""

    on_trouble: Callable[[], None] = lambda: None
    """Called when enough failed in a row to look at once."""
    answers: int = 0
    failures: int = 0
    error: str = ""
    _in_a_row: int = 0
    _campaigns: dict[int, Stretch] = field(default_factory=dict)

    def answered(self) -> None:
        """The gateway did its part: it took a message, or told what is wrong with it."""
        self.answers += 1
        self._in_a_row = 0

    def failed(self, error: str) -> None:
        """The gateway did not work."""
        self.answers += 1
        self.failures += 1
        self._in_a_row += 1
        self.error = error
        if self._in_a_row >= FAILURES_IN_A_ROW:
            self.on_trouble()

    def take(self) -> Report:
        """What was heard of the gateway since the last time."""
        report = Report(self.answers, self.failures, self._in_a_row, self.error)
        self.answers = self.failures = self._in_a_row = 0
        self.error = ""
        return report

    def recorded(self, campaign_id: int, outcomes: Outcomes) -> None:
        """Outcomes of a campaign were written down."""
        taken = outcomes.states.count(MessageState.ACCEPTED.value)
        refused = Counter(
            error or "" for state, error in zip(outcomes.states, outcomes.errors, strict=True) if state == _FAILED
        )
        heard = self._campaigns.get(campaign_id, Stretch())
        self._campaigns[campaign_id] = heard.with_more(taken + refused.total(), refused)

    def take_campaigns(self) -> dict[int, Stretch]:
        """What was heard about campaigns since the last time."""
        heard, self._campaigns = self._campaigns, {}
        return heard


_FAILED = MessageState.FAILED.value
