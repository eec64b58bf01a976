"""Tripartite contracts: library of clauses, negotiated versions, parties, signatures, seal (Liu2023 section 4.4).

A version of the terms is never changed after it was made, nor is a signature or a seal; triggers of the database keep that. What
the work itself brings - submissions, payments, amendments - refers to a contract and to the number of a milestone in its frozen
terms.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from alliance.kernel.fields import TenantForeignKey, TenantOneToOneField
from alliance.models import TenantModel, TenantQuerySet
from services.choices import ClauseState, ContractDecline, ContractState, PartyRole

if TYPE_CHECKING:
    from collections.abc import Collection
    from typing import Self

LIVE_CONTRACTS = (
    ContractState.DRAFT,
    ContractState.NEGOTIATING,
    ContractState.AGREED,
    ContractState.SIGNING,
    ContractState.SEALING,
)
"""States of a contract that is not concluded yet and may still be."""
CONCLUDED_CONTRACTS = (
    ContractState.IN_FORCE,
    ContractState.AMENDING,
    ContractState.SUSPENDED,
    ContractState.COMPLETED,
    ContractState.TERMINATED,
)
"""States of a contract that was signed by all and sealed."""
DROPPED_CONTRACTS = (ContractState.DECLINED, ContractState.LAPSED, ContractState.CANCELLED)
"""States of a contract that was not concluded; another one may follow from the same match."""

AMENDMENT_CODE: Final = re.compile(r"^(.+)-A[0-9]+$")
"""Code of an amendment: that of its contract with its number. The same rule stands in SQL in ``contracts_set_aside``."""


def main_code(code: str) -> str:
    """Code of the contract that an amendment belongs to; of a contract its own."""
    found = AMENDMENT_CODE.match(code)
    return found[1] if found else code


class ClauseVersion(TenantModel):
    """One version of a clause of the library; never edited: a change is the next version, put in force by a second person.

    Version 0 of the standard clauses is shipped with the program and has no row. Placeholders stand as ``{{name}}``.
    """

    key = models.CharField(_("key"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"))
    title_en = models.CharField(_("title in English"), max_length=200)
    title_zh = models.CharField(_("title in Chinese"), max_length=200)
    body_en = models.TextField(_("text in English"))
    body_zh = models.TextField(_("text in Chinese"))
    note = models.CharField(_("what changed"), max_length=300, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=ClauseState.choices, default=ClauseState.PROPOSED)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ClauseVersion"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "key", "version"], name="clause_version_once"),
            models.UniqueConstraint(
                fields=["alliance", "key"], condition=Q(state="in_force"), name="clause_version_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["alliance", "key"], condition=Q(state="proposed"), name="clause_version_one_proposed"
            ),
            models.CheckConstraint(condition=Q(state__in=ClauseState.values), name="clause_version_state_known"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(made_by__isnull=True) | ~Q(decided_by=F("made_by")),
                name="clause_version_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class ContractTemplate(TenantModel):
    """One version of a contract's structure: articles, and the clauses of the library that stand in each.

    Never edited, as :class:`ClauseVersion`. Version 0 is the shipped standard text and has no row.
    """

    key = models.CharField(_("key"), max_length=40)
    version = models.PositiveSmallIntegerField(_("version"))
    title_en = models.CharField(_("title in English"), max_length=200)
    title_zh = models.CharField(_("title in Chinese"), max_length=200)
    articles: Any = models.JSONField(default=list)
    """Rows ``{"title_en", "title_zh", "clauses": [key]}``."""
    note = models.CharField(_("what changed"), max_length=300, blank=True, default="")
    state = models.CharField(_("state"), max_length=8, choices=ClauseState.choices, default=ClauseState.PROPOSED)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ContractTemplate"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "key", "version"], name="contract_template_once"),
            models.UniqueConstraint(
                fields=["alliance", "key"], condition=Q(state="in_force"), name="contract_template_one_in_force"
            ),
            models.UniqueConstraint(
                fields=["alliance", "key"], condition=Q(state="proposed"), name="contract_template_one_proposed"
            ),
            models.CheckConstraint(condition=Q(state__in=ClauseState.values), name="contract_template_state_known"),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=True) | Q(made_by__isnull=True) | ~Q(decided_by=F("made_by")),
                name="contract_template_two_people",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key} {self.version}"


class ContractQuerySet(TenantQuerySet["Contract"]):
    """Contracts."""

    def of_institutions(self, institutions: Collection[int]) -> Self:
        """Contracts to which one of these institutions is a party."""
        return self.filter(pk__in=ContractParty.objects.filter(institution__in=institutions).order_by().values("contract"))


class Contract(TenantModel):
    """A contract of a demand side, a supply side and a witness."""

    code = models.CharField(_("code"), max_length=20)
    title_en = models.CharField(_("title in English"), max_length=200, blank=True, default="")
    title_zh = models.CharField(_("title in Chinese"), max_length=200, blank=True, default="")
    state = models.CharField(_("state"), max_length=12, choices=ContractState.choices, default=ContractState.DRAFT)
    amends = TenantForeignKey("self", null=True, blank=True, on_delete=models.PROTECT, related_name="amendments")
    """The contract this one is an amendment to: a supplementary agreement of the same parties, negotiated, signed and sealed
    like any other. Its terms are the whole text as it shall read, so that one document tells what is in force."""
    match = TenantForeignKey("services.Match", null=True, blank=True, on_delete=models.PROTECT, related_name="contracts")
    demand = TenantForeignKey("services.Listing", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    supply = TenantForeignKey("services.Listing", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    template_key = models.CharField(max_length=40)
    template_version = models.PositiveSmallIntegerField()
    """Version of the template the negotiation began with; each version of the terms names its own."""
    frozen = TenantForeignKey("services.ContractTerms", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The version all three agreed to; signing is about this one alone."""
    in_effect = TenantForeignKey("services.ContractTerms", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    """The version that binds the parties today: ``frozen`` once it is sealed, later that of the newest sealed amendment."""
    sign_until = models.DateField(_("to be signed by"), null=True, blank=True)
    """Last day, in the time zone of the platform; with the day after it the signing lapses."""
    verify_code = models.CharField(max_length=24)
    """By this code, which cannot be guessed, anybody who holds the document asks whether it is genuine."""
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    agreed_at = models.DateTimeField(null=True, blank=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    signed_at = models.DateTimeField(null=True, blank=True)
    """When the last signature was given; the contract is in force from then on."""
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    end_reason = models.CharField(max_length=12, choices=ContractDecline.choices, blank=True, default="")
    end_words = models.TextField(blank=True, default="")

    objects = ContractQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "code"], name="contract_code_once"),
            models.UniqueConstraint(fields=["alliance", "verify_code"], name="contract_verify_code_once"),
            models.UniqueConstraint(
                fields=["alliance", "match"],
                condition=~Q(state__in=["declined", "lapsed", "cancelled"]),
                name="contract_one_of_match",
            ),
            models.CheckConstraint(condition=Q(state__in=ContractState.values), name="contract_state_known"),
            models.CheckConstraint(
                condition=Q(end_reason__in=["", *ContractDecline.values]), name="contract_end_reason_known"
            ),
            models.CheckConstraint(condition=~Q(title_en="") | ~Q(title_zh=""), name="contract_has_a_title"),
            models.CheckConstraint(
                condition=Q(state__in=["draft", "negotiating", "declined", "cancelled"]) | Q(frozen__isnull=False),
                name="contract_agreed_on_a_text",
            ),
            models.CheckConstraint(
                condition=~Q(state="signing") | Q(sign_until__isnull=False), name="contract_signing_has_an_end"
            ),
            models.UniqueConstraint(
                fields=["alliance", "amends"],
                condition=Q(state__in=["draft", "negotiating", "agreed", "signing", "sealing"]),
                name="contract_one_amendment_at_a_time",
            ),
            models.CheckConstraint(
                condition=Q(amends__isnull=True) | (Q(match__isnull=True) & ~Q(state__in=["amending", "suspended"])),
                name="contract_amendment_is_no_work",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["in_force", "amending", "suspended", "completed"]) | Q(in_effect__isnull=False),
                name="contract_in_force_has_terms",
            ),
        ]
        indexes = [
            models.Index(fields=["alliance", "-made_at", "-id"], name="contract_newest"),
            models.Index(fields=["alliance", "state", "-made_at", "-id"], name="contract_in_state"),
            models.Index(fields=["alliance", "sign_until"], condition=Q(state="signing"), name="contract_to_lapse"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.title}"

    @property
    def title(self) -> str:
        """Title in the active language, else the other one."""
        if (get_language() or "").startswith("zh"):
            return self.title_zh or self.title_en
        return self.title_en or self.title_zh

    @property
    def matter(self) -> str:
        """Name of the contract as a matter of conflicts of interest; an amendment is a matter of its contract."""
        return f"contract:{main_code(self.code) if self.amends_id is not None else self.code}"

    @property
    def amendment_number(self) -> int:
        """Which amendment to its contract this is, from 1; 0 for a contract."""
        return int(self.code.rpartition("-A")[2]) if self.amends_id is not None else 0

    def party_institution_ids(self) -> frozenset[int]:
        """Primary keys of the institutions that are parties, the witness among them; permissions follow it."""
        return frozenset(party.institution_id for party in self.parties.all() if party.institution_id is not None)

    @property
    def is_live(self) -> bool:
        """Whether it may still be concluded."""
        return self.state in LIVE_CONTRACTS

    @property
    def is_concluded(self) -> bool:
        """Whether it was signed by all and sealed."""
        return self.state in CONCLUDED_CONTRACTS


class ContractParty(TenantModel):
    """One of the three parties; a witness without an institution is the alliance itself."""

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="parties")
    role = models.CharField(max_length=8, choices=PartyRole.choices)
    institution = TenantForeignKey(
        "members.Institution", null=True, blank=True, on_delete=models.PROTECT, related_name="contract_parties"
    )
    place = models.PositiveSmallIntegerField(_("place in the order of signing"))
    needed = models.PositiveSmallIntegerField(_("signatures needed"), default=1)
    asked_at = models.DateTimeField(null=True, blank=True)
    """Since when it is this party's turn to sign."""
    signed_at = models.DateTimeField(null=True, blank=True)
    """When its last signature needed was given."""
    reminders = models.PositiveSmallIntegerField(default=0)
    reminded_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ContractParty"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "contract", "role"], name="contract_party_role_once"),
            models.UniqueConstraint(
                fields=["alliance", "contract", "place"],
                name="contract_party_place_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
            models.CheckConstraint(condition=Q(role__in=PartyRole.values), name="contract_party_role_known"),
            models.CheckConstraint(
                condition=Q(institution__isnull=False) | Q(role="witness"), name="contract_party_has_an_institution"
            ),
            models.CheckConstraint(condition=Q(place__gte=1, place__lte=3), name="contract_party_place_1_to_3"),
            models.CheckConstraint(condition=Q(needed__gte=1, needed__lte=9), name="contract_party_needed_1_to_9"),
            models.CheckConstraint(condition=Q(reminders__lte=3), name="contract_party_reminders_3_at_most"),
        ]
        indexes = [models.Index(fields=["alliance", "institution", "contract"], name="contract_party_of")]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.role}"

    @property
    def is_alliance(self) -> bool:
        """Whether the alliance itself is this party."""
        return self.institution_id is None


