"""``loa keys``: the keys that encrypt numbers, names and secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, progress, say
from campaigns.errors import InvalidInput
from config.i18n import t

if TYPE_CHECKING:
    from config.keys import Keyring


@click.group(
    help=t("Khoá mã hoá số điện thoại, họ tên và mật khẩu nhà mạng.", "Keys that encrypt numbers, names and secrets.")
)
def keys() -> None:
    """The group."""


@keys.command(
    help=t(
        "Thêm một khoá mới và mã hoá lại mọi số điện thoại, họ tên bằng khoá đó, trong khi mọi thứ vẫn chạy. "
        "Dừng giữa chừng thì chạy lại để làm tiếp.",
        "Add a new key and re-encrypt every number and name with it, while everything runs. "
        "Stopped in the middle, run it again to go on.",
    )
)
@as_option
@json_option
@pass_loa
def rotate(loa: Loa, as_email: str | None, as_json: bool) -> None:
    """One more key on the ring, unless an earlier rotation is unfinished; then everything under the newest."""
    from campaigns.audience.rekey import count_under_other_keys, rotate_keys
    from campaigns.store.audit import append_audit
    from config.keys import write_private

    actor = loa.actor(as_email)
    actor.require("key.rotate")
    keyring = _in_a_file(loa)
    left = count_under_other_keys(loa.database, keyring)
    if not left:
        keyring = keyring.rotated()
        assert keyring.path is not None
        # The key is on disk before anything is encrypted with it.
        write_private(keyring.path, keyring.to_json())
        left = count_under_other_keys(loa.database, keyring)
    else:
        say(t("Làm tiếp lần đổi khoá trước.", "Going on with the earlier rotation."))
    with progress(t("Mã hoá lại", "Re-encrypting"), left, t("mục", "items")) as bar:
        done = rotate_keys(loa.database, keyring, bar.advance)
    with loa.database.transaction() as session:
        counts = {"contacts": done.contacts, "gateways": done.gateways, "left": done.left}
        append_audit(session, actor.email, "key.rotate", "keyring", keyring.current, counts)
    if as_json:
        emit_json({"key": keyring.current, **counts})
        return
    say(
        t(
            "Đã mã hoá lại dữ liệu của {contacts} người và {gateways} mật khẩu bằng khoá {key}, còn lại {left}. "
            "Hãy sao lưu keyring.json; khi không còn gì dùng khoá cũ: loa keys retire.",
            "Re-encrypted what is kept of {contacts} people and {gateways} secrets under key {key}; {left} left. "
            "Back up keyring.json; once nothing uses the old key: loa keys retire.",
            contacts=done.contacts,
            gateways=done.gateways,
            left=done.left,
            key=keyring.current,
        )
    )


def _in_a_file(loa: Loa) -> Keyring:
    """The keyring, which has to be in a file where keys can be added and dropped."""
    if loa.keyring.path is None:
        raise InvalidInput(
            "Bộ khoá đang lấy từ LOA_KEYRING nên không thay đổi được; hãy bỏ biến này để dùng tệp keyring.json.",
            "The keyring comes from LOA_KEYRING, where no key can be added; unset it to use the file keyring.json.",
        )
    return loa.keyring


@keys.command("list", help=t("Mỗi khoá đang mã hoá bao nhiêu mục.", "How many things each key of the ring encrypts."))
@as_option
@json_option
@pass_loa
def list_keys(loa: Loa, as_email: str | None, as_json: bool) -> None:
    """Keys by number, never the keys themselves."""
    from campaigns.audience.rekey import count_by_keys

    loa.actor(as_email).require("key.rotate")
    current = loa.keyring.current
    used = count_by_keys(loa.database, loa.keyring)
    if as_json:
        emit_json([{"key": key, "current": key == current, "used": count} for key, count in used.items()])
        return
    for key, count in used.items():
        mark = t("đang dùng", "current") if key == current else ""
        say(t("Khoá {key}: {count} mục {mark}", "Key {key}: {count} items {mark}", key=key, count=count, mark=mark))


@keys.command(
    help=t(
        "Bỏ hẳn một khoá cũ mà không còn gì dùng tới. Bản sao lưu mã hoá bằng khoá đó sẽ không đọc được nữa.",
        "Drop an old key that nothing uses any more. Backups encrypted with it cannot be read afterwards.",
    )
)
@click.argument("number", type=int)
@as_option
@json_option
@pass_loa
def retire(loa: Loa, number: int, as_email: str | None, as_json: bool) -> None:
    """One key less on the ring."""
    from campaigns.audience.rekey import retired
    from campaigns.store.audit import append_audit
    from config.keys import write_private

    actor = loa.actor(as_email)
    actor.require("key.retire")
    left = retired(loa.database, _in_a_file(loa), number)
    assert left.path is not None
    with loa.database.transaction() as session:
        append_audit(session, actor.email, "key.retired", "keyring", number)
        write_private(left.path, left.to_json())
    if as_json:
        emit_json({"retired": number, "keys": sorted(left.keys)})
        return
    say(t("Đã bỏ khoá {n}. Hãy sao lưu keyring.json.", "Key {n} is gone. Back up keyring.json.", n=number))
