"""Somebody without a mouse: every press of Tab looks where the focus went and whether it can be seen there."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from playwright.sync_api import Page

from tests.browser.conftest import PASSWORD, Desk

LOOK = """([wanted, forward]) => {
  const e = document.activeElement, wrong = [];
  if (!e || e === document.body) { window.stood = null; return { nowhere: true, wrong }; }
  const look = getComputedStyle(e), box = e.getClientRects()[0] || e.getBoundingClientRect();
  const [left, top] = [Math.max(box.left, 0), Math.max(box.top, 0)];
  const [right, bottom] = [Math.min(box.right, innerWidth), Math.min(box.bottom, innerHeight)];
  const at = document.elementFromPoint((left + right) / 2, (top + bottom) / 2);
  if (e.tabIndex > 0) wrong.push("stands out of the order of the page");
  if (e.tabIndex >= 0) {
    if (look.outlineStyle === "none" || parseFloat(look.outlineWidth) < 2) wrong.push("shows no focus");
    if (right <= left || bottom <= top) wrong.push("is outside the window");
    else if (!at || !(e.contains(at) || [...(e.labels || [])].some((label) => label.contains(at))))
      wrong.push("is hidden behind " + (at ? at.outerHTML.slice(0, 90) : "nothing"));
  }
  const wide = document.documentElement.scrollWidth - document.documentElement.clientWidth;
  if (wide > 0) wrong.push(`makes the page ${wide} px wider than the window`);
  const here = { e, x: box.left + scrollX, y: box.top + scrollY, popup: Boolean(e.closest(".menu-box")) };
  const before = window.stood;
  if (forward && before && !e.matches(".skip") && !before.popup && !here.popup && before.e.isConnected && before.e !== e
      && here.x < before.x - 12 && here.y < before.y - 12) wrong.push("comes after what stands below it to the right");
  window.stood = here;
  return { there: e.matches(wanted), skip: e.matches(".skip"), what: e.outerHTML.slice(0, 140), wrong };
}"""
"""Where the focus is, and what is wrong with it: WCAG 2.4.3, 2.4.7, 2.4.11 and 1.4.10, as a script can tell."""

FORMATS = {
    "date": ("%m%d%Y", "%d%m%Y"),
    "datetime-local": ("%m%d%Y %I%M%p", "%d%m%Y %H%M"),
}
"""As an American and as a Vietnamese browser take them; which one it is depends on the machine."""
VALUES = {"date": "%Y-%m-%d", "datetime-local": "%Y-%m-%dT%H:%M"}


@dataclass
class Hands:
    """A person at a desk who never touches the mouse."""

    desk: Desk
    left: str = ""
    """The page the last key was pressed on: who is still there must not have lost the place."""

    @property
    def page(self) -> Page:
        return self.desk.page

    @property
    def vi(self) -> bool:
        return self.page.get_attribute("html", "lang") == "vi"

    def open(self, path: str) -> Page:
        """Go to an address, as one does from a bookmark."""
        self.left = ""
        return self.desk.open(path)

    def look(self, wanted: str = "html", key: str = "") -> dict[str, Any]:
        """Press a key that moves the focus, and see where it is now."""
        if key:
            self.page.keyboard.press(key)
        found: dict[str, Any] = self.page.evaluate(LOOK, [wanted, key == "Tab"])
        assert found["wrong"] == [], f"{self.page.url}: {found['what']} {found['wrong']}"
        return found

    def still_somewhere(self) -> None:
        """Whatever was done last, the focus stands on something, unless another page has come."""
        self.page.wait_for_load_state()
        here = self.page.evaluate("location.pathname")
        if self.left == here:
            lost = self.page.evaluate("document.activeElement === document.body")
            assert not lost, f"{here}: the focus was lost"
        self.left = ""

    def to(self, wanted: str, *, back: bool = False, most: int = 140) -> None:
        """Walk to something with Tab; over the menu by the link that is there for it, unless it is wanted itself."""
        self.still_somewhere()
        found = self.look(wanted)
        turns = 0
        for _ in range(most):
            if found.get("there"):
                return
            if found.get("skip") and not self.page.locator(f":is(header, nav.side) :is({wanted})").count():
                self.page.keyboard.press("Enter")
                assert self.page.evaluate("document.activeElement.id") == "main"
            found = self.look(wanted, "Shift+Tab" if back else "Tab")
            turns += bool(found.get("nowhere") or found.get("skip"))
            assert turns < 4, f"{self.page.url}: the keyboard does not reach {wanted}"
        raise AssertionError(f"{self.page.url}: {wanted} is more than {most} presses away")

    def press(self, wanted: str, key: str = "Enter", **how: Any) -> None:
        """Walk to something and press a key on it."""
        self.to(wanted, **how)
        self.left = self.page.evaluate("location.pathname")
        self.page.keyboard.press(key)

    def type(self, wanted: str, words: str, **how: Any) -> None:
        """Walk to a field and type into it in place of what stands there."""
        self.to(wanted, **how)
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(words)

    def type_moment(self, wanted: str, moment: datetime, **how: Any) -> None:
        """Walk to a field of a date or a time and type it the way this browser asks for it."""
        self.to(wanted, **how)
        kind, value = self.page.evaluate("[document.activeElement.type, '']")
        for way in FORMATS[kind]:
            for part in moment.strftime(way).split():
                self.page.keyboard.type(part)
                self.page.keyboard.press("ArrowRight")
            value = self.page.evaluate("document.activeElement.value")
            if value == moment.strftime(VALUES[kind]):
                return
            for _ in range(8):
                self.page.keyboard.press("ArrowLeft")
        raise AssertionError(f"{wanted} reads {value}, not {moment}")

    def choose(self, wanted: str, value: str, **how: Any) -> None:
        """Walk to a list of choices and go through it with the arrows."""
        self.to(wanted, **how)
        now = "document.activeElement.value"
        places: list[str] = self.page.evaluate("[...document.activeElement.options].map(each => each.value)")
        steps = places.index(value) - places.index(self.page.evaluate(now))
        for _ in range(abs(steps)):
            self.page.keyboard.press("ArrowDown" if steps > 0 else "ArrowUp")
        assert self.page.evaluate(now) == value

    def fetch(self, wanted: str, **how: Any) -> bytes:
        """Press on what gives a file; the file."""
        with self.page.expect_download() as download:
            self.press(wanted, **how)
        return download.value.path().read_bytes()

    def hand_in(self, wanted: str, path: str) -> None:
        """Choose a file with the keyboard; the window that the system opens for it is not the page's."""
        with self.page.expect_file_chooser() as chooser:
            self.press(wanted, "Enter")
        chooser.value.set_files(path)

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in at the page that is open."""
        self.type("[name=email]", email)
        self.type("[name=password]", password)
        self.page.keyboard.press("Enter")

    def nothing_wrong(self, *meant: str) -> None:
        """The browser complained of nothing but statuses that were meant."""
        self.still_somewhere()
        told = self.desk.complaints
        told[:] = [each for each in told if not any(status in each for status in meant)]
        assert told == []

    def no_barriers(self, *meant: str) -> None:
        """That, and nothing for axe to find; on what only a flow shows, for ``test_pages`` opens every page."""
        self.nothing_wrong(*meant)
        self.desk.no_barriers()