class ContractSignatory(TenantModel):
    """A person who may sign for a party; ended, not deleted, when another one takes over."""

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="signatories")
    party = TenantForeignKey(ContractParty, on_delete=models.CASCADE, related_name="signatories")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    named_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    named_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = TenantQuerySet["ContractSignatory"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["alliance", "contract", "user"],
                condition=Q(ended_at__isnull=True),
                name="contract_signatory_for_one_party",
            )
        ]
        indexes = [models.Index(fields=["alliance", "user", "contract"], name="contract_signatory_of")]

    def __str__(self) -> str:
        return f"{self.party_id} {self.user_id}"


class ContractTerms(TenantModel):
    """One version of the terms; never changed after it was made.

    ``content`` is the whole text: parties, facts, milestones, shares and every clause filled in, in both languages
    (:mod:`services.contract_text`). ``sha256`` is that of its canonical JSON, which is what the parties sign.
    """

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="versions")
    number = models.PositiveSmallIntegerField(_("version"))
    content: Any = models.JSONField()
    sha256 = models.CharField(max_length=64)
    note = models.CharField(_("what changed"), max_length=300, blank=True, default="")
    role = models.CharField(max_length=8, choices=PartyRole.choices)
    """For which party it was proposed."""
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()

    objects = TenantQuerySet["ContractTerms"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "contract", "number"], name="contract_terms_number_once"),
            models.CheckConstraint(condition=Q(role__in=PartyRole.values), name="contract_terms_role_known"),
            models.CheckConstraint(condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="contract_terms_sha256_form"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.number}"


