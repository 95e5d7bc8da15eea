"""The groups that rate limits count by: every model's name falls into exactly one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from antechamber.base.ids import Kind, OrganizationId, derive
from antechamber.features.limits.model.definitions import Limiter

_MOST_REMEMBERED: Final = 4096
_ASKING: Final = frozenset(Limiter)
_COUNTING: Final = frozenset({Limiter.REQUESTS_PER_DAY, Limiter.REQUESTS_PER_MINUTE})


class GroupType(StrEnum):
    """What a group is of; the wire's own (SDK `OrganizationRateLimit.group`)."""

    MODEL_GROUP = "model_group"
    BATCH = "batch"
    TOKEN_COUNT = "token_count"  # noqa: S105 - a name, not a secret
    FILES = "files"
    SKILLS = "skills"
    WEB_SEARCH = "web_search"


@dataclass(frozen=True, slots=True)
class Group:
    """Things that share limits. `key` names it in the server's file; `globs` are its models, only `*` is special."""

    key: str
    type: GroupType
    display_name: str
    globs: tuple[str, ...] = ()

    @property
    def limiters(self) -> frozenset[Limiter]:
        """What can be limited in it: counting tokens uses none."""
        return _COUNTING if self.type is GroupType.TOKEN_COUNT else _ASKING

    @property
    def id(self) -> str:
        """Its id, which follows from what it is: the same in every organisation and on every server."""
        return derive(Kind.RATE_LIMIT_GROUP, f"{self.type} {self.key}")

    def rank(self, model: str) -> int | None:
        """Return how exactly the group names a model, more is closer; None if not at all."""
        if model in self.globs:
            return len(model) + 1
        fitting = [len(glob.replace("*", "")) for glob in self.globs if "*" in glob and _fits(model, glob)]
        return max(fitting, default=None)


def _fits(model: str, glob: str) -> bool:
    # Only the star is special: names such as claude-sonnet-4-5[1m] hold brackets of their own.
    return fnmatchcase(model.lower(), glob.lower().replace("[", "[[]").replace("?", "[?]"))


def entry_id(organization_id: OrganizationId, group: Group) -> str:
    """Return the id of an organisation's rate-limit entry for a group: stable, and another in every organisation."""
    return derive(Kind.RATE_LIMIT, f"{organization_id} {group.id}")


# What a name says of its maker's families wherever the server's file says nothing; the first that fits.
_FAMILIES: Final = (
    Group("simulated", GroupType.MODEL_GROUP, "Simulated models", ("sim-*", "claude-sim-*")),
    Group("claude-opus", GroupType.MODEL_GROUP, "Claude Opus", ("*claude*opus*",)),
    Group("claude-sonnet", GroupType.MODEL_GROUP, "Claude Sonnet", ("*claude*sonnet*",)),
    Group("claude-haiku", GroupType.MODEL_GROUP, "Claude Haiku", ("*claude*haiku*",)),
    Group("claude", GroupType.MODEL_GROUP, "Claude, other models", ("*claude*",)),
    Group("qwen", GroupType.MODEL_GROUP, "Qwen", ("*qwen*", "*qwq*", "*qvq*")),
    Group("gpt", GroupType.MODEL_GROUP, "OpenAI GPT", ("*gpt*",)),
    Group("openai-o", GroupType.MODEL_GROUP, "OpenAI o-series", ("o1*", "o3*", "o4*", "*/o1*", "*/o3*", "*/o4*")),
    Group("gemini", GroupType.MODEL_GROUP, "Gemini", ("*gemini*",)),
    Group("deepseek", GroupType.MODEL_GROUP, "DeepSeek", ("*deepseek*",)),
    Group("mistral", GroupType.MODEL_GROUP, "Mistral", ("*mistral*", "*mixtral*", "*codestral*")),
    Group("llama", GroupType.MODEL_GROUP, "Llama", ("*llama*",)),
)
OTHER: Final = Group("other", GroupType.MODEL_GROUP, "Other models")
TOKEN_COUNT: Final = Group("token_count", GroupType.TOKEN_COUNT, "Token counting")
# keys that a group of models in the server's file may not take: `default` means every one of them in [rate_limits]
RESERVED: Final = frozenset({"default", *GroupType})


@dataclass(frozen=True, slots=True)
class Groups:
    """Every group of this server, and the organisation-wide values that its file gives them.

    `configured` are tried before the families that names tell of, the most exact first. `aliases` go with the model
    that they stand for, so that no limit can be passed by under another name. Replaced as a whole, never changed.
    """

    configured: tuple[Group, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    _remembered: dict[str, Group] = field(default_factory=dict, compare=False, repr=False)

    def of(self, model: str) -> Group:
        """Return the one group that a model's name, or an alias, falls into."""
        found = self._remembered.get(model)
        if found is None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                # Callers make names up: what they fill is emptied.
                self._remembered.clear()
            found = self._remembered[model] = self._find(self.aliases.get(model, model))
        return found

    def _find(self, model: str) -> Group:
        ranked = [(rank, group) for group in self.configured if (rank := group.rank(model)) is not None]
        if ranked:
            return max(ranked, key=lambda pair: pair[0])[1]
        taken = {group.key for group in self.configured}
        fitting = (group for group in _FAMILIES if group.key not in taken and group.rank(model) is not None)
        return next(fitting, OTHER)

    def of_type(self, group_type: GroupType) -> Sequence[Group]:
        """Return the groups of a type that limits are held for, in the order in which they are looked at."""
        if group_type is GroupType.MODEL_GROUP:
            taken = {group.key for group in self.configured}
            return [*self.configured, *(group for group in (*_FAMILIES, OTHER) if group.key not in taken)]
        return [TOKEN_COUNT] if group_type is GroupType.TOKEN_COUNT else []

    def everything(self) -> Sequence[Group]:
        """Return every group that limits are held for."""
        return [group for group_type in GroupType for group in self.of_type(group_type)]
