"""A source of gems on this machine's loopback, whose one gem and index are made by the base's own Ruby."""

import contextlib
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from antechamber.features.environments.model.sandbox import SandboxSpec
from antechamber.features.environments.ports.sandboxes import Sandboxes
from tests.sandboxes.bases import TOOLS
from tests.sandboxes.running import ORGANIZATION, collect, run

HOST = "gems.example"
# RubyGems' own formats: the lists of names, one specification, the packed gem
_MAKE = """
require 'rubygems/package'
require 'zlib'
Dir.chdir('/workspace')
Dir.mkdir('bin')
File.write('bin/tell', "#!/usr/bin/env ruby\\nputs 'told'\\n")
spec = Gem::Specification.new do |s|
  s.name, s.version, s.summary, s.authors = 'teller', '1.2.3', 'tells', ['tests']
  s.files, s.executables, s.license = ['bin/tell'], ['tell'], 'Apache-2.0'
end
Gem::Package.build(spec)
all = Marshal.dump([['teller', Gem::Version.new('1.2.3'), 'ruby']])
Zlib::GzipWriter.open('specs.4.8.gz') { |file| file.write(all) }
File.binwrite('spec.rz', Zlib::Deflate.deflate(Marshal.dump(spec)))
"""
_FILES = {
    "specs.4.8.gz": ("specs.4.8.gz", "latest_specs.4.8.gz"),
    "spec.rz": ("quick/Marshal.4.8/teller-1.2.3.gemspec.rz",),
    "teller-1.2.3.gem": ("gems/teller-1.2.3.gem",),
}


async def make(sandboxes: Sandboxes, folder: Path) -> None:
    """Write the source's files into a folder."""
    room = await sandboxes.create(SandboxSpec("gem-maker", ORGANIZATION, TOOLS))
    try:
        said = await run(room, "ruby", "-e", _MAKE)
        assert said.status.code == 0, said.err
        for name, places in _FILES.items():
            content = await collect(room.read(f"/workspace/{name}"))
            for place in places:
                path = folder / place
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
    finally:
        await sandboxes.remove("gem-maker")


class _Silent(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[int]:
    """Serve a folder; yields the port."""
    folder.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Silent, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
