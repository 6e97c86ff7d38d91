"""Whom a campaign reaches: one value that planning, claiming, checking and counting read, stage by stage.

A stage is one way of being left out, in the order in which a person is counted. It says so twice: over one contact
``c``, which is cheap where contacts are few (a page, a claim), and over a join, which is cheap for the whole register.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Row, text
from sqlalchemy.orm import Session

from campaigns.delivery.states import MessageState
from campaigns.errors import NotFound
from campaigns.models.people import TEST_NUMBER
from campaigns.store.frequency import Cap
from config.i18n import Text

S = MessageState
GOT = (S.CLAIMED, S.ACCEPTED, S.DELIVERED, S.UNKNOWN)
"""States of a message that its person has, or may have."""

REGISTERED = "registered"
"""Everybody of an audience, left out or not."""
WILL_SEND = "will_send"
"""Where those stand whom no stage leaves out."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One way of being left out."""

    key: str
    title: Text
    leaves_out: str
    """Condition over a contact ``c`` that is never null."""
    join: str = ""
    """What to join to ``c`` where many are counted; at most one row for a contact."""
    joined: str = ""
    """The same condition once that is joined; empty where nothing need be joined."""
    lasting: bool = True
    """Whether every claim asks again: what came after the planning holds too."""
    others: str = ""
    """Instead of people themselves it holds those beside them: how many, over a contact, and the same joined."""
    code: str = ""
    """Error code of a message that a claim leaves out for this; empty where its state says it all."""

    @property
    def counted(self) -> str:
        """The condition to count with."""
        return self.joined or self.leaves_out


def listed(
    key: str, title: Text, table: str, where: str = "true", *, present: bool = True, lasting: bool = True
) -> Stage:
    """A stage of those whose number is (``present``) in a table's rows ``x`` that fit ``where``, or is not."""
    exists = f"EXISTS (SELECT 1 FROM {table} x WHERE x.phone_hash = c.phone_hash AND {where})"
    # Where the number is the table's key no row is there twice, and a million need not be sorted out.
    rows = table if where == "true" else f"(SELECT DISTINCT x.phone_hash FROM {table} x WHERE {where})"
    return Stage(
        key,
        title,
        exists if present else f"NOT {exists}",
        join=f"LEFT JOIN {rows} {key} ON {key}.phone_hash = c.phone_hash",
        joined=f"{key}.phone_hash IS {'NOT ' if present else ''}NULL",
        lasting=lasting,
    )


# A desk's number stands in the register only to be tried on: until a list names it too, it is no citizen's.
NO_DESK = f"c.source <> '{TEST_NUMBER}'"
"""Condition over contacts ``c``: they belong to the register themselves."""

NO_NUMBER = Stage(
    "no_number",
    Text("Không có số dùng được", "No usable number"),
    "(coalesce(c.unusable, 'restricted') <> 'restricted' OR c.phone_cipher IS NULL)",
)

RESTRICTED = Stage(
    "restricted",
    Text("Đã yêu cầu hạn chế xử lý", "Asked for restriction"),
    "c.unusable IS NOT DISTINCT FROM 'restricted'",
)
"""Who restricted or opposed the use of their data (Decree 356/2025, Article 5); an emergency reaches them still."""

REFUSED = listed(
    "refused",
    Text("Đã từ chối nhận tin", "Refused messages"),
    "opt_out",
    "x.ended_at IS NULL AND (x.topic IS NULL OR x.topic = :topic OR x.topic = :kind_topic)",
)

_NOTHING_CAME = ", ".join(
    str(state.value)
    for state in (
        MessageState.UNDELIVERED,
        MessageState.EXPIRED,
        MessageState.REJECTED,
        MessageState.FAILED,
        MessageState.SUPPRESSED,
        MessageState.CANCELLED,
    )
)


