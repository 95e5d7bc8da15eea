"""The shapes of OAuth on the wire: answers of the token endpoint, and the metadata documents."""

from antechamber.features.oauth.wire.answers import show_answer, show_device, show_introspection
from antechamber.features.oauth.wire.metadata import protected_resource, server_metadata

__all__ = ["protected_resource", "server_metadata", "show_answer", "show_device", "show_introspection"]
