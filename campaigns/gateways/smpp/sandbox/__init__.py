"""A simulated telco that speaks SMPP 3.4 and ships with Loa: for trying, for tests, for measuring."""

from campaigns.gateways.smpp.sandbox.options import ReceiptStyle, SandboxOptions
from campaigns.gateways.smpp.sandbox.process import SandboxProcess
from campaigns.gateways.smpp.sandbox.server import Sandbox

__all__ = ["ReceiptStyle", "Sandbox", "SandboxOptions", "SandboxProcess"]
