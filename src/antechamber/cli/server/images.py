"""`ante sandboxes images`: the base images that containers stand on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

from antechamber.cli.groups import Group
from antechamber.cli.server.options import config_option, data_option, failures_told, json_option, print_json
from antechamber.wiring.images import NAMES, build_image, list_images, take_image
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


def _say(line: str) -> None:
    click.echo(line, err=True)
