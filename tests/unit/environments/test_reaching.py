"""Which hosts a build did not reach: what the proxy wrote down, read."""

from antechamber.features.environments.model.builds import Reason
from antechamber.features.environments.model.diagnosis import diagnose
from antechamber.features.environments.model.packages import Manager
from antechamber.features.environments.model.reaching import blamed, is_hopeless, read_unreached
from antechamber.features.environments.model.recipes import Step
from antechamber.features.environments.model.sandbox import ExitStatus

PIP = Step(Manager.PIP, ("pip",), ("numpy",))
ENDED = ExitStatus(1)


def denied(host: str, rule: str, port: int = 443) -> dict[str, object]:
    return {"decision": "deny", "host": host, "port": port, "rule": rule, "message": f"{host} was not reached."}


def ended(host: str, received: int, failure: str | None = None) -> dict[str, object]:
    return {"decision": "end", "host": host, "port": 443, "sent": 9, "received": received, "failure": failure}


def test_a_host_that_answered_once_is_not_among_them() -> None:
    found = read_unreached([denied("a.example", "unreachable"), ended("a.example", 100), ended("b.example", 0)])
    assert found == []


def test_the_last_failure_comes_first_and_failures_are_counted_by_host() -> None:
    lines = [
        ended("a.example", 0, "unanswered"),
        denied("b.example", "unreachable"),
        denied("a.example", "unreachable"),
    ]
    assert [(each.host, each.rule, each.times) for each in read_unreached(lines)] == [
        ("a.example", "unreachable", 2), ("b.example", "unreachable", 1),
    ]  # fmt: skip


def test_a_client_that_leaves_without_a_word_says_nothing_about_the_host() -> None:
    lines = [denied("a.example", "unreachable"), denied("a.example", "not_tls"), denied("b.example", "not_tls")]
    assert [(each.host, each.rule, each.times) for each in read_unreached(lines)] == [("a.example", "unreachable", 1)]


def test_a_registry_is_hopeless_when_each_of_its_hosts_could_have_failed_twice() -> None:
    once = [denied("a.example", "unreachable")]
    assert not is_hopeless(read_unreached(once), ["a.example"])
    assert is_hopeless(read_unreached(once * 2), ["a.example"])
    assert not is_hopeless(read_unreached(once * 2), ["a.example", "*.b.example"])
    assert is_hopeless(
        read_unreached([*once * 2, *[denied("x.b.example", "unreachable")] * 2]), ["a.example", "*.b.example"]
    )
    assert not is_hopeless(read_unreached([denied("other.example", "unreachable")] * 9), ["a.example"])


def test_a_registry_that_is_away_and_one_that_is_closed_are_told_apart() -> None:
    hosts = ["a.example"]
    for rule, reason, next_step in (
        ("unanswered", Reason.REGISTRY_UNREACHABLE, "[registries.pip]"),
        ("unresolvable", Reason.REGISTRY_UNREACHABLE, "Build again"),
        ("allowed_hosts", Reason.EGRESS_DENIED, "networking.allow_package_managers"),
        ("blocked_host", Reason.EGRESS_DENIED, "Only the operator"),
    ):
        unreached = read_unreached([denied("a.example", rule)])
        assert blamed(unreached, hosts) == unreached[0]
        failure = diagnose(PIP, ENDED, "ERROR: No matching distribution found for numpy", unreached, hosts)
        assert failure.reason is reason
        assert "pip could not install numpy: a.example was not reached." in failure.message
        assert f"rule {rule}" in failure.message
        assert next_step in failure.message


def test_what_a_package_asked_for_itself_is_added_to_what_its_manager_says() -> None:
    unreached = read_unreached([denied("files.example", "allowed_hosts")])
    failure = diagnose(PIP, ENDED, "ERROR: Failed building wheel for numpy", unreached, ["a.example"])
    assert failure.reason is Reason.INSTALL_FAILED
    assert "Failed building wheel for numpy; while it ran: files.example was not reached." in failure.message
    full = diagnose(PIP, ENDED, "No space left on device", unreached, ["files.example"])
    assert full.reason is Reason.DISK_FULL
