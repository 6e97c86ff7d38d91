from __future__ import annotations
import pytest
from tests.browser.conftest import Desks
from tests.journeys.city import City
pytestmark = [pytest.mark.browser]
def test_shots(desk: Desks, town: City) -> None:
    town.loa("tariffs", "set", "--help", check=False) if False else None
    o = desk("officer")
    p = o.open("/campaigns/new?template=t17-moi-theo-dia-ban")
    p.fill("[name=name]", "Bảy cách thử")
    p.screenshot(path="/tmp/s1.png", full_page=True)
    bad = []
    def chk(tag):
        try: o.no_barriers()
        except AssertionError as e: bad.append((tag, str(e)[:1500])); o.complaints.clear()
    chk("text")
    for k in ("ngay","gio_bat_dau","dia_diem"):
        if p.locator(f"[name=value-{k}]").count(): p.fill(f"[name=value-{k}]", "7:30")
    p.click(".step-actions [value=next]")
    p.wait_for_url("**/edit/audience")
    p.check("[name=district][value='490']")
    p.wait_for_selector("table.waterfall")
    p.wait_for_timeout(1500)
    p.screenshot(path="/tmp/s2.png", full_page=True); chk("aud")
    p.set_viewport_size({"width":360,"height":800}); p.screenshot(path="/tmp/s2n.png", full_page=True); chk("aud360")
    p.set_viewport_size({"width":1440,"height":800})
    p.click(".step-actions [value=next]"); p.wait_for_url("**/edit/schedule"); p.wait_for_timeout(1500)
    p.screenshot(path="/tmp/s3.png", full_page=True); chk("sched")
    p.click(".step-actions [value=next]"); p.wait_for_url("**/edit/review")
    p.screenshot(path="/tmp/s4.png", full_page=True); chk("review")
    p.pdf(path="/tmp/s4.pdf", prefer_css_page_size=True)
    p.set_viewport_size({"width":360,"height":800}); p.screenshot(path="/tmp/s4n.png", full_page=True); chk("rev360")
    p.set_viewport_size({"width":1440,"height":800})
    p.click(".step-actions .button"); p.wait_for_url("**/edit/submission")
    p.screenshot(path="/tmp/s5.png", full_page=True); chk("sub")
    for b in bad: print(b)
    assert not bad
