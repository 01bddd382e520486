"""`kohort people`: what is known of a person, and merging and splitting people by hand."""

import sys
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from kohort.cli.help import GroupedCommands
from kohort.cli.options import HERE, ProjectOption
from kohort.cli.output import Format, out, show_rows

if TYPE_CHECKING:
    from kohort.pipeline.person import PersonRecord

people = typer.Typer(
    name="people", help="Show a person; merge and split people.", no_args_is_help=True, cls=GroupedCommands
)

PersonArgument = Annotated[str, typer.Argument(metavar="PERSON", help="A person id, user id or anonymous id.")]
OtherArgument = Annotated[str, typer.Argument(metavar="OTHER", help="Another, in the same ways.")]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="WHY", help="Why; the journal keeps it.")]


@people.command()
def show(
    person: PersonArgument,
    at: Annotated[str | None, typer.Option("--at", metavar="TIME", help="Consents as of when; ISO 8601.")] = None,
    project: ProjectOption = HERE,
    form: Annotated[Format, typer.Option("--format", help="The form of the listing.")] = Format.TABLE,
) -> None:
    """Show a person's identifiers, what joined them, and their consents with the proofs."""
    from kohort.project import Project

    opened = Project(project)
    show_person(opened.person(person, at), form, opened.show_moment)


@people.command()
def merge(
    person: PersonArgument, other: OtherArgument, reason: ReasonOption = "", project: ProjectOption = HERE
) -> None:
    """Make two people one; a split takes it back."""
    from kohort.project import Project

    found = Project(project).merge_people(person, other, reason=reason)
    out.print(f"one person now: {found}; their segments follow with: kohort run", markup=False)


@people.command()
def split(
    person: PersonArgument, other: OtherArgument, reason: ReasonOption = "", project: ProjectOption = HERE
) -> None:
    """Make two people of one, and keep them apart; a merge takes it back."""
    from kohort.project import Project

    opened = Project(project)
    for found in opened.split_people(person, other, reason=reason):
        its = ", ".join(f"{one.kind} {one.value}" for one in opened.person(found).identifiers)
        out.print(f"{found}: {its}", markup=False)
    out.print("two people now; their segments follow with: kohort run", markup=False)


def show_person(record: "PersonRecord", form: Format, show_moment: Callable[[int | None], str]) -> None:
    """Show a person as three tables, as one JSON object, or the identifiers, merges and consents in one CSV."""
    identifiers = [
        {"kind": one.kind, "value": one.value, "first_seen": show_moment(one.first_seen),
         "last_seen": show_moment(one.last_seen), "refused": one.refused}
        for one in record.identifiers
    ]  # fmt: skip
    merges = [asdict(one) | {"at": show_moment(one.at)} for one in record.merges]
    consents = [asdict(one) | {"at": show_moment(one.at)} for one in record.consents]
    if form is Format.JSON:
        import msgspec

        document = {
            "person_id": record.person_id, "identifiers": identifiers, "merges": merges,
            "consents_to": dict(record.consents_to), "consents": consents,
        }  # fmt: skip
        sys.stdout.write(msgspec.json.encode(document).decode() + "\n")
        return
    if form is Format.CSV:
        rows = [
            *({"what": "identifier", "name": one["kind"], "value": one["value"], "at": one["first_seen"]}
              for one in identifiers),
            *({"what": "merge", "name": one["by"], "value": f"{one['one']} + {one['other']}", "at": one["at"]}
              for one in merges),
            *({"what": "consent", "name": one["purpose"], "value": one["status"], "at": one["at"]}
              for one in consents),
        ]  # fmt: skip
        show_rows(rows, ["what", "name", "value", "at"], form)
        return
    out.print(escape(f"person {record.person_id}"))
    refused = ["refused"] if any(one["refused"] for one in identifiers) else []
    show_rows(identifiers, ["kind", "value", "first_seen", "last_seen", *refused], form)
    if merges:
        out.print("\nmerged")
        show_rows(merges, ["one", "other", "by", "at"], form)
    if record.consents_to:
        out.print("\nconsents to")
        rows = [{"purpose": name, "status": status} for name, status in record.consents_to.items()]
        show_rows(rows, ["purpose", "status"], form)
    if consents:
        out.print("\nchoices")
        show_rows(consents, ["at", "purpose", "category", "status", "source", "form", "proof"], form)
