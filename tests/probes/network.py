"""Tries, from inside a sandbox, every way out that section "The network" of docs/security.md lists.

Run there with facts as JSON for its argument; prints a JSON object of outcomes by number. Standard library only.
"""

import contextlib
import errno
import json
import socket
import ssl
import struct
import sys
from collections.abc import Callable
from typing import Any

TABLE = {
    "N1": ("CONNECT to an allowed host, its name in TLS", "works"),
    "N2": ("CONNECT to an allowed host, another name in TLS", "closed"),
    "N3": ("CONNECT to a host that is not allowed", "403 allowed_hosts"),
    "N4": ("CONNECT to an address", "403 direct_address"),
    "N5": ("CONNECT to port 22 of an allowed host", "403 port"),
    "N6": ("CONNECT to an allowed host, then no TLS", "closed"),
    "N7": ("http:// to a host for https", "403 https_only"),
    "N8": ("http:// with another Host header", "400 malformed"),
    "N9": ("CONNECT to an allowed name that resolves to loopback", "502 private_address"),
    "N10": ("TCP to a public address", "ECONNREFUSED"),
    "N11": ("HTTP to the metadata address", "403 direct_address"),
    "N12": ("TLS to a public address with an allowed name", "closed"),
    "N13": ("IPv6", "no way"),
    "N14": ("UDP to port 443", "ECONNREFUSED"),
    "N15": ("data in a name, asked of the own resolver", "REFUSED"),
    "N16": ("data in a name, asked of a public resolver", "REFUSED"),
    "N17": ("a raw ICMP socket", "no socket"),
    "N18": ("AF_PACKET", "no socket"),
    "N19": ("AF_VSOCK", "no socket"),
    "N20": ("AF_ALG", "no socket"),
    "N21": ("a service on the host's loopback", "ECONNREFUSED"),
    "N22": ("an abstract unix socket of the host", "ECONNREFUSED"),
    "N23": ("a route of its own", "EPERM"),
    "N24": ("TLS to an allowed name, without proxy", "works"),
    "N25": ("the same with another name in TLS", "closed"),
    "N26": ("an allowed name looked up", "made up"),
}
# where everything is open
UNRESTRICTED = {
    "N31": ("any protocol to any port of a name", "works"),
    "N32": ("the same without proxy", "works"),
    "N33": ("TCP to a private address", "closed"),
    "N34": ("HTTP to the metadata address", "closed"),
    "N35": ("the server that the sandbox belongs to", "403 control_plane"),
    "N36": ("a host that the operator blocks", "403 blocked_host"),
    "N37": ("a blocked host looked up", "REFUSED"),
    "N38": ("a name that does not exist", "NXDOMAIN"),
    "N39": ("IPv6", "no way"),
    "N40": ("a service on the host's loopback", "ECONNREFUSED"),
    "N41": ("its own services on loopback", "works"),
    "N42": ("a blocked host by TLS, at the address of another", "closed"),
    "N43": ("that address by its own name", "works"),
}
PROXY = ("127.0.0.1", 3128)
RESOLVER = "198.18.0.1"
CODES = {0: "NOERROR", 2: "SERVFAIL", 3: "NXDOMAIN", 5: "REFUSED"}
SECONDS = 20
_NEWROUTE = 24


