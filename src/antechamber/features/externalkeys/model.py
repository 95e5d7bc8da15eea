"""What an external key is, and the rules on it (SDK type `organization.ExternalKey`)."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum, StrEnum
from typing import Final, NoReturn, TypeAlias
from uuid import UUID

from antechamber.base.errors import InvalidRequest
from antechamber.base.ids import ExternalKeyId, OrganizationId

GEO: Final = "us"
_MAX_NAME: Final = 255
_MAX_TEXT: Final = 2048
_ARN: Final = re.compile(
    r"arn:aws(?:-[a-z-]+)?:kms:(?P<region>[a-z]{2}(?:-[a-z]+)+-\d+):\d{12}:(?:key/[A-Za-z0-9-]+|alias/[A-Za-z0-9/_-]+)"
)
_CRYPTO_KEY: Final = re.compile(
    r"projects/[a-z][a-z0-9.:-]{1,61}[a-z0-9]/locations/[a-z0-9-]+/keyRings/[A-Za-z0-9_-]{1,63}"
    r"/cryptoKeys/[A-Za-z0-9_-]{1,63}"
)
_VAULT: Final = re.compile(r"https://[A-Za-z0-9-]{3,24}\.(?:vault\.azure\.net|managedhsm\.azure\.net)/?")
_VAULT_KEY: Final = re.compile(r"[A-Za-z0-9-]{1,127}")


class Keep(Enum):
    """What is not said in a change, and so stays."""

    IT = "it"


class Standing(StrEnum):
    """What is known of a key: nothing, that it worked when it was last tried, or that it has stopped working."""

    UNTRIED = "untried"
    WORKS = "works"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class AwsConfig:
    """A key of AWS KMS; `region` is the ARN's."""

    kms_arn: str
    region: str


@dataclass(frozen=True, slots=True)
class GcpConfig:
    """A key of Cloud KMS, by its full resource name."""

    key_name: str


@dataclass(frozen=True, slots=True)
class AzureConfig:
    """A key in a Key Vault or managed HSM; `client_id` None is the platform's own application."""

    vault_uri: str
    key_name: str
    tenant_id: str
    client_id: str | None


KeyConfig: TypeAlias = AwsConfig | GcpConfig | AzureConfig
_TYPES: Final[Mapping[str, type[KeyConfig]]] = {"aws": AwsConfig, "gcp": GcpConfig, "azure": AzureConfig}


@dataclass(frozen=True, slots=True)
class ExternalKey:
    """A key's configuration; instants in microseconds, `updated_at` grows with every change of what is said here."""

    id: ExternalKeyId
    organization_id: OrganizationId
    display_name: str | None
    config: KeyConfig
    created_at: int
    updated_at: int
    standing: Standing = Standing.UNTRIED


@dataclass(frozen=True, slots=True)
class KeyChange:
    """What is to become of a key; `display_name` None clears it."""

    display_name: str | Keep | None = Keep.IT
    config: KeyConfig | Keep = Keep.IT


@dataclass(frozen=True, slots=True)
class Proof:
    """How trying a key went: `error` None if it works, `timed_out` if nobody answered in time."""

    error: str | None = None
    timed_out: bool = False


def pack(config: KeyConfig) -> dict[str, str | None]:
    """Return a configuration as the wire and the database have it, with its `type`."""
    name = next(name for name, kind in _TYPES.items() if isinstance(config, kind))
    return {"type": name, **asdict(config)}


def unpack(packed: Mapping[str, str | None]) -> KeyConfig:
    """Return the configuration that was packed."""
    kind = _TYPES[packed["type"] or ""]
    return kind(**{name: value for name, value in packed.items() if name != "type"})  # type: ignore[arg-type] # as packed


def aws(kms_arn: str, region: str | None) -> AwsConfig:
    """Return a key of AWS; InvalidRequest for what is no ARN of a KMS key, or another region than the ARN's."""
    found = _ARN.fullmatch(_bounded("kms_arn", kms_arn))
    if found is None:
        _refuse("kms_arn", "the full ARN of an AWS KMS key, as arn:aws:kms:us-east-1:111122223333:key/KEY")
    if region not in (None, found["region"]):
        _refuse("region", f"{found['region']}, the region of kms_arn, or be left out")
    return AwsConfig(kms_arn, found["region"])


def gcp(key_name: str) -> GcpConfig:
    """Return a key of Google Cloud; InvalidRequest for what is no full name of one."""
    if not _CRYPTO_KEY.fullmatch(_bounded("key_name", key_name)):
        _refuse("key_name", "projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY")
    return GcpConfig(key_name)


def azure(vault_uri: str, key_name: str, tenant_id: str, client_id: str | None) -> AzureConfig:
    """Return a key of Azure; InvalidRequest for what is no vault, key name, tenant or application."""
    if not _VAULT.fullmatch(_bounded("vault_uri", vault_uri)):
        _refuse("vault_uri", "https://VAULT.vault.azure.net or https://HSM.managedhsm.azure.net")
    if not _VAULT_KEY.fullmatch(_bounded("key_name", key_name)):
        _refuse("key_name", "1 to 127 letters, digits and hyphens")
    for name, text in (("tenant_id", tenant_id), ("client_id", client_id)):
        if text is not None and not _is_uuid(text):
            _refuse(name, "a UUID")
    return AzureConfig(vault_uri.rstrip("/"), key_name, tenant_id, client_id)


def check_display_name(name: str | None) -> str | None:
    """Return the name without surrounding space; InvalidRequest unless it has 1 to 255 printable characters."""
    trimmed = None if name is None else name.strip()
    if trimmed is not None and (not 1 <= len(trimmed) <= _MAX_NAME or not trimmed.isprintable()):
        message = f"display_name: must be 1 to {_MAX_NAME} printable characters, or null"
        raise InvalidRequest(message)
    return trimmed


def refuse_reconfiguration(known: ExternalKey, config: KeyConfig, *, attached: bool) -> None:
    """Raise InvalidRequest for another configuration of a key that is in use, or of one of Google Cloud."""
    if config == known.config:
        return
    if attached:
        message = f"provider_config: {known.id} is attached to a workspace and cannot be reconfigured."
        raise InvalidRequest(message)
    if isinstance(known.config, GcpConfig):
        message = "provider_config: a Google Cloud key's provider and key_name cannot be changed; make another key."
        raise InvalidRequest(message)


def _bounded(name: str, text: str) -> str:
    if len(text) > _MAX_TEXT:
        _refuse(name, f"at most {_MAX_TEXT} characters")
    return text


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text.lower()
    except ValueError:
        return False


def _refuse(name: str, wanted: str) -> NoReturn:
    message = f"provider_config.{name}: must be {wanted}"
    raise InvalidRequest(message)
