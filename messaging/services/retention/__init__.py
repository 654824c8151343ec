"""How long things are kept: what clients' rules say is removed, with a receipt."""

from messaging.services.retention.purging import purge, purge_some
from messaging.services.retention.rules import Outlook, name_of, outlook

__all__ = ["Outlook", "name_of", "outlook", "purge", "purge_some"]
