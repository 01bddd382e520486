"""What `kohort.yaml` declares of the API: how much may be asked, by keys and by people, and how large a file may be."""

from dataclasses import dataclass
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.journal import parse_size


@dataclass(frozen=True)
class ApiLimits:
    """The most that the API takes: requests a second of a key or account, in the mean and at once, bytes of a file."""

    rate: int = 50
    burst: int = 100
    file: int = 256 * 2**20


DEFAULT_API_LIMITS: Final = ApiLimits()


def api_limits_of(fields: Fields | None) -> ApiLimits:
    """Read `api:` of `kohort.yaml`; raises DefinitionError.

    >>> api_limits_of(Fields({"rate": 10, "file": "1 GB"}, "kohort.yaml", "api"))
    ApiLimits(rate=10, burst=20, file=1000000000)
    """
    if fields is None:
        return DEFAULT_API_LIMITS
    rate = fields.integer("rate", default=DEFAULT_API_LIMITS.rate)
    burst = fields.integer("burst", default=2 * rate)
    file = fields.build("file", parse_size) if fields.value("file") is not None else DEFAULT_API_LIMITS.file
    fields.refuse_unknown()
    if rate < 1:
        raise fields.wrong("rate", "a number of requests a second from 1 on", rate)
    if burst < rate:
        raise fields.wrong("burst", f"a number of requests from {rate}, the rate, on", burst)
    return ApiLimits(rate, burst, file)
