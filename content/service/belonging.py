"""Whose the things are that a draft names: a desk shows its own pictures, on the pages of its own sites."""

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from content.errors import DraftRefused
from content.models import Asset, Revision
from content.queries.scope import assets_within
from content.rules.drafts import Draft
from content.service.asset_uses import pictures_of, pictures_of_draft
from miniprogram_api.kernel.access import Principal
from miniprogram_api.kernel.errors import FieldError
from miniprogram_api.sites.queries import names_of_sites, sites_within


def check_named(session: Session, principal: Principal, draft: Draft, before: Revision | None) -> None:
    """Raises DraftRefused where a draft names pictures or sites anew that are not its writer's to name.

    What the text before it named stays, whoever put it there. What does not exist is the checklist's to tell.
    """
    wrong = [*_sites(session, principal, draft, before), *_pictures(session, principal, draft, before)]
    if wrong:
        raise DraftRefused(fields=wrong)


def _sites(
    session: Session, principal: Principal, draft: Draft, before: Revision | None
) -> Iterator[FieldError]:
    new = {UUID(each) for each in set(draft.site_ids) - set(before.site_ids if before else ())}
    if not new:
        return
    within = sites_within(principal, "content.write")
    others = set(names_of_sites(session, new)) - set(session.scalars(within))
    if others:
        yield FieldError("site_ids", "content.site_not_yours")


def _pictures(
    session: Session, principal: Principal, draft: Draft, before: Revision | None
) -> Iterator[FieldError]:
    new = pictures_of_draft(draft) - (pictures_of(before) if before else set())
    if not new:
        return
    there = select(Asset.id).where(Asset.id.in_(new))
    others = set(session.scalars(there.where(~assets_within(principal, "content.view"))))
    named = {str(each) for each in others}
    if draft.cover_asset_id in named:
        yield FieldError("cover_asset_id", "content.cover_not_yours")
    for number, block in enumerate(draft.body.get("content") or ()):
        if block["type"] == "image" and block["attrs"]["assetId"] in named:
            yield FieldError(f"content[{number}]", "content.picture_not_yours", {"block": number + 1})
