"""Forms as data: fields with their words, what was typed, and what was wrong with it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from gateway.api.problems import status_of
from gateway.console.access import to
from gateway.console.frame import screen
from gateway.errors import FieldError, GatewayError, ValidationFailedError
from verify_web.language import pair
from verify_web.words import say

Choices = tuple[tuple[str, str], ...]
"""Value and words of each."""


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    name: str
    label: str
    kind: str = "text"
    """text | password | code | date | moment | number | area | choice | checks | check | file"""
    required: bool = True
    max_length: int | None = None
    hint: str | None = None
    choices: Choices = ()
    focus: bool = False
    autocomplete: str = "off"
    is_chinese: bool = False
    """Its words are on the licence, and stay Chinese in every language."""
    has_chinese_choices: bool = False
    """So do the names that it offers."""


@dataclass(frozen=True)
class Group:
    """Fields that belong together, under a heading."""

    heading: str
    fields: tuple[Field, ...]
    hint: str | None = None


@dataclass
class Form:
    """A form as it is filled in."""

    groups: tuple[Group, ...]
    values: dict[str, str] = field(default_factory=dict)
    lists: dict[str, list[str]] = field(default_factory=dict)
    """Of fields with several values."""
    files: dict[str, bytes] = field(default_factory=dict)
    """What was uploaded; a browser does not send it again after a mistake elsewhere in the form."""
    errors: dict[str, str] = field(default_factory=dict)
    """By name of field."""
    complaints: list[str] = field(default_factory=list)
    """What concerns no single field."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """All fields, in order."""
        return tuple(one for group in self.groups for one in group.fields)

    @property
    def revision(self) -> int | None:
        """Of the licence when the form was opened, for optimistic concurrency."""
        text = request.form.get("revision", "")
        return int(text) if text.isdecimal() and len(text) <= 9 else None  # noqa: PLR2004 # fits the column

    @property
    def takes_files(self) -> bool:
        """Whether the form has to be sent in parts."""
        return any(one.kind == "file" for one in self.fields)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, "")

    def read(self) -> "Form":
        """Take what was sent; only the fields of the form."""
        for one in self.fields:
            if one.kind == "checks":
                self.lists[one.name] = request.form.getlist(one.name)
            elif one.kind == "file":
                upload = request.files.get(one.name)
                self.files[one.name] = b"" if upload is None else upload.read()
            else:
                text = request.form.get(one.name, "")
                self.values[one.name] = text if one.kind == "password" else text.strip().replace("\r\n", "\n")
        return self

    def note(self, error: GatewayError, places: Callable[[FieldError], str] = lambda e: e.field) -> None:
        """Put an error where it belongs: beside its field, or above the form."""
        names = {one.name for one in self.fields}
        for each in error.errors if isinstance(error, ValidationFailedError) else ():
            place = places(each)
            if place in names:
                self.errors.setdefault(place, say(*pair(each.message)))
            else:
                self.complaints.append(f"{each.field}: {say(*pair(each.message))}")
        if status_of(error) >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # What broke inside is for the log; what was typed is kept, and can be sent again.
            self.complaints.append(_("暂时无法办理，请稍后再次提交。"))
        elif not isinstance(error, ValidationFailedError):
            self.complaints.append(say(*pair(error.message)))


def fields_of(*fields: Field) -> tuple[Group, ...]:
    """A form of one group without heading."""
    return (Group("", fields),)


@dataclass(frozen=True)
class Sheet:
    """What stands around a form on its page."""

    title: str
    submit: str
    lead: str | None = None
    facts: tuple[tuple[str, str], ...] = ()
    """Label and value of what the form is about, in the reader's language."""
    back: tuple[str, Mapping[str, object]] = ("dashboard", {})
    """Endpoint and values of the page that one came from."""
    revision: int | None = None
    link: tuple[str, str] | None = None
    """Address and words of something to open before filling in."""


def show_form(sheet: Sheet, form: Form, status: int = HTTPStatus.OK) -> BaseResponse:
    """The page of a form."""
    return screen("form.html", status, sheet=sheet, form=form)


def take_form(sheet: Sheet, form: Form, act: Callable[[Form], BaseResponse | None]) -> BaseResponse:
    """Show a form by GET; by POST do the act, or show what was wrong with everything that was typed still there.

    ``act`` gives where to go on; None goes back to where one came from.
    """
    if request.method == "GET":
        return show_form(sheet, form)
    form.read()
    try:
        done = act(form)
    except GatewayError as error:
        status = status_of(error)
        form.note(error)
        return show_form(sheet, form, status)
    return done or to(sheet.back[0], **sheet.back[1])
