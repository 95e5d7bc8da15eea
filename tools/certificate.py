"""A self-signed certificate for this machine alone, for `make start-tls`: `python tools/certificate.py FOLDER`."""

import datetime as dt
import ipaddress
import os
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LIFETIME = dt.timedelta(days=365)
RENEW_BEFORE = dt.timedelta(days=30)


def make(now: dt.datetime) -> tuple[bytes, bytes]:
    """Return the PEM of a certificate for localhost, 127.0.0.1 and ::1, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Antechamber on this machine")])
    addresses: list[x509.GeneralName] = [
        x509.DNSName("localhost"),
        x509.IPAddress(ipaddress.ip_address("127.0.0.1")),
        x509.IPAddress(ipaddress.ip_address("::1")),
    ]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + LIFETIME)
        .add_extension(x509.SubjectAlternativeName(addresses), critical=False)
        # a CA of itself: OpenSSL and Node accept it as their extra root
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return (
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )


def is_good(folder: Path, now: dt.datetime) -> bool:
    """Whether the folder holds a pair that lasts."""
    if not (folder / "cert.pem").is_file() or not (folder / "key.pem").is_file():
        return False
    certificate = x509.load_pem_x509_certificate((folder / "cert.pem").read_bytes())
    return certificate.not_valid_after_utc - now > RENEW_BEFORE


def main(arguments: list[str]) -> int:
    """Make the pair in the folder unless a good one is there, and say how clients come to trust it."""
    folder = Path(arguments[0]).resolve()
    now = dt.datetime.now(dt.UTC)
    if not is_good(folder, now):
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.mkdir(mode=0o700, exist_ok=True)
        certificate, key = make(now)
        (folder / "key.pem").unlink(missing_ok=True)
        descriptor = os.open(folder / "key.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(key)
        (folder / "cert.pem").write_bytes(certificate)
    print(f"Clients trust it with  SSL_CERT_FILE={folder}/cert.pem  (Node: NODE_EXTRA_CA_CERTS)", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