def messaged(key: str, title: Text, which: str) -> Stage:
    """A stage of those who have a message, or will, of people's campaigns whose batches ``b`` fit ``which``.

    Decided by the planning: a campaign that is running would leave its own people out.
    """
    fits = f"{which} AND k.standing IS NULL AND m.state NOT IN ({_NOTHING_CAME})"
    batches = "JOIN batch b ON b.id = m.batch_id JOIN campaign k ON k.id = b.campaign_id"
    # For many, from the batches: nothing else finds the messages of a campaign.
    many = f"""SELECT DISTINCT m.contact_id FROM batch b JOIN campaign k ON k.id = b.campaign_id
               JOIN message m ON m.batch_id = b.id WHERE {fits}"""
    return Stage(
        key,
        title,
        f"EXISTS (SELECT 1 FROM message m {batches} WHERE m.contact_id = c.id AND {fits})",
        join=f"LEFT JOIN ({many}) {key} ON {key}.contact_id = c.id",
        joined=f"{key}.contact_id IS NOT NULL",
        lasting=False,
    )


WRITTEN_TO_LATELY = messaged(
    "written_to_lately",
    Text("Đã nhận tin gần đây", "Got a message lately"),
    "b.started_at > now() - make_interval(days => :reach_days)",
)
IN_CAMPAIGN = messaged(
    "in_campaign",
    Text("Đã có trong chiến dịch khác được loại trừ", "Was in a campaign that is left out"),
    "b.campaign_id = ANY(:reach_campaigns)",
)


# Over the whole register from the campaign's batches, read once; over a page by the index of a person's messages.
_ENDED_SO_MANY = """c.id IN (SELECT m.contact_id FROM batch b JOIN message m ON m.batch_id = b.id
    WHERE b.campaign_id = :reach_of AND m.occasion = 0 AND m.state = ANY(:reach_outcomes))"""
_ENDED_SO_FEW = """EXISTS (SELECT 1 FROM message m WHERE m.contact_id = c.id AND m.campaign_id = :reach_of
    AND m.occasion = 0 AND m.state = ANY(:reach_outcomes))"""
# Asked by the claim: a receipt may come after the planning, for a message that had failed, or of unknown outcome.
_REACHED = f"""EXISTS (SELECT 1 FROM message m WHERE m.contact_id = c.id AND m.campaign_id = :reach_of
    AND m.occasion = 0 AND m.state IN ({", ".join(str(state.value) for state in GOT)})
    AND m.state <> ALL(:reach_outcomes))"""
REACHED = "LOA_REACHED_MEANWHILE"
"""Error code of a message to somebody who turned out to have what was to be sent again."""

DO_NOT_CALL = listed(
    "do_not_call",
    Text("Trong danh sách không quảng cáo", "On the do-not-call list"),
    "do_not_call",
)

NO_CONSENT = listed(
    "no_consent",
    Text("Chưa đồng ý nhận quảng cáo", "No consent to advertising"),
    "consent",
    "x.ended_at IS NULL AND (x.topic IS NULL OR x.topic = :topic)",
    present=False,
)

# Nobody is left out: the contact gets the one message, and whoever is named beside it under the same number none.
HOUSEHOLD = Stage(
    "household",
    Text("Dùng chung số với người khác", "Share a number with somebody"),
    "EXISTS (SELECT 1 FROM household_member h WHERE h.contact_id = c.id)",
    join="LEFT JOIN (SELECT contact_id, count(*) AS others FROM household_member GROUP BY 1) h ON h.contact_id = c.id",
    others="h.others",
    lasting=False,
)

_SAME = """k.text_fingerprint = :fingerprint AND k.id <> :campaign AND k.standing IS NULL
    AND (k.state IN ('running', 'paused') OR k.finished_at > now() - make_interval(days => :repeat_days))"""
_GOT_IT = f"""SELECT m.contact_id FROM campaign k JOIN batch b ON b.campaign_id = k.id
    JOIN message m ON m.batch_id = b.id AND m.campaign_id = k.id
    WHERE {_SAME} AND m.state IN ({", ".join(str(state.value) for state in GOT)})
      AND b.started_at > now() - make_interval(days => :repeat_days)"""

# Whether any campaign said the same lately is asked once a statement; only then is anybody looked up.
SAME_TEXT = Stage(
    "same_text",
    Text("Vừa nhận cùng nội dung", "Got the same text lately"),
    f"((SELECT EXISTS (SELECT 1 FROM campaign k WHERE {_SAME}))"
    f" AND EXISTS ({_GOT_IT} AND m.contact_id = c.id))",
    join=f"LEFT JOIN (SELECT DISTINCT contact_id FROM ({_GOT_IT}) g) same_text ON same_text.contact_id = c.id",
    joined="same_text.contact_id IS NOT NULL",
    code="LOA_SAME_TEXT",
)


