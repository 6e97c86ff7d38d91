"""A city that has used Loa for years: a million people, what they were sent and refused, and the books about it.

The first people are written as an import writes them; the database makes the others from these.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.world import World

PEOPLE, SEEDS = 1_000_000, 20_000
CAMPAIGNS, BATCH = 5, 500
"""Campaigns to everybody, each a message to every person."""
SMALL_CAMPAIGNS = 3_000
ROWS = 1_000_000
"""Of each register, and of the audit."""

FAMILY = {
    "Nguyễn": 380,
    "Trần": 110,
    "Lê": 95,
    "Phạm": 70,
    "Huỳnh": 50,
    "Phan": 45,
    "Võ": 39,
    "Đặng": 21,
    "Bùi": 20,
    "Đỗ": 14,
    "Hồ": 13,
    "Ngô": 13,
    "Dương": 10,
    "Lý": 5,
    "Mai": 4,
    "Ông Ích": 1,
}
MIDDLE = {"Thị": 420, "Văn": 240, "Ngọc": 80, "Thanh": 70, "Minh": 60, "Đức": 40, "Quốc": 30, "Xuân": 20, "Bảo": 10}
GIVEN = [
    "Anh", "Hương", "Hùng", "Dũng", "Hoa", "Lan", "Tuấn", "Linh", "Hà", "Nam", "Thảo", "Trang", "Long", "Sơn",
    "Hải", "Phương", "Thuỷ", "Hạnh", "Dung", "Nga", "Bình", "Cường", "Thắng", "Đạt", "Khánh", "Vy", "My",
    "Nhung", "Oanh", "Quân", "Quang", "Tâm", "Tín", "Toàn", "Trí", "Trung", "Tùng", "Uyên", "Vinh", "Yến", "Đào",
    "Diệp", "Giang", "Hiếu", "Khoa", "Lộc", "Nghĩa", "Phúc", "Quỳnh", "Thư", "Trâm", "Ánh", "Ân", "Châu", "Chi",
    "Danh", "Duy", "Duyên", "Hân", "Hậu", "Hoài", "Huệ", "Huy", "Khôi", "Kiên", "Liên", "Loan", "Lợi", "Luân",
    "Mẫn", "Mơ", "Nhã", "Nhân", "Nhi", "Phát", "Phụng", "Phước", "Quyên", "Sang", "Sương", "Tài", "Thạch",
    "Thiện", "Thịnh", "Thơ", "Thương", "Tiên", "Tình", "Tú", "Tuyết", "Vân", "Việt", "Vũ", "Xuyến",
]
RARE = "Ưng Thị Kỳ Duyên"
"""One of the first people only."""
NUMBER = 900_000_000
"""The first number, without its country."""

_CARRIERS = ("viettel",) * 96 + ("vinaphone",) * 60 + ("mobifone",) * 40 + ("vietnamobile",) * 2 + ("gmobile",)


def names(count: int) -> Iterator[str]:
    """Names as they are borne in the city, the commonest by far “Nguyễn Thị …”; the same in every run."""
    chance = random.Random(52)
    yield RARE
    given = [1000 // (place + 4) for place in range(len(GIVEN))]
    for _ in range(count - 1):
        family, middle = (chance.choices(list(of), list(of.values()))[0] for of in (FAMILY, MIDDLE))
        yield " ".join([family, middle, *chance.choices(GIVEN, given, k=1 + (chance.random() < 0.3))])


# A keyed hash cannot be made here: these numbers are only ever read, never looked for.
_MORE_PEOPLE = """
    INSERT INTO contact (phone_hash, phone_cipher, carrier, ward_id, name_cipher, name_words, source)
    SELECT decode(md5(copy || '/' || n), 'hex'), c.phone_cipher,
           CASE c.carrier WHEN 'gmobile' THEN 'viettel' ELSE c.carrier END, c.ward_id, c.name_cipher, c.name_words,
           c.source
    FROM generate_series(2, :copies) AS copy CROSS JOIN generate_series(1, :seeds) AS n
    JOIN contact c ON c.id = greatest(n, 2) ORDER BY copy, n
