"""What can go wrong for those who read.

NotFound
└── NoQuiz              the article asks nothing
Conflict
└── QuizTakenToday      today's attempt is scored already; `attempt` is what came of it
"""

from miniprogram_api.kernel.errors import Conflict, NotFound


class NoQuiz(NotFound):
    """There are no questions on the article."""

    code = "content.no_quiz"


class QuizTakenToday(Conflict):
    """One attempt a Beijing day is scored; `attempt` is the one of today, as it was answered then."""

    code = "content.quiz_taken_today"
