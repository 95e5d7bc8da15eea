"""What a worker says of itself: a line for people, or a JSON object a line."""

import json
from typing import Final

from antechamber.base.clock import to_rfc3339
from antechamber.cli.world import World

_TEXTS: Final = {
    "waiting": "waiting for work of {environment_id}",
    "taken": "took {work_id} for {session_id}",
    "started": "running {program} (process {pid})",
    "ended": "{program} ended with {exit_code}",
    "stopped": "{work_id} is done",
    "handed_back": "{work_id} goes back to the queue",
    "failed": "{work_id} failed: {reason}",
    "lost": "{work_id} is another worker's by now",
    "ending": "{work_id} is asked to end",
    "skipped": "{work_id} needs nothing: {reason}",
    "retrying": "trying again in {seconds:.0f} s: {reason}",
    "leaving": "leaving",
}
_CLOCK: Final = slice(11, 19)


class Teller:
    """Tells events as they come."""

    def __init__(self, world: World, *, as_json: bool) -> None:
        self._world = world
        self._as_json = as_json

    def tell(self, event: str, **facts: object) -> None:
        """Write one line, at once."""
        at = to_rfc3339(self._world.clock.now())
        if self._as_json:
            line = json.dumps({"at": at, "event": event, **facts}, ensure_ascii=False)
        else:
            line = f"{at[_CLOCK]} {_TEXTS[event].format(**facts)}"
        self._world.stdout.write(line + "\n")
        self._world.stdout.flush()
