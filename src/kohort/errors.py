"""Every error that Kohort raises on purpose.

::

    KohortError
    ├── TerminalError               the same call will fail again: something must be mended first
    │   ├── UsageError              the call itself makes no sense                           exit code 2
    │   │   ├── NotEvaluatedError   … because a segment cannot be evaluated yet
    │   │   └── AccountError        an account, or its password, cannot be like that
    │   ├── DefinitionError         a file of the project, or a rule, is wrong               exit code 3
    │   │   ├── RuleError           a rule sentence: the place is underlined
    │   │   ├── RefusalError        a part of a rule that makes no sense, in any language
    │   │   │   └── MisplacedError  … at a place of a sentence
    │   │   ├── UnknownNameError    an event, property, trait or segment nobody knows
    │   │   └── GapError            a rule asks for what the store cannot do
    │   ├── InputError              a file to ingest is wrong as a whole                     exit code 4
    │   │   ├── TooLargeError       … because it is larger than is taken
    │   │   └── StoppedError        … because a gate of its source fails
    │   ├── ProjectError            the project's folder or its data cannot be used          exit code 5
    │   │   ├── CorruptionError     a checksum does not match
    │   │   └── TopicError          a topic of Kafka, or the way to it, cannot be used as it is declared
    │   ├── MissingExtraError       an optional library is not installed                     exit code 6
    │   └── CheckError              a check fails before something is changed: nothing was   exit code 8
    │       ├── StalePlanError      a plan no longer fits what it was made from
    │       └── ChangedSinceError   what is to be changed is not as whoever changes it believes
    └── TransientError              trying again later may succeed                           exit code 7
        ├── LockedError             another command is writing
        ├── FollowingError          another project folder leads on the same journal
        ├── StorageError            the disk, or what stands in its place, refused a write
        │   ├── DiskFullError       … for want of room: that of the disk, or the journal's quota
        │   └── BrokerError         … or the broker that keeps the journal did not answer
        ├── OverloadError           more comes in than can be written: some of it must wait
        ├── AttemptsError           somebody failed to sign in too often
        └── RemoteError             another server did not answer as it should

A message says what was tried, on what, and what to do next. Whether to retry is the type.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

NEAREST: Final = ('did you mean "{name}"?', "known: {names}", "none is known yet")


class KohortError(Exception):
    """The root of every error that Kohort raises on purpose; `exit_code` is the command line's answer."""

    exit_code = 1


class TerminalError(KohortError):
    """The same call will fail again until something is mended."""


class TransientError(KohortError):
    """Trying the same call again later may succeed."""

    exit_code = 7


class UsageError(TerminalError):
    """The call itself makes no sense: an argument is missing or contradicts another."""

    exit_code = 2


class MethodRefusedError(UsageError):
    """A method of clustering cannot be run on these people; `french` says so in French, for pages that tell of it.

    >>> print(MethodRefusedError("too many pairs", "trop de paires"))
    too many pairs
    """

    def __init__(self, english: str, french: str) -> None:
        super().__init__(english)
        self.french = french


class NotEvaluatedError(UsageError):
    """A segment has no members yet, for a reason that tells what to do.

    >>> print(NotEvaluatedError("buyers", "has not been evaluated yet; run: kohort run"))
    segment "buyers" has not been evaluated yet; run: kohort run
    """

    def __init__(self, segment: str, reason: str) -> None:
        super().__init__(f'segment "{segment}" {reason}')


class AccountError(UsageError):
    """An account cannot be made or changed like that; `code` is a word for programs, which does not change.

    >>> AccountError("last_admin", "make another admin first").code
    'last_admin'
    """

    def __init__(self, code: str, problem: str) -> None:
        self.code = code
        super().__init__(problem)


class DefinitionError(TerminalError):
    """Something that people declared, in a file of the project or in a rule, is wrong."""

    exit_code = 3


class RuleError(DefinitionError):
    """A rule sentence is wrong; the message shows the line with the place underlined.

    >>> print(RuleError("expected a number", sentence="count of x >= many", start=14, end=18))
    expected a number
      count of x >= many
                    ^^^^
    """

    def __init__(self, problem: str, *, sentence: str, start: int, end: int, hint: str = "") -> None:
        self.problem, self.sentence, self.start, self.end, self.hint = problem, sentence, start, end, hint
        super().__init__(problem + "\n" + underline(sentence, start, end) + (f"\n{hint}" if hint else ""))


class RefusalError(DefinitionError):
    """A part of a rule makes no sense: a template and its values, in English by themselves.

    `kohort.rules.languages.said` says the same in the language of the rule.

    >>> print(RefusalError("a score is out of 2 to {most}", most=100))
    a score is out of 2 to 100
    """

    def __init__(self, template: str, **values: object) -> None:
        self.template, self.values = template, values
        super().__init__(template.format(**values))


class MisplacedError(RefusalError):
    """What was refused, and its place in the sentence, from one character to before another."""

    def __init__(self, refusal: RefusalError, span: tuple[int, int]) -> None:
        super().__init__(refusal.template, **refusal.values)
        self.span = span


