"""The pages of accounts: set-up, invites, log-in, and a person's own account."""

from fastapi import APIRouter

from antechamber.features.accounts.pages.account import own_pages
from antechamber.features.accounts.pages.desk import Desk
from antechamber.features.accounts.pages.invite import invite_pages
from antechamber.features.accounts.pages.log_in import log_in_pages
from antechamber.features.accounts.pages.password import password_pages
from antechamber.features.accounts.pages.setup import setup_pages

__all__ = ["Desk", "account_pages"]


def account_pages(desk: Desk) -> list[APIRouter]:
    """Return every page over the services."""
    return [log_in_pages(desk), setup_pages(desk), invite_pages(desk), password_pages(desk), own_pages(desk)]
