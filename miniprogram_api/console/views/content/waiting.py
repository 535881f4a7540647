"""What waits for writers and for who publishes, on the start page."""

from datetime import datetime

from flask import url_for
from sqlalchemy.orm import Session

from content.queries.desk_list import count_approved, count_overdue, count_returned
from miniprogram_api.console.waiting import Waiting, waits
from miniprogram_api.kernel.access import Principal


@waits("content.write")
def count_returned_articles(session: Session, principal: Principal, now: datetime) -> list[Waiting]:
    """Articles of the caller's that came back from review, or did not appear when they should have."""
    address = url_for("console.list_articles", state="returned", mine="y")
    cards = [Waiting("篇文章被退回，等您修改", count_returned(session, principal), address)]
    if not principal.may("content.publish"):
        overdue = url_for("console.list_articles", state="overdue", mine="y")
        late = count_overdue(session, principal, now, owner_id=principal.id)
        cards.append(Waiting("篇您的定时文章逾期未发布", late, overdue, urgent=True))
    return cards


@waits("content.publish")
def count_ready_articles(session: Session, principal: Principal, now: datetime) -> list[Waiting]:
    """Plans whose time is over, and texts that passed review and wait to be published."""
    overdue = url_for("console.list_articles", state="overdue")
    approved = url_for("console.list_articles", state="approved")
    return [
        Waiting("篇定时文章逾期未发布", count_overdue(session, principal, now), overdue, urgent=True),
        Waiting("篇审核通过，等待发布", count_approved(session, principal, now), approved),
    ]