class UnknownNameError(DefinitionError):
    """A name that nobody declared and no data has shown; `hint` is what to do, by default the nearest known name.

    >>> print(UnknownNameError("event", "order_complete", ["order_completed", "page_viewed"]))
    unknown event "order_complete"; did you mean "order_completed"?
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: str = "", hint: str = "") -> None:
        self.kind, self.name = kind, name
        place = f" in {where}" if where else ""
        super().__init__(f'unknown {kind} "{shorten(name)}"{place}; {hint or did_you_mean(name, known)}')


class GapError(DefinitionError):
    """A rule asks for what its store cannot do; `kohort engines` lists what each store can.

    >>> print(GapError("bigquery", "lists of text", "BigQuery stores a missing list as an empty one"))
    bigquery cannot run a rule on lists of text: BigQuery stores a missing list as an empty one; see: kohort engines
    """

    def __init__(self, store: str, what: str, reason: str) -> None:
        super().__init__(f"{store} cannot run a rule on {what}: {reason}; see: kohort engines")


class InputError(TerminalError):
    """A file cannot be ingested at all: missing, empty, of the wrong kind, or without a needed column."""

    exit_code = 4


class StoppedError(InputError):
    """A gate of a source has stopped a load: nothing of it was taken in."""


class TooLargeError(InputError):
    """A file is larger than is taken.

    >>> print(TooLargeError(1_000))
    the file is larger than 1,000 bytes; split it, or raise api.file in kohort.yaml
    """

    def __init__(self, most: int) -> None:
        super().__init__(f"the file is larger than {most:,} bytes; split it, or raise api.file in kohort.yaml")


class ProjectError(TerminalError):
    """The project's folder or its data cannot be used as they are."""

    exit_code = 5


class CorruptionError(ProjectError):
    """Stored bytes do not match their checksum."""


class TopicError(ProjectError):
    """A topic of Kafka, or the way to it, cannot be used as it is declared; the message repeats no data."""


class MissingExtraError(TerminalError):
    """An optional library is not installed; the message is the command that installs it.

    >>> print(MissingExtraError("learn", "discovering clusters"))
    discovering clusters needs the extra "learn"; install it with: pip install "kohort[learn]"
    """

    exit_code = 6

    def __init__(self, extra: str, purpose: str) -> None:
        super().__init__(f'{purpose} needs the extra "{extra}"; install it with: pip install "kohort[{extra}]"')


class CheckError(TerminalError):
    """A test of a segment fails, or a guard rail stops a change; nothing was changed."""

    exit_code = 8


class StalePlanError(CheckError):
    """A plan no longer fits what it was made from.

    >>> print(StalePlanError("the files have changed since the plan was made"))
    the files have changed since the plan was made, so nothing was applied; look at a new one with: kohort plan
    """

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}, so nothing was applied; look at a new one with: kohort plan")


class ChangedSinceError(CheckError):
    """What is to be changed is not as whoever changes it believes; `unsaid` if they did not say how they believe it."""

    def __init__(self, problem: str, *, unsaid: bool = False) -> None:
        self.unsaid = unsaid
        super().__init__(problem)


class LockedError(TransientError):
    """Another command holds the project's write lock."""


class FollowingError(TransientError):
    """Another project folder leads on the same journal: only there is something recorded that others rely on."""


class StorageError(TransientError):
    """The disk, or what stands in its place, refused a write."""


class DiskFullError(StorageError):
    """There is no room for a write: on the disk, in its reserve, or in the journal's quota; nothing of it is kept."""


class BrokerError(StorageError):
    """A broker did not answer in time, or refused for now; what was not acknowledged may be kept all the same."""


class OverloadError(TransientError):
    """More comes in than can be written; nothing of this was kept, and the sender should try again later."""


class AttemptsError(TransientError):
    """Somebody failed to sign in too often; `wait` is the seconds until they may try again.

    >>> print(AttemptsError(60))
    too many attempts to sign in; try again in 60 s
    """

    def __init__(self, wait: int) -> None:
        self.wait = wait
        super().__init__(f"too many attempts to sign in; try again in {wait} s")


class RemoteError(TransientError):
    """Another server did not answer, or not as it should."""


@dataclass(frozen=True)
class Place:
    """Where in what people wrote something stands: file, line (from 1), field.

    >>> str(Place("segments/vip.yaml", 3, "where"))
    'segments/vip.yaml, line 3, field "where"'
    """

    file: str
    line: int | None = None
    field: str | None = None

    def __str__(self) -> str:
        line = f", line {self.line}" if self.line is not None else ""
        field = f', field "{self.field}"' if self.field else ""
        return f"{self.file}{line}{field}"


def did_you_mean(name: str, known: Iterable[str], said: tuple[str, ...] = NEAREST) -> str:
    """Return the end of a sentence that proposes the nearest known name, or lists what there is.

    `said` are the three ways to say so: the nearest `{name}`, the `{names}` that there are, that there are none.

    >>> did_you_mean("totl", ["total", "items"])
    'did you mean "total"?'
    >>> did_you_mean("x", [])
    'none is known yet'
    """
    names = sorted(set(known))
    if not names:
        return said[2]
    nearest = difflib.get_close_matches(name[:200], names, n=1, cutoff=0.6)
    if nearest:
        return said[0].format(name=nearest[0])
    shown = ", ".join(f'"{shorten(one)}"' for one in names[:8])
    return said[1].format(names=shown) + (" …" if len(names) > 8 else "")  # noqa: PLR2004 - as many as fit a line


def shorten(text: str, longest: int = 80) -> str:
    """Return `text` on one line of at most `longest` characters, control characters made visible.

    >>> shorten("a" * 100, 5)
    'aaaa…'
    """
    clean = "".join(char if char.isprintable() else repr(char)[1:-1] for char in text[: longest + 1])
    return clean if len(clean) <= longest else clean[: longest - 1] + "…"


def underline(sentence: str, start: int, end: int) -> str:
    """Return the line of `sentence` that holds `start`, and carets below from `start` up to `end`.

    >>> print(underline("one two", 4, 7))
      one two
          ^^^
    """
    first = sentence.rfind("\n", 0, start) + 1
    last = sentence.find("\n", start)
    line = sentence[first : last if last >= 0 else len(sentence)]
    carets = "^" * max(1, min(end, first + len(line)) - start)
    return f"  {line}\n  {' ' * (start - first)}{carets}"
