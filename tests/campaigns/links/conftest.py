"""A link, and a campaign whose messages carry it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy.orm import Session

from campaigns.links.register import make_link
from campaigns.models import Campaign, Link
from config.settings import get_settings
from tests.factories import OFFICER, make_campaign, make_template

ADDRESS = "https://loa.danang.gov.vn"
TARGET = "https://dichvucong.danang.gov.vn/bay-cach"


@pytest.fixture(autouse=True)
def _public(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("LOA_PUBLIC_URL", ADDRESS)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
def link(session: Session) -> Link:
    return make_link(session, OFFICER, name="bay-cach", title="Bảy cách thay sổ hộ khẩu", target=TARGET)


@pytest.fixture
def campaign(session: Session, link: Link) -> Campaign:
    version = make_template(session, plain="UBND TP: xem {{ lien_ket }} hoac hoi 1022. {{ phuong }}")
    return make_campaign(session, template=version, values={"lien_ket": "bay-cach"}, state="draft")
