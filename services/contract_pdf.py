"""Sets a contract as PDF/A-3b: both languages, milestones, evidence page; the signed terms and the evidence are attached as JSON.

The typesetter is given a fixed program (``typst/contract.typ``) and the texts as data, so nothing that people wrote is ever read
as markup. Chinese glyphs are those of mainland China (language tag ``zh-CN``) of Noto Sans CJK, which comes as a wheel; no font
of the system is used, so that every machine makes the same pages.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any, Final

import cvttf_NotoSansCJK_Regular  # type: ignore[import-untyped]
import typst
from django.utils import timezone

from alliance.actions.audit import canonical
from alliance.kernel.formats import format_day, format_list
from services.choices import PartyRole
from services.contract_text import amendment_sentence, digest, write_amount

PROGRAM: Final = Path(__file__).resolve().parent / "typst" / "contract.typ"
STANDARD: Final = "a-3b"
ROLES: Final = {
    PartyRole.DEMAND: ("甲方（需求方）", "Party A, demand side"),
    PartyRole.SUPPLY: ("乙方（供给方）", "Party B, supply side"),
    PartyRole.WITNESS: ("丙方（见证方）", "Party C, witness"),
}
METHODS: Final = {
    "password": ("密码", "password"),
    "mfa.totp": ("验证器动态码", "authenticator code"),
    "mfa.webauthn": ("通行密钥", "passkey"),
    "mfa.recovery_codes": ("恢复码", "recovery code"),
}
_NUMERALS: Final = "一二三四五六七八九十"


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as the evidence page names it."""

    role: str
    place: int
    slot: int
    needed: int
    name_en: str
    name_zh: str
    at: datetime
    authenticated_at: datetime
    methods: str
    person: str
    """Uuid of the account."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the document proves beside its text.

    Attributes:
        log_head: Newest signed head of the audit log; empty before the first one.
        verify_url: Address of the public page that knows the document.
    """

    code: str
    version: int
    sha256: str
    verify_code: str
    verify_url: str
    alliance_en: str
    alliance_zh: str
    alliance_slug: str
    opened_at: datetime
    sign_until: str
    signed_at: datetime
    sealed_at: datetime
    log_head: str
    signatures: tuple[Signed, ...]
    amends: str = ""
    """Code of the contract that this document is an amendment to."""


@cache
def _fonts() -> typst.Fonts:
    folder = Path(cvttf_NotoSansCJK_Regular.__file__).parent
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(folder)])


@cache
def _program() -> bytes:
    return PROGRAM.read_bytes()


def numeral(number: int) -> str:
    """A small number in Chinese, as articles are counted: 1 to 99."""
    tens, ones = divmod(number, 10)
    if tens == 0:
        return _NUMERALS[ones - 1]
    return ("" if tens == 1 else _NUMERALS[tens - 1]) + "十" + (_NUMERALS[ones - 1] if ones else "")


def evidence_json(evidence: Evidence) -> str:
    """The evidence as canonical JSON, as it is attached to the document."""
    return canonical(
        {
            "v": 1,
            "alliance": evidence.alliance_slug,
            "contract": evidence.code,
            **({"amends": evidence.amends} if evidence.amends else {}),
            "version": evidence.version,
            "terms_sha256": evidence.sha256,
            "verify_code": evidence.verify_code,
            "opened_at": evidence.opened_at,
            "sign_until": evidence.sign_until,
            "signed_at": evidence.signed_at,
            "sealed_at": evidence.sealed_at,
            "log_head": evidence.log_head,
            "signatures": [
                {
                    "role": one.role,
                    "place": one.place,
                    "slot": one.slot,
                    "needed": one.needed,
                    "name_en": one.name_en,
                    "name_zh": one.name_zh,
                    "person": one.person,
                    "at": one.at,
                    "authenticated_at": one.authenticated_at,
                    "methods": one.methods,
                }
                for one in evidence.signatures
            ],
        }
    )


