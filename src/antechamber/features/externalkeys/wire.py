"""External keys on the wire (SDK types `organization.ExternalKey`, `…ExternalKeyConfig`, `ExternalKeyValidate…`)."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.errors import InvalidRequest
from antechamber.features.externalkeys.model import (
    GEO,
    AwsConfig,
    AzureConfig,
    GcpConfig,
    Keep,
    KeyChange,
    KeyConfig,
    Proof,
    aws,
    azure,
    gcp,
    pack,
)
from antechamber.features.externalkeys.service import ShownKey
from antechamber.http.bodies import Body


class AwsBody(Body):
    """A key of AWS KMS."""

    type: Literal["aws"]
    kms_arn: str
    region: str | None = None

    def config(self) -> AwsConfig:
        """Return what was said; InvalidRequest."""
        return aws(self.kms_arn, self.region)


class GcpBody(Body):
    """A key of Cloud KMS."""

    type: Literal["gcp"]
    key_name: str

    def config(self) -> GcpConfig:
        """Return what was said; InvalidRequest."""
        return gcp(self.key_name)


class AzureBody(Body):
    """A key in a Key Vault or managed HSM."""

    type: Literal["azure"]
    vault_uri: str
    key_name: str
    tenant_id: str
    client_id: str | None = None

    def config(self) -> AzureConfig:
        """Return what was said; InvalidRequest."""
        return azure(self.vault_uri, self.key_name, self.tenant_id, self.client_id)


ConfigBody: TypeAlias = Annotated[AwsBody | GcpBody | AzureBody, Field(discriminator="type")]


class CreateBody(Body):
    """`{provider_config, display_name?, geo?, user_profile_id?}`."""

    provider_config: ConfigBody
    display_name: str | None = None
    geo: Literal["us"] = GEO
    user_profile_id: str | None = None

    def read(self) -> KeyConfig:
        """Return the configuration; InvalidRequest for it, or for a user profile, of which there are none."""
        if self.user_profile_id is not None:
            message = f"user_profile_id: there is no user profile {self.user_profile_id}"
            raise InvalidRequest(message, error_code="user_profile_not_found")
        return self.provider_config.config()


class UpdateBody(Body):
    """`{display_name?, geo?, provider_config?}`: null clears the name, and leaves the others as they are."""

    display_name: str | None = None
    geo: Literal["us"] | None = None
    provider_config: ConfigBody | None = None

    def change(self) -> KeyChange:
        """Return what is to become of the key; InvalidRequest for its configuration."""
        return KeyChange(
            display_name=self.display_name if "display_name" in self.model_fields_set else Keep.IT,
            config=Keep.IT if self.provider_config is None else self.provider_config.config(),
        )


class NothingBody(Body):
    """`{}`: what validating takes, if anything."""


class AwsShown(BaseModel):
    """A key of AWS KMS, always with its region."""

    type: Literal["aws"] = "aws"
    kms_arn: str
    region: str


class GcpShown(BaseModel):
    """A key of Cloud KMS."""

    type: Literal["gcp"] = "gcp"
    key_name: str


class AzureShown(BaseModel):
    """A key in a Key Vault or managed HSM."""

    type: Literal["azure"] = "azure"
    vault_uri: str
    key_name: str
    tenant_id: str
    client_id: str | None


class AttachmentBody(BaseModel):
    """Whether any workspace, archived or not, is tied to the key."""

    type: Literal["attached", "unattached"]


class KeyBody(BaseModel):
    """An external key; there are no user profiles to bind one to."""

    id: str
    type: Literal["external_key"] = "external_key"
    display_name: str | None
    geo: str = GEO
    provider_config: Annotated[AwsShown | GcpShown | AzureShown, Field(discriminator="type")]
    attachment: AttachmentBody
    user_profile_id: None = None
    created_at: str
    updated_at: str


class KeyDeletedBody(BaseModel):
    """What remains of a key that was deleted."""

    id: str
    type: Literal["external_key_deleted"] = "external_key_deleted"


class ValidationBody(BaseModel):
    """How trying a key went; `error` is null for `success`."""

    type: Literal["external_key_validation"] = "external_key_validation"
    status: Literal["failure", "success"]
    error: str | None


def show(shown: ShownKey) -> KeyBody:
    """Return the wire's shape of a key."""
    key = shown.key
    fields = {
        "id": key.id,
        "display_name": key.display_name,
        "provider_config": pack(key.config),
        "attachment": {"type": "attached" if shown.attached else "unattached"},
        "created_at": to_rfc3339(key.created_at),
        "updated_at": to_rfc3339(key.updated_at),
    }
    return KeyBody.model_validate(fields)


def show_proof(proof: Proof) -> ValidationBody:
    """Return the wire's shape of how trying a key went."""
    return ValidationBody(status="success" if proof.error is None else "failure", error=proof.error)
