"""Which hosts a build did not reach, read from what the egress proxy wrote down, and what to do about each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from antechamber.features.environments.model.builds import Reason
from antechamber.features.environments.model.packages import Manager

# a registry whose hosts each failed so often, and never answered, is waited for no longer
_MOST_FAILURES: Final = 2
_UNANSWERED: Final = "unanswered"
_AWAY: Final = frozenset({"unreachable", "unresolvable", _UNANSWERED})
_ENVIRONMENTS: Final = frozenset({"allowed_hosts", "direct_address"})
# a client that leaves before it has spoken says nothing about the host
_OF_CLIENTS: Final = frozenset({"malformed", "not_tls"})
_NAMES: Final = 53


@dataclass(frozen=True, slots=True)
class Unreached:
    """A host that was not reached: by which rule of the proxy, in its words, and how often."""

    host: str
    rule: str
    message: str
    times: int

    @property
    def is_away(self) -> bool:
        """Whether the network or the host failed, and no policy refused it."""
        return self.rule in _AWAY

    @property
    def reason(self) -> Reason:
        """What a build fails with that needed it."""
        return Reason.REGISTRY_UNREACHABLE if self.is_away else Reason.EGRESS_DENIED

    def tell(self, manager: Manager) -> str:
        """Return a sentence on what happened, by which rule, and one on what to do."""
        return f"{self.message} (rule {self.rule}) {self._next(manager)}"

    def _next(self, manager: Manager) -> str:
        if self.is_away:
            return f"Build again when it answers, or have the operator look at [registries.{manager}]."
        if self.rule in _ENVIRONMENTS:
            return "Set networking.allow_package_managers of the environment, or list the host in allowed_hosts."
        return f"Only the operator of this server can change that ([registries.{manager}] and [egress])."


def read_unreached(decisions: Iterable[Mapping[str, object]]) -> Sequence[Unreached]:
    """Return the hosts that failed and never answered, the last one that did first."""
    failed: dict[str, Unreached] = {}
    answered = set()
    for line in decisions:
        host = str(line.get("host", ""))
        place = host if line.get("port") == _NAMES else f"{host}:{line.get('port')}"
        known = failed.get(place)
        times = known.times + 1 if known else 1
        if line.get("decision") == "deny" and line.get("rule") not in _OF_CLIENTS:
            failed.pop(place, None)
            failed[place] = Unreached(host, str(line.get("rule")), str(line.get("message")), times)
        elif line.get("decision") == "end" and line.get("failure") == _UNANSWERED:
            failed.pop(place, None)
            failed[place] = Unreached(host, _UNANSWERED, f"{place} took the connection and answered nothing.", times)
        elif line.get("decision") == "end" and line.get("received"):
            answered.add(place)
    return [each for place, each in reversed(failed.items()) if place not in answered]


def blamed(unreached: Sequence[Unreached], hosts: Sequence[str]) -> Unreached | None:
    """Return the one that a failure is laid to: the last of the registry's own hosts (patterns)."""
    return next((each for each in unreached if _is_one(each.host, hosts)), None)


def is_hopeless(unreached: Sequence[Unreached], hosts: Sequence[str]) -> bool:
    """Say whether a registry has failed as often as all of its hosts (patterns) are tried."""
    failures = sum(each.times for each in unreached if _is_one(each.host, hosts))
    return failures >= _MOST_FAILURES * max(1, len(hosts))


def _is_one(host: str, patterns: Iterable[str]) -> bool:
    return any(host == each or (each.startswith("*.") and host.endswith(each[1:])) for each in patterns)
