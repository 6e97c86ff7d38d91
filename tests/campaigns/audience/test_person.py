"""What is covered where numbers of people could stand."""

from __future__ import annotations

import pytest

from campaigns.audience.person import hide_numbers


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("0905123456", "09•••••456"),
        ("0905 123 456", "09•• ••• 456"),
        ("+84 905.123.456", "+84 •••.•••.456"),
        ("905,123,456", "90•,•••,456"),
        ("0905_123_456", "09••_•••_456"),
        ("(0905) 123–456", "(09••) •••–456"),
        ("0905123456, 0912345678", "09•••••456, 09•••••678"),
        ("gọi 1022 lúc 14:05", "gọi 1022 lúc 14:05"),
        ("bắt đầu bằng 03, 05, 07, 08 hoặc 09", "bắt đầu bằng 03, 05, 07, 08 hoặc 09"),
        ("048123456789", "04•••••••789"),
        ("14:05 25/11/2026, 2026-11-25", "14:05 25/11/2026, 2026-11-25"),
        ("123456", "123456"),
        ("", ""),
    ],
)
def test_the_middle_of_every_number_is_covered(written: str, shown: str) -> None:
    assert hide_numbers(written) == shown
