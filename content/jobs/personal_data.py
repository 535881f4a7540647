"""What members did with articles, in their export, and gone with them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from content.queries import own
from content.service import counting
from miniprogram_api.identity.personal_data import contributes, instant


@contributes("reading")
class ReadingOfMember:
    """Everything a member read, liked, kept, followed and answered."""

    @staticmethod
    def export(session: Session, member_id: UUID) -> dict[str, Any]:
        return {
            "reads": [
                {"title": title, "on": day.isoformat()} for title, day in own.list_reads(session, member_id)
            ],
            "likes": [
                {"title": title, "at": instant(at)} for title, at in own.list_likes(session, member_id)
            ],
            "favourites": [
                {"title": title, "at": instant(at)} for title, at in own.list_kept(session, member_id)
            ],
            "topics": [
                {"name": name, "at": instant(at)} for name, at in own.list_follows(session, member_id)
            ],
            "quizzes": [
                {
                    "title": title,
                    "at": instant(attempt.created_at),
                    "right_answers": attempt.right_answers,
                    "questions": attempt.questions,
                    "answers": attempt.answers,
                }
                for title, attempt in own.list_attempts(session, member_id)
            ],
        }

    @staticmethod
    def erase(session: Session, member_id: UUID, now: datetime) -> None:
        counting.forget_member(session, member_id, now=now)