def compose(content: dict[str, Any], evidence: Evidence) -> bytes:
    """The document, before it is sealed.

    Args:
        content: The frozen terms.
        evidence: Who signed, when and how.

    Raises:
        ValueError: The terms are not those of the digest.
        typst.TypstError: The program is broken; texts of people cannot cause it.
    """
    if digest(content) != evidence.sha256:
        message = "the terms are not those that were signed"
        raise ValueError(message)
    day = timezone.localtime(evidence.sealed_at)
    amends = content.get("amends")
    kind_zh = f"补充协议（第{amends['number']}号）" if amends else ""
    kind_en = f", amendment {amends['number']} to {amends['contract']}" if amends else ""
    said_en, said_zh = amendment_sentence(amends) if amends else ("", "")
    data = {
        "content": content,
        "code": evidence.code,
        "title": content["title_zh"] or content["title_en"],
        "title_zh": f"{content['template']['title_zh']}{kind_zh}：{content['title_zh'] or content['title_en']}",
        "title_en": f"{content['template']['title_en']}{kind_en}: {content['title_en'] or content['title_zh']}",
        "alliance_name": f"{evidence.alliance_zh} {evidence.alliance_en}",
        "verify_code": evidence.verify_code,
        "verify_line": f"{evidence.verify_url}",
        "date": [day.year, day.month, day.day],
        "intro_zh": (
            f"{said_zh}合同编号 {evidence.code}　版本 {evidence.version}　模板 {content['template']['key']} 第{content['template']['version']}版"
            + (
                f"　来源 {content['listings']['demand']} × {content['listings']['supply']}"
                if content["listings"]["demand"]
                else ""
            )
            + "　依示范文本拟定，非法律意见；中文本与英文本不一致的，以中文本为准。"
        ),
        "intro_en": (
            f"{said_en}{' ' if said_en else ''}Contract {evidence.code}, version {evidence.version}. Made on a model text, which is no legal advice. "
            "Where the texts differ, the Chinese one prevails."
        ),
        "parties": [
            {
                "letter_zh": ROLES[PartyRole(one["role"])][0],
                "letter_en": ROLES[PartyRole(one["role"])][1],
                "name_zh": one["name_zh"] or one["name_en"],
                "name_en": one["name_en"] if one["name_zh"] else "",
                "code": one["code"],
            }
            for one in content["parties"]
        ],
        "article_zh": [f"第{numeral(one['number'])}条　" for one in content["articles"]],
        "milestone_heads": [
            ["序号", "No."],
            ["里程碑", "Milestone"],
            ["交付物", "Deliverable"],
            ["验收标准", "Acceptance criterion"],
            ["完成日期", "Due"],
            ["付款（元）", "Payment (CNY)"],
        ],
        "amounts": [write_amount(Decimal(one["amount"])) for one in content["milestones"]],
        "days": [
            [format_day(date.fromisoformat(one["due_on"]), language) for language in ("zh-hans", "en")]
            for one in content["milestones"]
        ],
        "evidence_intro_zh": "以下为本平台记录的签署过程。签署人在签署前看到的文本，其摘要值如下；文本与证据以 JSON 附件随附。",
        "evidence_intro_en": (
            "How this contract was signed, as the platform recorded it. The text that was shown before each signature has the "
            "digest below; text and evidence are attached as JSON."
        ),
        "facts": [
            _fact("合同文本摘要（SHA-256）", "Digest of the terms (SHA-256)", evidence.sha256, mono=True),
            _fact("验证码", "Verification code", evidence.verify_code, mono=True),
            _fact("开始签署", "Signing opened", _moment(evidence.opened_at)),
            _fact("签署截止日", "To be signed by", format_day(date.fromisoformat(evidence.sign_until), "zh-hans")),
            _fact("签署完毕，合同生效", "Signed by all, in force from", _moment(evidence.signed_at)),
            _fact("加盖电子印章", "Sealed", _moment(evidence.sealed_at)),
        ],
        "signature_heads": [
            ["顺序", "Order"],
            ["当事方", "Party"],
            ["签署人", "Signatory"],
            ["签署时间", "Signed at"],
            ["身份验证", "How the person proved who it is"],
        ],
        "signatures": [
            {
                "order": f"{one.place}  ({one.slot}/{one.needed})",
                "role_zh": ROLES[PartyRole(one.role)][0],
                "role_en": ROLES[PartyRole(one.role)][1],
                "name_zh": one.name_zh or one.name_en,
                "name_en": one.name_en if one.name_zh else "",
                "at": _moment(one.at),
                "how_zh": f"{_methods(one.methods, 0)}，{_moment(one.authenticated_at)}",
                "how_en": f"{_methods(one.methods, 1)}, {_moment(one.authenticated_at, 'en')}",
            }
            for one in evidence.signatures
        ],
        "log_head": evidence.log_head,
        "verify_zh": f"核验：访问 {evidence.verify_url}，或用独立程序 verify_contract.py 检查本文件。改动任何一个字节，核验即不通过。",
        "verify_en": (
            f"To verify: open {evidence.verify_url}, or check this file with the stand-alone program verify_contract.py. "
            "A change of a single byte makes the verification fail."
        ),
        "terms_json": canonical(content),
        "evidence_json": evidence_json(evidence),
    }
    made: bytes = typst.compile(  # type: ignore[type-var]  # the stub names lists of folders only
        _program(),
        root=str(PROGRAM.parent),
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(data, ensure_ascii=False)},
        pdf_standards=[STANDARD],
        timestamp=evidence.sealed_at.astimezone(UTC).replace(microsecond=0),
    )
    return made


def _fact(zh: str, en: str, value: str, *, mono: bool = False) -> dict[str, Any]:
    return {"zh": zh, "en": en, "value": value, "mono": mono}


def _moment(at: datetime, language: str = "zh-hans") -> str:
    local = timezone.localtime(at)
    return f"{format_day(local.date(), language)} {local:%H:%M:%S} (UTC{local:%z})"


def _methods(text: str, language: int) -> str:
    named = [METHODS.get(one, (one, one))[language] for one in text.split()]
    return format_list(named, "en" if language else "zh-hans")
