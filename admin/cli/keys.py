"""``loa keys``: the keys that encrypt numbers and gateway secrets."""

from __future__ import annotations

import click

from admin.cli.base import Loa, as_option, emit_json, json_option, pass_loa, progress, say
from campaigns.errors import InvalidInput
from config.i18n import t


@click.group(help=t("Khoá mã hoá số điện thoại và mật khẩu nhà mạng.", "Keys that encrypt numbers and secrets."))
def keys() -> None:
    """The group."""


@keys.command(
    help=t(
        "Thêm một khoá mới và mã hoá lại mọi số điện thoại bằng khoá đó. Dừng giữa chừng thì chạy lại để làm tiếp.",
        "Add a new key and re-encrypt every number with it. Stopped in the middle, run it again to go on.",
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
    keyring = loa.keyring
    if keyring.path is None:
        raise InvalidInput(
            "Bộ khoá đang lấy từ LOA_KEYRING nên không ghi thêm khoá được; hãy bỏ biến này để dùng tệp keyring.json.",
            "The keyring comes from LOA_KEYRING, where no key can be added; unset it to use the file keyring.json.",
        )
    left = count_under_other_keys(loa.database, keyring)
    if not left:
        keyring = keyring.rotated()
        assert keyring.path is not None
        # The key is on disk before anything is encrypted with it.
        write_private(keyring.path, keyring.to_json())
        left = count_under_other_keys(loa.database, keyring)
    else:
        say(t("Làm tiếp lần đổi khoá trước.", "Going on with the earlier rotation."))
    with progress(t("Mã hoá lại", "Re-encrypting"), left, t("số", "numbers")) as bar:
        done = rotate_keys(loa.database, keyring, bar.advance)
    with loa.database.transaction() as session:
        counts = {"contacts": done.contacts, "gateways": done.gateways, "left": done.left}
        append_audit(session, actor.email, "key.rotate", "keyring", keyring.current, counts)
    if as_json:
        emit_json({"key": keyring.current, **counts})
        return
    say(
        t(
            "Đã mã hoá lại {contacts} số điện thoại và {gateways} nhà mạng bằng khoá {key}. "
            "Hãy khởi động lại các tiến trình và sao lưu keyring.json.",
            "Re-encrypted {contacts} numbers and {gateways} gateways under key {key}. "
            "Restart the processes and back up keyring.json.",
            contacts=done.contacts,
            gateways=done.gateways,
            key=keyring.current,
        )
    )
