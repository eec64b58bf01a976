"""Forms of the inbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from alliance.kernel.forms import AllianceForm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from alliance.models import User


class HandOverForm(AllianceForm):
    """Who takes an item over."""

    to = forms.ChoiceField(
        label=_("Who takes it over?"),
        help_text=_("People who may do it as well. They are told at once; you can take it back."),
        widget=forms.RadioSelect,
        error_messages={
            "required": _("Choose a person."),
            "invalid_choice": _("This person cannot take it over. Choose somebody from the list."),
        },
    )

    def __init__(self, *args: Any, people: Sequence[User], actor: User, **kwargs: Any) -> None:
        """Offer these people; the actor stands for taking it back."""
        super().__init__(*args, **kwargs)
        self._people = {str(person.uuid): person for person in people}
        field: Any = self.fields["to"]
        field.choices = [
            (key, _("I do it myself") if person == actor else person.get_full_name()) for key, person in self._people.items()
        ]

    def clean_to(self) -> User:
        """The person behind the choice."""
        return self._people[self.cleaned_data["to"]]
