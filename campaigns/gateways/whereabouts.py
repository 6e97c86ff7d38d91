"""Where a gateway may be: a form that connects anywhere would let its user look around the city's own network.

``LOA_GATEWAY_HOSTS`` names the telcos' networks and hosts, ``LOA_GATEWAY_PORTS`` the ports. Without hosts anything
goes but addresses that only mean this link, where clouds keep their credentials, and those of nobody.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass

from campaigns.errors import InvalidInput

RESOLVE_SECONDS = 3.0

# Resolving cannot be interrupted; a few that hang must hold up nobody else.
_RESOLVERS = ThreadPoolExecutor(max_workers=4, thread_name_prefix="resolver")


class WrongPlace(InvalidInput):
    """A gateway may not be there; ``field`` is the setting to mend."""

    def __init__(self, field: str, vi: str, en: str, **detail: object) -> None:
        self.field = field
        super().__init__(vi, en, **detail)


@dataclass(frozen=True)
class Whereabouts:
    """What an installation allows."""

    networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network] = ()
    names: Sequence[str] = ()
    """Host names; one that begins with a dot stands for every host below it."""
    ports: tuple[int, int] = (1, 65535)

    @classmethod
    def read(cls, hosts: str, ports: str) -> Whereabouts:
        """From the settings: ``10.20.0.0/16, smpp.telco.vn, .telco.vn`` and ``1024-65535``."""
        networks, names = [], []
        for entry in filter(None, (piece.strip().lower() for piece in hosts.split(","))):
            try:
                networks.append(ipaddress.ip_network(entry, strict=False))
            except ValueError:
                names.append(entry)
        low, _, high = ports.partition("-")
        return cls(networks, names, (int(low), int(high or low)))

    def check(self, host: str, port: int) -> None:
        """Refuse what can be refused without asking anybody.

        Raises:
            WrongPlace: the port, or the address as it is written, is not allowed.
        """
        low, high = self.ports
        if not low <= port <= high:
            raise WrongPlace(
                "port",
                "Chỉ cho phép cổng TCP từ {low} đến {high} (thiết lập LOA_GATEWAY_PORTS).",
                "Only ports from {low} to {high} are allowed (the setting LOA_GATEWAY_PORTS).",
                low=low,
                high=high,
            )
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return
        if not self._allows(address):
            raise self._refusal(host)

    def resolve(self, host: str, port: int) -> str:
        """The address to connect to.

        Raises:
            WrongPlace: it is not allowed, or the name leads nowhere.
        """
        self.check(host, port)
        try:
            found = _RESOLVERS.submit(socket.getaddrinfo, host, port, 0, socket.SOCK_STREAM).result(RESOLVE_SECONDS)
        except (OSError, UnicodeError, TooSlow):
            raise WrongPlace(
                "host",
                "Không tìm thấy máy chủ “{host}”. Kiểm tra tên miền, hoặc ghi địa chỉ IP.",
                "There is no server “{host}”. Check the name, or give its address.",
                host=host,
            ) from None
        addresses = [str(entry[4][0]) for entry in found]
        named = self._names(host)
        for address in addresses:
            if not (named or self._allows(ipaddress.ip_address(address))):
                raise self._refusal(host)
        return addresses[0]

    def _names(self, host: str) -> bool:
        name = host.lower().rstrip(".")
        return any(name == known or (known.startswith(".") and name.endswith(known)) for known in self.names)

    def _allows(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        mapped = getattr(address, "ipv4_mapped", None) or address
        if self.networks or self.names:
            return any(mapped in network for network in self.networks)
        return not (mapped.is_link_local or mapped.is_multicast or mapped.is_unspecified or mapped.is_reserved)

    @staticmethod
    def _refusal(host: str) -> WrongPlace:
        return WrongPlace(
            "host",
            "Hệ thống không cho phép kết nối tới “{host}”. Quản trị máy chủ có thể mở bằng LOA_GATEWAY_HOSTS.",
            "This installation may not connect to “{host}”. LOA_GATEWAY_HOSTS can allow it.",
            host=host,
        )