"""

_SEATS = f"""
    CREATE TABLE seat AS
    SELECT id AS contact_id, ward_id, carrier, (at - 1) / {BATCH} AS part, ((at - 1) % {BATCH} + 1)::smallint AS seq
    FROM (SELECT id, ward_id, carrier, row_number() OVER (PARTITION BY ward_id, carrier ORDER BY id) AS at
          FROM contact) c
"""
_BATCHES = """
    INSERT INTO batch (campaign_id, gateway_id, ward_id, carrier, state, started_at, size, parts, delivered, unknown)
    SELECT :campaign, (SELECT min(id) FROM gateway), ward_id, carrier, 'done', now() - make_interval(hours => :hours),
           count(*), count(*), count(*) - 1, 1
    FROM seat GROUP BY ward_id, carrier, part ORDER BY ward_id, carrier, part
"""
_MESSAGES = """
    INSERT INTO message (batch_id, seq, contact_id, campaign_id, state, attempts, parts, delivered_mask)
    SELECT b.id, s.seq, s.contact_id, :campaign, CASE s.seq WHEN 1 THEN 20 ELSE 60 END, 1, 1,
           CASE s.seq WHEN 1 THEN 0 ELSE 1 END
    FROM (SELECT id, ward_id, carrier, row_number() OVER (PARTITION BY ward_id, carrier ORDER BY id) - 1 AS part
          FROM batch WHERE campaign_id = :campaign) b
    JOIN seat s USING (ward_id, carrier, part)
    ORDER BY b.id, s.seq
"""

_SMALL = """
    INSERT INTO campaign (name, template_version_id, message_class, topic, audience, created_by, edited_by, state,
                          scheduled_for, planned_at, finished_at)
    SELECT 'Tin ngắn ' || n, (SELECT min(id) FROM template_version), 'thong-bao', 'khac',
           '{"edition": "2023", "districts": ["492"]}', 'b', 'b',
           CASE WHEN n % 10 = 0 THEN 'draft' ELSE 'finished' END,
           now() - n * interval '5 hours', now() - n * interval '5 hours', now() - n * interval '5 hours'
    FROM generate_series(1, :count) AS n
"""
_SMALL_BATCHES = """
    INSERT INTO batch (campaign_id, gateway_id, ward_id, carrier, state, started_at, size, parts, delivered)
    SELECT c.id, (SELECT min(id) FROM gateway), w.id, 'viettel', 'done', c.finished_at, 100, 100, 100
    FROM campaign c, (SELECT id FROM area WHERE edition = '2023' AND kind = 'ward' ORDER BY id LIMIT 4) w
    WHERE c.name LIKE 'Tin ngắn %' AND c.state = 'finished'
"""

# A fifth of them people of the register; lists came early, and what came by link or was taken back is old and rare.
_REFUSALS = """
    INSERT INTO opt_out (phone_hash, topic, source, evidence, created_by, created_at, ended_at, ended_by,
                         ended_evidence)
    SELECT coalesce(c.phone_hash, decode(md5('refused' || n), 'hex')), CASE WHEN n % 5 = 1 THEN 'cu-tru' END,
           CASE WHEN n <= 200 THEN 'web' WHEN n > 0.9 * :rows THEN 'keyword' WHEN n % 50 = 0 THEN 'staff'
                ELSE 'import' END,
           'tệp danh sách', 'staff@danang.example', now() - (:rows - n) * interval '50 seconds',
           CASE WHEN n <= 300 THEN now() END, CASE WHEN n <= 300 THEN 'staff@danang.example' END,
           CASE WHEN n <= 300 THEN 'công dân gọi lại' END
    FROM generate_series(1, :rows) AS n
    LEFT JOIN contact c ON n % 5 = 0 AND c.id = n
"""
_CONSENTS = """
    INSERT INTO consent (phone_hash, given_at, how, wording, evidence, created_by, created_at, ended_at)
    SELECT coalesce(c.phone_hash, decode(md5('agreed' || n), 'hex')), now() - interval '1 year',
           CASE WHEN n <= 200 THEN 'hotline' ELSE 'web' END, 'Tôi đồng ý nhận tin quảng cáo', 'phiếu ' || n,
           'staff@danang.example', now() - (:rows - n) * interval '50 seconds', CASE WHEN n <= 300 THEN now() END
    FROM generate_series(1, :rows) AS n
    LEFT JOIN contact c ON n % 5 = 2 AND c.id = n
