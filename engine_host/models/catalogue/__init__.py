"""Which models there are, where they lie, whether they are whole and fit, and how to load one."""

from engine_host.models.catalogue.choice import HOUSE, ModelChoice
from engine_host.models.catalogue.loading import check_model

__all__ = ["HOUSE", "ModelChoice", "check_model"]
