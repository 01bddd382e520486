"""Pages: each is also data at the same path with `.json`, and, where it lists, a table with `.csv`."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request, Response, params
from fastapi.concurrency import run_in_threadpool
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send

from kohort.clock import Moment
from kohort.collection.acceptance import RequestRefusedError
from kohort.definitions.project import ProjectDefinition
from kohort.project import Project
from kohort.reports.spreadsheets import spreadsheet_cell
from kohort.rules.languages import Language
from kohort.rules.translate import translate_rule
from kohort.web.api.asking import Desk, answered_if_new
from kohort.web.callers import check_forgery
from kohort.web.slashes import read_names
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import language_of, translations
from kohort.web.studio.navigation import navigation
from kohort.web.studio.rendering import templates
from kohort.web.studio.retelling import retold
from kohort.web.studio.said import said
from kohort.web.studio.visiting import Doorkeeper, Visitor, check_scopes

Form = Literal["html", "json", "csv"]
_PRIVATE: Final = {"cache-control": "private, no-cache", "vary": "accept-language, cookie"}


@dataclass(frozen=True)
class Listed:
    """A table of a page: names of its columns, and rows."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    @classmethod
    def of(cls, columns: Sequence[str], items: Iterable[object]) -> "Listed":
        """Return the table of objects that have an attribute for each column.

        >>> Listed.of(["numerator", "denominator"], [1, 2]).rows
        [[1, 1], [2, 1]]
        """
        return cls(columns, [[getattr(one, column) for column in columns] for one in items])


@dataclass(frozen=True)
class Visit:
    """One visitor asking for one page in one form."""

    request: Request
    visitor: Visitor
    desk: Desk

    @property
    def project(self) -> Project:
        """The project; questions that take a core are asked inside `desk.asking`."""
        return self.desk.project

    @property
    def form(self) -> Form:
        """What is asked for: a page, its data, or its table."""
        ending = self.request.scope["route"].path.rpartition(".")[2]
        return ending if ending in {"json", "csv"} else "html"

    @property
    def now(self) -> Moment:
        """The present."""
        return self.project.clock.now()

    @property
    def language(self) -> Language:
        """The language of the page: the visitor's own, else the browser's."""
        return self.visitor.language or language_of(self.request.headers.get("accept-language"))

    @cached_property
    def settings(self) -> ProjectDefinition:
        """What `kohort.yaml` declares, read once a visit: a page of many rules asks for it as often."""
        return self.project.settings

    @cached_property
    def formats(self) -> Formats:
        """How the page writes numbers and times."""
        return Formats(self.language, self.settings.zone, self.settings.currency)

    def sentence(self, sentence: str) -> str:
        """Return a rule, written in the project's language, in that of the page."""
        return translate_rule(sentence, Language(self.settings.language), self.language)

    def said(self, text: str) -> str:
        """Return a text that the rest of the house makes in English, such as a reason, in the language of the page."""
        return said(text, self.formats)

    def shows(self, template: str, page: BaseModel, listed: Listed | None = None, /, **more: Any) -> Response:
        """Return the page of a template: `page` is its data; `more` is for the template alone, such as charts."""
        if self.form == "json":
            return answered_if_new(retold(page, self.formats), self.request.headers.get("if-none-match"))
        if self.form == "csv" and listed is not None:
            return Response("".join(_lines(listed)), 200, _PRIVATE, "text/csv; charset=utf-8")
        return self.draws(template, page=page, **more)

    def draws(self, template: str, status: int = 200, /, **values: Any) -> Response:
        """Return the page of a template that is no data, such as a form."""
        ways = navigation(self.request.url.path, self.visitor)
        body = self.fragment(template, navigation=ways, project=self.settings.name, **values)
        return Response(body, status, _PRIVATE, "text/html; charset=utf-8")

    def fragment(self, template: str, /, **values: Any) -> str:
        """Return what a template makes of values: a part of a page."""
        return (
            templates(self.language)
            .get_template(f"{template}.html.j2")
            .render(
                values,
                formats=self.formats,
                in_words=self.sentence,
                in_language=self.said,
                language=self.language.value,
                now=self.now,
                path=self.request.url.path,
                visitor=self.visitor,
            )
        )

    def say(self, text: str) -> str:
        """Return one of our own English texts in the language of the page."""
        return translations(self.language).gettext(text)

    def say_number(self, one: str, many: str, count: int) -> str:
        """Return a text for one or for many, with their number in the place of `%(count)s`."""
        return translations(self.language).ngettext(one, many, count) % {"count": self.formats.count(count)}


