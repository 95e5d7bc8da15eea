"""The metadata documents, of which every address derives from the server's own (RFC 8414, RFC 9728)."""

from collections.abc import Mapping, Sequence
from typing import Final

from antechamber.base.permissions import SCOPES
from antechamber.features.oauth.model import INTERACTIVE

_LANGUAGES: Final = ("en", "zh-CN")
_SECRETS: Final = ("client_secret_basic", "client_secret_post")


def server_metadata(issuer: str, grant_types: Sequence[str]) -> Mapping[str, object]:
    """Return what the authorisation server is (RFC 8414 §2, RFC 8628 §4, RFC 9207 §3)."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/v1/oauth/token",
        "device_authorization_endpoint": f"{issuer}/v1/oauth/device_authorization",
        "revocation_endpoint": f"{issuer}/v1/oauth/revoke",
        "introspection_endpoint": f"{issuer}/v1/oauth/introspect",
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(grant_types),
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(INTERACTIVE),
        "token_endpoint_auth_methods_supported": ["none", *_SECRETS],
        "revocation_endpoint_auth_methods_supported": ["none", *_SECRETS],
        "introspection_endpoint_auth_methods_supported": list(_SECRETS),
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": list(_LANGUAGES),
    }


def protected_resource(issuer: str, path: str) -> Mapping[str, object]:
    """Return what a resource of this server's API needs (RFC 9728 §2); `path` is empty or begins with a slash."""
    return {
        "resource": f"{issuer}{path}",
        "authorization_servers": [issuer],
        "bearer_methods_supported": ["header"],
        "scopes_supported": list(SCOPES),
        "resource_name": "Antechamber",
    }
