"""Sandboxes of an engine that speaks the Docker API, on this machine or behind TLS (decision 27)."""

from antechamber.adapters.sandboxes.docker.sandboxes import DockerSandboxes

__all__ = ["DockerSandboxes"]
