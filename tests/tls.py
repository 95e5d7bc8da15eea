"""A live server that speaks TLS, with a certificate of its own making."""

import datetime as dt
import http.client
import ssl
from pathlib import Path

from tests.live import LiveServer
from tools import certificate


class TlsServer(LiveServer):
    """A founded server at https://localhost; `cert` is what its callers have to trust."""

    def __init__(self, folder: Path) -> None:
        """Make the certificate, and found an organisation in `folder`."""
        self.cert = folder / "cert.pem"
        key = folder / "key.pem"
        for path, pem in zip((self.cert, key), certificate.make(dt.datetime.now(dt.UTC)), strict=True):
            path.write_bytes(pem)
        super().__init__(folder, environment={"ANTE_SERVER_TLS_CERT": str(self.cert), "ANTE_SERVER_TLS_KEY": str(key)})
        self.host = "localhost"
        self.base_url = f"https://localhost:{self.port}"

    def is_ready(self) -> bool:
        context = ssl.create_default_context(cafile=str(self.cert))
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()
