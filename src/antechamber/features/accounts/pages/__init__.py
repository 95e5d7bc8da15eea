"""The pages of accounts: set-up, invites, log-in, and a person's own account."""

from fastapi import APIRouter

from antechamber.features.accounts.pages.setup import setup_pages
from antechamber.features.accounts.service import Accounts


def account_pages(accounts: Accounts) -> list[APIRouter]:
    """Return every page over the services."""
    return [setup_pages(accounts)]
