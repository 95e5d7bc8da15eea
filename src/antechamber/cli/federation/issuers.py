"""`ante federation issuers`: whose word on identities is taken."""

from collections.abc import Mapping
from typing import Final

import click

from antechamber.cli.bearer import (
    add_archive,
    add_get,
    call,
    file_option,
    list_options,
    named,
    read_body,
    read_json,
    read_text,
    show_list,
)
from antechamber.cli.durations import Duration
from antechamber.cli.groups import Group
from antechamber.cli.paths import segment
from antechamber.cli.resources import ORGANIZATION, Column, Decorated, need
from antechamber.cli.settings import Invocation

_PATH: Final = f"{ORGANIZATION}/federation_issuers"


def _source(entry: Mapping[str, object]) -> object:
    jwks = entry.get("jwks")
    return jwks.get("type") if isinstance(jwks, Mapping) else None


def _health(entry: Mapping[str, object]) -> object:
    if entry.get("jwks_polling_disabled_at"):
        return "paused"
    status = entry.get("poll_status")
    failures = status.get("consecutive_failures") if isinstance(status, Mapping) else None
    return f"{failures} failures" if failures else "ok" if status else None


def _place(entry: Mapping[str, object]) -> object:
    return str(entry.get("issuer_url") or "").removeprefix("https://")


_COLUMNS: Final[tuple[Column, ...]] = (
    ("id", "id"),
    ("name", named),
    ("issuer", _place),
    ("keys", _source),
    ("fetching", _health),
)


@click.group(cls=Group)
def issuers() -> None:
    """Make, change and archive issuers of identities."""


def _key_options(command: Decorated) -> Decorated:
    for option in reversed((
        click.option("--discovery-base", metavar="URL", help="Keys by OIDC discovery below here."),
        click.option("--jwks-url", metavar="URL", help="Keys from this address."),
        click.option("--jwks-file", metavar="FILE", help="Keys from a JWKS file, sent along; `-` for stdin."),
        click.option("--ca-cert", metavar="FILE", help="PEM of the authorities behind the address of the keys."),
        click.option("--check-jti/--no-check-jti", default=None, help="Take each assertion once.  [default: once]"),
        click.option(
            "--max-jwt-lifetime", "max_jwt_lifetime_seconds", type=Duration(), metavar="TIME",
            help="Longest validity of an assertion, to 49h.  [default: 1h]",
        ),
        file_option,
    )):  # fmt: skip
        command = option(command)
    return command


@issuers.command("create")
@click.argument("name", required=False)
@click.option("--issuer-url", metavar="URL", help="What assertions call `iss`, byte for byte.")
@_key_options
@click.pass_obj
def create(invocation: Invocation, /, **fields: object) -> None:
    """Trust an issuer. Its keys come by OIDC discovery from its URL, unless you say otherwise."""
    call(invocation, "POST", _PATH, need(_body(invocation, fields), "NAME and --issuer-url, or --file"))


@issuers.command("list")
@list_options
@click.pass_obj
def list_issuers(invocation: Invocation, /, **query: object) -> None:
    """List issuers, newest first, and how the fetching of their keys goes."""
    show_list(invocation, _PATH, _COLUMNS, list(query.items()))


add_get(issuers, _PATH, "federation_issuer_id", "Show one issuer.")


@issuers.command("update")
@click.argument("federation_issuer_id")
@click.option("--name", help="The new name.")
@click.option("--issuer-url", metavar="URL", help="What assertions call `iss` from now on.")
@_key_options
@click.option("--resume-polling", is_flag=True, help="Fetch the keys again, which was paused after failures.")
@click.pass_obj
def update(invocation: Invocation, /, federation_issuer_id: str, *, resume_polling: bool, **fields: object) -> None:
    """Change an issuer; how its keys are had is replaced whole."""
    body = _body(invocation, fields)
    if resume_polling:
        body["jwks_polling_disabled"] = False
    flags = "--name, --issuer-url, --jwks-url, --resume-polling …, or --file"
    call(invocation, "POST", f"{_PATH}/{segment(federation_issuer_id)}", need(body, flags))


add_archive(issuers, _PATH, "federation_issuer_id", "nothing that it says is believed any more")


def _body(invocation: Invocation, fields: Mapping[str, object]) -> dict[str, object]:
    """Return the body of a file and of flags."""
    plain = ("name", "issuer_url", "check_jti", "max_jwt_lifetime_seconds")
    body = read_body(invocation, _text(fields, "file"))
    body.update({name: fields[name] for name in plain if fields[name] is not None})
    jwks = _jwks(invocation, fields)
    return body if jwks is None else {**body, "jwks": jwks}


def _jwks(invocation: Invocation, fields: Mapping[str, object]) -> dict[str, object] | None:
    base, url, file = (_text(fields, name) for name in ("discovery_base", "jwks_url", "jwks_file"))
    authorities = _text(fields, "ca_cert")
    if sum(value is not None for value in (base, url, file)) > 1:
        message = "give one of --discovery-base, --jwks-url and --jwks-file"
        raise click.UsageError(message)
    if file is not None:
        if authorities is not None:
            message = "--ca-cert is for keys that are fetched, not for --jwks-file"
            raise click.UsageError(message)
        return {"type": "inline", "keys": _keys(invocation, file)}
    pem = {} if authorities is None else {"ca_cert_pem": read_text(invocation, authorities, "--ca-cert")}
    if url is not None:
        return {"type": "explicit_url", "url": url, **pem}
    if base is not None:
        return {"type": "discovery", "discovery_base": base, **pem}
    return {"type": "discovery", **pem} if pem else None


def _keys(invocation: Invocation, file: str) -> list[object]:
    """Return the keys of a JWKS document (RFC 7517 §5), or of a bare list of them."""
    found = read_json(invocation, file, "--jwks-file")
    keys = found.get("keys") if isinstance(found, dict) else found
    if not isinstance(keys, list):
        message = f'--jwks-file: {file} holds no {{"keys": […]}}'
        raise click.UsageError(message)
    return keys


def _text(fields: Mapping[str, object], name: str) -> str | None:
    value = fields[name]
    return value if isinstance(value, str) else None
