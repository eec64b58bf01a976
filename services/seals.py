"""The alliance's electronic seal on documents: a PAdES signature by a certificate of its own, and the check of it.

Key and certificate lie in the key folder, one pair per alliance, as the key of the audit log does: whoever rules the database
alone can seal nothing. The certificate is self-signed, so it says that a document comes from this platform and was not changed
since, not that a public authority vouches for the alliance; its fingerprint stands on the verification page. A time-stamp of an
outside authority is added where the operator names one (``SEAL_TIMESTAMP_URL``). That the stamp is of this seal and was not
changed is checked here; whether its authority is one to trust, the reader decides by its name and certificate.

Sources: ETSI EN 319 142-1 (PAdES baseline signatures), ISO 32000-2 section 12.8, RFC 3161 (time-stamps).
"""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from asn1crypto import algos, cms, core  # type: ignore[import-untyped]
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.status import SignatureCoverageLevel
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from services import time_stamps

FOLDER: Final = "seals"
FIELD: Final = "AllianceSeal"
CERTIFICATE_LIFE: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class Seal:
    """Key and certificate of an alliance.

    Attributes:
        key: PKCS #8, DER.
        certificate: X.509, DER.
    """

    key: bytes
    certificate: bytes

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return sha256(self.certificate).hexdigest()

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        loaded = x509.load_der_x509_certificate(self.certificate)
        return loaded.public_bytes(serialization.Encoding.PEM).decode("ascii")


def _path(slug: str) -> Path:
    folder = Path(settings.KEYS_DIR) / FOLDER
    for step in (folder.parent, folder):
        if not step.is_dir():
            step.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{slug}.pem"


def _write_once(path: Path, content: bytes) -> None:
    """Put a whole file in place unless one is there; of several processes that try, one wins and none sees half a file."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-{secrets.token_hex(4)}")
    try:
        with os.fdopen(descriptor, "wb") as handle:
            handle.write(content)
            handle.flush()
            os.fsync(handle.fileno())
        Path(name).chmod(0o600)
        with contextlib.suppress(FileExistsError):
            os.link(name, path)
    finally:
        Path(name).unlink(missing_ok=True)


def _make(name_en: str, name_zh: str, at: datetime) -> bytes:
    """Key and certificate as one PEM text."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, (name_en or name_zh)[:64]),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, (name_zh or name_en)[:64]),
        ]
    )
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
        .not_valid_before(at - timedelta(days=1))
        .not_valid_after(at + CERTIFICATE_LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ) + certificate.public_bytes(serialization.Encoding.PEM)


def seal_of(slug: str, name_en: str, name_zh: str, *, at: datetime) -> Seal:
    """Key and certificate of an alliance; made at its first seal.

    Args:
        slug: Address of the alliance.
        name_en: Its name in English.
        name_zh: The same in Chinese.
        at: Now; the certificate of a new pair begins a day before.
    """
    path = _path(slug)
    if not path.exists():
        _write_once(path, _make(name_en, name_zh, at))
    content = path.read_bytes()
    key = serialization.load_pem_private_key(content, password=None)
    certificate = x509.load_pem_x509_certificate(content)
    return Seal(
        key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
        certificate.public_bytes(serialization.Encoding.DER),
    )


def time_stamper() -> TimeStamper | None:
    """The time-stamp authority the operator named; None by default."""
    url = getattr(settings, "SEAL_TIMESTAMP_URL", "")
    return time_stamps.LeanTimeStamper(url, timeout=time_stamps.SECONDS) if url else None


def apply(document: bytes, seal: Seal, *, reason: str, name: str, stamper: TimeStamper | None = None) -> bytes:
    """Seal a document; it allows no change afterwards.

    Args:
        document: A PDF.
        seal: Key and certificate.
        reason: Why, as readers show it.
        name: Who seals, as readers show it.
        stamper: Time-stamp authority; the only use of the network here.
    """
    signer = signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(seal.certificate),
        signing_key=asn1_keys.PrivateKeyInfo.load(seal.key),
        cert_registry=SimpleCertificateStore(),  # type: ignore[no-untyped-call]
    )
    meta = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        reason=reason,
        name=name,
        subfilter=fields.SigSeedSubFilter.PADES,
        certify=True,
        docmdp_permissions=fields.MDPPerm.NO_CHANGES,
    )
    out = BytesIO()
    signers.PdfSigner(meta, signer, timestamper=stamper).sign_pdf(IncrementalPdfFileWriter(BytesIO(document)), output=out)
    return out.getvalue()


@dataclass(frozen=True, slots=True)
class Finding:
    """What the check of a sealed document says.

    Attributes:
        ok: Sealed, unchanged, and by the certificate asked for.
        reason: Code of what is wrong, empty when nothing is: ``not_pdf``, ``no_seal``, ``more_seals``, ``changed``,
            ``not_whole``, ``other_certificate``, ``bad_certificate``.
        fingerprint: SHA-256 of the certificate in the document, in hex.
        signed_at: Time the seal claims, or that of its time-stamp.
        stamped_by: Name in the certificate of the time-stamp's authority; empty without one.
        stamp_fingerprint: SHA-256 of that certificate, in hex.
    """

    ok: bool
    reason: str
    fingerprint: str = ""
    signed_at: datetime | None = None
    stamped_by: str = ""
    stamp_fingerprint: str = ""


