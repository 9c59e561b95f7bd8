"""Every operation of the service, as its own description lists them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute, iter_route_contexts

from app.auth.models import Role
from app.auth.permissions import MAY, Act
from app.main import create_app

OPEN = ("/api/v1/token", "/api/v1/public/")
CONVERTER = re.compile(r":\w+}")
WRITES = {"POST", "PUT", "PATCH", "DELETE"}


@dataclass(frozen=True)
class Operation:
    """One method of one path, what leave it asks for, and what it takes."""

    method: str
    path: str
    act: Act
    takes: tuple[str, ...]
    query: tuple[dict[str, Any], ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def allowed(self) -> frozenset[Role]:
        """The roles that may."""
        return MAY[self.act]

    def at(self, **values: object) -> str:
        """The path with its parameters filled in, the rest with `there` if given."""
        path = self.path
        for name in self.parameters:
            path = path.replace(f"{{{name}}}", str(values.get(name, values.get("any", ""))))
        return path

    @property
    def parameters(self) -> list[str]:
        """The names in braces."""
        return [part[1:-1] for part in self.path.split("/") if part.startswith("{")]


def _acts(dependant: Dependant) -> Iterator[Act]:
    act = getattr(dependant.call, "act", None)
    if act is not None:
        yield act
    for needed in dependant.dependencies:
        yield from _acts(needed)


def operations() -> list[Operation]:
    """Every guarded operation under /api/v1."""
    app = create_app(serve_from_bound_engine=True)
    acts = {
        (method, CONVERTER.sub("}", str(context.path))): act
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute)
        for method in context.methods or ()
        for act in _acts(context.original_route.dependant)
    }
    found = []
    for path, methods in app.openapi()["paths"].items():
        if path.startswith(OPEN) or path == "/healthz":
            continue
        for method, said in methods.items():
            key = (method.upper(), path)
            takes = tuple(said.get("requestBody", {}).get("content", {}))
            query = tuple(each for each in said.get("parameters", ()) if each["in"] == "query")
            found.append(Operation(*key, acts[key], takes, query))
    return found


OPERATIONS = operations()
