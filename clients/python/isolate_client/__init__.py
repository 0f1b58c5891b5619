"""Client of Isolate's HTTP API, of the standard library alone."""

from .client import Client
from .errors import IsolateError
from .events import Event
from .runs import content_of

__all__ = ["Client", "Event", "IsolateError", "content_of"]
