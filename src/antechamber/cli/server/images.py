"""`ante sandboxes images`: the base images that containers stand on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.images import NAMES, build_image, list_images, prune_images, take_image
from antechamber.wiring.operations import read_settings

_MEBIBYTE: Final = 1 << 20


@click.group("images", cls=Group)
def images() -> None:
    """List and make base images; `host`, this machine's own programs, is always there."""


def _show(image: Mapping[str, Any]) -> None:
    size = image["size_bytes"]
    about = f"{(size or 0) / _MEBIBYTE:8,.0f} MiB  {' '.join(image['managers'])}" if size is not None else image["hint"]
    click.echo(f"{image['name']:12} {image.get('state', 'ready'):8} {about}")


@images.command("list")
@data_option
@config_option
@json_option
def list_all(config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """List the base images that there are or could be, and the managers that each brings."""
    with failures_told():
        found = list_images(read_settings(config, {"data": data}))
    if as_json:
        print_json({"data": found})
        return
    for image in found:
        _show(image)


@images.command("build")
@click.argument("name", type=click.Choice(NAMES))
@data_option
@config_option
@json_option
def build(name: str, config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Make a base of Debian's packages; containers that start from now on stand on it, without a restart.

    The packages come from `[registries.apt] index_url` of the server's file, or else from Debian's own mirrors.
    """
    with failures_told():
        image = build_image(read_settings(config, {"data": data}), name, _say)
    print_json(image) if as_json else _show(image)


@images.command("take")
@click.argument("name")
@click.argument("image")
@data_option
@config_option
@json_option
def take(name: str, image: str, config: Path | None, *, as_json: bool, data: Path | None) -> None:
    """Make a base NAME of an OCI image, as skopeo names it.

    \b
    ante sandboxes images take ours oci:/srv/image:latest
    ante sandboxes images take ours oci-archive:/srv/image.tar
    ante sandboxes images take ours docker://registry.example.com/team/image:1
    """  # noqa: D301 - click's mark for text that keeps its lines
    with failures_told():
        made = take_image(read_settings(config, {"data": data}), name, image, _say)
    print_json(made) if as_json else _show(made)


@images.command("prune")
@click.option("--unused-days", type=click.IntRange(min=0), default=0, help="Only those replaced so many days ago.")
@click.option("--dry-run", is_flag=True, help="Say what would be removed, and remove nothing.")
@data_option
@config_option
@json_option
def prune(unused_days: int, config: Path | None, *, dry_run: bool, as_json: bool, data: Path | None) -> None:
    """Remove bases that newer ones have replaced, if no container and no layer stands on them.

    One that was replaced within the last hour stays. The server does this by itself, by `sandbox_layer_days`.
    """
    with failures_told():
        told = prune_images(read_settings(config, {"data": data}), unused_days, is_trial=dry_run)
    if as_json:
        print_json({**told, "dry_run": dry_run})
        return
    for base in told["removed"]:
        click.echo(f"{base['name']:40} {base['size_bytes'] / _MEBIBYTE:8,.0f} MiB  replaced {base['replaced_at']}")
    word = "would be removed" if dry_run else "removed"
    click.echo(f"{len(told['removed'])} {word}, {told['freed_bytes'] / _MEBIBYTE:,.0f} MiB")


def _say(line: str) -> None:
    click.echo(line, err=True)
