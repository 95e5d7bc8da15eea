"""Enters the namespaces of sandboxes and opens listeners there; run as a program of its own, by file, `python -I -S`.

It is small and has one thread, so that a fork of it is quick and may enter a user namespace (setns(2)). On the socket
that its argument names it reads `{"id", "user", "net", "names", "alone", "ports", "any_port", "others", "nft"}` and
answers `{"id", "listeners", "error"}` with the descriptors. Standard library only, and nothing of ours: it starts with
the supervisor and has no secrets.
"""

import array
import ctypes
import json
import os
import signal
import socket
import struct
import sys
from typing import Any

NEWUSER = 0x10000000
NEWNET = 0x40000000
LARGEST = 64 * 1024
DNS_PORT = 53
BACKLOG = 512
NO_PROGRAM = 127  # as a shell says it

# linux/socket.h, linux/rtnetlink.h
_IP_PKTINFO = 8
_REQUEST, _ACK, _CREATE = 0x1, 0x4, 0x400
_NEWLINK, _NEWROUTE, _DELROUTE = 16, 24, 25
_NLMSG_ERROR = 2
_IFF_UP = 1
_RTA_OIF = 4
_TABLE_LOCAL, _PROTO_BOOT, _SCOPE_HOST, _TYPE_LOCAL = 255, 3, 254, 2
_LOOPBACK = 1


class EntranceError(Exception):
    """A step failed; the message names it."""


def enter(user: str, net: str) -> None:
    """Join a user and a network namespace, each by a path such as /proc/PID/ns/net."""
    libc = ctypes.CDLL(None, use_errno=True)
    opened = []
    for name, flag, path in (("user", NEWUSER, user), ("net", NEWNET, net)):
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        if os.path.sameopenfile(descriptor, own := os.open(f"/proc/self/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)):
            os.close(descriptor)
            if name == "net":
                message = "the sandbox has the network namespace of the host"
                raise EntranceError(message)
        else:
            opened.append((name, flag, descriptor))
        os.close(own)
    for name, flag, descriptor in opened:
        if libc.setns(descriptor, flag):
            message = f"its {name} namespace cannot be entered: {os.strerror(ctypes.get_errno())}"
            raise EntranceError(message)
        os.close(descriptor)
        if name == "user":
            # the namespace's own root, so that a program started there (nft) keeps its capabilities
            os.setresgid(0, 0, 0)
            os.setresuid(0, 0, 0)


def set_up_loopback(*, every_address: bool, none_any_more: bool) -> None:
    """Bring lo up and, if asked for, make every IPv4 address one of it (a local route for 0.0.0.0/0: "AnyIP").

    `none_any_more`: take that back.
    """
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
        link = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, _LOOPBACK, _IFF_UP, _IFF_UP)
        _ask(netlink, _NEWLINK, 0, link, "lo cannot be brought up")
        route = struct.pack(
            "=BBBBBBBBI", socket.AF_INET, 0, 0, 0, _TABLE_LOCAL, _PROTO_BOOT, _SCOPE_HOST, _TYPE_LOCAL, 0
        ) + struct.pack("=HHI", 8, _RTA_OIF, _LOOPBACK)
        if every_address:
            _ask(netlink, _NEWROUTE, _CREATE, route, "the route of all addresses cannot be added")
        if none_any_more:
            _ask(netlink, _DELROUTE, 0, route, "the route of all addresses cannot be removed")


def _ask(netlink: socket.socket, kind: int, flags: int, body: bytes, what: str) -> None:
    netlink.send(struct.pack("=IHHII", 16 + len(body), kind, _REQUEST | _ACK | flags, 1, 0) + body)
    answer = netlink.recv(4096)
    (answered,) = struct.unpack_from("=H", answer, 4)
    (code,) = struct.unpack_from("=i", answer, 16)
    if answered == _NLMSG_ERROR and code:
        message = f"{what}: {os.strerror(-code)}"
        raise EntranceError(message)


def listen(port: int) -> socket.socket:
    """Return a socket that accepts connections to a port of every address."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(("0.0.0.0", port))  # noqa: S104 - of a namespace with nothing but lo
    listener.listen(BACKLOG)
    return listener


def hear_names() -> socket.socket:
    """Return a socket for queries that were sent to port 53 of any address, telling which."""
    names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    names.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
    names.bind(("0.0.0.0", DNS_PORT))  # noqa: S104 - the same
    return names


def redirect(nft: str, port: int, others: list[int]) -> None:
    """Lead all TCP but that to loopback and to ports with listeners of their own to one port."""
    status = _run_nft(nft, _rules(port, others))
    if status == NO_PROGRAM:
        message = f"there is no program {nft} (Debian's package nftables), which unrestricted networks need"
        raise EntranceError(message)
    if status:
        message = "nft could not lead connections to the proxy; does this kernel have nf_tables and nf_nat?"
        raise EntranceError(message)


def _rules(port: int, others: list[int]) -> str:
    return f"""table ip antechamber {{
        chain out {{
            type nat hook output priority -100; policy accept;
            ip daddr 127.0.0.0/8 accept
            tcp dport {{ {", ".join(map(str, others))} }} accept
            meta l4proto tcp redirect to :{port}
        }}
    }}"""


def _run_nft(nft: str, rules: str) -> int:
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(read, 0)
        os.dup2(2, 1)
        for program in [nft] if "/" in nft else [f"{folder}/{nft}" for folder in ("/usr/sbin", "/sbin", "/usr/bin")]:
            try:
                os.execv(program, ["nft", "-f", "-"])  # noqa: S606 - no shell is what is wanted
            except OSError:
                continue
        os._exit(NO_PROGRAM)
    os.close(read)
    os.write(write, rules.encode())
    os.close(write)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def open_listeners(asked: dict[str, Any]) -> list[tuple[str, int, socket.socket]]:
    """Return (kind, port, socket) of every listener that was asked for, opened in the namespaces that it names."""
    enter(asked["user"], asked["net"])
    ports, any_port = asked["ports"], asked.get("any_port")
    set_up_loopback(every_address=asked["names"], none_any_more=asked.get("alone", False))
    opened = [("proxy" if port == asked["proxy_port"] else "web", port, listen(port)) for port in ports]
    if asked["names"]:
        opened.append(("dns", DNS_PORT, hear_names()))
    if any_port:
        opened.append(("any", any_port, listen(any_port)))
        redirect(asked["nft"], any_port, [*asked["others"], any_port])
    return opened


def serve_one(connection: socket.socket, asked: dict[str, Any]) -> None:
    """Answer one request; runs in a fork of its own."""
    try:
        opened = open_listeners(asked)
    except (EntranceError, OSError) as error:
        answer, rights = {"id": asked["id"], "listeners": [], "error": str(error)}, []
    else:
        listeners = [{"kind": kind, "port": port} for kind, port, _ in opened]
        answer = {"id": asked["id"], "listeners": listeners, "error": None}
        descriptors = array.array("i", [each.fileno() for _, _, each in opened])
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)] if opened else []
    connection.sendmsg([json.dumps(answer).encode()], rights)


def main() -> None:
    """Serve until the other end closes."""
    connection = socket.socket(fileno=int(sys.argv[1]))
    connection.setblocking(True)
    # children are reaped by the kernel; but for the moment in which one waits for nft
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    ctypes.CDLL(None)
    while data := connection.recv(LARGEST):
        if not os.fork():
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            status = 1
            try:
                serve_one(connection, json.loads(data))
                status = 0
            finally:
                os._exit(status)


if __name__ == "__main__":
    main()