class Pages:
    """Adds pages to the routes of an application, each behind the scopes of which a visitor needs one."""

    def __init__(self, routes: list[BaseRoute], desk: Desk, doorkeeper: Doorkeeper) -> None:
        self.desk, self._doorkeeper = desk, doorkeeper
        self._routes = routes

    def page(
        self, path: str, *scopes: str, listed: bool = False, name: str = ""
    ) -> Callable[[Callable[..., Response]], None]:
        """Register what answers GET at a path, and at `name` or the path with an ending; it takes `visit: Visiting`."""
        stem = name or path

        def register(show: Callable[..., Response]) -> None:
            for one in (f"{stem}.json", *([f"{stem}.csv"] if listed else []), path):
                self.add(one, "GET", show, scopes)

        return register

    def data(self, path: str, *scopes: str) -> Callable[[Callable[..., Response]], None]:
        """Register what answers GET at a path with data for a script, and is no page."""

        def register(show: Callable[..., Response]) -> None:
            self.add(path, "GET", show, scopes)

        return register

    def action(self, path: str, *scopes: str) -> Callable[[Callable[..., Response]], None]:
        """Register what answers POST at a path: only what a page of ours sends, with the visitor's token."""

        def register(act: Callable[..., Response]) -> None:
            self.add(path, "POST", act, scopes)

        return register

    def may(self, request: Request, *scopes: str) -> bool:
        """Return whether who sent a request may still do what it asks: an answer may outlive many a session."""
        try:
            return self._doorkeeper(request).may(*scopes)
        except RequestRefusedError:
            return False

    def add(self, path: str, method: str, answer: Callable[..., Response], scopes: tuple[str, ...]) -> None:
        """Register what answers a method at a path."""

        async def arrive(request: Request) -> None:
            visitor = await run_in_threadpool(self._doorkeeper, request)
            check_scopes(visitor, scopes)
            await check_forgery(request, visitor.csrf)
            request.state.visit = Visit(request, visitor, self.desk)

        self._routes.append(_PageRoute(path, method, answer, Depends(arrive)))


class _PageRoute(Route):
    """A page whose parameters are read when it is first asked for: a server that begins would wait for those of all."""

    def __init__(self, path: str, method: str, answer: Callable[..., Response], arrive: params.Depends) -> None:
        super().__init__(path, answer, methods=[method], include_in_schema=False)
        self.methods = {method}
        self._arrive = arrive

    @cached_property
    def _read(self) -> APIRoute:
        return APIRoute(
            self.path,
            self.endpoint,
            methods=self.methods,
            response_model=None,
            dependencies=[Depends(read_names), self._arrive],
            include_in_schema=False,
        )

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """See `starlette.routing.Route`."""
        match, found = super().matches(scope)
        return (match, found) if match is Match.NONE else self._read.matches(scope)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See `starlette.routing.Route`."""
        await self._read.handle(scope, receive, send)


def visit_of(request: Request) -> Visit:
    """Return the visit that a request is."""
    visit: Visit = request.state.visit
    return visit


Visiting = Annotated[Visit, Depends(visit_of)]
"""The parameter by which a page is told who asks for it."""


def _lines(listed: Listed) -> Iterator[str]:
    for row in (listed.columns, *listed.rows):
        line = StringIO()
        csv.writer(line).writerow([spreadsheet_cell(cell) for cell in row])
        yield line.getvalue()
