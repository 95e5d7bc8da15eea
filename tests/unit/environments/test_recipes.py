"""What builds run for each manager: programs with arguments, in the published order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.features.environments.model.packages import Manager, Packages
from antechamber.features.environments.model.recipes import census, steps, sweep


def argv(manager: Manager, *named: str) -> list[tuple[str, ...]]:
    return [step.argv for step in steps(Packages({manager: named}))]


def test_managers_run_in_the_published_order_whatever_the_order_of_their_lists() -> None:
    named = {manager: ("a.b/c",) if manager is Manager.GO else ("one",) for manager in reversed(Manager)}
    ran = list(dict.fromkeys(step.manager for step in steps(Packages(named))))
    assert ran == ["apt", "cargo", "gem", "go", "npm", "pip"]


def test_apt_reads_its_lists_and_installs_all_at_once() -> None:
    update, install = argv(Manager.APT, "jq=1.7.1-6", "ffmpeg")
    assert update[-1] == "update"
    assert install[-4:] == ("--no-install-recommends", "--", "jq=1.7.1-6", "ffmpeg")
    assert "--yes" in install


def test_what_needs_one_call_each_gets_one_each() -> None:
    assert argv(Manager.CARGO, "ripgrep@14.1.0", "just") == [
        ("cargo", "install", "--locked", "--", "ripgrep@14.1.0"),
        ("cargo", "install", "--locked", "--", "just"),
    ]
    assert argv(Manager.GEM, "rails:7.1.0") == [("gem", "install", "--no-document", "rails:7.1.0")]
    assert argv(Manager.GO, "golang.org/x/tools/cmd/goimports@v0.30.0") == [
        ("go", "install", "golang.org/x/tools/cmd/goimports@v0.30.0")
    ]


def test_go_without_a_version_means_the_latest() -> None:
    assert argv(Manager.GO, "golang.org/x/tools/cmd/goimports")[0][-1].endswith("goimports@latest")


def test_npm_installs_for_everybody() -> None:
    assert argv(Manager.NPM, "express@4.18.0", "@scope/x") == [
        ("npm", "install", "--global", "--", "express@4.18.0", "@scope/x")
    ]


def test_pip_resolves_all_together() -> None:
    assert len(argv(Manager.PIP, "pandas==2.2.0", "numpy")) == 1
    assert argv(Manager.PIP, "pandas==2.2.0", "numpy")[0][-3:] == ("--", "pandas==2.2.0", "numpy")


def test_a_package_that_is_listed_twice_is_installed_once() -> None:
    assert argv(Manager.PIP, "numpy", "numpy")[0][-2:] == ("--", "numpy")


@pytest.mark.parametrize("manager", Manager)
@pytest.mark.parametrize("text", ["", "-rf", "--index-url=x", "./local", "/etc/passwd", "a b", "a\nb", "a\tb"])
def test_nothing_that_could_be_an_option_or_a_path_becomes_an_argument(manager: Manager, text: str) -> None:
    with pytest.raises(ValueError, match="not a package"):
        argv(manager, text)


@given(st.sampled_from(list(Manager)), st.text(min_size=1))
def test_a_package_is_an_argument_of_its_own_or_refused(manager: Manager, text: str) -> None:
    try:
        ran = argv(manager, text)
    except ValueError:
        return
    holding = [word for line in ran for word in line if word in {text, f"{text}@latest"}]
    assert len(holding) == 1


@pytest.mark.parametrize("manager", Manager)
def test_no_program_is_a_shell(manager: Manager) -> None:
    lines = [*argv(manager, "a.b/c" if manager is Manager.GO else "one"), census(manager), sweep()]
    assert all(line[0].rpartition("/")[2] not in {"sh", "bash", "env"} for line in lines)
