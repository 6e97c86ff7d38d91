"""The small tables: statuses, ids, receipts, alphabets, numbers, waits."""

from __future__ import annotations

import pytest

from campaigns.content.encoding import GSM_BASIC, GSM_EXTENSION, Alphabet, Part, encode
from campaigns.delivery.states import MessageState
from campaigns.gateways.backoff import backoff
from campaigns.gateways.contract import Receipt, Verdict
from campaigns.gateways.smpp import gsm7
from campaigns.gateways.smpp.charsets import Charset, decode_text, encode_part
from campaigns.gateways.smpp.codec import Message
from campaigns.gateways.smpp.constants import STATUS_CODES, STATUS_NAMES, status_name
from campaigns.gateways.smpp.intake import international
from campaigns.gateways.smpp.receipts import is_receipt, read_receipt
from campaigns.gateways.smpp.references import ReferenceStyle, from_answer, from_receipt
from campaigns.gateways.smpp.sandbox.telco import write_ids
from campaigns.gateways.smpp.settings import SmppSettings
from campaigns.gateways.smpp.statuses import VERDICTS, read_verdicts, verdict_of

S = ReferenceStyle


def test_every_verdict_is_about_a_status_of_the_specification() -> None:
    assert set(VERDICTS) <= set(STATUS_CODES)


@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (0x58, Verdict.THROTTLED),
        (0x14, Verdict.THROTTLED),
        (0x08, Verdict.RETRY),
        (0x64, Verdict.RETRY),
        (0x0B, Verdict.FINAL),
        (0x65, Verdict.FINAL),
        (0x0C, Verdict.FINAL),
        (0x400, Verdict.FINAL),
        (0xFFFFFFFF, Verdict.FINAL),
    ],
)
def test_a_status_has_its_verdict(status: int, verdict: Verdict) -> None:
    assert verdict_of(status, {}) is verdict


def test_no_status_but_success_is_ever_accepted() -> None:
    assert Verdict.ACCEPTED not in {verdict_of(status, {}) for status in range(1, 0x600)}


def test_a_telco_may_give_its_codes_a_meaning_of_their_own() -> None:
    own = SmppSettings(
        host="x", system_id="y", verdicts="0x401=throttled, ESME_RX_R_APPN=retry,1026=final"
    ).own_verdicts
    assert own == {0x401: Verdict.THROTTLED, 0x66: Verdict.RETRY, 0x402: Verdict.FINAL}
    assert verdict_of(0x401, own) is Verdict.THROTTLED


@pytest.mark.parametrize("text", ["0=retry", "0x401", "0x401=accepted", "0x401=unknown", "nonsense=retry"])
def test_a_meaning_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"expected|invalid literal"):
        read_verdicts(text)


def test_a_status_is_named_or_numbered() -> None:
    assert status_name(0x58) == "ESME_RTHROTTLED"
    assert status_name(0x401) == "0x00000401"
    assert len(STATUS_NAMES) == 48


@pytest.mark.parametrize(
    ("style", "answer", "receipt"),
    [
        (S.AS_IS, "aB-01", "aB-01"),
        (S.CASE, "4A1BFF", "4a1bff"),
        (S.ZEROS, "0000123", "123"),
        (S.ZEROS, "000A", "a"),
        (S.ZEROS, "000", "0"),
        (S.HEX_ANSWER, "4A1BFF", "4856831"),
        (S.HEX_ANSWER, "0x4a1bff", "0004856831"),
        (S.HEX_RECEIPT, "4856831", "4A1BFF"),
        (S.HEX_ANSWER, "not-a-number", "NOT-A-NUMBER"),
    ],
)
def test_answer_and_receipt_meet_in_one_reference(style: ReferenceStyle, answer: str, receipt: str) -> None:
    assert from_answer(answer, style) == from_receipt(receipt, style)


