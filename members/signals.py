"""Events of the element layer; delivered by the outbox."""

INSTITUTIONS_IMPORTED = "members.institutions_imported"
"""{import: uuid, added: number}"""
INSTITUTION_STATE_CHANGED = "members.institution_state_changed"
"""{institution: code, before: state, after: state}"""
EXPERT_INTEREST_CHANGED = "members.expert_interest_changed"
"""{expert: code}: an expert declared or ended an interest."""

# ------------------------------------------------------------------------------------------------------- admission
APPLICATION_SUBMITTED = "members.application_submitted"
"""{application: code, kind}"""
APPLICATION_WITHDRAWN = "members.application_withdrawn"
"""{application: code, decision: code of the motion that was under way, or empty}"""
APPLICATION_DECIDED = "members.application_decided"
"""{application: code, accepted: bool, institution: code or empty, decision: code of the motion}"""

# ------------------------------------------------------------------------------------------------------- duplicates
INSTITUTIONS_MERGED = "members.institutions_merged"
"""{kept: code, absorbed: code, merge: uuid}"""
INSTITUTIONS_PARTED = "members.institutions_parted"
"""{kept: code, restored: code, merge: uuid}: a merge was undone"""
