"""Telecom gateways: the contract (``contract``), finding adapters (``registry``), and the adapters."""
