"""Antechamber: an organisation's way in to language models."""

__version__ = "0.1.0"
