"""What came by mail, and what became of it."""

from forum.postbox.models.received import Outcome, Received

__all__ = ["Outcome", "Received"]
