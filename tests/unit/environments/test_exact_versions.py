"""Exact versions, read from what managers list, and packages pinned to them."""

import json

import pytest

from antechamber.features.environments.model.builds import Installed
from antechamber.features.environments.model.lists import name_of, pin, read_census
from antechamber.features.environments.model.packages import Manager, Packages

LISTS = {
    Manager.APT: ("jq\t1.7.1-6+deb13u1\nlibjq1\t1.7.1-6\nbroken\n", {("jq", "1.7.1-6+deb13u1"), ("libjq1", "1.7.1-6")}),
    Manager.CARGO: ("rg v14.1.0:\n    rg\nown v1.0.0 (/src):\n    own\n", {("rg", "14.1.0"), ("own", "1.0.0")}),
    Manager.GEM: (
        "bundler (default: 2.4.19)\nrake (13.0.6, 12.3.3)\n",
        {("bundler", "2.4.19"), ("rake", "13.0.6")},
    ),
    Manager.GO: (
        ("/usr/local/bin/x: go1.24\n\tpath\tgolang.org/x/tools/cmd/x\n\tmod\tgolang.org/x/tools\tv0.30.0\th1:a=\n"
        "\tdep\tgolang.org/x/mod\tv0.23.0\th1:b=\n"),
        {("golang.org/x/tools/cmd/x", "v0.30.0")},
    ),
    Manager.NPM: (
        json.dumps({"dependencies": {"express": {"version": "4.18.0"}, "gone": {"missing": True}}}),
        {("express", "4.18.0")},
    ),
    Manager.PIP: (json.dumps([{"name": "Flask", "version": "3.1.0"}]), {("Flask", "3.1.0")}),
}  # fmt: skip


@pytest.mark.parametrize("manager", Manager)
def test_a_manager_s_own_list_is_read(manager: Manager) -> None:
    text, expected = LISTS[manager]
    assert {(one.name, one.version) for one in read_census(manager, text)} == expected


@pytest.mark.parametrize("manager", Manager)
@pytest.mark.parametrize("text", ["", "{}", "[1]", "null", "\tmod\n", "error: nothing"])
def test_what_cannot_be_read_is_nothing(manager: Manager, text: str) -> None:
    assert read_census(manager, text) == frozenset()


@pytest.mark.parametrize(
    ("manager", "asked", "name", "version", "pinned"),
    [
        (Manager.APT, "jq", "jq", "1.7.1-6", "jq=1.7.1-6"),
        (Manager.APT, "jq=1.7.1-6", "jq", "1.7.1-6", "jq=1.7.1-6"),
        (Manager.APT, "libc6:amd64", "libc6", "2.41", "libc6=2.41"),
        (Manager.CARGO, "ripgrep", "ripgrep", "14.1.0", "ripgrep@14.1.0"),
        (Manager.GEM, "rails:7.1.0", "rails", "7.1.0", "rails:7.1.0"),
        (Manager.GO, "x.org/cmd/y@latest", "x.org/cmd/y", "v1.2.3", "x.org/cmd/y@v1.2.3"),
        (Manager.NPM, "express", "express", "4.18.0", "express@4.18.0"),
        (Manager.NPM, "@a/b@latest", "@a/b", "2.0.0", "@a/b@2.0.0"),
        (Manager.PIP, "Flask_Login>=0.6,<1", "flask-login", "0.6.3", "Flask_Login==0.6.3"),
        (Manager.PIP, "uvicorn[standard]", "uvicorn", "0.30.0", "uvicorn[standard]==0.30.0"),
        (Manager.PIP, "gone", "another", "1", "gone"),
    ],
)
def test_a_package_is_pinned_in_its_manager_s_own_way(
    manager: Manager, asked: str, name: str, version: str, pinned: str
) -> None:
    packages = pin(Packages({manager: (asked,)}), [Installed(manager, name, version)])
    assert packages.of(manager) == (pinned,)


@pytest.mark.parametrize(
    ("manager", "text", "name"),
    [
        (Manager.NPM, "@a/b", "@a/b"),
        (Manager.NPM, "@a/b@1", "@a/b"),
        (Manager.NPM, "a", "a"),
        (Manager.GO, "x.org/y@v1", "x.org/y"),
        (Manager.PIP, "a~=1.0", "a"),
    ],
)
def test_a_name_is_found_in_a_specification(manager: Manager, text: str, name: str) -> None:
    assert name_of(manager, text) == name
