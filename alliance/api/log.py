"""The sealed audit log: its head for everybody, proofs for those who keep heads."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _

from alliance.api.endpoints import Endpoint, json_response
from alliance.api.permissions import Access
from alliance.api.problems import RequestRefusedError
from alliance.kernel.errors import NotFoundError
from alliance.selectors.audit import latest_head
from alliance.selectors.audit_log import EXPORT, PROVE, prove_consistency, prove_inclusion, verifier_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from django.http import HttpResponse
    from rest_framework.request import Request

_TEXT = {"type": "string"}
_NUMBER = {"type": "integer", "minimum": 0}
_PROOF = {"type": "array", "items": {"type": "string", "format": "byte"}}


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


class LogHead(Endpoint):
    """The last signed head of the log."""

    tag = "audit log"
    authentication_classes = []
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(anonymous=True)}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Read the signed head of the audit log"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "`note` is a C2SP checkpoint in a signed note. Keep it: an earlier head proves later changes of the log."
    }
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {
            "size": 2,
            "root": "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
            "note": "alliance.example.org/a/weaving/log\n2\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
            "key": "alliance.example.org/a/weaving/log+0a1b2c3d+AY6q",
        }
    }
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {200: _object(size=_NUMBER, root={"type": "string", "format": "byte"}, note=_TEXT, key=_TEXT)}
    }

    def get(self, request: Request) -> HttpResponse:  # noqa: ARG002 - the same for everybody
        """The head."""
        head = latest_head(self.alliance)
        if head is None:
            raise NotFoundError
        root = base64.b64encode(bytes(head.root)).decode()
        return json_response({"size": head.size, "root": root, "note": head.note, "key": verifier_of(head)})


class LogConsistency(Endpoint):
    """Proof that the log only grew since a head that somebody kept."""

    tag = "audit log"
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(permission=PROVE)}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Prove that the audit log only grew since a kept head"}
    explanation: ClassVar[Mapping[str, str]] = {
        "GET": "`?from=` is the size of the kept head (its second line). Save the answer and give it to `verify_log.py` with that head."
    }
    query_parameters: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "name": "from",
            "in": "query",
            "required": True,
            "description": "Entries of the kept head.",
            "schema": {"type": "integer", "minimum": 1},
        },
    )
    more_errors: ClassVar[tuple[int, ...]] = (400,)
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {
            "format": "alliance-audit-consistency",
            "from": 1,
            "to": 2,
            "proof": ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            "head": "alliance.example.org/a/weaving/log\n2\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        }
    }
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {200: _object(**{"format": _TEXT, "from": _NUMBER, "to": _NUMBER, "proof": _PROOF, "head": _TEXT})}
    }

    def get(self, request: Request) -> HttpResponse:
        """The proof."""
        asked = request._request.GET.get("from", "")
        if not (asked.isascii() and asked.isdigit() and len(asked) < 19):
            raise RequestRefusedError(
                _("Give the number of entries of the head you kept as “from”."), code="invalid_parameter"
            )
        proof = prove_consistency(self.alliance, int(asked))
        if proof is None:
            raise RequestRefusedError(
                _("The log has no head of %(size)s entries or more.") % {"size": asked}, code="invalid_parameter"
            )
        return json_response(proof)


class LogInclusion(Endpoint):
    """Proof that one entry stands in the log."""

    tag = "audit log"
    access: ClassVar[Mapping[str, Access]] = {"GET": Access(permission=EXPORT)}
    summary: ClassVar[Mapping[str, str]] = {"GET": "Prove that an entry stands in the audit log"}
    examples: ClassVar[Mapping[Any, Any]] = {
        "GET": {
            "format": "alliance-audit-inclusion",
            "entry": "01933f0e-6e8a-7c3e-8a51-5b8f0a2d1c4b",
            "index": 0,
            "record": '{"v":1,"h":"sha256"}',
            "proof": ["47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="],
            "head": "alliance.example.org/a/weaving/log\n2\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n",
        }
    }
    responses: ClassVar[Mapping[str, Mapping[int, Any]]] = {
        "GET": {200: _object(format=_TEXT, entry=_TEXT, index=_NUMBER, record=_TEXT, proof=_PROOF, head=_TEXT)}
    }

    def get(self, request: Request, entry: UUID) -> HttpResponse:  # noqa: ARG002 - permission was asked
        """The proof."""
        proof = prove_inclusion(self.alliance, entry)
        if proof is None:
            raise NotFoundError
        return json_response(proof)
