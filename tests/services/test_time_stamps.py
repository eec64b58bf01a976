"""A seal bears the time-stamp of an outside authority where the operator names one; one changed byte of it is found."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from asn1crypto import keys as asn1_keys  # type: ignore[import-untyped]
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.conf import settings as project
from django.core.management import call_command
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper

from alliance.actions.files import open_content
from services import seals
from services.actions.contract_sealing import seal_contract
from services.choices import ContractState
from services.models import ContractSeal
from tests.factories.alliance import NOON
from tests.factories.contracts import D, S, W, World, make_world

if TYPE_CHECKING:
    from alliance.models import Alliance, User

HOUR = timedelta(hours=1)


def make_authority() -> DummyTimeStamper:
    """An authority whose certificate ended long ago: what it stamped while it held stays stamped."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Authority of the test")])
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(STAMPED_AT - timedelta(days=1))
        .not_valid_after(STAMPED_AT + timedelta(days=1))
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING]), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    der = serialization.Encoding.DER
    secret = key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return DummyTimeStamper(
        asn1_x509.Certificate.load(certificate.public_bytes(der)),
        asn1_keys.PrivateKeyInfo.load(secret),
        fixed_dt=STAMPED_AT,
    )


STAMPED_AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)


@pytest.fixture
def authority(settings: Any) -> Iterator[list[int]]:
    """An authority that answers over HTTP, as those outside do; how often it was asked."""
    stamper, asked = make_authority(), []

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append(1)
            body = asyncio.run(stamper.async_request_tsa_response(request)).dump()
            self.send_response(200)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is given
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.SEAL_TIMESTAMP_URL = f"http://127.0.0.1:{server.server_port}/"
    yield asked
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def signed(act: Alliance, secretary: User, tmp_path: Path, settings: Any) -> World:
    settings.KEYS_DIR = tmp_path / "keys"
    world = make_world(act, secretary=secretary)
    world.open()
    for hours, role in enumerate((D, S, W)):
        world.sign(world.people[role], at=NOON + hours * HOUR)
    assert world.fresh().state == ContractState.SEALING
    return world


def sealed_by(world: World) -> bytes:
    assert seal_contract(world.alliance, world.contract.pk, at=NOON + 3 * HOUR)
    seal = ContractSeal.objects.of(world.alliance).select_related("file").get()
    assert seal.time_stamped
    with open_content(seal.file) as content:
        return bytes(content.read())


def test_a_sealed_contract_says_who_stamped_its_time_and_holds_after_the_certificate_ended(
    signed: World, authority: list[int], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = sealed_by(signed)

    finding = seals.check(document)
    assert finding.ok
    assert finding.signed_at == STAMPED_AT
    assert "Authority of the test" in finding.stamped_by
    assert authority

    path = tmp_path / "contract.pdf"
    path.write_bytes(document)
    call_command("verify_contract", str(path))
    assert "by Common Name: Authority of the test" in capsys.readouterr().out
    program = Path(project.BASE_DIR) / "verify_contract.py"
    asked = [sys.executable, str(program), str(path), "--fingerprint", finding.fingerprint]
    alone = subprocess.run(asked, capture_output=True, text=True, check=False)
    assert alone.returncode == 0, alone.stdout
    assert f"stamped   {STAMPED_AT.isoformat()} by Common Name: Authority of the test" in alone.stdout


def test_one_changed_byte_of_the_stamp_is_found(signed: World, authority: list[int]) -> None:
    """Every 29th byte of the signature with its stamp; all of them take over a minute."""
    document = sealed_by(signed)
    signature = PdfFileReader(BytesIO(document)).embedded_signatures[0]
    _first, begin, _second, _rest = (int(one) for one in signature.byte_range)
    content = bytes(signature.pkcs7_content)
    size = 4 + int.from_bytes(content[2:4], "big")

    unnoticed = []
    for place in range(0, size, 29):
        changed = bytearray(content[:size])
        changed[place] ^= 1
        copy = document[: begin + 1] + changed.hex().upper().encode() + document[begin + 1 + 2 * size :]
        if seals.check(copy).ok:
            unnoticed.append(place)

    assert size > 1500
    assert unnoticed == []


def test_an_authority_that_does_not_answer_leaves_the_contract_to_the_next_try(signed: World, settings: Any) -> None:
    settings.SEAL_TIMESTAMP_URL = "http://127.0.0.1:9/"

    with pytest.raises(OSError):  # noqa: PT011 - whatever the network says
        seal_contract(signed.alliance, signed.contract.pk, at=NOON + 3 * HOUR)
    assert signed.fresh().state == ContractState.SEALING
    assert not ContractSeal.objects.of(signed.alliance).exists()

    settings.SEAL_TIMESTAMP_URL = ""
    assert seal_contract(signed.alliance, signed.contract.pk, at=NOON + 4 * HOUR)
