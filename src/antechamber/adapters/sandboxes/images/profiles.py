"""What the base profiles are made of: Debian packages, and a few programs that Debian lacks."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# stable since August 2025; meets the published reference of containers (wire-agents.md 2)
SUITE: Final = "trixie"
_MINIMAL: Final = ("ca-certificates",)
_STANDARD: Final = (
    *_MINIMAL,
    "build-essential",
    "bzip2",
    "curl",
    "file",
    "git",
    "jq",
    "less",
    "nano",
    "nodejs",
    "npm",
    "openssh-client",
    "patch",
    "procps",
    "python3",
    "python3-dev",
    "python3-pip",
    "python3-venv",
    "ripgrep",
    "ruby",
    "ruby-dev",
    "sqlite3",
    "tmux",
    "tree",
    "unzip",
    "wget",
    "xz-utils",
    "zip",
)
_FULL: Final = (
    *_STANDARD,
    "cargo",
    "cmake",
    "composer",
    "golang-go",
    "htop",
    "maven",
    "openjdk-21-jdk-headless",
    "php-cli",
    "pkg-config",
    "postgresql-client",
    "redis-tools",
    "rustc",
    "screen",
    "vim-tiny",
)


@dataclass(frozen=True, slots=True)
class Profile:
    """A base: Debian packages, and commands that run in the tree once those are in."""

    name: str
    packages: tuple[str, ...]
    commands: tuple[tuple[str, ...], ...] = ()


PROFILES: Final[Mapping[str, Profile]] = {
    profile.name: profile
    for profile in (
        Profile("minimal", _MINIMAL),
        Profile("standard", _STANDARD),
        Profile(
            "full",
            _FULL,
            (
                ("npm", "install", "--global", "--no-audit", "--no-fund", "pnpm", "yarn"),
                ("pip3", "install", "--break-system-packages", "--root-user-action=ignore", "--no-cache-dir", "uv"),
            ),
        ),
    )
}
# what every base has beside its packages: paths that sessions use, and no service that a package starts
FOLDERS: Final = ("workspace", "mnt", "mnt/session", "mnt/session/uploads", "mnt/session/outputs")
FILES: Final[Mapping[str, tuple[str, int]]] = {
    "etc/hosts": ("127.0.0.1 localhost\n", 0o644),
    "etc/hostname": ("sandbox\n", 0o644),
    "etc/resolv.conf": ("nameserver 127.0.0.1\n", 0o644),
    "usr/sbin/policy-rc.d": ("#!/bin/sh\nexit 101\n", 0o755),
}
