"""What a machine client may be allowed, as ``resource:act``; chosen when the client is registered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _
from oauth2_provider.scopes import BaseScopes

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

SCOPES: dict[str, StrOrPromise] = {
    "institutions:read": _("read member institutions and the elements they supply"),
    "experts:read": _("read experts whose data is public by consent"),
    "resources:read": _("read resources that are open to everybody"),
    "applications:read": _("read how far applications for membership are, without people and evidence"),
    "groups:read": _("read the virtual groups, their seats and the coverage of elements"),
    "motions:read": _("read motions of the public register with their results"),
    "charter:read": _("read the adopted versions of the charter"),
    "responsibilities:read": _("read responsibilities and how far their reports are"),
    "consortia:read": _("read the technology consortia filed with the committee"),
    "products:read": _("read released products"),
    "projects:read": _("read projects that run or are finished, without people"),
    "courses:read": _("read courses on offer, their sessions and learning paths, without people"),
    "honours:read": _("read the published honours lists"),
    "catalogue:read": _("read the service catalogue with its latest feedback"),
    "listings:read": _("read published supply and demand listings"),
    "objectives:read": _("read objectives and their measurements"),
    "feedback:read": _("read results of user feedback"),
    "conflicts:read": _("read who stands aside from which matter, and whose declaration of interests is in"),
    "directives:read": _("read directives sent to the alliances below and received from above"),
    "directives:write": _("send directives, acknowledge and answer them for the alliance"),
    "ratings:write": _("hand in clients' ratings; each counts once its author has confirmed it by e-mail"),
}
"""Every scope there is. Writes that act for an institution need a person and are not open to machine clients."""


class AllianceScopes(BaseScopes):  # type: ignore[misc]
    """A client gets what it was registered for, never more; without a wish it gets all of that."""

    def get_all_scopes(self) -> dict[str, str]:
        """Scopes with their meaning in the reader's language."""
        return {name: str(meaning) for name, meaning in SCOPES.items()}

    def get_available_scopes(self, application: Any = None, request: Any = None, *_args: Any, **_kwargs: Any) -> list[str]:  # noqa: ARG002
        """Scopes this client may ask for."""
        return [name for name in getattr(application, "scopes", []) if name in SCOPES]

    def get_default_scopes(self, application: Any = None, request: Any = None, *_args: Any, **_kwargs: Any) -> list[str]:
        """Scopes of a token asked for without naming any."""
        return self.get_available_scopes(application, request)
