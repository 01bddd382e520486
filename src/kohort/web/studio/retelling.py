"""The data of a page in the language of its reader: texts that Kohort made are known again there too."""

from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import BaseModel

from kohort.rules.languages import Language
from kohort.web.api.models.answer import HouseText
from kohort.web.studio.formats import Formats
from kohort.web.studio.said import said

Page = TypeVar("Page", bound=BaseModel)


def retold(page: Page, formats: Formats) -> Page:
    """Return the data of a page with every text that is marked as `Said` in the language of the page.

    >>> from zoneinfo import ZoneInfo
    >>> from kohort.web.api.models.answer import Said
    >>> class Refused(BaseModel):
    ...     reason: Said
    ...     name: str
    >>> retold(Refused(reason="expected an object", name="expected an object"), Formats(Language.FR, ZoneInfo("UTC")))
    Refused(reason='un objet est attendu', name='expected an object')
    """
    if formats.language is Language.EN:
        return page
    changed = {}
    for name, field in type(page).model_fields.items():
        value = getattr(page, name)
        is_said = any(isinstance(one, HouseText) for one in field.metadata) or _holds_said(field.annotation)
        now = _retold(value, formats, is_said=is_said)
        if now is not value:
            changed[name] = now
    return page.model_copy(update=changed) if changed else page


def _retold(value: Any, formats: Formats, *, is_said: bool) -> Any:
    if isinstance(value, BaseModel):
        return retold(value, formats)
    if isinstance(value, list):
        return [_retold(one, formats, is_said=is_said) for one in value]
    if isinstance(value, dict):
        return {name: _retold(one, formats, is_said=is_said) for name, one in value.items()}
    return said(value, formats) if is_said and isinstance(value, str) else value


def _holds_said(annotation: Any) -> bool:
    """Return whether a type is, or holds, a text that is marked."""
    if get_origin(annotation) is Annotated:
        return any(isinstance(one, HouseText) for one in annotation.__metadata__)
    return any(_holds_said(one) for one in get_args(annotation))
