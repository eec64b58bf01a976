"""Time-stamps of an outside authority (RFC 3161) as a seal keeps them: what the authority signed, and nothing else.

An authority sends more than it signs: certificates of those who vouch for it, versions and parameters of algorithms. No
signature protects these, so a file could be changed there and its seal would still hold. A stamp is therefore kept with the
authority's own certificate alone, which the signature names by its digest, and put together in one way only; whoever checks
puts it together again and compares.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from asn1crypto import algos, cms, core, x509  # type: ignore[import-untyped]
from pyhanko.sign.timestamps import HTTPTimeStamper

SECONDS = 10
"""How long an authority may take."""


class LeanTimeStamper(HTTPTimeStamper):
    """Asks an authority, and keeps of its answer what it signed."""

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        """The stamp for a digest.

        Raises:
            IOError: The authority does not answer.
            TimestampRequestError: It refuses, or what it sends is no stamp.
        """
        return lean(await super().async_timestamp(message_digest, md_algorithm))


def authority_of(stamp: cms.ContentInfo) -> x509.Certificate:
    """Certificate of the authority that signed a stamp.

    Raises:
        ValueError: It is not in it.
    """
    signed = stamp["content"]
    sid = signed["signer_infos"][0]["sid"]
    for choice in signed["certificates"]:
        one = choice.chosen
        if not isinstance(one, x509.Certificate):
            continue
        if sid.name == "issuer_and_serial_number":
            wanted = sid.chosen
            if one.issuer == wanted["issuer"] and one.serial_number == wanted["serial_number"].native:
                return one
        elif one.key_identifier == sid.native:
            return one
    message = "the authority's certificate is not in its stamp"
    raise ValueError(message)


def moment_of(stamp: cms.ContentInfo) -> datetime:
    """When a stamp says it was made."""
    made: datetime = stamp["content"]["encap_content_info"]["content"].parsed["gen_time"].native
    return made


def lean(stamp: cms.ContentInfo) -> cms.ContentInfo:
    """A stamp put together from what its authority signed; the same for every stamp that differs in other parts only.

    Raises:
        ValueError: It is signed by nobody or by more than one, or the certificate is not in it.
    """
    signed = stamp["content"]
    if len(signed["signer_infos"]) != 1:
        message = "a stamp is signed by one authority"
        raise ValueError(message)
    one = signed["signer_infos"][0]
    authority = authority_of(stamp)
    digest = algos.DigestAlgorithm({"algorithm": one["digest_algorithm"]["algorithm"].native, "parameters": core.Null()})
    signer = cms.SignerInfo(
        {
            "version": "v1",
            "sid": cms.SignerIdentifier(
                "issuer_and_serial_number",
                cms.IssuerAndSerialNumber({"issuer": authority.issuer, "serial_number": authority.serial_number}),
            ),
            "digest_algorithm": digest,
            "signed_attrs": one["signed_attrs"],
            "signature_algorithm": _signature_algorithm(one),
            "signature": one["signature"],
        }
    )
    return cms.ContentInfo(
        {
            "content_type": "signed_data",
            "content": cms.SignedData(
                {
                    "version": "v3",
                    "digest_algorithms": cms.DigestAlgorithms([digest]),
                    "encap_content_info": {
                        "content_type": "tst_info",
                        "content": cms.ParsableOctetString(signed["encap_content_info"]["content"].contents),
                    },
                    "certificates": [authority],
                    "signer_infos": [signer],
                }
            ),
        }
    )


def _signature_algorithm(signer: Any) -> algos.SignedDigestAlgorithm:
    """One way of writing it where there are several; the parameters of RSA-PSS are part of what is checked and stay."""
    given = signer["signature_algorithm"]
    digest = signer["digest_algorithm"]["algorithm"].native
    if given.signature_algo == "rsassa_pkcs1v15":
        return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_rsa", "parameters": core.Null()})
    if given.signature_algo == "ecdsa":
        return algos.SignedDigestAlgorithm({"algorithm": f"{digest}_ecdsa"})
    return given
