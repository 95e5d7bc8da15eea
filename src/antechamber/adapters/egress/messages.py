"""What the supervisor of the sandboxes and the egress proxy say to one another, as JSON."""

from typing import Literal

import msgspec

from antechamber.features.environments.model.sandbox import HostRule, Injection, NetworkMode, NetworkPolicy

ListenerKind = Literal["proxy", "web", "any", "dns"]


class Listener(msgspec.Struct, frozen=True):
    """A descriptor that comes with an attachment: a proxy's port, a port of the web, all others, or names."""

    kind: ListenerKind
    port: int


class Rule(msgspec.Struct, frozen=True):
    """A HostRule."""

    host: str
    reason: str
    ports: tuple[int, ...]


class Injected(msgspec.Struct, frozen=True):
    """An Injection; its value is in no log and no repr."""

    host: str
    header: str
    value: str
    ports: tuple[int, ...] = (443,)
    reads_only: bool = False

    def __repr__(self) -> str:
        return f"Injected({self.host}, {self.header})"


class Policy(msgspec.Struct, frozen=True):
    """A NetworkPolicy."""

    mode: str
    allowed: tuple[Rule, ...] = ()
    blocked: tuple[str, ...] = ()
    injections: tuple[Injected, ...] = ()
    answer_seconds: float = 0


class Authority(msgspec.Struct, frozen=True):
    """The certificate authority of one sandbox, PEM; its key is in no repr."""

    certificate: str
    key: str

    def __repr__(self) -> str:
        return "Authority(...)"


class Attach(msgspec.Struct, frozen=True, tag="attach"):
    """Serve a sandbox; as many descriptors as listeners come with it. An older attachment of this id ends."""

    number: int
    sandbox_id: str
    policy: Policy
    listeners: tuple[Listener, ...]
    authority: Authority | None = None


class Detach(msgspec.Struct, frozen=True, tag="detach"):
    """Serve a sandbox no more; its connections are cut."""

    number: int
    sandbox_id: str


class Answer(msgspec.Struct, frozen=True):
    """What came of a request: nothing, or why not."""

    number: int
    error: str | None = None


Request = Attach | Detach


def of_policy(policy: NetworkPolicy) -> Policy:
    """Return a policy as it is sent."""
    return Policy(
        mode=policy.mode.value,
        allowed=tuple(Rule(rule.host, rule.reason, rule.ports) for rule in policy.allowed),
        blocked=policy.blocked,
        injections=tuple(
            Injected(each.host, each.header, each.value, each.ports, each.reads_only) for each in policy.injections
        ),
        answer_seconds=policy.answer_seconds,
    )


def to_policy(policy: Policy) -> NetworkPolicy:
    """Return a policy as it was meant; ValueError if it has no such mode."""
    return NetworkPolicy(
        mode=NetworkMode(policy.mode),
        allowed=tuple(HostRule(rule.host, rule.reason, rule.ports) for rule in policy.allowed),
        blocked=policy.blocked,
        injections=tuple(
            Injection(each.host, each.header, each.value, each.ports, each.reads_only) for each in policy.injections
        ),
        answer_seconds=policy.answer_seconds,
    )
