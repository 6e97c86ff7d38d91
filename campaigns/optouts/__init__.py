"""Refusals: keywords, the register, their confirmation."""
