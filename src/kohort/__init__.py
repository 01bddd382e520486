"""Kohort: audience segmentation that is exact, explained and proven.

>>> import kohort
>>> kohort.Project.__name__
'Project'
"""

from typing import TYPE_CHECKING

from kohort.errors import KohortError

if TYPE_CHECKING:
    from kohort.project import Project

__version__ = "0.1.0"
__all__ = ["KohortError", "Project", "__version__"]


def __getattr__(name: str) -> object:
    """Import the facade when it is first asked for, so that the command line's help need not wait for it."""
    if name == "Project":
        from kohort.project import Project

        return Project
    raise AttributeError(f'module "kohort" has no attribute "{name}"; it offers {", ".join(__all__)}')
