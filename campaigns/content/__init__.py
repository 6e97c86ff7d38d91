"""Texts: template files, rendering, alphabets and message parts."""