def test_what_is_the_same_is_not_mixed_up_with_what_is_not() -> None:
    assert from_answer("4A", S.AS_IS) != from_receipt("4a", S.AS_IS)
    assert from_answer("10", S.HEX_ANSWER) != from_receipt("10", S.HEX_ANSWER)
    assert from_answer("1_0", S.HEX_RECEIPT) == "1_0"


@pytest.mark.parametrize("style", list(S))
def test_the_sandbox_writes_ids_in_the_styles_the_adapter_reads(style: ReferenceStyle) -> None:
    answers = [write_ids(number, style) for number in (1, 255, 1 << 60)]
    assert all(from_answer(answer, style) == from_receipt(receipt, style) for answer, receipt in answers)


TEXT = b"id:%b sub:001 dlvrd:001 submit date:2303030900 done date:2303030901 stat:%b err:%b text:Thong bao"


def deliver(content: bytes, *, esm_class: int = 4, tlvs: dict[int, bytes] | None = None) -> Message:
    return Message(1, "84905123456", "UBND DN", esm_class, 0, 0, content, tlvs or {}, b"")


@pytest.mark.parametrize(
    ("stat", "state", "error"),
    [
        (b"DELIVRD", MessageState.DELIVERED, None),
        (b"delivrd", MessageState.DELIVERED, None),
        (b"UNDELIV", MessageState.UNDELIVERED, "UNDELIV:027"),
        (b"DELETED", MessageState.UNDELIVERED, "DELETED:027"),
        (b"EXPIRED", MessageState.EXPIRED, "EXPIRED:027"),
        (b"REJECTD", MessageState.REJECTED, "REJECTD:027"),
        (b"ENROUTE", MessageState.ACCEPTED, "ENROUTE:027"),
        (b"ACCEPTD", MessageState.ACCEPTED, "ACCEPTD:027"),
        (b"UNKNOWN", MessageState.ACCEPTED, "UNKNOWN:027"),
        (b"NEWWORD", MessageState.ACCEPTED, "NEWWORD:027"),
    ],
)
def test_a_receipt_by_text_says_what_became_of_it(stat: bytes, state: MessageState, error: str | None) -> None:
    message = deliver(TEXT % (b"77", stat, b"027"))
    assert is_receipt(message)
    assert read_receipt(message, S.AS_IS, "84905123456") == Receipt("77", state, "84905123456", error)


@pytest.mark.parametrize(
    ("number", "state", "error"),
    [
        (1, MessageState.ACCEPTED, "ENROUTE"),
        (2, MessageState.DELIVERED, None),
        (3, MessageState.EXPIRED, "EXPIRED"),
        (4, MessageState.UNDELIVERED, "DELETED"),
        (5, MessageState.UNDELIVERED, "UNDELIV"),
        (8, MessageState.REJECTED, "REJECTD"),
        (99, MessageState.ACCEPTED, "STATE_99"),
    ],
)
def test_a_receipt_by_parameters_says_what_became_of_it(number: int, state: MessageState, error: str | None) -> None:
    message = deliver(b"", esm_class=0, tlvs={0x1E: b"77\0", 0x427: bytes((number,))})
    assert is_receipt(message)
    assert read_receipt(message, S.AS_IS, None) == Receipt("77", state, None, error)


@pytest.mark.parametrize(
    ("style", "text_id", "parameter", "reference"),
    [
        (S.AS_IS, b"1234567890", b"1234567890AB\0", "1234567890AB"),
        (S.HEX_ANSWER, b"4856831", b"4A1BFF\0", "4856831"),
        (S.HEX_RECEIPT, b"4A1BFF", b"4856831\0", "4856831"),
    ],
)
def test_where_text_and_parameter_both_name_it_the_safer_one_counts(
    style: ReferenceStyle, text_id: bytes, parameter: bytes, reference: str
) -> None:
    message = deliver(TEXT % (text_id, b"DELIVRD", b"000"), tlvs={0x1E: parameter, 0x427: b"\x02"})
    receipt = read_receipt(message, style, None)
    assert receipt is not None
    assert receipt.reference == reference


