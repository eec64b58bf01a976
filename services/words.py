"""The words of the layer's acts and records in the audit log."""

from django.utils.translation import pgettext_lazy

from alliance.kernel.transitions import name_fields, name_records, name_verbs

name_verbs(
    {
        "confirm": pgettext_lazy("audit log", "confirm the rating"),
        "moderate": pgettext_lazy("audit log", "check the comment"),
        "publish": pgettext_lazy("audit log", "publish"),
        "rebuild_match_index": pgettext_lazy("audit log", "have the listings indexed afresh"),
        "take_up_comment": pgettext_lazy("audit log", "hand a comment to the makers"),
        "refresh": pgettext_lazy("audit log", "renew the service"),
    }
)
name_records(
    {
        "services.article": pgettext_lazy("audit log", "story"),
        "services.catalogueentry": pgettext_lazy("audit log", "service on offer"),
        "services.rating": pgettext_lazy("audit log", "rating"),
        "services.listing": pgettext_lazy("audit log", "listing"),
    }
)

name_verbs(
    {
        "draft_listing": pgettext_lazy("audit log", "draft a listing"),
        "update_listing": pgettext_lazy("audit log", "change a listing"),
        "verify_listing": pgettext_lazy("audit log", "verify a listing"),
        "import_listing": pgettext_lazy("audit log", "take a listing in from a source"),
        "add_listing_file": pgettext_lazy("audit log", "add a file to a listing"),
        "remove_listing_file": pgettext_lazy("audit log", "take a file out of a listing"),
    }
)
name_records({"services.listingcheck": pgettext_lazy("audit log", "verification of a listing")})

name_verbs(
    {
        "decline_match_for_desk": pgettext_lazy("audit log", "decline the match for the desk"),
        "propose_match_rule": pgettext_lazy("audit log", "propose a rule of the fit"),
        "set_match_criteria": pgettext_lazy("audit log", "set the criteria of the suggestions"),
    }
)
name_records(
    {
        "services.match": pgettext_lazy("audit log", "match"),
        "services.matchcriteria": pgettext_lazy("audit log", "criteria of the suggestions"),
        "services.matchruleproposal": pgettext_lazy("audit log", "proposed rule of the fit"),
    }
)

name_verbs(
    {
        "start_contract": pgettext_lazy("audit log", "begin a contract"),
        "choose_witness": pgettext_lazy("audit log", "choose the witness of a contract"),
        "name_signatory": pgettext_lazy("audit log", "name a person who signs"),
        "withdraw_signatory": pgettext_lazy("audit log", "take a person off those who sign"),
        "remind_signatories": pgettext_lazy("audit log", "remind those who are to sign"),
        "propose_clause": pgettext_lazy("audit log", "propose a version of a clause"),
        "propose_contract_template": pgettext_lazy("audit log", "propose a version of a contract template"),
        "put_clause_in_use": pgettext_lazy("audit log", "put a text for contracts in use"),
        "refuse_clause": pgettext_lazy("audit log", "refuse a text for contracts"),
    }
)
name_records(
    {
        "services.contract": pgettext_lazy("audit log", "contract"),
        "services.clauseversion": pgettext_lazy("audit log", "clause"),
        "services.contracttemplate": pgettext_lazy("audit log", "contract template"),
    }
)
name_fields(
    {
        "demand": pgettext_lazy("audit log", "demand side"),
        "supply": pgettext_lazy("audit log", "supply side"),
        "witness": pgettext_lazy("audit log", "witness"),
        "certificate_sha256": pgettext_lazy("audit log", "fingerprint of the certificate"),
        "terms_sha256": pgettext_lazy("audit log", "digest of the terms"),
    }
)

# Execution of contracts; most verbs are named by the transitions.
name_verbs(
    {
        "hand_over_milestone": pgettext_lazy("audit log", "hand a milestone over"),
        "record_payment": pgettext_lazy("audit log", "record a payment"),
    }
)
name_fields(
    {
        "milestone": pgettext_lazy("audit log", "milestone"),
        "version": pgettext_lazy("audit log", "version"),
        "attempt": pgettext_lazy("audit log", "attempt"),
        "accept_by": pgettext_lazy("audit log", "to be accepted by"),
        "rework_by": pgettext_lazy("audit log", "to be mended by"),
        "silent_after": pgettext_lazy("audit log", "silence accepts after"),
        "payment": pgettext_lazy("audit log", "payment"),
        "paid_on": pgettext_lazy("audit log", "paid on"),
    }
)


# amendments, suspension, resumption, early end
name_verbs(
    {
        "give_notice": pgettext_lazy("audit log", "give notice to suspend, take up or end the work"),
        "close_notice": pgettext_lazy("audit log", "close a notice that has no object any more"),
    }
)
name_fields(
    {
        "amendment": pgettext_lazy("audit log", "amendment"),
        "notice": pgettext_lazy("audit log", "notice"),
        "pause": pgettext_lazy("audit log", "pause"),
    }
)


# Follow-ups and evaluation
name_verbs(
    {
        "ask_follow_up": pgettext_lazy("audit log", "ask how the work goes"),
        "handle_follow_up": pgettext_lazy("audit log", "see to a signal"),
        "open_review": pgettext_lazy("audit log", "open the evaluation of a contract"),
    }
)
name_records({"services.contractfollowup": pgettext_lazy("audit log", "follow-up of a contract")})
name_fields(
    {
        "by_role": pgettext_lazy("audit log", "evaluation by"),
        "of_role": pgettext_lazy("audit log", "evaluation of"),
        "commitment": pgettext_lazy("audit log", "digest of what was given"),
        "evaluation": pgettext_lazy("audit log", "evaluation"),
        "give_until": pgettext_lazy("audit log", "given until"),
        "appeal_until": pgettext_lazy("audit log", "appeals until"),
        "answer_by": pgettext_lazy("audit log", "to be answered by"),
        "scores": pgettext_lazy("audit log", "scores"),
        "struck": pgettext_lazy("audit log", "marks struck"),
        "appeal": pgettext_lazy("audit log", "appeal"),
        "criteria": pgettext_lazy("audit log", "criteria"),
    }
)
