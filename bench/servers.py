"""The processes that are compared: the simulated upstream, ours and nginx before it; each on a private port."""

import contextlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NoReturn

from bench.load import HOST, MODEL

NGINX_PACKAGE: Final = "nginx"
_ROOT: Final = Path(__file__).resolve().parents[1]
_START_SECONDS: Final = 30.0
_OURS: Final = ("ANTE_SERVER_", "ANTHROPIC_", "OPENAI_")

# Nothing is logged and nothing buffered: nginx as lean as it goes.
_NGINX: Final = """\
daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/nginx.log warn; {user}
worker_rlimit_nofile 8192;
events {{ worker_connections 4096; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  keepalive_requests 1000000; client_max_body_size 32m; client_body_buffer_size 128k;
  upstream models {{ server 127.0.0.1:{upstream}; keepalive 512; keepalive_requests 1000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=2048;
    location / {{
      proxy_pass http://models; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_buffering off;
    }}
  }}
}}
"""
_PROVIDERS: Final = """\
[[providers]]
name = "upstream"
kind = "anthropic"
base_url = "http://127.0.0.1:{upstream}"
api_key = "upstream-key"
models = ["{model}"]
"""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that answers model requests: its name in the tables, its process, its port and a key for it."""

    name: str
    pid: int
    port: int
    key: str


@dataclass(frozen=True, slots=True)
class Trio:
    """The upstream itself, and the two ways to it."""

    direct: Target
    ours: Target
    nginx: Target
    folder: Path

    @property
    def proxies(self) -> tuple[Target, Target]:
        """Ours and nginx, in the order in which a round takes them."""
        return self.ours, self.nginx

    @property
    def all(self) -> tuple[Target, Target, Target]:
        """Direct, ours and nginx."""
        return self.direct, self.ours, self.nginx


def free_port() -> int:
    """Return a port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def environment() -> dict[str, str]:
    """Return the environment without settings of ours, so that a run depends on nothing but its flags."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}


def ante(*arguments: str | Path) -> list[str]:
    """Return the command line of one of our commands."""
    return [sys.executable, "-m", "antechamber", *map(str, arguments)]


@contextlib.contextmanager
def trio(*, stamping: bool = False) -> Iterator[Trio]:
    """Start upstream, ours and nginx, each on a port and in a folder of its own; stop them in the end.

    The upstream is `ante simulate`, or the one whose events carry the time (`stamping_upstream.py`).
    """
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ante-bench-")))
        upstream = free_port()
        script = _ROOT / "bench" / "stamping_upstream.py"
        line = [sys.executable, str(script), str(upstream)] if stamping else ante("simulate", "--port", str(upstream))
        pid = stack.enter_context(running(line, upstream, folder / "upstream.log"))
        key, port = prepare_ours(folder, upstream), free_port()
        ours = stack.enter_context(running(serve_line(folder, port), port, folder / "ours.log"))
        private = free_port()
        nginx = stack.enter_context(running(nginx_line(folder, private, upstream), private, folder / "nginx.out"))
        wait_ready(port)
        yield Trio(
            Target("direct", pid, upstream, "key"),
            Target("ours", ours, port, key),
            Target("nginx", nginx, private, "key"),
            folder,
        )


def prepare_ours(folder: Path, upstream: int) -> str:
    """Found an organization in folder/data with one provider, the upstream, and return its API key."""
    (folder / "providers.toml").write_text(_PROVIDERS.format(upstream=upstream, model=MODEL))
    line = ante("init", "--organization", "Bench", "--admin-email", "bench@example.com", "--json")
    told = subprocess.run(
        [*line, "--data", folder / "data"], check=True, capture_output=True, env=environment(), cwd=folder
    )
    return str(json.loads(told.stdout)["api_key"])


def serve_line(folder: Path, port: int) -> list[str]:
    """Return the command that serves folder/data."""
    return ante("serve", "--port", str(port), "--data", folder / "data", "--config", folder / "providers.toml")


@contextlib.contextmanager
def bare(servers: Trio) -> Iterator[Target]:
    """Start the bare stack before the same upstream (`bare_proxy.py`)."""
    port = free_port()
    line = [sys.executable, str(_ROOT / "bench" / "bare_proxy.py"), str(port), f"http://{HOST}:{servers.direct.port}"]
    with running(line, port, servers.folder / "bare.log") as pid:
        yield Target("bare stack", pid, port, "key")


def nginx_line(folder: Path, port: int, upstream: int) -> list[str]:
    """Write nginx's configuration into the folder and return the command that runs it in the foreground."""
    program = _nginx()
    private = folder / "nginx"
    private.mkdir(exist_ok=True)
    user = "user root root;" if os.geteuid() == 0 else ""
    conf = private / "nginx.conf"
    conf.write_text(_NGINX.format(folder=private, port=port, upstream=upstream, user=user))
    return [program, "-c", str(conf), "-p", str(private), "-e", str(private / "nginx.log")]


@contextlib.contextmanager
def running(line: Sequence[str], port: int, log: Path) -> Iterator[int]:
    """Run a program, wait until it listens, yield its pid, and stop it in the end."""
    with log.open("wb") as output:
        process = subprocess.Popen(line, stdout=output, stderr=output, env=environment(), cwd=log.parent)
    try:
        deadline = time.monotonic() + _START_SECONDS
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                give_up(f"{' '.join(line)}: did not come up:\n{log.read_text()}")
            time.sleep(0.005)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_ready(port: int) -> None:
    """Wait until GET /health/ready answers 200."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection(HOST, port, timeout=5)) as ask:
            ask.request("GET", "/health/ready")
            if ask.getresponse().status == 200:
                return
        time.sleep(0.005)
    give_up("the server did not become ready")


def give_up(message: str) -> NoReturn:
    """End the run with a sentence."""
    print(message, file=sys.stderr)
    sys.exit(2)


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex((HOST, port)) == 0


def _nginx() -> str:
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    found = shutil.which("nginx", path=path)
    if found is not None:
        return found
    line = ["apt-get", "install", "--yes", "--no-install-recommends", NGINX_PACKAGE]
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        give_up(f"The peer is missing. As root: {' '.join(line)}")
    print(f"Installing {NGINX_PACKAGE} ...", file=sys.stderr, flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    if subprocess.run(line, env=quiet, stdout=subprocess.DEVNULL, check=False).returncode:
        subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=True)
        subprocess.run(line, env=quiet, stdout=subprocess.DEVNULL, check=True)
    if Path("/run/systemd/system").is_dir():
        # the package starts a server of its own on port 80, which nobody asked for
        subprocess.run(["systemctl", "disable", "--quiet", "--now", "nginx"], check=False)
    found = shutil.which("nginx", path=path)
    if found is None:
        give_up("nginx is not on PATH though its package is installed")
    return found
