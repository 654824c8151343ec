"""Two places as one, while files move from the second to the first: written to the one, found in either."""

from datetime import datetime
from typing import Any

from django.core.files import File
from django.core.files.storage import Storage
from django.utils.module_loading import import_string


class TwofoldStorage(Storage):
    """``first`` and ``second`` are described as in STORAGES."""

    def __init__(self, *, first: dict[str, Any], second: dict[str, Any]) -> None:
        self.first, self.second = _made(first), _made(second)

    def where(self, name: str) -> Storage | None:
        """Asked for the first again in the end: the file may have moved between the two questions."""
        return next((place for place in (self.first, self.second, self.first) if place.exists(name)), None)

    def exists(self, name: str) -> bool:
        return self.where(name) is not None

    def size(self, name: str) -> int:
        return int(self._home(name).size(name))

    def get_modified_time(self, name: str) -> datetime:
        found: datetime = self._home(name).get_modified_time(name)
        return found

    def url(
        self,
        name: str | None,
        parameters: dict[str, Any] | None = None,
        expire: int | None = None,
        http_method: str | None = None,
    ) -> str:
        """Only the first's addresses are told; what it does not have yet is streamed."""
        if not self.first.exists(str(name)):
            raise ValueError("This file has no address yet.")
        address: str = self.first.url(name, parameters=parameters, expire=expire, http_method=http_method)  # type: ignore[call-arg]
        return address

    def delete(self, name: str) -> None:
        """First where it is read first: then no reader is led to a copy that is about to go."""
        self.first.delete(name)
        self.second.delete(name)

    def listdir(self, path: str) -> tuple[list[str], list[str]]:
        folders: dict[str, None] = {}
        files: dict[str, None] = {}
        for place in (self.first, self.second):
            try:
                found = place.listdir(path)
            except FileNotFoundError:
                continue
            folders |= dict.fromkeys(found[0])
            files |= dict.fromkeys(found[1])
        return list(folders), list(files)

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        return self.first.get_available_name(name, max_length)

    def _home(self, name: str) -> Storage:
        place = self.where(name)
        if place is None:
            raise FileNotFoundError(name)
        return place

    def _open(self, name: str, mode: str = "rb") -> "File[Any]":
        for place in (self.first, self.second):
            try:
                return place.open(name, mode)
            except FileNotFoundError:
                continue
        return self.first.open(name, mode)

    def _save(self, name: str, content: "File[Any]") -> str:
        return self.first.save(name, content)


def places_of(place: Storage) -> tuple[Storage, ...]:
    """Where a file may be; what is stored goes to the first."""
    return (place.first, place.second) if isinstance(place, TwofoldStorage) else (place,)


def _made(described: dict[str, Any]) -> Storage:
    place: Storage = import_string(described["BACKEND"])(**described.get("OPTIONS", {}))
    return place
