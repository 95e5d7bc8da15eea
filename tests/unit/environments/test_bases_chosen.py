"""Which base packages are installed on."""

import pytest

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.builds import choose_base
from antechamber.features.environments.model.packages import Manager, Packages
from antechamber.features.environments.model.sandbox import Base

HOST = Base("host", "ready", "h", 1, ("npm", "pip"))
MINIMAL = Base("minimal", "ready", "m", 1, ("apt",))
STANDARD = Base("standard", "ready", "s", 1, ("apt", "gem", "npm", "pip"))
OURS = Base("ours", "ready", "o", 1, ("cargo", "go"))
MISSING = Base("full", "missing", None, None, ())


def choose(*bases: Base, preferred: str = "host", managers: tuple[Manager, ...] = ()) -> str:
    packages = Packages(dict.fromkeys(managers, ("one",)))
    return choose_base(preferred, bases, packages).name


def test_the_operator_s_base_is_taken_where_it_has_what_is_needed() -> None:
    assert choose(STANDARD, HOST) == "host"
    assert choose(STANDARD, HOST, managers=(Manager.PIP,)) == "host"
    assert choose(HOST, OURS, preferred="ours", managers=(Manager.GO,)) == "ours"


def test_else_the_smallest_that_has_all() -> None:
    assert choose(HOST, STANDARD, MINIMAL, managers=(Manager.APT,)) == "minimal"
    assert choose(HOST, STANDARD, MINIMAL, managers=(Manager.APT, Manager.PIP)) == "standard"
    assert choose(HOST, STANDARD, OURS, managers=(Manager.CARGO, Manager.GO)) == "ours"
    assert choose(STANDARD, MISSING, preferred="full") == "standard"


@pytest.mark.parametrize(
    ("managers", "lacking", "command"),
    [
        ((Manager.APT,), "apt", "standard"),
        ((Manager.APT, Manager.GEM), "apt, gem", "standard"),
        ((Manager.PIP, Manager.CARGO), "cargo", "full"),
    ],
)
def test_else_the_command_that_makes_one_is_told(managers: tuple[Manager, ...], lacking: str, command: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        choose(HOST, MISSING, managers=managers)
    assert f"no base of this server has {lacking};" in refused.value.message
    assert refused.value.message.endswith(f"ante sandboxes images build {command}")
    assert refused.value.error_code == "base_missing"


def test_without_any_base_that_is_ready_there_is_nothing_to_stand_on() -> None:
    with pytest.raises(InvalidRequest, match="has no base 'host'"):
        choose(MISSING)
