"""Everything under `/segments/{name}`."""

from kohort.web.studio.pages import Pages
from kohort.web.studio.segment.comparing import mount_comparing
from kohort.web.studio.segment.drivers import mount_segment_drivers
from kohort.web.studio.segment.history import mount_history
from kohort.web.studio.segment.keeping import mount_keeping
from kohort.web.studio.segment.members import mount_member_pages
from kohort.web.studio.segment.page import mount_segment_page


def mount_segment(pages: Pages) -> None:
    """Add the page of a segment, and its parts."""
    for mount in (
        mount_segment_page,
        mount_history,
        mount_comparing,
        mount_segment_drivers,
        mount_keeping,
        mount_member_pages,
    ):
        mount(pages)