class Probes:
    """The probes, by number; `facts` name what there is to reach."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self.allowed: str = facts["allowed"]
        self.port: int = facts["port"]
        self.other: str = facts["other"]
        self.facts = facts

    def n1(self) -> str:
        return self._fetch(self.allowed)

    def n2(self) -> str:
        return self._fetch(self.other)

    def n3(self) -> str:
        return self._connect(f"{self.other}:443")

    def n4(self) -> str:
        return self._connect("93.184.216.34:443")

    def n5(self) -> str:
        return self._connect(f"{self.allowed}:22")

    def n6(self) -> str:
        with self._tunnel(f"{self.allowed}:{self.port}") as tunnel:
            tunnel.sendall(b"SSH-2.0-OpenSSH_9.9\r\n")
            return "closed" if not _all(tunnel).strip(b"\x15\x03\x00\x02\x31") else "answered"

    def n7(self) -> str:
        host = f"{self.allowed}:443"
        return _proxied(f"GET http://{host}/ HTTP/1.1\r\nHost: {host}\r\n\r\n")

    def n8(self) -> str:
        return _proxied(f"GET http://{self.allowed}/ HTTP/1.1\r\nHost: {self.other}\r\n\r\n")

    def n9(self) -> str:
        return self._connect(f"{self.facts['rebinding']}:443")

    def n10(self) -> str:
        return _tcp("8.8.8.8", 22)

    def n11(self) -> str:
        return _http("169.254.169.254")

    def n12(self) -> str:
        return self._tls("1.1.1.1", 443, self.allowed)

    def n13(self) -> str:
        came = try_it(lambda: _tcp("2606:4700:4700::1111", 443, socket.AF_INET6))
        # engines take the family away as a whole
        return "no way" if came in {"ENETUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT"} else came

    def n14(self) -> str:
        with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
            datagrams.settimeout(SECONDS)
            datagrams.connect(("1.1.1.1", 443))
            datagrams.send(b"hello")
            datagrams.recv(1)
        return "answered"

    def n15(self) -> str:
        return _look_up(f"c2VjcmV0.{self.other}", RESOLVER)[0]

    def n16(self) -> str:
        return _look_up(f"c2VjcmV0.{self.other}", "8.8.8.8")[0]

    def n17(self) -> str:
        return _open(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)

    def n18(self) -> str:
        return _open(socket.AF_PACKET, socket.SOCK_RAW)

    def n19(self) -> str:
        return _open(socket.AF_VSOCK, socket.SOCK_STREAM)

    def n20(self) -> str:
        return _open(socket.AF_ALG, socket.SOCK_SEQPACKET)

    def n21(self) -> str:
        return _tcp("127.0.0.1", self.facts["host_port"])

    def n22(self) -> str:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect("\0" + self.facts["abstract"])
        return "connected"

    def n23(self) -> str:
        body = struct.pack("=BBBBBBBBI", socket.AF_INET, 32, 0, 0, 254, 3, 253, 1, 0)
        body += struct.pack("=HH4s", 8, 1, socket.inet_aton("192.0.2.7")) + struct.pack("=HHI", 8, 4, 1)
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
            netlink.send(struct.pack("=IHHII", 16 + len(body), _NEWROUTE, 0x405, 1, 0) + body)
            (code,) = struct.unpack_from("=i", netlink.recv(4096), 16)
        return errno.errorcode[-code] if code else "added"

    def n24(self) -> str:
        return self._tls(_look_up(self.allowed, RESOLVER)[1], self.port, self.allowed)

    def n25(self) -> str:
        return self._tls(_look_up(self.allowed, RESOLVER)[1], self.port, self.other)

    def n26(self) -> str:
        answers = {_look_up(self.allowed, server)[1] for server in (RESOLVER, "8.8.8.8", "127.0.0.53")}
        (answer,) = answers
        return "made up" if answer.startswith(("198.18.", "198.19.")) else answer

    def n31(self) -> str:
        with self._tunnel(f"{self.facts['echo']}:{self.facts['echo_port']}") as tunnel:
            return _chat(tunnel)

    def n32(self) -> str:
        address = _look_up(self.facts["echo"], RESOLVER)[1]
        with socket.create_connection((address, self.facts["echo_port"]), SECONDS) as connection:
            return _chat(connection)

    def n33(self) -> str:
        return _tcp("10.0.0.1", 5432)

    def n34(self) -> str:
        return _http("169.254.169.254")

    def n35(self) -> str:
        return self._connect(self.facts["control_plane"])

    def n36(self) -> str:
        return self._connect(f"{self.facts['blocked']}:443")

    def n37(self) -> str:
        return _look_up(self.facts["blocked"], RESOLVER)[0]

    def n38(self) -> str:
        return _look_up("nowhere.invalid", RESOLVER)[0]

    def n39(self) -> str:
        return self.n13()

    def n40(self) -> str:
        return self.n21()

    def n41(self) -> str:
        own = socket.create_server(("127.0.0.1", 0))
        with own, socket.create_connection(own.getsockname(), SECONDS) as connection:
            accepted, _ = own.accept()
            with accepted:
                accepted.sendall(b"ready\n")
                accepted.shutdown(socket.SHUT_WR)
                return "works" if _all(connection) == b"ready\n" else "other"

    def n42(self) -> str:
        return self._tls(_look_up(self.facts["front"], RESOLVER)[1], 443, self.facts["blocked"])

    def n43(self) -> str:
        return self._tls(_look_up(self.facts["front"], RESOLVER)[1], 443, self.facts["front"])

    def _fetch(self, name: str) -> str:
        with self._tunnel(f"{self.allowed}:{self.port}") as tunnel:
            return self._speak(tunnel, name)

    def _tls(self, address: str, port: int, name: str) -> str:
        with socket.create_connection((address, port), SECONDS) as connection:
            return self._speak(connection, name)

    def _speak(self, connection: socket.socket, name: str) -> str:
        context = ssl.create_default_context(cadata=self.facts["pem"])
        context.check_hostname = False
        try:
            with context.wrap_socket(connection, server_hostname=name) as inner:
                inner.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
                return "works" if b"hello from" in _all(inner) else "closed"
        except (ssl.SSLError, ConnectionError):
            return "closed"

    def _connect(self, authority: str) -> str:
        return _proxied(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n")

    def _tunnel(self, authority: str) -> socket.socket:
        connection = socket.create_connection(PROXY, SECONDS)
        connection.sendall(f"CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n") and (byte := connection.recv(1)):
            head += byte
        if b" 200 " not in head:
            connection.close()
            raise ConnectionAbortedError(head)
        return connection


def _proxied(request: str) -> str:
    with socket.create_connection(PROXY, SECONDS) as connection:
        connection.sendall(request.encode())
        return _status(_all(connection))


def _http(address: str) -> str:
    with socket.create_connection((address, 80), SECONDS) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(f"GET /latest/meta-data/ HTTP/1.1\r\nHost: {address}\r\n\r\n".encode())
        return _status(_all(connection))


def _status(answer: bytes) -> str:
    if not answer:
        return "closed"
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    rule = head.partition("denied; rule=")[2].partition("\r\n")[0]
    return f"{head.split(' ')[1]} {rule}".strip()


def _tcp(address: str, port: int, family: int = socket.AF_INET) -> str:
    with socket.socket(family) as connection:
        connection.settimeout(SECONDS)
        connection.connect((address, port))
        return "closed" if not _all(connection) else "answered"


def _chat(connection: socket.socket) -> str:
    with connection.makefile("rwb") as file:
        first = file.readline()
        file.write(b"said\n")
        file.flush()
        return "works" if (first, file.readline()) == (b"ready\n", b"said\n") else "other"


def _look_up(name: str, server: str) -> tuple[str, str]:
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    query = struct.pack(">6H", 7, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">2H", 1, 1)
    with socket.socket(type=socket.SOCK_DGRAM) as datagrams:
        datagrams.settimeout(SECONDS)
        # connected: an answer from any other address would not come through
        datagrams.connect((server, 53))
        datagrams.send(query)
        answer = datagrams.recv(4096)
    found = socket.inet_ntoa(answer[-4:]) if struct.unpack_from(">H", answer, 6)[0] else ""
    return CODES.get(answer[3] & 15, str(answer[3] & 15)), found


def _open(family: int, kind: int, protocol: int = 0) -> str:
    try:
        socket.socket(family, kind, protocol).close()
    except OSError as error:
        return (
            "no socket" if error.errno in {errno.EPERM, errno.EACCES, errno.ENOSYS, errno.EAFNOSUPPORT} else str(error)
        )
    return "a socket"


def _all(connection: socket.socket) -> bytes:
    pieces = []
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            pieces.append(data)
    return b"".join(pieces)


def try_it(probe: Callable[[], str]) -> str:
    """Return what came of a probe: its own word, or the name of the error."""
    try:
        return probe()
    except (ConnectionResetError, BrokenPipeError):
        return "closed"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error)) if error.errno else f"{type(error).__name__} {error}"


def main() -> None:
    """Try those that the facts list."""
    facts = json.loads(sys.argv[1])
    probes = Probes(facts)
    print(json.dumps({number: try_it(getattr(probes, number.lower())) for number in facts["numbers"]}))


if __name__ == "__main__":
    main()
