"""Which packages an environment may name: each manager's own way to write them, and nothing that means more."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.base.errors import InvalidRequest
from antechamber.features.environments.model.packages import (
    LONGEST_PACKAGE,
    MOST_PACKAGES,
    Manager,
    Packages,
    check_package,
    digest,
    settle_packages,
)

GOOD = {
    Manager.APT: [
        "ffmpeg", "g++", "libstdc++6", "python3.11", "ffmpeg=7:7.1.1-1+deb13u1", "jq=1.7.1-6~bpo12+1", "libc6:amd64",
        "libc6:amd64=2.41-12", "vim/trixie-backports", "0ad",
    ],
    Manager.CARGO: ["ripgrep", "ripgrep@14.1.0", "ripgrep@14", "cargo-edit", "tokio_util@0.7.0-alpha.1+build.5"],
    Manager.GEM: ["rails", "rails:7.1.0", "ruby_parser", "net-http:0.4.1.rc1", "_", "a.b"],
    Manager.GO: [
        "golang.org/x/tools/cmd/goimports@latest", "golang.org/x/tools/cmd/goimports", "example.com/mod/v2@v2.1.0",
        "gopkg.in/yaml.v3@v3.0.1", "git.sr.ht/~user/tool@main", "golang.org/x/tools/...@latest", "rsc.io/quote@v1",
        "example.com/m@v0.0.0-20240101000000-abcdef012345", "example.com/m@v1.0.0+incompatible",
    ],
    Manager.NPM: [
        "express", "express@4.18.0", "@types/node", "@types/node@20.1.0", "express@latest", "express@^4.18.0",
        "express@~4.18", "express@4.x", "lodash.merge", "JSONStream", "left_pad@1.0.0-rc.1+b",
    ],
    Manager.PIP: [
        "pandas", "pandas==2.2.0", "zope.interface", "requests[socks]", "requests[socks,use_chardet_on_py3]==2.31.0",
        "numpy>=1.26,<2", "numpy~=1.26", "numpy!=1.26.1", "numpy==1.*", "torch==2.2.0+cpu", "a", "x===1.0", "y==1!2.0",
        "z>1",
    ],
}  # fmt: skip
# refused for every manager, whoever would run it
BAD = [
    "", " ", "-", "--", "-y", "--index-url=https://evil.example", "-rrequirements.txt", "-e.", ".", "..", "./evil",
    "../evil", "/etc/passwd", "~/evil", "a b", " a", "a ", "a\n", "\na", "a\tb", "a\rb", "a\x00", "a\x00b", "a\x1bb",
    "a\x7fb", "a;id", "a; id", "a&b", "a&&b", "a|b", "a||b", "$(id)", "a$(id)", "`id`", "a`id`", "$HOME", "a>b",
    "a<b", "a>/tmp/x", "a<(id)", "a*", "a?", "a[", "a[0-9]", "{a,b}", "a!b", "!a", "a#b", "a\\b", "a'b", 'a"b', "a%b",
    "(a)", "a=(b)", "^a", "a@", "@", "@/", "a@@1", "a@-x", "a==", "a=", "a:", "a:-x", "a/-x", "a/../b",
    "https://evil.example/a.tar.gz", "git+https://evil.example/a", "file:///etc/passwd", "git@evil.example:a/b",
    "a @ https://evil.example/x.whl", "p\N{CYRILLIC SMALL LETTER A}ndas", "é", "a\u200bb", "a\u202eb", "a\u2028b",
    "\ufeffa", "\N{FULLWIDTH LATIN SMALL LETTER A}",
]  # fmt: skip


@pytest.mark.parametrize(("manager", "text"), [(manager, text) for manager, texts in GOOD.items() for text in texts])
def test_a_package_is_written_as_its_manager_writes_it(manager: Manager, text: str) -> None:
    assert check_package(manager, 0, text) == text


@pytest.mark.parametrize("text", BAD)
@pytest.mark.parametrize("manager", list(Manager))
def test_what_could_mean_more_than_a_package_is_refused(manager: Manager, text: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_package(manager, 7, text)
    assert refused.value.message.startswith(f"config.packages.{manager}.7: ")


@pytest.mark.parametrize(
    ("manager", "text"),
    [
        (Manager.APT, "ffmpeg-"),
        (Manager.APT, "task^"),
        (Manager.APT, "ffmpeg==7.1"),
        (Manager.APT, "dir/evil.deb"),
        (Manager.APT, "Ffmpeg"),
        (Manager.CARGO, "ripgrep@^14"),
        (Manager.CARGO, "ripgrep@latest"),
        (Manager.CARGO, "ripgrep:14.1.0"),
        (Manager.CARGO, "a" * 65),
        (Manager.GEM, "rails@7.1.0"),
        (Manager.GEM, "rails:~>7"),
        (Manager.GEM, "dir/evil.gem"),
        (Manager.GO, "goimports"),
        (Manager.GO, "cmd/goimports@latest"),
        (Manager.GO, "golang.org/x/../y@latest"),
        (Manager.GO, "golang.org/x/.../y@latest"),
        (Manager.GO, "golang.org//x@latest"),
        (Manager.GO, "golang.org/x/tools/"),
        (Manager.GO, "golang.org:443/x@latest"),
        (Manager.NPM, "owner/repository"),
        (Manager.NPM, "npm:other@1"),
        (Manager.NPM, "alias@npm:other@1"),
        (Manager.NPM, "express@>=4"),
        (Manager.NPM, "express@4||5"),
        (Manager.NPM, "@scope"),
        (Manager.NPM, "@-scope/name"),
        (Manager.NPM, "@scope/-name"),
        (Manager.PIP, "pandas=2.2.0"),
        (Manager.PIP, "pandas@2.2.0"),
        (Manager.PIP, "pandas;python_version<'3'"),
        (Manager.PIP, "pandas==2.2.0,"),
        (Manager.PIP, "pandas[]"),
        (Manager.PIP, "pandas[a"),
        (Manager.PIP, "pandas=>2"),
        (Manager.PIP, "pandas-"),
        (Manager.PIP, "pandas==2.2.0 --hash=sha256:00"),
    ],
)
def test_what_its_manager_would_take_for_something_else_is_refused(manager: Manager, text: str) -> None:
    with pytest.raises(InvalidRequest, match="is not the name of a package"):
        check_package(manager, 0, text)


@given(st.sampled_from(Manager), st.text(max_size=40))
def test_no_package_begins_with_a_dash_or_holds_what_a_shell_reads(manager: Manager, text: str) -> None:
    try:
        check_package(manager, 0, text)
    except InvalidRequest:
        return
    assert text.isascii()
    assert text[0] in string.ascii_letters + string.digits + "_~@"
    assert not set(text) & set(" \t\r\n\x00;&|$`'\"\\(){}?#%")


@pytest.mark.parametrize("manager", list(Manager))
def test_a_package_may_be_long_but_not_longer(manager: Manager) -> None:
    name = "a.b/" if manager is Manager.GO else "a"
    longest = name + "b" * (LONGEST_PACKAGE - len(name))
    if manager is not Manager.CARGO:
        assert check_package(manager, 0, longest) == longest
    with pytest.raises(InvalidRequest, match=f"at most {LONGEST_PACKAGE} characters"):
        check_package(manager, 0, longest + "b")


def test_patterns_answer_at_once_for_the_longest_that_they_refuse() -> None:
    for manager in Manager:
        for body in ("a-", "a.", "a,", "a/a.", "a[a,", "@a", "==1,", "~"):
            text = "a" + body * 400
            with pytest.raises(InvalidRequest):
                check_package(manager, 0, text[: LONGEST_PACKAGE - 1] + "\n")


def test_lists_that_are_said_replace_and_the_others_stay() -> None:
    known = settle_packages(Packages(), {Manager.PIP: ("pandas",), Manager.NPM: ("express",)})
    changed = settle_packages(known, {Manager.PIP: ("numpy",), Manager.NPM: None, Manager.APT: ("jq",)})
    assert changed.named == {Manager.APT: ("jq",), Manager.NPM: ("express",), Manager.PIP: ("numpy",)}
    assert list(changed.named) == [Manager.APT, Manager.NPM, Manager.PIP]
    emptied = settle_packages(changed, {Manager.APT: (), Manager.NPM: (), Manager.PIP: ()})
    assert emptied.is_empty
    assert emptied == Packages()


def test_an_environment_has_at_most_a_thousand_packages_over_all_managers() -> None:
    half = tuple(f"p{number}" for number in range(MOST_PACKAGES // 2))
    known = settle_packages(Packages(), {Manager.PIP: half, Manager.NPM: half})
    with pytest.raises(InvalidRequest, match="at most 1000 packages"):
        settle_packages(known, {Manager.APT: ("jq",)})
    with pytest.raises(InvalidRequest, match="at most 1000 packages"):
        settle_packages(Packages(), {Manager.PIP: tuple(f"p{number}" for number in range(5000))})


def test_a_layer_is_named_by_its_base_and_what_is_in_it_in_any_order() -> None:
    one = Packages({Manager.PIP: ("pandas", "numpy"), Manager.APT: ("jq",)})
    other = Packages({Manager.APT: ("jq", "jq"), Manager.PIP: ("numpy", "pandas")})
    assert digest("base", one) == digest("base", other)
    assert len(digest("base", one)) == 64
    different = [
        digest("base", one),
        digest("newer", one),
        digest("base", Packages()),
        digest("base", Packages({Manager.PIP: ("pandas", "numpy", "jq")})),
        digest("base", Packages({Manager.PIP: ("pandas==2.2.0", "numpy"), Manager.APT: ("jq",)})),
    ]
    assert len(set(different)) == len(different)


def test_the_name_of_a_layer_never_changes() -> None:
    # layers are found again by it after an upgrade
    assert digest("sha256:00", Packages({Manager.PIP: ("pandas",)})).startswith("0068b49382afd865897451181164d491")


def test_managers_run_in_alphabetical_order() -> None:
    assert list(Manager) == sorted(Manager)
