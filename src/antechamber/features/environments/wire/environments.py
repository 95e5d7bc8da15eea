"""Environments on the wire (SDK types `BetaEnvironment`, `EnvironmentCreateParams`, `EnvironmentUpdateParams`)."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from antechamber.base.clock import to_rfc3339
from antechamber.base.ids import EnvironmentId
from antechamber.features.environments.model.environments import Environment, EnvironmentDraft, Revision, Unsaid
from antechamber.features.environments.wire.configs import ConfigBody, ConfigInput, show_config
from antechamber.http.bodies import Body
from antechamber.http.fields import show_instant

# who owns what they make is an organisation here; `account` exists on the hosted platform only
Scope = Literal["organization"]


class CreateBody(Body):
    """`{name, config?, description?, metadata?, scope?}`."""

    name: str
    config: ConfigInput | None = None
    description: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)
    scope: Scope | None = None

    def draft(self) -> EnvironmentDraft:
        """Return what is to be made."""
        return EnvironmentDraft(
            name=self.name,
            description=self.description,
            config=None if self.config is None else self.config.draft(),
            metadata=dict(self.metadata),
        )


class UpdateBody(Body):
    """Any of the fields: what is left out stays; null clears the description, and leaves name and config."""

    name: str | None = None
    config: ConfigInput | None = None
    description: str | None = None
    metadata: dict[str, str | None] = Field(default_factory=dict)
    scope: Scope | None = None

    def draft(self) -> EnvironmentDraft:
        """Return what is to become of it."""
        return EnvironmentDraft(
            name=self.name,
            description=self.description if "description" in self.model_fields_set else Unsaid.KEEP,
            config=None if self.config is None else self.config.draft(),
            metadata=self.metadata,
        )


class NothingBody(Body):
    """`{}`: what archiving takes, if anything."""


class EnvironmentBody(BaseModel):
    """An environment."""

    id: str
    type: Literal["environment"] = "environment"
    name: str
    description: str | None
    config: ConfigBody
    metadata: dict[str, str]
    scope: Scope = "organization"
    created_at: str
    updated_at: str
    archived_at: str | None


class DeletedBody(BaseModel):
    """What remains of an environment that was deleted."""

    id: str
    type: Literal["environment_deleted"] = "environment_deleted"


class ActorBody(BaseModel):
    """Who made a revision, by the kinds of the audit log; `id` is a key's, a token's or a person's."""

    type: str
    id: str | None


class RevisionBody(BaseModel):
    """An environment as it was from `changed_at` on; not on the published wire."""

    type: Literal["environment_revision"] = "environment_revision"
    environment_id: str
    revision: Annotated[int, Field(ge=1)]
    change: Literal["archived", "created", "updated"]
    changed_at: str
    changed_by: ActorBody
    name: str
    description: str | None
    config: ConfigBody
    metadata: dict[str, str]


def show(environment: Environment) -> EnvironmentBody:
    """Return the wire's shape of an environment."""
    return EnvironmentBody(
        id=environment.id,
        name=environment.name,
        description=environment.description,
        config=show_config(environment.config),
        metadata=dict(environment.metadata),
        created_at=to_rfc3339(environment.created_at),
        updated_at=to_rfc3339(environment.updated_at),
        archived_at=show_instant(environment.archived_at),
    )


def show_revision(environment_id: EnvironmentId, revision: Revision) -> RevisionBody:
    """Return the wire's shape of a revision."""
    return RevisionBody(
        environment_id=environment_id,
        revision=revision.number,
        change=revision.change.value,
        changed_at=to_rfc3339(revision.changed_at),
        changed_by=ActorBody(type=revision.by.kind.value, id=revision.by.id),
        name=revision.name,
        description=revision.description,
        config=show_config(revision.config),
        metadata=dict(revision.metadata),
    )
