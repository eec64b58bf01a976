"""Events of the element layer; delivered by the outbox."""

INSTITUTIONS_IMPORTED = "members.institutions_imported"
"""{import: uuid, added: number}"""
INSTITUTION_STATE_CHANGED = "members.institution_state_changed"
"""{institution: code, before: state, after: state}"""
