"""Whether a text is the city's: as people type it, with its gaps, and not as a forger would have it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy.orm import Session

from campaigns.models import Batch
from campaigns.stats.check import find_sent
from config.keys import Keyring
from tests.factories import make_campaign, make_gateway, make_template

SAID = "Từ 01/01/2023, Sổ hộ khẩu giấy hết giá trị. Hỏi đáp: 1022"
PERSONAL = "Moi ong/ba {{ ho_ten }} o {{ phuong }} nhan the CCCD tai {{ dia_diem }}. Hoi dap: 1022"
LINKED = "Tin cua UBND TP Da Nang ve cu tru. Tu choi, bam {{ lien_ket_tu_choi }}"


def send(session: Session, keyring: Keyring, body: str, *, begun: bool = True, **campaign: Any) -> None:
    row = make_campaign(session, template=make_template(session, plain=body, marked=body), **campaign)
    batch = Batch(campaign_id=row.id, gateway_id=make_gateway(session, keyring).id, carrier="x", size=1, parts=1)
    if begun:
        batch.started_at = row.created_at
    session.add(batch)
    session.flush()


@pytest.mark.parametrize(
    "written",
    [
        SAID,
        SAID.upper(),
        "Tu 01/01/2023, So ho khau giay het gia tri. Hoi dap: 1022",
        "Từ 01/01/2023,\n Sổ hộ khẩu giấy  hết giá trị.\r\nHỏi đáp: 1022\n",
    ],
)
def test_a_text_is_known_however_it_is_typed(undone: Session, keyring: Keyring, written: str) -> None:
    send(undone, keyring, SAID, name="Bảy cách", sender="UBND_TP")
    found = find_sent(undone, written)
    assert found is not None
    assert (found.campaign, found.sender) == ("Bảy cách", "UBND_TP")


@pytest.mark.parametrize("written", ["", "1022", SAID[:-1], SAID + " Bấm xyz.top", "x" + SAID, SAID * 2, "\x00" * 3000])
def test_what_was_not_sent_just_so_is_not_known(undone: Session, keyring: Keyring, written: str) -> None:
    send(undone, keyring, SAID)
    assert find_sent(undone, written) is None


@pytest.mark.parametrize("body", [SAID])
def test_what_was_not_begun_is_nobodys_business_yet(undone: Session, keyring: Keyring, body: str) -> None:
    send(undone, keyring, body, begun=False)
    assert find_sent(undone, body) is None


@pytest.mark.parametrize(
    ("name", "ward", "known"),
    [
        ("Nguyễn Thị Hồng Nhung", "Phường Hòa Cường Bắc", True),
        ("Y Ban", "P.Hòa Cường Bắc", True),
        ("Y Ban, bam http://x.top/a", "Phường Hòa Cường Bắc", False),
        ("Y Ban", "P.Hòa Cường Bắc. Goi ngay 0905123456", False),
        ("Y Ban xem danang-gov.com", "Phường Hòa Cường Bắc", False),
        ("x" * 81, "Phường Hòa Cường Bắc", False),
    ],
)
def test_a_gap_takes_a_name_but_no_address_and_no_number(
    undone: Session, keyring: Keyring, name: str, ward: str, known: bool
) -> None:
    send(undone, keyring, PERSONAL, values={"dia_diem": "UBND quận"})
    said = f"Mời ông/bà {name} ở {ward} nhận thẻ CCCD tại UBND quận. Hỏi đáp: 1022"
    assert (find_sent(undone, said) is not None) is known
    assert find_sent(undone, said.replace("UBND quận", "UBND khác")) is None, "what was the same for all stays so"


def test_a_link_is_ours_or_the_text_is_not(undone: Session, keyring: Keyring, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOA_PUBLIC_URL", "https://tn.danang.gov.vn")
    send(undone, keyring, LINKED + " ")
    said = LINKED.replace("{{ lien_ket_tu_choi }}", "")
    assert find_sent(undone, said + "https://tn.danang.gov.vn/o/8kTq2LmZa") is not None
    for link in ("https://tn.danang.gov.vn.xyz.top/o/8kTq2LmZa", "https://tn.danang.gov.vn/o/a/../../b", "http://x.vn"):
        assert find_sent(undone, said + link) is None


def test_a_confirmation_is_known_by_its_title_whatever_its_minute(undone: Session, keyring: Keyring) -> None:
    body = "Da nhan yeu cau tu choi luc {{ nhan_luc }}{% if chu_de %} ve {{ chu_de }}{% endif %}. Hoi dap: 1022"
    campaign = make_campaign(undone, template=make_template(undone, plain=body, title="Xác nhận"), standing="x")
    campaign.planned_at = campaign.created_at
    undone.flush()
    for said in ("luc 09:15 12/03/2023. Hoi", "luc 09:15 12/03/2023 ve y te. Hoi"):
        found = find_sent(undone, f"Da nhan yeu cau tu choi {said} dap: 1022")
        assert found is not None
        assert found.campaign == "Xác nhận"


def test_a_text_made_to_be_slow_is_not(undone: Session, keyring: Keyring) -> None:
    send(undone, keyring, "a{{ ho_ten }}a{{ phuong }}a{{ quan }}a{{ ngay }}b ban tin cua UBND TP Da Nang")
    started = time.process_time()
    assert find_sent(undone, "a" * 2000) is None
    assert time.process_time() - started < 5
