"""A gateway's codes in words, and what to do about them; a code nobody explained is shown as it is."""

from __future__ import annotations

from collections.abc import Mapping

from config.i18n import Text

CODES: Mapping[str, Text] = {
    # Opening a session.
    "LOA_CONNECT_TIMEOUT": Text(
        "Máy chủ không trả lời. Kiểm tra địa chỉ, cổng TCP, đường truyền và tường lửa.",
        "The server does not answer. Check the address, the port, the line and the firewall.",
    ),
    "LOA_CONNECT_REFUSED": Text(
        "Máy chủ từ chối kết nối: không có dịch vụ nào ở cổng TCP này.",
        "The server refuses the connection: nothing listens on this port.",
    ),
    "LOA_CONNECT_FAILED": Text(
        "Không tới được máy chủ. Kiểm tra địa chỉ và đường truyền.",
        "The server cannot be reached. Check the address and the line.",
    ),
    "LOA_TLS_FAILED": Text(
        "Không thiết lập được kênh mã hoá TLS. Kiểm tra nhà mạng có dùng TLS không, và tệp chứng thư.",
        "TLS could not be agreed on. Check whether the telco speaks it, and the certificate's file.",
    ),
    "LOA_BIND_TIMEOUT": Text(
        "Kết nối được nhưng nhà mạng không trả lời yêu cầu đăng nhập. Kiểm tra đây có phải cổng SMPP không.",
        "Connected, but the telco does not answer the bind. Check that this is its SMPP port.",
    ),
    "LOA_BIND_CUT": Text(
        "Nhà mạng ngắt kết nối ngay khi đăng nhập. Thường do IP của ta chưa được mở, hoặc không phải cổng SMPP.",
        "The telco hung up at the bind. Usually our address is not allowed yet, or this is no SMPP port.",
    ),
    "ESME_RINVPASWD": Text("Sai mật khẩu.", "The password is wrong."),
    "ESME_RINVSYSID": Text("Sai tên tài khoản (system_id).", "The account (system_id) is wrong."),
    "ESME_RINVSYSTYP": Text(
        "Sai loại hệ thống (system_type); hỏi nhà mạng giá trị đúng.",
        "The system_type is wrong; ask the telco for the right one.",
    ),
    "ESME_RBINDFAIL": Text(
        "Nhà mạng từ chối đăng nhập. Kiểm tra tài khoản, mật khẩu, địa chỉ IP đã khai báo và số phiên còn lại.",
        "The telco refuses the bind. Check account, password, the registered address and the sessions left.",
    ),
    "ESME_RALYBND": Text(
        "Tài khoản đã mở đủ số phiên; nhà mạng không cho mở thêm.",
        "The account has all its sessions open; the telco allows no more.",
    ),
    "ESME_RINVBNDSTS": Text(
        "Kiểu đăng nhập (bind) không hợp lệ với tài khoản này.", "The account may not bind in this way."
    ),
    "ESME_RSYSERR": Text("Hệ thống nhà mạng đang lỗi.", "The telco's system is in trouble."),
    "ESME_RTHROTTLED": Text("Gửi quá nhanh so với hạn mức.", "Faster than the account allows."),
    "ESME_RMSGQFUL": Text("Hàng đợi của nhà mạng đang đầy.", "The telco's queue is full."),
    # Handing over a message.
    "ESME_RINVSRCADR": Text(
        "Tên người gửi chưa được đăng ký ở nhà mạng này.", "The sender is not registered with this telco."
    ),
    "ESME_RINVDSTADR": Text("Nhà mạng không nhận số này.", "The telco does not take this number."),
    "ESME_RSUBMITFAIL": Text("Nhà mạng không nhận được tin.", "The telco could not take the message."),
    "ESME_RX_T_APPN": Text("Máy nhận tạm thời không nhận được.", "The phone cannot take it for now."),
    "LOA_NO_ANSWER": Text("Nhà mạng không trả lời kịp; chưa rõ đã nhận hay chưa.", "No answer came in time."),
    "LOA_CONNECTION_LOST": Text("Mất kết nối giữa chừng.", "The connection was lost."),
    "LOA_INVALID_SENDER": Text(
        "Tên người gửi dài quá hoặc có ký tự lạ.", "The sender is too long or has odd characters."
    ),
    "LOA_INVALID_RECIPIENT": Text("Số nhận không hợp lệ.", "The recipient is no number."),
    "LOA_NOT_IN_CHARSET": Text(
        "Cổng này không gửi được ký tự trong tin; xem thiết lập bảng mã.",
        "The gateway cannot write a character of the text; see its charset.",
    ),
    "LOA_TOO_LONG": Text("Tin dài quá mức cổng này nhận.", "The text is longer than the gateway takes."),
}
"""Of the gateways that ship with Loa; the adapters of others bring their words in the answer itself."""


def in_words(code: str | None) -> str:
    """A code with its meaning: ``Sai mật khẩu. (ESME_RINVPASWD)``; the code alone where none is known."""
    if not code:
        return ""
    known = CODES.get(code)
    return f"{known} ({code})" if known else code
