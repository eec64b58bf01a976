"""The evaluation layer."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EvaluationConfig(AppConfig):
    """Loads what the layer registers with the kernel."""

    name = "evaluation"
    verbose_name = _("Evaluation")

    def ready(self) -> None:
        """Import receivers, which register themselves; nothing else."""
        from evaluation import receivers  # noqa: F401, PLC0415 - registers itself