"""
_LIST = """
    INSERT INTO do_not_call_list (name, digest, issued_on, rows, numbers, added, created_by)
    VALUES ('dnc.csv', '\\x00', current_date, :rows, :rows, :rows, 'staff@danang.example') RETURNING id
"""
_ON_LIST = """
    INSERT INTO do_not_call (phone_hash, kind, list_id)
    SELECT decode(md5('listed' || n), 'hex'), 'S', :list FROM generate_series(1, :rows) AS n
"""

# Nobody walks the chain here, so its hashes only have to differ.
_AUDIT = """
    INSERT INTO audit (at, actor, action, object_kind, object_id, detail, previous_hash, hash)
    SELECT now() - (:rows - n) * interval '60 seconds',
           CASE WHEN n <= 100 THEN 'binh@danang.example' ELSE 'person' || n % 40 || '@danang.example' END,
           CASE WHEN n <= 200 THEN 'contact.erased' WHEN n % 3 = 0 THEN 'campaign.edited'
                WHEN n % 1000 = 1 THEN 'gateway.changed' ELSE 'contact.corrected' END,
           CASE WHEN n <= 200 THEN 'contact' WHEN n % 3 = 0 THEN 'campaign' WHEN n % 1000 = 1 THEN 'gateway'
                ELSE 'contact' END,
           (1 + n % 100000)::text, '{"changes": {"name": ["Tin A", "Tin B"]}}', decode(md5('before' || n), 'hex'),
           decode(md5('is' || n), 'hex')
    FROM generate_series(1, :rows) AS n
"""
_EXPORTS = """
    INSERT INTO export_job (kind, format, state, folder, rows_done, language, created_by, created_at, finished_at)
    SELECT 'contacts', 'csv', 'gone', 'bench-' || n, 1000, 'vi',
           CASE WHEN n % 3 = 0 THEN :who ELSE 'other@danang.example' END, now() - n * interval '1 hour', now()
    FROM generate_series(1, :count) AS n
"""


def fill_register(place: World, people: int = PEOPLE) -> None:
    """The people."""
    for table in ("contact", "message", "opt_out", "consent", "do_not_call", "audit"):
        # Nothing is written to them once they are full, and a page reads them the same.
        place.run(f"ALTER TABLE {table} SET UNLOGGED")
    place.fill_contacts(SEEDS, _CARRIERS, list(names(SEEDS)))
    place.run(_MORE_PEOPLE, copies=people // SEEDS, seeds=SEEDS)


def fill_messages(place: World, hours_ago: list[int]) -> list[int]:
    """Campaigns to everybody that began so long ago; a message in 500 is of unknown fate. Returns their ids."""
    place.run(_SEATS)
    place.run("ANALYZE seat")
    ids = []
    for hours in hours_ago:
        campaign = place.campaign(name=f"Chiến dịch {hours} giờ trước")
        place.run(_BATCHES, campaign=campaign, hours=hours)
        place.run(_MESSAGES, campaign=campaign)
        place.run(
            "UPDATE campaign SET state = 'finished', planned_at = now() - make_interval(hours => :hours),"
            " finished_at = now() - make_interval(hours => :hours) + interval '1 hour' WHERE id = :id",
            id=campaign,
            hours=hours,
        )
        ids.append(campaign)
    place.run("DROP TABLE seat")
    return ids


def fill_books(place: World, who: str, rows: int = ROWS) -> None:
    """Registers, audit, small campaigns, and the files that ``who`` asked for."""
    for statement in (_REFUSALS, _CONSENTS, _AUDIT):
        place.run(statement, rows=rows)
    place.run(_ON_LIST, rows=rows, list=place.run(_LIST, rows=rows))
    place.run(_SMALL, count=SMALL_CAMPAIGNS)
    place.run(_SMALL_BATCHES)
    place.run(_EXPORTS, count=SMALL_CAMPAIGNS, who=who)
