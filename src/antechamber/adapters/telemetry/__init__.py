"""Destinations of telemetry as they are reached over the network: OTLP over HTTP, through the guard."""

from antechamber.adapters.telemetry.otlp import GuardedAddresses, OtlpExporter

__all__ = ["GuardedAddresses", "OtlpExporter"]
