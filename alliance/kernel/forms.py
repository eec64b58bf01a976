"""How every form of the product is drawn: one renderer, one field template, one error summary.

``{{ form }}`` gives label, hint, error, ``aria-describedby``, ``aria-invalid``, "(optional)", fieldsets for groups of
choices and the error summary; pages do not write fields by hand. Forms derive from :class:`AllianceForm` or
:class:`AllianceModelForm`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.forms.renderers import DjangoTemplates
from django.template.loader import get_template
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.template.backends.base import _EngineTemplate


WIDGETS = {"django/forms/widgets/select.html": "components/select.html"}
"""Widgets of Django that we draw ourselves."""


class AllianceFormRenderer(DjangoTemplates):
    """Draws forms and fields with the project's templates, and most widgets with Django's own."""

    form_template_name = "components/form_fields.html"
    formset_template_name = "components/formset.html"
    field_template_name = "components/field.html"

    def get_template(self, template_name: str) -> _EngineTemplate:
        """Templates of ours come from the project's engine, so that they translate and know our tags."""
        template_name = WIDGETS.get(template_name, template_name)
        if template_name.startswith("components/"):
            ours: _EngineTemplate = get_template(template_name)
            return ours
        djangos: _EngineTemplate = super().get_template(template_name)
        return djangos


class SummaryEntry(NamedTuple):
    """One line of an error summary."""

    field_id: str
    text: str


#: Longest answer for which a field is drawn in each width class; the width tells how much is expected.
WIDTHS: tuple[tuple[int, str], ...] = ((6, "width-4"), (12, "width-10"), (24, "width-20"), (48, "width-40"))


class FormLook:
    """What the templates need beside Django's own form: classes on the widgets and the error summary."""

    template_name_summary = "components/error_summary.html"
    #: Errors are shown by the server on submit; the browser's own bubbles would speak another language.
    use_required_attribute = False
    error_css_class = "invalid"

    if TYPE_CHECKING:
        fields: dict[str, forms.Field]
        errors: Any
        renderer: Any
        auto_id: Any

        non_field_errors: Any

        def __getitem__(self, name: str) -> forms.BoundField: ...

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Build the form and dress its widgets."""
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            dress(field)
            explain(field, str(self[name].label))

    def summary(self) -> list[SummaryEntry]:
        """Every error with the id of the control it concerns, in the order of the page; form-wide errors first."""
        entries = [SummaryEntry("", str(error)) for error in self.non_field_errors()]
        for name in self.fields:
            if name not in self.errors:
                continue
            bound = self[name]
            target = bound.id_for_label or bound.auto_id
            if bound.use_fieldset and (first := next(iter(bound.subwidgets), None)) is not None:
                target = str(first.id_for_label or target)
            entries.extend(SummaryEntry(target, str(error)) for error in bound.errors)
        return entries

    def error_summary(self) -> SafeString | str:
        """The summary for the top of the form, empty when nothing is wrong."""
        if not self.errors:
            return ""
        drawn: str = self.renderer.render(self.template_name_summary, {"entries": self.summary()})
        return mark_safe(drawn)


def dress(field: forms.Field) -> None:
    """Give a field's widget the classes of the style sheet; fit its width to the longest answer."""
    widget = field.widget
    if isinstance(widget, forms.CheckboxInput | forms.RadioSelect | forms.CheckboxSelectMultiple) or widget.is_hidden:
        return
    classes = str(widget.attrs.get("class", "")).split()
    if "input" not in classes:
        classes.append("input")
    if not any(name.startswith("width-") for name in classes) and not isinstance(widget, forms.Textarea | forms.Select):
        longest = getattr(field, "max_length", None)
        if isinstance(widget, forms.DateInput | forms.NumberInput | forms.TimeInput) and longest is None:
            longest = 20
        width = next((name for limit, name in WIDTHS if longest and longest <= limit), "")
        if width:
            classes.append(width)
    if isinstance(widget, forms.Textarea) and str(widget.attrs.get("rows", "10")) == "10":
        # Ten rows is Django's default, too tall for most answers; any other number was chosen by the form.
        widget.attrs["rows"] = 4
    if type(widget) is forms.DateInput:
        widget.input_type = "date"
        widget.format = widget.format or "%Y-%m-%d"
    widget.attrs["class"] = " ".join(classes)


def explain(field: forms.Field, label: str) -> None:
    """Say of an answer that is missing, too long, too large or unreadable what to do.

    What a form says itself stays. Django's own words name "this value" and leave the reader to guess.
    """
    ways = {
        "max_length": _("Shorten it to %(limit_value)s characters; it has %(show_value)s."),
        "min_value": _("Write a number from %(limit_value)s on."),
        "max_value": _("Write a number up to %(limit_value)s."),
        "max_digits": _("Write a number with at most %(max)s digits."),
        "max_decimal_places": _("Write at most %(max)s places after the point."),
        "max_whole_digits": _("Write a number with at most %(max)s digits before the point."),
    }
    if isinstance(field, forms.DateField):
        ways["invalid"] = _("Write the day as year-month-day, such as 2026-11-21.")
    elif isinstance(field, forms.IntegerField | forms.DecimalField):
        ways["invalid"] = _("Write a number in digits, such as 12.")
    if isinstance(field, forms.FileField):
        ways = {}  # its words tell of the name of a file, with values of their own
    for code, words in ways.items():
        if field.error_messages.get(code) in (None, type(field).default_error_messages.get(code)):
            field.error_messages[code] = words
    if field.error_messages.get("required") != forms.Field.default_error_messages["required"]:
        return
    if isinstance(field, forms.FileField):
        text = _("Choose a file for “%(label)s”")
    elif isinstance(field, forms.BooleanField):
        text = _("Tick “%(label)s” to go on")
    elif isinstance(field, forms.ChoiceField | forms.ModelChoiceField):
        text = _("Choose an answer for “%(label)s”")
    else:
        text = _("Fill in “%(label)s”")
    field.error_messages["required"] = text % {"label": label}


class AllianceForm(FormLook, forms.Form):  # type: ignore[misc]
    """Base of all forms that are not tied to one model."""


class AllianceModelForm(FormLook, forms.ModelForm):  # type: ignore[misc, type-arg]
    """Base of all model forms; rules stay in the action that gets ``cleaned_data``."""