class ContractAgreement(TenantModel):
    """One party's yes to one version; a later version asks again."""

    terms = TenantForeignKey(ContractTerms, on_delete=models.CASCADE, related_name="agreements")
    party = TenantForeignKey(ContractParty, on_delete=models.CASCADE, related_name="agreements")
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TenantQuerySet["ContractAgreement"].as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alliance", "terms", "party"], name="contract_agreement_once")]

    def __str__(self) -> str:
        return f"{self.terms_id} {self.party_id}"


class ContractComment(TenantModel):
    """What somebody of a party says about one section of one version."""

    terms = TenantForeignKey(ContractTerms, on_delete=models.CASCADE, related_name="comments")
    section = models.CharField(max_length=40)
    """Key of a section of the text, such as ``price`` or ``article-4``."""
    role = models.CharField(max_length=8, choices=PartyRole.choices)
    words = models.TextField(_("comment"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    objects = TenantQuerySet["ContractComment"].as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(role__in=PartyRole.values), name="contract_comment_role_known")]
        indexes = [models.Index(fields=["alliance", "terms", "section", "id"], name="contract_comment_in_section")]

    def __str__(self) -> str:
        return f"{self.terms_id} {self.section}"


class ContractSignature(TenantModel):
    """A signature, never changed. ``slot`` counts 1 to the number needed, so that two in a race never take one place."""

    contract = TenantForeignKey(Contract, on_delete=models.CASCADE, related_name="signatures")
    party = TenantForeignKey(ContractParty, on_delete=models.CASCADE, related_name="signatures")
    terms = TenantForeignKey(ContractTerms, on_delete=models.PROTECT, related_name="signatures")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    slot = models.PositiveSmallIntegerField()
    place = models.PositiveSmallIntegerField()
    """The party's place in the order, as it was then."""
    sha256 = models.CharField(max_length=64)
    """Of the text that was shown before signing; that of ``terms``."""
    methods = models.CharField(max_length=60)
    """How the person proved who it is: ``password``, ``mfa.totp``, ``mfa.webauthn``, joined by blanks."""
    authenticated_at = models.DateTimeField()
    at = models.DateTimeField()

    objects = TenantQuerySet["ContractSignature"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "party", "slot"], name="contract_signature_slot_once"),
            models.UniqueConstraint(fields=["alliance", "contract", "user"], name="contract_signature_person_once"),
            models.CheckConstraint(condition=Q(slot__gte=1), name="contract_signature_slot_from_1"),
        ]

    def __str__(self) -> str:
        return f"{self.party_id} {self.slot}"


class ContractSeal(TenantModel):
    """The sealed document of a contract; there is one or none, and it is never changed."""

    contract = TenantOneToOneField(Contract, on_delete=models.PROTECT, related_name="seal")
    terms = TenantForeignKey(ContractTerms, on_delete=models.PROTECT, related_name="+")
    file = TenantOneToOneField("alliance.StoredFile", on_delete=models.PROTECT, related_name="+")
    sha256 = models.CharField(max_length=64)
    """Of the sealed file."""
    certificate_sha256 = models.CharField(max_length=64)
    """Fingerprint of the certificate it was sealed with."""
    certificate = models.TextField()
    """That certificate, PEM."""
    time_stamped = models.BooleanField(default=False)
    log_size = models.PositiveBigIntegerField(default=0)
    """Entries under the head of the audit log that is printed on the evidence page; 0: there was none yet."""
    at = models.DateTimeField()

    objects = TenantQuerySet["ContractSeal"].as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alliance", "sha256"], name="contract_seal_of_file_once"),
        ]

    def __str__(self) -> str:
        return f"{self.contract_id} {self.sha256[:12]}"
