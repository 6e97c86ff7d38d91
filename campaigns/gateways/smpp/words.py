"""How the settings of an SMPP account are asked for, in the order of the contract with the telco."""

from __future__ import annotations

from collections.abc import Mapping

from campaigns.gateways.contract import Words
from config.i18n import Text

WORDS: Mapping[str, Words] = {
    "host": Words(
        Text("Địa chỉ máy chủ", "Server"),
        Text("Tên miền hoặc IP nhà mạng cấp.", "Name or address from the telco."),
        "connection",
    ),
    "port": Words(Text("Cổng TCP", "Port"), Text("Thường là 2775.", "Usually 2775."), "connection"),
    "system_id": Words(Text("Tài khoản (system_id)", "Account (system_id)"), None, "connection"),
    "password": Words(
        Text("Mật khẩu", "Password"), Text("Nhiều nhất 8 ký tự theo SMPP 3.4.", "At most 8 by SMPP 3.4."), "connection"
    ),
    "system_type": Words(
        Text("Loại hệ thống (system_type)", "system_type"),
        Text("Để trống nếu nhà mạng không yêu cầu.", "Empty unless the telco asks for it."),
        "connection",
    ),
    "bind": Words(
        Text("Kiểu phiên", "Session"),
        Text(
            "transceiver: một kết nối gửi và nhận; transmitter+receiver: hai kết nối.",
            "transceiver: one connection both ways; transmitter+receiver: two.",
        ),
        "connection",
    ),
    "tls": Words(Text("Kênh mã hoá TLS", "TLS"), None, "connection"),
    "tls_ca": Words(
        Text("Tệp chứng thư gốc", "File of the certificate authority"),
        Text("Đường dẫn trên máy chủ; để trống thì dùng của hệ thống.", "Path on the server; empty uses the system's."),
        "connection",
    ),
    "sender": Words(
        Text("Tên người gửi", "Sender"),
        Text("Dùng khi chiến dịch không chọn tên riêng.", "Where a campaign names none of its own."),
        "sending",
    ),
    "window": Words(
        Text("Cửa sổ", "Window"),
        Text(
            "Số phần tin được chờ trả lời cùng lúc trên một phiên.", "Parts on the wire without an answer, per session."
        ),
        "sending",
    ),
    "charset": Words(
        Text("Bảng mã của data_coding 0", "What data_coding 0 means"),
        Text("Sai bảng mã thì dấu @, _ và chữ có dấu hiện sai.", "If wrong, @ and _ come out as something else."),
        "sending",
    ),
    "concatenation": Words(
        Text("Cách ghép tin dài", "How long texts are joined"),
        Text(
            "udh: tiêu đề trong từng phần; sar: tham số; payload: nhà mạng tự cắt.",
            "udh: a header in each part; sar: parameters; payload: the telco cuts.",
        ),
        "sending",
    ),
    "source_ton": Words(Text("TON người gửi", "Source TON"), Text("5: tên; 3: đầu số ngắn.", "5 a name, 3 a code.")),
    "source_npi": Words(Text("NPI người gửi", "Source NPI")),
    "destination_ton": Words(Text("TON người nhận", "Destination TON")),
    "destination_npi": Words(Text("NPI người nhận", "Destination NPI")),
    "address_range": Words(
        Text("Dải số nhận tin tới (address_range)", "address_range"),
        Text("Chỉ điền khi nhà mạng yêu cầu.", "Only where the telco asks for it."),
    ),
    "address_ton": Words(Text("TON của dải số", "Address TON")),
    "address_npi": Words(Text("NPI của dải số", "Address NPI")),
    "service_type": Words(Text("Loại dịch vụ (service_type)", "service_type")),
    "enquire_link": Words(
        Text("Kiểm tra đường truyền sau (giây)", "Check the link after (s)"),
        Text("Im lặng chừng này thì hỏi lại nhà mạng.", "Of silence."),
    ),
    "response_timeout": Words(Text("Chờ trả lời tối đa (giây)", "Wait for an answer (s)")),
    "connect_timeout": Words(Text("Chờ kết nối tối đa (giây)", "Wait for the connection (s)")),
    "finish_seconds": Words(
        Text("Gửi nốt tin dài trong (giây)", "Finish a long text within (s)"),
        Text("Khi nhà mạng đã nhận vài phần mà tạm không nhận các phần sau.", "Once some of its parts were taken."),
    ),
    "registered_delivery": Words(
        Text("Yêu cầu biên nhận (registered_delivery)", "registered_delivery"), Text("1: luôn xin.", "1: always.")
    ),
    "reference_style": Words(
        Text("Cách viết mã tin trong biên nhận", "How receipts write references"),
        Text(
            "Có nhà mạng trả lời bằng số hex, biên nhận bằng số thập phân.",
            "Some answer in hex and receipt in decimal.",
        ),
    ),
    "verdicts": Words(
        Text("Mã riêng của nhà mạng", "The telco's own codes"),
        Text("Như 0x401=throttled, 0x402=retry.", "Such as 0x401=throttled, 0x402=retry."),
    ),
    "country_code": Words(
        Text("Mã nước", "Country code"), Text("Cho số viết với số 0 ở đầu.", "For numbers with a leading 0.")
    ),
}
