"""The public page that says whether a sealed contract is genuine, by the code printed on it; a file is compared, never kept."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from alliance.kernel import limits
from services.forms.contract import CompareFileForm
from services.selectors.contract import find_by_verify_code
from services.views.contract_common import tenant_of

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from services.models import Contract

CODE = re.compile(r"[0-9a-f]{20}")
"""The codes as they are made with the contract."""
_CHUNK = 256 * 1024


@require_safe
def contract_find(request: HttpRequest) -> HttpResponse:
    """Takes the code that is printed on a contract; who holds the paper need not type an address."""
    tenant_of(request)
    asked = request.GET.get("code", "").replace("\x00", "").strip()[:80]
    code = re.sub(r"[\s-]", "", asked).lower()
    if CODE.fullmatch(code):
        return redirect("contract_verify", verify_code=code)
    response = render(request, "services/contract_find.html", {"asked": asked})
    response["X-Robots-Tag"] = "noindex"
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def contract_verify(request: HttpRequest, verify_code: str) -> HttpResponse:
    """Valid or unknown; with a file: equal, changed, or another document."""
    alliance = tenant_of(request)
    found: Contract | None = None
    refusal: limits.RateLimitedError | None = None
    answer = ""
    form = CompareFileForm()
    status = 200
    try:
        limits.hit("contract_verify_network", alliance.pk, limits.network_of(request.META.get("REMOTE_ADDR", "")))
        limits.hit("contract_verify", alliance.pk)
    except limits.RateLimitedError as error:
        refusal, status = error, 429
    else:
        found = find_by_verify_code(alliance, verify_code.strip().lower()[:24])
        if found is None:
            status = 404
        elif request.method == "POST":
            form = CompareFileForm(request.POST, request.FILES)
            if form.is_valid() and form.cleaned_data["file"].size > settings.UPLOAD_MAX_BYTES:
                form.add_error(
                    "file",
                    _("This file is too large; at most %(most)s MB are taken here.")
                    % {"most": settings.UPLOAD_MAX_BYTES // (1024 * 1024)},
                )
            if form.is_valid():
                answer = compare_file(form.cleaned_data["file"], found)
            else:
                status = 422
    context = {"found": found, "refusal": refusal, "form": form, "answer": answer, "verify_code": verify_code}
    response = render(request, "services/contract_verify.html", context, status=status)
    response["X-Robots-Tag"] = "noindex"
    if refusal is not None:
        response["Retry-After"] = str(refusal.standing.reset_seconds)
    return response


def compare_file(file: Any, contract: Contract) -> str:
    """``equal``, ``changed`` (it names this contract but differs) or ``other``; the file is read once and not kept."""
    digest = hashlib.sha256()
    mark = contract.verify_code.encode("ascii")
    named, tail = False, b""
    for chunk in file.chunks(_CHUNK):
        digest.update(chunk)
        named = named or mark in tail + chunk
        tail = chunk[-len(mark) :]
    if digest.hexdigest() == contract.seal.sha256:
        return "equal"
    return "changed" if named else "other"