def check(document: bytes, *, fingerprint: str = "") -> Finding:
    """Check the seal on a document.

    Args:
        document: The file.
        fingerprint: SHA-256 of the certificate it must be sealed with; empty: any.
    """
    try:
        reader = PdfFileReader(BytesIO(document), strict=True)
        found: list[Any] = list(reader.embedded_signatures)
    except Exception:  # noqa: BLE001 - a damaged file breaks the reader in any way it likes; that is an answer, no failure of ours
        return Finding(ok=False, reason="not_pdf")
    if not found:
        return Finding(ok=False, reason="no_seal")
    if len(found) != 1:
        return Finding(ok=False, reason="more_seals")
    signature = found[0]
    try:
        certificate = signature.signer_cert.dump()
        present = sha256(certificate).hexdigest()
        if not _is_exact(document, signature):
            return Finding(ok=False, reason="changed", fingerprint=present)
        stamp = _stamp(signature)
        authority = time_stamps.authority_of(stamp) if stamp is not None else None
        # A contract is read for longer than certificates last; that they held when it was sealed is what counts.
        then = time_stamps.moment_of(stamp) if stamp is not None else signature.self_reported_timestamp
        status = validate_pdf_signature(
            signature,
            signer_validation_context=_trusting(signature.signer_cert, then),
            ts_validation_context=_trusting(authority, then) if authority is not None else None,
        )
    except Exception:  # noqa: BLE001 - as above
        return Finding(ok=False, reason="changed")
    moment = status.timestamp_validity.timestamp if status.timestamp_validity else status.signer_reported_dt
    if not (status.intact and status.valid):
        return Finding(ok=False, reason="changed", fingerprint=present, signed_at=moment)
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        return Finding(ok=False, reason="not_whole", fingerprint=present, signed_at=moment)
    if fingerprint and present != fingerprint.lower():
        return Finding(ok=False, reason="other_certificate", fingerprint=present, signed_at=moment)
    if not status.bottom_line:
        return Finding(ok=False, reason="bad_certificate", fingerprint=present, signed_at=moment)
    if authority is None:
        return Finding(ok=True, reason="", fingerprint=present, signed_at=moment)
    return Finding(
        ok=True,
        reason="",
        fingerprint=present,
        signed_at=moment,
        stamped_by=str(authority.subject.human_friendly),
        stamp_fingerprint=sha256(authority.dump()).hexdigest(),
    )


def _stamp(signature: Any) -> cms.ContentInfo | None:
    """The time-stamp on a seal; None without one."""
    found = signature.signer_info["unsigned_attrs"]
    return found[0]["values"][0] if len(found) else None


def _trusting(certificate: asn1_x509.Certificate, then: datetime | None) -> ValidationContext:
    return ValidationContext(trust_roots=[certificate], allow_fetching=False, moment=then)


def _is_exact(document: bytes, signature: Any) -> bool:
    """Whether the bytes the signature itself lies in are exactly its own.

    The signature covers all of the file but itself. What it lies in - zeros that fill its place up, versions and parameters of
    algorithms - no signature protects, so it is made anew from its parts and compared: not one byte of the file is then free.
    """
    first, length, second, rest = (int(one) for one in signature.byte_range)
    if first != 0 or second + rest != len(document):
        return False
    gap = document[length:second]
    content: bytes = bytes(signature.pkcs7_content)
    size = _der_length(content)
    if size is None or any(content[size:]):
        return False
    inner = gap[1:-1]
    if gap[:1] + gap[-1:] != b"<>" or inner != content[:size].hex().upper().encode() + b"0" * (len(inner) - 2 * size):
        return False
    return _made_anew(content[:size]) == content[:size]


def _made_anew(content: bytes) -> bytes:
    """A signature of ours put together from the parts that cryptography protects, everything else as we write it."""
    signed = cms.ContentInfo.load(content, strict=True)["content"]
    one = signed["signer_infos"][0]
    certificate = signed["certificates"][0].chosen
    sha = algos.DigestAlgorithm({"algorithm": "sha256", "parameters": core.Null()})
    signer: dict[str, Any] = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            cms.IssuerAndSerialNumber({"issuer": certificate.issuer, "serial_number": certificate.serial_number}),
        ),
        "digest_algorithm": sha,
        "signed_attrs": one["signed_attrs"],
        "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
        "signature": one["signature"],
    }
    if len(one["unsigned_attrs"]):
        stamp = time_stamps.lean(one["unsigned_attrs"][0]["values"][0])
        signer["unsigned_attrs"] = [cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [stamp]})]
    made: bytes = cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v1",
                    "digest_algorithms": cms.DigestAlgorithms([sha]),
                    "encap_content_info": {"content_type": "data"},
                    "certificates": [certificate],
                    "signer_infos": [cms.SignerInfo(signer)],
                }
            ),
        }
    ).dump()
    return made


def _der_length(content: bytes) -> int | None:
    """Length of the DER structure at the beginning; None when it says none."""
    if len(content) < 2:
        return None
    if content[1] < 0x80:
        return 2 + content[1]
    count = content[1] & 0x7F
    if not 1 <= count <= 4 or len(content) < 2 + count:
        return None
    return 2 + count + int.from_bytes(content[2 : 2 + count], "big")


def attachments(document: bytes) -> dict[str, bytes]:
    """Files attached to a document, by name; says nothing about its seal.

    Raises:
        ValueError: The document cannot be read.
    """
    found: dict[str, bytes] = {}
    try:
        names = PdfFileReader(BytesIO(document)).root["/Names"]["/EmbeddedFiles"]
        pending = [names]
        while pending:
            node = pending.pop()
            pending += list(node.get("/Kids", []))
            rows = list(node.get("/Names", []))
            for name, place in zip(rows[::2], rows[1::2], strict=True):
                found[str(name)] = bytes(place.get_object()["/EF"]["/F"].data)
    except Exception as error:
        message = "the attachments cannot be read"
        raise ValueError(message) from error
    return found
