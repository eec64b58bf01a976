#!/usr/bin/env python3
"""Checks a sealed contract alone, without the platform that made it.

    python verify_contract.py CONTRACT.pdf [--fingerprint SHA256]

It needs pyHanko (``pip install pyhanko``) and nothing else. It says whether the seal covers every byte of the file and holds, whose
certificate sealed it, and whether the attached text is the one that was signed, by enough people, in order and in time.

The certificate is the alliance's own: without ``--fingerprint`` the program can only say that the file was not changed since
somebody with this certificate sealed it. Take the fingerprint from the alliance's verification page, or from another contract
you trust, and compare.

Exit status: 0 everything holds, 1 something does not, 2 the file or pyHanko is missing.
"""

import argparse
import hashlib
import json
import logging
import sys
from io import BytesIO

logging.disable(logging.CRITICAL)


def der_length(content):
    """Length of the DER structure at the beginning of some bytes."""
    if content[1] < 0x80:
        return 2 + content[1]
    count = content[1] & 0x7F
    return 2 + count + int.from_bytes(content[2 : 2 + count], "big")


def made_anew(content):
    """The signature put together from the parts that cryptography protects, everything else as the platform writes it."""
    from asn1crypto import algos, cms, core

    signed = cms.ContentInfo.load(content, strict=True)["content"]
    one = signed["signer_infos"][0]
    certificate = signed["certificates"][0].chosen
    sha = algos.DigestAlgorithm({"algorithm": "sha256", "parameters": core.Null()})
    signer = {
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
        stamp = stamp_anew(one["unsigned_attrs"][0]["values"][0])
        signer["unsigned_attrs"] = [cms.CMSAttribute({"type": "signature_time_stamp_token", "values": [stamp]})]
    info = cms.SignedData(
        {
            "version": "v1",
            "digest_algorithms": cms.DigestAlgorithms([sha]),
            "encap_content_info": {"content_type": "data"},
            "certificates": [certificate],
            "signer_infos": [cms.SignerInfo(signer)],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": info}).dump()


def authority_of(stamp):
    """Certificate of the authority that signed a time-stamp; the platform keeps no other one in it."""
    return stamp["content"]["certificates"][0].chosen


def stamp_anew(stamp):
    """A time-stamp put together from what its authority signed, everything else as the platform writes it."""
    from asn1crypto import algos, cms, core

    signed, authority = stamp["content"], authority_of(stamp)
    one = signed["signer_infos"][0]
    name, algorithm = one["digest_algorithm"]["algorithm"].native, one["signature_algorithm"]
    digest = algos.DigestAlgorithm({"algorithm": name, "parameters": core.Null()})
    if algorithm.signature_algo == "rsassa_pkcs1v15":
        algorithm = algos.SignedDigestAlgorithm({"algorithm": f"{name}_rsa", "parameters": core.Null()})
    elif algorithm.signature_algo == "ecdsa":
        algorithm = algos.SignedDigestAlgorithm({"algorithm": f"{name}_ecdsa"})
    signer = {
        "version": "v1",
        "sid": cms.SignerIdentifier(
            "issuer_and_serial_number",
            cms.IssuerAndSerialNumber({"issuer": authority.issuer, "serial_number": authority.serial_number}),
        ),
        "digest_algorithm": digest,
        "signed_attrs": one["signed_attrs"],
        "signature_algorithm": algorithm,
        "signature": one["signature"],
    }
    content = cms.ParsableOctetString(signed["encap_content_info"]["content"].contents)
    info = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": cms.DigestAlgorithms([digest]),
            "encap_content_info": {"content_type": "tst_info", "content": content},
            "certificates": [authority],
            "signer_infos": [cms.SignerInfo(signer)],
        }
    )
    return cms.ContentInfo({"content_type": "signed_data", "content": info})


def stamp_on(signature):
    """The time-stamp on a seal; None without one."""
    found = signature.signer_info["unsigned_attrs"]
    return found[0]["values"][0] if len(found) else None


def check_seal(document, fingerprint):
    """What is wrong with the seal; an empty text when it holds. Also the fingerprint that was found, and who stamped the time."""
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko.sign.validation.status import SignatureCoverageLevel
    from pyhanko_certvalidator import ValidationContext

    try:
        found = list(PdfFileReader(BytesIO(document), strict=True).embedded_signatures)
        if len(found) != 1:
            return f"it bears {len(found)} seals, not one", "", ""
        signature = found[0]
        present = hashlib.sha256(signature.signer_cert.dump()).hexdigest()
        first, length, second, rest = (int(one) for one in signature.byte_range)
        gap, content = document[length:second], bytes(signature.pkcs7_content)
        size = der_length(content)
        exact = (
            first == 0
            and second + rest == len(document)
            and gap == b"<" + content[:size].hex().upper().encode() + b"0" * (len(gap) - 2 - 2 * size) + b">"
            and made_anew(content[:size]) == content[:size]
        )
        if not exact:
            return "the bytes of the seal itself were changed", present, ""
        stamp, stamps, stamped = stamp_on(signature), None, ""
        then = signature.self_reported_timestamp
        if stamp is not None:
            authority = authority_of(stamp)
            then = stamp["content"]["encap_content_info"]["content"].parsed["gen_time"].native
            stamps = ValidationContext(trust_roots=[authority], allow_fetching=False, moment=then)
            print_of = hashlib.sha256(authority.dump()).hexdigest()
            stamped = f"{then.isoformat()} by {authority.subject.human_friendly}, certificate {print_of}"
        # Certificates may have ended since; that they held when the file was sealed is what counts.
        context = ValidationContext(trust_roots=[signature.signer_cert], allow_fetching=False, moment=then)
        status = validate_pdf_signature(signature, signer_validation_context=context, ts_validation_context=stamps)
    except Exception as error:
        return f"it cannot be read as a sealed document ({type(error).__name__})", "", ""
    if not (status.intact and status.valid and status.bottom_line):
        return "it was changed after it was sealed", present, ""
    if status.coverage != SignatureCoverageLevel.ENTIRE_FILE:
        return "the seal does not cover all of it", present, ""
    if fingerprint and present != fingerprint.lower().replace(":", ""):
        return "it was sealed with another certificate", present, ""
    return "", present, stamped


def attachments(document):
    """Files attached to the document."""
    from pyhanko.pdf_utils.reader import PdfFileReader

    found = {}
    pending = [PdfFileReader(BytesIO(document)).root["/Names"]["/EmbeddedFiles"]]
    while pending:
        node = pending.pop()
        pending += list(node.get("/Kids", []))
        rows = list(node.get("/Names", []))
        for name, place in zip(rows[::2], rows[1::2]):
            found[str(name)] = bytes(place.get_object()["/EF"]["/F"].data)
    return found


def check_evidence(files):
    """What is wrong with text and signatures, and the evidence."""
    terms, evidence = files["terms.json"], json.loads(files["evidence.json"])
    if hashlib.sha256(terms).hexdigest() != evidence["terms_sha256"]:
        return "the attached text is not the one that was signed", evidence
    rows = evidence["signatures"]
    parties = {one["role"]: one["needed"] for one in rows}
    if set(parties) != {"demand", "supply", "witness"}:
        return "a party is missing among the signatures", evidence
    for role, needed in parties.items():
        people = {one["person"] for one in rows if one["role"] == role}
        if len(people) != needed:
            return f"for the {role} {len(people)} people signed, {needed} were needed", evidence
    ordered = sorted(rows, key=lambda one: one["at"])
    if [one["place"] for one in ordered] != sorted(one["place"] for one in rows):
        return "the parties did not sign in their order", evidence
    if any(one["authenticated_at"] > one["at"] for one in rows):
        return "somebody proved who it is only after signing", evidence
    return "", evidence


def main():
    """Check one file and say what was found."""
    parser = argparse.ArgumentParser(description="Check a sealed contract.")
    parser.add_argument("file")
    parser.add_argument("--fingerprint", default="", help="SHA-256 of the certificate it must be sealed with")
    options = parser.parse_args()
    try:
        import pyhanko  # noqa: F401

        with open(options.file, "rb") as handle:
            document = handle.read()
    except ImportError:
        print("pyHanko is missing: pip install pyhanko")
        return 2
    except OSError as error:
        print(f"The file cannot be read: {error}")
        return 2
    print(f"file      sha256 {hashlib.sha256(document).hexdigest()}, {len(document)} bytes")
    wrong, found, stamped = check_seal(document, options.fingerprint)
    if found:
        print(f"sealed by certificate {found}{' as asked for' if options.fingerprint and not wrong else ''}")
    if stamped:
        print(f"stamped   {stamped}; whether to trust this authority is yours to decide")
    if wrong:
        print(f"FAILED    {wrong}")
        return 1
    try:
        wrong, evidence = check_evidence(attachments(document))
    except Exception as error:
        print(f"FAILED    text and evidence cannot be read ({type(error).__name__})")
        return 1
    print(f"contract  {evidence['contract']} version {evidence['version']} of {evidence['alliance']}")
    if evidence.get("amends"):
        print(f"amends    contract {evidence['amends']}")
    for one in evidence["signatures"]:
        print(f"signed    {one['at']} {one['role']:8} {one['name_en'] or one['name_zh']} ({one['methods']})")
    if wrong:
        print(f"FAILED    {wrong}")
        return 1
    print("OK        the file is unchanged since it was sealed, and the text is the one that was signed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