@dataclass(frozen=True, slots=True)
class Reach:
    """What decides whom a campaign reaches; equal for equal campaigns, so statements made from it are found again."""

    ward_ids: tuple[int, ...] | None
    """``area.id`` of its wards; None is everybody in the register, also whose ward nobody knows."""
    topic: str
    honours_refusals: bool
    carriers: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    """Each of these three: only people who fit one of them; empty is all."""
    not_within_days: int | None = None
    not_campaigns: tuple[int, ...] = ()
    outcomes_of: int | None = None
    outcomes: tuple[int, ...] = ()
    """Only people whose message of that campaign stands in one of these states."""
    honours_restriction: bool = True
    """Emergencies reach also those who restricted the use of their data."""
    checks_do_not_call: bool = False
    needs_consent: bool = False
    campaign_id: int = 0
    fingerprint: bytes | None = None
    """What its text says; None leaves nobody out for having got it lately."""
    repeat_days: int = 0
    """How long ago "lately" begins."""
    cap: Cap | None = None
    """How many messages of its class a person gets within a day; None is no cap."""

    def stages(self) -> Iterator[Stage]:
        """The ways of being left out that hold for it; a person counts at the first one."""
        yield NO_NUMBER
        if self.honours_restriction:
            yield RESTRICTED
        if self.honours_refusals:
            yield REFUSED
        if self.checks_do_not_call:
            yield DO_NOT_CALL
        if self.needs_consent:
            yield NO_CONSENT
        if self.not_within_days:
            yield WRITTEN_TO_LATELY
        if self.not_campaigns:
            yield IN_CAMPAIGN
        yield HOUSEHOLD
        if self.fingerprint is not None:
            yield SAME_TEXT

    def leaving_out(self) -> Iterator[Stage]:
        """The stages that leave a contact out; all but the household's."""
        return (stage for stage in self.stages() if not stage.others)

    @property
    def is_everybody(self) -> bool:
        """Whether its audience is the whole register, narrowed by nothing."""
        return self.ward_ids is None and self.outcomes_of is None and not (self.carriers or self.languages or self.tags)

    def chosen(self) -> str:
        """Condition over contacts ``c``: who belongs to its audience, sent to or not."""
        wards = [] if self.ward_ids is None else ["c.ward_id = ANY(:reach_wards)"]
        outcomes = [_ENDED_SO_MANY] if self.outcomes_of is not None else []
        return " AND ".join([*wards, *self._narrowed(), *outcomes])

    def _narrowed(self) -> Iterator[str]:
        yield NO_DESK
        if self.carriers:
            yield "c.carrier = ANY(:reach_carriers)"
        if self.languages:
            yield "c.language = ANY(:reach_languages)"
        if self.tags:
            yield "coalesce(c.tags && CAST(:reach_tags AS text[]), false)"

    def reachable(self) -> str:
        """Condition over a few contacts ``c`` of its wards: they fit its audience, and nothing leaves them out."""
        outcomes = [_ENDED_SO_FEW] if self.outcomes_of is not None else []
        leaves_none = [f"NOT {stage.leaves_out}" for stage in self.leaving_out()]
        return " AND ".join([*self._narrowed(), *outcomes, *leaves_none])

    def left_out_now(self) -> str:
        """Condition over a contact ``c`` that was planned: it must not be sent to after all."""
        return " OR ".join(stage.leaves_out for stage in self.stages() if stage.lasting and not stage.code)

    def noted_now(self) -> str | None:
        """The same of stages with a code of their own: which one; null for who is sent to, None where there is none."""
        coded = [(stage.leaves_out, stage.code) for stage in self.stages() if stage.lasting and stage.code]
        if self.outcomes_of is not None:
            coded.append((_REACHED, REACHED))
        whens = " ".join(f"WHEN {leaves_out} THEN '{code}'" for leaves_out, code in coded)
        return f"CASE {whens} END" if coded else None

    def bind(self, **more: Any) -> dict[str, Any]:
        """Parameters of everything here, and of the statement around it."""
        return {
            "topic": self.topic,
            # A refusal of all advertising ends the consents it finds; one that was just being written down is none.
            "kind_topic": "quang-cao" if self.needs_consent else self.topic,
            "reach_wards": None if self.ward_ids is None else list(self.ward_ids),
            "reach_carriers": list(self.carriers),
            "reach_languages": list(self.languages),
            "reach_tags": list(self.tags),
            "reach_days": self.not_within_days,
            "reach_campaigns": list(self.not_campaigns),
            "reach_of": self.outcomes_of,
            "reach_outcomes": list(self.outcomes),
            "campaign": self.campaign_id,
            "fingerprint": self.fingerprint,
            "repeat_days": self.repeat_days,
            **more,
        }


