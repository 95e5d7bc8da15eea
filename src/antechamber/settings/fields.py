"""The one table of the server's settings: name, default, help."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from antechamber.base.secret import Secret


def _setting(default: object, help_text: str, **more: object) -> Any:  # noqa: ANN401 - as dataclasses.field
    return field(default=default, metadata={"help": help_text, **more})


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that the operator can set; sizes in bytes, times in seconds."""

    data: Path = _setting(Path("~/.local/share/antechamber"), "Folder in which everything that is stored lies.")
    database_url: Secret | None = _setting(
        None, "PostgreSQL address, as postgresql://user:password@host/name; unset: SQLite in the data folder."
    )
    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(8787, "Port to listen on.")
    public_url: str | None = _setting(
        None, "How callers reach this server; links, issuer and cookies derive from it. Unset: from host and port."
    )
    trusted_proxies: str = _setting(
        "", "Comma list of proxies, as addresses or networks, whose X-Forwarded-For is believed."
    )
    tls_cert: Path | None = _setting(None, "PEM certificate chain; with tls_key the server speaks TLS.")
    tls_key: Path | None = _setting(None, "PEM private key of tls_cert.")
    workers: int = _setting(1, "Server processes; more than one needs PostgreSQL and shared counters.")
    node: str = _setting("main", "This node's name; its spool lies in DATA/spool/NAME.")
    pepper: Secret | None = _setting(
        None, "Key of the hashes under which secrets are stored; unset: DATA/secrets/pepper, made at first start."
    )
    master_key: Secret | None = _setting(
        None,
        "Key under which secrets that must be used again are sealed; several with commas: the first seals (ante "
        "secrets reseal seals the rest anew). Unset: DATA/secrets/master_keys, made when first needed.",
    )
    anthropic_api_key: Secret | None = _setting(
        None, "At start without providers: key of an Anthropic-format provider."
    )
    anthropic_base_url: str = _setting("https://api.anthropic.com", "Address of that provider.")
    openai_api_key: Secret | None = _setting(None, "Without [[providers]]: key of an OpenAI-format provider.")
    openai_base_url: str = _setting("https://api.openai.com", "Address of that provider.")
    simulated: str = _setting(
        "auto", "Simulated models: on, off, or auto (on while no other provider is configured).",
        choices=("auto", "on", "off"),
    )  # fmt: skip
    managed_settings: Path | None = _setting(
        None, "JSON file of Claude Code's managed settings, sent to those who log in to this server; unset: no policy."
    )
    max_body_bytes: int = _setting(32 << 20, "Largest body of a model request.")
    max_open_requests: int = _setting(4000, "Model requests in flight before new ones are refused with 529.")
    limits_on_failure: str = _setting(
        "open", "Requests whose limits cannot be checked: open lets them through, closed refuses them with 529.",
        choices=("open", "closed"),
    )  # fmt: skip
    drain_seconds: int = _setting(30, "How long a stopping server lets open requests go on.")
    spool_segment_bytes: int = _setting(8 << 20, "Size of a preallocated spool segment.")
    metrics_host: str = _setting("127.0.0.1", "Address of the metrics listener.")
    metrics_port: int = _setting(
        0, "Port of a metrics listener; 0: only /metrics on the main port, for loopback callers."
    )
    mail_url: Secret | None = _setting(
        None,
        "Mail server, as smtp://user:password@host:587 (STARTTLS) or smtps://user:password@host:465; unset: mails are "
        "put as files into DATA/mail.",
    )
    mail_from: str = _setting("Antechamber <antechamber@localhost>", "Sender of mails.")
    invite_domains: str = _setting("", "Comma list of the only e-mail domains that may be invited; empty: every one.")
    member_limit: int = _setting(0, "Members of an organization, pending invites counted; 0: no limit.")
    admin_requests_per_minute: int = _setting(
        0, "Requests of an organization to /v1/organizations in a minute; 0: no limit."
    )
    kms_url: str | None = _setting(
        None, "Address of a service that uses customers' external keys to encrypt and decrypt; unset: none works."
    )
    kms_token: Secret | None = _setting(None, "Bearer token for that service.")
    api_key_limit: int = _setting(10_000, "Active API keys of an organization; 0: no limit.")
    workspace_api_key_limit: int = _setting(10_000, "Active API keys of a workspace; 0: no limit.")
    invites_per_hour: int = _setting(1200, "Invites that an organization may create in an hour; 0: no limit.")
    session_idle_seconds: int = _setting(12 * 3600, "Time after which an unused browser session ends.")
    session_absolute_seconds: int = _setting(30 * 86_400, "Time after which a browser session ends in any case.")
    login_account_failures: int = _setting(10, "Wrong passwords for an account before each further one has to wait.")
    login_pair_failures: int = _setting(5, "The same for an account from one address.")
    login_address_failures: int = _setting(100, "The same from one address (of IPv6: /64 network), for all accounts.")
    login_longest_wait_seconds: int = _setting(900, "Longest such wait; each is twice as long as the one before.")
    password_hashings: int = _setting(2, "Passwords that are hashed at the same time; each takes 64 MiB.")
    federation_private_issuers: str = _setting(
        "", "Comma list of the issuers' origins that may be private, as https://kubernetes.default.svc or "
        "https://10.0.0.1:8443; every other address must be public, a name, and on port 443.",
    )  # fmt: skip
    webhook_private_origins: str = _setting(
        "", "Comma list of the origins of webhook endpoints that may be private, as https://10.0.0.1:8443 or "
        "https://hooks.internal; every other address must be public, a name, and on port 443.",
    )  # fmt: skip
    telemetry_private_origins: str = _setting(
        "", "Comma list of the origins of telemetry destinations that may be private, as https://10.0.0.1:4318 or, not "
        "encrypted, http://127.0.0.1:4318; every other address must be public, a name, https and on port 443.",
    )  # fmt: skip
    telemetry_failure_seconds: int = _setting(
        6 * 3600, "Time after which a telemetry destination that has taken nothing is disabled."
    )
    federation_history_days: int = _setting(30, "Days for which the authentication history of workloads is kept.")
    federation_history_rows: int = _setting(100_000, "Most exchanges that the history of an organization keeps.")
    access_token_seconds: int = _setting(3600, "How long an access token of a log-in lives; from 60 to 86400.")
    refresh_token_idle_seconds: int = _setting(30 * 86_400, "Time after which an unused refresh token ends.")
    refresh_token_seconds: int = _setting(90 * 86_400, "Time after which a person has to log in anew in any case.")
    refresh_grace_seconds: int = _setting(
        60, "How long a replaced refresh token still gets the same successor, for programs that refresh at once."
    )
    token_failures_per_minute: int = _setting(
        120, "Refused exchanges of tokens from one address in a minute before all are refused; 0: no limit."
    )
    sandbox_runtime: str = _setting(
        "crun", "What runs sandboxes: crun, runc, runsc or the path of another OCI runtime; docker, for an engine that "
        "speaks its API; memory, which runs no programs and is for trying the API.",
    )  # fmt: skip
    sandbox_docker_url: str = _setting(
        "unix:///var/run/docker.sock", "Address of that engine, as unix:///path or tcp://host:port."
    )
    sandbox_docker_tls: Path | None = _setting(
        None, "Folder with ca.pem, cert.pem and key.pem for an engine at tcp://; unset: no TLS."
    )
    sandbox_docker_runtime: str = _setting("", "The engine's own runtime for sandboxes, as runsc; empty: its default.")
    sandbox_memory_mib: int = _setting(2048, "Memory of a sandbox in MiB; 0: no limit.")
    sandbox_cpus: float = _setting(2.0, "Processors' time that a sandbox may use, as 0.5 or 2; 0: no limit.")
    sandbox_pids: int = _setting(1024, "Processes and threads of a sandbox; 0: no limit.")
    sandbox_disk_mib: int = _setting(10_240, "What a sandbox may write to its disk, in MiB; 0: no limit.")
    sandbox_open_files: int = _setting(4096, "Open files of each process of a sandbox; 0: no limit.")
    sandbox_seconds: int = _setting(
        0,
        "Time after which a sandbox is stopped; what it wrote stays, and a session's starts again when that is next "
        "used; 0: no limit.",
    )
    sandbox_base: str = _setting(
        "host", "Base that containers stand on: host (this machine's programs, read-only), minimal, standard, full, or "
        "one that was imported; where it lacks a package manager, the smallest that is ready and has it.",
    )  # fmt: skip
    sandbox_builds: int = _setting(2, "Environments whose packages are installed at the same time.")
    sandbox_build_seconds: int = _setting(1800, "Longest time that installing an environment's packages may take.")
    sandbox_build_history_days: int = _setting(90, "Days for which builds and their logs are kept; 0: for ever.")
    sandbox_layer_days: int = _setting(
        30, "Days after which installed packages that nothing used, and bases that were replaced, go; 0: never."
    )
    sandbox_layers_bytes: int = _setting(
        50 << 30, "Most that installed packages take on the disk; what was used longest ago goes first. 0: no limit."
    )
    log_level: str = _setting("info", "Least severe log line.", choices=("debug", "info", "warning", "error"))

    def is_tls(self) -> bool:
        """Say whether the server speaks TLS."""
        return self.tls_cert is not None

    def master_keys(self) -> list[Secret]:
        """Return the master keys that are set, the one that seals first."""
        parts = self.master_key.reveal().split(",") if self.master_key else []
        return [Secret(part.strip()) for part in parts if part.strip()]

    def base_url(self) -> str:
        """Return how callers reach this server, without a trailing slash."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = "localhost" if self.host in {"127.0.0.1", "::1"} and self.is_tls() else self.host
        host = f"[{host}]" if ":" in host else host
        return f"{'https' if self.is_tls() else 'http'}://{host}:{self.port}"
