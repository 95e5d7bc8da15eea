"""The spool: ledger records on the local disk, appended before they matter and kept until the database has them.

`spool/<node>/lock` has one writer; `spool/<node>/g<number>/` is one run of a server: numbered segments that are only
appended to, and progress files with a slot for each open request. Every run writes a folder of its own: what an earlier
run, or a node that is gone, has left is only read, and removed once it is in the database.
"""

from antechamber.adapters.spool.files import FileSpool
from antechamber.adapters.spool.lock import SpoolInUseError

__all__ = ["FileSpool", "SpoolInUseError"]