def test_a_parameter_alone_is_read_as_the_answer_was() -> None:
    receipt = read_receipt(deliver(b"", tlvs={0x1E: b"4A1BFF", 0x427: b"\x02"}), S.HEX_ANSWER, None)
    assert receipt is not None
    assert receipt.reference == from_answer("4a1bff", S.HEX_ANSWER)


def test_a_text_in_the_form_of_a_receipt_is_a_text_when_a_person_wrote_it() -> None:
    assert not is_receipt(deliver(TEXT % (b"77", b"DELIVRD", b"000"), esm_class=0))


def test_intermediate_news_change_nothing() -> None:
    receipt = read_receipt(deliver(TEXT % (b"77", b"UNDELIV", b"001"), esm_class=0x20), S.AS_IS, None)
    assert receipt is not None
    assert receipt.state is MessageState.ACCEPTED


def test_a_receipt_without_id_is_kept_for_its_recipient_and_one_without_either_is_none() -> None:
    message = deliver(b"stat:DELIVRD err:000")
    assert read_receipt(message, S.AS_IS, "84905123456") == Receipt("", MessageState.DELIVERED, "84905123456", None)
    assert read_receipt(message, S.AS_IS, None) is None
    assert read_receipt(deliver(b"id:77 hello"), S.AS_IS, "84905123456") is None


@pytest.mark.parametrize("text", ["".join(GSM_BASIC).replace("\x1b", ""), "".join(GSM_EXTENSION), "à[é]€"])
def test_what_is_written_in_gsm_7_is_read_back(text: str) -> None:
    assert "".join(gsm7.decode(part.payload) for part in encode(text).parts) == text


@pytest.mark.parametrize(
    ("octets", "text"), [(b"\x1b", " "), (b"\x1bA", "A"), (b"\x1b\x1b", " "), (b"a\x80", "a\ufffd"), (b"", "")]
)
def test_septets_that_mean_nothing_are_read_as_handsets_do(octets: bytes, text: str) -> None:
    assert gsm7.decode(octets) == text


@pytest.mark.parametrize(
    ("coding", "octets", "text"),
    [
        (0, b"\x00@", "@¡"),
        (1, b"@", "@"),
        (3, b"\xe9", "é"),
        (8, "Đà".encode("utf-16-be"), "Đà"),
        (8, b"\x01\x10\x00", "Đ\ufffd"),
        (0x18, "Đà".encode("utf-16-be"), "Đà"),
        (0xF1, b"\x00", "@"),
    ],
)
def test_data_coding_says_which_alphabet_came(coding: int, octets: bytes, text: str) -> None:
    assert decode_text(octets, coding, Charset.GSM7) == text


@pytest.mark.parametrize(("charset", "octets"), [(Charset.GSM7, b"\x00\x1b<\x05"), (Charset.LATIN1, b"@[\xe9")])
def test_data_coding_0_is_what_the_telco_says_it_is(charset: Charset, octets: bytes) -> None:
    assert encode_part(encode("@[é").parts[0], charset) == (0, octets)


def test_a_character_the_telco_lacks_is_refused_and_not_replaced() -> None:
    with pytest.raises(UnicodeEncodeError):
        encode_part(Part(Alphabet.GSM7, "é", b"\x05"), Charset.ASCII)


@pytest.mark.parametrize(
    ("address", "ton", "number"),
    [
        ("84905123456", 1, "84905123456"),
        ("+84905123456", 1, "84905123456"),
        ("0084905123456", 0, "84905123456"),
        ("0905123456", 2, "84905123456"),
        ("84905123456", 0, "84905123456"),
        ("Viettel", 5, "Viettel"),
        ("", 0, ""),
    ],
)
def test_a_number_is_made_international(address: str, ton: int, number: str) -> None:
    assert international(address, ton, "84") == number


def test_waits_grow_to_a_minute() -> None:
    assert [backoff(attempt) for attempt in range(9)] == [0, 1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff(10**6) == 60
