"""The pure rules of the egress proxy: names, addresses, and what a policy says of them."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from antechamber.adapters.egress.addresses import read_rules, unwrap
from antechamber.adapters.egress.configuration import PrivateNetwork
from antechamber.adapters.egress.hosts import is_address, matches, read_authority, read_host, show_host
from antechamber.adapters.egress.names import RANGE, Names
from antechamber.adapters.egress.policy import REMEDIES, Allowed, Denied, EgressPolicy, split_blocked
from antechamber.features.environments.model.sandbox import HostRule, NetworkMode, NetworkPolicy

LABELS = st.from_regex(r"[a-z]([a-z0-9-]{0,10}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABELS, min_size=1, max_size=4).map(".".join)
NOTHING = read_rules((), ())


@given(NAMES)
def test_a_name_is_read_in_lower_case_without_its_last_dot(name: str) -> None:
    assert read_host(name.upper() + ".") == read_host(name) == name


@pytest.mark.parametrize(
    "text",
    [
        "127.1", "0x7f.1", "2130706433", "1.2.3.4.5", "a..b", "", ".", "a b", "münchen.de", "-a.com", "a-.com", "[::1",
        "fe80::1%1", "a" * 64 + ".com", ".".join(["a" * 60] * 5), "host\x00.com", "host\r\n.com", "ex\u0430mple.com",
    ],
)  # fmt: skip
def test_what_resolvers_understand_differently_is_no_host(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - whatever words it has
        read_host(text)


@given(st.ip_addresses())
def test_addresses_are_read_as_what_they_are(address: IPv4Address | IPv6Address) -> None:
    if isinstance(address, IPv6Address) and address.scope_id is not None:
        return
    assert read_host(show_host(address)) == address
    assert read_authority(f"{show_host(address)}:8443") == (address, 8443)
    assert is_address(str(address))


@pytest.mark.parametrize(
    "text", ["a.b", "a.b:", "a.b:0", "a.b:65536", "a.b:-1", "a.b:x", "a.b:80:80", "[::1]", ":80", "a.b: 80"]
)
def test_an_authority_without_a_port_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the same
        read_authority(text)


def test_a_port_may_be_assumed() -> None:
    assert read_authority("a.b", 80) == ("a.b", 80)
    assert read_authority("[::1]", 443) == (IPv6Address("::1"), 443)


@given(NAMES, NAMES)
def test_a_wildcard_is_for_what_lies_below_alone(name: str, suffix: str) -> None:
    assert not matches(f"*.{suffix}", suffix)
    assert matches(f"*.{suffix}", f"{name}.{suffix}")
    assert matches(f"*.{suffix.upper()}.", f"{name}.{suffix}")
    assert not matches(f"*.{suffix}", f"{name}-{suffix}")
    assert matches(name, name)
    assert matches(name, suffix) == (name == suffix)


@pytest.mark.parametrize(
    "network",
    [
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
        "224.0.0.0/4", "240.0.0.0/4", "255.255.255.255/32", "::/128", "::1/128", "::ffff:10.0.0.0/104",
        "64:ff9b::a00:0/104", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002:a00::/24", "fc00::/7",
        "fe80::/10", "fec0::/10", "ff00::/8",
    ],
)  # fmt: skip
def test_no_address_of_a_range_that_is_not_public_is_dialled(network: str) -> None:
    known = ip_network(network)
    for address in (known[0], known[-1], known[known.num_addresses // 2]):
        assert NOTHING.refusal(address, "a.example") == "private_address", address
        assert NOTHING.refusal(address, None) == "private_address", address


@given(st.ip_addresses(v=4))
def test_no_form_hides_an_ipv4_address(address: IPv4Address) -> None:
    if NOTHING.refusal(address, None) is None:
        return
    number = int(address)
    for form in (
        f"::ffff:{address}",
        str(IPv6Address((0x64FF9B << 96) | number)),
        str(IPv6Address((0x2002 << 112) | (number << 80))),
    ):
        assert NOTHING.refusal(ip_address(form), None) is not None, form
    mapped = IPv6Address(f"::ffff:{address}")
    assert unwrap(mapped) == address


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.216.34", "2606:2800:220:1::1", "::ffff:8.8.8.8"])
def test_public_addresses_are_dialled(address: str) -> None:
    assert NOTHING.refusal(ip_address(address), None) is None


def test_an_exception_is_by_name_and_never_for_an_address_itself() -> None:
    rules = read_rules(
        [PrivateNetwork("10.1.0.0/16", "*.corp.example"), PrivateNetwork("192.168.7.0/24")], ["9.9.9.0/24"]
    )
    inside, other = ip_address("10.1.2.3"), ip_address("192.168.7.9")
    assert rules.refusal(inside, "pypi.corp.example") is None
    assert rules.refusal(ip_address("::ffff:10.1.2.3"), "pypi.corp.example") is None
    assert rules.refusal(inside, "other.example") == "private_address"
    assert rules.refusal(inside, None) == "private_address"
    assert rules.refusal(other, "any.example") is None
    assert rules.refusal(other, None) == "private_address"
    assert rules.refusal(ip_address("9.9.9.9"), "any.example") == "blocked_network"
    assert rules.block(["10.1.2.0/24"]).refusal(inside, "pypi.corp.example") == "blocked_network"


@given(st.lists(NAMES, unique=True, max_size=60))
def test_names_have_addresses_of_their_own_that_stay(names: list[str]) -> None:
    table, again = Names(), Names()
    made = {name: table.address_of(name) for name in names}
    assert len(set(made.values())) == len(names)
    assert all(address in RANGE for address in made.values())
    assert all(table.name_of(address) == name for name, address in made.items())
    assert {name: again.address_of(name) for name in names} == made
    assert table.name_of(IPv4Address("198.18.0.1")) is None
    assert table.name_of(IPv6Address("::1")) is None


def test_names_that_nobody_uses_are_forgotten_first() -> None:
    table = Names(most=2)
    first = table.address_of("a.example")
    second = table.address_of("b.example")
    table.address_of("a.example")
    table.address_of("c.example")
    assert table.name_of(first) == "a.example"
    assert table.name_of(second) is None
    assert not table.knows("b.example")


def limited(*rules: HostRule, blocked: tuple[str, ...] = ()) -> EgressPolicy:
    own = (("ante.example", 443), (IPv4Address("127.0.0.1"), 8787))
    return EgressPolicy(NetworkPolicy(NetworkMode.LIMITED, rules, blocked), NOTHING, own, ("*.bad.example",))


@given(NAMES, st.integers(1, 65535))
def test_only_what_is_listed_is_reached(name: str, port: int) -> None:
    policy = limited(HostRule("API.example", "allowed_hosts"), HostRule("*.cdn.example", "pip", (443, 80)))
    decision = policy.connection(name, port)
    assert isinstance(decision, Denied)
    assert decision.rule in {"allowed_hosts", "port", "control_plane", "blocked_host"}
    assert isinstance(policy.connection("api.example", 443), Allowed)
    assert isinstance(policy.connection(f"{name}.cdn.example", 443), Allowed)
    assert isinstance(policy.connection(f"{name}.cdn.example", 80, plain=True), Allowed)
    assert isinstance(policy.connection(f"{name}.cdn.example", 443, plain=True), Denied)
    assert isinstance(policy.connection("cdn.example", 443), Denied)


@given(st.ip_addresses(), st.integers(1, 65535))
def test_no_address_itself_is_reached_where_hosts_are_listed(address: IPv4Address | IPv6Address, port: int) -> None:
    decision = limited(HostRule("*.example", "allowed_hosts")).connection(address, port)
    assert decision == Denied(
        "direct_address", f"{show_host(address)}:{port} is an address, not a host that is allowed."
    )


def test_what_the_operator_blocks_is_blocked_though_it_is_allowed() -> None:
    rules = (
        HostRule("x.bad.example", "allowed_hosts"),
        HostRule("y.example", "allowed_hosts"),
        HostRule("ante.example", "pip"),
    )
    policy = limited(*rules, blocked=("y.example",))
    assert [policy.name(rule.host) for rule in rules] == [
        Denied("blocked_host", "x.bad.example is blocked by the operator of this server."),
        Denied("blocked_host", "y.example is blocked by the operator of this server."),
        Denied("control_plane", "ante.example is the server that this sandbox belongs to."),
    ]


def test_the_rule_that_allows_is_told() -> None:
    policy = limited(HostRule("pypi.example", "pip"), HostRule("mcp.example", "mcp_servers"))
    assert policy.connection("pypi.example", 443) == Allowed("pip")
    assert policy.connection("mcp.example", 443) == Allowed("mcp_servers")
    open_policy = EgressPolicy(NetworkPolicy(NetworkMode.UNRESTRICTED), NOTHING)
    assert open_policy.connection("any.example", 22) == Allowed("unrestricted")
    assert open_policy.connection(IPv4Address("8.8.8.8"), 53) == Allowed("unrestricted")


def test_every_refusal_says_how_to_change_it() -> None:
    assert all(text.endswith((".", ").")) for text in REMEDIES.values())
    assert "networking.allowed_hosts" in Denied("allowed_hosts", "").remedy


def test_without_a_network_nothing_is_reached() -> None:
    policy = EgressPolicy(NetworkPolicy(NetworkMode.NONE, (HostRule("a.example", "pip"),)), NOTHING)
    assert isinstance(policy.connection("a.example", 443), Denied)


def test_blocked_networks_and_hosts_are_told_apart() -> None:
    listed = ("a.example", "*.b.example", "10.0.0.0/8", "2001:db8::/32", "8.8.8.8")
    assert split_blocked(listed) == (("a.example", "*.b.example"), ("10.0.0.0/8", "2001:db8::/32", "8.8.8.8"))
