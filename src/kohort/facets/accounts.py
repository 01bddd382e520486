"""The people who use a project: their accounts, their sessions, what they did."""

from functools import cached_property
from typing import TYPE_CHECKING

from kohort.facets.facet import Facet

if TYPE_CHECKING:
    from kohort.governance.accounts import Accounts
    from kohort.governance.audit import Audit
    from kohort.governance.pseudonyms import Pseudonyms
    from kohort.governance.sessions import Sessions


class AccountsFacet(Facet):
    """The part of `Project` that knows who may use it; it needs no lock."""

    @cached_property
    def accounts(self) -> "Accounts":
        """The accounts: made, given roles, let in and disabled here."""
        from kohort.governance.accounts import Accounts
        from kohort.storage.state import State

        return Accounts(State(self.folder.state), self.clock)

    @cached_property
    def sessions(self) -> "Sessions":
        """Who is signed in, in which browsers."""
        from kohort.governance.sessions import Sessions
        from kohort.storage.state import State

        return Sessions(State(self.folder.state), self.clock)

    @cached_property
    def audit(self) -> "Audit":
        """Who did what to accounts and keys."""
        from kohort.governance.audit import Audit
        from kohort.storage.state import State

        return Audit(State(self.folder.state), self.clock)

    @cached_property
    def pseudonyms(self) -> "Pseudonyms":
        """What stands for people where who they are may not be told."""
        from kohort.governance.pseudonyms import Pseudonyms
        from kohort.storage.state import State

        return Pseudonyms(State(self.folder.state))
