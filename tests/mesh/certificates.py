"""Writes an authority, and certificates that it signed for a server on 127.0.0.1 and for a client, into a folder."""

import datetime
import ipaddress
import pathlib
import sys

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

folder = pathlib.Path(sys.argv[1])
start = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)


def name(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def certificate(text, issuer, issuer_key, *extensions):
    key = ec.generate_private_key(ec.SECP256R1())
    builder = x509.CertificateBuilder().subject_name(name(text)).issuer_name(issuer or name(text)).public_key(key.public_key())
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(start)
    builder = builder.not_valid_after(start + datetime.timedelta(days=1))
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    made = builder.sign(issuer_key or key, hashes.SHA256())
    write(text, made, key)
    return made, key


def write(text, made, key):
    pem = serialization.Encoding.PEM
    (folder / f"{text}.pem").write_bytes(made.public_bytes(pem))
    plain = serialization.NoEncryption()
    (folder / f"{text}.key").write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain))


usage = x509.KeyUsage(False, False, False, False, False, True, True, False, False)
authority, authority_key = certificate("authority", None, None, (x509.BasicConstraints(True, None), True), (usage, True))
loopback = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
server = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
client = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
certificate("server", authority.subject, authority_key, (loopback, False), (server, False))
certificate("client", authority.subject, authority_key, (client, False))
