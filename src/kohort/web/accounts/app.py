"""The studio with its doors: who is signed in sees its pages, who is not signs in."""

from fastapi import APIRouter, FastAPI

from kohort.web.accounts.audit import mount_audit
from kohort.web.accounts.listing import mount_account_list
from kohort.web.accounts.organisation import mount_organisation
from kohort.web.accounts.own import mount_own_account
from kohort.web.accounts.sign_in import mount_sign_in, mount_sign_out
from kohort.web.accounts.visitors import doorkeeper_of
from kohort.web.accounts.welcome import mount_welcome
from kohort.web.api.asking import Desk
from kohort.web.api.problems import Refusing
from kohort.web.studio.app import mount_studio


def mount_guarded_studio(app: FastAPI, desk: Desk) -> Refusing:
    """Add the studio and the pages of accounts to an application; return what answers a request that is refused."""
    doors = APIRouter(include_in_schema=False)
    mount_sign_in(doors, desk)
    mount_welcome(doors, desk)
    mount_organisation(doors, desk)
    app.router.routes += doors.routes
    more = (mount_sign_out, mount_own_account, mount_account_list, mount_audit)
    return mount_studio(app, desk, doorkeeper_of(desk.project), more)
