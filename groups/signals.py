"""Events of the organisational layer; delivered by the outbox."""

MEMBERSHIP_STARTED = "groups.membership_started"
"""{group: kind, institution: code, role} for one seat; {group: kind, institutions: number} for many at once."""
MEMBERSHIP_ENDED = "groups.membership_ended"
"""{group: kind, institution: code}"""
