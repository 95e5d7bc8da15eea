"""A process that uses a set-up link as soon as it is told to: `python -m tests.faults.newcomer DATA EMAIL`.

The link's secret comes on its stdin; it says `ready`, waits for a second line, and says how it ended.
"""

import asyncio
import sys
from pathlib import Path

from antechamber.base.actor import Actor, ActorKind
from antechamber.base.errors import WireError
from antechamber.features.accounts.model import LoggedIn
from antechamber.settings import load
from antechamber.wiring.storage import open_storage

PASSWORD = "korrekt pferd batterie"
_BY = Actor(ActorKind.UNAUTHENTICATED, None, "203.0.113.7")


async def _use(data: Path, email: str) -> str:
    storage = open_storage(load({"data": data}).settings)
    try:
        secret = sys.stdin.readline().strip()
        # connected and warm, so that those who are told at once begin at once
        await storage.accounts.welcome(secret)
        print("ready", flush=True)
        sys.stdin.readline()
        entered = await storage.accounts.use_setup_link(secret, email, "", PASSWORD, _BY)
    except WireError as error:
        return error.error_code or f"{error.type} {error.message} {error.note}"
    else:
        return "in" if isinstance(entered, LoggedIn) else entered.reason
    finally:
        await storage.database.close()


if __name__ == "__main__":
    print(asyncio.run(_use(Path(sys.argv[1]), sys.argv[2])), flush=True)