class Counted(NamedTuple):
    """People of one ward and carrier who stand at one stage."""

    ward_id: int | None
    carrier: str
    stage: str
    people: int


ROOM = text("SET LOCAL work_mem = '64MB'")
"""Before statements that join the whole register. With less, a million refusals are joined along two indexes, a random
page for every row (measured: two million pages read instead of fifty thousand)."""


def count_stages(session: Session, reach: Reach) -> list[Counted]:
    """How many people of the audience stand at each stage, ``WILL_SEND`` the last: everybody is there once.

    Who is named beside a contact stands where it does while it is left out before the household's stage, else there.
    Grouped by the conditions and not by the stage they come to: of those the planner knows that there are few groups,
    and two processes share the work.
    """
    stages = list(reach.stages())
    household = stages.index(HOUSEHOLD)
    asked = [(place, stage) for place, stage in enumerate(stages) if not stage.others]
    whens = " ".join(f"WHEN s{place} THEN {place}" for place, _ in asked)
    session.execute(ROOM)
    rows = session.execute(
        text(
            f"SELECT ward_id, carrier, CASE {whens} ELSE {len(stages)} END AS stage, sum(people)::bigint AS people,"
            f" sum(others)::bigint AS others FROM ("
            f"SELECT c.ward_id, c.carrier, {', '.join(f'{stage.counted} AS s{place}' for place, stage in asked)},"
            f" count(*) AS people, coalesce(sum({HOUSEHOLD.others}), 0) AS others"
            f" FROM contact c {' '.join(stage.join for stage in stages)} WHERE {reach.chosen()}"
            f" GROUP BY c.ward_id, c.carrier, {', '.join(f's{place}' for place, _ in asked)}) g GROUP BY 1, 2, 3"
        ),
        reach.bind(),
    )
    keys = [*(stage.key for stage in stages), WILL_SEND]
    counted: Counter[tuple[int | None, str, str]] = Counter()
    for ward, carrier, place, people, others in rows:
        counted[ward, carrier, keys[place]] += people
        if others:
            counted[ward, carrier, keys[min(place, household)]] += others
    return [Counted(*where, people) for where, people in counted.items()]


def list_at_stage(session: Session, reach: Reach, key: str, *, after: int = 0, limit: int = 50) -> Sequence[Row[Any]]:
    """(id, phone_cipher, name_cipher, ward_id, carrier) of people who stand at a stage, by id, those over ``after``.

    Raises:
        NotFound: the campaign knows no such stage.
    """
    return session.execute(
        text(
            "SELECT c.id, c.phone_cipher, c.name_cipher, c.ward_id, c.carrier FROM contact c"
            f" WHERE {reach.chosen()} AND {_standing_at(reach, key)} AND c.id > :after ORDER BY c.id LIMIT :limit"
        ),
        reach.bind(after=after, limit=limit),
    ).all()


def _standing_at(reach: Reach, key: str) -> str:
    if key == REGISTERED:
        return "true"
    passed: list[str] = []
    for stage in reach.stages():
        if stage.key == key:
            return " AND ".join([*passed, stage.leaves_out])
        if not stage.others:
            passed.append(f"NOT {stage.leaves_out}")
    if key == WILL_SEND:
        return " AND ".join(passed)
    raise NotFound("Không có nhóm “{key}” trong đối tượng.", "The audience has no stage “{key}”.", key=key)
